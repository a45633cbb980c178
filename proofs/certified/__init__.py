r"""Certified numbers: balls that hold the true value, for constants and for the error of the floats.

- `constants`: every constant and limit that is quoted, enclosed.
- `gaussian`, `real_data`, `categorical`, `vocabulary`: the theory's functions once more, in balls.
- `trigonometry`: how far the samplers' sine and cosine are from the true ones.
- `gaussian_cases`, `categorical_cases`: the largest error of each float64 function over a grid, as a
  claim that is proved afresh by the tests. [`error_table`][] lists them.
"""

from modelcollapse.proofs.certified.cases import Case as Case
from modelcollapse.proofs.certified.categorical_cases import CASES as _CATEGORICAL
from modelcollapse.proofs.certified.constants import CONSTANTS as CONSTANTS
from modelcollapse.proofs.certified.gaussian_cases import CASES as _GAUSSIAN

#: Every float64 function whose error is certified, by its name below `theory`.
CASES: dict[str, Case] = {case.name: case for case in (*_GAUSSIAN, *_CATEGORICAL)}


def error_table() -> str:
    """Markdown: function, the largest error over its grid, proved, and the claim."""
    rows = ["| function | error | at most | relative to |", "|---|---|---|---|"]
    for name, case in CASES.items():
        scale = f"max(value, {case.floor:g})" if case.floor else "value"
        rows.append(f"| `{name}` | {case.error():.1e} | {case.claim:.0e} | {scale} |")
    return "\n".join(rows)
