"""Ancestors of a sample: lineages thrown back, generation by generation, into uniform parents.

A draw from the empirical law of an earlier sample copies one of its members, chosen uniformly. So the
draws of generation t have their types from those members of the first sample that they descend
from, and only lineages not yet merged need to be followed.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from modelcollapse.sims.samplers.multinomial import put, tile, tiles
from modelcollapse.sims.samplers.prefix import count_up
from modelcollapse.sims.samplers.stream import Stream, below


class Lineages(eqx.Module):
    """Lineages of a block of chains; each has `descendants` among the draws at the end."""

    descendants: Int[Array, "chains places"]
    #: How many places hold a lineage; the others hold zeros.
    alive: Int[Array, " chains"]

    @staticmethod
    def of(n: Any, chains: int, places: int) -> "Lineages":
        """One lineage for each of `n` draws."""
        count = jnp.full(chains, n, jnp.int32)
        return Lineages((jnp.arange(places) < count[:, None]).astype(jnp.int32), count)


def merge(lineages: Lineages, streams: Stream, size: Any, width: int) -> Lineages:
    """One generation back: lineages that choose the same of `size` parents become one.

    Parents are numbered in the order in which they are first chosen, which leaves the law of the
    groups as it is. Then the lineage that finds `c` parents chosen already joins parent `j` for
    each `j < c` with probability `1 / size`, and is the first to choose its own otherwise."""
    chains, _ = lineages.descendants.shape
    row = jnp.arange(chains)[:, None]
    under = streams.expand()

    def throw(i: Any, carry: Any) -> Any:
        descendants, count, chosen = carry
        place = i * width + jnp.arange(width)
        inside = place < lineages.alive[:, None]
        parent = below(under.words(place[None]), size)
        parent = jnp.where(inside, parent, jnp.iinfo(jnp.int32).max)
        # No more than one parent a lineage can have been chosen before.
        most = chosen[:, None] + jnp.arange(width, dtype=jnp.int32)
        joined, before = join(parent, most)
        descendants = put(descendants, jnp.zeros_like(count), i)
        target = jnp.where(joined, parent, before)
        descendants = descendants.at[row, target].add(count, mode="promise_in_bounds")
        chosen = chosen + (inside & ~joined).sum(1, dtype=jnp.int32)
        # Read one tile ahead: a read before the writes would make XLA copy all places each time.
        return descendants, tile(descendants, i + 1, width), chosen

    first = tile(lineages.descendants, 0, width)
    carry = (lineages.descendants, first, jnp.zeros(chains, jnp.int32))
    descendants, _, alive = jax.lax.fori_loop(0, tiles(lineages.alive, width), throw, carry)
    return Lineages(descendants, alive)


def join(parent: Any, most: Any) -> tuple[Any, Any]:
    """Which lineages join a parent chosen before, and how many were chosen before each.

    Who joins follows from how many joined before. That determines it from left to right, so
    repeating the step from any guess must end in the one answer."""

    def settle(carry: Any) -> Any:
        joined, _, _ = carry
        total = count_up(joined)
        before = most - (total - joined)
        again = parent < before
        return again, before, jnp.any(again != joined)

    carry = (parent < most, most, jnp.array(True))
    joined, before, _ = jax.lax.while_loop(lambda carry: carry[2], settle, carry)
    return joined, before
