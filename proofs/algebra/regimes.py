"""The regimes: recursions of the variance, of the mean's error and of diversity, and closed forms."""

from typing import Any

import sympy as sp

from modelcollapse.proofs.algebra.pooling import (
    Group,
    M,
    Residuals,
    S,
    U,
    V,
    expected,
    m,
    n,
    n_real,
    n_synthetic,
    pooled,
    share,
    t,
    zero,
)


def replace() -> Residuals:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2(1-1/n)^t$ and $\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2-\mathbb E\,\sigma_t^2$
    (MLE); $\sigma_0^2$ and $t\sigma_0^2/n$ (unbiased). A schedule multiplies the same steps."""
    error, variance = pooled([Group(n, m, U)])
    unbiased = sp.expand(variance) * n / (n - 1)
    factor = (1 - 1 / n) ** t
    step = {V: S * factor, M: S * (1 - factor)}
    step_unbiased = {V: S, M: t * S / n}
    return {
        "variance": zero(expected(variance).subs(step) - S * factor * (1 - 1 / n)),
        "mean error": zero(expected(error).subs(step) - S * (1 - factor * (1 - 1 / n))),
        "unbiased variance": zero(expected(unbiased).subs(step_unbiased) - S),
        "unbiased mean error": zero(expected(error).subs(step_unbiased) - (t + 1) * S / n),
    }


def accumulate() -> Residuals:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-w_s/N_s)$, $w=n/N$, for any sizes (unbiased: from
    the second generation on $1-w_s/(N_s-1)$); with constant n the
    product is $\Gamma(1+t-x)\Gamma(1+t+x)/(\Gamma(1+t)^2\,\Gamma(1-x)\Gamma(1+x))$, $x=1/\sqrt n$, and
    tends to $\sin(\pi x)/(\pi x)$."""
    pool = sp.symbols("N", positive=True)
    error, variance = pooled([Group(pool, m, U, kept=True), Group(n, m, U)])
    factor = 1 - n / (pool + n) ** 2
    # The unbiased model's variance is the pool's times N/(N - 1).
    around = Group(pool, m, U * (pool - 1) / pool, kept=True)
    error_unbiased, unbiased = pooled([around, Group(n, m, U)])
    members = pool + n
    x = 1 / sp.sqrt(n)

    def closed(at: Any) -> Any:
        up = sp.gamma(1 + at - x) * sp.gamma(1 + at + x)
        return up / (sp.gamma(1 + at) ** 2 * sp.gamma(1 - x) * sp.gamma(1 + x))

    ratio = sp.gammasimp(closed(t) / closed(t - 1))
    limit = 1 / (sp.gamma(1 - x) * sp.gamma(1 + x))
    return {
        "step": zero(variance - factor * U),
        "mean error": zero(error - (m**2 + (1 - factor) * U)),
        "unbiased step": zero(
            unbiased * members / (members - 1) - (1 - n / members / (members - 1)) * U
        ),
        "unbiased mean error": zero(error_unbiased - (m**2 + n / members**2 * U)),
        "start": zero(closed(0) - 1),
        "closed form": zero(ratio - (1 - 1 / (n * t**2))),
        "limit": zero(sp.gammasimp(limit) - sp.sin(sp.pi * x) / (sp.pi * x)),
    }


def _affine(gain: Any, kept: Any, recursion: Any, stationary: Any) -> Residuals:
    """That M' = gain + kept M, that its solution from 0 is geometric, and its fixed point."""
    solution = gain * (1 - kept**t) / (1 - kept)
    return {
        "recursion": zero(recursion - (gain + kept * M)),
        "closed form": zero(gain + kept * solution - solution.subs(t, t + 1)),
        "stationary": zero(gain / (1 - kept) - stationary),
    }


def fresh() -> Residuals:
    r"""With $b=n_s/N$, in units of $\sigma_0^2$: $M'=b^2M+(1-b+bV)/N$ and $V'=1-b+b(V+M)-M'$, the latter
    times $N/(N-1)$ for the unbiased variance. For the MLE $V=1-M$ and $M'=\frac1N+(b^2-\frac bN)M$,
    which tends to $1/(n_r(1+b)+b)$."""
    total, b = n_real + n_synthetic, n_synthetic / (n_real + n_synthetic)
    error, variance = pooled([Group(n_real, 0, 1), Group(n_synthetic, m, U)])
    next_error = b**2 * M + (1 - b + b * V) / total
    recursion = expected(error).subs(V, 1 - M)
    return {
        "mean error": zero(expected(error) - next_error),
        "variance": zero(expected(variance) - (1 - b + b * (V + M) - next_error)),
        **_affine(1 / total, b**2 - b / total, recursion, 1 / (n_real * (1 + b) + b)),
    }


def mixture() -> Residuals:
    r"""Each draw real with probability a, $b=1-a$: $M'=b^2M+(a+bV+abM)/n$ and $V'=a+b(V+M)-M'$, the latter
    times $n/(n-1)$ for the unbiased variance. For the MLE $V=1-M$ and
    $M'=\frac1n+(1-\frac1n)b^2M$, which tends to $1/(n-(n-1)b^2)$."""
    b = 1 - share
    mixed = share + b * U + share * b * m**2
    error, variance = pooled([Group(n, b * m, mixed)])
    next_error = b**2 * M + (share + b * V + share * b * M) / n
    recursion = expected(error).subs(V, 1 - M)
    return {
        "mean error": zero(expected(error) - next_error),
        "variance": zero(expected(variance) - (share + b * (V + M) - next_error)),
        **_affine(1 / n, (1 - 1 / n) * b**2, recursion, 1 / (n - (n - 1) * b**2)),
    }


def fixed_real() -> Residuals:
    r"""Given the real draws, about their own mean and in units of their variance: $D'=b^2D+bV/N$ and
    $V'=1-b+b(V+D)-D'$, the latter times $N/(N-1)$ for the unbiased variance. For the MLE $V=1-D$ and
    $D'=\frac bN+(b^2-\frac bN)D$ from $D_1=0$, which tends to $b/(N(1-b^2)+b)$."""
    total, b = n_real + n_synthetic, n_synthetic / (n_real + n_synthetic)
    error, variance = pooled([Group(n_real, 0, 1, kept=True), Group(n_synthetic, m, U)])
    recursion = expected(error).subs(V, 1 - M)
    next_error = b**2 * M + b * V / total
    gain, kept = b / total, b**2 - b / total
    return {
        "mean error": zero(expected(error) - next_error),
        "variance": zero(expected(variance) - (1 - b + b * (V + M) - next_error)),
        **_affine(gain, kept, recursion, b / (total * (1 - b**2) + b)),
    }


def subsample() -> Residuals:
    r"""Accumulate-subsample, by pairs: among N old and n new members the chance that two distinct ones
    differ is $D'=D\,[N(N-1)+2n(N-1)+n(n-1)(1-1/m)]/((N+n)(N+n-1))$, and a model fitted to k of them has
    $\mathbb E H=(1-1/k)D$.

    And by moments: k of N draws with variance Q have a mean that is off by $bQ$, $b=(N-k)/(k(N-1))$, in
    square, and a variance $fQ$, $f=1-b$ (MLE) or $N/(N-1)$; with $w=n/(N+n)$
    $Q'=Q[1-w+wf(1-1/n)+w(1-w)(b+f/n)]$, and the pool's mean moves by $w^2(b+f/n)Q$ in square."""
    pool, fitted, kept, D = sp.symbols("N m k D", positive=True)
    # A new draw copies an old member: the same one as its partner with the chance given.
    old_old = pool * (pool - 1) * D
    old_new = 2 * pool * n * (1 - 1 / pool) * D
    new_new = n * (n - 1) * (1 - 1 / fitted) * D
    members = pool + n
    claimed = pool * (pool - 1) + 2 * n * (pool - 1) + n * (n - 1) * (1 - 1 / fitted)
    # H counts ordered pairs of the k fitted draws, a draw with itself included.
    diversity = kept * (kept - 1) * D / kept**2
    # Of k draws without replacement, each has variance Q and each pair covariance -Q/(N - 1).
    b, f, w, Q = sp.symbols("b f w Q", positive=True)
    off = Q / kept - (kept - 1) / kept * Q / (pool - 1)
    gap = (pool - kept) / (kept * (pool - 1))
    parts = pooled([Group((1 - w) * n / w, 0, Q, kept=True), Group(n, m, U)])
    moved, grown = (sp.expand(part).subs({m**2: b * Q, U: f * Q}) for part in parts)
    factor = 1 - w + w * f * (1 - 1 / n) + w * (1 - w) * (b + f / n)
    # With everything fitted, the step is accumulate's.
    every = claimed.subs(fitted, pool) / (members * (members - 1)) * (1 - 1 / members)
    return {
        "pairs": zero((old_old + old_new + new_new) - D * claimed),
        "diversity": zero(diversity - (1 - 1 / kept) * D),
        "mean of a subsample": zero(off - gap * Q),
        "variance of a subsample": zero((Q - off) * kept / (kept - 1) - Q * pool / (pool - 1)),
        "pool's mean": zero(moved - w**2 * (b + f / n) * Q),
        "pool's variance": zero(grown - factor * Q),
        "accumulate": zero(every / (1 - 1 / pool) - (1 - n / members**2)),
    }


def subsample_growth() -> Residuals:
    r"""At constant n the factor of $\mathbb E Q$ is $1+\epsilon/t+O(1/t^2)$ with $\epsilon=0$ (MLE: the
    variance converges) and $\epsilon=1/n$ (unbiased: it grows like $t^{1/n}$); and the mean's error
    tends, for large n, to $\pi^2/2-2$ times its first value."""
    pool, w = n * t, 1 / (t + 1)
    b = (pool - n) / (n * (pool - 1))
    residuals = subsample()
    for name, f, rate in (("mle", 1 - b, 0), ("unbiased", pool / (pool - 1), 1 / n)):
        factor = 1 - w + w * f * (1 - 1 / n) + w * (1 - w) * (b + f / n)
        excess = sp.together(sp.cancel(t * (factor - 1)))
        remainder = sp.cancel(t * (excess - rate))  # pyright: ignore[reportOperatorIssue]
        residuals[f"{name}: rate"] = zero(sp.limit(excess, t, sp.oo) - rate)
        bounded = sp.degree(sp.numer(remainder), t) - sp.degree(sp.denom(remainder), t)
        residuals[f"{name}: remainder"] = max(bounded, 0)
    # Times n, for n to infinity: the pool's mean moves by w^2 (nb + f), f to 1, and the subsample adds nb.
    first = sp.limit(n * b, n, sp.oo)
    moves = sp.summation(sp.apart((first + 1) / (t + 1) ** 2, t), (t, 1, sp.oo))
    constant = 1 + moves + sp.limit(first, t, sp.oo)  # pyright: ignore[reportOperatorIssue]
    residuals["constant"] = zero(constant - (sp.pi**2 / 2 - 2))
    return residuals


def accumulate_lower() -> Residuals:
    r"""$\mathbb E H_t=H_0\prod_{s\le t}(1-1/(ns^2))$ falls to its limit $H_0\sin(x)/x$, $x=\pi/\sqrt n$: each
    factor is one less a positive number, and the product is Euler's for the sine; to first order in
    $1/n$ the limit is $1-\pi^2/(6n)$."""
    z, s = sp.symbols("z", positive=True), sp.symbols("s", positive=True, integer=True)

    def closed(at: Any) -> Any:
        up = sp.gamma(1 + at - z) * sp.gamma(1 + at + z)
        return up / (sp.gamma(1 + at) ** 2 * sp.gamma(1 - z) * sp.gamma(1 + z))

    fall = sp.gammasimp(closed(t) / closed(t - 1)) - 1  # pyright: ignore[reportOperatorIssue]
    limit = sp.sin(sp.pi * z) / (sp.pi * z)
    # Stirling: Gamma(1 + t + z) Gamma(1 + t - z) / Gamma(1 + t)^2 tends to one.
    up = [1 + t + z, 1 + t - z]
    size = sum((y - sp.Rational(1, 2)) * sp.log(y) - y for y in up)
    size -= 2 * ((t + sp.Rational(1, 2)) * sp.log(1 + t) - (1 + t))
    return accumulate() | {
        "every step down": zero(fall + z**2 / t**2),
        "Stirling": sp.limit(size.subs(t, 1 / s), s, 0),
        "Euler": zero(sp.gammasimp(1 / (sp.gamma(1 - z) * sp.gamma(1 + z))) - limit),
        "first order": zero(sp.series(limit, z, 0, 3).removeO() - (1 - sp.pi**2 / 6 * z**2)),
        "sum of 1/s^2": zero(sp.summation(1 / s**2, (s, 1, sp.oo)) - sp.pi**2 / 6),
    }
