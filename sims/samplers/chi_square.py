"""Exact chi-square draws in float64, as logarithms."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from modelcollapse.sims.samplers.normals import normals
from modelcollapse.sims.samplers.stream import Stream, uniform


def log_mean_square(
    streams: Stream, draws: Float[Array, "..."], degrees: Float[Array, "..."], slot: int
) -> Float[Array, "*chains"]:
    r"""$\log(\chi^2_\nu/n)$ for $\nu$ = `degrees` and $n$ = `draws`, exact in law, float64.

    Marsaglia & Tsang (2000), with the attempts of one chain addressed by their number, so that no
    chain's value depends on its neighbours; $\nu = 1$ is boosted from $\nu = 3$ by $U^2$. The
    logarithm is formed from `log1p` of the small deviation, so that at large $n$ an increment
    keeps its digits. $-\infty$ for $\nu < 1$.

    `draws` and `degrees` broadcast against the streams; slots `slot`..`slot + 2` are used.
    """
    degrees = jnp.maximum(degrees, 0)
    shape = jnp.maximum(degrees / 2, 0.5)
    boosted = jnp.where(shape < 1, shape + 1, shape)
    centre = boosted - 1 / 3
    width = 1 / jnp.sqrt(9 * centre)

    def attempt(number: Any) -> tuple[Any, Any]:
        (x,) = normals(streams.words(slot, number), jnp.float64)
        u = uniform(streams.words(slot + 1, number), jnp.float64)
        y = width * x
        accepted = (y > -1) & (jnp.log(u) < _log_acceptance(x, y))
        return jnp.log1p(jnp.maximum(y, -1 + jnp.finfo(jnp.float64).eps)), accepted

    def again(state: Any) -> Any:
        value, done, number = state
        proposal, accepted = attempt(number)
        return jnp.where(done, value, proposal), done | accepted, number + 1

    # Nothing is accepted yet: the loop makes the first attempt too, so it is compiled once.
    lanes = jnp.broadcast_shapes(streams.key0.shape, shape.shape)
    start = (jnp.zeros(lanes), jnp.zeros(lanes, bool), jnp.uint32(0))
    value, _, _ = jax.lax.while_loop(lambda state: ~jnp.all(state[1]), again, start)
    result = jnp.log(2 * centre / jnp.maximum(draws, 1)) + 3 * value
    boost = jnp.log(uniform(streams.words(slot + 2), jnp.float64)) / shape
    result = result + jnp.where(shape < 1, boost, 0.0)
    return jnp.where(degrees < 1, -jnp.inf, result)


def _log_acceptance(x: Any, y: Any) -> Any:
    """x^2/2 + (1 - v + log v)/(9 c^2) for v = (1 + y)^3 and y = c x, by its series near y = 0,
    where the plain form would cancel."""
    safe = jnp.where(jnp.abs(y) < 0.1, 1, jnp.maximum(y, -0.999999))
    direct = x * x * (0.5 - (safe * (3 + safe * (3 + safe)) - 3 * jnp.log1p(safe)) / (9 * safe**2))
    series = jnp.zeros_like(y)
    for power in range(12, 3, -1):
        series = series * y + (-1) ** (power + 1) / (3 * power)
    return jnp.where(jnp.abs(y) < 0.1, x * x * y * y * series, direct)
