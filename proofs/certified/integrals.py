r"""Rigorous integrals: the law of a product of chi-squares (a Meijer G function), and accumulate's factors.

Finite pieces by Arb's adaptive quadrature, whose error is proved; the tails by hand, as said at each.
"""

import functools
from collections.abc import Sequence
from typing import Any

from flint import acb, arb

#: Tails are cut where they are below exp(-80) = 2e-35.
_NEGLIGIBLE = 80


def _integral(function: Any, low: Any, high: Any) -> Any:
    return acb.integral(function, low, high, rel_tol=arb(2) ** -75, abs_tol=arb(2) ** -80)


def product_cdf(x: Any, degrees: Sequence[int], divisors: Sequence[int]) -> Any:
    r"""$P(\sum_s\log(\chi^2_{\nu_s}/c_s)\le x)$ by Mellin-Barnes: with $Z=\prod\tfrac12\chi^2_{\nu_s}$,
    $\mathbb E Z^s=\prod\Gamma(\nu/2+s)/\Gamma(\nu/2)$ and $z=e^x\prod c_s/2$,

    $$P(Z\le z)=\frac1{2\pi i}\int_{\gamma-i\infty}^{\gamma+i\infty}\mathbb E Z^s\,z^{-s}\frac{ds}{-s},
    \qquad-\tfrac12\min\nu<\gamma<0,$$

    a Meijer G function. The tail: $|\Gamma(a+iy)|$ falls at a rate of at least $\arctan(T/a)$ beyond
    $y=T$, since $-\partial_y\log|\Gamma(a+iy)|=\sum_ky/((a+k)^2+y^2)\ge\arctan(y/a)$."""
    halves = [arb(nu) / 2 for nu in degrees]
    log_z = arb(x) + sum(((arb(c) / 2).log() for c in divisors), arb(0))
    # About one standard deviation's reciprocal from the mean, where the integrand hardly cancels.
    least = arb(min(degrees)) / 2
    gamma = -(least / 2).min((least / len(degrees)).sqrt())
    norm = sum((half.lgamma() for half in halves), arb(0))

    def transform(s: Any, _: bool = False) -> Any:
        moment = sum((((s + half).lgamma()) for half in halves), acb(0))
        return (moment - norm - s * log_z).exp() / -s

    # By symmetry the real part of the upper half line alone; it has to reach where all is negligible.
    end = arb(2 * (_NEGLIGIBLE + 20)) / len(degrees) + 4 * max(halves) ** arb(0.5)
    inside = _integral(transform, acb(gamma), acb(gamma, end)).imag / arb.pi()
    rate = sum(((end / (half + gamma)).atan() for half in halves), arb(0))
    tail = abs(transform(acb(gamma, end))) / rate / arb.pi()
    return inside + arb(0, tail.upper())


@functools.cache
def accumulate_factor(kept: int, divisor: int, n: int, pool: int) -> tuple[Any, Any]:
    r"""$\mathbb E\sqrt R$ and $\mathbb E\log R$ for $R=(k+\chi^2_{n-1}+(1-w)\chi^2_1)/c$ with $k>0$ kept and
    $w=n/N$, N the pool:

    $\sqrt\mu-\frac1{2\sqrt\pi}\int(M(z)-e^{-\mu z})z^{-3/2}dz$ and $\log\mu-\int(M(z)-e^{-\mu z})dz/z$, in
    $y=\log z$. Left of the cut, $0\le M-e^{-\mu z}\le\frac12\mathbb ER^2z^2$; right of it, at most
    $e^{-kz/c}$."""
    c, w = arb(divisor), 1 - arb(n) / pool
    rate = arb(kept) / c
    mean = (kept + n - 1 + w) / c
    square = mean**2 + 2 * (n - 1 + w**2) / c**2
    low, high = arb(-_NEGLIGIBLE), (_NEGLIGIBLE / rate).log()

    def gap(y: Any, analytic: bool) -> Any:
        z = y.exp()
        one, other = 1 + 2 * z / c, 1 + 2 * w * z / c
        roots = one.sqrt(analytic=analytic) ** (1 - n) / other.sqrt(analytic=analytic)
        return (-rate * z).exp() * roots - (-mean * z).exp()

    z_low, z_high = low.exp(), high.exp()
    left, right = square / 2, (-rate * z_high).exp() / rate
    logs = _integral(gap, low, high).real
    logs += arb(0, (left * z_low**2 / 2 + right / z_high).upper())
    roots = _integral(lambda y, flag: gap(y, flag) * (-y / 2).exp(), low, high).real
    roots += arb(0, (left * z_low ** arb(1.5) / 1.5 + right / z_high ** arb(1.5)).upper())
    return mean.sqrt() - roots / (2 * arb.pi().sqrt()), mean.log() - logs
