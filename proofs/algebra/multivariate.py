"""Wishart matrices: projections, moments of second order, and divergences between normal laws."""

import itertools
from typing import Any

import sympy as sp

from modelcollapse.proofs.algebra.gamma import chi_square
from modelcollapse.proofs.algebra.pooling import (
    Group,
    M,
    Residuals,
    V,
    expected,
    m,
    n,
    pooled,
    zero,
)
from modelcollapse.proofs.algebra.pooling import U as variance_of_one

nu, c, d = sp.symbols("nu c d", positive=True)


def projection() -> Residuals:
    r"""The fit to the projections $a^\top x_i$ is the projection of the fit: $a^\top\hat\mu$ and
    $a^\top\hat\Sigma a$, here for three draws in two dimensions; so what one generation makes of
    $a^\top\Sigma a$ and $(a^\top(\mu-\mu_0))^2$ is what it makes of a variance and a squared error, and
    the trace is the sum over the axes of quantities that all move by the same factors."""
    draws = sp.Matrix(2, 3, sp.symbols("x_1:7", real=True))
    a = sp.Matrix(sp.symbols("a_1:3", real=True))
    weights = sp.symbols("w_1:4", positive=True)
    total = sum(weights)

    def fitted(values: sp.Matrix) -> tuple[Any, Any]:
        columns = [values.col(i) for i in range(3)]
        mean = sum((w * x for w, x in zip(weights, columns, strict=True)), sp.zeros(values.rows, 1))
        mean = mean / total
        square = sp.zeros(values.rows, values.rows)
        for w, x in zip(weights, columns, strict=True):
            square += w * (x - mean) * (x - mean).T / total
        return mean, square

    mean, covariance = fitted(draws)
    line_mean, line_variance = fitted(a.T * draws)
    # Two axes of variances s_1 and s_2, each with its own error and variance in proportion.
    error, variance = (expected(given) for given in pooled([Group(n, m, variance_of_one)]))
    scales = sp.symbols("s_1:3", positive=True)
    return {
        "mean": zero(line_mean[0] - (a.T * mean)[0]),
        "variance": zero(line_variance[0] - (a.T * covariance * a)[0]),
        "trace": zero(
            sum(variance.subs({V: s * V, M: s * M}) for s in scales) - sum(scales) * variance
        ),
        "squared error": zero(
            sum(error.subs({V: s * V, M: s * M}) for s in scales) - sum(scales) * error
        ),
    }


def _gaussian_product(*pairs: tuple[int, int]) -> int:
    """The mean of a product of entries $g_{ai}$ of independent standard normals, by Isserlis: how many
    ways there are to pair equal ones."""
    if not pairs:
        return 1
    first, *rest = pairs
    return sum(
        _gaussian_product(*rest[:k], *rest[k + 1 :])
        for k, other in enumerate(rest)
        if other == first
    )


def wishart_moments() -> Residuals:
    r"""For $W=\sum_{a\le\nu}g_ag_a^\top$ and diagonal $\Sigma=\mathrm{diag}(l)$:
    $\mathbb E\,\mathrm{tr}(\Sigma W\Sigma W)=\nu(\nu+1)\,\mathrm{tr}\,\Sigma^2+\nu\,(\mathrm{tr}\,\Sigma)^2$ and
    $\mathbb E(\mathrm{tr}\,\Sigma W)^2=2\nu\,\mathrm{tr}\,\Sigma^2+\nu^2(\mathrm{tr}\,\Sigma)^2$, counted out
    for two dimensions and $\nu\le3$, enough for polynomials of degree two without constant term; and what
    follows for any schedule."""
    scales = sp.symbols("l_1:3", positive=True)
    norm, trace = sum(s**2 for s in scales), sum(scales) ** 2
    residuals: Residuals = {}
    for size in (1, 2, 3):
        product, square = sp.Integer(0), sp.Integer(0)
        for i, j in itertools.product(range(2), repeat=2):
            for a, b in itertools.product(range(size), repeat=2):
                weight = scales[i] * scales[j]
                product += weight * _gaussian_product((a, i), (a, j), (b, j), (b, i))
                square += weight * _gaussian_product((a, i), (a, i), (b, j), (b, j))
        residuals[f"product, {size}"] = zero(product - size * (size + 1) * norm - size * trace)
        residuals[f"square, {size}"] = zero(square - 2 * size * norm - size**2 * trace)
    step = sp.Matrix([[nu * (nu + 1), nu], [2 * nu, nu**2]]) / c**2
    values = (nu * (nu + 2) / c**2, nu * (nu - 1) / c**2)
    for value, vector in zip(values, (sp.Matrix([1, 1]), sp.Matrix([1, -2])), strict=True):
        rest = step * vector - value * vector
        residuals |= {f"eigenvalue {value}, {k}": zero(rest[k]) for k in range(2)}
    p, q = sp.symbols("p q", positive=True)
    along, across = (2 * p + q) / 3, (p - q) / 3
    return residuals | {
        "squared norm at the truth": zero(along + across - p),
        "squared trace at the truth": zero(along - 2 * across - q),
    }


def multivariate_divergences() -> Residuals:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)$ and $\mathbb E\,\mathrm{KL}(p_0\|p_t)$ in d dimensions, from
    $\mathbb E\,\mathrm{tr}\,\Sigma_0^{-1}\Sigma_t=dV_t$, $\mathbb E\lVert\mu_t-\mu_0\rVert^2=dM_t$ in the metric of
    $\Sigma_0$, $\mathbb E\,W^{-1}=I/(\nu-d-1)$ and $\ell_t=\mathbb E\log\det$; the last of a Wishart
    matrix in two dimensions from its pivots."""
    log_determinant, spent = sp.symbols("ell S", real=True)
    to_truth = (d * V + d * M - d - log_determinant) / 2
    before, total, size = sp.symbols("P_before B n_t", positive=True)
    growth = c / (nu - d - 1)
    # B = E (mu - mu_0)' Sigma^-1 (mu - mu_0): one generation, and its solution by schedule.
    step = growth * (total + d / size)
    solution = total / before * (before * growth) + d * before * growth / (size * before)
    # W = A A' with pivots p, q and A_21 = z: its inverse's diagonal is (1 + z^2/q)/p and 1/q.
    inverse_of_first, inverse_of_second = 1 / (nu - 2), 1 / (nu - 3)
    first = inverse_of_first * (1 + inverse_of_second)
    return chi_square() | {
        "to truth, mle": zero(to_truth.subs(M, 1 - V) + log_determinant / 2),
        "to truth, unbiased": zero(
            to_truth.subs({V: 1, M: spent}) - (d * spent - log_determinant) / 2
        ),
        "shift": zero(step - solution),
        "inverse, first": zero(first - 1 / (nu - 3)),
        "inverse, second": zero(inverse_of_second - 1 / (nu - d - 1).subs(d, 2)),
        "growth, mle": zero(growth.subs({c: n, nu: n - 1}) - 1 - (d + 2) / (n - d - 2)),
        "growth, unbiased": zero(growth.subs({c: n - 1, nu: n - 1}) - 1 - (d + 1) / (n - d - 2)),
    }
