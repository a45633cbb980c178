r"""Bounds on the labels alive, reduced to a convexity or a sign that is read off."""

from typing import Any

import sympy as sp

from modelcollapse.proofs.algebra.drift import killing, lineage
from modelcollapse.proofs.algebra.pooling import Residuals, zero

n, p, a, x, u, y = sp.symbols("n p a x u y", positive=True)
z = sp.symbols("z", positive=True)


def support_lower() -> Residuals:
    r"""$P(\text{lost at }t)\le e^{-px_{t-1}}$. Given the model, $(1-p)^{n_t}\le e^{-n_tp}$; and back one
    generation $\mathbb E\,e^{-xY/n}=(1-p(1-e^{-x/n}))^n\le e^{-pn(1-e^{-x/n})}$ for $Y\sim\mathrm{Bin}(n,p)$.
    Both by $e^{-u}-1+u\ge0$, which is convex and touches zero with slope zero at $u=0$."""
    convex = sp.exp(-u) - 1 + u
    # A single draw, then n independent ones: the generating function at z = e^{-x/n}.
    single = (1 - p) + p * z
    back = (single**n).subs(z, sp.exp(-x / n))
    g = sp.symbols("g", positive=True)
    return {
        "generating function": zero(back - (1 - p * (1 - sp.exp(-x / n))) ** n),
        "touches": convex.subs(u, 0),
        "slope": sp.diff(convex, u).subs(u, 0),
        "convex": zero(sp.diff(convex, u, 2) - sp.exp(-u)),
        "branching clock": zero((n * (1 - sp.exp(-x / n))).subs(x, n * g) - n * (1 - sp.exp(-g))),
    }


def support_upper() -> Residuals:
    r"""$P(\text{alive})=1-\mathbb E(1-p)^A\le1-(1-p)^{\mathbb E A}$, and $\mathbb E A\le a_{t-1}$: the mean of the occupied
    bins, $n(1-(1-1/n)^a)$, and $1-(1-p)^a$ rise in a and are concave (Jensen)."""
    q = sp.symbols("q", positive=True)
    mean = n * (1 - (1 - 1 / n) ** a)
    present = 1 - q**a
    return lineage() | {
        "no ball": zero(mean.subs(a, 0)),
        "one more ball": zero(sp.powsimp(mean + 1 - mean / n - mean.subs(a, a + 1))),
        # log q < 0: the first derivative is positive, the second negative.
        "rises": zero(sp.diff(present, a) + sp.log(q) * q**a),
        "concave": zero(sp.diff(present, a, 2) + sp.log(q) ** 2 * q**a),
        "the mean is such a curve": zero(mean / n - present.subs(q, 1 - 1 / n)),
    }


def real_support_upper() -> Residuals:
    r"""The same with real draws. Of a ancestors $ba$ are synthetic in expectation, for fixed counts and for
    random ones; the occupied bins are concave in the number of balls, so the mean-field number of
    ancestors is an upper bound in each generation, and with it that of source draws, which it enters
    with positive coefficients; $1-(1-p)^L$ rises in L and is concave."""
    real, synthetic = sp.symbols("n_r n_s", positive=True)
    balls = sp.symbols("B", positive=True)
    total = real + synthetic

    def hypergeometric_mean(draws: int) -> Any:
        ways = [
            c * sp.binomial(draws, c) * sp.ff(real, draws - c) * sp.ff(synthetic, c)
            for c in range(draws + 1)
        ]
        return sum(ways) / sp.ff(total, draws)

    return (
        support_upper()
        | killing()
        | {
            **{
                f"mean synthetic of {draws}": zero(
                    sp.expand_func(hypergeometric_mean(draws)) - draws * synthetic / total
                )
                for draws in range(1, 5)
            },
            "concave in balls": zero(
                sp.diff(n * (1 - (1 - 1 / n) ** balls), balls, 2)
                + n * sp.log(1 - 1 / n) ** 2 * (1 - 1 / n) ** balls
            ),
        }
    )


def clock() -> Residuals:
    r"""$2/(t+1+(H_t-1)/3)\le g_t\le2/(t+1)$ for $g_1=1$, $g_{t+1}=1-e^{-g_t}$: with $y=g/2$,
    $1/g'=\frac12+\frac12\coth y$, and $1\le y\coth y\le1+y^2/3$ term by term in the series of
    $\sinh$ and $\cosh$: $1/g+\frac12\le1/g'\le1/g+\frac12+g/12$."""
    k = sp.symbols("k", integer=True, positive=True)
    g = sp.symbols("g", positive=True)
    inverse = 1 / (1 - sp.exp(-g))
    # Coefficients of y^(2k + 1), times (2k + 1)!.
    odd, even, before = sp.Integer(1), 2 * k + 1, (2 * k + 1) * (2 * k)
    lower = even - odd
    upper = odd + before / sp.Integer(3) - even
    return {
        "hyperbolic": sp.simplify(inverse - (1 + sp.coth(g / 2).rewrite(sp.exp)) / 2),
        "lower terms": zero(lower - 2 * k),
        "upper terms": zero(upper - 4 * k * (k - 1) / 3),
        "lower sum": zero((1 + (sp.Symbol("t") - 1) / 2) - (sp.Symbol("t") + 1) / 2),
        # g_s <= 2/(s + 1): the sum of g_s/12 over s < t is at most (H_t - 1)/6.
        "upper step": zero((2 / (k + 1)) / 12 - (1 / (k + 1)) / 6),
    }
