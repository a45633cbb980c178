r"""Least squares: what a fit costs, what accumulating keeps, and the share of an error that new rows leave.

With $G=X^\top X$ of Gaussian rows, taken for granted: $v^\top G^{-1}v=\vert v\vert^2/\chi^2_{N-p+1}$ in law; for independent
Wishart matrices $G_s,G_r$ of $n_s,n_r$ degrees the matrix $U=G^{-1/2}G_sG^{-1/2}$, $G=G_s+G_r$, is independent of
G and isotropic, $U_{11}$ is a beta variable and $\det$ of its first k rows a product of k of them.
"""

import sympy as sp

from modelcollapse.proofs.algebra.pooling import (
    Group,
    M,
    Residuals,
    U,
    V,
    expected,
    m,
    n,
    n_real,
    n_synthetic,
    pooled,
    t,
    zero,
)

#: Regressors.
p = sp.symbols("p", positive=True)


def regression_replace() -> Residuals:
    r"""$\mathbb E\operatorname{tr}G^{-1}=p/(n-p-1)$; $\mathbb E\,\sigma'^2=(1-p/n)\sigma^2$ (MLE), $\sigma^2$
    (divisor $n-p$); the sum of $h\rho^{s-1}$, $\rho=1-p/n$, is $h\frac np(1-\rho^t)$; and for an orthogonal
    design, $h=p/n$, risk and noise variance sum to $\sigma_0^2$."""
    nu = sp.symbols("nu", positive=True)
    h = sp.symbols("h", positive=True)
    # E 1/chi^2 by Gamma(nu/2 - 1)/(2 Gamma(nu/2)), for each of p unit vectors.
    inverse = sp.gammasimp(sp.gamma(nu / 2 - 1) / (2 * sp.gamma(nu / 2)))
    rate = 1 - p / n
    solution = h * n / p * (1 - rate**t)
    return {
        "trace": zero(p * inverse.subs(nu, n - p + 1) - p / (n - p - 1)),
        "noise": zero((n - p) / n - rate),
        "sum": zero(solution + h * rate**t - h * n / p * (1 - rate ** (t + 1))),
        "start": zero(solution.subs(t, 0)),
        "conservation": zero(solution.subs(h, p / n) + rate**t - 1),
    }


def regression_accumulate() -> Residuals:
    r"""With N rows kept and n new ones, $w=n/(N+n)$, the noise variance takes the factor
    $1-pw/(N+n)$ (MLE), $1-pw/(N+n-p)$ (divisor $N+n-p$), of N + n rows the new ones hold the share w of
    $\operatorname{tr}G^{-1}$; at constant n
    $\sum_{i\ge1}\frac p{i(in-p-1)}=\frac p{p+1}[-\gamma-\psi(1-\frac{p+1}n)]$, at most $\frac{\pi^2}6\frac p{n-p-1}$."""
    kept, i = sp.symbols("N i", positive=True)
    rows = kept + n
    w = n / rows
    # Kept residuals, those of the new rows, and the gap of both fits: (1 - w) p squares on average.
    squares = (n - p) + (1 - w) * p
    a = (p + 1) / n
    k = sp.symbols("k", integer=True, positive=True)
    partial = sp.digamma(k + 1 - a) - sp.digamma(1 - a) - sp.digamma(k + 1) - sp.EulerGamma
    growth = sp.digamma(k + 1) - sp.digamma(k)
    return {
        "noise": zero((kept + squares) / rows - (1 - p * w / rows)),
        "unbiased noise": zero((kept - p + squares) / (rows - p) - (1 - p * w / (rows - p))),
        "constant n": zero(
            (w * p / (rows - p - 1)).subs(kept, (i - 1) * n) - p / (i * (i * n - p - 1))
        ),
        "partial fractions": zero(p / (i * (i * n - p - 1)) - p / (p + 1) * (1 / (i - a) - 1 / i)),
        "digamma": sp.expand_func(growth) - 1 / k,
        "start": sp.simplify(sp.expand_func(partial.subs(k, 1)) - (1 / (1 - a) - 1)),
        "below": zero(i * (i * n - p - 1) - i**2 * (n - p - 1) - i * (i - 1) * (p + 1)),
        "sum of 1/i^2": zero(sp.summation(1 / k**2, (k, 1, sp.oo)) - sp.pi**2 / 6),
    }


def regression_fresh() -> Residuals:
    r"""With $U_{ij}U_{kl}$ of mean $a'\delta_{ij}\delta_{kl}+b(\delta_{ik}\delta_{jl}+\delta_{il}\delta_{jk})$,
    $b=n_rn_s/(N(N+2)(N-1))$ and $a'=n_s(n_s-1)/(N(N-1))+b$, an error keeps
    $\kappa=a'+b+b(Np-2)/(N-p-1)$ of its square. With an orthogonal design one generation of
    a coefficient is one of a Gaussian's mean, p at a time, and $V+M=1$ is kept."""
    total = n_real + n_synthetic
    b = n_real * n_synthetic / (total * (total + 2) * (total - 1))
    a = n_synthetic * (n_synthetic - 1) / (total * (total - 1)) + b
    # U_11 is beta(n_s/2, n_r/2); the determinant of a 2 x 2 corner has one more, with n_s - 1.
    square = n_synthetic * (n_synthetic + 2) / (total * (total + 2))
    corner = n_synthetic / total * (n_synthetic - 1) / (total - 1)
    # E tr(G) f = (Np + 2k) E f for f homogeneous of degree k: here f = tr(1/G), k = -1.
    traces = (total * p - 2) * p / (total - p - 1)
    kappa = a + b + b * traces / p
    share = n_synthetic / total
    error, variance = pooled([Group(n_real, 0, 1), Group(n_synthetic, m, U)])
    moved, rest = expected(error), expected(variance)
    # p coefficients, each with a mean's error, and residuals that lose all of them.
    risk = share**2 * M + p * (moved - share**2 * M)
    noise = (rest + moved) - share * M - p * (moved - share**2 * M) + share * (1 - share) * M
    claimed = (1 - share + share * V) * (1 - p / total) + share * (1 - share) * M
    beta = sp.symbols("beta", positive=True)
    large = kappa.subs({n_synthetic: beta * n, n_real: (1 - beta) * n}, simultaneous=True)
    return {
        "square": sp.cancel(a + 2 * b - square),
        "corner": sp.cancel(a - b - corner),
        "one regressor": sp.cancel(kappa.subs(p, 1) - square),
        "orthogonal risk": zero(risk - share**2 * M - p / total * (1 - share + share * V)),
        "orthogonal noise": zero(noise - claimed),
        "conservation": zero((risk + claimed).subs(V, 1 - M) - 1),
        "many rows": sp.limit(sp.cancel(large), n, sp.oo) - beta**2,
    }


def weighted() -> Residuals:
    r"""With weight w on $n_r$ real draws and $1-w$ on $n_s$ synthetic ones, a mean takes the step
    $M'=w^2/n_r+(1-w)^2(V/n_s+M)$, p of them p times the noise, and under maximum likelihood $V'=w+(1-w)(V+M)-M'$,
    so $V+M=1$ is kept and $M'=q+(1-w)^2(1-p/n_s)M$ for p means. The limit is least where
    $(1-u)(1-ru)=ku$, $u=1-w$, $r=1-p/n_s$, $k=n_r/n_s$; with $V=1$ at $w=\frac12(\sqrt{k^2+4k}-k)$. All draws being
    alike the unbiased divisor is $1-p q$, $q=w^2/n_r+(1-w)^2/n_s$; and $w=n_r/N$ is pooling."""
    w, u, k, y = sp.symbols("w u k y", positive=True)
    total = n_real + n_synthetic
    q = w**2 / n_real + (1 - w) ** 2 / n_synthetic
    # Means of two batches: one true, one of the model, whose mean is off by m.
    square = w * 1 + (1 - w) * (U + m**2)
    moved = ((1 - w) * m) ** 2 + p * (w**2 / n_real + (1 - w) ** 2 * U / n_synthetic)
    step, rest = expected(moved), expected(sp.expand(square) - moved)
    claimed = p * w**2 / n_real + (1 - w) ** 2 * (p * V / n_synthetic + M)
    alone = p * q + (1 - w) ** 2 * (1 - p / n_synthetic) * M
    r = 1 - p / n_synthetic
    limit = (p * q / (1 - (1 - w) ** 2 * r)).subs(w, 1 - u)
    slope = sp.numer(sp.together(sp.diff(limit, u)))
    quadratic = n_synthetic * (1 - u) * (1 - r * u) - n_real * u
    _, left = sp.div(sp.Poly(sp.expand(slope), u), sp.Poly(sp.expand(quadratic), u))
    at_pool = {w: n_real / total}
    error, variance = pooled([Group(n_real, 0, 1), Group(n_synthetic, m, U)])
    best = (sp.sqrt(k**2 + 4 * k) - k) / 2
    return {
        "mean error": zero(step - claimed),
        "variance": zero(rest - (w + (1 - w) * (V + M) - claimed)),
        "conservation": zero((step + rest).subs(V, 1 - M) - 1),
        "likelihood": zero(step.subs(V, 1 - M) - alone),
        "stationary": zero(alone.subs(M, y) - y).subs(y, p * q / (1 - (1 - w) ** 2 * r)).simplify(),
        "slope": sp.simplify(left.as_expr()),
        "constant noise": zero(((1 - u) * (1 - r * u) - k * u).subs(p, 0).subs(u, 1 - best)),
        "unbiased": zero(rest.subs({M: 0, V: 1}) - (1 - p * q)),
        "pooling error": zero(expected(moved).subs(p, 1).subs(at_pool) - expected(error)),
        "pooling variance": zero(
            expected(sp.expand(square) - moved).subs(p, 1).subs(at_pool) - expected(variance)
        ),
    }
