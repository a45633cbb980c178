"""Machine-checked proofs: what the Coq files of this folder prove, read from their text.

A *headline* theorem is one whose assumptions its file prints; `tests/proofs/test_coq.py` compiles the
files and asks Coq, from outside of them, that each rests on no axiom. The comment before it says it in plain mathematics and names the theorems of the
ledger that it supports. An entry `proof="coq:heterozygosity_decay"` in the ledger points to the
headline theorem of that name.

The files are written for Coq 8.16 with mathcomp 1.15 and algebra-tactics 1.0.
"""

import dataclasses
import graphlib
import re
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Headline:
    """A theorem that has to be closed under the global context.

    - `file`: the name of its file; `comment`: the statement in plain mathematics.
    - `statement`: the Coq text between its name and its proof, without the hypotheses of its section;
      the full types, as Coq prints them, are in `tests/proofs/coq_statements.txt`.
    - `ledger`: the theorems of the ledger that it supports, wholly or in part.
    """

    name: str
    file: str
    comment: str
    statement: str
    ledger: tuple[str, ...]


def without_comments(text: str) -> str:
    """Coq source with a space for each (nested) comment, if it holds no string: Coq reads strings
    in comments too."""
    depth, kept = 0, []
    for piece in re.split(r"(\(\*|\*\))", text):
        if piece == "(*":
            depth += 1
        elif piece == "*)" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(piece)
    return "".join(kept)


def imports() -> dict[Path, set[Path]]:
    """Every Coq file with those of this folder that it imports."""
    files = {path.stem: path for path in sorted(FOLDER.glob("*.v"))}
    found = {}
    for path in files.values():
        lists = re.findall(r"From ModelCollapse Require Import ([^.]*)\.", path.read_text())
        found[path] = {files[name] for name in " ".join(lists).split()}
    return found


def in_order() -> list[Path]:
    """The Coq files, each after those that it imports."""
    return list(graphlib.TopologicalSorter(imports()).static_order())


def _comment_before(text: str, name: str) -> str:
    found = re.search(rf"\(\*((?:(?!\*\)).)*)\*\)\s*Theorem {name}\b", text, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def headlines() -> dict[str, Headline]:
    """Every headline theorem by name. Raises `ValueError` if a printed name has no theorem."""
    table = {}
    for path in in_order():
        text = path.read_text()
        code = without_comments(text)
        for name in re.findall(r"^Print Assumptions (\w+)\.", code, re.MULTILINE):
            found = re.search(
                rf"^Theorem {name}\b(.*?)\.\s+Proof\.", code, re.DOTALL | re.MULTILINE
            )
            if found is None:
                raise ValueError(f"{path.name} prints the assumptions of {name}, no theorem of it.")
            comment, _, ledger = _comment_before(text, name).partition("Ledger:")
            names = tuple(word.strip(" .") for word in ledger.split(",") if word.strip(" ."))
            statement = " ".join(found[1].split())
            table[name] = Headline(name, path.name, comment.strip(), statement, names)
    return table


HEADLINES = headlines()
