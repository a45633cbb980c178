"""Make one figure: simulate what it needs, draw it, and write it with its data."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modelcollapse.figures.protocol import Plan, simulate_plans
from modelcollapse.figures.registry import FIGURES
from modelcollapse.figures.style import save
from modelcollapse.sims import Run
from modelcollapse.sims.verdicts import Verdict, check


@dataclasses.dataclass(frozen=True)
class Finished:
    """A figure that has been made, and all that the report says about it.

    `verdicts` are those on its own runs, as far as these can tell."""

    name: str
    title: str
    caption: str
    theorems: tuple[str, ...]
    runs: dict[str, Run]
    verdicts: dict[str, tuple[Verdict, ...]]
    svg: bytes
    seconds: float


def produce(
    name: str, plans: Mapping[str, Plan], key: Any, folder: Path, tick: Callable[[str], None]
) -> Finished:
    """Write `NAME.png`, `NAME.svg` and `data/NAME-RUN.nc` under `folder`.

    `tick(words)` is called before each step, of which there are two more than plans.
    """
    started = time.perf_counter()
    figure = FIGURES[name]
    runs = simulate_plans(name, plans, key, lambda run: tick(f"{name} {run}"))
    tick(f"{name} verdicts")
    verdicts = {which: check(run, names=figure.THEOREMS).verdicts for which, run in runs.items()}
    tick(f"{name} drawing")
    drawn = figure.draw(runs)
    save(drawn, folder / f"{name}.png")
    save(drawn, folder / f"{name}.svg")
    (folder / "data").mkdir()
    for which, run in runs.items():
        run.save(folder / "data" / f"{name}-{which}.nc")
    return Finished(
        name=name,
        title=figure.TITLE,
        caption=figure.CAPTION,
        theorems=figure.THEOREMS,
        runs=runs,
        verdicts=verdicts,
        svg=(folder / f"{name}.svg").read_bytes(),
        seconds=time.perf_counter() - started,
    )
