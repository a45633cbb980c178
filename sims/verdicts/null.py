"""What a theorem allows: the interval in which the true mean must lie."""

import dataclasses
import math

Number = float | int


@dataclasses.dataclass(frozen=True)
class Null:
    """The means that agree with a theorem, an interval; `prediction` lies in it."""

    prediction: float
    lower: float
    upper: float

    @property
    def sides(self) -> int:
        """1 if only one side can be violated, else 2."""
        return 2 - math.isinf(self.lower) - math.isinf(self.upper) or 1

    @property
    def margin(self) -> float:
        """How far the interval extends beyond the prediction, where it ends at all."""
        ends = (self.prediction - self.lower, self.upper - self.prediction)
        return max((end for end in ends if math.isfinite(end)), default=0.0)

    def widen(self, by: Number) -> "Null":
        """The interval with both ends moved outwards."""
        return Null(self.prediction, self.lower - by, self.upper + by)

    def distance(self, mean: Number, se: Number) -> float:
        """Signed distance of a mean from the interval, in standard errors."""
        gap = mean - min(max(mean, self.lower), self.upper)
        if gap == 0:
            return 0.0
        return gap / se if se > 0 else math.copysign(math.inf, gap)
