r"""Drift of labels: factorial moments, lineages, and the moments of diversity, for all n, K and p.

Falling factorials $(x)_j=x(x-1)\cdots(x-j+1)$ carry everything: counts of n draws have
$\mathbb E(Y)_j=(n)_jq^j$, and $\mathbb E(Y_k)_a(Y_l)_b=(n)_{a+b}p_k^ap_l^b$.
"""

import math
from typing import Any

import sympy as sp
from sympy.functions.combinatorial.numbers import stirling as second_kind

from modelcollapse.proofs.algebra.pooling import Residuals, n, t, zero

x, z, p, q = sp.symbols("x z p q", positive=True)
i, j = sp.symbols("i j", integer=True, nonnegative=True)


def _falling(value: Any, count: Any) -> Any:
    return sp.gamma(value + 1) / sp.gamma(value + 1 - count)


def _ratio(left: Any, right: Any) -> Any:
    """What the quotient of two products of gamma functions differs from one by."""
    return sp.simplify(sp.gammasimp(left / right)) - 1  # pyright: ignore[reportOperatorIssue]


def occupancy(power: int) -> sp.Matrix:
    r"""$P(i\to j)=S(i,j)\,(n)_j/n^i$ for i, j up to `power`, by one ball after another."""
    table = sp.zeros(power + 1, power + 1)
    table[0, 0] = 1
    for row in range(1, power + 1):
        for column in range(1, row + 1):
            stay = table[row - 1, column] * column / n
            table[row, column] = sp.factor(
                stay + table[row - 1, column - 1] * (1 - (column - 1) / n)
            )
    return table


def lineage() -> Residuals:
    r"""Duality: $\mathbb E(Y/n)^i=\sum_jP(i\to j)\,q^j$ for $Y\sim\mathrm{Bin}(n,q)$ and
    $P(i\to j)=S(i,j)(n)_j/n^i$, the law of the occupied ones of n bins after i balls. Going back
    from $(1-p_{t-1})^{n_t}$ through any schedule, $P(\text{lost by }t)=\mathbb E(1-p)^{A_{t-1}}$, for a label
    or a set of labels.

    By induction over i and j: $x(x)_j=(x)_{j+1}+j(x)_j$ gives $x^i=\sum_jS(i,j)(x)_j$ with
    $S(i+1,j)=jS(i,j)+S(i,j-1)$; the derivatives of $(1-q+qz)^n$ at one give $(n)_jq^j$; and the next
    ball falls into one of j occupied bins with chance j/n."""
    pgf = (1 - q + q * z) ** n
    derivative = _falling(n, j) * q**j * (1 - q + q * z) ** (n - j)
    same, fewer = sp.symbols("S_same S_fewer", positive=True)
    chance = {"same": same * _falling(n, j) / n**i, "fewer": fewer * _falling(n, j - 1) / n**i}
    thrown = chance["same"] * j / n + chance["fewer"] * (1 - (j - 1) / n)
    claimed = (j * same + fewer) * _falling(n, j) / n ** (i + 1)
    table = occupancy(4)
    stirling = [[int(second_kind(a, b)) for b in range(5)] for a in range(5)]
    expected = sp.Matrix(5, 5, lambda a, b: stirling[a][b] * sp.ff(n, b) / n**a)
    return {
        "powers by falling factorials": _ratio(
            x * _falling(x, j), _falling(x, j + 1) + j * _falling(x, j)
        ),
        "first factorial moment": zero(derivative.subs(j, 0) - pgf),
        "next factorial moment": _ratio(sp.diff(derivative, z), derivative.subs(j, j + 1)),
        "one more ball": _ratio(thrown, claimed),
        "table": sum(abs(zero(sp.expand_func(entry))) for entry in table - expected),
    }


def occupancy_moments() -> Residuals:
    r"""Generating function of the occupied bins, $G_{a+1}=zG_a+\frac{z(1-z)}nG_a'$; their mean
    $n(1-E_1)$ and variance $n^2(E_2-E_1^2)-nE_2+nE_1$, $E_r=(1-r/n)^a$, as in the two-cumulant closure
    (where $E_r$ is averaged over a)."""
    table = occupancy(5)
    functions = [sum(table[a, b] * z**b for b in range(a + 1)) for a in range(6)]
    e1, e2 = sp.symbols("E_1 E_2", positive=True)
    empty, pairs = n * e1, n * (n - 1) * e2
    residuals = {
        f"generating function {a + 1}": zero(
            functions[a + 1] - z * functions[a] - z * (1 - z) / n * sp.diff(functions[a], z)
        )
        for a in range(5)
    }
    a = sp.symbols("a", positive=True)
    mean = n * (1 - (1 - 1 / n) ** a)
    return residuals | {
        "mean": zero(sp.powsimp(mean + 1 - mean / n - mean.subs(a, a + 1))),
        "variance": zero(pairs + empty - empty**2 - (n**2 * (e2 - e1**2) - n * e2 + n * e1)),
        **{
            f"mean of {k}": zero(sp.diff(functions[k], z).subs(z, 1) - mean.subs(a, k))
            for k in range(1, 5)
        },
    }


def killing() -> Residuals:
    r"""With real draws: of a distinct draws of a training set a hypergeometric number is synthetic when
    the counts are fixed, a binomial number when each is real with chance a; for
    $\mathbb E(Y+Z)_j=\sum_i\binom ji(n_r)_{j-i}q_0^{j-i}(n_s)_iq^i$ (Vandermonde), over $(N)_j$. With
    [`lineage`][] between generations, $P(\text{lost by }t)=\mathbb E(1-p)^L$, L the real draws behind t."""
    a, b, k = sp.symbols("a b k", positive=True)
    first, second = _falling(a, k), _falling(b, i)
    synthetic = sp.symbols("s", positive=True)

    def choose(above: Any, below: Any) -> Any:
        return sp.gamma(above + 1) / (sp.gamma(below + 1) * sp.gamma(above - below + 1))

    fixed = choose(k + i, i) * first * second / _falling(a + b, k + i)
    drawn = choose(a, k) * choose(b, i) / choose(a + b, k + i)
    # (a + b)_{j+1} = (a + b)_j (a + b - j), and the last factor splits over the two.
    split = (a + b - (k + i)) - ((a - k) + (b - i))
    pascal = choose(x, k) + choose(x, k - 1) - choose(x + 1, k)
    mixed = synthetic * q + (1 - synthetic) * p
    thinned = sum(
        sp.binomial(4, c) * (synthetic * q) ** c * ((1 - synthetic) * p) ** (4 - c)
        for c in range(5)
    )
    return lineage() | {
        "split": zero(split),
        "one more of the first": _ratio(first * (a - k), _falling(a, k + 1)),
        "Pascal": sp.simplify(sp.gammasimp(pascal)),
        "hypergeometric": _ratio(fixed, drawn),
        "binomial": zero(mixed**4 - thinned),
    }


def frequency() -> Residuals:
    r"""$\mathbb E\,p_t^2=p^2+pq(1-\prod(1-1/n_s))$ for any schedule, and at constant n
    $\mathbb E\,p_t^3=p-\frac32pq\lambda_2^t+(p^3-p+\frac32pq)\lambda_3^t$, by the steps of [`occupancy`][]."""
    kept = sp.symbols("r", positive=True)
    table = occupancy(3)
    second, third = 1 - 1 / n, (1 - 1 / n) * (1 - 2 / n)
    u = p * (1 - p)
    squared = p**2 + u * (1 - kept)

    def cubed(at: Any) -> Any:
        leading = sp.Rational(3, 2) * u
        return p - leading * second**at + (p**3 - p + leading) * third**at

    square_at = squared.subs(kept, second**t)
    step = [
        sum(table[row, column] * value for column, value in enumerate((1, p, square_at, cubed(t))))  # pyright: ignore[reportArgumentType, reportCallIssue]
        for row in range(4)
    ]
    return lineage() | {
        "square": zero(table[2, 1] * p + table[2, 2] * squared - squared.subs(kept, kept * second)),
        "cube": zero(sp.expand(step[3] - cubed(t + 1))),
        "cube at the start": zero(cubed(0) - p**3),
        "total": zero(table.row(3).dot([1, 1, 1, 1]) - 1),
    }


def diversity_squared() -> Residuals:
    r"""The closed recursion on $(1,S_2,S_3,S_4,S_2^2)$, from the factorial moments of a multinomial count,
    for every K."""
    s2, s3, s4, square = sp.symbols("S_2 S_3 S_4 S_22", positive=True)
    sums = {1: sp.Integer(1), 2: s2, 3: s3, 4: s4}
    # Over ordered pairs of distinct labels: sum of p_k^a p_l^b.
    pairs = {(2, 2): square - s4, (2, 1): s2 - s3, (1, 2): s2 - s3, (1, 1): 1 - s2}
    stirling = {1: {1: 1}, 2: {1: 1, 2: 1}, 3: {1: 1, 2: 3, 3: 1}, 4: {1: 1, 2: 7, 3: 6, 4: 1}}

    def power(order: int) -> Any:
        return sum(w * sp.ff(n, c) * sums[c] for c, w in stirling[order].items()) / n**order

    crossed = sum(sp.ff(n, a + b) * pairs[a, b] for a in (1, 2) for b in (1, 2)) / n**4
    l2 = 1 - 1 / n
    l3 = l2 * (1 - 2 / n)
    l4 = l3 * (1 - 3 / n)
    claimed = {
        2: 1 / n + l2 * s2,
        3: 1 / n**2 + 3 * l2 * s2 / n + l3 * s3,
        4: 1 / n**3 + 7 * l2 * s2 / n**2 + 6 * l3 * s3 / n + l4 * s4,
    }
    claimed_square = l4 * square + l3 * (2 * s2 + 4 * s3) / n + l2 * (1 + 6 * s2) / n**2 + 1 / n**3
    return {
        **{f"S_{k}": zero(sp.expand_func(power(k) - claimed[k])) for k in claimed},
        "S_2 squared": zero(sp.expand_func(power(4) + crossed - claimed_square)),
        "H squared": zero(sp.expand((1 - x) ** 2) - (1 - 2 * x + x**2)),
    }


def support_law() -> Residuals:
    r"""$1\{a\le m\}=\sum_{j\le m}(-1)^{m-j}\binom{K-j-1}{m-j}\binom{K-a}{j-a}$ for every number a of labels alive
    and $m<K\le12$, the range of the theorem: $\binom{K-a}{j-a}$ sets of j labels hold all that are alive,
    and a set S does so with chance $\mathbb E\,p(S)^{A_{t-1}}$ ([`lineage`][])."""

    def left(labels: int, most: int, alive: int) -> int:
        signs = [(-1) ** (most - c) * math.comb(labels - c - 1, most - c) for c in range(most + 1)]
        holding = [
            math.comb(labels - alive, c - alive) if c >= alive else 0 for c in range(most + 1)
        ]
        return sum(sign * ways for sign, ways in zip(signs, holding, strict=True))

    return lineage() | {
        f"K = {labels}": sum(
            abs(left(labels, most, alive) - (alive <= most))
            for most in range(1, labels)
            for alive in range(1, labels + 1)
        )
        for labels in range(2, 13)
    }


def kept() -> Residuals:
    r"""Where every first draw stays: a label of the first $n_1$ real draws keeps a positive count, and no
    other appears, so $P(\text{alive})=1-(1-p)^{n_1}$, the chance that $n_1$ draws contain it."""
    size, count = sp.symbols("N c", positive=True)
    absent = (1 - p + p * z) ** n
    pooled = (size * (count / size) + n * x) / (size + n)
    return {
        "none of n": zero(absent.subs(z, 0) - (1 - p) ** n),
        "a count stays": zero(sp.diff(pooled, count) - 1 / (size + n)),
        "nothing from nothing": zero(pooled.subs({count: 0, x: 0})),
        "and no probability draws none": zero(absent.subs(p, 0) - 1),
    }
