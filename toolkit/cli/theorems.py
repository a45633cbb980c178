"""`modelcollapse theorems`: the ledger."""

import json
import textwrap
from typing import Annotated, Any, Literal

import typer

from modelcollapse.cli.errors import BadInputError


def command(
    output: Annotated[
        Literal["table", "json"], typer.Option("--format", help="How to print the ledger.")
    ] = "table",
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of the README instead.")
    ] = False,
) -> None:
    """List every theorem, with what has been done to prove and to try it."""
    if markdown and output == "json":
        raise BadInputError("--markdown and --format json exclude each other.")
    entries = ledger()
    if output == "json":
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo(as_markdown(entries) if markdown else as_table(entries))


def ledger() -> list[dict[str, Any]]:
    """Every theorem as plain data, in the ledger's order."""
    from modelcollapse.figures.registry import figures_of
    from modelcollapse.proofs.pages import layer, place
    from modelcollapse.theory.ledger import LEDGER

    return [
        {
            "name": entry.name,
            "statement": entry.statement,
            "kind": entry.kind,
            "gives": entry.gives,
            "families": entry.where.families,
            "regimes": entry.where.regimes,
            "channels": [entry.where.channel.__name__],
            "observable": entry.observable.name,
            "assumptions": entry.where.assumptions,
            "source": list(entry.source),
            "derived_here": entry.derived_here,
            "proof": entry.proof,
            "page": place(entry.name),
            "rows": len(entry.rows),
            "figures": list(figures_of(entry.name)),
            "status": {
                "proof": layer(entry.name, entry.proof),
                "simulation": len(entry.rows) > 0,
                "figure": bool(figures_of(entry.name)),
            },
        }
        for entry in LEDGER.values()
    ]


def as_table(entries: list[dict[str, Any]]) -> str:
    """The ledger in at most 100 columns, one line a theorem, and its statement below."""
    width = max((len(entry["name"]) for entry in entries), default=0)
    lines = [f"{'theorem':{width}}  kind        gives       rows  proof"]
    lines.append("-" * 100)
    for entry in entries:
        kind, proof = entry["kind"], entry["status"]["proof"]
        gives = entry["gives"].replace("second", "2nd")
        lines.append(f"{entry['name']:{width}}  {kind:10}  {gives:10}  {entry['rows']:4}  {proof}")
        below = entry["statement"]
        if entry["figures"]:
            below += f" Drawn in {', '.join(entry['figures'])}."
        lines += textwrap.wrap(below, 100, initial_indent="  ", subsequent_indent="  ")
    counted = sum(entry["rows"] for entry in entries)
    lines.append(f"{len(entries)} theorems, {counted} rows.")
    return "\n".join(lines)


def as_markdown(entries: list[dict[str, Any]]) -> str:
    """The README's table: one row a theorem."""
    lines = [
        "| theorem | statement | kind | proof | rows | figures |",
        "|---|---|---|---|---|---|",
    ]
    for entry in entries:
        cells = [
            _linked(entry),
            _cell(entry["statement"]),
            entry["kind"],
            f"`{entry['proof']}`" if entry["proof"] else entry["status"]["proof"],
            str(entry["rows"]),
            ", ".join(entry["figures"]) or "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _linked(entry: dict[str, Any]) -> str:
    """The theorem's name, as a link to its derivation where there is one."""
    name = f"`{entry['name']}`"
    return f"[{name}](proofs/{entry['page']})" if entry["page"] else name


def _cell(statement: str) -> str:
    """The statement's first paragraph on one line, without the bars that would end the cell."""
    first = " ".join(statement.split("\n\n")[0].split())
    return first.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
