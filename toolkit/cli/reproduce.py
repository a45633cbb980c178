"""`modelcollapse reproduce`: figures, their data, verdicts, and one report with all of it."""

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli.errors import BadInputError, unknown, whole
from modelcollapse.cli.outputs import Outputs, folder
from modelcollapse.cli.verify import count, records, status


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Figures; all if none.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer chains and verdicts, shorter runs.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="More chains, and every row of every theorem shown.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", parser=folder, help="Where to write.")
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
    from modelcollapse.figures.registry import FIGURES
    from modelcollapse.figures.report import render
    from modelcollapse.figures.trial import try_theorems

    started = time.perf_counter()
    key = jax.random.key(seed)
    finished: list[Finished] = []
    steps = sum(len(figure) + 2 for figure in plans.values()) + 1
    bar = tqdm(total=steps, desc="reproduce", unit="step", disable=None)

    def tick(words: str) -> None:
        bar.set_postfix_str(words)
        bar.update()

    most = 1 if scale == "quick" else None
    theorems = {theorem for name in plans for theorem in FIGURES[name].THEOREMS[:most]}
    stop = threading.Event()
    # Compiling takes one core, so the verdicts are reached on another.
    with bar, ThreadPoolExecutor(1) as aside:
        judged = aside.submit(
            try_theorems, theorems, seed, every_row=scale == "full", stopped=stop.is_set
        )
        try:
            for name, figure in plans.items():
                with outputs.staged() as draft:
                    finished.append(produce(name, figure, key, draft, tick))
                took = f"{finished[-1].seconds:.1f} s"
                tqdm.write(f"{name}: {outputs.folder / name}.png, .svg and data ({took})")
            tick("verdicts")
            ledger = judged.result()
        finally:
            stop.set()
    shown = [(figure.name, *item) for figure in finished for item in figure.verdicts.items()]
    own = [
        {"run": f"{figure}-{run}", **record}
        for figure, run, found in shown
        for record in records(list(found))
    ]
    verdicts = [*(verdict for *_, found in shown for verdict in found), *ledger]
    with outputs.staged() as draft:
        text = json.dumps([*own, *records(ledger)], indent=1, ensure_ascii=False, allow_nan=False)
        (draft / "verdicts.json").write_text(text, encoding="utf-8")
        seconds = time.perf_counter() - started
        report = render(finished, ledger, scale=scale, seed=seed, seconds=seconds)
        (draft / "report.html").write_text(report, encoding="utf-8")
    typer.echo(f"verdicts: {count(verdicts)} ({outputs.folder / 'verdicts.json'})")
    typer.echo(f"report: {outputs.folder / 'report.html'} ({seconds:.0f} s in all)")
    return status(verdicts)
