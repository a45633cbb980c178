r"""Constants and limits quoted in the theory's docstrings, in its statements and in the tests, enclosed.

Each function returns, by name, a ball and the decimals as quoted; a quotation is right if the number
rounds to it. Where a constant has a closed form and a series, both are enclosed, and must meet.
"""

from collections.abc import Callable
from typing import Any

from flint import arb, ctx

from modelcollapse.proofs.certified import categorical, gaussian
from modelcollapse.proofs.certified.integrals import product_cdf

Quoted = dict[str, tuple[Any, str]]


def rounds_to(number: Any, quoted: str) -> bool:
    """Whether every number in the ball is within half a unit of the last digit quoted."""
    mantissa, _, exponent = quoted.partition("e")
    digits = len(mantissa.partition(".")[2])
    unit = arb(10) ** (int(exponent or 0) - digits)
    return bool(abs(number - arb(quoted)) <= unit / 2)


def limits() -> Quoted:
    r"""Accumulate's $\sin(x)/x$, $x=\pi/\sqrt n$, from Euler's product too: with $u/(1-u)\le1/(ns(s-1))$ at
    $u=1/(ns^2)$, the factors beyond S leave between $e^{-1/(nS)}$ and one. And the sums behind $\pi^2/6$ and $\pi^2/2-2$."""
    last = 2000
    values: Quoted = {}
    for n, quoted in ((2, "0.3582"), (4, "0.6366"), (10, "0.8434"), (100, "0.98363")):
        product = arb(1)
        for s in range(1, last + 1):
            product *= 1 - arb(1) / (n * s * s)
        remainder = arb(1) / (n * arb(last))
        series = product * (-remainder).exp().union(arb(1))
        closed = gaussian.accumulate_limit(n)
        values[f"sinc, n = {n}"] = (closed.intersection(series), quoted)
    squares = sum((arb(1) / (s * s) for s in range(1, last + 1)), arb(0))
    squares += (arb(1) / (last + 1)).union(arb(1) / last)
    values["pi^2/6"] = ((arb.pi() ** 2 / 6).intersection(squares), "1.644934")
    moves = sum(((2 - arb(1) / s) / (s + 1) ** 2 for s in range(1, last + 1)), arb(0))
    tail = (2 / (arb(last) + 1)).union(arb(0))
    values["pi^2/2 - 2"] = ((arb.pi() ** 2 / 2 - 2).intersection(2 + moves + tail), "2.93")
    values["unbiased, n = 2"] = (gaussian.accumulate_limit(2, "unbiased"), "0.666667")
    return values


def lyapunov() -> Quoted:
    r"""$L=\psi(\nu/2)+\log(2/c)$, and the generations in which a typical $\sigma_t$ halves; at n = 2
    $\psi(1/2)=-\gamma-\log4$ and the variance of the log-variance is $\psi_1(1/2)=\pi^2/2$."""
    euler = arb.const_euler()
    mle, unbiased = gaussian.digamma_step(2), gaussian.digamma_step(2, "unbiased")
    return {
        "mle, n = 2": (mle.intersection(-euler - arb(4).log()), "-1.9635"),
        "unbiased, n = 2": (unbiased.intersection(-euler - arb(2).log()), "-1.2704"),
        "mle, n = 10": (gaussian.digamma_step(10), "-0.2206"),
        "unbiased, n = 10": (gaussian.digamma_step(10, "unbiased"), "-0.1152"),
        "mle, n = 100": (gaussian.digamma_step(100), "-0.020185"),
        "unbiased, n = 100": (gaussian.digamma_step(100, "unbiased"), "-0.010135"),
        "half-life, mle, n = 100": (gaussian.half_life(100), "68.7"),
        "spread, n = 2": (
            gaussian.cumulant(2, [1], 2)[0].intersection(arb.pi() ** 2 / 2),
            "4.934802",
        ),
        "Siegmund's overshoot": (-arb(0.5).zeta() / (2 * arb.pi()).sqrt(), "0.5826"),
    }


def clock() -> Quoted:
    r"""The branching clock, and its two bounds at every generation up to a thousand: the least slack of
    each, which has to be positive, is quoted to say that the bounds are close."""
    g = categorical.clock(range(1001))
    harmonic, above, below = arb(0), [], []
    for t in range(1, 1001):
        harmonic += arb(1) / t
        above.append(2 / arb(t + 1) - g[t])
        below.append(g[t] - 2 / (t + 1 + (harmonic - 1) / 3))
    # At t = 1 both are equalities.
    signs = all(x > 0 for x in above[1:]) and all(x > 0 for x in below[1:])
    equal = above[0].contains(0) and below[0].contains(0)
    return {
        "g_2": (g[2], "0.632121"),
        "g_10": (g[10], "0.172"),
        "1000 g_1000": (1000 * g[1000], "1.994"),
        "bounds hold": (arb(int(signs and equal)), "1"),
    }


def gamma_ratios() -> Quoted:
    r"""Ratios of gamma functions: $c_4(n)=\sqrt{2/(n-1)}\,\Gamma(n/2)/\Gamma((n-1)/2)$, with
    $c_4(2)=\sqrt{2/\pi}$; and Meijer G values, the law of the log-variance."""
    c4 = gaussian.variance_moment(2, [1], 0.5, "unbiased")[0]
    # One chi-square of two degrees is exponential: P(chi^2/3 <= e^x) = 1 - exp(-3 e^x / 2).
    exponential = 1 - (-3 * arb(-0.5).exp() / 2).exp()
    # And the law at one generation is an incomplete gamma function.
    incomplete = (5 * arb(-0.5).exp() / 2).gamma_lower(arb(2), regularized=1)
    return {
        "c_4(2)": (c4.intersection((2 / arb.pi()).sqrt()), "0.797885"),
        "c_4(10)": (gaussian.variance_moment(10, [1], 0.5, "unbiased")[0], "0.9727"),
        "n = 3, t = 1, x = -0.5": (product_cdf(-0.5, [2], [3]).intersection(exponential), "0.597"),
        "n = 5, t = 1, x = -0.5": (
            product_cdf(-0.5, [4], [5]).intersection(incomplete),
            "0.447624",
        ),
        "n = 5, t = 3, x = -0.5": (product_cdf(-0.5, [4] * 3, [5] * 3), "0.7509853391"),
        "n = 5, t = 10, x = -1.5": (product_cdf(-1.5, [4] * 10, [5] * 10), "0.9185993262"),
    }


def words() -> Quoted:
    r"""Words alive by the two-cumulant closure: Zipf's law on 100,000 words, a million tokens. The closure's
    error is another matter (its envelope); at the first generation it is exact."""
    with ctx.workprec(80):
        total = sum((arb(1) / r for r in range(1, 100_001)), arb(0))
        logs = [(1 - 1 / (total * r)).log() for r in range(1, 100_001)]
        values: Quoted = {}
        quoted = {1: "80736.7201", 10: "34777.2172", 100: "7363.6786", 1000: "1126.2257"}
        for t, decimals in quoted.items():
            with ctx.workprec(2000):
                mean, spread, _, _ = categorical.numbers(10**6, t)
            half = +spread / 2
            alive = sum((1 - (g * (+mean + half * g)).exp() for g in logs), arb(0))
            values[f"t = {t}"] = (alive, decimals)
    return values


def closure() -> Quoted:
    r"""The relative error of the closure's mean, $\mathbb E A_{t-1}$, in units of $(t/n)^2$: at n = 40 and
    t/n = 1/2, 1, 2 against the exact law: below $3.2\cdot10^{-3}$, as the docstring of `cumulants` has it."""
    values: Quoted = {}
    law = {1: [arb(0)] * 40 + [arb(1)]}
    for t in range(2, 81):
        law[t] = categorical.throw(law[t - 1], 40)
    for t, quoted in ((20, "0.0018"), (40, "0.0023"), (80, "0.0031")):
        exact = sum((w * a for a, w in enumerate(law[t])), arb(0))
        with ctx.workprec(2000):
            mean = categorical.numbers(40, t)[0]
        values[f"t = {t}"] = (abs(mean / exact - 1) * 1600 / (t * t), quoted)
    return values


#: Every table of this module, by name.
CONSTANTS: dict[str, Callable[[], Quoted]] = {
    table.__name__: table for table in (limits, lyapunov, clock, gamma_ratios, words, closure)
}
