"""Poisson draws in float64, one to a lane, each named by its address.

Below a rate of ten a draw inverts the distribution function; above, it is W. Hoermann's transformed
rejection (PTRS; Insurance: Mathematics and Economics 12, 1993). Whether a lane's attempt is accepted
depends on that lane alone, so a draw never depends on what else is in the batch. Both ways are exact
but for the grain of their uniform numbers: 2**-53 by inversion; by rejection 2**-40 across and 2**-24
in the decision, which moves the chance that a proposal is accepted by at most 3e-8.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from modelcollapse.sims.samplers.prefix import count_up
from modelcollapse.sims.samplers.stream import Stream, uniform

#: Rates from here on are drawn by rejection.
LARGE = 10.0
#: Inversion stops here: a Poisson(10) variate exceeds it with probability below 2e-18.
_STEPS, _STEPS_AT_ONCE = 50, 10
#: Lanes tried at a time.
_PART = 512


def poisson(
    streams: Stream,
    slot: Shaped[Array, "..."],
    rate: Float[Array, "..."],
    attempt: Any = 0,
) -> Float[Array, "..."]:
    r"""$N\sim\mathrm{Poisson}(\lambda)$ for every lane: whole numbers in float64.

    **Arguments:**

    - `streams`: keys that broadcast against `rate`; their words at `slot` are used up, from
      `attempt` on.
    - `slot`: names the draw.
    - `rate`: non-negative; a rate of zero gives zero. Below `2**52`.
    - `attempt`: the number of the first attempt.
    """
    large = rate >= LARGE
    low = jax.lax.cond(
        jnp.any(~large & (rate > 0)),
        lambda: _invert(streams.words(slot, attempt), jnp.where(large, 0.0, rate)),
        lambda: jnp.zeros_like(rate),
    )
    return jax.lax.cond(
        jnp.any(large),
        lambda: jnp.where(large, _reject(streams, slot, rate, large, attempt), low),
        lambda: low,
    )


def _invert(words: Any, rate: Any) -> Any:
    """The smallest k with P(N <= k) >= u, by summing the probabilities upwards from k = 0."""
    u = uniform(words, jnp.float64)
    first = jnp.exp(-rate)

    def more(carry: Any) -> Any:
        step, _, _, below = carry
        return (step < _STEPS) & jnp.any(u > below)

    def advance(carry: Any) -> Any:
        step, k, term, below = carry
        for i in range(1, _STEPS_AT_ONCE + 1):
            k = k + (u > below)
            term = term * rate * (1.0 / (step + i))
            below = below + term
        return step + _STEPS_AT_ONCE, k, term, below

    return jax.lax.while_loop(more, advance, (0.0, jnp.zeros_like(rate), first, first))[1]


def _reject(streams: Stream, slot: Any, rate: Any, wanted: Any, attempt: Any) -> Any:
    """Attempts at all wanted lanes, then at those still open, until none is. The open lanes are
    kept in a list, so that what a lane costs does not depend on the unluckiest one."""
    shape = rate.shape
    keys = (jnp.broadcast_to(key, shape).reshape(-1) for key in (streams.key0, streams.key1))
    lanes = (Stream(*keys), jnp.broadcast_to(slot, shape).reshape(-1), rate.reshape(-1))
    size, wanted = rate.size, wanted.reshape(-1)
    part = min(size, _PART)
    # Lists are longer than the lanes by one part, where what belongs nowhere is written.
    waste = jnp.int32(size + part - 1)
    place = jnp.where(wanted, count_up(wanted) - 1, waste)
    every = jnp.arange(size, dtype=jnp.int32)
    first = jnp.zeros(size + part, jnp.int32).at[place].set(every, mode="promise_in_bounds")

    def again(carry: Any) -> Any:
        attempt, length, open_lanes, value = carry

        def try_part(i: Any, carry: Any) -> Any:
            kept, still_open, value = carry
            lane = jax.lax.dynamic_slice_in_dim(open_lanes, i * part, part)
            inside = i * part + jnp.arange(part) < length
            lane = jnp.where(inside, lane, 0)
            own, name, mean = jax.tree.map(
                lambda x: x.at[lane].get(mode="promise_in_bounds"), lanes
            )
            drawn = _attempt(_packed(own, name, attempt, length > 0), mean)
            accepted, rejected = inside & (drawn >= 0), inside & (drawn < 0)
            value = value.at[jnp.where(accepted, lane, waste)].set(drawn, mode="promise_in_bounds")
            place = jnp.where(rejected, kept + count_up(rejected) - 1, waste)
            still_open = still_open.at[place].set(lane, mode="promise_in_bounds")
            return kept + rejected.sum(dtype=jnp.int32), still_open, value

        parts = (length + part - 1) // part
        kept, still_open, value = jax.lax.fori_loop(
            0, parts, try_part, (jnp.int32(0), jnp.zeros_like(open_lanes), value)
        )
        return attempt + 1, kept, still_open, value

    carry = (jnp.asarray(attempt), wanted.sum(dtype=jnp.int32), first, jnp.zeros(size + part))
    value = jax.lax.while_loop(lambda carry: carry[1] > 0, again, carry)[3]
    return value[:size].reshape(shape)


def _packed(streams: Stream, slot: Any, attempt: Any, always: Any) -> Any:
    """Both words as one of 64 bits, computed once.

    XLA would hash again for each of the half dozen loops that it makes of an attempt; it never moves
    computations out of a branch."""

    def pack() -> Any:
        high, low = (word.astype(jnp.uint64) for word in streams.words(slot, attempt))
        return (high << jnp.uint64(32)) | low

    return jax.lax.cond(always, pack, lambda: jnp.zeros(slot.shape, jnp.uint64))


def _attempt(words: Any, rate: Any) -> Any:
    r"""One PTRS proposal, or -1 if it is not accepted.

    The ratio of hat and target is written with $d=k-\lambda$ as
    $d-k\log(1+d/\lambda)-\log(k!/(k^ke^{-k}))$, which does not cancel at large rates."""
    # 40 bits for the proposal, because a proposal's spacing grows like its standard deviation.
    u = ((words >> jnp.uint64(24)).astype(jnp.float64) + 0.5) * 2.0**-40 - 0.5
    v = ((words & jnp.uint64(0xFFFFFF)).astype(jnp.float64) + 0.5) * 2.0**-24
    b = 0.931 + 2.53 * jnp.sqrt(rate)
    a = -0.059 + 0.02483 * b
    near = 0.5 - jnp.abs(u)
    k = jnp.floor((2 * a / near + b) * u + rate + 0.43)
    scale = 1.1239 + 1.1328 / (b - 3.4)
    hat = v * scale * near * near / (a + b * near * near)
    # log k! by Stirling's series at x = k + 8, where five terms give it to 1e-12.
    per_rate = 1 / rate
    x = k + _SHIFT
    product = jnp.ones_like(rate)
    for i in range(1, _SHIFT + 1):
        product = product * ((k + i) * per_rate)
    distance = x - rate
    log_ratio = distance - x * jnp.log(x * per_rate) - _stirling(x)
    target = product * jnp.exp(log_ratio)
    return jnp.where((k >= 0) & (hat * jnp.sqrt(2 * math.pi * x) <= target), k, -1.0)


_SHIFT = 8


def _stirling(x: Any) -> Any:
    r"""$\log x!-x\log x+x-\tfrac12\log 2\pi x$, for x of at least eight."""
    y = 1 / x
    z = y * y
    return y * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188)))))
