"""What a judgement leaves behind: comparisons and verdicts, ready for JSON."""

import dataclasses
import hashlib
import json
import math
from typing import Any, Literal

import numpy as np

from modelcollapse.theory import Loop
from modelcollapse.theory.plain import encode

Outcome = Literal["supported", "refuted", "inconclusive"]

#: Arrays longer than this are recorded by length and digest.
_LONGEST_ARRAY = 16


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One prediction beside one simulated mean.

    - `statistic`: distance from what the theorem allows, in standard errors `se`.
    - `p`: the p-value, NaN where none can be trusted.
    - `resolution`: smallest relative error of the prediction caught with probability 0.999;
      absolute where the prediction is zero.
    - `verdict`: `inconclusive` where no p-value can be trusted or no wrong variant would show.
    - `test`: which test; `slack`: of a bound, relative like the resolution.
    """

    theorem: str
    parameters: dict[str, Any]
    generation: int
    column: str
    predicted: float
    simulated: float
    se: float
    statistic: float
    p: float
    resolution: float
    verdict: Outcome
    test: str
    slack: float | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The record for JSON: NaN becomes null, infinities the strings "inf" and "-inf"."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: plain(value) for name, value in fields.items()}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A theorem tried on one loop.

    - `outcome`, `reason` (empty if supported and nothing needs saying).
    - `variants`: the number of wrong variants tried.
    - `unresolved`: wrong variants that this run could not have told from the theorem, each with
      about how many chains it would take.
    """

    theorem: str
    loop: Loop
    outcome: Outcome
    comparisons: tuple[Comparison, ...]
    reason: str
    chains: int
    variants: int
    unresolved: dict[str, float]

    @property
    def resolution(self) -> float:
        """The finest resolution among the comparisons."""
        return min((c.resolution for c in self.comparisons if c.resolution >= 0), default=math.inf)

    @property
    def p(self) -> float:
        """The smallest p-value, one of `len(comparisons)`."""
        return min((c.p for c in self.comparisons if c.p >= 0), default=math.nan)

    @property
    def generations(self) -> tuple[int, ...]:
        """The generations judged."""
        return tuple(dict.fromkeys(c.generation for c in self.comparisons))

    def as_dict(self) -> dict[str, Any]:
        """The record for JSON."""
        return {
            "theorem": self.theorem,
            "parameters": parameters(self.loop),
            "outcome": self.outcome,
            "reason": self.reason,
            "chains": self.chains,
            "resolution": plain(self.resolution),
            "variants": self.variants,
            "unresolved": {name: plain(chains) for name, chains in self.unresolved.items()},
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
        }


def parameters(loop: Loop, generations: int = 1) -> dict[str, Any]:
    """The loop's description with nothing in it that JSON cannot hold."""
    return plain(loop.describe(generations))


def digest(loop: Loop, generations: int) -> bytes:
    """SHA-256 of the loop's description: equal loops agree in every process and on every machine."""
    arrays: dict[str, np.ndarray] = {}
    told = json.dumps(encode(loop, generations, arrays), sort_keys=True)
    state = hashlib.sha256(told.encode())
    for name in sorted(arrays):
        state.update(np.ascontiguousarray(arrays[name]).tobytes())
    return state.digest()


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        if value.size > _LONGEST_ARRAY:
            content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            return {"length": int(value.size), "sha256": content[:16]}
        return [plain(item) for item in value.tolist()]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def amount(chains: float) -> str:
    """A number of chains, to two digits where it is an estimate."""
    if math.isnan(chains):
        return ""
    if math.isinf(chains):
        return "no number of"
    return f"{chains:.1e}" if chains >= 1e4 else f"{chains:.0f}"
