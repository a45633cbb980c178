"""What an error certificate consists of: a float function, its twin in balls, a grid, and a claim."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from flint import ctx

from modelcollapse.proofs.certified.balls import worst

#: The grid that most functions of n and t are tried on.
SIZES = (2, 3, 4, 5, 10, 100, 10_000)
TIMES = [0, 1, 2, 3, 10, 100, 1000]
SCHEDULE = [4, 7, 5, 9, 2, 30, 3, 1000]
LISTED = [0, 1, 2, 3, 4, 5, 8]
ESTIMATORS = ("mle", "unbiased")


@dataclasses.dataclass(frozen=True)
class Case:
    """A float64 function of `theory` and the largest error claimed for it on the grid.

    - `function`, `true`: the same keyword arguments give floats and the balls they should lie in.
    - `grid`: those arguments.
    - `claim`: the largest error relative to the value, or to `floor` where the value is smaller.
    - `bits`: of the balls, which long recursions widen at every step.
    """

    function: Callable[..., Any]
    true: Callable[..., Any]
    grid: tuple[dict[str, Any], ...]
    claim: float
    floor: float = 0.0
    bits: int = 200

    @property
    def name(self) -> str:
        """The function's module and name below `theory`."""
        module = self.function.__module__.removeprefix("modelcollapse.theory.")
        return f"{module}.{self.function.__name__}"

    def error(self) -> float:
        """A proved upper bound of the largest error over the grid."""
        with ctx.workprec(self.bits):
            return max(self._of(arguments) for arguments in self.grid)

    def _of(self, arguments: dict[str, Any]) -> float:
        values = self.function(**arguments)
        balls = self.true(**arguments)
        flat = (
            np.concatenate([np.ravel(v) for v in values]) if isinstance(values, tuple) else values
        )
        return worst(np.ravel(flat), _flat(balls), self.floor)


def _flat(balls: Any) -> list[Any]:
    if not isinstance(balls, list | tuple):
        return [balls]
    if balls and isinstance(balls[0], tuple):
        # A list of pairs: the float function gives a pair of arrays.
        return [part for column in zip(*balls, strict=True) for part in column]
    return list(balls)


def grid(*choices: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Every combination of one dictionary from each of the choices, merged."""
    rows: list[dict[str, Any]] = [{}]
    for choice in choices:
        options = list(choice)
        rows = [row | option for row in rows for option in options]
    return tuple(rows)


def each(name: str, *values: Any) -> list[dict[str, Any]]:
    """One dictionary a value."""
    return [{name: value} for value in values]


def first(true: Callable[..., Any]) -> Callable[..., Any]:
    """The first of each pair that `true` gives."""
    return lambda **arguments: [pair[0] for pair in true(**arguments)]


def second(true: Callable[..., Any]) -> Callable[..., Any]:
    """The second of each pair that `true` gives."""
    return lambda **arguments: [pair[1] for pair in true(**arguments)]
