"""The derivation pages and the ledger agree, and GitHub can render the pages."""

import re
from collections import Counter

import pytest

from modelcollapse.proofs import pages
from modelcollapse.theory.ledger import LEDGER

PAGES = pages.pages()
DERIVATIONS = {name: text for name, text in PAGES.items() if name != "README.md"}
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
SECTION = re.compile(r"Lemma [A-Z0-9]+: |Setting$|Diversity$|Vocabulary$")
#: A theorem's heading and what follows, up to the next heading.
DERIVATION = re.compile(r"^## `(\w+)`\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("name", PAGES)
each_theorem = pytest.mark.parametrize("entry", LEDGER.values(), ids=lambda entry: entry.name)


def derivations():
    found = Counter()
    bodies = {}
    for text in DERIVATIONS.values():
        for name, body in DERIVATION.findall(text):
            found[name] += 1
            bodies[name] = body
    return found, bodies


FOUND, BODIES = derivations()


def test_every_theorem_has_exactly_one_derivation():
    assert set(LEDGER) - set(FOUND) == set()
    assert {name: count for name, count in FOUND.items() if count > 1} == {}


@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_heading_is_a_theorem_or_a_section(name):
    (title, _), *rest = HEADING.findall(DERIVATIONS[name])
    assert title == "#"
    for level, heading in rest:
        assert level == "##", heading
        if heading.startswith("`"):
            assert heading.strip("`") in LEDGER, heading
        else:
            assert SECTION.match(heading), heading


@each_theorem
def test_the_page_says_what_the_ledger_says(entry):
    first, *_ = BODIES[entry.name].strip().split("\n\n")
    sources = ", ".join(entry.source) + ("; derived here" if entry.derived_here else "")
    assert first == f"Kind: {entry.kind}; gives: {entry.gives}. Source: {sources}."


@each_theorem
def test_a_derivation_has_its_parts_in_order(entry):
    body = BODIES[entry.name]
    parts = re.findall(r"^\*\*(Setting|Statement|Proof|Remarks)\.\*\*", body, re.MULTILINE)
    order = ["Setting", "Statement", "Proof", "Remarks"]
    assert parts == [part for part in order if part in parts]
    assert {"Statement", "Proof"} <= set(parts)
    assert body.count("∎") == 1
    assert "Setting" in parts or re.search(
        r"^Setting of the whole page", _page_of(entry.name), re.MULTILINE
    )


def _page_of(theorem):
    return PAGES[pages.place(theorem).partition("#")[0]]


@each_theorem
def test_an_envelope_that_was_only_measured_is_called_so(entry):
    if entry.kind == "asymptotic":
        assert "envelope is a measurement" in BODIES[entry.name]


@each_page
def test_mathematics_is_whole(name):
    """Dollars pair up, braces balance, and no line is left inside a formula at a paragraph's end."""
    text = re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", PAGES[name], flags=re.DOTALL))
    for paragraph in re.split(r"\n\n", text):
        assert paragraph.count("$$") % 2 == 0, paragraph
        assert paragraph.replace("$$", "").count("$") % 2 == 0, paragraph
    for formula in formulas(text):
        bare = formula.replace(r"\lbrace", "").replace(r"\rbrace", "")
        depth = 0
        for character in bare:
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0, formula
        assert depth == 0, formula
        left, right = (len(re.findall(rf"\\{side}(?![a-z])", bare)) for side in ("left", "right"))
        assert left == right, formula


def formulas(text):
    displayed = re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)
    inline = re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL))
    return [*displayed, *inline]


@each_page
def test_markdown_leaves_the_mathematics_alone(name):
    r"""GitHub reads Markdown first: it eats a backslash before punctuation, takes `<x` for a tag, and
    wants a formula to begin and end without space."""
    text = re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", PAGES[name], flags=re.DOTALL))
    for formula in formulas(text):
        assert not re.search(r"\\[^A-Za-z\s]", formula), formula
        assert not re.search(r"[<>*]", formula), formula
    for formula in re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL)):
        assert formula == formula.strip(), formula


@each_page
def test_a_page_is_short_enough_to_hold_in_the_head(name):
    assert len(PAGES[name].splitlines()) <= 260


@each_page
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[name]):
        file, _, anchor = target.partition("#")
        assert file in PAGES, target
        if anchor:
            headings = [h.lower().replace(" ", "-") for _, h in HEADING.findall(PAGES[file])]
            assert anchor in headings, target


@pytest.mark.parametrize("name", DERIVATIONS)
def test_theorems_named_on_a_page_exist(name):
    for word in re.findall(r"`((?:gaussian|categorical|entropy)_\w+)`", DERIVATIONS[name]):
        assert word in LEDGER, word


def test_the_table_of_pages_is_complete():
    assert set(re.findall(r"\]\((\w+\.md)\)", PAGES["README.md"])) == set(DERIVATIONS)


def test_lemmas_that_are_used_exist():
    text = "\n".join(DERIVATIONS.values())
    used = set(re.findall(r"Lemma ([A-Z0-9])\b", text))
    stated = re.findall(r"^## Lemma ([A-Z0-9]+):", text, re.MULTILINE)
    assert used == set(stated)
    assert len(stated) == len(set(stated))


def test_place_and_layer():
    assert pages.place("gaussian_replace_variance") == "gaussian.md#gaussian_replace_variance"
    assert pages.place("no_such_theorem") is None
    assert pages.layer("gaussian_replace_variance", "coq:variance_decay") == "coq"
    assert pages.layer("gaussian_replace_variance", None) == "page"
    assert pages.layer("no_such_theorem", None) == "open"
