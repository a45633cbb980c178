"""Chains item by item: forward chains of the exact law, at every size, and where "auto" takes them.

`test_categorical_paths.py` compares them with NumPy's multinomial chains. Each p-value must exceed 1e-8:
over the thirty or so here, a sound path fails once in three million seeds.
"""

import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims import simulate
from modelcollapse.sims.paths import choose
from modelcollapse.sims.paths.categorical import CategoricalCounts
from modelcollapse.sims.paths.cost import counts_cost, items_cost
from modelcollapse.sims.paths.items import CategoricalItems
from modelcollapse.theory import Accumulate, Categorical, Fresh, Loop, Replace
from modelcollapse.theory.observables import (
    AtMost,
    CrossEntropy,
    Entropy,
    Frequencies,
    Heterozygosity,
    KLToTruth,
    Power,
    Returned,
    Support,
    SurvivalByRank,
    SurvivingMass,
)

LEAST = 1e-8
LIVING = (
    Support(), Heterozygosity(), SurvivingMass(), Entropy(), KLToTruth(), CrossEntropy(),
    AtMost(Support(), 4), Power(Heterozygosity(), 2),
)  # fmt: skip


def values(loop, generations, chains, key, observables, path="items", **options):
    """What every chain showed, of shape (chains, generations + 1, columns)."""
    run = simulate(
        loop, generations, chains, key=key, path=path, observables=observables, record="all",
        trajectories=True, **options,
    )  # fmt: skip
    return run.data["trajectory"].values


def test_generation_one_is_multinomial_to_one_part_in_a_thousand(key):
    """All draws of all chains together are one multinomial draw; an impossible label has none."""
    p, n, chains = np.array([0.5, 0.25, 0.0, 0.15, 0.1]), 2**14, 2**12
    run = simulate(
        Loop(Categorical(p), Replace(n=n)), 1, chains, key=key, path="items", record=[1],
        observables=(Frequencies(),),
    )  # fmt: skip
    mean, variance = (run.data[name].values[0] for name in ("mean", "variance"))
    counts = np.rint(mean * n * chains)
    assert counts[2] == 0
    assert counts.sum() == n * chains

    def likely(p):
        keep = p > 0
        return stats.chisquare(counts[keep], n * chains * p[keep]).pvalue

    assert likely(p) > LEAST
    # A thousandth of one label's draws given to another is seen.
    assert likely(p + np.array([-0.0005, 0.0005, 0, 0, 0])) < LEAST
    # A share is close enough to normal for its sum of squares to be a chi-square.
    keep = p > 0
    q = stats.chi2.cdf((chains - 1) * variance[keep] * n / (p * (1 - p))[keep], chains - 1)
    assert np.minimum(q, 1 - q).min() > LEAST


@pytest.mark.parametrize(
    "n", [250, (200, 90, 150, 40, 7, 260)], ids=["constant", "falling-and-rising"]
)
def test_what_is_read_off_the_living_is_read_off_all_labels(n, key):
    """The chains are the same, draw by draw; an observable of dead labels makes models dense."""
    p = np.asarray(Categorical.zipf(300).probabilities).copy()
    p[1::3] = 0
    loop = Loop(Categorical(p / p.sum()), Replace(n=n))
    few = values(loop, 6, 300, key, LIVING)
    all_labels = values(loop, 6, 300, key, (*LIVING, Frequencies(), SurvivalByRank(), Returned()))
    np.testing.assert_allclose(few, all_labels[..., : few.shape[-1]], rtol=1e-12, atol=1e-14)
    returned, support = all_labels[..., -1], few[..., 0]
    np.testing.assert_array_equal(returned, 0)
    assert np.all(np.diff(support, axis=1) <= 0)
    assert support[:, 0].min() == support[:, 0].max() == 200
    assert support[:, -1].max() < support[:, 1].min()


@pytest.mark.parametrize("observables", [LIVING[:3], (Support(), Frequencies())])
def test_blocks_change_no_number(observables, key):
    loop = Loop(Categorical.zipf(2000), Replace(n=(1000, 1500, 40)))
    many = values(loop, 3, 150, key, observables)
    np.testing.assert_array_equal(many, values(loop, 3, 150, key, observables, chunk=1))
    np.testing.assert_array_equal(many[:9], values(loop, 3, 9, key, observables))


def test_one_draw_is_one_label_for_good(key):
    loop = Loop(Categorical([0.7, 0.3]), Replace(n=1))
    kept = values(loop, 5, 2000, key, (Frequencies(), Support()))
    np.testing.assert_array_equal(kept[:, 1:, 2], 1)
    np.testing.assert_array_equal(kept[:, 1:], np.broadcast_to(kept[:, 1:2], kept[:, 1:].shape))
    assert stats.binomtest(int(kept[:, 1, 0].sum()), 2000, 0.7).pvalue > LEAST
    # The living alone: no more places than the one draw.
    alone = values(loop, 5, 20, key, (Support(), SurvivingMass()))
    np.testing.assert_array_equal(alone[:, 1:, 0], 1)


def test_two_labels_have_their_binomial_law(key):
    """The count of a label at t = 2 and 3, by the chain's transition matrix."""
    p, n, chains = 0.3, 9, 2**14
    law = stats.binom.pmf(np.arange(n + 1), n, p)
    counts = np.rint(
        n * values(Loop(Categorical([p, 1 - p]), Replace(n=n)), 3, chains, key, (Frequencies(),))
    )[..., 0].astype(int)
    step = stats.binom.pmf(np.arange(n + 1), n, np.arange(n + 1)[:, None] / n)
    for t in (1, 2, 3):
        found = np.bincount(counts[:, t], minlength=n + 1)
        assert stats.chisquare(found, chains * law).pvalue > LEAST
        law = law @ step
        # One generation off is seen.
        assert stats.chisquare(found, chains * law).pvalue < LEAST


def test_more_labels_than_sixteen_bits_hold(key):
    """Labels beyond 2**16 are drawn as often as they should be, and copied as they are."""
    labels, chains = 70_000, 512
    p = np.full(labels, 1e-6)
    p[-8:] = (1 - 1e-6 * (labels - 8)) / 8
    truth = Categorical(p[::-1])
    for turned in (truth, Categorical(p)):
        loop = Loop(turned, Replace(n=60))
        dense = values(loop, 3, chains, key, (Frequencies(labels_kept=8), Support()))
        few = values(loop, 3, chains, key, (Support(), SurvivingMass()))
        np.testing.assert_array_equal(dense[..., -1], few[..., 0])
        if turned is truth:
            drawn = np.rint(60 * dense[:, 1, :8]).sum()
            assert stats.binomtest(int(drawn), 60 * chains, float(p[-8:].sum())).pvalue > LEAST
            rows = np.rint(60 * dense[:, 3, :8].sum(axis=1)) / 60
            spread = rows.std() / np.sqrt(chains)
            assert 2 * stats.norm.sf(abs(rows.mean() - p[-8:].sum()) / spread) > LEAST
        else:
            assert dense[:, 1, :8].max() < 0.2


def test_a_million_items_fit(key):
    run = simulate(
        Loop(Categorical.zipf(50), Replace(n=10**6)), 2, 2, key=key, path="items", record=[0, 2],
        observables=(Heterozygosity(), Support()),
    )  # fmt: skip
    start, end = run.data["mean"].sel(column="heterozygosity").values
    assert abs(end / start - 1) < 0.01
    assert CategoricalItems(50, 10**6).bytes_per_chain() < 4e7


def chosen(loop, generations, path="auto"):
    sizes = loop.regime.sizes(generations)
    return type(choose(path, loop, sizes, "float64", (Support(),), 100))


@pytest.mark.parametrize(
    ("labels", "n", "generations", "items"),
    [
        (100_000, 1000, 100, True),
        (100_000, 1000, 1, True),
        (1000, 100, 300, True),
        (1000, 1000, 1000, False),
        (1000, 10_000, 1, False),
        (1000, 10_000, 1000, False),
        (50_000, 10**6, 300, False),
        # A block of few chains makes the guide for them alone.
        (300_000, 200_000, 2, False),
        (100_000, 90_000, 1, False),
        # Little to save.
        (5, 6, 8, False),
        (100, 30, 10, False),
    ],
)
def test_auto_takes_items_where_they_are_few(labels, n, generations, items, monkeypatch):
    loop = Loop(Categorical.zipf(labels), Replace(n=n))
    assert chosen(loop, generations) is (CategoricalItems if items else CategoricalCounts)
    assert chosen(loop, generations, "counts") is CategoricalCounts
    assert chosen(loop, generations, "items") is CategoricalItems
    # Elsewhere draws alone decide.
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    few = n <= 4096 and labels >= 256
    assert chosen(loop, generations) is (CategoricalItems if few else CategoricalCounts)


def test_auto_takes_items_under_replace_only():
    for loop in (
        Loop(Categorical.zipf(100_000), Accumulate(n=100)),
        Loop(Categorical.zipf(100_000), Fresh(n_real=9, n_synthetic=100)),
    ):
        assert chosen(loop, 9) is CategoricalCounts


def test_costs_follow_the_schedule():
    n = np.array([1000, 10, 10, 5000])
    assert items_cost(256, n, 64) == 30 * 1000 + 2 * 5020 + 50 * 256 / 64
    # 256 labels are one group: of them 1/(1/256 + 1/20 + ...) are alive.
    alive = [1 / (1 / 256 + 1 / 20), 1 / (1 / 256 + 2 / 20), 1 / (1 / 256 + 2 / 20 + 1 / 10_000)]
    assert counts_cost(256, n) == pytest.approx(45 * 256 + 35 * sum(alive))
