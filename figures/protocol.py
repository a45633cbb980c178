"""What a figure is: a module that says which runs it needs and how to draw them."""

import dataclasses
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import jax
from matplotlib.figure import Figure

from modelcollapse.sims import Run, simulate
from modelcollapse.theory import Loop
from modelcollapse.theory.observables import AbstractObservable

Scale = Literal["quick", "default", "full"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """One run that a figure needs."""

    loop: Loop
    generations: int
    chains: int
    observables: tuple[AbstractObservable, ...]
    record: tuple[int, ...] | None = None
    path: str = "auto"
    #: Generations whose quantiles are drawn: those of all chains, not of a sample of them.
    quantiles: tuple[int, ...] | None = None


class FigureModule(Protocol):
    """A module of this package that draws one figure."""

    @property
    def TITLE(self) -> str:
        """One line: what the figure shows."""
        ...

    @property
    def CAPTION(self) -> str:
        """What the reader needs in order to read it."""
        ...

    @property
    def THEOREMS(self) -> tuple[str, ...]:
        """Names of the theorems drawn as lines or bands."""
        ...

    def plans(self, scale: Scale) -> dict[str, Plan]:
        """The runs that it needs, by name. Raises `MissingDataError` if data are not installed."""
        ...

    def draw(self, runs: Mapping[str, Run]) -> Figure:
        """The figure, from finished runs."""
        ...


def simulate_plans(
    figure: str, plans: Mapping[str, Plan], key: Any, tick: Callable[[str], None]
) -> dict[str, Run]:
    """Run every plan. The key of each is folded from its own name, so that adding a figure or a run
    changes no other. `tick(name)` is called before each."""
    runs = {}
    for name, plan in plans.items():
        tick(name)
        runs[name] = simulate(
            plan.loop,
            plan.generations,
            plan.chains,
            key=jax.random.fold_in(key, zlib.crc32(f"{figure}/{name}".encode())),
            observables=plan.observables,
            record=plan.record,
            path=plan.path,
            quantiles=plan.quantiles,
        )
    return runs
