"""Products of scaled chi-squares: moments by ratios of gamma functions, logarithms, divergences."""

import sympy as sp

from modelcollapse.proofs.algebra.pooling import M, Residuals, U, conservation, m, n, t, zero
from modelcollapse.proofs.algebra.regimes import replace


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
        "square": zero(sp.gammasimp(claimed.subs(q, 2)) - nu * (nu + 2)),
        "inverse": zero(sp.gammasimp(claimed.subs(q, -1)) - 1 / (nu - 2)),
        "logarithm": zero(sp.diff(claimed, q).subs(q, 0) - sp.digamma(nu / 2) - sp.log(2)),
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
    # With a schedule, P and P_before its products: the sum of P_t/(n_s P_{s-1}) takes the same step.
    before, total = sp.symbols("P_before B", positive=True)
    after = before * c / (n - 3)
    summed = total * after / before + after / (n * before)
    # The divergence, from its definition: a draw x of the truth has E x = 0 and E x^2 = 1.
    x = sp.symbols("x", real=True)
    gap = sp.expand(-(x**2) / 2 + (x - m) ** 2 / (2 * U))
    averaged = gap.coeff(x, 2) + gap.coeff(x, 0) + sp.log(U) / 2
    return chi_square() | {
        "divergence": zero(averaged - (1 / U + m**2 / U - 1 + sp.log(U)) / 2),
        "schedule": zero(summed - step.subs(M, total)),
        "recursion": zero(step - c / (n - 3) * (M + 1 / n)),
        "closed form": zero(h * (solution + 1 / n) - solution.subs(t, t + 1)),
        "start": zero(solution.subs(t, 0)),
    }


def log_chi_square() -> Residuals:
    r"""$\log(\sigma_t^2/\sigma_0^2)$ is a sum of independent $\log(\chi^2_\nu/c)$, with
    $\mathbb E\,e^{iu\log(\chi^2_\nu/c)}=(2/c)^{iu}\,\Gamma(\nu/2+iu)/\Gamma(\nu/2)$, mean
    $\psi(\nu/2)+\log(2/c)$ and cumulants $\psi^{(j-1)}(\nu/2)$; means and variances of independent
    terms add, so the second moment is the sum of the variances and the square of the mean."""
    q, y = sp.symbols("q", real=True), sp.symbols("y", positive=True)
    nu, c = sp.symbols("nu c", positive=True)
    # A chi-square is 2y, y a gamma variable of nu/2: its moments of order a - nu/2, a complex.
    a = sp.symbols("a")
    integral = sp.integrate(y ** (a - 1) * sp.exp(-y), (y, 0, sp.oo), conds="none")
    log_moment = q * sp.log(2 / c) + sp.loggamma(nu / 2 + q) - sp.loggamma(nu / 2)
    slopes = [sp.diff(log_moment, q, j).subs(q, 0) for j in range(1, 5)]
    claimed = [sp.digamma(nu / 2) + sp.log(2 / c), *(sp.polygamma(j, nu / 2) for j in (1, 2, 3))]
    mean_1, mean_2, square_1, square_2 = sp.symbols("a_1 a_2 b_1 b_2", real=True)
    both = square_1 + 2 * mean_1 * mean_2 + square_2
    variances = (square_1 - mean_1**2) + (square_2 - mean_2**2)
    return {
        "moment of complex order": zero(integral - sp.gamma(a)),
        **{
            f"cumulant {j}": sp.simplify(sp.expand_log(slope - claim, force=True))
            for j, (slope, claim) in enumerate(zip(slopes, claimed, strict=True), start=1)
        },
        "second moment": zero(both - variances - (mean_1 + mean_2) ** 2),
    }


def distances() -> Residuals:
    r"""$\mathbb E W_2^2$ and $\mathbb E\,\mathrm{KL}(p_t\|p_0)$ from $\mathbb E\,\sigma_t$,
    $\mathbb E\log\sigma_t^2$, $V=\mathbb E\,\sigma_t^2$ and $M=\mathbb E(\mu_t-\mu_0)^2$: for the MLE,
    where $V+M=\sigma_0^2$, $2\sigma_0^2(1-\mathbb E\,\sigma_t/\sigma_0)$ and
    $-\tfrac12\mathbb E\log(\sigma_t^2/\sigma_0^2)$; under replace the unbiased variance has
    $V=\sigma_0^2$ and adds $M=\sigma_0^2\sum1/n_s$ and half of it. Factors
    $\mathbb E\sqrt{R_s}$ of independent steps multiply, and their logarithms add."""
    root, deviation, log_ratio, spent = sp.symbols("sigma_0 d L B", real=True)
    x = sp.symbols("x", real=True)
    w2 = M + (U - 2 * root * deviation + root**2)
    # The divergence, from its definition: the second moment of x under the model is U + m^2.
    log_density = {
        "model": -(x**2 - 2 * m * x + m**2) / (2 * U),
        "truth": -(x**2) / (2 * root**2),
    }
    gap = sp.expand(log_density["model"] - log_density["truth"])
    averaged = gap.coeff(x, 2) * (U + m**2) + gap.coeff(x, 1) * m + gap.coeff(x, 0)
    kl = averaged - log_ratio / 2
    general = (U / root**2 + m**2 / root**2 - 1 - log_ratio) / 2
    mle, unbiased = {U: root**2 - M}, {U: root**2, M: root**2 * spent}
    expected_kl = sp.expand(general).subs(m**2, M)
    return {
        "w2, mle": zero(w2.subs(mle) - 2 * root**2 * (1 - deviation / root)),
        "w2, unbiased": zero(
            w2.subs(unbiased) - 2 * root**2 * (1 - deviation / root) - root**2 * spent
        ),
        "kl": zero(kl - general),
        "kl, mle": zero(expected_kl.subs(mle) + log_ratio / 2),
        "kl, unbiased": zero(expected_kl.subs(unbiased) - (spent - log_ratio) / 2),
    }


def replace_distances() -> Residuals:
    r"""[`distances`][] under replace, with $\mathbb E\,\sigma_t$ and $\mathbb E\log\sigma_t^2$ from
    [`chi_square`][], and $V$ and $M$ of both estimators. $\mathbb E\sqrt{\chi^2_\nu/c}<1$ by Jensen, so for
    the MLE $\mathbb E W_2^2$ stays below $2\sigma_0^2$."""
    return distances() | conservation() | replace() | chi_square()
