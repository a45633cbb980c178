"""Exact binomial draws in float64, one to a lane, each named by its address.

Where fewer than ten successes (or failures) are expected a draw inverts the distribution function;
above, it is W. Hoermann's transformed rejection (BTRD's simple form BTRS; Journal of Statistical
Computation and Simulation 46, 1993). A lane's attempts depend on that lane alone.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from modelcollapse.sims.samplers.stream import Stream, uniform

_LARGE = 10.0
#: A binomial variate of mean ten exceeds this with probability below 2e-18.
_STEPS, _STEPS_AT_ONCE = 50, 10
_CORRECTIONS = tuple(
    math.lgamma(k + 1) - (math.log(2 * math.pi) / 2 + (k + 0.5) * math.log(k + 1) - (k + 1))
    for k in range(16)
)


def binomial(
    streams: Stream, slot: Any, trials: Float[Array, " lanes"], chance: Float[Array, " lanes"]
) -> Float[Array, " lanes"]:
    r"""$N\sim\mathrm{Binomial}(n,p)$ for every lane: whole numbers in float64.

    **Arguments:**

    - `streams`: one a lane; their words at `slot`, attempts 0, 1, ..., are used up.
    - `slot`: names the draw.
    - `trials`: whole numbers below 2**52, not negative; `chance`: within [0, 1].
    """
    trials, chance = jnp.broadcast_arrays(trials, chance)
    mirrored = chance > 0.5
    p = jnp.where(mirrored, 1 - chance, chance)
    large = trials * p >= _LARGE
    few = _invert(streams.words(slot), jnp.where(large, 0.0, trials), p)
    value = jax.lax.cond(
        jnp.any(large),
        lambda: _reject(streams, slot, trials, p, large, few),
        lambda: few,
    )
    return jnp.where(mirrored, trials - value, value)


def _invert(words: Any, trials: Any, p: Any) -> Any:
    """The smallest k with P(N <= k) >= u, by summing the probabilities upwards from k = 0."""
    u = uniform(words, jnp.float64)
    first = jnp.exp(trials * jnp.log1p(-p))
    odds = p / (1 - p)

    def more(carry: Any) -> Any:
        step, _, _, below = carry
        return (step < _STEPS) & jnp.any(u > below)

    def advance(carry: Any) -> Any:
        step, k, term, below = carry
        for i in range(1, _STEPS_AT_ONCE + 1):
            k = k + ((u > below) & (k < trials))
            term = term * odds * jnp.maximum(trials - (step + i - 1), 0) * (1.0 / (step + i))
            below = below + term
        return step + _STEPS_AT_ONCE, k, term, below

    return jax.lax.while_loop(more, advance, (0.0, jnp.zeros_like(trials), first, first))[1]


def _reject(streams: Stream, slot: Any, trials: Any, p: Any, wanted: Any, other: Any) -> Any:
    # Lanes not wanted compute with numbers that do no harm.
    n, p = jnp.where(wanted, trials, 100.0), jnp.where(wanted, p, 0.5)
    spread = jnp.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * spread
    mode = jnp.floor((n + 1) * p)
    odds = p / (1 - p)
    at_mode = _correction(mode) + _correction(n - mode)

    def again(carry: Any) -> Any:
        attempt, open_lanes, value = carry
        high, low = streams.words(slot, attempt)
        u = uniform((high, low), jnp.float64) - 0.5
        v = uniform(streams.words(slot, attempt + jnp.uint32(1)), jnp.float64)
        near = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / near + b) * u + n * p + 0.5)
        inside = (k >= 0) & (k <= n)
        j = jnp.clip(k, 0, n)
        log_ratio = (
            (mode + 0.5) * jnp.log((mode + 1) / (odds * (n - mode + 1)))
            + (n + 1) * jnp.log((n - mode + 1) / (n - j + 1))
            + (j + 0.5) * jnp.log(odds * (n - j + 1) / (j + 1))
            + at_mode
            - _correction(j)
            - _correction(n - j)
        )
        accepted = inside & (jnp.log(v * alpha / (a / near**2 + b)) <= log_ratio)
        value = jnp.where(open_lanes & accepted, k, value)
        return attempt + jnp.uint32(2), open_lanes & ~accepted, value

    # Attempt 0 is what the small lanes used.
    carry = (jnp.uint32(1), wanted, other)
    return jax.lax.while_loop(lambda carry: jnp.any(carry[1]), again, carry)[2]


def _correction(k: Any) -> Any:
    r"""$\log k!-[\tfrac12\log2\pi+(k+\tfrac12)\log(k+1)-(k+1)]$: a table, then Stirling's series."""
    y = 1 / (k + 1)
    series = y * (1 / 12 - y * y * (1 / 360 - y * y * (1 / 1260 - y * y / 1680)))
    small = jnp.minimum(k, len(_CORRECTIONS) - 1).astype(jnp.int32)
    return jnp.where(k < len(_CORRECTIONS), jnp.asarray(_CORRECTIONS)[small], series)
