"""Judging theorems and their wrong variants on runs drawn without the engine."""

import dataclasses
import json

import numpy as np
import pytest
from fake_run import LOOP, ROW, STRICT, FakeRun, gaussian_run, make
from scipy.special import digamma
from scipy.stats import chi2

from modelcollapse.sims.moments import Moments
from modelcollapse.sims.verdicts import judge, refute
from modelcollapse.theory.ledger import Row, Wrong, off_by_one
from modelcollapse.theory.observables import AtMost, LogVariance, Variance


@pytest.fixture(scope="module")
def run():
    observables = [Variance(), LogVariance(), AtMost(Variance(), 0.5), AtMost(Variance(), 1.2)]
    return gaussian_run(LOOP, [0, 1, 2, 3], 60_000, observables)


def test_a_true_theorem_is_supported_and_its_wrong_variants_refuted(run):
    verdict = judge(make(), run, ROW)
    assert (verdict.outcome, verdict.reason) == ("supported", "")
    assert len(verdict.comparisons) == 3
    assert 0.005 < verdict.resolution < 0.05
    for wrong in ROW.wrong:
        assert refute(make(), run, ROW, wrong).outcome == "refuted"


def test_a_false_theorem_is_refuted(run):
    false = make(predict=lambda loop, t: (1 - 1 / 9) ** np.asarray(t, float))
    verdict = judge(false, run, ROW)
    assert verdict.outcome == "refuted"
    assert "predicted" in verdict.reason


def test_too_few_chains_are_inconclusive_and_say_how_many_would_do():
    small = gaussian_run(LOOP, [0, 1, 2, 3], 4096, [Variance()])
    verdict = judge(make(), small, STRICT)
    assert verdict.outcome == "inconclusive"
    needed = verdict.unresolved["n - 1 for n"]
    assert 5e4 < needed < 1e6
    large = gaussian_run(LOOP, [0, 1, 2, 3], int(1.1 * needed), [Variance()])
    assert judge(make(), large, STRICT).outcome == "supported"


def test_nothing_wrong_declared_is_inconclusive(run):
    assert judge(make(), run, dataclasses.replace(ROW, wrong=())).outcome == "inconclusive"


def test_a_variant_that_says_the_same_is_never_told_apart(run):
    same = Wrong("the same", lambda predict, loop, t: predict(loop, t))
    verdict = judge(make(), run, dataclasses.replace(ROW, wrong=(same,)))
    assert verdict.outcome == "inconclusive"
    assert verdict.unresolved == {"the same": np.inf}
    assert refute(make(), run, ROW, same).outcome == "inconclusive"


def test_a_law(run):
    law = make(
        observable=Variance(),
        gives="cdf",
        spread=None,
        predict=lambda loop, t, x: np.where(np.asarray(t) == 1, chi2.cdf(10 * x, 9), np.nan),
    )
    nudged = Wrong("shifted", lambda predict, loop, t, x: predict(loop, t, 1.1 * x))
    row = Row(LOOP, (1,), (nudged,), at=(0.5, 1.2))
    verdict = judge(law, run, row)
    assert verdict.outcome == "supported"
    assert {c.test for c in verdict.comparisons} == {"binomial"}
    assert refute(law, run, row, nudged).outcome == "refuted"


def test_bounds(run):
    def mean_log(t):
        return np.asarray(t) * (digamma(4.5) + np.log(0.2))

    options = {"observable": LogVariance(), "kind": "bound", "side": "lower", "spread": None}
    too_high = Wrong("twice as tight", lambda predict, loop, t: predict(loop, t) / 2)
    row = Row(LOOP, (1, 2, 3), (too_high,))
    bound = make(predict=lambda loop, t: 1.2 * mean_log(t), **options)
    verdict = judge(bound, run, row)
    assert verdict.outcome == "supported"
    assert verdict.comparisons[0].slack == pytest.approx(1 / 6, abs=0.03)
    assert refute(bound, run, row, too_high).outcome == "refuted"
    broken = make(predict=lambda loop, t: 0.9 * mean_log(t), **options)
    assert judge(broken, run, row).outcome == "refuted"


def test_asymptotics_hold_within_their_envelope(run):
    first_order = make(
        kind="asymptotic",
        predict=lambda loop, t: np.exp(-np.asarray(t, float) / 10),
        envelope=lambda loop, t: 0.02 * np.asarray(t),
    )
    verdict = judge(
        first_order, run, dataclasses.replace(ROW, wrong=(off_by_one,), generations=(1,))
    )
    assert verdict.outcome == "supported"
    assert verdict.comparisons[0].resolution > 0.02
    exact = dataclasses.replace(first_order, envelope=lambda loop, t: 0.0 * np.asarray(t))
    assert judge(exact, run, dataclasses.replace(ROW, generations=(3,))).comparisons[0].p < 0.05


def test_what_the_run_lacks_is_named(run):
    with pytest.raises(ValueError, match=r"generations \[7\]"):
        judge(make(), run, dataclasses.replace(ROW, generations=(7,)))
    bare = dataclasses.replace(run, observables=(LogVariance(),))
    with pytest.raises(ValueError, match="did not record variance"):
        judge(make(), bare, ROW)
    with pytest.raises(ValueError, match="budget allows 16"):
        judge(make(), run, dataclasses.replace(ROW, generations=(1,) * 17))


def test_a_lost_category_that_returns_refutes():
    from modelcollapse.theory import Categorical, Loop, Replace
    from modelcollapse.theory.observables import Returned

    loop = Loop(Categorical([0.5, 0.3, 0.2]), Replace(n=5))
    none = make(observable=Returned(), spread=None, predict=lambda loop, t: 0.0 * np.asarray(t))
    row = Row(loop, (4,), (Wrong("one in twenty", lambda predict, loop, t: 0.05 + 0 * t),))
    for events, outcome in ((0, "supported"), (1, "refuted")):
        values = np.zeros(10_000)
        values[:events] = 1
        cells = {("returned", 4): Moments.of(values)}
        run = FakeRun(loop, (Returned(),), np.array([4]), 10_000, cells)
        assert judge(none, run, row).outcome == outcome


def test_records_are_json(run):
    record = json.loads(json.dumps(judge(make(), run, ROW).as_dict(), allow_nan=False))
    fields = "theorem parameters generation predicted simulated se statistic p resolution verdict"
    assert set(fields.split()) <= set(record["comparisons"][0])
    assert record["outcome"] == "supported"
