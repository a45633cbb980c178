r"""Every p-value, resolution and number of chains needed is computed here, and nowhere else.

A comparison asks whether the mean of $C$ independent chains agrees with a *null interval*: the
prediction, widened by rounding and by what the theorem itself leaves open. Five tests serve it.

- **Binomial.** A share of chains is compared exactly. An event of probability zero refutes.
- **Mean.** With $z$ the distance from the interval in standard errors,
  $p = 2Q(z)\exp(c_3z^3+c_4z^4)$: Cramér's (1938) correction of the normal tail by skewness and
  kurtosis, taken as adverse to both sides. It is *certified* only if the exponent is at most 1 at
  the decision threshold; else it neither refutes nor supports.
- **Bernstein.** Where theory bounds the law of one chain, few chains do; see `tails.py`.
- **Bounded.** If every chain lies in a known $[a,b]$ and the mean test is not certified,
  Hoeffding's (1963) $P(\bar x\ge x)\le e^{-C\,\mathrm{kl}(x\|m)}$ holds whatever the law. As the data
  choose between these two, each gets half of the allotment.
- **Constant.** If all chains agree, the prediction has to equal them up to rounding.

With variance $s^2$ and skewness $\gamma$ from theory, $c_3=|\gamma|/6\sqrt C$ and the standard error
is the larger of theory's and the run's: the first guards against rare chains that were not seen,
the second against one that was. From the run alone the statistic is Student's, for which
$c_3=|\gamma|/3\sqrt C$ (Shao 1999) and normal data already need $1/4C$ in $c_4$.
The *resolution* is the smallest error of a prediction that such data refute with probability 0.999.
"""

import dataclasses
import math
from typing import Any

from scipy import special, stats

from modelcollapse.sims.moments import Moments
from modelcollapse.sims.verdicts.null import Null, Number
from modelcollapse.sims.verdicts.tails import POWER, MeanTest, SubGammaTest, root

#: Rounding allowed for, in units of the relative spacing of the chains' floating-point numbers.
ROUNDING = 16
#: Sample skewness and kurtosis are reckoned as if the most extreme chain had so many companions.
COMPANIONS = 3
#: Rounding of a prediction that lies just outside of its possible range.
SLACK = 1e-12

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What one comparison says.

    - `p`, `statistic` (signed distance from the null interval in standard errors), `se`.
    - `reach`: the resolution in absolute terms.
    - `certified`: whether the p-value can be trusted at the threshold.
    - `chains`: about how many would certify it; 0 if certified, infinite if none would.
    - `test`: which test it was; `note`: why not certified, or what is special.
    """

    p: float
    statistic: float
    se: float
    reach: float
    certified: bool
    test: str
    chains: float = 0.0
    note: str = ""

    def needed(self, null: Null, count: Number, distance: Number, alpha: Number) -> float:
        """About how many chains, now `count`, bring the resolution down to `distance` and certify
        it; infinite if none do."""
        open_part = null.margin
        if not distance > open_part:
            return math.inf
        if self.certified and self.reach <= distance:
            return float(count)
        reach = self.reach - open_part
        if not math.isfinite(reach):
            reach = -float(special.ndtri([alpha / null.sides, 1 - POWER]).sum()) * self.se
        # Beyond any number of chains, but with a finite square.
        ratio = min(reach / (distance - open_part), 1e100)
        chains = max(count * ratio**2, self.chains)
        return float(math.ceil(chains)) if math.isfinite(chains) else math.inf


def cautious(moments: Moments) -> tuple[float, float]:
    """Absolute skewness and excess kurtosis of a run, raised by what `COMPANIONS` more chains like
    its most extreme one would add. A sample ruled by few chains so gives itself away."""
    sd = math.sqrt(moments.variance)
    if not sd > 0:
        return math.inf, math.inf
    furthest = max(moments.maximum - moments.mean, moments.mean - moments.minimum) / sd
    skewness = abs(moments.skewness) + COMPANIONS * furthest**3 / moments.count
    return skewness, max(moments.kurtosis, 0.0) + COMPANIONS * furthest**4 / moments.count


def _mean_test(moments: Moments, spread: Any, alpha: Number) -> MeanTest:
    skewness, kurtosis = cautious(moments)
    if spread is None:
        return MeanTest.student(moments.count, moments.variance, skewness, kurtosis, alpha)
    variance, theory_skewness = (float(value) for value in spread)
    variance = max(variance, moments.variance) if variance >= 0 else math.inf
    if moments.variance == 0:
        kurtosis = 0.0
    return MeanTest.known(moments.count, variance, theory_skewness, kurtosis, alpha)


def relative_entropy(x: Number, m: Number) -> float:
    r"""$\mathrm{kl}(x\|m)=x\log\frac xm+(1-x)\log\frac{1-x}{1-m}$, infinite for an impossible x."""
    return float(special.rel_entr(x, m) + special.rel_entr(1 - x, 1 - m))


def _beyond(x: Number, exponent: Number, side: int) -> float:
    r"""The mean $m$ above (`side` 1) or below `x` with $\mathrm{kl}(x\|m)=$ `exponent`."""
    return float(
        root(lambda m: min(relative_entropy(x, m), 1e3 + exponent) - exponent, x, float(side > 0))
    )


def _furthest(m: Number, exponent: Number, side: int) -> float:
    r"""The `x` above or below `m` with $\mathrm{kl}(x\|m)=$ `exponent`, or the end of [0, 1]."""
    end = float(side > 0)
    if relative_entropy(end, m) <= exponent:
        return end
    return root(lambda x: min(relative_entropy(x, m), 1e3) - exponent, m, end)


def _bounded_reach(prediction: Number, count: Number, alpha: Number) -> float:
    caught, needed = -math.log(1 - POWER) / count, -math.log(alpha) / count
    shifts = []
    for side in (1, -1):
        x = _furthest(prediction, caught, side) if 0 < prediction < 1 else prediction
        if x != float(side > 0):
            shifts.append(abs(_beyond(x, needed, side) - prediction))
    return max(shifts, default=math.inf)


def _share_reach(prediction: Number, count: Number, alpha: Number) -> float:
    shifts = []
    high, low = (float(stats.binom.ppf(q, count, prediction)) for q in (POWER, 1 - POWER))
    if high < count:
        shifts.append(float(special.betainccinv(high + 1, count - high, alpha)) - prediction)
    if low > 0:
        shifts.append(prediction - float(special.betaincinv(low, count - low + 1, alpha)))
    return max(shifts, default=math.inf)


def at_least(successes: Number, count: Number, probability: Number) -> float:
    r"""$P(X\ge k)$ of a binomial variable, to full relative precision."""
    if successes <= 0:
        return 1.0
    return float(special.betainc(successes, count - successes + 1, probability))


def at_most(successes: Number, count: Number, probability: Number) -> float:
    r"""$P(X\le k)$ of a binomial variable, to full relative precision."""
    if successes >= count:
        return 1.0
    return float(special.betaincc(successes + 1, count - successes, probability))


def weigh(
    moments: Moments,
    null: Null,
    *,
    alpha: Number,
    spread: Any = None,
    sub_gamma: Any = None,
    bounds: Bounds = UNBOUNDED,
    share: bool = False,
    epsilon: Number = 2.0**-23,
    least: Number = 0.0,
) -> Evidence:
    """Compare the mean of a run with a null interval.

    **Arguments:**

    - `moments`: of the chains, which are independent.
    - `null`: what the theorem allows, before rounding.
    - `alpha`: false-alarm probability of this comparison, both sides together.
    - `spread`: (variance, skewness) of a chain's value according to theory, if known.
    - `sub_gamma`: (v, c) of a chain's law according to theory, if known; not used if v is infinite.
    - `bounds`: an interval in which every chain lies for certain.
    - `share`: the values are 0 or 1.
    - `epsilon`: relative spacing of the chains' floating-point numbers.
    - `least`: the smallest of these that is positive: what is below may have become zero.
    """
    special_case = _without_test(moments, null)
    if special_case is not None:
        return special_case
    if share:
        return _weigh_share(moments, null, alpha, ROUNDING * epsilon)
    return _weigh_mean(moments, null, alpha, spread, sub_gamma, bounds, ROUNDING * epsilon, least)


def _without_test(moments: Moments, null: Null) -> Evidence | None:
    """Predictions and data that are not numbers, or not finite."""
    if not moments.count > 0:
        return _silent("no chains")
    if math.isnan(null.prediction):
        return _plain(0.0, "the prediction is not a number")
    if math.isnan(moments.mean):
        return _silent("the simulated mean is not a number")
    if math.isinf(moments.mean):
        # It may be an overflow of the chains' own floating-point numbers.
        return _silent("some chains are infinite")
    if math.isinf(null.prediction):
        return _silent("finite chains cannot test an infinite mean")
    return None


def _plain(p: float, note: str) -> Evidence:
    return Evidence(p, math.nan, math.nan, 0.0, True, "none", note=note)


def _silent(note: str) -> Evidence:
    return Evidence(math.nan, math.nan, math.nan, math.inf, False, "none", math.inf, note)


def _weigh_share(moments: Moments, null: Null, alpha: Number, rounding: Number) -> Evidence:
    count, prediction = moments.count, null.prediction
    successes = round(moments.mean * count)
    # Relative to both the share and its complement: what is impossible stays impossible.
    null = null.widen(rounding * max(min(prediction, 1 - prediction), 0.0))
    se = math.sqrt(max(prediction * (1 - prediction), 0.0) / count)
    statistic = null.distance(successes / count, se)
    if null.upper < -SLACK or null.lower > 1 + SLACK:
        return Evidence(0.0, statistic, se, math.nan, True, "binomial", note="not a probability")
    tails = (
        at_least(successes, count, min(max(null.upper, 0.0), 1.0)),
        at_most(successes, count, min(max(null.lower, 0.0), 1.0)),
    )
    p = min(1.0, null.sides * min(tails))
    reach = _share_reach(min(max(prediction, 0.0), 1.0), count, alpha / null.sides)
    return Evidence(p, statistic, se, reach + null.margin, True, "binomial")


def _weigh_mean(
    moments: Moments,
    null: Null,
    alpha: Number,
    spread: Any,
    sub_gamma: Any,
    bounds: Bounds,
    rounding: Number,
    least: Number,
) -> Evidence:
    bounded = math.isfinite(bounds[0]) and math.isfinite(bounds[1]) and bounds[0] < bounds[1]
    constant = moments.minimum == moments.maximum
    rms = math.hypot(moments.mean, math.sqrt(moments.variance))
    tolerance = rounding * max(abs(null.prediction), rms) + least
    excluded = _excluded(moments, null, bounds, tolerance)
    # Nothing is rounded away from a prediction of exactly zero.
    null = null.widen(tolerance if null.prediction != bounds[0] or bounds[0] != 0 else 0.0)
    if excluded:
        se = math.sqrt(moments.variance / max(moments.count - 1, 1))
        statistic = null.distance(moments.mean, se)
        note = "an event that the prediction excludes"
        return Evidence(0.0, statistic, se, math.nan, True, "bounded", note=note)
    law = _sub_gamma_test(sub_gamma, moments.count, alpha / null.sides)
    if law is not None:
        distance = abs(null.distance(moments.mean, 1.0))
        p = min(1.0, null.sides * math.exp(law.log_tail(distance)))
        statistic = null.distance(moments.mean, law.se)
        return Evidence(p, statistic, law.se, law.reach + null.margin, True, "Bernstein")
    choices = null.sides * (2 if bounded else 1)
    theory = spread is not None and float(spread[0]) > 0
    if constant and not theory and not bounded:
        if moments.count < 2 and bounds[0] < bounds[1]:
            return _silent("one chain shows no spread")
        agrees = null.lower <= moments.mean <= null.upper
        statistic = null.distance(moments.mean, 0.0)
        return Evidence(float(agrees), statistic, 0.0, null.margin, True, "constant")
    test = _mean_test(moments, spread, alpha / choices)
    certified = test.certified and (theory or not constant)
    if bounded and not certified:
        return _weigh_bounded(moments, null, alpha, choices, bounds)
    statistic = null.distance(moments.mean, test.se)
    if not certified:
        note = "too skewed or heavy-tailed for so few chains"
        return Evidence(math.nan, statistic, test.se, math.inf, False, "mean", test.chains, note)
    p = min(1.0, choices * math.exp(test.log_tail(abs(statistic)))) if statistic else 1.0
    return Evidence(p, statistic, test.se, test.reach + null.margin, True, "mean")


def _sub_gamma_test(sub_gamma: Any, count: Number, alpha: Number) -> SubGammaTest | None:
    if sub_gamma is None:
        return None
    variance, scale = (float(value) for value in sub_gamma)
    return SubGammaTest(count, variance, scale, alpha) if 0 < variance < math.inf else None


def _excluded(moments: Moments, null: Null, bounds: Bounds, tolerance: Number) -> bool:
    """Whether the null lies outside of the bounds, or at an end of them that some chain is not at."""
    low, high = bounds
    if null.upper <= low:
        beyond = null.upper < low - tolerance - SLACK * abs(high - low if high < math.inf else 1.0)
        return beyond or moments.maximum > low + (tolerance if low != 0 else 0.0)
    if null.lower >= high:
        beyond = null.lower > high + tolerance + SLACK * abs(high - low if low > -math.inf else 1.0)
        return beyond or moments.minimum < high - tolerance
    return False


def _weigh_bounded(
    moments: Moments, null: Null, alpha: Number, choices: int, bounds: Bounds
) -> Evidence:
    low, width = bounds[0], bounds[1] - bounds[0]
    mean, m, lower, upper = (
        min(max((value - low) / width, 0.0), 1.0)
        for value in (moments.mean, null.prediction, null.lower, null.upper)
    )
    edge = min(max(mean, lower), upper)
    tail = math.exp(-moments.count * relative_entropy(mean, edge)) if edge != mean else 1.0
    reach = width * _bounded_reach(m, moments.count, alpha / choices) + null.margin
    se = math.sqrt(moments.variance / max(moments.count - 1, 1))
    statistic = null.distance(moments.mean, se)
    return Evidence(min(1.0, choices * tail), statistic, se, reach, True, "bounded")


def foresee(
    null: Null, count: Number, *, alpha: Number, spread: Any = None, sub_gamma: Any = None
) -> Evidence:
    """What a comparison will be able to tell, from theory alone: certified or not, and the reach.

    Without a `spread` or a `sub_gamma` law, the comparison is of a share."""
    p = null.prediction
    one_sided = alpha / null.sides
    if not math.isfinite(p):
        return Evidence(math.nan, math.nan, math.nan, math.inf, False, "none", math.inf)
    law = _sub_gamma_test(sub_gamma, count, one_sided)
    if law is not None:
        return Evidence(math.nan, math.nan, law.se, law.reach + null.margin, True, "Bernstein")
    if spread is None:
        p = min(max(p, 0.0), 1.0)
        se, reach = math.sqrt(p * (1 - p) / count), _share_reach(p, count, one_sided)
        return Evidence(math.nan, math.nan, se, reach + null.margin, True, "binomial")
    variance, skewness = (float(value) for value in spread)
    if not 0 <= variance < math.inf:
        return Evidence(math.nan, math.nan, math.nan, math.inf, False, "mean", math.inf)
    test = MeanTest.known(count, variance, skewness, 0.0, one_sided)
    if variance == 0 or not test.certified:
        chains = math.inf if variance == 0 else test.chains
        return Evidence(math.nan, math.nan, test.se, math.inf, False, "mean", chains)
    return Evidence(math.nan, math.nan, test.se, test.reach + null.margin, True, "mean")
