"""Gaussian chains by their sufficient statistics: one normal and one chi-square a batch."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractForwardPath
from modelcollapse.sims.samplers import quantile_map
from modelcollapse.sims.samplers.chi_square import log_mean_square
from modelcollapse.sims.samplers.memory import packed, unpacked
from modelcollapse.sims.samplers.normals import exponential32, normals
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, Gaussian
from modelcollapse.theory.gaussian.family import GaussianStatistic

#: Fewest draws of a batch whose chi-square the polynomial serves.
LEAST = quantile_map.LEAST + 1
#: What tells a generation's synthetic and real batch apart: first slots in 64 bits, tags in 32.
_SYNTHETIC, _REAL = 0, 8
#: In 32 bits the normals of a synthetic batch are words(t, FIRST_WORDS).
FIRST_WORDS = _SYNTHETIC + 1
#: Generations to a turn of the loop, by device, under replace. XLA makes one kernel of them, which reads and
#: writes a chain once for all; not so if there is a pool, or if draws take branches or loops.
TURNS = {"cpu": 4}
#: And where it was not measured: there a turn costs a launch besides, and the wait for its condition.
_TURN = 8


def _packed(model: Gaussian) -> Any:
    """Both 32-bit numbers of each model as one of 64 bits.

    XLA computes what a step returns array by array, so it would hash twice for two."""
    if model.mean.dtype != jnp.float32:
        return model.mean, model.log_variance
    return packed((model.mean, model.log_variance))


def _unpacked(state: Any, like: Gaussian) -> Gaussian:
    mean, log_variance = state if isinstance(state, tuple) else unpacked(state)
    return Gaussian(mean, log_variance=log_variance, estimator=like.estimator)


class GaussianStatistics(AbstractForwardPath):
    r"""A batch of $n$ normal draws enters as its mean $Z/\sqrt n$ and its variance $\chi^2_{n-1}/n$,
    which are independent and sufficient: the cost of a generation does not depend on $n$.

    In 32 bits one hash gives both: two normals, the second mapped to a chi-square by a polynomial.
    In 64 bits the chi-square is drawn by rejection, exact to the last digit."""

    dtype: str
    has_real: bool
    #: Some batch has fewer than `LEAST` draws.
    small: bool
    #: Generations to a turn of the loop.
    turn: int
    #: Of the polynomial.
    degree: int = quantile_map.DEGREE

    @staticmethod
    def of(
        dtype: str, closed: bool, real: np.ndarray, synthetic: np.ndarray
    ) -> "GaussianStatistics":
        """The path for the draws of generations 1, 2, ... from the truth and from the latest model; `closed`
        if a training set is the latest model's output alone."""
        has_real = bool(real.any())
        sizes = np.concatenate([synthetic, real]) if has_real else synthetic
        least = int(sizes.min(initial=2**31))
        small, turn = least < LEAST, 1
        if closed and dtype == "float32" and not small:
            turn = TURNS.get(jax.default_backend(), _TURN)
        return GaussianStatistics(
            dtype, has_real, small, turn, degree=quantile_map.degree(least - 1)
        )

    def bytes_per_chain(self) -> int:
        return 64 * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        if jax.default_backend() == "cpu" and chains >= 2**13:
            # A block stays in the cache of its core. From an even number of them, so that two cores end
            # together; and of few widths, so that few programs are compiled.
            blocks = 2 * -(-chains // 2**16)
            return -(-chains // (blocks * 2**11)) * 2**11
        # Elsewhere it must outweigh a step's launch.
        return min(2**20, max(16, 1 << (chains - 1).bit_length()))

    def unroll(self) -> int:
        return self.turn

    def prepare(
        self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray
    ) -> dict[int, np.ndarray]:
        """The polynomials of every generation, for synthetic and real batches."""
        if self.dtype != "float32":
            return {}
        sizes = {_SYNTHETIC: synthetic} | ({_REAL: real} if self.has_real else {})
        return {
            tag: quantile_map.coefficients(np.maximum(size - 1, 0), self.degree)
            for tag, size in sizes.items()
        }

    def start(self, truth: Gaussian, chains: int) -> tuple[Any, GaussianStatistic]:
        zeros = jnp.zeros(chains, self.dtype)
        model = Gaussian(
            zeros + truth.mean,
            log_variance=zeros + truth.log_variance,
            estimator=truth.estimator,
        )
        return _packed(model), GaussianStatistic(zeros, zeros, zeros - jnp.inf)

    def step(
        self,
        state: tuple[Any, GaussianStatistic],
        streams: Stream,
        truth: Gaussian,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: dict[int, Any],
    ) -> tuple[Any, GaussianStatistic]:
        model, pool = _unpacked(state[0], truth), state[1]
        own = self._batch(streams, t, synthetic, _SYNTHETIC, prepared)
        true = own
        if self.has_real:
            true = model.restate(self._batch(streams, t, real, _REAL, prepared), of=truth)
        new_pool, training = regime.update(pool, own, true, t == 1)
        fitted = model.fit(training)
        return _packed(fitted), pool if new_pool is pool else fitted.restate(new_pool, of=model)

    def models(self, state: tuple[Any, GaussianStatistic], truth: Gaussian) -> Gaussian:
        return _unpacked(state[0], truth)

    def _batch(
        self, streams: Stream, t: Any, n: Any, tag: int, prepared: dict[int, Any]
    ) -> GaussianStatistic:
        count = n.astype(jnp.float64)
        if self.dtype == "float32":
            normal, log_variance = self._mapped(streams, t, count, tag, prepared[tag])
        else:
            streams = streams.fold(t)
            normal = normals(streams.words(tag), self.dtype)[0]
            log_variance = log_mean_square(streams, count, count - 1, tag + 1)
        scale = jnp.where(n > 0, 1 / jnp.sqrt(jnp.maximum(count, 1)), 0).astype(self.dtype)
        return GaussianStatistic(jnp.full_like(normal, count), normal * scale, log_variance)

    def _mapped(
        self, streams: Stream, t: Any, count: Any, tag: int, polynomial: Any
    ) -> tuple[Any, Any]:
        # Tag 0 of t is the generation's own stream.
        mean, other = normals(streams.words(t, tag + 1), jnp.float32)
        degrees = count - 1
        shift = jnp.log(degrees / jnp.maximum(count, 1))
        if not self.small:
            value = quantile_map.log_mean_chi_square(other, polynomial)
            return mean, value + shift.astype(jnp.float32)

        def exact(from_normal: int, from_exponential: int) -> Any:
            def draw() -> Any:
                word, _ = streams.words(t, tag + 2)
                square = from_normal * other**2 + 2 * from_exponential * exponential32(word)
                return jnp.log(square) - jnp.log(degrees).astype(jnp.float32)

            return draw

        branches = (
            lambda: jnp.full_like(other, -jnp.inf),
            exact(1, 0),
            exact(0, 1),
            exact(1, 1),
            lambda: quantile_map.log_mean_chi_square(other, polynomial),
        )
        case = jnp.clip(degrees, 0, len(branches) - 1).astype(jnp.int32)
        value = jax.lax.switch(case, branches)
        return mean, jnp.where(degrees < 1, -jnp.inf, value + shift.astype(jnp.float32))
