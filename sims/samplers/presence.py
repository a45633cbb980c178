r"""Which labels a number of draws from one law brings, without counting them.

Let each label k have arrivals at rate $p_k$, so that up to time $\lambda$ there are $M$ in all, Poisson
distributed, and given M they are M independent draws. The first arrival of a label at $E_k/p_k$, E
exponential, says whether it is there: $E_k<\lambda p_k$. Its later arrivals, and so those of all
labels together, are Poisson again, hence

$$M=|S|+\mathrm{Poisson}\Big(\sum_{k\in S}(\lambda p_k-E_k)\Big),\qquad S=\{k:E_k<\lambda p_k\}.$$

One exponential a label is all that this takes. If M exceeds the number of draws, all is tried again (a
condition on M alone); the few draws left over are made one by one.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.memory import once, packed, unpacked
from modelcollapse.sims.samplers.normals import exponential32
from modelcollapse.sims.samplers.stream import Stream, uniform

#: Draws a label from which on labels are looked at one by one, rather than draws.
_MANY = 0.2
#: Standard deviations by which $\lambda$ stays below the number of draws.
_MARGIN = 2.0
#: Sums are of so many parts, side by side.
_PARTS = 64
#: Draws made at a time.
_LANES = 2**10
_TRY, _REST, _SINGLE = 0, 1, 2


def present(
    stream: Stream, draws: Float[Array, ""], probabilities: Float[Array, " labels"], guide: Guide
) -> Bool[Array, " labels"]:
    """Which labels `draws` independent draws bring, in a single chain.

    `guide` is that of `probabilities`. Rounding in float32 moves the chance of a label by less than
    1e-7 in all, and by 4e-7 of itself."""
    labels = probabilities.shape[0]
    half = -(-labels // (2 * _PARTS)) * _PARTS
    padded = jnp.pad(probabilities.astype(jnp.float32), (0, 2 * half - labels))
    chances = padded[:half], padded[half:]
    many = draws > _MANY * labels
    aim = jnp.where(many, draws - _MARGIN * jnp.sqrt(draws), 0)

    def attempt(carry: Any) -> Any:
        turn, _, _ = carry
        own = stream.fold(turn, _TRY)

        def excess() -> Any:
            means = (chance * aim.astype(jnp.float32) for chance in chances)
            drawn = (exponential32(word) for word in own.words(jnp.arange(half)))
            return packed([mean - first for mean, first in zip(means, drawn, strict=True)])

        left_over = jnp.stack(unpacked(once(turn, excess)))
        alive = left_over > 0
        mean = _sum(jnp.maximum(left_over, 0))
        later = jax.random.poisson(own.fold(0, _REST).key(), mean, dtype=jnp.int64)
        return turn + 1, alive, _sum(alive).astype(jnp.int64) + later

    nothing = (
        jnp.int32(0),
        jnp.zeros((2, half), bool),
        jnp.where(many, draws + 1, 0).astype(jnp.int64),
    )
    _, alive, made = jax.lax.while_loop(lambda carry: carry[2] > draws, attempt, nothing)
    place = jnp.arange(_LANES)
    left = draws.astype(jnp.int64) - made
    single = stream.fold(0, _SINGLE)

    def draw(i: Any, alive: Any) -> Any:
        item = i * _LANES + place
        label = guide.locate(uniform(single.words(item), jnp.float64)[None])[0]
        return alive.at[jnp.where(item < left, label, labels)].set(True, mode="drop")

    return jax.lax.fori_loop(0, (left + _LANES - 1) // _LANES, draw, alive.reshape(-1)[:labels])


def _sum(values: Any) -> Any:
    return values.astype(jnp.float32).reshape(-1, _PARTS).sum(0).astype(jnp.float64).sum()
