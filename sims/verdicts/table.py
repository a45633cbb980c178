"""Aligned plain-text tables."""

import textwrap
from collections.abc import Sequence

#: Characters in a line.
WIDTH = 116


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a head, aligned; the last column is wrapped into what is left of the line."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head) - 1)]
    room = max(12, WIDTH - sum(widths) - 2 * len(widths))
    lines = []
    for row in cells:
        fixed = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        first, *rest = textwrap.wrap(row[-1], room) or [""]
        lines.append("  ".join([*fixed, first]).rstrip())
        indent = " " * (sum(widths) + 2 * len(widths))
        lines.extend(indent + line for line in rest)
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)


def times(generations: Sequence[int]) -> str:
    """Generations in few characters."""
    if not generations:
        return "none"
    if len(generations) <= 3:
        return ", ".join(str(t) for t in generations)
    return f"{generations[0]}..{generations[-1]} ({len(generations)})"
