"""The Coq files compile, hold no gap and rest on no axiom."""

import concurrent.futures
import graphlib
import os
import re
import shutil
import subprocess

import pytest

from modelcollapse.proofs import coq
from modelcollapse.theory.ledger import LEDGER

#: Words that would leave a gap, add an axiom or switch a check off.
FORBIDDEN = (
    "Admitted",
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
    "Unset Guard Checking",
    "Unset Positivity Checking",
    "Unset Universe Checking",
    "bypass_check",
    "Declare ML Module",
    "Declare Module",
    "Module Type",
    "Redirect",
    "Load",
    "native_compute",
)
ASSUMED = r"\b(?:Variables?|Hypothes[ei]s|Context)\b"
CLOSED = "Closed under the global context"


def gaps(text):
    """What a checked file must not hold, outside of comments."""
    code = coq.without_comments(text)
    found = [word for word in FORBIDDEN if re.search(rf"\b{re.escape(word)}\b", code)]
    depth = 0
    for sentence in re.split(r"\.\s+", code):
        if re.match(r"\s*Section\b", sentence):
            depth += 1
        elif re.match(r"\s*End\b", sentence):
            depth -= 1
        elif depth == 0 and re.match(rf"\s*(?:(?:Local|Global|#\[.*?\])\s+)*{ASSUMED}", sentence):
            found.append(f"outside of a section: {sentence.strip()}")
    return found


def verdicts(output):
    """How many printed theorems are closed, and whether any rests on an axiom."""
    return output.count(CLOSED), "Axioms:" in output


def run_coqc(path, folder):
    """What coqc prints for a copy of the file in the folder."""
    shutil.copy(path, folder)
    command = ["coqc", "-q", "-w", "none", "-Q", ".", "ModelCollapse", path.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{path.name}: {done.stdout}{done.stderr}"
    return done.stdout


def compiled(folder):
    """What coqc prints, by file: two files at a time, each after those that it imports."""
    order = graphlib.TopologicalSorter(coq.imports())
    order.prepare()
    output, running = {}, {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        while order.is_active():
            running |= {pool.submit(run_coqc, path, folder): path for path in order.get_ready()}
            done, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                path = running.pop(future)
                output[path.name] = future.result()
                order.done(path)
    return output


@pytest.fixture(scope="module")
def coqc(tmp_path_factory):
    """Skips, or fails if Coq is required, unless coqc and the libraries are there."""
    missing = "there is no coqc on the path"
    if shutil.which("coqc") is not None:
        probe = tmp_path_factory.mktemp("probe") / "probe.v"
        probe.write_text("From mathcomp Require Import all_ssreflect all_algebra ring.\n")
        command = ["coqc", "-q", "-w", "none", probe.name]
        done = subprocess.run(
            command, cwd=probe.parent, capture_output=True, text=True, timeout=180
        )
        if done.returncode == 0:
            return
        missing = f"coqc lacks mathcomp or algebra-tactics: {done.stderr}"
    if os.environ.get("REQUIRE_COQ") == "1":
        pytest.fail(f"REQUIRE_COQ=1, but {missing}")
    pytest.skip(missing)


@pytest.mark.parametrize("path", coq.in_order(), ids=lambda path: path.name)
def test_no_gap_and_no_axiom_in_the_text(path):
    assert gaps(path.read_text()) == []


@pytest.mark.parametrize("path", coq.in_order(), ids=lambda path: path.name)
def test_every_theorem_is_a_headline_with_a_comment(path):
    code = coq.without_comments(path.read_text())
    assert set(re.findall(r"\bTheorem (\w+)", code)) == {
        name for name, headline in coq.HEADLINES.items() if headline.file == path.name
    }
    assert re.match(r"\(\*.*Coq 8\.16.*mathcomp 1\.15", path.read_text(), re.DOTALL)
    printed = re.findall(r"^Print Assumptions", code, re.MULTILINE)
    assert len(printed) == code.count("Print Assumptions")


@pytest.mark.parametrize("headline", coq.HEADLINES.values(), ids=lambda headline: headline.name)
def test_headlines_say_what_they_prove(headline):
    assert len(headline.comment) > 20
    assert headline.statement
    assert set(headline.ledger) <= set(LEDGER)


def test_there_are_enough_headlines():
    assert len(coq.HEADLINES) >= 25


def test_all_compiles_and_is_closed(coqc, tmp_path):
    output = compiled(tmp_path)
    assert len(output) == len(coq.in_order())
    for name, text in output.items():
        expected = sum(headline.file == name for headline in coq.HEADLINES.values())
        assert verdicts(text) == (expected, False), name


@pytest.mark.parametrize(
    "planted",
    [
        "Lemma hole : 1 = 2. Proof. Admitted.",
        "Lemma hole : 1 = 2. Proof. admit. Qed.",
        "Axiom hole : 1 = 2.",
        "Parameter hole : 1 = 2.",
        "Conjecture hole : 1 = 2.",
        "Variable hole : 1 = 2.",
        "Section A. End A.\nHypothesis hole : 1 = 2.",
        "Local Hypotheses hole : 1 = 2.",
        "Section A.\nEnd A.\nContext (hole : 1 = 2).",
        "(* a comment *) Axiom hole : 1 = 2.",
    ],
)
def test_a_planted_gap_is_found(planted):
    assert gaps(planted)


@pytest.mark.parametrize(
    "innocent",
    [
        "(* Axiom, Admitted (* nested *) and admit in a comment *) Lemma l : 1 = 1. Proof. by []. Qed.",
        "Section A. Variable n : nat. Hypothesis h : n = n. End A.",
        "Section A.\nSection B.\nVariable n : nat.\nEnd B.\nEnd A.",
        "Lemma admitted_students : 1 = 1. Proof. by []. Qed.",
    ],
)
def test_innocent_text_is_let_through(innocent):
    assert gaps(innocent) == []


def test_a_planted_axiom_shows_in_the_output(coqc, tmp_path):
    """The second net: even a gap that the text search missed is seen by the compiler's report."""
    planted = tmp_path / "source" / "planted.v"
    planted.parent.mkdir()
    planted.write_text(
        "Axiom hole : 1 = 2.\nTheorem false : 1 = 2.\nProof. exact hole. Qed.\n"
        "Theorem gap : 1 = 3.\nProof. Admitted.\n"
        "Theorem true : 1 = 1.\nProof. reflexivity. Qed.\n"
        "Print Assumptions false.\nPrint Assumptions gap.\nPrint Assumptions true.\n"
    )
    assert verdicts(run_coqc(planted, tmp_path)) == (1, True)


def test_claims_of_coq_are_supported():
    claims = [entry for entry in LEDGER.values() if (entry.proof or "").startswith("coq:")]
    assert claims
    for entry in claims:
        assert entry.name in coq.HEADLINES[entry.proof.partition(":")[2]].ledger
