"""Observables against their definitions in plain NumPy."""

import itertools

import numpy as np
import pytest

from modelcollapse.theory import Categorical, Gaussian, observables, x64
from modelcollapse.theory.observables import AtMost, Power, rank_bins

P0 = np.array([0.1, 0.4, 0.0, 0.3, 0.2])
P = np.array([0.0, 0.5, 0.0, 0.25, 0.25])
MU0, V0, MU, V = 1.0, 4.0, 1.5, 0.25


def seen(observable, p=P, earlier=None):
    with x64():
        if isinstance(p, np.ndarray):
            model, truth = Categorical(p).astype("float64"), Categorical(P0).astype("float64")
        else:
            model, truth = p.astype("float64"), Gaussian(MU0, V0).astype("float64")
        if earlier is not None:
            return np.asarray(observable.between(earlier.astype("float64"), model, truth))
        return np.asarray(observable(model, truth))


@pytest.mark.parametrize(
    ("observable", "value"),
    [
        (observables.Variance(), V),
        (observables.LogVariance(), np.log(V / V0)),
        (observables.MeanError(), MU - MU0),
        (observables.W2Squared(), (MU - MU0) ** 2 + (0.5 - 2) ** 2),
        (observables.TotalSecondMoment(), V + (MU - MU0) ** 2),
        (observables.W2Balance(), (MU - MU0) ** 2 + (0.5 - 2) ** 2 + 2 * 2 * 0.5),
        (observables.Entropy(), 0.5 * np.log(2 * np.pi * np.e * V)),
        (observables.KLToTruth(), 0.5 * (V / V0 + (MU - MU0) ** 2 / V0 - 1 - np.log(V / V0))),
        (observables.KLFromTruth(), 0.5 * (V0 / V + (MU - MU0) ** 2 / V - 1 + np.log(V / V0))),
        (
            observables.CrossEntropy(),
            0.5 * np.log(2 * np.pi * V0) + (V + (MU - MU0) ** 2) / (2 * V0),
        ),
        (Power(observables.Variance(), -0.5), V**-0.5),
        (AtMost(observables.Variance(), 0.25), 1),
        (AtMost(observables.Variance(), 0.2), 0),
    ],
)
def test_gaussian(observable, value):
    np.testing.assert_allclose(seen(observable, Gaussian(MU, V)), value, rtol=1e-13)


@pytest.mark.parametrize(
    ("observable", "value"),
    [
        (observables.Heterozygosity(), 1 - 0.25 - 2 * 0.0625),
        (observables.Support(), 3),
        (observables.SurvivingMass(), 0.9),
        (observables.Entropy(), 0.5 * np.log(2) + 0.5 * np.log(4)),
        (
            observables.KLToTruth(),
            0.5 * np.log(0.5 / 0.4) + 0.25 * np.log(0.25 / 0.3) + 0.25 * np.log(0.25 / 0.2),
        ),
        (observables.CrossEntropy(), -(P[[1, 3, 4]] * np.log(P0[[1, 3, 4]])).sum()),
        (observables.Frequencies(), P),
        (observables.Frequencies(power=3, labels_kept=2), P[:2] ** 3),
        (observables.KLFromTruth(), np.inf),
    ],
)
def test_categorical(observable, value):
    np.testing.assert_allclose(seen(observable), value, rtol=1e-13)


def test_survival_by_rank_sorts_by_the_truth():
    observable = observables.SurvivalByRank(bins=5)
    truth = Categorical(P0)
    assert observable.columns(truth)[0] == "survival_by_rank[1-1]"
    edges = rank_bins(5, 5)
    alive = (P > 0)[np.argsort(-P0)]
    expected = [alive[a:b].mean() for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(seen(observable), expected)


@pytest.mark.parametrize("categories", [1, 2, 16, 83_000])
def test_rank_bins_cover_every_rank_once(categories):
    edges = rank_bins(categories, 16)
    assert edges[0] == 0
    assert edges[-1] == categories
    assert np.all(np.diff(edges) > 0)


def test_returned_counts_what_came_back():
    earlier = Categorical(np.array([0.5, 0.0, 0.0, 0.5, 0.0]))
    assert seen(observables.Returned(), earlier=earlier) == 2
    assert seen(AtMost(observables.Returned(), 0.0), earlier=earlier) == 0
    assert observables.Returned().across_generations
    assert AtMost(observables.Returned(), 0.0).across_generations
    assert not observables.Support().across_generations


def test_observables_compare_by_value_and_have_their_own_names():
    assert Power(observables.Variance(), 2) == Power(observables.Variance(), 2)
    assert Power(observables.Variance(), 2) != Power(observables.Variance(), 3)
    usual = [getattr(observables, name) for name in dir(observables) if name[0].isupper()]
    plain = [
        kind() for kind in usual if kind.__name__ not in ("AbstractObservable", "Power", "AtMost")
    ]
    assert len({o.name for o in plain}) == len(plain)
