"""The Coq files compile, hold no gap and rest on no axiom."""

import os
import re
import shutil
import subprocess

import pytest
from coq_compiler import (
    CLOSED,
    SNAPSHOT,
    asked,
    assumptions,
    compiled,
    definitions,
    run_coqc,
    theorems,
    transcript,
)
from coq_text import gaps

from modelcollapse.proofs import coq
from modelcollapse.theory.ledger import LEDGER


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


@pytest.fixture(scope="module")
def library(coqc, tmp_path_factory):
    """A folder with every file compiled."""
    folder = tmp_path_factory.mktemp("library")
    assert len(compiled(folder)) == len(coq.in_order())
    return folder


def test_every_headline_is_closed(library):
    """Asked from outside: what a file prints of itself is not trusted."""
    found = assumptions(theorems(), library)
    assert len(found) == len(coq.HEADLINES)
    assert {name: text for name, text in found.items() if text != CLOSED} == {}


def test_statements_and_definitions_are_those_reviewed(library):
    """Full types, with the hypotheses of their sections. If one was changed on purpose, review its
    twin in Python too, then run `python tests/coq_compiler.py` and read the diff."""
    assert transcript(library).split() == SNAPSHOT.read_text().split()


def test_every_headline_is_in_the_snapshot():
    """Also without Coq: a theorem or a definition added or renamed has to be reviewed."""
    reviewed = re.findall(r"^# ([\w.]+)$", SNAPSHOT.read_text(), re.MULTILINE)
    assert reviewed == theorems() + definitions()


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
        '(* "*)" *) Theorem false : 1 = 2. (* " *) Lemma l : 1 = 1.',
        "Unset  Guard Checking.",
        "Unset\nGuard\n  Checking.",
        "Unset(* a comment *)Guard Checking.",
        "Local Unset Positivity Checking.",
        "Set Typing Flags.",
        "Set Printing Width 3.",
        "#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n.",
        "Time Variable hole : 1 = 2.",
        "Time Hypothesis hole : 1 = 2.",
        "Polymorphic Variable hole : 1 = 2.",
        "#[local] Variable hole : 1 = 2.",
        "Module M. End M. Variable hole : 1 = 2.",
        "Section S. Module M. End M. End S. Variable hole : 1 = 2.",
        "Module M. Section S. End S. Context (hole : 1 = 2). End M.",
        "Section A. End A. Variable hole : 1 = 2.",
        "Section A. End B. Variable hole : 1 = 2.",
        "End A.",
        "Time Section A.",
        "Declare Instance hole : 1 = 2.",
        "Require Import Classical.",
        "From Coq Require Import FunctionalExtensionality.",
        "From mathcomp Require Import all_ssreflect all_algebra ring boolp.",
        "From ModelCollapse Require Import elsewhere.",
        "From ModelCollapse Require Export expectation.",
        "Admit Obligations.",
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
        "From mathcomp Require Import all_ssreflect all_algebra ring.\nSet Implicit Arguments.",
        "From ModelCollapse Require Import expectation moments.\nLocal Open Scope ring_scope.",
    ],
)
def test_innocent_text_is_let_through(innocent):
    assert gaps(innocent) == []


PLANTED = """From mathcomp Require Import all_ssreflect all_algebra ring.
Axiom hole : 1 = 2.
Theorem false : 1 = 2.
Proof. exact hole. Qed.
Theorem gap : 1 = 3.
Proof. Admitted.
Unset Guard Checking.
Fixpoint loop (n : nat) : 1 = 4 := loop n.
Set Guard Checking.
Theorem unguarded : 1 = 4.
Proof. exact (loop 0). Qed.
Section S.
Hypothesis h : 1 = 2.
Theorem hypothetical : 1 = 2.
Proof. exact h. Qed.
Print Assumptions hypothetical.
End S.
Theorem true : 1 = 1.
Proof. reflexivity. Qed.
Print Assumptions true. Print Assumptions true. Print Assumptions true. Print Assumptions true.
"""


def test_planted_axioms_show_from_outside(coqc, tmp_path):
    """The second net: what the text search missed, and what the file's own print hides."""
    planted = tmp_path / "source" / "planted.v"
    planted.parent.mkdir()
    planted.write_text(PLANTED)
    assert run_coqc(planted, tmp_path).count(CLOSED) == 4
    names = ("false", "gap", "unguarded", "hypothetical", "true")
    found = assumptions([f"planted.{name}" for name in names], tmp_path)
    closed = [name for name, text in found.items() if text == CLOSED]
    assert closed == ["planted.hypothetical", "planted.true"]
    # A hypothesis of a section is no axiom, but part of the type that the snapshot keeps.
    question = {"type": "Check @ModelCollapse.planted.hypothetical."}
    kept = asked(question, tmp_path)["type"].replace("%N", "").split()
    assert kept == ["planted.hypothetical", ":", "1", "=", "2", "->", "1", "=", "2"]


def test_claims_of_coq_are_supported():
    claims = [entry for entry in LEDGER.values() if (entry.proof or "").startswith("coq:")]
    assert claims
    for entry in claims:
        assert entry.name in coq.HEADLINES[entry.proof.partition(":")[2]].ledger
