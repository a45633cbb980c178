"""The raw path: every draw is made, for every family and regime. It specifies the law."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PRNGKeyArray, Shaped

from modelcollapse.sims.paths.abstract import POOL, REAL, SYNTHETIC, AbstractForwardPath
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractFamily, AbstractRegime


class Samples(eqx.Module):
    """Draws in a buffer, of which those under `mask` count; it pools as a statistic would."""

    values: Shaped[Array, "slots *event"]
    mask: Bool[Array, " slots"]
    key: PRNGKeyArray
    #: A bounded buffer takes new draws into its free slots; any other grows when combined.
    bounded: bool = eqx.field(static=True, default=False)
    #: How often each draw counts; once if not given.
    weights: Any = None

    @property
    def count(self) -> Shaped[Array, ""]:
        return self.counted.sum()

    @property
    def counted(self) -> Shaped[Array, " slots"]:
        """How often each slot counts: the mask, or its weights."""
        return self.mask if self.weights is None else jnp.where(self.mask, self.weights, 0)

    def scale(self, weight: Any) -> "Samples":
        """The sample with every draw counted `weight` times."""
        return Samples(self.values, self.mask, self.key, weights=self.counted * weight)

    def combine(self, other: "Samples") -> "Samples":
        """Both samples in one buffer."""
        if not self.bounded:
            values = jnp.concatenate([self.values, other.values])
            mask, weights = jnp.concatenate([self.mask, other.mask]), None
            if self.weights is not None or other.weights is not None:
                weights = jnp.concatenate([self.counted * 1.0, other.counted * 1.0])
            return Samples(values, mask, self.key, weights=weights)
        slots = jnp.where(other.mask, self.count + jnp.cumsum(other.mask) - 1, self.mask.size)
        values = self.values.at[slots].set(other.values, mode="drop")
        mask = self.mask.at[slots].set(True, mode="drop")
        return Samples(values, mask, self.key, bounded=True)

    def subsample(self, n: Int[Array, ""]) -> "Samples":
        """`n` of the draws, uniformly without replacement."""
        lots = jnp.where(self.mask, jax.random.uniform(self.key, self.mask.shape), jnp.inf)
        ranks = jnp.zeros(self.mask.shape, int).at[jnp.argsort(lots)].set(jnp.arange(lots.size))
        return Samples(self.values, self.mask & (ranks < n), self.key)


class RawSamples(AbstractForwardPath):
    """Draws every sample with the generators that JAX ships, fits, and draws again."""

    #: Most draws of a generation from the truth and from the latest model, and slots of the pool.
    most_real: int
    most_synthetic: int
    pool_slots: int
    #: Numbers of a model, for the estimate of memory.
    model_size: int

    def bytes_per_chain(self) -> int:
        draws = self.most_real + self.most_synthetic + self.pool_slots
        return 8 * (8 * draws + 16 * self.model_size)

    def width(self, chains: int) -> int:
        lanes = max(1, 2**20 // max(1, self.bytes_per_chain() // 64))
        most = 1 << (min(lanes, 2**12).bit_length() - 1)
        return min(most, max(16, 1 << (chains - 1).bit_length()))

    def start(self, truth: AbstractFamily, chains: int) -> tuple[Any, Any]:
        example = jax.eval_shape(lambda key: truth.draw(key, 1), jax.random.key(0))
        event = example.shape[1:]
        values = jnp.zeros((chains, self.pool_slots, *event), example.dtype)
        pool = (values, jnp.zeros((chains, self.pool_slots), bool))
        model = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (chains, *leaf.shape)), truth)
        return model, pool

    def step(
        self,
        state: tuple[Any, Any],
        streams: Stream,
        truth: AbstractFamily,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: Any,
    ) -> tuple[Any, Any]:
        def one(model: Any, kept: Any, stream: Stream) -> tuple[Any, Any]:
            keys = [stream.fold(0, tag).key() for tag in (REAL, SYNTHETIC, POOL)]
            pool = Samples(kept[0], kept[1], keys[2], bounded=regime.grows)
            own = self._synthetic(model, keys[:2], truth, regime, synthetic)
            values = model.express(truth.draw(keys[0], self.most_real), of=truth)
            true = Samples(values, jnp.arange(self.most_real) < real, keys[2])
            new_pool, training = regime.update(pool, own, true, t == 1)
            fitted = model.fit(model.statistic(training.values, training.counted))
            if new_pool is pool:
                return fitted, kept
            return fitted, (fitted.express(new_pool.values, of=model), new_pool.mask)

        return jax.vmap(one)(*state, streams.fold(t))

    def _synthetic(self, model: Any, keys: Any, truth: Any, regime: Any, synthetic: Any) -> Samples:
        values = model.draw(keys[1], self.most_synthetic)
        if regime.random_mixture:
            lots, draws = jax.random.split(keys[0])
            is_real = jax.random.uniform(lots, values.shape[:1]) < regime.real_share
            is_real = is_real.reshape(-1, *(1,) * (values.ndim - 1))
            others = model.express(truth.draw(draws, self.most_synthetic), of=truth)
            values = jnp.where(is_real, others, values)
        return Samples(values, jnp.arange(self.most_synthetic) < synthetic, keys[1])

    def models(self, state: tuple[Any, Any], truth: AbstractFamily) -> Any:
        return state[0]
