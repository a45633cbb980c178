"""The multivariate Gaussian's fast paths draw from the law of raw samples, and say which of them runs.

Every p-value must exceed 1e-6 divided by the number of tests in the file, so sound paths fail it once in
a million seeds.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims import simulate
from modelcollapse.sims.samplers import bartlett, quantile_map
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.sims.verdicts import check
from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Fresh,
    Loop,
    Mixture,
    MultivariateGaussian,
    Replace,
    Weighted,
    find,
    x64,
)
from modelcollapse.theory.multivariate import replace
from modelcollapse.theory.observables import (
    AtMost,
    Entropy,
    LogDeterminant,
    LogPivots,
    Rank,
    SquaredMeanError,
    SquaredNorm,
    TotalVariance,
    W2Squared,
)

LEAST = 1e-6 / 200
CHAINS = 8_000
GENERATIONS = (1, 4)
COVARIANCE = [[4.0, 1.2, 0.5], [1.2, 1.0, -0.2], [0.5, -0.2, 0.5]]
TRUTH = MultivariateGaussian([1.0, -2.0, 0.5], COVARIANCE)
UNBIASED = MultivariateGaussian([1.0, -2.0, 0.5], COVARIANCE, estimator="unbiased")
MANY = MultivariateGaussian(np.ones(9), np.eye(9) + 0.3)
OBSERVED = (LogPivots(3), TotalVariance(), SquaredNorm(), SquaredMeanError(), Rank())


def values(loop, path, key, dtype="float64", observables=OBSERVED):
    run = simulate(
        loop, GENERATIONS[-1], CHAINS, key=key, path=path, observables=observables,
        record=GENERATIONS, dtype=dtype, trajectories=True,
    )  # fmt: skip
    return run.data["trajectory"].values


def assert_same_law(mine, theirs):
    for t in range(len(GENERATIONS)):
        for column in range(mine.shape[2]):
            a, b = mine[:, t, column], theirs[:, t, column]
            if np.unique(b).size < 5:
                assert np.array_equal(np.unique(a), np.unique(b)), (GENERATIONS[t], column)
            else:
                assert stats.ks_2samp(a, b, method="asymp").pvalue > LEAST, (GENERATIONS[t], column)
    for (t, a), (s, b) in [((1, 0), (1, 3)), ((1, 3), (1, 5)), ((0, 5), (1, 5)), ((0, 3), (1, 3))]:
        ranks = [
            np.arctanh(stats.spearmanr(x[:, t, a], x[:, s, b]).statistic) for x in (mine, theirs)
        ]
        z = (ranks[0] - ranks[1]) / np.sqrt(3 / CHAINS)
        assert 2 * stats.norm.sf(abs(z)) > LEAST, ((t, a), (s, b))


LOOPS = {
    "replace": Loop(TRUTH, Replace(n=(5, 9, 30, 4))),
    "unbiased": Loop(UNBIASED, Replace(n=6)),
    "rank": Loop(TRUTH, Replace(n=(3, 9, 3, 7))),
    "accumulate": Loop(TRUTH, Accumulate(n=(5, 2, 5, 3))),
    "fresh": Loop(UNBIASED, Fresh(n_real=(1, 2, 2, 3), n_synthetic=4)),
    "weighted": Loop(TRUTH, Weighted(n_real=5, n_synthetic=(4, 6, 5, 4), weight=0.6)),
    "blocks": Loop(MANY, Replace(n=(12, 30, 11, 20))),
    "blocks, rank": Loop(MANY, Replace(n=(8, 30, 6, 20))),
}


@pytest.mark.parametrize("name", LOOPS)
def test_statistics_have_the_law_of_raw_samples(name, key):
    one, other = jax.random.split(key)
    raw = values(LOOPS[name], "raw", one)
    assert_same_law(values(LOOPS[name], "statistic", other, "float32"), raw)
    if name in ("replace", "blocks", "fresh"):
        assert_same_law(values(LOOPS[name], "statistic", other), raw)


def test_the_comparison_can_tell(key):
    one, other = jax.random.split(key)
    wrong = Loop(TRUTH, Replace(n=(5, 9, 30, 5)))
    with pytest.raises(AssertionError):
        assert_same_law(
            values(wrong, "statistic", one), values(LOOPS["replace"], "statistic", other)
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["replace", "blocks"])
def test_pivots_alone_are_the_same_numbers(name, dtype, key):
    chosen = (LogPivots(9), LogDeterminant(), Rank(), Entropy())
    alone, whole = (
        values(LOOPS[name], path, key, dtype, chosen) for path in ("pivots", "statistic")
    )
    np.testing.assert_allclose(alone, whole, rtol=2e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("dimension", [1, 2, 5, 9])
def test_no_address_is_used_twice(dimension, monkeypatch):
    used = []
    words = Stream.words
    monkeypatch.setattr(
        Stream,
        "words",
        lambda self, slot, attempt=0: (used.append(np.ravel(attempt)), words(self, slot, attempt))[
            1
        ],
    )
    keys = jnp.arange(4, dtype=jnp.uint32)
    with x64():
        streams, t, n = Stream(keys, keys), jnp.asarray(3), jnp.asarray(7)
        table = jnp.asarray(bartlett.coefficients(np.array([7]), dimension, quantile_map.DEGREE)[0])
        for first in (bartlett.SYNTHETIC, bartlett.REAL):
            kinds = {"dimension": dimension, "dtype": "float32"}
            bartlett.mean_and_pivots(streams, t, n, first, table, small=True, **kinds)
            bartlett.blocks(streams, t, first, **kinds)
    # Tracing for shapes and for the program reads each address twice.
    slots = [np.unique(part) for part in used]
    slots = {tuple(part) for part in slots if part.size}
    flat = np.concatenate([np.array(part) for part in slots])
    assert np.unique(flat).size == flat.size
    assert flat.min() > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dimension", [2, 9])
def test_one_batch_has_the_moments_of_wishart(dimension, dtype, seed):
    """Six standard errors, of each entry of the mean of A A'/n and of its square: false once in 1e7."""
    n, chains = 14, 20_000
    keys = np.random.default_rng(seed).integers(2**32, size=(2, chains), dtype=np.uint32)
    with x64():
        streams, t = Stream(*map(jnp.asarray, keys)), jnp.asarray(1)
        table = jnp.asarray(bartlett.coefficients(np.array([n]), dimension, quantile_map.DEGREE)[0])
        kinds = {"dimension": dimension, "dtype": dtype}
        _, log_pivots = bartlett.mean_and_pivots(
            streams, t, jnp.asarray(n), 1, table, small=True, **kinds
        )
        below = np.array(bartlett.joined(*bartlett.blocks(streams, t, 1, **kinds)), np.float64)
    below[:, range(dimension), range(dimension)] = np.exp(np.asarray(log_pivots).T / 2) * np.sqrt(n)
    square = below @ below.swapaxes(1, 2) / n
    entries = square.reshape(chains, -1)
    error = entries.mean(axis=0) - (1 - 1 / n) * np.eye(dimension).ravel()
    assert np.abs(error / (entries.std(axis=0) / np.sqrt(chains))).max() < 6
    norms = np.stack(
        [(square**2).sum(axis=(1, 2)), np.trace(square, axis1=1, axis2=2) ** 2], axis=1
    )
    expected = replace.second_moments(n, 1, dimension, dimension**2)
    error = norms.mean(axis=0) - np.stack(expected)
    assert np.abs(error / (norms.std(axis=0) / np.sqrt(chains))).max() < 6


@pytest.mark.parametrize(
    ("truth", "regime", "observables", "path"),
    [
        (TRUTH, Replace(n=9), (LogDeterminant(), AtMost(Rank(), 2.0)), "MultivariatePivots"),
        (TRUTH, Replace(n=9), (LogDeterminant(), TotalVariance()), "MultivariateColumns"),
        (MANY, Replace(n=9), (TotalVariance(),), "MultivariateBlocks"),
        (TRUTH, Accumulate(n=9), (TotalVariance(),), "MultivariateStatistics"),
        (TRUTH, Mixture(n=9, real_share=0.5), (TotalVariance(),), "RawSamples"),
        (TRUTH, AccumulateSubsample(n=9), (TotalVariance(),), "RawSamples"),
    ],
)
def test_the_fastest_path_is_chosen(truth, regime, observables, path, key):
    run = simulate(Loop(truth, regime), 1, 16, key=key, observables=observables)
    assert run.data.attrs["path"] == path
    assert run.data.attrs["dtype"] == "float32"


@pytest.mark.parametrize(
    ("regime", "path", "message"),
    [
        (Replace(n=9), "pivots", "knows log_determinant.* alone, so total_variance cannot be"),
        (Accumulate(n=9), "pivots", "serves a MultivariateGaussian under Replace only"),
        (Mixture(n=9, real_share=0.5), "statistic", "does not serve a MultivariateGaussian under"),
        (Replace(n=9), "counts", "does not serve a MultivariateGaussian under Replace"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_a_path_that_does_not_serve_is_refused(regime, path, message, key):
    with pytest.raises(ValueError, match=message):
        simulate(Loop(TRUTH, regime), 1, 16, key=key, path=path, observables=(TotalVariance(),))


def test_units_that_strain_float32_get_float64(key):
    for truth in (
        MultivariateGaussian([1e6, 0.0]),
        MultivariateGaussian(covariance=np.diag([1.0, 1e-9])),
    ):
        run = simulate(Loop(truth, Replace(n=9)), 1, 16, key=key, observables=(TotalVariance(),))
        assert run.data.attrs["dtype"] == "float64"


@pytest.mark.parametrize("dimension", [2, 9])
def test_nothing_overflows_on_the_way_down(dimension, key):
    """After a thousand generations at n = d + 3 the pivots stand hundreds to thousands of e-folds below
    one, and far apart. Seven standard errors: false once in 1e11."""
    loop = Loop(MultivariateGaussian(np.ones(dimension)), Replace(n=dimension + 3))
    run = simulate(
        loop, 1000, 256, key=key, record=[1000],
        observables=(LogDeterminant(), SquaredMeanError(), TotalVariance(), W2Squared()),
    )  # fmt: skip
    found = run.moments("log_determinant", 1000)
    mean, variance = (
        float(replace.log_determinant_cumulant(dimension + 3, 1000, dimension, j)) for j in (1, 2)
    )
    assert mean < -700
    assert abs(found.mean - mean) < 7 * np.sqrt(variance / 256)
    assert np.isfinite(run.moments("squared_mean_error", 1000).maximum)
    assert run.moments("total_variance", 1000).maximum < 1e-30
    # To a point the distance is that of the means and the truth's own spread.
    rest = run.moments("w2_squared", 1000).mean - run.moments("squared_mean_error", 1000).mean
    np.testing.assert_allclose(rest, dimension, rtol=1e-5)


def test_w2_is_read_off_where_it_is_asked_for(key):
    """In 50 dimensions one look takes as long as a hundred generations."""
    loop = Loop(TRUTH, Replace(n=6))
    run = simulate(loop, 1, 64, key=key)
    assert W2Squared() not in run.observables
    names = {entry.name for entry in find(loop, W2Squared())}
    skipped = {item.theorem: item.reason for item in check(run, names=names).not_judged}
    assert skipped == dict.fromkeys(names, "record w2_squared")
    assert len(names) == 2
    asked = simulate(loop, 1, 64, key=key, observables=(W2Squared(),))
    before, after = asked.mean(W2Squared())
    assert before < 1e-13 < 1e-3 < after
