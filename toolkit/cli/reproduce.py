"""`modelcollapse reproduce`: figures, their data, verdicts, and one report with all of it."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli.errors import BadInputError, unknown, whole
from modelcollapse.cli.outputs import Outputs
from modelcollapse.cli.verify import count, records, status


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Figures; all if none.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer chains, shorter runs.")] = False,
    full: Annotated[bool, typer.Option("--full", help="More chains.")] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where to write.")
    ] = Path("results"),
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="S", parser=whole("--seed", 0, 2**32), help="Seed of everything."
        ),
    ] = 0,
) -> int:
    """Draw the figures, judge their theorems, and write report.html."""
    if quick and full:
        raise BadInputError("--quick and --full exclude each other.")
    from modelcollapse.figures.data import MissingDataError
    from modelcollapse.figures.registry import FIGURES

    for name in names or ():
        if name not in FIGURES:
            raise unknown("NAME", name, FIGURES)
    scale = "quick" if quick else "full" if full else "default"
    try:
        plans = {n: FIGURES[n].plans(scale) for n in dict.fromkeys(names or FIGURES)}
    except MissingDataError as error:
        raise BadInputError(str(error)) from error
    outputs = Outputs(out)
    try:
        return _reproduce(plans, scale, seed, outputs)
    finally:
        outputs.close()


def _reproduce(plans: Mapping[str, Any], scale: str, seed: int, outputs: Outputs) -> int:
    import jax
    from tqdm import tqdm

    from modelcollapse.figures.produce import Finished, produce
    from modelcollapse.figures.report import render
    from modelcollapse.sims.verdicts import verify

    started = time.perf_counter()
    key = jax.random.key(seed)
    finished: list[Finished] = []
    steps = sum(len(figure) + 1 for figure in plans.values())
    with tqdm(total=steps, desc="figures", unit="step", disable=None) as bar:

        def tick(words: str) -> None:
            bar.set_postfix_str(words)
            bar.update()

        for name, figure in plans.items():
            with outputs.staged() as draft:
                done = produce(name, figure, key, draft, tick)
            finished.append(done)
            tqdm.write(f"{name}: {outputs.folder / name}.png, .svg and data ({done.seconds:.1f} s)")
    theorems = dict.fromkeys(theorem for done in finished for theorem in done.theorems)
    verdicts = verify(list(theorems), seed=seed, progress=True) if theorems else []
    refuted = [name for done in finished for name in done.refuted]
    with outputs.staged() as draft:
        text = json.dumps(records(verdicts), indent=1, ensure_ascii=False, allow_nan=False)
        (draft / "verdicts.json").write_text(text, encoding="utf-8")
        seconds = time.perf_counter() - started
        report = render(finished, verdicts, scale=scale, seed=seed, seconds=seconds)
        (draft / "report.html").write_text(report, encoding="utf-8")
    typer.echo(f"verdicts: {count(verdicts)} ({outputs.folder / 'verdicts.json'})")
    for name in refuted:
        typer.echo(f"refuted by a figure's own run: {name}")
    typer.echo(f"report: {outputs.folder / 'report.html'} ({seconds:.0f} s in all)")
    return 1 if refuted else status(verdicts)
