"""The command line. Exit status: 0 good, 1 a verdict refuted or inconclusive, 2 bad input."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from modelcollapse.cli import environment, reproduce, theorems, verify
from modelcollapse.cli.errors import BadInputError

_INTERRUPTED = 130

app = typer.Typer(
    name="modelcollapse",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("reproduce")(reproduce.command)
app.command("theorems")(theorems.command)
app.command("verify")(verify.command)


def _print_version(wanted: bool) -> bool:
    if wanted:
        from modelcollapse import __version__

        typer.echo(__version__)
        raise typer.Exit
    return wanted


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Exact theory of model collapse beside simulation, and verdicts that compare the two."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; `arguments` default to those of the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    environment.prepare()
    try:
        status = app(
            args=given or ["--help"],
            prog_name="modelcollapse",
            standalone_mode=False,
        )
    # Typer's own usage errors share this base, whether it brings Click along or depends on it.
    except typer.BadParameter.__bases__ as error:  # pyright: ignore[reportGeneralTypeIssues]
        return _complain(error.format_message())  # pyright: ignore[reportAttributeAccessIssue]
    except BadInputError as error:
        return _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    if status == _INTERRUPTED:
        print("modelcollapse: interrupted; what was finished is kept.", file=sys.stderr)
    return status if isinstance(status, int) else 0


def _complain(message: str) -> int:
    line = " ".join(message.split())
    print(f"modelcollapse: {line}", file=sys.stderr)
    return 2


def main() -> None:
    """The console script."""
    sys.exit(run())
