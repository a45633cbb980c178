r"""Accumulate's factor $R=(c_{t-1}+\chi^2_{n-1}+(1-w)\chi^2_1)/c_t$: why, its moments and transforms."""

from typing import Any

import sympy as sp

from modelcollapse.proofs.algebra.gamma import distances
from modelcollapse.proofs.algebra.pooling import Residuals, conservation, n, zero

z, r, mean = sp.symbols("z r mu", positive=True)
N, c = sp.symbols("N c", positive=True)


def accumulate_factor() -> Residuals:
    r"""The pool's sum of squares grows by the new draws' own and by $\frac{Nn}{N+n}(\bar x-m)^2$, where
    $\bar x-m$ has variance $U/n$: with $U=\mathrm{SS}/c_{t-1}$ the new variance is $UR$. Its cumulants
    are $\kappa_j=2^{j-1}(j-1)!\,[n-1+(1-w)^j]/c_t^j$ for $j\ge2$, and $\mathbb E R$ is $1-w/N_t$ (MLE) or
    $1-w/(N_t-1)$ (unbiased), so $\mathbb E R^2=(\mathbb E R)^2+2[n-1+(1-w)^2]/c_t^2$."""
    old, new, U = sp.symbols("A B U", positive=True)
    a, b, normal = sp.symbols("a b g", real=True)
    j = sp.symbols("j", integer=True, positive=True)
    # Raw sums of squares are additive: SS + N a^2.
    together = (old + N * a**2) + (new + n * b**2) - (N * a + n * b) ** 2 / (N + n)
    w = n / (N + n)
    between = N * n / (N + n) * (U / n) * normal**2
    derivative = 2 ** (j - 1) * sp.factorial(j - 1) * (1 - 2 * z) ** (-j)
    cgf = -sp.log(1 - 2 * z) / 2
    cumulants = sp.symbols("k_1:4")
    moments: list[Any] = [sp.Integer(1)]
    for k in range(1, 4):
        choose = [
            sp.binomial(k - 1, i - 1) * cumulants[i - 1] * moments[k - i] for i in range(1, k + 1)
        ]
        moments.append(sp.expand(sum(choose)))
    mgf = sp.exp(sum(k * z**i / sp.factorial(i) for i, k in enumerate(cumulants, start=1)))
    raw = [sp.diff(mgf, z, k).subs(z, 0) for k in range(4)]
    return {
        "pooling": zero(together - (old + new + N * n / (N + n) * (a - b) ** 2)),
        "between": zero(between - (1 - w) * U * normal**2),
        "first cumulant": zero(sp.diff(cgf, z) - derivative.subs(j, 1)),
        "next cumulant": zero(sp.gammasimp(sp.diff(derivative, z) / derivative.subs(j, j + 1)) - 1),  # pyright: ignore[reportOperatorIssue]
        "mean": zero((N + n - 1 + 1 - w) / (N + n) - (1 - w / (N + n))),
        "mean, unbiased": zero((N - 1 + n - 1 + 1 - w) / (N + n - 1) - (1 - w / (N + n - 1))),
        **{f"moment {k}": zero(sp.expand(raw[k] - moments[k])) for k in range(1, 4)},
        "second moment": zero(moments[2] - (cumulants[0] ** 2 + cumulants[1])),
    }


def accumulate_transform() -> Residuals:
    r"""With $M(z)=\mathbb E e^{-zR}=e^{-zc_{t-1}/c_t}(1+2z/c_t)^{-(n-1)/2}(1+2(1-w)z/c_t)^{-1/2}$ and
    $\mu=\mathbb E R$: $\mathbb E\sqrt R=\sqrt\mu-\frac1{2\sqrt\pi}\int_0^\infty(M(z)-e^{-\mu z})z^{-3/2}dz$
    and $\mathbb E\log R=\log\mu-\int_0^\infty(M(z)-e^{-\mu z})dz/z$, from the same for a number r in the
    place of R (Frullani), averaged: the integrands are dominated by $z\wedge1$ times $z^{-3/2}$, $1/z$."""
    s, epsilon = sp.symbols("s epsilon", positive=True)
    # The chi-square's transform, from its density.
    nu, x = sp.symbols("nu x", positive=True)
    density = x ** (nu / 2 - 1) * sp.exp(-x / 2) / (2 ** (nu / 2) * sp.gamma(nu / 2))
    transform = sp.integrate(sp.powsimp(sp.exp(-z * x) * density), (x, 0, sp.oo), conds="none")
    # By derivative in r: d/dr of the integral over e^{-zr} is minus a gamma integral.
    root = sp.integrate(sp.exp(-z * r) * z ** sp.Rational(-1, 2), (z, 0, sp.oo))
    logarithm = sp.integrate(sp.exp(-z * r), (z, 0, sp.oo))
    shift = sp.exp(-s * (N + r) / c)
    return accumulate_factor() | {
        "chi-square": zero(sp.powsimp(transform * (1 + 2 * z) ** (nu / 2), force=True) - 1),
        "square root": zero(root / (2 * sp.sqrt(sp.pi)) - sp.diff(sp.sqrt(r), r)),
        "square root at r = mu": zero((sp.sqrt(r) - sp.sqrt(mean)).subs(r, mean)),
        "logarithm": zero(logarithm - sp.diff(sp.log(r), r)),
        "logarithm at r = mu": zero((sp.log(r) - sp.log(mean)).subs(r, mean)),
        "shift": zero(shift - sp.exp(-s * N / c) * sp.exp(-s * r / c)),
        "dominated": sp.limit((1 - sp.exp(-epsilon * r)) / epsilon - r, epsilon, 0),
    }


def accumulate_log_converges() -> Residuals:
    r"""$-\sum_s\mathbb E\log R_s<\infty$ for every schedule. Where $c_{s-1}/c_s\ge\tfrac12$, $R\ge\tfrac12$ and
    $-\log R\le(1-R)+(1-R)^2$, of mean at most $2w_s/(N_s-1)+2n_s/c_s^2$, and $\sum n_s/N_s^2\le
    1/n_1+\sum(1/N_{s-1}-1/N_s)$. Elsewhere N doubles, and concavity of the logarithm leaves at most
    $\frac{n_s}{c_s}$ times $-\mathbb E\log(\chi^2_{n_s-1}/n_s)=O(1/n_s)$."""
    f = (1 - r) + (1 - r) ** 2 + sp.log(r)
    # f(1) = 0; f' = (1 - r)(1 - 2r)/r is negative on (1/2, 1) and positive beyond.
    # log x - psi(x) falls by 1/x - log(1 + 1/x) < 1/(2x^2) from x to x + 1, to zero: it is O(1/x).
    x = sp.symbols("x", positive=True)
    return accumulate_transform() | {
        "touches at one": zero(f.subs(r, 1)),
        "slope": zero(sp.diff(f, r) - (1 - r) * (1 - 2 * r) / r),
        "telescopes": zero((1 / N - 1 / (N + n)) - n / (N * (N + n))),
        "larger than n/N^2": zero(
            (n / (N * (N + n)) - n / (N + n) ** 2) - n**2 / (N * (N + n) ** 2)
        ),
        "digamma": sp.expand_func(sp.digamma(x + 1)) - sp.digamma(x) - 1 / x,
        "slope of the fall": zero(
            sp.diff(1 / (2 * x**2) - 1 / x + sp.log(1 + 1 / x), x) + 1 / (x**3 * (x + 1))
        ),
    }


def accumulate_distances() -> Residuals:
    r"""$\mathbb E W_2^2$ and $\mathbb E\,\mathrm{KL}(p_t\|p_0)$ from the factors' roots and logarithms
    ([`accumulate_transform`][], [`distances`][]). Bounded: $V\le\sigma_0^2$ since no factor's mean is above
    one, $M\le\sigma_0^2\sum n_s/N_s^2$, and the logarithms converge ([`accumulate_log_converges`][])."""
    return accumulate_log_converges() | distances() | conservation()
