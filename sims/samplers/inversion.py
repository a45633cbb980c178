"""Draws from one fixed categorical law by inverting its distribution function."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from modelcollapse.sims.samplers.multinomial import whole_weights
from modelcollapse.sims.samplers.prefix import first_above, running_sum


class Guide(eqx.Module):
    """The distribution function, with the place at which to start looking for each of as many
    equal steps of it as there are labels (H.-C. Chen and Y. Asau, AIIE Transactions 6, 1974)."""

    sums: Float[Array, "1 labels"]
    starts: Int[Array, " steps"]
    reach: Int[Array, ""]

    @staticmethod
    def of(probabilities: Float[Array, " labels"]) -> "Guide":
        """The guide of a law; impossible labels are never drawn."""
        sums = running_sum(whole_weights(probabilities))[None]
        labels = probabilities.shape[0]
        edges = jnp.floor(jnp.arange(labels + 1) / labels * sums[0, -1])
        starts = first_above(sums, edges[None], 0, labels, labels)[0]
        starts = jnp.minimum(starts, labels - 1)
        return Guide(sums, starts, jnp.max(jnp.diff(starts, append=labels - 1)))

    def locate(self, u: Float[Array, "rows points"]) -> Int[Array, "rows points"]:
        """The labels at the uniform numbers `u`."""
        labels = self.sums.shape[1]
        total = self.sums[0, -1]
        # A product with the largest uniform may round up to the total.
        point = jnp.minimum(jnp.floor(u * total), total - 1)
        step = jnp.minimum(jnp.floor(u * labels), labels - 1).astype(jnp.int32)
        # One step further back, because u * labels may have been rounded up.
        start = self.starts.at[jnp.maximum(step - 1, 0)].get(mode="promise_in_bounds")
        return first_above(self.sums, point, start, 2 * self.reach + 1, labels)
