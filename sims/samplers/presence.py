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

from modelcollapse.sims.samplers.binomial_quantile import binomials
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
#: So many trials make a binomial Poisson, but for the mean over this number in total variation.
_TRIALS = 2.0**52
_TRY, _REST, _SINGLE = 0, 1, 2


def present(
    streams: Stream,
    draws: Float[Array, " chains"],
    probabilities: Float[Array, " labels"],
    guide: Guide,
) -> Bool[Array, "chains labels"]:
    """Which labels are among independent draws, for each chain.

    **Arguments:**

    - `streams`: one a chain; used up.
    - `draws`: how many, whole numbers below 2**31.
    - `probabilities`: of the labels; `guide` is theirs.

    Float32 moves the chance of a label by less than 4e-7 of itself and 3e-10."""
    labels = probabilities.shape[0]
    half = -(-labels // (2 * _PARTS)) * _PARTS
    padded = jnp.pad(probabilities.astype(jnp.float32), (0, 2 * half - labels))
    chances = padded[:half], padded[half:]
    many = draws > _MANY * labels
    aim = (draws - _MARGIN * jnp.sqrt(draws)).astype(jnp.float32)

    def attempt(carry: Any) -> Any:
        turn, alive, made = carry
        wanted, under = made > draws, streams.fold(turn, _TRY)

        def arrivals(chain: Any) -> Any:
            wanted, stream, aim, before = chain

            def excess() -> Any:
                drawn = (exponential32(word) for word in stream.words(jnp.arange(half)))
                return packed([chance * aim - e for chance, e in zip(chances, drawn, strict=True)])

            def fresh() -> Any:
                after_first = jnp.stack(unpacked(once(turn, excess)))
                here = after_first > 0
                return here, _sum(here), _sum(jnp.maximum(after_first, 0))

            zero = jnp.zeros(())
            return jax.lax.cond(wanted, fresh, lambda: (before, zero, zero))

        alive, first, mean = jax.lax.map(arrivals, (wanted, under, aim, alive))
        return turn + 1, alive, jnp.where(wanted, first + _poisson(under, mean), made)

    nothing = jnp.zeros((draws.size, 2, half), bool)
    start = (jnp.int32(0), nothing, jnp.where(many, jnp.inf, 0.0))
    _, alive, made = jax.lax.while_loop(lambda carry: jnp.any(carry[2] > draws), attempt, start)
    place = jnp.arange(_LANES)

    def complete(chain: Any) -> Any:
        stream, left, alive = chain

        def draw(i: Any, alive: Any) -> Any:
            item = i * _LANES + place
            label = guide.locate(uniform(stream.words(item), jnp.float64)[None])[0]
            return alive.at[jnp.where(item < left, label, labels)].set(True, mode="drop")

        rounds = (left + _LANES - 1) // _LANES
        return jax.lax.fori_loop(0, rounds, draw, alive.reshape(-1)[:labels])

    left = (draws - made).astype(jnp.int32)
    return jax.lax.map(complete, (streams.fold(0, _SINGLE), left, alive))


def _sum(values: Any) -> Any:
    return values.astype(jnp.float32).reshape(-1, _PARTS).sum(0).astype(jnp.float64).sum()


def _poisson(streams: Stream, mean: Any) -> Any:
    """A Poisson number a chain, by inversion."""
    streams = streams.fold(0, _REST)
    word, _ = streams.words(0)
    rows = (jnp.full_like(mean, _TRIALS), mean, jnp.full_like(mean, _TRIALS))
    return binomials(streams, 0, word[None], *(row[None] for row in rows))[0]
