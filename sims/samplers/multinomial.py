r"""Exact multinomial draws for a block of chains, label by label.

The count of one label given those before it is binomial: of the draws left, each is this label with its
share of the weight left. Places form groups, place j being in group j modulo their number; the draws
are first split between groups, by halving, and then all groups go through their places in step. A
place of weight zero takes no draws and changes no others.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from modelcollapse.sims.samplers.binomial_quantile import binomials
from modelcollapse.sims.samplers.memory import joined_words
from modelcollapse.sims.samplers.stream import Stream

#: Labels to a group, about.
_LABELS = 256


def multinomial(
    streams: Stream,
    n: Float[Array, " chains"],
    weights: Float[Array, "places chains"],
    steps: Any,
    groups: int,
) -> Float[Array, "places chains"]:
    """`weights` with those of the first `steps * groups` places replaced by the counts of `n` draws.

    **Arguments:**

    - `streams`: one a chain; used up.
    - `n`: whole numbers of draws, below 2**31.
    - `weights`: whole numbers in float64, whose sums are exact and positive, at the first
      `steps * groups` places.
    - `steps`: how many places of a group to go through.
    - `groups`: a power of two that divides the number of places.
    """
    shape = (groups, weights.shape[1])
    halvings = groups.bit_length() - 1

    def rows(weights: Any, step: Any) -> Any:
        return jax.lax.dynamic_slice_in_dim(weights, step * groups, groups)

    weight_left = jax.lax.fori_loop(
        0, steps, lambda step, left: left + rows(weights, step), jnp.zeros(shape)
    )
    halves = _halves(weight_left)
    first = jnp.zeros(shape).at[0].set(n)

    def go(turn: Any, carry: Any) -> Any:
        left, weight_left, words, weights = carry
        halving = turn < halvings
        words = jax.lax.cond(turn % 2 == 0, lambda: _words(streams, turn, groups), lambda: words)
        word = (words >> jnp.where(turn % 2 == 0, 32, 0).astype(jnp.uint64)).astype(jnp.uint32)
        step = jnp.maximum(turn - halvings, 0)
        here = rows(weights, step)
        weight, total = jax.lax.cond(
            halving,
            lambda: tuple(x[jnp.minimum(turn, max(halvings, 1) - 1)] for x in halves),
            lambda: (here, weight_left),
        )
        value = binomials(streams, turn * groups, word, left, weight, total)
        rest = left - value
        left = jax.lax.cond(halving, lambda: value + _lower(rest, turn), lambda: rest)
        weight_left = jnp.where(halving, weight_left, weight_left - weight)
        written = jnp.where(halving, here, value)
        weights = jax.lax.dynamic_update_slice_in_dim(weights, written, step * groups, axis=0)
        return left, weight_left, words, weights

    carry = (first, weight_left, jnp.zeros(shape, jnp.uint64), weights)
    return jax.lax.fori_loop(0, steps + halvings, go, carry)[-1]


def _words(streams: Stream, turn: Any, groups: int) -> Any:
    """The words of this turn and of the next, as one of 64 bits."""
    row = turn * groups + jnp.arange(groups)
    return joined_words(streams.words(row[:, None]))


def _halves(totals: Any) -> tuple[Any, Any]:
    """For every halving, by group: the weight of its first half, and of both. The groups of half i
    after d halvings are those that are i modulo 2**d; other rows are zero."""
    groups = totals.shape[0]
    if groups == 1:
        return totals[None], totals[None]
    firsts, boths = [], []
    while totals.shape[0] > 1:
        half = totals.shape[0] // 2
        firsts.append(_filled(totals[:half], groups))
        totals = totals[:half] + totals[half:]
        boths.append(_filled(totals, groups))
    return jnp.stack(firsts[::-1]), jnp.stack(boths[::-1])


def _filled(rows: Any, groups: int) -> Any:
    return jnp.pad(rows, ((0, groups - rows.shape[0]), (0, 0)))


def _lower(rows: Any, turn: Any) -> Any:
    """The rows moved down by 2**turn; zeros come in."""
    wide = jnp.concatenate([jnp.zeros_like(rows), rows])
    shift = jnp.left_shift(1, turn)
    return jax.lax.dynamic_slice_in_dim(wide, rows.shape[0] - shift, rows.shape[0])


def groups_of(categories: int) -> int:
    """How many groups serve so many labels: more make longer steps, but also more halvings."""
    return 1 << max(0, round(math.log2(categories / _LABELS)))


def whole_weights(probabilities: Any) -> Any:
    """Probabilities as whole numbers that sum to about 2**52; an impossible label weighs nothing.

    Rounding moves a probability by less than 2**-52."""
    return jnp.rint(probabilities * 2.0**52)


def tile(array: Any, index: Any, width: int) -> Any:
    """`width` columns of `array`."""
    return jax.lax.dynamic_slice_in_dim(array, index * width, width, axis=1)


def put(array: Any, value: Any, index: Any) -> Any:
    """`array` with one tile replaced."""
    return jax.lax.dynamic_update_slice_in_dim(array, value, index * value.shape[1], axis=1)


def tiles(occupied: Any, width: int) -> Any:
    """How many tiles hold the occupied places of every chain."""
    return (jnp.max(occupied) + width - 1) // width


def padded(categories: int, width: int) -> int:
    """`categories` rounded up to whole tiles."""
    return math.ceil(categories / width) * width
