r"""The Gaussian's theory functions in balls, from the formulas and recursions of their docstrings.

Arguments as of the functions of the same name in `theory/gaussian/`; `t` is a list of whole numbers.
Each returns one ball a generation asked for. Nothing here is shared with `theory/`.
"""

from collections.abc import Sequence
from typing import Any

from flint import acb, arb

from modelcollapse.proofs.certified.balls import ball, products, sizes_of, sums
from modelcollapse.proofs.certified.integrals import accumulate_factor, product_cdf

Times = Sequence[int]


def _divisor(n: int, estimator: str) -> int:
    return n if estimator == "mle" else n - 1


def digamma_step(n: int, estimator: str = "mle") -> Any:
    r"""$\psi(\nu/2)+\log(2/c)$."""
    return (arb(n - 1) / 2).digamma() + (arb(2) / _divisor(n, estimator)).log()


def _moment_step(n: int, q: Any, estimator: str) -> Any:
    half = arb(n - 1) / 2
    if half + q <= 0:
        return arb.pos_inf()
    return (arb(2) / _divisor(n, estimator)) ** q * ((half + q).lgamma() - half.lgamma()).exp()


# Replace.


def variance(n: Any, t: Times, estimator: str = "mle", variance: float = 1.0) -> list[Any]:
    """The product of $1-1/n_s$, or one."""
    steps = [1 - arb(1) / k if estimator == "mle" else arb(1) for k in sizes_of(n, max(t))]
    table = products(steps)
    return [ball(variance) * table[s] for s in t]


def variance_moment(
    n: Any, t: Times, q: Any, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    """The product of the ratios of gamma functions."""
    order = ball(q)
    table = products([_moment_step(k, order, estimator) for k in sizes_of(n, max(t))])
    return [ball(variance) ** order * table[s] if s else ball(variance) ** order for s in t]


def mean_error_second_moment(
    n: Any, t: Times, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    r"""$\sum\mathbb E\,\sigma_{s-1}^2/n_s$."""
    sizes = sizes_of(n, max(t))
    before = products([1 - arb(1) / k if estimator == "mle" else arb(1) for k in sizes])
    table = sums([v / k for v, k in zip(before, sizes, strict=False)])
    return [ball(variance) * table[s] for s in t]


def w2_squared(n: Any, t: Times, estimator: str = "mle", variance: float = 1.0) -> list[Any]:
    """The mean's error, and the squared difference of the deviations."""
    error = mean_error_second_moment(n, t, estimator)
    root = variance_moment(n, t, 0.5, estimator)
    spread = _plain(n, t, estimator)
    return [
        ball(variance) * (e + v + 1 - 2 * d) for e, v, d in zip(error, spread, root, strict=True)
    ]


def _plain(n: Any, t: Times, estimator: str) -> list[Any]:
    return variance(n, t, estimator)


def kl_to_truth(n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    r"""$\frac12[V+M-1-\sum L_s]$."""
    logs = cumulant(n, t, 1, estimator)
    error, spread = mean_error_second_moment(n, t, estimator), _plain(n, t, estimator)
    return [(v + e - 1 - g) / 2 for v, e, g in zip(spread, error, logs, strict=True)]


def kl_from_truth(n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    r"""$\frac12[\sum L_s+P_t-1+B_t]$, $B_t=h_t(B_{t-1}+1/n_t)$."""
    growth, shift = [arb(1)], [arb(0)]
    for k in sizes_of(n, max(t)):
        h = arb(_divisor(k, estimator)) / (k - 3) if k > 3 else arb.pos_inf()
        growth.append(growth[-1] * h)
        shift.append(h * (shift[-1] + arb(1) / k))
    logs = cumulant(n, t, 1, estimator)
    return [
        (g + growth[s] - 1 + shift[s]) / 2 if growth[s].is_finite() else arb.pos_inf()
        for s, g in zip(t, logs, strict=True)
    ]


# The log-variance.


def cumulant(n: Any, t: Times, order: int, estimator: str = "mle") -> list[Any]:
    r"""$\sum L_s$, or $\sum\psi^{(j-1)}(\nu_s/2)$ by $\psi^{(k)}(x)=(-1)^{k+1}k!\,\zeta(k+1,x)$."""

    def step(k: int) -> Any:
        if order == 1:
            return digamma_step(k, estimator)
        sign = -1 if order % 2 else 1
        return sign * arb(order).gamma() * arb(order).zeta(arb(k - 1) / 2)

    table = sums([step(k) for k in sizes_of(n, max(t))])
    return [table[s] for s in t]


def second_moment(n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    """The second cumulant and the square of the first."""
    means, spreads = cumulant(n, t, 1, estimator), cumulant(n, t, 2)
    return [v + m**2 for v, m in zip(spreads, means, strict=True)]


def half_life(n: int, estimator: str = "mle") -> Any:
    r"""$\log4/|L|$."""
    return -arb(4).log() / digamma_step(n, estimator)


def collapse_time(epsilon: Any, n: int, estimator: str = "mle") -> Any:
    """With the overshoot as the function has it, to four digits."""
    overshoot = ball(0.5826) * arb(2).zeta(arb(n - 1) / 2).sqrt()
    return (2 * ball(epsilon).log() - overshoot) / digamma_step(n, estimator)


def characteristic_function(u: Any, n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    r"""$\prod(2/c)^{iu}\Gamma(\nu/2+iu)/\Gamma(\nu/2)$."""
    order, total, values = acb(0, ball(u)), acb(0), [acb(1)]
    for k in sizes_of(n, max(t)):
        half = arb(k - 1) / 2
        step = (acb(half) + order).lgamma() - half.lgamma()
        total = total + step + order * (arb(2) / _divisor(k, estimator)).log()
        values.append(total.exp())
    return [values[s] for s in t]


def cdf(x: Any, n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    """By a rigorous Mellin-Barnes integral."""

    def at(last: int) -> Any:
        sizes = sizes_of(n, last)
        return product_cdf(ball(x), [k - 1 for k in sizes], [_divisor(k, estimator) for k in sizes])

    return [at(s) if s else arb(int(x >= 0)) for s in t]


def log_gamma_ratio(x: Any, q: Any) -> Any:
    r"""$\log\Gamma(x+q)-\log\Gamma(x)-q\log x$."""
    start = ball(x)
    if isinstance(q, complex):
        order = acb(ball(q.real), ball(q.imag))
        return (acb(start) + order).lgamma() - start.lgamma() - order * start.log()
    return (start + ball(q)).lgamma() - start.lgamma() - ball(q) * start.log()


# Accumulate.


def _accumulate(n: Any, last: int, estimator: str) -> list[tuple[int, int, int, Any]]:
    """(kept, divisor, new, share) of each generation."""
    rows, pool, kept = [], 0, 0
    for k in sizes_of(n, last):
        pool += k
        divisor = _divisor(pool, estimator)
        rows.append((kept, divisor, k, arb(k) / pool))
        kept = divisor
    return rows


def _factor_mean(row: tuple[int, int, int, Any]) -> Any:
    kept, divisor, k, share = row
    return (kept + k - 1 + (1 - share)) / arb(divisor)


def accumulate_variance(
    n: Any, t: Times, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    r"""The product of $\mathbb E R_s$."""
    table = products([_factor_mean(row) for row in _accumulate(n, max(t), estimator)])
    return [ball(variance) * table[s] for s in t]


def accumulate_limit(n: int, estimator: str = "mle", variance: float = 1.0) -> Any:
    r"""MLE: $\sin x/x$; unbiased: $\prod_{s\ge2}(1-\frac1{s(ns-1)})$, whose factors are
    $(s-a)(s-b)/(s(s-1/n))$ with $a+b=1/n$, $ab=-1/n$."""
    if estimator == "mle":
        x = arb.pi() / arb(n).sqrt()
        return ball(variance) * x.sin() / x
    root = arb(1 + 4 * n).sqrt()
    a, b = (1 + root) / (2 * n), (1 - root) / (2 * n)
    return ball(variance) * (2 - arb(1) / n).gamma() / ((2 - a).gamma() * (2 - b).gamma())


def accumulate_moment(
    n: Any, t: Times, order: int, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    """Moments of each factor by the multinomial theorem and the moments of its chi-squares."""

    def chi(degrees: int, power: int) -> Any:
        value = arb(1)
        for i in range(power):
            value = value * (degrees + 2 * i)
        return value

    def step(row: tuple[int, int, int, Any]) -> Any:
        kept, divisor, k, share = row
        total = arb(0)
        for i in range(order + 1):
            for j in range(order - i + 1):
                ways = arb(order).fac() / (arb(i).fac() * arb(j).fac() * arb(order - i - j).fac())
                part = arb(kept) ** (order - i - j) * chi(k - 1, i) * (1 - share) ** j * chi(1, j)
                total = total + ways * part
        return total / arb(divisor) ** order

    table = products([step(row) for row in _accumulate(n, max(t), estimator)])
    return [ball(variance) ** order * table[s] for s in t]


def accumulate_mean_error(
    n: Any, t: Times, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    r"""$\sum w_s^2\,\mathbb E\,\sigma_{s-1}^2/n_s$."""
    rows = _accumulate(n, max(t), estimator)
    before = products([_factor_mean(row) for row in rows])
    table = sums([w**2 * v / k for (_, _, k, w), v in zip(rows, before, strict=False)])
    return [ball(variance) * table[s] for s in t]


def _roots_and_logs(n: Any, last: int, estimator: str) -> tuple[list[Any], list[Any]]:
    roots, logs = [], []
    pool = 0
    for kept, divisor, k, _ in _accumulate(n, last, estimator):
        pool += k
        if kept:
            root, log = accumulate_factor(kept, divisor, k, pool)
        else:
            root, log = _moment_step(k, arb(0.5), estimator), digamma_step(k, estimator)
        roots.append(root)
        logs.append(log)
    return products(roots), sums(logs)


def accumulate_standard_deviation(
    n: Any, t: Times, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    """By rigorous quadrature of the transforms."""
    roots, _ = _roots_and_logs(n, max(t), estimator)
    return [ball(variance).sqrt() * roots[s] for s in t]


def accumulate_log_variance(n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    """By rigorous quadrature of the transforms."""
    _, logs = _roots_and_logs(n, max(t), estimator)
    return [logs[s] for s in t]


def accumulate_w2_squared(
    n: Any, t: Times, estimator: str = "mle", variance: float = 1.0
) -> list[Any]:
    """As under replace."""
    roots, _ = _roots_and_logs(n, max(t), estimator)
    error, spread = (f(n, t, estimator) for f in (accumulate_mean_error, accumulate_variance))
    rows = zip(t, error, spread, strict=True)
    return [ball(variance) * (e + v + 1 - 2 * roots[s]) for s, e, v in rows]


def accumulate_kl_to_truth(n: Any, t: Times, estimator: str = "mle") -> list[Any]:
    """As under replace."""
    _, logs = _roots_and_logs(n, max(t), estimator)
    error, spread = (f(n, t, estimator) for f in (accumulate_mean_error, accumulate_variance))
    return [(v + e - 1 - logs[s]) / 2 for s, e, v in zip(t, error, spread, strict=True)]
