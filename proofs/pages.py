"""Where each theorem's derivation stands: the Markdown pages that ship beside this module.

A derivation stands under a heading that is the theorem's name in backticks.
"""

import functools
import re
from importlib import resources

_HEADING = re.compile(r"^#+ `(\w+)`$", re.MULTILINE)


def pages() -> dict[str, str]:
    """The text of every page, by file name, in alphabetical order."""
    files = sorted(resources.files("modelcollapse.proofs").iterdir(), key=lambda file: file.name)
    return {file.name: file.read_text("utf-8") for file in files if file.name.endswith(".md")}


@functools.cache
def _places() -> dict[str, str]:
    return {
        name: f"{file}#{name}" for file, text in pages().items() for name in _HEADING.findall(text)
    }


def place(theorem: str) -> str | None:
    """Where the derivation of the theorem of that name stands, as `file.md#name`, if it does."""
    return _places().get(theorem)


def layer(theorem: str, proof: str | None) -> str:
    """The strongest layer of proof: that of the claim `proof`, such as `"coq"` of `"coq:name"`;
    without one `"page"` if there is a derivation, else `"open"`."""
    if proof:
        return proof.partition(":")[0]
    return "page" if place(theorem) else "open"
