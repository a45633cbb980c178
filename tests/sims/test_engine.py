"""The engine: bit-identity, compilation, long chains, and saving.

That all paths have the same law is tested in `test_paths.py`.
"""

import os
import subprocess
import sys
import textwrap

import jax
import numpy as np
import pytest
import xarray as xr
from scipy import stats

from modelcollapse.sims import Run, simulate
from modelcollapse.sims.looks import Sample
from modelcollapse.sims.verdicts.record import digest
from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    Gaussian,
    Loop,
    Mixture,
    Replace,
)
from modelcollapse.theory.gaussian import log_variance
from modelcollapse.theory.observables import (
    Entropy,
    Heterozygosity,
    LogVariance,
    MeanError,
    SurvivalByRank,
    Variance,
)

GAUSSIAN = Loop(Gaussian(), Replace(n=10))
CATEGORICAL = Loop(Categorical.zipf(5), Replace(n=10))
FEW = (LogVariance(), Variance())

#: Run in processes with 1, 2 and 8 devices: several chunk sizes, one line of digests.
PROGRAM = textwrap.dedent("""
    import hashlib
    import jax, numpy as np
    from modelcollapse.sims import simulate
    from modelcollapse.theory import AccumulateSubsample, Categorical, Fresh, Gaussian, Loop, Replace
    from modelcollapse.theory.observables import Entropy, KLToTruth

    cases = [
        (Loop(Gaussian(), Fresh(n_real=2, n_synthetic=5)), 40_000, "auto", (None, 1, 20_000)),
        (Loop(Gaussian(), AccumulateSubsample(n=4)), 6_000, "raw", (None, 3_000)),
        (Loop(Gaussian(), Replace(n=10)), 9_000, "raw", (None, 5_000)),
        (Loop(Categorical.zipf(300), Replace(n=400)), 300, "counts", (None, 1, 100)),
        (Loop(Categorical.zipf(300), Replace(n=200)), 300, "items", (None, 1)),
        (Loop(Categorical.zipf(300), Replace(n=400)), 300, "ancestors", (None, 150)),
    ]
    print(jax.local_device_count())
    for loop, chains, path, chunks in cases:
        for chunk in chunks:
            run = simulate(
                loop, 6, chains, key=jax.random.key(5), path=path, chunk=chunk,
                observables=(Entropy(), KLToTruth()), record=[1, 3, 6],
            )
            digest = hashlib.sha256()
            for name in sorted(run.data):
                digest.update(np.ascontiguousarray(run.data[name].values).tobytes())
            print(type(loop.truth).__name__, path, digest.hexdigest())
""")


def digests(devices):
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    count, *lines = done.stdout.splitlines()
    assert int(count) == devices
    return lines


@pytest.fixture(scope="module")
def one_device():
    return digests(1)


def test_chunks_change_no_bit(one_device):
    """Fourteen runs of six simulations: every chunk size gives the same bytes."""
    assert len(one_device) == 14
    assert len(set(one_device)) == 6


@pytest.mark.parametrize("devices", [2, 8])
def test_devices_change_no_bit(one_device, devices):
    assert digests(devices) == one_device


def test_same_seed_same_bits_other_seed_other_bits():
    first, again, other = (
        simulate(GAUSSIAN, 3, 500, key=jax.random.key(seed), observables=FEW).data
        for seed in (1, 1, 2)
    )
    xr.testing.assert_identical(first.drop_attrs(), again.drop_attrs())
    assert not np.isin(other["mean"][1:], first["mean"][1:]).any()


def test_more_chains_leave_the_first_ones_alone(key):
    few, many = (
        simulate(GAUSSIAN, 3, chains, key=key, observables=FEW, trajectories=True)
        .data["trajectory"]
        .values
        for chains in (16, 500)
    )
    np.testing.assert_array_equal(few, many[:16])


def test_recording_more_changes_nothing(key):
    sparse, dense = (
        simulate(GAUSSIAN, 12, 500, key=key, observables=FEW, record=record).data["mean"][-1].values
        for record in ([12], "all")
    )
    np.testing.assert_array_equal(sparse, dense)


@pytest.mark.parametrize(
    ("loop", "other"),
    [
        (Loop(Gaussian(), Replace(n=10)), Loop(Gaussian(2.0, 3.0), Replace(n=15))),
        (Loop(Gaussian(), Accumulate(n=10)), Loop(Gaussian(), Accumulate(n=(14, 5, 6)))),
        (Loop(Categorical.zipf(5), Replace(n=10)), Loop(Categorical([0.1, 0.2, 0.3, 0.3, 0.1]), Replace(n=17))),
        (Loop(Categorical.zipf(5), Mixture(n=10, real_share=0.2)), Loop(Categorical.zipf(5), Mixture(n=17, real_share=0.4))),
    ],
    ids=["gaussian-replace", "gaussian-accumulate", "categorical-replace", "categorical-mixture"],
)  # fmt: skip
def test_one_compilation_for_all_seeds_sizes_and_truths(loop, other, compilations):
    observables = (Entropy(),)
    simulate(loop, 3, 100, key=jax.random.key(0), observables=observables)
    before = compilations()
    assert before > 0
    for again in (loop, other):
        simulate(again, 3, 100, key=jax.random.key(1), observables=observables)
    assert compilations() == before


@pytest.fixture(scope="module")
def long_runs(base_seed):
    """A thousand generations of ten draws, in both precisions and under different keys."""
    return {
        dtype: simulate(
            GAUSSIAN, 1000, 20_000, key=jax.random.key(base_seed + place), dtype=dtype,
            observables=(LogVariance(), MeanError()), record=[20, 1000],
        )
        for place, dtype in enumerate(("float32", "float64"))
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_thousand_generations_of_ten_draws(long_runs, dtype):
    """The mean log-variance is near -218 and its law near normal; a variance would have underflowed.

    Seven standard errors: a false alarm in 4e11 runs."""
    run = long_runs[dtype]
    assert run.data.attrs["dtype"] == dtype
    found = run.moments("log_variance", 1000)
    mean = log_variance.mean(n=10, t=1000)
    variance = log_variance.cumulant(n=10, t=1000, order=2)
    assert np.isfinite([found.mean, found.minimum, found.maximum]).all()
    assert abs(found.mean - mean) < 7 * np.sqrt(variance / run.chains)
    assert abs(found.variance / variance - 1) < 7 * np.sqrt(2 / run.chains)


@pytest.mark.parametrize("generation", [20, 1000])
@pytest.mark.parametrize("column", ["log_variance", "mean_error"])
def test_both_precisions_follow_the_same_law(long_runs, column, generation):
    a, b = (run.moments(column, generation) for run in long_runs.values())
    assert abs(a.mean - b.mean) < 7 * np.sqrt((a.variance + b.variance) / a.count)


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
@pytest.mark.parametrize(
    "loop",
    [
        Loop(Gaussian(1.0, 2.0, estimator="unbiased"), Replace(n=(5, 9, 4))),
        Loop(Categorical.zipf(40), Mixture(n=lambda t: 10 * t, real_share=0.1)),
        Loop(Gaussian(), AccumulateSubsample(n=4)),
    ],
    ids=["gaussian", "categorical", "subsample"],
)
def test_save_and_load(tmp_path, monkeypatch, key, loop, engine):
    if engine == "scipy":
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    usual = (Entropy(), SurvivalByRank() if isinstance(loop.truth, Categorical) else MeanError())
    run = simulate(loop, 3, 50, key=key, observables=usual)
    loaded = Run.load(run.save(tmp_path / "run.nc"))
    assert [path.name for path in tmp_path.iterdir()] == ["run.nc"]
    xr.testing.assert_identical(run.data.drop_attrs(), loaded.data.drop_attrs())
    assert loaded.observables == run.observables
    assert digest(loaded.loop, 3) == digest(run.loop, 3)
    assert loaded.chains == run.chains == 50
    assert repr(loaded) == repr(run)
    for name in (
        "chains",
        "seed",
        "dtype",
        "path",
        "versions",
        "device",
        "wall_seconds",
        "stream_version",
    ):
        assert str(loaded.data.attrs[name]) == str(run.data.attrs[name])


def test_a_failed_save_leaves_nothing(tmp_path, key):
    run = simulate(GAUSSIAN, 3, 500, key=key, observables=FEW)
    with pytest.raises(OSError, match="missing"):
        run.save(tmp_path / "missing" / "run.nc")
    assert not list(tmp_path.iterdir())


def test_moments_and_quantiles_of_a_run(key):
    run = simulate(
        CATEGORICAL, 4, 3_000, key=key, observables=(Heterozygosity(),), record=[0, 2], trajectories=True
    )  # fmt: skip
    every = run.trajectory(Heterozygosity())
    np.testing.assert_allclose(run.mean(Heterozygosity()), every.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        run.standard_error(Heterozygosity()), every.std(axis=0, ddof=1) / np.sqrt(3_000), rtol=1e-9, atol=1e-12
    )  # fmt: skip
    median = run.quantile(Heterozygosity(), 0.5)
    assert np.abs(median - np.median(every, axis=0)).max() < 0.03
    with pytest.raises(ValueError, match="variance"):
        run.mean(Variance())


def test_quantiles_are_kept_where_they_are_wanted(key):
    """Moments everywhere, and the same quantiles as of a run that keeps them all."""
    options = {"observables": (LogVariance(),), "key": key}
    few = simulate(GAUSSIAN, 100, 500, record="all", quantiles=[3, 70], **options)
    all_ = simulate(GAUSSIAN, 100, 500, record=[3, 50, 70], **options)
    median = few.quantile(LogVariance(), 0.5)
    assert np.flatnonzero(np.isfinite(median)).tolist() == [3, 70]
    np.testing.assert_array_equal(median[[3, 70]], all_.quantile(LogVariance(), 0.5)[[0, 2]])
    # Only where a glance served are the sums taken in another order.
    means, same = few.mean(LogVariance()), all_.mean(LogVariance())
    np.testing.assert_array_equal(means[[3, 70]], same[[0, 2]])
    np.testing.assert_allclose(means[50], same[1], rtol=1e-7)
    default = simulate(GAUSSIAN, 100, 500, record="all", **options).quantile(LogVariance(), 0.5)
    assert 30 < np.isfinite(default).sum() <= 60
    assert np.isfinite(default[[0, 1, 2, 100]]).all()
    nothing = simulate(GAUSSIAN, 100, 500, record="all", quantiles=[], **options)
    with pytest.raises(ValueError, match="kept no quantiles"):
        nothing.quantile(LogVariance(), 0.5)
    assert nothing.data.attrs["quantile_chains"] == 0
    # Skewness is kept at the usual generations all the same, and with asked for quantiles.
    usual = np.flatnonzero(np.isfinite(nothing.data["skewness"].values[:, 0]))
    assert set(usual) == set(np.flatnonzero(np.isfinite(default))) - {0}
    asked = simulate(GAUSSIAN, 100, 500, record="all", quantiles=[99], **options)
    assert 99 not in usual
    assert np.isfinite(asked.data["skewness"].values[99, 0])
    with pytest.raises(
        ValueError,
        match=r"`quantiles` must be generations that are recorded; got 9\. The nearest is 10",
    ):
        simulate(GAUSSIAN, 10, 5, record=[1, 10], quantiles=[9], **options)


def test_quantiles_are_of_a_sample_unless_asked_for(key):
    """Of the first block of 20,480 chains, as the second is not full."""
    options = {"observables": (LogVariance(),), "record": [0, 20], "key": key}
    sample = simulate(GAUSSIAN, 20, 40_000, **options)
    chains = simulate(GAUSSIAN, 20, 40_000, quantiles=[0, 20], **options)
    assert sample.data.attrs["quantile_chains"] == 4_096
    assert chains.data.attrs["quantile_chains"] == 40_000
    assert sample.data["histogram"].values.sum(axis=-1).tolist() == [[4096.0], [4096.0]]
    for name in ("mean", "variance", "skewness", "kurtosis", "minimum", "maximum"):
        np.testing.assert_array_equal(sample.data[name], chains.data[name])
    for q in (0.1, 0.5, 0.9):
        level = log_variance.cdf(sample.quantile(LogVariance(), q)[1], n=10, t=20)
        # An interval that holds all but 1e-7 of samples of as many chains, by the binomial law.
        near = stats.binom.ppf([1e-7, 1 - 1e-7], 4096, q) / 4096
        assert near[0] - 1 / 4096 <= level <= near[1] + 1 / 4096


@pytest.mark.parametrize("width", [8, 64, 2048, 26_624])
@pytest.mark.parametrize("chains", [4_097, 100_000, 10_000_000])
def test_a_sample_is_of_some_four_thousand_chains(chains, width):
    sample = Sample.of(chains, width, 4096)
    blocks = range(-(-chains // width))
    lives = [min(width, chains - number * width, sample.kept) for number in blocks]
    taken = [len(sample.taken(i, np.empty((live, 1)))) for i, live in enumerate(lives)]
    assert 4096 <= sum(taken) <= 4099
    # Over the whole of the run.
    used = np.flatnonzero(taken)
    assert used[-1] + sample.stride > len(blocks) / 2


def test_few_chains_are_all_in_the_sample(key):
    run = simulate(GAUSSIAN, 3, 1_000, key=key, observables=FEW)
    every = simulate(GAUSSIAN, 3, 1_000, key=key, observables=FEW, quantiles=[0, 1, 2, 3])
    assert run.data.attrs["quantile_chains"] == 1_000
    xr.testing.assert_identical(run.data.drop_attrs(), every.data.drop_attrs())


@pytest.mark.parametrize(
    ("truth", "dtype"),
    [
        (Gaussian(), "float32"),
        (Gaussian(1e4), "float64"),
        (Gaussian(1e4, 1e4), "float32"),
        (Gaussian(0.0, 1e-30), "float64"),
        (Gaussian(1.0, log_variance=-5000.0), "float64"),
    ],
    ids=["ordinary", "far", "far in no unit of its own", "small", "beyond any float"],
)
def test_precision_follows_the_truths_units(truth, dtype, key):
    loop = Loop(truth, Replace(n=10))
    run = simulate(loop, 1, 4, key=key, observables=(LogVariance(),))
    assert run.data.attrs["dtype"] == dtype
    if dtype == "float64":
        with pytest.raises(ValueError, match="`dtype='float32'` serves truths within 1000"):
            simulate(loop, 1, 4, key=key, dtype="float32")


#: Prints by how many bytes the peak memory grows when there are four times as many chains.
GROWTH = textwrap.dedent("""
    import resource
    import jax
    from modelcollapse.sims import simulate
    from modelcollapse.theory import Gaussian, Loop, Replace

    peaks = []
    for chains in (2**19, 2**21):
        simulate(Loop(Gaussian(), Replace(n=10)), 9, chains, key=jax.random.key(0))
        peaks.append(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    print(peaks[1] - peaks[0])
""")


def test_peak_memory_does_not_grow_with_the_chains():
    """Two million chains would take 16 MB for each generation and observable, 1.5 GB in all."""
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    assert int(done.stdout) < 1e8
