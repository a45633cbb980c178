"""`Where` a theorem holds: a predicate over loops that can also say itself in words."""

import dataclasses
from collections.abc import Callable

from modelcollapse.theory.channel import AbstractChannel, Faithful
from modelcollapse.theory.family import AbstractFamily
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.regimes import AbstractRegime

_SIZES = ("n", "n_real", "n_synthetic")


def _types(value: type | tuple[type, ...]) -> tuple[type, ...]:
    return value if isinstance(value, tuple) else (value,)


@dataclasses.dataclass(frozen=True)
class Where:
    """The loops that a theorem speaks about.

    - `family`, `regime`, `channel`: a type or several; abstract types cover all their subtypes.
    - `estimator`: of the family, where it matters.
    - `constant`: true if every sample size must be the same number in all generations.
    - `also`: a further condition on the loop, said in words by `assuming`.
    """

    family: type[AbstractFamily] | tuple[type[AbstractFamily], ...] = AbstractFamily
    regime: type[AbstractRegime] | tuple[type[AbstractRegime], ...] = AbstractRegime
    estimator: str | None = None
    constant: bool = False
    channel: type[AbstractChannel] = Faithful
    also: Callable[[Loop], bool] | None = None
    assuming: str = ""

    def __call__(self, loop: Loop) -> bool:
        return (
            isinstance(loop.truth, _types(self.family))
            and isinstance(loop.regime, _types(self.regime))
            and isinstance(loop.channel, self.channel)
            and self.estimator in (None, getattr(loop.truth, "estimator", None))
            and not (self.constant and not has_constant_sizes(loop))
            and (self.also is None or bool(self.also(loop)))
        )

    @property
    def families(self) -> list[str]:
        return [kind.__name__ for kind in _types(self.family)]

    @property
    def regimes(self) -> list[str]:
        return [kind.__name__ for kind in _types(self.regime)]

    @property
    def assumptions(self) -> list[str]:
        """The conditions beyond the types, in words."""
        words = []
        if self.estimator:
            words.append(f"estimator {self.estimator}")
        words.append("constant n" if self.constant else "any schedule of n")
        if self.assuming:
            words.append(self.assuming)
        return words


def has_constant_sizes(loop: Loop) -> bool:
    """True if every sample size of the loop's regime is one number."""
    return all(isinstance(getattr(loop.regime, size, 0), int) for size in _SIZES)
