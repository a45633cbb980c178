"""Moments and extremes of a sample of chains, mergeable without loss of digits."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

#: Numbers of a summary.
SUMMARY = 9
#: Parts that a sum takes in the values' own precision before it goes on in float64.
_PARTS = 16
#: Chains whose deviations set the unit of a glance.
_FIRST = 16
#: Numbers that a glance joins at a time: XLA:CPU makes vectors of as many, but not of 32.
_WAYS = 8


@dataclasses.dataclass(frozen=True)
class Moments:
    r"""Count, mean, population variance, skewness, excess kurtosis and extremes of a sample.

    With $m_k=\frac1C\sum_i(x_i-\bar x)^k$: variance $m_2$, skewness $m_3/m_2^{3/2}$, kurtosis
    $m_4/m_2^2-3$. Fields are floats, or float64 arrays of one shape for many samples side by side.

    Nothing is hidden: a sample with an infinite value has an infinite (or NaN) mean and NaN for
    what follows it; a NaN makes all but the count NaN; a constant sample has NaN skewness and
    kurtosis; an empty one NaN everywhere.
    """

    count: Any
    mean: Any
    variance: Any
    skewness: Any
    kurtosis: Any
    minimum: Any
    maximum: Any

    @staticmethod
    def of_summary(count: int, fields: Any) -> "Moments":
        """Moments of `count` chains from what [`summary`][] returned, shape `(..., SUMMARY, columns)`."""
        fields = np.moveaxis(np.asarray(fields, dtype=np.float64), -2, 0)
        pilot, unit, plain, low, high = fields[:5]
        with np.errstate(all="ignore"):
            first, second, third, fourth = fields[5:] / count
            variance = np.maximum(second - first**2, 0)
            fourth = fourth - first * (4 * third - first * (6 * second - 3 * first**2))
            third = third - first * (3 * second - 2 * first**2)
            # An infinite value leaves deviations undefined, but not always the mean. Without one they are
            # too far apart for any float.
            finite = np.isfinite(unit)
            plain = np.where(~finite & np.isfinite(plain), np.nan, plain)
            flat = finite & (low == high) & ~np.isnan(plain)
            mean = np.where(flat, low, np.where(finite, pilot + unit * first, plain))
            broken = np.isnan(plain) & ~((low == -np.inf) & (high == np.inf))
            return _tidy(
                np.full(mean.shape, float(count)),
                mean,
                np.where(flat, 0.0, np.where(finite, unit * (unit * variance), np.nan)),
                np.where(flat, np.nan, third / variance**1.5),
                np.where(flat, np.nan, fourth / variance**2 - 3),
                np.where(broken, np.nan, low),
                np.where(broken, np.nan, high),
            )

    @staticmethod
    def of(values: Any) -> "Moments":
        """Moments over the first axis of `values`, shape `(chains,)` or `(chains, ...)`."""
        values = np.asarray(values, dtype=np.float64)
        shape = values.shape[1:]
        if values.shape[0] == 0:
            nothing = np.full(shape, np.nan)
            return _tidy(np.zeros(shape), *(nothing,) * 6)
        with np.errstate(all="ignore"):
            # Shifted by a value of the sample, a constant one has a variance of exactly zero.
            shifted = values - values[0]
            scale = np.abs(shifted).max(axis=0)
            scaled = shifted / _one_for_zero(scale)
            centre = scaled.mean(axis=0)
            scaled = scaled - centre
            # Products, not powers: NumPy's power of an array costs tens of times as much.
            square = scaled * scaled
            second = square.mean(axis=0)
            third, fourth = (square * scaled).mean(axis=0), (square * square).mean(axis=0)
            # An infinite value leaves `centre` undefined, but not always the mean.
            finite = np.isfinite(scale)
            mean = np.where(finite, values[0] + scale * centre, values.mean(axis=0))
            return _tidy(
                np.full(shape, float(values.shape[0])),
                mean,
                np.where(finite, scale * (scale * second), np.nan),
                third / second**1.5,
                fourth / second**2 - 3,
                values.min(axis=0),
                values.max(axis=0),
            )

    def merge(self, other: "Moments") -> "Moments":
        r"""Moments of both samples together, elementwise for arrays (Pébay 2008, eqs. 2.1-2.3).

        Centred and in units of the larger of both standard deviations and the gap of the means, so
        that neither a large offset nor a tiny scale costs digits.
        """
        a, b = self, other
        with np.errstate(all="ignore"):
            count = np.add(a.count, b.count)
            p, q = a.count / _one_for_zero(count), b.count / _one_for_zero(count)
            mean_a, second_a, third_a, fourth_a = _standard(a)
            mean_b, second_b, third_b, fourth_b = _standard(b)
            gap = mean_b - mean_a
            scale = np.maximum(np.sqrt(np.maximum(second_a, second_b)), np.abs(gap))
            unit = _one_for_zero(scale)
            d, va, vb = gap / unit, second_a / unit / unit, second_b / unit / unit
            ta, tb = third_a * va**1.5, third_b * vb**1.5
            fa, fb = fourth_a * va**2, fourth_b * vb**2
            second = p * va + q * vb + p * q * d**2
            third = p * ta + q * tb + p * q * (p - q) * d**3 + 3 * p * q * d * (vb - va)
            fourth = (
                p * fa
                + q * fb
                + p * q * (p**2 - p * q + q**2) * d**4
                + 6 * p * q * d**2 * (p * vb + q * va)
                + 4 * p * q * d * (tb - ta)
            )
            finite = np.isfinite(gap)
            empty = count == 0
            mean = np.where(finite, mean_a + q * gap, mean_a + mean_b)
            variance = scale * (scale * second)
            return _tidy(
                count,
                np.where(empty, np.nan, mean),
                np.where(empty, np.nan, variance),
                np.where(variance == 0, np.nan, third / second**1.5),
                np.where(variance == 0, np.nan, fourth / second**2 - 3),
                _extreme(np.minimum, a, b, "minimum"),
                _extreme(np.maximum, a, b, "maximum"),
            )


def summary(values: Float[Array, "columns chains"]) -> Float[Array, "fields columns"]:
    r"""On the device: the `SUMMARY` numbers in float64 of which the host makes the [`Moments`][] of all
    chains, or of those that are not mere copies of the first.

    They are a pilot, a unit, a sum that is infinite or NaN if the plain one is, the extremes, and the
    first four power sums of the deviations from the pilot in that unit, `_PARTS` parts of each in the
    values' own precision. The pilot is the first value: copies of it add nothing, and sums of whole
    numbers stay exact. Its square is at most `chains` variances from the mean, so what cancels in
    float32 is less than chance. The unit keeps the powers from overflowing.
    """
    pilot = values[:, 0]
    low, high = values.min(axis=1), values.max(axis=1)
    unit = _unit(jnp.maximum(high - pilot, pilot - low))
    deviation = (values - pilot[:, None]) * (1 / unit)[:, None]
    square = deviation * deviation
    first, second = _total(deviation), _total(square)
    third, fourth = _total(square * deviation), _total(square * square)
    # An infinite unit makes NaN of every deviation, also where the sum is infinite.
    plain = jnp.where(jnp.isfinite(unit), first, _total(values))
    return _fields(pilot, unit, plain, low, high, first, second, third, fourth)


def glance(
    values: Sequence[Float[Array, "_ chains"]],
) -> tuple[Float[Array, "fields columns"], Bool[Array, ""]]:
    r"""A [`summary`][] without third and fourth powers (they are NaN) in one pass over the chains, and
    whether it will do.

    The unit is what the first chains need. Where it does not serve all, or where something is not
    finite, the answer is no and the numbers mean nothing."""
    parts = zip(*(_folded(each) for each in values), strict=True)
    pilot, unit, *sums = (jnp.concatenate(part) for part in parts)
    while sums[0].shape[1] > 1:
        sums = _fold([part.astype(jnp.float64) for part in sums])
    first, second, low, high = (part[:, 0] for part in sums)
    # Squares have not overflowed, and what may have underflowed is no part of their sum.
    least = 2.0**-60 if values[0].dtype == jnp.float32 else 2.0**-900
    will_do = jnp.isfinite(second) & ((second > least) | (low == high))
    nothing = jnp.full(len(pilot), jnp.nan)
    return _fields(pilot, unit, first, low, high, first, second, nothing, nothing), will_do.all()


def _folded(values: Any) -> Any:
    pilot = values[:, 0]
    unit = _unit(jnp.abs(values[:, :_FIRST] - pilot[:, None]).max(axis=1))
    deviation = (values - pilot[:, None]) * (1 / unit)[:, None]
    return pilot, unit, *_fold((deviation, deviation * deviation, values, values))


def _fold(parts: Sequence[Any]) -> Any:
    """Sums of the first two arrays over every eighth number of a row, least and largest of the third
    and the fourth: one loop for all. What a NaN makes of the extremes depends on its place."""
    columns, length = parts[0].shape
    ways = math.gcd(length, _WAYS) if length % 2 == 0 else length
    zero, most = parts[0].dtype.type(0), parts[0].dtype.type(jnp.inf)

    def join(a: Any, b: Any) -> Any:
        low, high = jnp.where(a[2] < b[2], a[2], b[2]), jnp.where(a[3] > b[3], a[3], b[3])
        return a[0] + b[0], a[1] + b[1], low, high

    parts = [part.reshape(columns, ways, length // ways) for part in parts]
    return jax.lax.reduce(parts, [zero, zero, most, -most], join, (1,))


def _fields(*fields: Any) -> Any:
    return jnp.stack([field.astype(jnp.float64) for field in fields])


def _unit(reach: Any) -> Any:
    """The power of two next below, so that dividing by it rounds nothing: the exponent's bits. Not so
    large or small that its inverse or fourth powers leave the range."""
    whole, mask, most = (
        (jnp.int32, 0x7F800000, 2.0**104)
        if reach.dtype == jnp.float32
        else (jnp.int64, 0x7FF0000000000000, 2.0**900)
    )
    bits = jax.lax.bitcast_convert_type(reach, whole) & jnp.asarray(mask, whole)
    power = jax.lax.bitcast_convert_type(bits, reach.dtype)
    inside = jnp.where(power < jnp.inf, jnp.clip(power, 1 / most, most), jnp.inf)
    return jnp.where(reach == 0, 1, inside)


def _total(values: Any) -> Any:
    """Sums over the last axis, whose length is a power of two or a multiple of `_PARTS`."""
    count = min(_PARTS, values.shape[1])
    parts = values.reshape(values.shape[0], count, -1).sum(axis=-1).astype(jnp.float64)
    # Added one by one: XLA makes three programs of a sum over a short axis.
    return sum(parts[:, i] for i in range(1, parts.shape[1])) + parts[:, 0]


def _standard(sample: Moments) -> tuple[Any, Any, Any, Any]:
    """Mean, variance and the standardised third and fourth moments, with zeros where the sample is
    empty or constant and the moments are NaN for that reason alone."""
    empty = np.equal(sample.count, 0)
    flat = empty | np.equal(sample.variance, 0)
    return (
        np.where(empty, 0.0, sample.mean),
        np.where(empty, 0.0, sample.variance),
        np.where(flat, 0.0, sample.skewness),
        np.where(flat, 0.0, np.add(sample.kurtosis, 3.0)),
    )


def _extreme(pick: Any, a: Moments, b: Moments, name: str) -> Any:
    mine, theirs = getattr(a, name), getattr(b, name)
    return np.where(
        np.equal(a.count, 0), theirs, np.where(np.equal(b.count, 0), mine, pick(mine, theirs))
    )


def _one_for_zero(value: Any) -> Any:
    return np.where(np.equal(value, 0), 1.0, value)


def _tidy(*fields: Any) -> Moments:
    """Zero-dimensional fields as plain floats."""
    arrays = np.broadcast_arrays(*(np.asarray(f, dtype=np.float64) for f in fields))
    return Moments(*(a.item() if a.ndim == 0 else a.copy() for a in arrays))
