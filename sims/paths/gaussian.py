"""Gaussian chains by their sufficient statistics: one normal and one chi-square a batch."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractForwardPath
from modelcollapse.sims.samplers.chi_square import log_mean_square
from modelcollapse.sims.samplers.stream import Stream, normals
from modelcollapse.theory import AbstractRegime, Gaussian
from modelcollapse.theory.gaussian.family import GaussianStatistic

#: First slots of a generation's synthetic and real batch.
_SYNTHETIC, _REAL = 0, 8


class GaussianStatistics(AbstractForwardPath):
    r"""A batch of $n$ normal draws enters as its mean $Z/\sqrt n$ and its variance $\chi^2_{n-1}/n$,
    which are independent and sufficient: the cost of a generation does not depend on $n$."""

    dtype: str
    has_real: bool

    def bytes_per_chain(self) -> int:
        return 64 * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        return min(2**14, max(16, 1 << (chains - 1).bit_length()))

    def start(self, truth: Gaussian, chains: int) -> tuple[Gaussian, GaussianStatistic]:
        zeros = jnp.zeros(chains, self.dtype)
        model = Gaussian(
            zeros + truth.mean,
            log_variance=zeros + truth.log_variance,
            estimator=truth.estimator,
        )
        return model, GaussianStatistic(zeros, zeros, zeros - jnp.inf)

    def step(
        self,
        state: tuple[Gaussian, GaussianStatistic],
        streams: Stream,
        truth: Gaussian,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
    ) -> tuple[Gaussian, GaussianStatistic]:
        model, pool = state
        own = self._batch(streams, synthetic, _SYNTHETIC)
        true = own
        if self.has_real:
            true = model.restate(self._batch(streams, real, _REAL), of=truth)
        new_pool, training = regime.update(pool, own, true, t == 1)
        fitted = model.fit(training)
        return fitted, pool if new_pool is pool else fitted.restate(new_pool, of=model)

    def models(self, state: tuple[Gaussian, GaussianStatistic], truth: Gaussian) -> Gaussian:
        return state[0]

    def _batch(self, streams: Stream, n: Any, slot: int) -> GaussianStatistic:
        count = n.astype(jnp.float64)
        mean = normals(streams.words(slot), self.dtype)[0]
        mean = mean * jnp.where(n > 0, 1 / jnp.sqrt(jnp.maximum(count, 1)), 0).astype(self.dtype)
        log_variance = log_mean_square(streams, count, count - 1, self.dtype, slot + 1)
        return GaussianStatistic(jnp.full_like(mean, count), mean, log_variance)
