"""`verify` over a ledger and `check` of a run, on a small ledger of the tests' own."""

import dataclasses
import json
import sys

import jax
import numpy as np
import pytest
from fake_run import LOOP, ROW, STRICT, gaussian_run, make

from modelcollapse.sims import simulate
from modelcollapse.sims.verdicts import check, verify
from modelcollapse.theory import Categorical, Gaussian, Loop, Replace
from modelcollapse.theory.ledger import Row, Wrong
from modelcollapse.theory.observables import AtMost, LogVariance, Support, Variance

VERIFY = sys.modules["modelcollapse.sims.verdicts.verify"]
CHECK = sys.modules["modelcollapse.sims.verdicts.check"]


def logs(loop, t):
    from scipy.special import digamma

    n = loop.regime.n
    return np.asarray(t, float) * (digamma((n - 1) / 2) + np.log(2 / n))


half = Wrong("exponent halved", lambda predict, loop, t: predict(loop, np.asarray(t) / 2))
first = make("first")
second = make(
    "second",
    predict=logs,
    observable=LogVariance(),
    spread=None,
    rows=(
        Row(LOOP, (2, 5), (half,), chains=60_000),
        Row(Loop(Gaussian(), Replace(n=20)), (3,), (half,), chains=60_000),
    ),
)
LEDGER = {"first": first, "second": second}


@pytest.fixture
def calls(monkeypatch):
    made = []

    def simulate(loop, generations, chains, *, key, observables, record):
        made.append((jax.random.key_data(key).tolist(), tuple(record), observables))
        return gaussian_run(loop, list(record), chains, observables, seed=made[-1][0][1])

    monkeypatch.setattr(VERIFY, "simulate", simulate)
    monkeypatch.setattr(VERIFY, "LEDGER", LEDGER)
    return made


def test_one_simulation_serves_every_theorem_of_a_loop(calls):
    verdicts = verify()
    assert [v.theorem for v in verdicts] == ["first", "second", "second"]
    assert [v.outcome for v in verdicts] == ["supported"] * 3
    assert len(calls) == 2
    assert calls[0][1:] == ((1, 2, 3, 5), (Variance(), LogVariance()))


def test_filtering_changes_no_number(calls):
    whole = {v.theorem: v.as_dict() for v in verify(seed=3)}
    alone = verify(["first"], seed=3)
    assert [v.as_dict() for v in alone] == [whole["first"]]
    assert calls[0] == calls[2]
    verify(["first"], seed=4)
    assert calls[3][0] != calls[0][0]


def test_an_unknown_name_is_answered_with_near_ones(calls):
    with pytest.raises(ValueError, match="did you mean second"):
        verify(["secnd"])
    assert not calls


@pytest.fixture
def find(monkeypatch):
    def use(*theorems):
        monkeypatch.setattr(CHECK, "find", lambda loop: [e for e in theorems if e.where(loop)])

    return use


def test_check_judges_what_it_can(find):
    law = make("law", gives="cdf", predict=lambda loop, t, x: 0.5 + 0 * np.asarray(t))
    find(first, second, law)
    run = gaussian_run(LOOP, list(range(41)), 20_000, [Variance(), LogVariance()])
    report = check(run)
    assert not report.refuted
    assert {v.theorem: v.outcome for v in report.verdicts} == {
        "first": "supported",
        "second": "supported",
    }
    judged = report.verdicts[0].generations
    assert 1 in judged
    assert max(judged) < 10
    skipped = {(item.theorem, item.generations[-1]): item for item in report.not_judged}
    assert skipped["first", 40].chains > 20_000
    assert "AtMost" in skipped["law", 40].reason
    assert all(len(line) <= 120 for line in str(report).splitlines())
    assert json.dumps(report.as_dicts(), allow_nan=False)


def test_check_reports_what_is_refuted(find):
    find(make("false", predict=lambda loop, t: 0.85 ** np.asarray(t, float)))
    report = check(gaussian_run(LOOP, [0, 1, 2, 3], 20_000, [Variance()]))
    assert report.refuted
    assert "refuted" in str(report)


def test_check_does_not_cry_wolf(find):
    find(first, dataclasses.replace(first, name="unaided", spread=None), second)
    for seed in range(5):
        run = gaussian_run(LOOP, [0, 1, 3, 10, 30, 100], 2000, [Variance(), LogVariance()], seed)
        assert not check(run).refuted


def test_check_uses_the_law_where_its_columns_were_recorded(find):
    from scipy.stats import chi2

    half_law = Wrong("halved", lambda predict, loop, t, x: predict(loop, t, x) / 2)
    law = make(
        "law",
        gives="cdf",
        spread=None,
        rows=(Row(LOOP, (1,), (half_law,), at=(0.5,)),),
        predict=lambda loop, t, x: chi2.cdf(10 * x, 9) + 0 * np.asarray(t, float),
    )
    find(law)
    run = gaussian_run(LOOP, [0, 1], 20_000, [AtMost(Variance(), 0.7)])
    assert check(run).verdicts[0].outcome == "supported"


def test_check_without_theorems(find):
    find()
    assert "No theorem" in str(check(gaussian_run(LOOP, [0, 1], 100, [Variance()])))
    loop = Loop(Categorical([0.5, 0.5]), Replace(n=5))
    assert loop != LOOP
    assert STRICT.wrong[:3] == ROW.wrong


def test_check_judges_a_few_chains_of_a_large_vocabulary():
    """Their law is bounded by theory: four chains tell the lineage law from its slips."""
    loop = Loop(Categorical.zipf(2000), Replace(n=20_000))
    run = simulate(loop, 8, 4, key=jax.random.key(3), observables=[Support()], record=[1, 2, 8])
    (verdict,) = [v for v in check(run).verdicts if v.theorem.endswith("support_closure")]
    assert verdict.outcome == "supported"
    assert verdict.generations == (1, 2, 8)
    assert {c.test for c in verdict.comparisons} == {"Bernstein"}
    assert "one generation too few" not in verdict.unresolved


@pytest.mark.parametrize(
    ("loop", "generations", "chains"),
    [
        (Loop(Gaussian(), Replace(n=2)), 2000, 16),
        (Loop(Gaussian(), Replace(n=100)), 50, 1),
        (Loop(Gaussian(1e7, 1.0), Replace(n=100)), 5, 500),
        (Loop(Gaussian(0.0, 1e-30), Replace(n=100)), 5, 500),
        (Loop(Categorical([0.5, 0.5]), Replace(n=20)), 5, 100),
        (Loop(Categorical([1.0]), Replace(n=2)), 2, 3),
    ],
    ids=["collapsed", "one chain", "far", "small", "uniform", "one label"],
)
def test_check_survives_unusual_runs_without_crying_wolf(loop, generations, chains):
    report = check(simulate(loop, generations, chains, key=jax.random.key(0)))
    assert not report.refuted, str(report)


def test_check_lists_every_generation_once():
    loop = Loop(Gaussian(), Replace(n=10))
    run = simulate(loop, 30, 64, key=jax.random.key(0), observables=[LogVariance()])
    report = check(run, names=["gaussian_replace_log_variance"])
    told = [t for v in report.verdicts for t in v.generations]
    told += [t for item in report.not_judged for t in item.generations]
    assert sorted(told) == list(run.generations[1:])


def test_check_refuses_what_is_no_run_and_unknown_names(unhooked):
    with pytest.raises(TypeError, match="`run` must be what `simulate` returns; got int"):
        check(3)
    run = simulate(LOOP, 1, 2, key=jax.random.key(0), observables=[Variance()])
    with pytest.raises(ValueError, match="got 'nonsense'"):
        check(run, names=["nonsense"])
