"""The report: one HTML page that needs no other file."""

import base64
import importlib.resources
import json
from collections.abc import Sequence
from typing import Any

import jinja2
import numpy as np

from modelcollapse.figures.produce import Finished
from modelcollapse.sims import Run
from modelcollapse.sims.verdicts import Verdict
from modelcollapse.sims.verdicts.table import times


def render(
    finished: Sequence[Finished],
    verdicts: Sequence[Verdict],
    *,
    scale: str,
    seed: int,
    seconds: float,
) -> str:
    """The page, with figures embedded: captions, runs, verdicts, versions and seeds."""
    template = importlib.resources.files("modelcollapse.figures").joinpath("report.html.j2")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    own = [v for figure in finished for found in figure.verdicts.values() for v in found]
    outcomes = [verdict.outcome for verdict in (*own, *verdicts)]
    return environment.from_string(template.read_text("utf-8")).render(
        figures=[_figure(figure) for figure in finished],
        verdicts=[_verdict(verdict) for verdict in verdicts],
        counts={o: outcomes.count(o) for o in ("supported", "refuted", "inconclusive")},
        made=_made(finished, scale, seed, seconds),
    )


def _figure(figure: Finished) -> dict[str, Any]:
    return {
        "name": figure.name,
        "title": figure.title,
        "caption": figure.caption,
        "theorems": figure.theorems,
        "seconds": f"{figure.seconds:.1f}",
        "picture": base64.b64encode(figure.svg).decode("ascii"),
        "runs": [_run(name, run) for name, run in figure.runs.items()],
        "verdicts": [
            {"run": name, **_verdict(verdict)}
            for name, found in figure.verdicts.items()
            for verdict in found
        ],
    }


def _run(name: str, run: Run) -> dict[str, Any]:
    attributes = run.data.attrs
    return {
        "name": name,
        "loop": words(run.loop),
        "generations": f"{int(run.generations[-1]):,}",
        "chains": f"{run.chains:,}",
        "path": attributes.get("path", ""),
        "dtype": attributes.get("dtype", ""),
        "seed": attributes.get("seed", ""),
        "seconds": f"{float(attributes.get('wall_seconds', np.nan)):.1f}",
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "theorem": verdict.theorem,
        "loop": words(verdict.loop),
        "outcome": verdict.outcome,
        "generations": times(verdict.generations),
        "chains": f"{verdict.chains:,}",
        "resolution": f"{verdict.resolution:.2g}",
        "p": f"{verdict.p:.1e}",
        "told": f"{verdict.variants - len(verdict.unresolved)} of {verdict.variants}",
        "reason": verdict.reason,
    }


def words(loop: Any) -> str:
    """The loop in a few words: `Gaussian mle, Replace(n=100)`."""
    truth = loop.truth
    detail = getattr(truth, "estimator", None) or f"of {truth.categories:,} labels"
    return f"{type(truth).__name__} {detail}, {loop.regime}"


def _made(finished: Sequence[Finished], scale: str, seed: int, seconds: float) -> dict[str, str]:
    """Scale, seed, time, device and versions, as the runs recorded them."""
    made = {"scale": scale, "seed": str(seed), "seconds in all": f"{seconds:.0f}"}
    for figure in finished:
        for run in figure.runs.values():
            attributes = run.data.attrs
            made["device"] = f"{attributes.get('device', '')} ({attributes.get('backend', '')})"
            made |= json.loads(attributes.get("versions", "{}"))
            return made
    return made
