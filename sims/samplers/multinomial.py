r"""Exact multinomial draws for a block of chains: Poisson counts, topped up with single draws.

If $N_k\sim\mathrm{Poisson}(m\,w_k/W)$ are independent and $M=\sum_k N_k$, then $N$ given $M$ is
$\mathrm{Multinomial}(M, w/W)$. So, of $n$ draws wanted, $m<n$ are proposed at once for all labels;
a proposal with $M\le n$ is kept (a condition on $M$ alone changes nothing) and $n-M$ draws are left,
for another round, or to be made one by one when there are few of them.

Draws are named by label and by round, never by position, so that leaving out labels of weight zero
changes no number.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from modelcollapse.sims.samplers.poisson import poisson
from modelcollapse.sims.samplers.prefix import first_above, running_sum
from modelcollapse.sims.samplers.stream import Stream, uniform

#: Attempts of one round are numbered from a multiple of this; single draws come after all rounds.
_ATTEMPTS, _SINGLE = 2**16, 2**32 - 1
#: Standard deviations by which a proposal's mean stays below what is wanted.
_MARGIN = 2.5
#: Up to so many places a single draw is located by comparing it with every partial sum.
_DENSE = 32


class Urn(eqx.Module):
    """Labels with their weights, for a block of chains.

    Weights are whole numbers in float64 (their sums, below 2**53, are exact). Only the first
    `occupied` places of a chain count. An axis of length one is shared by all chains.
    """

    labels: Int[Array, "#chains places"]
    weights: Float[Array, "#chains places"]
    occupied: Int[Array, " chains"]
    alive: Int[Array, " chains"]

    def tile(self, index: Any, width: int) -> tuple[Any, Any]:
        """Labels and weights at the places of one tile; unoccupied places weigh nothing."""
        inside = index * width + jnp.arange(width) < self.occupied[:, None]
        return tile(self.labels, index, width), jnp.where(
            inside, tile(self.weights, index, width), 0
        )


class Scratch(eqx.Module):
    """Room to work in, handed in and out so that it is allocated once."""

    proposal: Float[Array, "chains places"]
    drawn: Float[Array, "chains places"]

    @staticmethod
    def of(chains: int, places: int) -> "Scratch":
        """Room for `chains` chains of `places` labels."""
        return Scratch(jnp.zeros((chains, places)), jnp.zeros((chains, places)))


def tile(array: Any, index: Any, width: int) -> Any:
    """`width` columns of `array`."""
    return jax.lax.dynamic_slice_in_dim(array, index * width, width, axis=1)


def put(array: Any, value: Any, index: Any) -> Any:
    """`array` with one tile replaced."""
    return jax.lax.dynamic_update_slice_in_dim(array, value, index * value.shape[1], axis=1)


def tiles(occupied: Any, width: int) -> Any:
    """How many tiles hold the occupied places of every chain."""
    return (jnp.max(occupied) + width - 1) // width


def multinomial(streams: Stream, n: Any, urn: Urn, scratch: Scratch, width: int) -> Scratch:
    """`n` draws for each chain, as counts in `drawn`; places beyond the last tile are left as is.

    **Arguments:**

    - `streams`: one stream a chain; used up.
    - `n`: whole number of draws, the same for all chains or one for each.
    - `urn`: what to draw from.
    - `scratch`: its contents are overwritten.
    - `width`: places worked on at a time; the number of places must be a multiple of it.
    """
    chains, places = scratch.drawn.shape
    used = tiles(urn.occupied, width)
    streams = streams.expand()
    total = jax.lax.fori_loop(
        0, used, lambda i, s: s + urn.tile(i, width)[1].sum(1), jnp.zeros(chains)
    )
    drawn = jax.lax.fori_loop(
        0, used, lambda i, x: put(x, jnp.zeros((chains, width)), i), scratch.drawn
    )
    # What is cheaper: a Poisson draw for every label, or single draws.
    few = jnp.full(chains, 256.0) if places <= _DENSE else jnp.maximum(2.0 * urn.alive, 64.0)

    def propose(carry: Any) -> Any:
        turn, left, proposal, drawn = carry
        active = left > few
        mean = left - _MARGIN * jnp.sqrt(left)
        per_weight = jnp.where(active, mean / total, 0.0)[:, None]

        def fill(i: Any, carry: Any) -> Any:
            proposal, made = carry
            labels, weights = urn.tile(i, width)
            new = poisson(streams, labels, weights * per_weight, turn * _ATTEMPTS)
            return put(proposal, new, i), made + new.sum(1)

        proposal, made = jax.lax.fori_loop(0, used, fill, (proposal, jnp.zeros(chains)))
        kept = active & (made <= left)

        def add(i: Any, drawn: Any) -> Any:
            new = jnp.where(kept[:, None], tile(proposal, i, width), 0.0)
            return put(drawn, tile(drawn, i, width) + new, i)

        drawn = jax.lax.fori_loop(0, used, add, drawn)
        return turn + 1, left - jnp.where(kept, made, 0.0), proposal, drawn

    left = jnp.broadcast_to(jnp.asarray(n, jnp.float64), (chains,))
    carry = (0, left, scratch.proposal, drawn)
    _, left, proposal, drawn = jax.lax.while_loop(lambda c: jnp.any(c[1] > few), propose, carry)
    return _one_by_one(streams, left, urn, total, Scratch(proposal, drawn), width)


def _one_by_one(
    streams: Stream, left: Any, urn: Urn, total: Any, scratch: Scratch, width: int
) -> Scratch:
    chains = scratch.drawn.shape[0]
    used = tiles(urn.occupied, width)

    def accumulate(i: Any, carry: Any) -> Any:
        sums, upto = carry
        part = running_sum(jnp.broadcast_to(urn.tile(i, width)[1], (chains, width)))
        part = part + upto[:, None]
        return put(sums, part, i), part[:, -1]

    sums, _ = jax.lax.fori_loop(0, used, accumulate, (scratch.proposal, jnp.zeros(chains)))
    at_once = max(32, min(1024, 2**14 // chains))

    def locate(i: Any, drawn: Any) -> Any:
        item = i * at_once + jnp.arange(at_once)
        point = jnp.floor(uniform(streams.words(item[None], _SINGLE), jnp.float64) * total[:, None])
        # A product with the largest uniform may round up to the total.
        # A product with the largest uniform may round up to the total.
        point = jnp.minimum(point, total[:, None] - 1)
        wanted = item < left[:, None]
        place = _place(sums, point, used * width)
        row = jnp.arange(chains)[:, None]
        return drawn.at[row, place].add(wanted.astype(drawn.dtype), mode="promise_in_bounds")

    count = jnp.ceil(jnp.max(left) / at_once).astype(jnp.int32)
    return Scratch(sums, jax.lax.fori_loop(0, count, locate, scratch.drawn))


def _place(sums: Any, point: Any, limit: Any) -> Any:
    places = sums.shape[1]
    if places > _DENSE:
        return first_above(sums, point, 0, limit, limit)
    passed = ((sums[:, k, None] <= point).astype(jnp.int32) for k in range(places - 1))
    return sum(passed, jnp.zeros(point.shape, jnp.int32))


def whole_weights(probabilities: Any) -> Any:
    """Probabilities as whole numbers that sum to about 2**52; an impossible label weighs nothing.

    Rounding moves a probability by less than 2**-52."""
    return jnp.rint(probabilities * 2.0**52)


def padded(categories: int, width: int) -> int:
    """`categories` rounded up to whole tiles."""
    return math.ceil(categories / width) * width
