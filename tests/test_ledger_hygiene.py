"""The ledger's housekeeping: nothing without a statement, a row, a wrong variant or a source."""

import importlib
import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from modelcollapse.theory import Categorical, Gaussian, Loop, Replace, cite, find
from modelcollapse.theory.ledger import LEDGER, bibliography
from modelcollapse.theory.observables import Heterozygosity, Variance

each = pytest.mark.parametrize("entry", LEDGER.values(), ids=lambda entry: entry.name)
STRENGTH = ["exact", "asymptotic", "bound", "conjecture"]


def has_schedule(loop):
    sizes = (getattr(loop.regime, name, 0) for name in ("n", "n_real", "n_synthetic"))
    return any(isinstance(size, tuple) for size in sizes)


@each
def test_a_theorem_for_schedules_is_tried_on_one_in_every_regime(entry):
    tried = {type(row.loop.regime).__name__ for row in entry.rows}
    with_schedule = {type(row.loop.regime).__name__ for row in entry.rows if has_schedule(row.loop)}
    assert with_schedule == (set() if entry.where.constant else tried)
    named = {name for name in entry.where.regimes if not name.startswith("Abstract")}
    assert named <= tried


@pytest.mark.parametrize("name", ["gaussian_subsample_variance", "gaussian_subsample_mean_error"])
def test_wrong_variants_warn_of_nothing(name):
    entry = LEDGER[name]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        for row in entry.rows:
            for wrong in row.wrong:
                assert np.shape(wrong.value(entry.predict, row.loop, np.asarray(row.generations)))


def test_the_ledger_is_not_empty():
    assert len(LEDGER) >= 30


@each
def test_every_theorem_has_rows_and_every_row_wrong_variants(entry):
    assert entry.rows
    for row in entry.rows:
        assert row.wrong
        assert len({wrong.name for wrong in row.wrong}) == len(row.wrong)
        assert min(row.generations) >= 1


@each
def test_statement_is_whole(entry):
    assert len(entry.statement) > 20
    assert entry.statement.count("$") % 2 == 0
    assert entry.statement.rstrip().endswith(".")


@each
def test_sources_exist_and_can_be_cited(entry):
    assert entry.source
    assert set(entry.source) <= set(bibliography.keys())
    assert cite(entry.name).count("@") >= len(set(entry.source))


def test_bibliography_holds_nothing_unused():
    used = {key for entry in LEDGER.values() for key in entry.source}
    assert set(bibliography.keys()) == used
    assert list(bibliography.keys()) == sorted(bibliography.keys())


@pytest.mark.parametrize("key", bibliography.keys())
def test_bibliography_entries_are_whole(key):
    entry = cite(key)
    assert re.match(r"@\w+\{" + re.escape(key) + ",", entry)
    assert entry.count("{") == entry.count("}")
    for field in ("title", "author", "year"):
        assert re.search(rf"\b{field} *=", entry), f"{key} lacks {field}"


@each
def test_names_say_family_regime_observable(entry):
    """`family_regime_observable`, without what does not matter to the theorem."""
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", entry.name)
    families, regimes = entry.where.families, entry.where.regimes
    if len(families) == 1 and not families[0].startswith("Abstract"):
        assert entry.name.startswith(families[0].lower())
        if len(regimes) == 1 and not regimes[0].startswith("Abstract"):
            words = "_".join(re.findall("[A-Z][a-z]+", regimes[0])).lower()
            spoken = (words, words.removeprefix("accumulate_"))
            assert entry.name.split("_", 1)[1].startswith(spoken)


@each
def test_the_same_name_is_the_function(entry):
    assert entry.predict.__name__ == entry.name
    assert list(inspect.signature(entry.predict).parameters)[:2] == ["loop", "t"]


@each
def test_a_claim_of_proof_has_one(entry):
    """`proof` reads `layer:name`, and proofs/ has a module `layer` with a function `name`; in the
    layer `coq`, a headline theorem of that name."""
    if entry.proof is None:
        return
    layer, _, name = entry.proof.partition(":")
    module = importlib.import_module(f"modelcollapse.proofs.{layer}")
    assert name in module.HEADLINES if layer == "coq" else inspect.isfunction(getattr(module, name))
    tests = Path(__file__).parent / "proofs" / f"test_{layer}.py"
    assert tests.exists()


@each
def test_results_of_ours_name_the_closest_prior_art(entry):
    if entry.derived_here:
        assert entry.source
    assert not (entry.derived_here and entry.kind == "conjecture" and entry.proof)


@pytest.mark.parametrize(
    ("loop", "observable"),
    [
        (Loop(Gaussian(), Replace(n=10)), Variance()),
        (Loop(Categorical.zipf(9), Replace(n=10)), Heterozygosity()),
    ],
    ids=["gaussian", "categorical"],
)
def test_find_returns_the_strongest_first(loop, observable):
    everything, some = find(loop), find(loop, observable)
    assert len(everything) > len(some) > 0
    for found in (everything, some):
        ranks = [STRENGTH.index(entry.kind) for entry in found]
        assert ranks == sorted(ranks)
    assert set(s.name for s in some) <= set(e.name for e in everything)
