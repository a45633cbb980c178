r"""How many boxes are occupied when balls are thrown into them: the number of parents of a sample.

If every box gets an independent Poisson($\lambda$) number of balls, M in all, then given M they lie as M
balls thrown uniformly. So most of the balls are thrown at once: the numbers of boxes with 0, 1, 2, ...
balls are multinomial, drawn by conditional binomials. A throw with more balls than there are does not
count (a condition on M alone). Of the balls left over only those matter that do not land in a box
already occupied; once few of them can meet, they are thrown one by one, but from meeting to meeting.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from modelcollapse.sims.samplers.binomial_quantile import binomials
from modelcollapse.sims.samplers.normals import exponential32
from modelcollapse.sims.samplers.stream import Stream

#: Balls picked to meet another on average, up to which they are thrown one by one.
_FEW = 6.0
#: Standard deviations by which a throw's mean stays below the number of balls, and its least share of
#: them.
_MARGIN, _SHARE = 4.0, 0.25
#: Most balls a box that one throw makes on average, and balls that no box then gets (below 1e-24).
_DENSEST, _NEVER = 4.0, 40
_THINNED, _CLASSES, _SINGLE = 0, 1, 2


def occupied(
    streams: Stream, balls: Float[Array, " chains"], boxes: Any
) -> Float[Array, " chains"]:
    """The number of boxes that hold a ball, for each chain: whole numbers in float64. Exact in law, but for
    the samplers' words of 32 bits.

    **Arguments:**

    - `streams`: one a chain; used up.
    - `balls`: how many are thrown, whole numbers.
    - `boxes`: how many there are, at most 2**31 - 1, the same for all chains.
    """

    def throw(carry: Any) -> Any:
        turn, left, free = carry
        active = _many(left, free)
        mean = jnp.maximum(left - _MARGIN * jnp.sqrt(left), _SHARE * left)
        mean = jnp.where(active, jnp.minimum(mean, _DENSEST * free), 0)
        thrown, empty = _throw(streams.fold(turn, _CLASSES), mean / jnp.maximum(free, 1), free)
        counts = active & (thrown <= left)
        rest = jnp.where(counts, left - thrown, 0)
        rest = _binomial(streams.fold(turn, _THINNED), 0, rest, empty, free)
        return turn + 1, jnp.where(counts, rest, left), jnp.where(counts, empty, free)

    free = jnp.full(balls.shape, boxes, jnp.float64)
    carry = (jnp.uint32(0), jnp.asarray(balls, jnp.float64), free)
    _, left, free = jax.lax.while_loop(lambda carry: jnp.any(_many(*carry[1:])), throw, carry)
    return boxes - free + _one_by_one(streams.fold(0, _SINGLE), left, free)


def _many(balls: Any, boxes: Any) -> Any:
    return balls * jnp.minimum(balls, boxes) > _FEW * boxes


def _one_by_one(streams: Stream, balls: Any, boxes: Any) -> Any:
    """Boxes occupied, at a cost that grows with the number of meetings alone.

    A ball that comes after b others, c of which met one, meets one with probability (b - c)/boxes.
    That is at most q = min(balls, boxes)/boxes: balls are picked with probability q each, by
    geometric gaps, and a picked one meets another with probability (b - c)/(q boxes)."""
    most = jnp.minimum(balls, boxes)
    hazard = -jnp.log1p(-most / jnp.maximum(boxes, 1))

    def pick(carry: Any) -> Any:
        turn, before, met = carry
        gap, chance = streams.words(turn)
        before = before + jnp.floor(exponential32(gap).astype(jnp.float64) / hazard)
        chance = (chance.astype(jnp.float64) + 0.5) * 2.0**-32
        meets = (before < balls) & (chance * most < before - met)
        return turn + 1, before + 1, met + meets

    carry = (jnp.uint32(0), jnp.zeros_like(balls), jnp.zeros_like(balls))
    _, _, met = jax.lax.while_loop(lambda carry: jnp.any(carry[1] < balls), pick, carry)
    return balls - met


def _binomial(streams: Stream, slot: Any, trials: Any, weight: Any, total: Any) -> Any:
    word, _ = streams.words(slot)
    return binomials(streams, slot, word[None], trials[None], weight[None], total[None])[0]


def _throw(streams: Stream, mean: Any, boxes: Any) -> tuple[Any, Any]:
    """Balls in all, and boxes that get none, when each of `boxes` gets Poisson(`mean`) balls."""
    # 1/P(exactly j | at least j): P(at least j)/P(j) = 1 + mean/(j + 1) (1 + mean/(j + 2) (...)).
    ratio = [jnp.ones_like(mean)]
    for j in range(_NEVER - 1, -1, -1):
        ratio.append(1 + mean / (j + 1) * ratio[-1])
    ratios = jnp.stack(ratio[::-1])

    def fill(carry: Any) -> Any:
        j, rest, thrown, empty = carry
        with_j = _binomial(streams, j, rest, 1 / ratios[j], jnp.ones_like(rest))
        return j + 1, rest - with_j, thrown + j * with_j, jnp.where(j == 0, with_j, empty)

    zero = jnp.zeros_like(mean)
    carry = (jnp.int32(0), boxes, zero, zero)
    _, _, thrown, empty = jax.lax.while_loop(
        lambda carry: (carry[0] <= _NEVER) & jnp.any(carry[1] > 0), fill, carry
    )
    return thrown, empty
