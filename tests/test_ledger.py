"""The table: every row of every theorem, supported by the engine, with power, and by the twin.

A row is *supported* if the run that `verify` makes says so; it has *power* if the same run refutes
each of its wrong variants; and the *twin* is a second simulation, which shares no code with the first:
the theorem must survive its raw draws, and both must agree in every mean that the row looks at.
False alarms are those of the suite's budget, 1e-6, with one more of these for the twin.
"""

import functools

import numpy as np
import pytest
import twin
import xarray as xr

from modelcollapse.sims import Moments, Run
from modelcollapse.sims.verdicts import Budget, judge, refute
from modelcollapse.sims.verdicts.bounds import bounds
from modelcollapse.sims.verdicts.pvalue import Null, weigh
from modelcollapse.sims.verdicts.verify import grouped
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.observables import AtMost

#: Raw draws that the twin may make for one loop, and the chains it may have.
TWIN_DRAWS, TWIN_CHAINS = 2**25, (1_000, 20_000)

GROUPS = grouped()
ROWS = sorted(
    ((index, group, entry, row) for group in GROUPS for index, entry, row in group.members),
    key=lambda member: member[0],
)
IDS = [f"{entry.name}-{entry.rows.index(row)}-{type(row.loop.regime).__name__}" for _, _, entry, row in ROWS]
each_row = pytest.mark.parametrize(("group", "entry", "row"), [member[1:] for member in ROWS], ids=IDS)


@pytest.fixture(scope="session")
def engine(base_seed):
    """The run of a group of rows; each is made once."""
    return functools.cache(lambda index: GROUPS[index].run(base_seed))


@pytest.fixture(scope="session")
def twins(base_seed):
    """The twin's run of a group of rows, in the clothes of a `Run`."""
    return functools.cache(lambda index: twin_run(GROUPS[index], base_seed + index))


def twin_run(group, seed):
    columns = [c for o in group.observables for c in o.columns(group.loop.truth)]
    last = group.generations[-1]
    draws = sum(int(twin.sizes(group.loop.regime, t).sum()) for t in range(1, last + 1))
    chains = int(np.clip(TWIN_DRAWS // draws, *TWIN_CHAINS))
    values = twin.simulate(group.loop, group.generations, chains, columns, seed)
    moments = Moments.of(np.swapaxes(values, 0, 1))
    names = ("mean", "variance", "skewness", "kurtosis", "minimum", "maximum")
    data = xr.Dataset(
        {name: (("generation", "column"), getattr(moments, name)) for name in names},
        {"generation": group.generations, "column": columns},
        {"chains": chains, "dtype": "float64"},
    )
    return Run(group.loop, group.observables, data)


@each_row
def test_supported(engine, group, entry, row):
    verdict = judge(entry, engine(GROUPS.index(group)), row)
    assert verdict.outcome == "supported", verdict.reason


@each_row
def test_power(engine, group, entry, row):
    run = engine(GROUPS.index(group))
    outcomes = {wrong.name: refute(entry, run, row, wrong).outcome for wrong in row.wrong}
    assert set(outcomes.values()) == {"refuted"}, outcomes


@each_row
def test_twin(engine, twins, group, entry, row):
    index = GROUPS.index(group)
    fast, slow = engine(index), twins(index)
    verdict = judge(entry, slow, row)
    assert verdict.outcome != "refuted", verdict.reason
    differing = [
        (column, t, fast.moments(column, t).mean, slow.moments(column, t).mean)
        for observable in entry.observables(row)
        for column in observable.columns(row.loop.truth)
        for t in row.generations
        if differ(fast.moments(column, t), slow.moments(column, t), observable, row.loop.truth)
    ]
    assert not differing


def differ(fast, slow, observable, truth):
    """Whether the twin's mean lies outside of what the engine's mean, give or take seven standard
    errors, allows. (Seven: 3e-12 for a normal mean, below the allotment of a comparison.)"""
    width = 7 * np.sqrt(fast.variance / fast.count)
    null = Null(fast.mean, fast.mean - width, fast.mean + width)
    alpha = Budget().comparison
    share = isinstance(observable, AtMost)
    found = weigh(slow, null, alpha=alpha, bounds=bounds(observable, truth), share=share)
    return found.certified and found.p < alpha


def test_the_twin_can_tell():
    """The comparison of both simulations has power: it refutes a mean that is off by a tenth."""
    rng = np.random.default_rng(0)
    slow, fast = Moments.of(rng.exponential(1.0, 20_000)), Moments.of(rng.exponential(1.1, 200_000))
    observable = LEDGER["gaussian_replace_variance"].observable
    assert differ(fast, slow, observable, None)
    assert not differ(Moments.of(rng.exponential(1.0, 200_000)), slow, observable, None)
