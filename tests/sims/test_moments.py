"""Moments against direct formulas, and merges against the whole sample."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims.moments import SUMMARY, Moments, glance, summary
from modelcollapse.theory import x64


def fields(moments):
    return [np.asarray(getattr(moments, f.name)) for f in dataclasses.fields(moments)]


def assert_equal(left, right, rtol=1e-9):
    for mine, theirs in zip(fields(left), fields(right), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=1e-9)


def test_against_scipy():
    x = np.random.default_rng(1).gamma(0.7, size=5000)
    moments = Moments.of(x)
    assert moments.count == 5000
    assert moments.mean == pytest.approx(x.mean())
    assert moments.variance == pytest.approx(x.var())
    assert moments.skewness == pytest.approx(stats.skew(x))
    assert moments.kurtosis == pytest.approx(stats.kurtosis(x))
    assert (moments.minimum, moments.maximum) == (x.min(), x.max())


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e100])
@pytest.mark.parametrize("cut", [0, 1, 700, 1999, 2000])
def test_merge_is_the_whole(scale, cut):
    x = scale * np.random.default_rng(2).exponential(size=2000)
    x[:700] += 3 * scale
    merged, whole = Moments.of(x[:cut]).merge(Moments.of(x[cut:])), Moments.of(x)
    for mine, theirs in zip(fields(merged), fields(whole), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)


def test_a_large_offset_costs_no_digits():
    x = 1e8 + np.random.default_rng(3).exponential(size=4000)
    parts = [Moments.of(part) for part in np.split(x, 8)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    assert merged.variance == pytest.approx(x.var(), rel=1e-6)
    assert merged.skewness == pytest.approx(stats.skew(x), rel=1e-6)


def test_elementwise():
    x = np.random.default_rng(4).normal(size=(300, 2, 3))
    merged = Moments.of(x[:100]).merge(Moments.of(x[100:]))
    assert merged.mean.shape == (2, 3)
    assert_equal(merged, Moments.of(x))


def test_constants_are_exact():
    moments = Moments.of(np.full(10_000, 0.1))
    assert moments.mean == 0.1
    assert moments.variance == 0
    assert np.isnan(moments.skewness)
    merged = moments.merge(moments)
    assert (merged.mean, merged.variance, merged.count) == (0.1, 0.0, 20_000)
    assert Moments.of(np.array([1.0, 1.0])).merge(Moments.of(np.array([2.0]))).skewness == (
        pytest.approx(stats.skew([1.0, 1.0, 2.0]))
    )


def test_what_is_not_finite_shows():
    x = np.array([1.0, np.inf, 2.0])
    for moments in (Moments.of(x), Moments.of(x[:1]).merge(Moments.of(x[1:]))):
        assert moments.mean == np.inf
        assert np.isnan(moments.variance)
        assert np.isnan(moments.skewness)
        assert (moments.minimum, moments.maximum) == (1.0, np.inf)
    both = Moments.of(np.array([-np.inf])).merge(Moments.of(x))
    assert np.isnan(both.mean)
    assert (both.minimum, both.maximum) == (-np.inf, np.inf)
    broken = Moments.of(np.array([1.0, np.nan])).merge(Moments.of(x))
    assert all(np.isnan(f) for f in fields(broken)[1:])


def test_infinities_alone():
    x = np.array([np.inf, np.inf])
    assert Moments.of(x).mean == np.inf
    assert Moments.of(x).merge(Moments.of(x)).mean == np.inf


def test_empty():
    empty = Moments.of(np.zeros(0))
    assert empty.count == 0
    assert np.isnan(empty.merge(empty).mean)
    x = np.array([1.0, 2.0, 4.0])
    assert_equal(empty.merge(Moments.of(x)), Moments.of(x))
    assert_equal(Moments.of(x).merge(empty), Moments.of(x))


def columns():
    """Samples of all kinds, `(columns, chains)`."""
    rng = np.random.default_rng(5)
    normal = rng.normal(size=4096)
    return {
        "normal": 3 + 2 * normal,
        "offset": 1e4 + normal,
        "lognormal": np.exp(3 * normal),
        "cauchy": rng.standard_cauchy(4096),
        "share": (normal > 2).astype(float),
        "constant": np.full(4096, 0.1),
        "huge": 1e18 * np.exp(normal),
        "tiny": 1e-30 * normal,
        "vast": 2e37 * normal,
        "infinite": np.where(np.arange(4096) == 3000, np.inf, normal),
        "first infinite": np.where(np.arange(4096) == 0, -np.inf, normal),
        "broken": np.where(np.arange(4096) == 70, np.nan, normal),
    }


def filled(values, live):
    """Chains after the first `live` replaced by copies of the first."""
    return np.where(np.arange(4096) < live, values, values[:, :1])


def assert_close(found, exact, name, dtype):
    """In float32 to 1e-7 standard deviations and 1e-3 of the fourth moment."""
    loose = 1 if dtype == "float32" else 1e-8
    assert found.count == exact.count
    assert (found.minimum, found.maximum) == (exact.minimum, exact.maximum), name
    assert abs(found.mean - exact.mean) <= 1e-7 * loose * exact.variance**0.5 + 1e-300, name
    np.testing.assert_allclose(found.variance, exact.variance, rtol=1e-6 * loose, err_msg=name)
    for mine, its in ((found.skewness, exact.skewness), (found.kurtosis, exact.kurtosis)):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-5, err_msg=name)


def one(moments, i):
    return Moments(*(field[i] for field in fields(moments)))


@pytest.mark.parametrize("live", [4096, 1000, 2, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_summary_on_the_device(dtype, live):
    values = np.stack(list(columns().values())).astype(dtype)
    with x64():
        raw = np.asarray(jax.jit(summary)(filled(values, live)))
    assert raw.shape == (SUMMARY, len(values))
    found, exact = Moments.of_summary(live, raw), Moments.of(values[:, :live].T)
    np.testing.assert_array_equal(np.isnan(fields(found)), np.isnan(fields(exact)))
    for i, name in enumerate(columns()):
        if np.isfinite(exact.mean[i]):
            assert_close(one(found, i), one(exact, i), name, dtype)
        else:
            np.testing.assert_equal(found.mean[i], exact.mean[i], err_msg=name)


@pytest.mark.parametrize("live", [4096, 1000, 2, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_glance_is_the_summary_where_it_will_do(dtype, live):
    # Units that the first chains do not tell: float32 would lose the rest, or overflow.
    late = {
        "late": np.where(np.arange(4096) < 40, 0.0, 1e-16 * np.arange(4096.0)),
        "far": np.where(np.arange(4096) == 900, 1e20, columns()["normal"]),
    }
    if dtype == "float64":
        # The square of the first chains' unit is below the smallest number.
        near = np.where(np.arange(4096) < 20, 2.0**-560, 2.0**-100)
        late["two scales"] = near * columns()["normal"]
    declined = set()
    for name, values in (columns() | late).items():
        column = filled(values[None].astype(dtype), live)
        with x64():
            raw, will_do = jax.jit(glance)([column])
        if not will_do:
            declined.add(name)
            continue
        found, exact = Moments.of_summary(live, raw), Moments.of(column[:, :live].T)
        assert np.isnan(found.skewness)
        exact = dataclasses.replace(exact, skewness=found.skewness, kurtosis=found.kurtosis)
        assert_close(one(found, 0), one(exact, 0), name, dtype)
    expected = {name for name, values in columns().items() if not np.isfinite(values[:live]).all()}
    if dtype == "float32" and live > 900:
        expected |= set(late)
    assert declined == expected


def test_a_glance_takes_in_several_observables():
    """Each of another number of columns; one that it does not serve spoils all."""
    given = columns()
    good = [np.stack([given["normal"], given["share"]]), given["lognormal"][None]]
    with x64():
        raw, will_do = jax.jit(glance)(good)
        assert not jax.jit(glance)([*good, given["broken"][None]])[1]
    assert will_do
    found, exact = Moments.of_summary(4096, raw), Moments.of(np.concatenate(good).T)
    np.testing.assert_allclose(found.mean, exact.mean, rtol=1e-12)
    np.testing.assert_allclose(found.variance, exact.variance, rtol=1e-12)


def test_variances_below_the_square_of_any_float_merge():
    x = 1e-160 * np.random.default_rng(8).normal(size=4000)
    parts = [Moments.of(part) for part in np.split(x, 4)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    assert merged.variance == pytest.approx(1e-320, rel=0.2)
    flat = Moments.of(np.full(5, 1e-170)).merge(Moments.of(np.full(5, 2e-170)))
    assert flat.variance == 0


@pytest.mark.parametrize("chains", [16, 48, 4096, 5 * 2048])
def test_any_width_of_a_block_is_summed_whole(chains):
    values = np.random.default_rng(chains).normal(size=(2, chains))
    exact = Moments.of(values.T)
    with x64():
        whole = Moments.of_summary(chains, jax.jit(summary)(values))
        quick = Moments.of_summary(chains, jax.jit(glance)([values])[0])
    for found in (whole, quick):
        np.testing.assert_allclose(found.mean, exact.mean, rtol=1e-12)
        np.testing.assert_allclose(found.variance, exact.variance, rtol=1e-12)
        np.testing.assert_array_equal(found.minimum, exact.minimum)


def test_shares_are_exact_in_float32():
    values = np.stack([columns()["share"], 1 - columns()["share"]]).astype("float32")
    with x64():
        raw = jax.jit(summary)(filled(values, 4001))
    mean = Moments.of_summary(4001, raw).mean
    np.testing.assert_array_equal(np.round(mean * 4001) / 4001, mean)
    assert mean.sum() == 1
