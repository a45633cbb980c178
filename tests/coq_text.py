"""What the text of a Coq file must not hold: gaps, axioms, and ways around Coq's own checks."""

import re

from modelcollapse.proofs import coq

#: Words that would leave a gap, add an axiom, hide something or switch a check off.
FORBIDDEN = (
    "Admitted",
    "Admit",
    "admit",
    "give_up",
    "Abort",
    "Axiom",
    "Axioms",
    "Parameter",
    "Parameters",
    "Conjecture",
    "Conjectures",
    "Primitive",
    "bypass_check",
    "Declare",
    "Typing Flags",
    "Module",
    "Include",
    "Redirect",
    "Load",
    "Obligation",
    "Obligations",
    "native_compute",
)
#: The only settings that a file may change, and the only libraries that it may read.
SETTINGS = {
    "Set Implicit Arguments.",
    "Unset Strict Implicit.",
    "Unset Printing Implicit Defensive.",
}
MATHCOMP = {"all_ssreflect", "all_algebra", "ring"}
_ASSUMED = re.compile(r"\b(?:Variables?|Hypothes[ei]s|Context)\b")
_REQUIRE = re.compile(r"From (mathcomp|ModelCollapse) Require Import ([\w ]+)\.")


def gaps(text: str) -> list[str]:
    """What a checked file must not hold, outside of comments."""
    # Coq reads strings inside comments too: without any, a comment ends where it seems to.
    found = ["a string"] if '"' in text else []
    code = " ".join(coq.without_comments(text).split())
    found += [word for word in FORBIDDEN if re.search(rf"\b{word}\b", code)]
    open_sections: list[str] = []
    for sentence in re.split(r"(?<=\.) ", code):
        if re.search(r"\bSection\b", sentence):
            if named := re.fullmatch(r"Section (\w+)\.", sentence):
                open_sections.append(named[1])
            else:
                found.append(f"an odd section: {sentence}")
        elif re.search(r"\bEnd\b", sentence):
            if not open_sections or sentence != f"End {open_sections.pop()}.":
                found.append(f"ends no section: {sentence}")
        elif _ASSUMED.search(sentence) and not open_sections:
            found.append(f"outside of a section: {sentence}")
        elif re.search(r"\b(?:Set|Unset)\b", sentence) and sentence not in SETTINGS:
            found.append(f"a setting: {sentence}")
        elif re.search(r"\bRequire\b", sentence) and not _may_read(sentence):
            found.append(f"a library: {sentence}")
    return found


def _may_read(sentence: str) -> bool:
    read = _REQUIRE.fullmatch(sentence)
    allowed = {"mathcomp": MATHCOMP, "ModelCollapse": {path.stem for path in coq.in_order()}}
    return read is not None and set(read[2].split()) <= allowed[read[1]]
