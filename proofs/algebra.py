r"""Exact algebra: every recursion and closed form as an identity that SymPy reduces to zero.

Each function derives one generation from the definition of its regime, puts the claimed closed form
into it, and returns what is left over, by name. A form that is right at the start and from t to t + 1
is right at every t.

All regimes rest on one computation, [`pooled`][]: the mean and the variance of a pooled sample. It
knows no normal law, only that n independent draws have a mean of variance v/n. So each result holds
twice: for the Gaussian's $(\mathbb E\,\sigma_t^2, \mathbb E(\mu_t-\mu_0)^2)$, and, with the indicator
of a label for the variable, for the categorical's $(\mathbb E H_t, H_0-\mathbb E H_t)$.

An entry `proof="algebra:fresh"` in the ledger points to the function of that name.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import sympy as sp

Residuals = dict[str, Any]

#: Initial variance and the draws of a generation, and how many of them are real and synthetic.
S, n, n_real, n_synthetic = sp.symbols("S n n_r n_s", positive=True)
#: Present values of the variance and of the squared mean error, expected, and a share of real draws.
V, M, share = sp.symbols("V M a", positive=True)
#: The latest model's mean error and variance, given.
m, U = sp.symbols("m U", real=True)
t, s = sp.symbols("t s", integer=True, positive=True)


@dataclasses.dataclass(frozen=True)
class Group:
    """Draws with a mean (counted from the truth's) and a variance; `kept` if their values are given,
    so that they add no new noise."""

    size: Any
    mean: Any
    variance: Any
    kept: bool = False


def pooled(groups: Sequence[Group]) -> tuple[Any, Any]:
    r"""$\mathbb E(\hat\mu-\mu_0)^2$ and $\mathbb E\hat\sigma^2$ of the pooled sample, given the past.

    $\hat\sigma^2$ is the mean square about $\mu_0$ less $(\hat\mu-\mu_0)^2$."""
    total = sum(g.size for g in groups)
    mean = sum(g.size * g.mean for g in groups) / total
    noise = sum(g.size * g.variance for g in groups if not g.kept) / total**2
    square = sum(g.size * (g.variance + g.mean**2) for g in groups) / total
    return mean**2 + noise, square - mean**2 - noise


def _expected(given: Any) -> Any:
    """A polynomial of degree one in m^2 and U, averaged over the past."""
    return sp.expand(given).subs({m**2: M, U: V})


def _zero(expression: Any) -> Any:
    return sp.simplify(sp.powsimp(sp.expand(expression), force=True))


def conservation() -> Residuals:
    r"""$\mathbb E\,\sigma_t^2+\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2$ for any pool of three groups that
    each obey it; and with it $\mathbb E W_2^2=2\sigma_0(\sigma_0-\mathbb E\sigma_t)$ and
    $-\mathbb E\int p_t\log p_0=H(p_0)$, since $\log p_0$ is linear in what is conserved."""
    sizes, means = sp.symbols("n_1:4", positive=True), sp.symbols("m_1:4", real=True)
    groups = [
        Group(size, mean, S - mean**2, kept)
        for size, mean, kept in zip(sizes, means, (True, False, False), strict=True)
    ]
    error, variance = pooled(groups)
    root, deviation = sp.symbols("sigma_0 sigma", positive=True)
    w2_squared = m**2 + (deviation - root) ** 2
    conserved = {m**2: root**2 - deviation**2}
    surprise = (sp.log(2 * sp.pi * root**2) + (deviation**2 + m**2) / root**2) / 2
    entropy = (sp.log(2 * sp.pi * root**2) + 1) / 2
    return {
        "conserved": _zero(error + variance - S),
        "w2": _zero(sp.expand(w2_squared).subs(conserved) - 2 * root * (root - deviation)),
        "cross-entropy": _zero(sp.expand(surprise).subs(conserved) - entropy),
    }


def replace() -> Residuals:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2(1-1/n)^t$ and $\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2-\mathbb E\,\sigma_t^2$
    (MLE); $\sigma_0^2$ and $t\sigma_0^2/n$ (unbiased). A schedule multiplies the same steps."""
    error, variance = pooled([Group(n, m, U)])
    unbiased = sp.expand(variance) * n / (n - 1)
    factor = (1 - 1 / n) ** t
    step = {V: S * factor, M: S * (1 - factor)}
    step_unbiased = {V: S, M: t * S / n}
    return {
        "variance": _zero(_expected(variance).subs(step) - S * factor * (1 - 1 / n)),
        "mean error": _zero(_expected(error).subs(step) - S * (1 - factor * (1 - 1 / n))),
        "unbiased variance": _zero(_expected(unbiased).subs(step_unbiased) - S),
        "unbiased mean error": _zero(_expected(error).subs(step_unbiased) - (t + 1) * S / n),
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
        "step": _zero(variance - factor * U),
        "mean error": _zero(error - (m**2 + (1 - factor) * U)),
        "unbiased step": _zero(
            unbiased * members / (members - 1) - (1 - n / members / (members - 1)) * U
        ),
        "unbiased mean error": _zero(error_unbiased - (m**2 + n / members**2 * U)),
        "start": _zero(closed(0) - 1),
        "closed form": _zero(ratio - (1 - 1 / (n * t**2))),
        "limit": _zero(sp.gammasimp(limit) - sp.sin(sp.pi * x) / (sp.pi * x)),
    }


def _affine(gain: Any, kept: Any, recursion: Any, stationary: Any) -> Residuals:
    """That M' = gain + kept M, that its solution from 0 is geometric, and its fixed point."""
    solution = gain * (1 - kept**t) / (1 - kept)
    return {
        "recursion": _zero(recursion - (gain + kept * M)),
        "closed form": _zero(gain + kept * solution - solution.subs(t, t + 1)),
        "stationary": _zero(gain / (1 - kept) - stationary),
    }


def fresh() -> Residuals:
    r"""With $b=n_s/N$, in units of $\sigma_0^2$: $M'=b^2M+(1-b+bV)/N$ and $V'=1-b+b(V+M)-M'$, the latter
    times $N/(N-1)$ for the unbiased variance. For the MLE $V=1-M$ and $M'=\frac1N+(b^2-\frac bN)M$,
    which tends to $1/(n_r(1+b)+b)$."""
    total, b = n_real + n_synthetic, n_synthetic / (n_real + n_synthetic)
    error, variance = pooled([Group(n_real, 0, 1), Group(n_synthetic, m, U)])
    next_error = b**2 * M + (1 - b + b * V) / total
    recursion = _expected(error).subs(V, 1 - M)
    return {
        "mean error": _zero(_expected(error) - next_error),
        "variance": _zero(_expected(variance) - (1 - b + b * (V + M) - next_error)),
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
    recursion = _expected(error).subs(V, 1 - M)
    return {
        "mean error": _zero(_expected(error) - next_error),
        "variance": _zero(_expected(variance) - (share + b * (V + M) - next_error)),
        **_affine(1 / n, (1 - 1 / n) * b**2, recursion, 1 / (n - (n - 1) * b**2)),
    }


def fixed_real() -> Residuals:
    r"""Given the real draws, about their own mean and in units of their variance: $D'=b^2D+bV/N$ and
    $V'=1-b+b(V+D)-D'$, the latter times $N/(N-1)$ for the unbiased variance. For the MLE $V=1-D$ and
    $D'=\frac bN+(b^2-\frac bN)D$ from $D_1=0$, which tends to $b/(N(1-b^2)+b)$."""
    total, b = n_real + n_synthetic, n_synthetic / (n_real + n_synthetic)
    error, variance = pooled([Group(n_real, 0, 1, kept=True), Group(n_synthetic, m, U)])
    recursion = _expected(error).subs(V, 1 - M)
    next_error = b**2 * M + b * V / total
    gain, kept = b / total, b**2 - b / total
    return {
        "mean error": _zero(_expected(error) - next_error),
        "variance": _zero(_expected(variance) - (1 - b + b * (V + M) - next_error)),
        **_affine(gain, kept, recursion, b / (total * (1 - b**2) + b)),
    }


def chi_square() -> Residuals:
    r"""$\mathbb E(\chi^2_\nu)^q=2^q\,\Gamma(\nu/2+q)/\Gamma(\nu/2)$, what it gives at q = 1, 2, -1, and
    its slope at 0, $\mathbb E\log\chi^2_\nu=\psi(\nu/2)+\log2$."""
    q, x = sp.symbols("q x", positive=True)
    nu = sp.symbols("nu", positive=True)
    density = x ** (nu / 2 - 1) * sp.exp(-x / 2) / (2 ** (nu / 2) * sp.gamma(nu / 2))
    moment = sp.integrate(sp.powsimp(x**q * density), (x, 0, sp.oo), conds="none")
    claimed = 2**q * sp.gamma(nu / 2 + q) / sp.gamma(nu / 2)
    return {
        "moment": sp.gammasimp(sp.powsimp(moment / claimed)) - sp.Integer(1),
        "mean": sp.gammasimp(claimed.subs(q, 1)) - nu,
        "square": _zero(sp.gammasimp(claimed.subs(q, 2)) - nu * (nu + 2)),
        "inverse": _zero(sp.gammasimp(claimed.subs(q, -1)) - 1 / (nu - 2)),
        "logarithm": _zero(sp.diff(claimed, q).subs(q, 0) - sp.digamma(nu / 2) - sp.log(2)),
    }


def reverse_kl() -> Residuals:
    r"""$B_t=\mathbb E(\mu_t-\mu_0)^2/\sigma_t^2$ under replace: $B_t=h(B_{t-1}+1/n)$, $h=c/(n-3)$, so
    $B_t=\frac hn\frac{h^t-1}{h-1}$; and $\mathbb E\,\sigma_t^{-2}=h^t/\sigma_0^2$."""
    h, chi, z = sp.symbols("h chi z", positive=True)
    c = sp.symbols("c", positive=True)
    # One generation: mu' = mu + sigma z / sqrt(n), sigma'^2 = sigma^2 chi / c, z and chi independent.
    square = sp.expand((m + sp.sqrt(U / n) * z) ** 2 / (U * chi / c))
    averaged = square.coeff(z, 0) + square.coeff(z, 2)
    step = averaged.subs(chi, n - 3).subs(m**2, M * U)
    solution = h / n * (h**t - 1) / (h - 1)
    return {
        "recursion": _zero(step - c / (n - 3) * (M + 1 / n)),
        "closed form": _zero(h * (solution + 1 / n) - solution.subs(t, t + 1)),
        "start": _zero(solution.subs(t, 0)),
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
        "pairs": _zero((old_old + old_new + new_new) - D * claimed),
        "diversity": _zero(diversity - (1 - 1 / kept) * D),
        "mean of a subsample": _zero(off - gap * Q),
        "variance of a subsample": _zero((Q - off) * kept / (kept - 1) - Q * pool / (pool - 1)),
        "pool's mean": _zero(moved - w**2 * (b + f / n) * Q),
        "pool's variance": _zero(grown - factor * Q),
        "accumulate": _zero(every / (1 - 1 / pool) - (1 - n / members**2)),
    }


#: Every proof of this module, by the name that the ledger uses.
PROOFS = {
    proof.__name__: proof
    for proof in (
        conservation,
        replace,
        accumulate,
        fresh,
        mixture,
        fixed_real,
        chi_square,
        reverse_kl,
        subsample,
    )
}
