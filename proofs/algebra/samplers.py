r"""What the fast samplers take from algebra: series of quantiles, and one acceptance.

Quantiles are series around the normal's (Cornish and Fisher), here from cumulants and nothing else.

A law whose logarithm of the moment generating function is $\frac{\theta^2}2+\sum_{k\ge1}h^kR_k(\theta)$ has
formally the distribution function $F=\Phi-\varphi\sum_ka_kHe_{k-1}$ and the density
$\varphi p$, $p=\sum_ka_kHe_k$, with $\sum_ka_k\theta^k=\exp\sum_kh^kR_k$ (Edgeworth). Its quantile
$x=z+w$, $F(x)=\Phi(z)$, makes this series in $h$ vanish, because $D^k(\varphi p)=\varphi(D-z)^kp$:
$$R(w)=-\sum_{k\ge1}a_kHe_{k-1}(z)+\sum_{k\ge1}\frac{w^k}{k!}(D-z)^{k-1}p(z).$$
Since $p=1+O(h)$, each step $w\mapsto w-R(w)$ settles one more order.
"""

import functools
import math
from typing import Any

import sympy as sp
from sympy.polys.rings import ring

from modelcollapse.proofs.algebra.pooling import Residuals, zero

#: Normals, skewness $s=q-p$ of a binomial, argument of the generating function, $h$.
_RING: Any
_Z: Any
_S: Any
_THETA: Any
_H: Any
_RING, _Z, _S, _THETA, _H = ring("z s theta h", sp.QQ)


def _cut(value: Any, order: int) -> Any:
    """Without powers of h beyond `order`."""
    return _RING.from_dict({powers: c for powers, c in value.items() if powers[3] <= order})


def _hermite(count: int) -> list[Any]:
    r"""$He_0,\dots,He_{count}$, by $He_{k+1}=zHe_k-kHe_{k-1}$."""
    found = [_RING.one, _Z]
    while len(found) <= count:
        found.append(_Z * found[-1] - (len(found) - 1) * found[-2])
    return found


def _edgeworth(rest: Any, order: int) -> tuple[Any, Any]:
    r"""$(F-\Phi)/\varphi$ and $p$, from $\sum_kh^kR_k(\theta)$."""
    series, power = _RING.one, _RING.one
    for k in range(1, order + 1):
        power = _cut(power * rest, order)
        series = series + power * sp.QQ(1, math.factorial(k))
    hermite = _hermite(max(powers[2] for powers in series))
    difference, density = _RING.zero, _RING.zero
    for (_, s, theta, h), coefficient in series.items():
        term = _RING.from_dict({(0, s, 0, h): coefficient})
        density = density + term * hermite[theta]
        difference = difference - (term * hermite[theta - 1] if theta else 0)
    return difference, density


def _residual(w: Any, difference: Any, density: Any, order: int) -> Any:
    value, power, derivative = difference, _RING.one, density
    for k in range(1, order + 1):
        power = _cut(power * w, order)
        value = value + _cut(power * derivative, order) * sp.QQ(1, math.factorial(k))
        derivative = derivative.diff(_Z) - _Z * derivative
    return _cut(value, order)


def _quantile(rest: Any, order: int) -> Any:
    """x as a polynomial in z, s and h."""
    difference, density = _edgeworth(_cut(rest, order), order)
    w = _RING.zero
    for now in range(1, order + 1):
        w = w - _residual(w, difference, density, now)
    return _Z + w


def binomial_cumulants(count: int) -> list[Any]:
    r"""$P_2,\dots,P_{count}$ of the cumulants $\kappa_j=\sigma^2P_j(s)$: $P_2=1$ and
    $P_{j+1}=sP_j-\frac{1-s^2}2P_j'$, which is $\kappa_{j+1}=pq\,d\kappa_j/dp$."""
    found = [_RING.one]
    while len(found) < count - 1:
        last = found[-1]
        found.append(_S * last - (1 - _S**2) * last.diff(_S) * sp.QQ(1, 2))
    return found


def _lattice(order: int) -> Any:
    r"""$\sum_kh^kR_k$ of a binomial in units of $\sigma=1/h$, less that of a uniform number on
    $(-\frac12,\frac12)$, whose cumulants are $B_j/j$."""
    rest = _RING.zero
    for j, cumulant in enumerate(binomial_cumulants(order + 2), start=2):
        shape = _THETA**j * sp.QQ(1, math.factorial(j))
        if j > 2:
            rest = rest + cumulant * _H ** (j - 2) * shape
        if j % 2 == 0 and j <= order:
            rest = rest - _H**j * shape * sp.QQ.from_sympy(sp.bernoulli(j) / j)
    return rest


@functools.cache
def binomial_series(order: int) -> dict[tuple[int, int, int], Any]:
    r"""The coefficients of $\sigma^{2-2g}y^is^e$, $y=z/\sigma$, in $X(z)-\mu$, to the order
    `order` in $1/\sigma$, as fractions under $(g,i,e)$: $X(z)$ is where a smooth curve
    through the points $(k+\frac12,P(N\le k))$ takes the value $\Phi(z)$."""
    found = {}
    for (i, e, _, h), coefficient in _quantile(_lattice(order), order).items():
        # h^-1 z^i h^h = sigma^(2 - 2 g) y^i with 2 g = 1 + h - i.
        g, odd = divmod(1 + h - i, 2)
        if odd or g < 0:
            raise ArithmeticError(f"z^{i} stands with 1/sigma^{h}")
        found[g, i, e] = coefficient
    return found


@functools.cache
def chi_square_series(order: int) -> dict[tuple[int, int], Any]:
    r"""The coefficients of $r^jz^i$, $r=\sqrt{2/\nu}$, in the quantile of
    $(\chi^2_\nu-\nu)/\sqrt{2\nu}$, as fractions under $(j,i)$: its cumulants are $(j-1)!\,r^{j-2}$."""
    rest = _RING.zero
    for j in range(3, order + 3):
        rest = rest + _H ** (j - 2) * _THETA**j * sp.QQ(1, j)
    return {(h, i): value for (i, _, _, h), value in _quantile(rest, order).items()}


def quantile_series() -> Residuals:
    r"""What goes into the series, and what may be compared with print: the cumulants of a binomial and
    of a uniform number from their generating functions; the first terms, $\frac{\gamma_1}6(z^2-1)$ and
    $\frac{\gamma_2}{24}(z^3-3z)-\frac{\gamma_1^2}{36}(2z^3-5z)$ (Abramowitz & Stegun 26.2.49), with
    $-\frac{h^2}{24}z$ from the lowered variance; that $X(z)$ changes its sign with z and s; and that
    the quantile, put into the distribution function, leaves nothing at any order."""
    z, s, h, theta, p = sp.symbols("z s h theta p")
    generating = sp.log(1 - p + p * sp.exp(theta))
    residuals: Residuals = {}
    for j, claimed in enumerate(binomial_cumulants(6), start=2):
        given = sp.diff(generating, theta, j).subs(theta, 0)
        polynomial = claimed.as_expr().subs(s, 1 - 2 * p) * p * (1 - p)
        residuals[f"cumulant {j} of a binomial"] = sp.simplify(given - polynomial)
    uniform = sp.series(sp.log(sp.sinh(theta / 2) / (theta / 2)), theta, 0, 10).removeO()
    bernoulli = sum(sp.bernoulli(j) / j * theta**j / sp.factorial(j) for j in (2, 4, 6, 8))
    residuals["cumulants of a uniform number"] = sp.expand(uniform - bernoulli)

    skewness, excess = h * s, h**2 * (3 * s**2 - 1) / 2
    printed = z + skewness * (z**2 - 1) / 6 + excess * (z**3 - 3 * z) / 24
    printed = printed - skewness**2 * (2 * z**3 - 5 * z) / 36 - h**2 * z / 24
    residuals["first terms"] = sp.expand(_quantile(_lattice(2), 2).as_expr() - printed)

    order = 6
    x = _quantile(_lattice(order), order)
    mirrored = _RING.from_dict({m: c * (-1) ** (m[0] + m[1]) for m, c in x.items()})
    residuals["symmetry"] = (x + mirrored).as_expr()
    difference, density = _edgeworth(_cut(_lattice(order), order), order)
    residuals["equation"] = _residual(x - _Z, difference, density, order).as_expr()
    return residuals


def marsaglia_tsang() -> Residuals:
    r"""With $v=(1+y)^3$, $y=cx$ and $9c^2d=1$: the density of x that makes $dv$ a Gamma variable of
    shape $a=d+\frac13$ is proportional to $e^{-x^2/2}e^{\ell}$ with
    $\ell=\frac{x^2}2+d(1-v+\log v)$, whose slope is $-3dy^3/(1+y)$ in y, so that $\ell\le0$ with equality
    at 0; and $\ell=x^2y^2\sum_{k\ge4}\frac{(-1)^{k+1}}{3k}y^{k-4}$."""
    x, c, y = sp.symbols("x c y", positive=True)
    d = 1 / (9 * c**2)
    v = (1 + c * x) ** 3
    shape = d + sp.Rational(1, 3)
    # Up to a constant: the density of a Gamma variable at d v, times d v / d x.
    density = (shape - 1) * sp.log(v) - d * v + sp.log(sp.diff(v, x) / (3 * c))
    level = x**2 / 2 + d * (1 - v + sp.log(v))
    in_y = level.subs(x, y / c)
    series = sum(sp.Rational((-1) ** (k + 1), 3 * k) * y ** (k - 4) for k in range(4, 13))
    expansion = sp.series(sp.expand_log(in_y * 9 * c**2), y, 0, 13).removeO()
    return {
        "density": zero(sp.diff(density + x**2 / 2 - level, x)),
        "slope": zero(sp.diff(in_y, y) + 3 * d * y**3 / (1 + y)),
        "top": zero(level.subs(x, 0)),
        "series": sp.expand(expansion - 9 * y**4 * series),
    }
