r"""How many boxes are occupied when balls are thrown into them: the number of parents of a sample.

If every box gets an independent Poisson($\lambda$) number of balls, M in all, then given M they lie as M
balls thrown uniformly. So most of the balls are thrown at once: the numbers of boxes with 0, 1, 2, ...
balls are multinomial, drawn by conditional binomials. A throw with more balls than there are does not
count (a condition on M alone), and the few balls left over are thrown one by one.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from modelcollapse.sims.samplers.ancestors import join
from modelcollapse.sims.samplers.binomial_quantile import binomials
from modelcollapse.sims.samplers.stream import Stream, below

#: Up to so many balls are thrown one by one.
_FEW = 256
#: Standard deviations by which a throw's mean stays below the number of balls.
_MARGIN = 3.0
#: Most balls a box that one throw makes on average, and balls that no box then gets (below 1e-24).
_DENSEST, _NEVER = 4.0, 40
_THINNED, _CLASSES, _SINGLE = 0, 1, 2


def occupied(
    streams: Stream, balls: Float[Array, " chains"], boxes: Any
) -> Float[Array, " chains"]:
    """The number of boxes that hold a ball, for each chain; exact in law, whole numbers in float64.

    **Arguments:**

    - `streams`: one a chain; used up.
    - `balls`: how many are thrown, whole numbers.
    - `boxes`: how many there are, at most 2**31 - 1, the same for all chains.
    """
    total = jnp.full(balls.shape, boxes, jnp.float64)

    def throw(carry: Any) -> Any:
        turn, left, total, free = carry
        active = _unfinished(left, free)
        # Of the balls left, those that do not land in a box already occupied: from here on only
        # the empty boxes matter.
        chance = free / jnp.maximum(total, 1)
        left = jnp.where(active, _binomial(streams.fold(turn, _THINNED), 0, left, chance), left)
        total = jnp.where(active, free, total)
        mean = jnp.minimum(left - _MARGIN * jnp.sqrt(left), _DENSEST * free)
        mean = jnp.where(active, jnp.maximum(mean, 0), 0)
        thrown, empty = _throw(streams.fold(turn, _CLASSES), mean / jnp.maximum(free, 1), free)
        counts = active & (thrown <= left)
        return (
            turn + 1,
            jnp.where(counts, left - thrown, left),
            total,
            jnp.where(counts, empty, free),
        )

    carry = (jnp.uint32(0), jnp.asarray(balls, jnp.float64), total, total)
    _, left, total, free = jax.lax.while_loop(
        lambda carry: jnp.any(_unfinished(carry[1], carry[3])), throw, carry
    )
    # One by one; the boxes occupied already come first.
    ball = jnp.arange(_FEW, dtype=jnp.int32)
    inside = (ball < left[:, None]) & (free > 0)[:, None]
    words = streams.fold(0, _SINGLE).expand().words(ball[None])
    box = jnp.where(inside, below(words, total[:, None]), jnp.iinfo(jnp.int32).max)
    joined, _ = join(box, (total - free).astype(jnp.int32)[:, None] + ball)
    return boxes - free + (inside & ~joined).sum(1)


def _unfinished(left: Any, free: Any) -> Any:
    return (left > _FEW) & (free > 0)


def _binomial(streams: Stream, slot: Any, trials: Any, chance: Any) -> Any:
    word, _ = streams.words(slot)
    rows = (word[None], trials[None], chance[None], jnp.ones_like(chance)[None])
    return binomials(streams, slot, *rows)[0]


def _throw(streams: Stream, mean: Any, boxes: Any) -> tuple[Any, Any]:
    """Balls in all, and boxes that get none, when each of `boxes` gets Poisson(`mean`) balls."""
    # 1/P(exactly j | at least j): P(at least j)/P(j) = 1 + mean/(j + 1) (1 + mean/(j + 2) (...)).
    ratio = [jnp.ones_like(mean)]
    for j in range(_NEVER - 1, -1, -1):
        ratio.append(1 + mean / (j + 1) * ratio[-1])
    ratios = jnp.stack(ratio[::-1])

    def fill(carry: Any) -> Any:
        j, rest, thrown, empty = carry
        with_j = _binomial(streams, j, rest, 1 / ratios[j])
        return j + 1, rest - with_j, thrown + j * with_j, jnp.where(j == 0, with_j, empty)

    zero = jnp.zeros_like(mean)
    carry = (jnp.int32(0), boxes, zero, zero)
    _, _, thrown, empty = jax.lax.while_loop(
        lambda carry: (carry[0] <= _NEVER) & jnp.any(carry[1] > 0), fill, carry
    )
    return thrown, empty
