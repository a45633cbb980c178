r"""How far the mean of independent chains strays from its expectation.

[`MeanTest`][] is for means that are nearly normal, and knows when they are. [`SubGammaTest`][] is
for chains whose own law theory bounds: few of them do."""

import dataclasses
import math
from collections.abc import Callable

from scipy import optimize, special

from modelcollapse.sims.verdicts.null import Number

#: Probability with which an error as large as the resolution is caught.
POWER = 0.999
#: A correction of the normal tail from which on no number of chains certifies; its square is finite.
_HOPELESS = 1e100


@dataclasses.dataclass(frozen=True)
class MeanTest:
    r"""Tail of a standardised mean: $Q(z)\exp(c_3z^3+c_4z^4)$, and its threshold at `alpha`."""

    count: Number
    se: float
    cubic: float
    quartic: float
    alpha: float

    @staticmethod
    def known(count: Number, variance: Number, skewness: Number, kurtosis: Number, alpha: Number):
        """Variance and skewness from theory."""
        se = math.sqrt(variance / count)
        cubic, quartic = abs(skewness) / 6 / math.sqrt(count), max(kurtosis, 0.0) / 24 / count
        return MeanTest(count, se, min(cubic, _HOPELESS), min(quartic, _HOPELESS), alpha)

    @staticmethod
    def student(count: Number, variance: Number, skewness: Number, kurtosis: Number, alpha: Number):
        """All moments from the run."""
        se = math.sqrt(variance / max(count - 1, 1))
        cubic = abs(skewness) / 3 / math.sqrt(count)
        quartic = (max(kurtosis, 0.0) / 24 + 0.25) / count
        return MeanTest(count, se, min(cubic, _HOPELESS), min(quartic, _HOPELESS), alpha)

    @property
    def turn(self) -> float:
        """Where the corrected tail stops falling: beyond it the value there is kept."""
        slope, bend = 3 * self.cubic, 4 * self.quartic
        if slope == bend == 0:
            return math.inf
        return 2 / (slope + math.sqrt(slope**2 + 4 * bend))

    def exponent(self, z: Number) -> float:
        """The logarithm of the correction."""
        return self.cubic * z**3 + self.quartic * z**4

    def log_tail(self, z: Number) -> float:
        """Log-probability of a deviation beyond `z` standard errors to one side."""
        z = min(z, self.turn)
        return float(special.log_ndtr(-z)) + self.exponent(z)

    def quantile(self, probability: Number) -> float:
        """The `z` whose tail is `probability`; infinite if the corrected tail never gets there."""
        end, target = min(self.turn, 200.0), math.log(min(probability, 0.5))
        if not self.log_tail(end) <= target:
            return math.inf
        cubic, quartic, log_ndtr = self.cubic, self.quartic, special.log_ndtr
        z = root(lambda z: log_ndtr(-z) + (cubic + quartic * z) * z**3 - target, 0.0, end)
        return z

    @property
    def reach(self) -> float:
        """The smallest shift caught at `POWER`."""
        return (self.quantile(self.alpha) + self.quantile(1 - POWER)) * self.se

    @property
    def certified(self) -> bool:
        """Whether the correction is at most a factor e at the threshold."""
        z = self.quantile(self.alpha) if math.isfinite(self.exponent(1.0)) else math.inf
        return math.isfinite(z) and self.exponent(z) <= 1 and 0 < self.se < math.inf

    @property
    def chains(self) -> float:
        """Chains from which on it would be certified, were the moments as given."""
        if not math.isfinite(self.exponent(1.0)) or not math.isfinite(self.se):
            return math.inf
        z = -float(special.ndtri_exp(math.log(self.alpha) - 1))
        cubic = self.cubic * math.sqrt(self.count) * z**3
        quartic = self.quartic * self.count * z**4
        return float(math.ceil(((cubic + math.sqrt(cubic**2 + 4 * quartic)) / 2) ** 2))


@dataclasses.dataclass(frozen=True)
class SubGammaTest:
    r"""Bernstein's inequality for the mean of `count` chains with
    $\log\mathbb E\,e^{\lambda(X-\mathbb EX)}\le\lambda^2v/2(1-c|\lambda|)$:
    $P(\bar X-\mathbb EX\ge x)\le e^{-Cx^2/2(v+cx)}$, for any number of chains.

    Source: Boucheron, Lugosi & Massart 2013, theorem 2.10 and corollary 2.11."""

    count: Number
    variance: float
    scale: float
    alpha: float

    @property
    def se(self) -> float:
        """The largest standard error that the law allows."""
        return math.sqrt(self.variance / self.count)

    def log_tail(self, distance: Number) -> float:
        """Log-probability of a mean so far to one side; the largest law allowed."""
        return -self.count * distance**2 / 2 / (self.variance + self.scale * distance)

    def quantile(self, probability: Number) -> float:
        """The distance whose tail is `probability`."""
        bits = -math.log(probability)
        half = self.scale * bits
        return (half + math.sqrt(half**2 + 2 * self.count * self.variance * bits)) / self.count

    @property
    def reach(self) -> float:
        """The smallest shift caught at `POWER`."""
        return self.quantile(self.alpha) + self.quantile(1 - POWER)


def root(function: Callable[[float], float], low: Number, high: Number) -> float:
    """Where a function that changes sign between `low` and `high` is zero."""
    return float(optimize.brentq(function, low, high))  # pyright: ignore[reportArgumentType]
