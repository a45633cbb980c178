r"""Binomial draws by inversion: the smallest k with P(N <= k) >= u, many lanes at a time.

A lane has one word of 32 bits; u has it as its leading bits. In float32 the answer is read off a series
of the quantile ([`cornish_fisher`][]), or off running sums of the probabilities where the variance is
small. Where either comes so close to a jump that its error might matter, about one lane in a thousand (up to eight in a hundred at variances about 2 or beyond 1e8),
u gets 32 bits more and the lane is decided in float64: by sums below a variance of `_LARGE`, and
above by the series to a high order, whose error moves probability by less than 1e-9 in all.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from modelcollapse.sims.samplers import cornish_fisher
from modelcollapse.sims.samplers.prefix import count_up
from modelcollapse.sims.samplers.stream import Stream

#: Variances from which on the series serves: in float32, and where lanes are decided.
_SMALL, _LARGE = 1.5, 100.0
#: Terms of the sums in float32. At a variance below `_SMALL` more successes have probability 1e-6.
_TERMS = 10
#: Errors in float32: of sums of probabilities; of a normal; and of the series, in 1 / variance**2.
_SUM_ERROR, _NORMAL_ERROR, _SERIES_ERROR = 4e-6, 1e-6, 2.8e-3
_ORDER = 4
#: Normals beyond are left to float64.
_REACH = 4.2
#: Marks of lanes that are not done: to be decided, and to be summed first.
_OPEN, _TO_SUM = -1.0, -2.0
#: Lanes decided at a time. To collect them, groups of so many lanes are looked at, so many at once.
_PART, _GROUP, _AT_ONCE = 64, 16, 32
#: z = r - polynomial in 1 / (r + 2), r = sqrt(-2 log tail), within 4e-7 up to 5.3.
_NORMAL = (
    0.030550391469419624, 3.9390123802196566, -6.842177234189602, 24.541241440261572,
    19.981776620058167, -407.2554384507464, 1587.7203298652544, -2846.899373384114,
    2172.2917884096423,
)  # fmt: skip


def binomials(
    streams: Stream,
    slot: Any,
    word: UInt32[Array, "rows chains"],
    trials: Float[Array, "rows chains"],
    weight: Float[Array, "rows chains"],
    total: Float[Array, "rows chains"],
) -> Float[Array, "rows chains"]:
    r"""$N\sim\mathrm{Binomial}(m,w/W)$ for every lane: whole numbers in float64.

    **Arguments:**

    - `streams`: one a chain.
    - `slot`: row i has its further bits at slot + i, attempt 1.
    - `word`: the leading bits of every lane, independent and uniform.
    - `trials`: whole numbers up to 2**52, not negative; with a mean below 2**31.
    - `weight`, `total`: not negative, and exact; where the total is zero so must be the trials.
    """
    # Computed once: XLA would fuse it into all that reads it, but moves nothing out of a branch.
    value = jax.lax.cond(
        jnp.asarray(slot) >= 0,
        lambda: _series(word, trials, weight, total),
        lambda: jnp.zeros_like(trials),
    )
    value = jax.lax.cond(
        jnp.min(value) <= _TO_SUM,
        lambda: jnp.where(value == _TO_SUM, _sums(word, trials, weight, total), value),
        lambda: value,
    )
    return _decided(streams, slot, word, trials, weight, total, value)


def _rarer(trials: Any, weight: Any, total: Any) -> tuple[Any, Any, Any]:
    """The chance of the rarer outcome, of the other, and whether the rarer is not the one counted."""
    other = total - weight
    per_total = 1 / jnp.maximum(total, 1)
    return (
        jnp.minimum(weight, other) * per_total,
        jnp.maximum(weight, other) * per_total,
        weight > other,
    )


def _counted(value: Any, trials: Any, mirrored: Any) -> Any:
    return jnp.where(mirrored, trials - value, value)


def _series(word: Any, trials: Any, weight: Any, total: Any) -> Any:
    chance, _, mirrored = _rarer(trials, weight, total)
    mean = trials * chance
    whole = jnp.floor(mean)
    part = (mean - whole).astype(jnp.float32)
    p = chance.astype(jnp.float32)
    variance = mean.astype(jnp.float32) * (1 - p)
    deviation = jnp.sqrt(jnp.maximum(variance, jnp.float32(_SMALL)))
    z, size = _normal(word)
    above = part - jnp.float32(0.5)
    above = above + cornish_fisher.excess(z, 1 - 2 * p, deviation, _ORDER)
    per_variance = 1 / (deviation * deviation)
    spread = 1 + z * z
    error = jnp.float32(_NORMAL_ERROR) * (1 + deviation * (1 + size))
    error = error + spread * spread * spread * (
        per_variance * per_variance * jnp.float32(_SERIES_ERROR)
    )
    nearest = jnp.round(above)
    value = whole + jnp.ceil(above).astype(jnp.float64)
    sure = (jnp.abs(above - nearest) > error) & (size < _REACH)
    sure = sure & (value >= 0) & (value <= trials)
    value = jnp.where(sure, _counted(value, trials, mirrored), _OPEN)
    value = jnp.where(variance < _SMALL, _TO_SUM, value)
    return jnp.where(mean > 0, value, _counted(0.0, trials, mirrored))


def _normal(word: Any) -> tuple[Any, Any]:
    """The normal whose distribution function has the word as its leading bits, and its size."""
    upper = word >> jnp.uint32(31) == 1
    # Converted as signed: unsigned integers take several instructions more.
    tail = jnp.where(upper, ~word, word).astype(jnp.int32).astype(jnp.float32)
    tail = (tail + 0.5) * jnp.float32(2.0**-32)
    radius = jnp.sqrt(-2 * jnp.log(tail))
    inverse = 1 / (radius + 2)
    size = jnp.full_like(inverse, _NORMAL[-1])
    for coefficient in _NORMAL[-2::-1]:
        size = size * inverse + jnp.float32(coefficient)
    size = radius - size
    return jnp.where(upper, size, -size), size


def _sums(word: Any, trials: Any, weight: Any, total: Any) -> Any:
    chance, _, mirrored = _rarer(trials, weight, total)
    p, m = chance.astype(jnp.float32), trials.astype(jnp.float32)
    odds = p / (1 - p)
    rise = odds * (m + 1)
    half = (word >> jnp.uint32(1)).astype(jnp.int32).astype(jnp.float32)
    # What of u is left after the probabilities so far.
    rest = (half + 0.5) * jnp.float32(2.0**-31)
    term = jnp.exp(-m * _minus_log(p))
    rest = rest - term
    count, distance = jnp.zeros_like(rest), jnp.abs(rest)
    for k in range(1, _TERMS + 1):
        count = count + (rest > 0).astype(jnp.float32)
        # P(N = k) / P(N = k - 1); beyond m trials it is zero, or rounding errors.
        term = term * (rise * jnp.float32(1 / k) - odds)
        rest = rest - term
        distance = jnp.minimum(distance, jnp.abs(rest))
    sure = (distance > _SUM_ERROR) & (rest < 0)
    return jnp.where(sure, _counted(count.astype(jnp.float64), trials, mirrored), _OPEN)


def _minus_log(p: Any) -> Any:
    """-log(1 - p) in float32, relatively accurate for p up to one half: twice the area hyperbolic tangent
    of p / (2 - p), within 2e-7."""
    x = p / (2 - p)
    square = x * x
    value = jnp.full_like(x, 1 / 11)
    for odd in (9, 7, 5, 3, 1):
        value = value * square + jnp.float32(1 / odd)
    return 2 * x * value


def _decided(
    streams: Stream, slot: Any, word: Any, trials: Any, weight: Any, total: Any, value: Any
) -> Any:
    """All lanes, those still open decided in float64. They are collected first, so that what a lane
    costs does not depend on the others."""
    chains = value.shape[1]
    value = value.reshape(-1)

    def decide() -> Any:
        lanes = (word, trials, weight, total)
        lanes = tuple(
            jnp.broadcast_to(x, (value.size // chains, chains)).reshape(-1) for x in lanes
        )
        part = min(value.size, _PART)
        length, chosen = _collected(value < 0, part)

        def decide_part(i: Any, value: Any) -> Any:
            lane = jax.lax.dynamic_slice_in_dim(chosen, i * part, part)
            # Places beyond the list repeat its first lane, which is decided alike.
            lane = jnp.where(i * part + jnp.arange(part) < length, lane, chosen[0])
            first, *rest = (x.at[lane].get(mode="promise_in_bounds") for x in lanes)
            own = Stream(*(k.at[lane % chains].get(mode="promise_in_bounds") for k in keys))
            _, low = own.words(slot + lane // chains, 1)
            after = _exact(first, low, *rest)
            return value.at[lane].set(after, mode="promise_in_bounds")

        keys = (streams.key0, streams.key1)
        return jax.lax.fori_loop(0, (length + part - 1) // part, decide_part, value)

    value = jax.lax.cond(jnp.min(value) < 0, decide, lambda: value)
    return value.reshape(-1, chains)


def _collected(wanted: Any, part: int) -> tuple[Any, Any]:
    """How many lanes are wanted, and which, in a list longer than all lanes by one part.

    First groups of lanes are collected, because moving a lane costs more than looking at it."""
    size = wanted.size
    group = math.gcd(_GROUP, size)
    in_groups = wanted.reshape(-1, group)
    groups = size // group
    at_once = min(groups, _AT_ONCE)
    has_any = jnp.any(in_groups, axis=1)
    place = jnp.where(has_any, count_up(has_any) - 1, groups + at_once - 1)
    every = jnp.arange(groups, dtype=jnp.int32)
    listed = jnp.zeros(groups + at_once, jnp.int32).at[place].set(every, mode="promise_in_bounds")
    number = has_any.sum(dtype=jnp.int32)

    def append(i: Any, carry: Any) -> Any:
        length, chosen = carry
        here = jax.lax.dynamic_slice_in_dim(listed, i * at_once, at_once)
        inside = i * at_once + jnp.arange(at_once) < number
        flags = in_groups.at[here].get(mode="promise_in_bounds") & inside[:, None]
        lane = (here[:, None] * group + jnp.arange(group, dtype=jnp.int32)).reshape(-1)
        flags = flags.reshape(-1)
        rank = count_up(flags)
        place = jnp.where(flags, length + rank - 1, size + part - 1)
        return length + rank[-1], chosen.at[place].set(lane, mode="promise_in_bounds")

    carry = (jnp.int32(0), jnp.zeros(size + part, jnp.int32))
    return jax.lax.fori_loop(0, (number + at_once - 1) // at_once, append, carry)


def _exact(high: Any, low: Any, trials: Any, weight: Any, total: Any) -> Any:
    p, q, mirrored = _rarer(trials, weight, total)
    # Only lanes of positive mean are ever open; a list without any decides lane 0 of whatever kind.
    m = jnp.maximum(trials, 1)
    p, q = jnp.maximum(p, 1e-300), jnp.maximum(q, 0.5)
    mean, deviation = m * p, jnp.sqrt(m * p * q)
    upper = high >> jnp.uint32(31) == 1
    top = jnp.where(upper, ~high, high).astype(jnp.float64)
    bottom = jnp.where(upper, ~low, low).astype(jnp.float64)
    # The smaller of u and 1 - u, of which 63 bits are random.
    tail = (top + (bottom + 0.5) * 2.0**-32) * 2.0**-32
    z = jnp.where(upper, -1.0, 1.0) * jax.scipy.special.ndtri(tail)

    def quantile(order: int) -> Any:
        above = cornish_fisher.excess(z, q - p, jnp.maximum(deviation, 1), order)
        return jnp.clip(jnp.ceil(mean - 0.5 + above), 0, m)

    near = quantile(cornish_fisher.HIGHEST)
    summed = deviation * deviation < _LARGE
    value = jax.lax.cond(
        jnp.any(summed),
        # A low order serves as a guess even where the series diverges.
        lambda: _search(quantile(2), tail, upper, m, p, q, summed),
        lambda: near,
    )
    return _counted(jnp.where(summed, value, near), trials, mirrored)


def _search(guess: Any, tail: Any, upper: Any, m: Any, p: Any, q: Any, wanted: Any) -> Any:
    """The smallest k with P(N <= k) >= u, from a guess, by sums of the smaller tail.

    The guess must be near: far from the answer the probabilities underflow."""
    odds = p / q
    mean = m * p

    def forward(k: Any) -> Any:
        """P(N = k + 1) / P(N = k)."""
        return (m - k) * odds / (k + 1)

    k = jnp.where(wanted, jnp.clip(guess, 0, m), jnp.round(mean))
    # Lower: P(N <= k). Upper: P(N > k), whose largest term is that of k + 1.
    start = jnp.where(upper, k + 1, k)
    term = jnp.where(start > m, 0.0, _probability(jnp.minimum(start, m), m, p, q))
    # Lanes that are not wanted must not keep the others summing.
    term = jnp.where(wanted, term, 0.0)
    sums = _tail(start, term, upper, m, odds)

    def enough(k: Any, sums: Any) -> Any:
        """P(N <= k) >= u."""
        return jnp.where(upper, sums <= tail, sums >= tail)

    def up(carry: Any) -> Any:
        k, at, sums, moving = carry
        following = at * forward(k)
        sums = jnp.where(moving, jnp.where(upper, sums - following, sums + following), sums)
        k, at = jnp.where(moving, k + 1, k), jnp.where(moving, following, at)
        return k, at, sums, moving & ~enough(k, sums) & (k < m)

    def down(carry: Any) -> Any:
        k, at, sums, moving = carry
        fewer = jnp.where(upper, sums + at, sums - at)
        moving = moving & enough(k - 1, fewer) & (k > 0)
        before = at / jnp.where(k > 0, forward(jnp.maximum(k - 1, 0)), 1)
        return (
            jnp.where(moving, k - 1, k),
            jnp.where(moving, before, at),
            jnp.where(moving, fewer, sums),
            moving,
        )

    at = _probability(k, m, p, q)
    short = wanted & ~enough(k, sums) & (k < m)
    k, at, sums, _ = jax.lax.while_loop(lambda c: jnp.any(c[3]), up, (k, at, sums, short))
    k, *_ = jax.lax.while_loop(lambda c: jnp.any(c[3]), down, (k, at, sums, wanted & ~short))
    return k


def _tail(start: Any, term: Any, upper: Any, m: Any, odds: Any) -> Any:
    """The sum of the probabilities from `start` outwards, of which `term` is the first."""

    def more(carry: Any) -> Any:
        _, term, sums = carry
        return jnp.any(term > 1e-17 * sums)

    def add(carry: Any) -> Any:
        k, term, sums = carry
        for _ in range(8):
            over, under = jnp.where(upper, m - k, k), jnp.where(upper, k + 1, m - k + 1)
            ratio = jnp.maximum(over, 0) / under
            term = term * ratio * jnp.where(upper, odds, 1 / odds)
            k = jnp.where(upper, k + 1, k - 1)
            sums = sums + term
        return k, term, sums

    return jax.lax.while_loop(more, add, (start, term, term))[2]


def _probability(k: Any, m: Any, p: Any, q: Any) -> Any:
    """P(N = k), by C. Loader's deviances (2000), which do not cancel."""
    rest = m - k
    inside = (k > 0) & (rest > 0)
    k1, rest1 = jnp.where(inside, k, 1.0), jnp.where(inside, rest, 1.0)
    of = k1 + rest1
    log = _stirling(of) - _stirling(k1) - _stirling(rest1)
    log = log - _deviance(k1, m * p) - _deviance(rest1, m * q)
    middle = jnp.sqrt(of / (2 * math.pi * k1 * rest1)) * jnp.exp(log)
    edge = jnp.where(k > 0, m * jnp.log(p), m * jnp.log1p(-p))
    return jnp.where(inside, middle, jnp.exp(edge))


def _deviance(x: Any, mean: Any) -> Any:
    """x log(x / mean) + mean - x."""
    distance = (x - mean) / mean
    return mean * ((1 + distance) * jnp.log1p(distance) - distance)


_FACTORIALS = tuple(
    math.lgamma(k + 1) - (math.log(2 * math.pi * k) / 2 + k * math.log(k) - k) for k in range(1, 17)
)


def _stirling(x: Any) -> Any:
    r"""$\log x!-x\log x+x-\tfrac12\log 2\pi x$ for whole x of at least one."""
    y = 1 / x
    z = y * y
    series = y * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188)))))
    known = jnp.asarray(_FACTORIALS)[jnp.clip(x.astype(jnp.int32) - 1, 0, 15)]
    return jnp.where(x <= 16, known, series)
