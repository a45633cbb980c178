"""Exact Poisson draws in float64, one to a lane, each named by its address.

Below a rate of ten a draw inverts the distribution function; above, it is W. Hoermann's transformed
rejection (PTRS; Insurance: Mathematics and Economics 12, 1993). Whether a lane's attempt is accepted
depends on that lane alone, so a draw never depends on what else is in the batch.
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
#: One lane in so many has room among those that are tried again together.
_SHARE = 4


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
    """One attempt for all lanes, if many want one; those left are gathered and tried to the end."""
    shape = rate.shape
    keys = (jnp.broadcast_to(key, shape).reshape(-1) for key in (streams.key0, streams.key1))
    slot = jnp.broadcast_to(slot, shape).reshape(-1)
    everything = (Stream(*keys), slot, rate.reshape(-1))
    lanes = slot.size
    room = max(lanes // _SHARE, 1)

    def together() -> tuple[Any, Any]:
        value, accepted = _attempt(streams.words(slot.reshape(shape), attempt), rate)
        return value.reshape(-1), (wanted & ~accepted).reshape(-1)

    many = wanted.sum() > room
    value, left = jax.lax.cond(
        many, together, lambda: (jnp.zeros(lanes, rate.dtype), wanted.reshape(-1))
    )

    def finish(carry: Any) -> Any:
        value, left = carry
        place = count_up(left) - 1
        place = jnp.where(left & (place < room), place, room)
        chosen = jnp.full(room, lanes, jnp.int32)
        chosen = chosen.at[place].set(jnp.arange(lanes, dtype=jnp.int32), mode="drop")
        wanted = chosen < lanes
        lane = jnp.minimum(chosen, lanes - 1)
        few = jax.tree.map(lambda x: x.at[lane].get(mode="promise_in_bounds"), everything)
        drawn = _retry(*few, wanted, attempt + many.astype(jnp.int32))
        value = value.at[chosen].set(drawn, mode="drop")
        return value, left.at[chosen].set(False, mode="drop")

    value, _ = jax.lax.while_loop(lambda carry: jnp.any(carry[1]), finish, (value, left))
    return value.reshape(shape)


def _retry(streams: Stream, slot: Any, rate: Any, wanted: Any, attempt: Any) -> Any:
    def advance(carry: Any) -> Any:
        attempt, value, left = carry
        proposal, accepted = _attempt(streams.words(slot, attempt), rate)
        return attempt + 1, jnp.where(left, proposal, value), left & ~accepted

    carry = (attempt, jnp.zeros_like(rate), wanted)
    return jax.lax.while_loop(lambda carry: jnp.any(carry[2]), advance, carry)[1]


def _attempt(words: Any, rate: Any) -> tuple[Any, Any]:
    r"""One PTRS proposal and whether it is accepted.

    The ratio of hat and target is written with $d=k-\lambda$ as
    $d-k\log(1+d/\lambda)-\log(k!/(k^ke^{-k}))$, which does not cancel at large rates."""
    high, low = words
    # 40 bits for the proposal, because a proposal's spacing grows like its standard deviation.
    coarse = high.astype(jnp.float64) * 2.0**8 + (low >> jnp.uint32(24)).astype(jnp.float64)
    u = (coarse + 0.5) * 2.0**-40 - 0.5
    v = ((low & jnp.uint32(0xFFFFFF)).astype(jnp.float64) + 0.5) * 2.0**-24
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
    return k, (k >= 0) & (hat * jnp.sqrt(2 * math.pi * x) <= target)


_SHIFT = 8


def _stirling(x: Any) -> Any:
    r"""$\log x!-x\log x+x-\tfrac12\log 2\pi x$, for x of at least eight."""
    y = 1 / x
    z = y * y
    return y * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188)))))
