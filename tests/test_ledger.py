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
TWIN_DRAWS, TWIN_CHAINS = 2**25, (4_000, 2**17)

GROUPS = grouped()
#: By number of the group, so that a session needs the run of one group at a time.
ROWS = [
    (number, entry, row) for number, group in enumerate(GROUPS) for _, entry, row in group.members
]
each_row = pytest.mark.parametrize(
    ("group", "entry", "row"),
    ROWS,
    ids=[f"{entry.name}-{type(row.loop.regime).__name__}" for _, entry, row in ROWS],
)


@pytest.fixture(scope="session")
def engine(request, base_seed):
    """The run of a group of rows, made once: that of `modelcollapse verify`, whose seed is 0."""
    seed = base_seed if request.config.getoption("--fresh-seeds") else 0
    return functools.cache(lambda index: GROUPS[index].run(seed))


@pytest.fixture(scope="session")
def twins(base_seed):
    """The twin's run of a group of rows, in the clothes of a `Run`."""
    return functools.cache(lambda index: twin_run(GROUPS[index], base_seed + index))


def twin_run(group, seed):
    columns = [c for o in group.observables for c in o.columns(group.loop.truth)]
    last = group.generations[-1]
    draws = sum(int(twin.sizes(group.loop.regime, t).sum()) for t in range(1, last + 1))
    draws *= np.size(getattr(group.loop.truth, "mean", 0))
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
    verdict = judge(entry, engine(group), row)
    assert verdict.outcome == "supported", verdict.reason


@each_row
def test_power(engine, group, entry, row):
    run = engine(group)
    outcomes = {wrong.name: refute(entry, run, row, wrong).outcome for wrong in row.wrong}
    assert set(outcomes.values()) == {"refuted"}, outcomes


@each_row
def test_twin(engine, twins, group, entry, row):
    fast, slow = engine(group), twins(group)
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


def test_the_twin_can_tell(seed):
    """The comparison of both simulations has power: it refutes a mean that is off by a tenth."""
    rng = np.random.default_rng(seed)
    slow, right, wrong = (Moments.of(rng.exponential(m, 2**17)) for m in (1.0, 1.0, 1.1))
    observable = LEDGER["gaussian_replace_variance"].observable
    assert differ(wrong, slow, observable, None)
    assert not differ(right, slow, observable, None)
