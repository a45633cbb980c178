"""Theorems, the rows that try to break them, and the ledger that lists them."""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from modelcollapse.theory.ledger.where import Where
from modelcollapse.theory.ledger.wrong import Wrong
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import AbstractObservable, AtMost, Power

Kind = Literal["exact", "asymptotic", "bound", "conjecture"]
Gives = Literal["mean", "second moment", "cdf", "identity"]

#: Comparisons that a row may make: its false-alarm allotment is split over so many.
COMPARISONS_PER_ROW = 16


@dataclasses.dataclass(frozen=True)
class Row:
    """One loop on which a theorem is tried.

    - `generations`: where it is judged.
    - `wrong`: plausible wrong variants, each of which the same data must refute.
    - `chains`: enough to tell the theorem from the nearest of them.
    - `at`: for a theorem that gives a cdf, the values at which it is judged.
    """

    loop: Loop
    generations: tuple[int, ...]
    wrong: tuple[Wrong, ...]
    chains: int = 65_536
    at: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Theorem:
    r"""What a loop implies for an observable.

    `theorem(loop, t)` is the prediction at the generations `t`: float64, shape `(len(t),)`, or
    `(len(t), components)` for a vector observable. A theorem that gives a cdf takes its argument as
    a third parameter. `spread(loop, t)`, where it is known, is the pair (variance, skewness) of the
    observable over chains, so that a test need not estimate them. `sub_gamma(loop, t)` is the pair
    $(v,c)$ with $\log\mathbb E\,e^{\lambda(X-\mathbb EX)}\le\lambda^2v/2(1-c|\lambda|)$: a few chains can then be
    judged; v is infinite where that is not claimed. An asymptotic theorem has an
    `envelope(loop, t)`: the largest relative error claimed. A bound has a `side`.
    """

    name: str
    statement: str
    predict: Callable[..., Any]
    observable: AbstractObservable
    gives: Gives
    kind: Kind
    where: Where
    source: tuple[str, ...]
    rows: tuple[Row, ...]
    derived_here: bool = False
    proof: str | None = None
    side: Literal["lower", "upper"] | None = None
    spread: Callable[[Loop, Any], tuple[Any, Any]] | None = None
    sub_gamma: Callable[[Loop, Any], tuple[Any, Any]] | None = None
    envelope: Callable[[Loop, Any], Any] | None = None

    def __call__(self, loop: Loop, t: Any, *at: Any) -> np.ndarray:
        return np.asarray(self.predict(loop, np.atleast_1d(t), *at), dtype=np.float64)

    def observables(self, row: Row | None = None) -> tuple[AbstractObservable, ...]:
        """The observables whose means over chains are compared with the prediction."""
        if self.gives == "second moment":
            return (Power(self.observable, 2),)
        if self.gives == "cdf":
            return tuple(AtMost(self.observable, x) for x in (row.at if row else ()))
        return (self.observable,)


LEDGER: dict[str, Theorem] = {}


def theorem(
    *,
    observable: AbstractObservable,
    gives: Gives = "mean",
    kind: Kind = "exact",
    where: Where,
    source: str | Sequence[str],
    rows: Sequence[Row],
    derived_here: bool = False,
    proof: str | None = None,
    side: Literal["lower", "upper"] | None = None,
    spread: Callable[[Loop, Any], tuple[Any, Any]] | None = None,
    sub_gamma: Callable[[Loop, Any], tuple[Any, Any]] | None = None,
    envelope: Callable[[Loop, Any], Any] | None = None,
) -> Callable[[Callable[..., Any]], Theorem]:
    """Enter the decorated function `(loop, t) -> prediction` into the ledger under its own name.

    Its docstring is the statement. `source` holds keys of the bibliography. `derived_here` marks
    a result not found in the literature read; `source` then names the closest prior art.
    """

    def register(predict: Callable[..., Any]) -> Theorem:
        name = predict.__name__
        if name in LEDGER:
            raise ValueError(f"the ledger already holds a theorem named {name!r}.")
        if (kind == "bound") != (side is not None):
            raise ValueError(f"{name}: a bound, and only a bound, has a side.")
        if (kind == "asymptotic") != (envelope is not None):
            raise ValueError(f"{name}: an asymptotic theorem, and only that, has an envelope.")
        entry = Theorem(
            name=name,
            statement=inspect.cleandoc(predict.__doc__ or ""),
            predict=predict,
            observable=observable,
            gives=gives,
            kind=kind,
            where=where,
            source=(source,) if isinstance(source, str) else tuple(source),
            rows=tuple(rows),
            derived_here=derived_here,
            proof=proof,
            side=side,
            spread=spread,
            sub_gamma=sub_gamma,
            envelope=envelope,
        )
        for row in entry.rows:
            _check_row(entry, row)
        LEDGER[name] = entry
        return entry

    return register


def _check_row(entry: Theorem, row: Row) -> None:
    if not entry.where(row.loop):
        raise ValueError(f"{entry.name}: a row's loop lies outside of its own `where`.")
    if (entry.gives == "cdf") != bool(row.at):
        raise ValueError(f"{entry.name}: rows of a cdf, and only those, say where it is judged.")
    columns = sum(len(o.columns(row.loop.truth)) for o in entry.observables(row))
    if len(row.generations) * columns > COMPARISONS_PER_ROW:
        raise ValueError(
            f"{entry.name}: a row may make at most {COMPARISONS_PER_ROW} comparisons; "
            f"got {len(row.generations)} generations x {columns} columns."
        )


_STRENGTH = {"exact": 0, "asymptotic": 1, "bound": 2, "conjecture": 3}


def find(loop: Loop, observable: AbstractObservable | None = None) -> list[Theorem]:
    """Every theorem that speaks about the loop (and the observable), the strongest first."""
    matches = [
        entry
        for entry in LEDGER.values()
        if entry.where(loop)
        and (observable is None or observable in (entry.observable, *entry.observables()))
    ]
    return sorted(matches, key=lambda entry: _STRENGTH[entry.kind])
