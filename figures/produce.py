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
from modelcollapse.sims.verdicts import Report, check


@dataclasses.dataclass(frozen=True)
class Finished:
    """A figure that has been made, and all that the report says about it."""

    name: str
    title: str
    caption: str
    theorems: tuple[str, ...]
    runs: dict[str, Run]
    checks: dict[str, Report]
    svg: bytes
    seconds: float

    @property
    def refuted(self) -> tuple[str, ...]:
        """Theorems that the figure's own runs refute."""
        outcomes = [verdict for report in self.checks.values() for verdict in report.verdicts]
        return tuple(dict.fromkeys(v.theorem for v in outcomes if v.outcome == "refuted"))


def produce(
    name: str, plans: Mapping[str, Plan], key: Any, folder: Path, tick: Callable[[str], None]
) -> Finished:
    """Write `NAME.png`, `NAME.svg` and `data/NAME-RUN.nc` under `folder`.

    Every run is also checked against the theorems about its loop. `tick(words)` is called before
    each step, of which there are one more than plans.
    """
    started = time.perf_counter()
    figure = FIGURES[name]
    runs = simulate_plans(name, plans, key, lambda run: tick(f"{name} {run}"))
    tick(f"{name} drawing")
    drawn = figure.draw(runs)
    save(drawn, folder / f"{name}.png")
    save(drawn, folder / f"{name}.svg")
    (folder / "data").mkdir()
    for which, run in runs.items():
        run.save(folder / "data" / f"{name}-{which}.nc")
    checks = {which: check(run) for which, run in runs.items()}
    return Finished(
        name=name,
        title=figure.TITLE,
        caption=figure.CAPTION,
        theorems=figure.THEOREMS,
        runs=runs,
        checks=checks,
        svg=(folder / f"{name}.svg").read_bytes(),
        seconds=time.perf_counter() - started,
    )
