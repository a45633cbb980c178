"""`modelcollapse verify`: simulate and judge."""

import json
import secrets
from typing import Annotated, Any, Literal

import typer

from modelcollapse.cli.errors import BadInputError, unknown, whole


def command(
    theorem: Annotated[
        list[str] | None,
        typer.Option("--theorem", metavar="NAME", help="Only this theorem; may be repeated."),
    ] = None,
    chains: Annotated[
        int | None,
        typer.Option(
            "--chains",
            metavar="N",
            parser=whole("--chains", 2, 2**32),
            help="Chains for every row, instead of its own.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="S", parser=whole("--seed", 0, 2**32), help="Seed; 0 if none."
        ),
    ] = None,
    fresh_seeds: Annotated[
        bool, typer.Option("--fresh-seeds", help="Draw a new seed, and print it.")
    ] = False,
    output: Annotated[
        Literal["table", "json"], typer.Option("--format", help="How to print the verdicts.")
    ] = "table",
) -> int:
    """Try theorems on simulated chains: supported, refuted or inconclusive."""
    if fresh_seeds:
        if seed is not None:
            raise BadInputError("--seed and --fresh-seeds exclude each other.")
        seed = secrets.randbits(32)
    from modelcollapse.sims.verdicts import verify
    from modelcollapse.theory.ledger import LEDGER

    for name in theorem or ():
        if name not in LEDGER:
            raise unknown("--theorem", name, LEDGER)
    verdicts = verify(theorem or None, chains, seed or 0, progress=True)
    if output == "json":
        typer.echo(json.dumps(records(verdicts), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo(as_table(verdicts))
        typer.echo(f"seed {seed or 0}")
    return status(verdicts)


def status(verdicts: list[Any]) -> int:
    """0 if every verdict is `supported`, else 1."""
    return int(any(verdict.outcome != "supported" for verdict in verdicts))


def records(verdicts: list[Any]) -> list[dict[str, Any]]:
    """One record a comparison, as `modelcollapse verify --format json` prints them."""
    return [
        comparison.as_dict() | {"outcome": verdict.outcome, "chains": verdict.chains}
        for verdict in verdicts
        for comparison in verdict.comparisons
    ]


def as_table(verdicts: list[Any]) -> str:
    """One line a row, why it is not `supported` below, and the counts."""
    from modelcollapse.sims.verdicts.table import table, times

    rows = [
        (
            verdict.theorem,
            verdict.outcome,
            times(verdict.generations),
            f"{verdict.chains}",
            f"{verdict.resolution:.2g}",
            f"{verdict.p:.1e}",
        )
        for verdict in verdicts
    ]
    blocks = [table(("theorem", "verdict", "generations", "chains", "resolution", "least p"), rows)]
    reasons = [(v.theorem, v.reason) for v in verdicts if v.outcome != "supported"]
    if reasons:
        blocks.append(table(("not supported", "why"), reasons))
    blocks.append(count(verdicts))
    return "\n\n".join(blocks)


def count(verdicts: list[Any]) -> str:
    """How many rows came out how."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return ", ".join(
        f"{outcomes.count(outcome)} {outcome}"
        for outcome in ("supported", "refuted", "inconclusive")
    )
