"""How figures look: series that differ in colour, line and marker, and one style sheet."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure

_SHEET = Path(__file__).with_name("modelcollapse.mplstyle")

#: Width of a figure across both columns of a page, in inches.
FULL_WIDTH = 7.0


@dataclasses.dataclass(frozen=True)
class Series:
    """A colour, a line and a marker. No two series share any of the three."""

    color: str
    line: Any
    marker: str


#: Okabe and Ito's palette, without its yellow; told apart in grey by line and marker.
SERIES = (
    Series("#0072B2", "-", "o"),
    Series("#D55E00", (0, (5, 1.5)), "s"),
    Series("#009E73", (0, (5, 1.5, 1, 1.5)), "^"),
    Series("#000000", (0, (7, 1.5, 1, 1.5, 1, 1.5)), "v"),
    Series("#CC79A7", (0, (1.2, 1.2)), "D"),
    Series("#E69F00", (0, (9, 2.5)), "P"),
    Series("#56B4E9", (0, (2.5, 1.2)), "X"),
)

#: For what is neither theory nor evidence: guides and notes.
GREY = "#6b6b6b"


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw under the package's style sheet, whatever the caller's settings are."""

    @functools.wraps(draw)
    def inside(*args: Any, **kwargs: Any) -> Figure:
        with matplotlib.style.context(["default", _SHEET]):
            return draw(*args, **kwargs)

    return inside


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG (300 dpi) or SVG, by the path's ending; equal drawings, equal bytes."""
    with matplotlib.style.context(["default", _SHEET]):
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, metadata=metadata)
