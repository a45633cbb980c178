"""Regimes and loops: sizes, schedules, pooling, descriptions, and bad input."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    FixedReal,
    Fresh,
    Gaussian,
    Loop,
    Mixture,
    Replace,
    Weighted,
    find,
)


@dataclasses.dataclass
class Bag:
    """A statistic that remembers what went into it."""

    items: tuple[str, ...]
    count: int = 0

    def combine(self, other: "Bag") -> "Bag":
        return Bag(self.items + other.items)

    def scale(self, weight: float) -> "Bag":
        return Bag((f"{weight:.3g}", *self.items))

    def subsample(self, n: int) -> "Bag":
        return Bag(("subsample of", *self.items))


POOL, OWN, REAL = Bag(("pool",)), Bag(("own",), 3), Bag(("real",), 2)


@pytest.mark.parametrize(
    ("regime", "training", "kept"),
    [
        (Replace(n=5), ("own",), ("pool",)),
        (Accumulate(n=5), ("pool", "own"), ("pool", "own")),
        (AccumulateSubsample(n=5), ("subsample of", "pool", "own"), ("pool", "own")),
        (Fresh(2, 3), ("real", "own"), ("pool",)),
        (Mixture(5, 0.5), ("own",), ("pool",)),
        (Weighted(2, 3, 0.5), ("1.2", "real", "0.8", "own"), ("pool",)),
    ],
)
def test_what_is_pooled(regime, training, kept):
    pool, found = regime.update(POOL, OWN, REAL, False)
    assert found.items == training
    assert pool.items == kept


@pytest.mark.parametrize(
    ("regime", "real", "synthetic", "total"),
    [
        (Replace(n=5), [0, 0, 0], [5, 5, 5], [5, 5, 5]),
        (Replace(n=[4, 5, 6, 7]), [0, 0, 0], [4, 5, 6], [4, 5, 6]),
        (Replace(n=lambda t: 10 * t), [0, 0, 0], [10, 20, 30], [10, 20, 30]),
        (Accumulate(n=5), [0, 0, 0], [5, 5, 5], [5, 10, 15]),
        (AccumulateSubsample(n=5), [0, 0, 0], [5, 5, 5], [5, 5, 5]),
        (Fresh(2, 3), [2, 2, 2], [3, 3, 3], [5, 5, 5]),
        (Weighted(2, 3, 0.5), [2, 2, 2], [3, 3, 3], [5, 5, 5]),
        (FixedReal(4, 6), [4, 0, 0], [0, 6, 6], [4, 10, 10]),
        (Mixture(5, 0.1), [0, 0, 0], [5, 5, 5], [5, 5, 5]),
    ],
)
def test_sizes(regime, real, synthetic, total):
    found = regime.sizes(3)
    np.testing.assert_array_equal(found[0], real)
    np.testing.assert_array_equal(found[1], synthetic)
    np.testing.assert_array_equal(regime.total(3), total)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Replace(n=0), r"`Replace\(n=...\)` must be at least 1; got 0"),
        (lambda: Replace(n=[5, 0]), "must be at least 1; got 0"),
        (lambda: Fresh(0, 5), r"`Fresh\(n_real=...\)` must be at least 1; got 0"),
        (lambda: Fresh(3, -1), r"`Fresh\(n_synthetic=...\)` must be at least 0; got -1"),
        (lambda: Mixture(5, 1.5), "must be between 0 and 1; got 1.5"),
        (lambda: Loop(Gaussian(), Replace(n=1)), "needs at least 2"),
        (lambda: Loop(Gaussian(), FixedReal(1, 5)), "needs at least 2"),
        (lambda: Replace(n=[4, 5]).sizes(3), "lists 2 generations; at least 3 are needed"),
        (lambda: Replace(n=lambda t: 3 - t).sizes(3), "must be at least 1; got 0"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_by_function_is_not_asked_beyond_its_end():
    sizes = (10, 20, 30)
    names = {entry.name for entry in find(Loop(Gaussian(), Replace(n=lambda t: sizes[t - 1])))}
    assert "gaussian_replace_variance" in names
    assert "gaussian_replace_precision" not in names


def test_equal_loops_have_equal_descriptions():
    one = Loop(Gaussian(), Replace(n=10)).describe()
    assert one == Loop(Gaussian(), Replace(n=10)).describe()
    assert one != Loop(Gaussian(), Replace(n=11)).describe()
    assert one != Loop(Gaussian(estimator="unbiased"), Replace(n=10)).describe()
    written = Loop(Categorical([0.5, 0.5]), Replace(n=lambda t: t + 1)).describe(3)
    assert written["regime"]["n"] == [2, 3, 4]


#: Types are checked by the import hook in tests, but by the package itself where it is used.
BAD_TYPES = """
from modelcollapse.theory import FixedReal, Gaussian, Loop, Replace
for make in (
    lambda: Replace(n=2.5),
    lambda: Replace(n="many"),
    lambda: FixedReal([3, 4], 5),
    lambda: Loop(Replace(n=5), Replace(n=5)),
    lambda: Loop(Gaussian(), 5),
    lambda: Gaussian(estimator="map"),
):
    try:
        make()
    except ValueError as error:
        print(error)
"""


def test_bad_types_are_named_where_no_hook_checks_them():
    result = subprocess.run(
        [sys.executable, "-c", BAD_TYPES], capture_output=True, text=True, check=True
    )
    lines = result.stdout.splitlines()
    for line, part in zip(
        lines,
        (
            "`Replace(n=...)` must be a whole number of draws; got 2.5",
            "`Replace(n=...)` must be an integer or a sequence of integers; got 'many'",
            "`FixedReal(n_real=...)` must be one number; got",
            "`Loop(truth=...)` must be an instance of a family",
            "`Loop(regime=...)` must be a regime, such as `Replace(n=100)`; got 5",
            "`Gaussian(estimator=...)` must be 'mle' or 'unbiased'; got 'map'",
        ),
        strict=True,
    ):
        assert part in line
