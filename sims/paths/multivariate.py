"""Multivariate Gaussian chains by Bartlett factors: no draw, and no Cholesky factorisation."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractForwardPath
from modelcollapse.sims.samplers import bartlett, quantile_map
from modelcollapse.sims.samplers.memory import once
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, MultivariateGaussian
from modelcollapse.theory.multivariate import triangular
from modelcollapse.theory.multivariate.family import MultivariateStatistic

#: Most dimensions whose matrix products are written out, with chains last.
UNROLLED = 8


class AbstractBartlett(AbstractForwardPath):
    r"""A batch of n draws enters as its mean and as the Bartlett factor of its covariance, in the
    model's own coordinates: the cost of a generation does not depend on n.

    In 32 bits a hash gives two normals, and chi-squares are polynomials in normals. In 64 bits
    chi-squares are drawn by rejection, exact to the last digit."""

    dtype: str
    dimension: int
    has_real: bool
    #: Some pivot has fewer degrees of freedom than the polynomials serve.
    small: bool
    #: Of the polynomials.
    degree: int = quantile_map.DEGREE

    @classmethod
    def of(cls, dtype: str, real: np.ndarray, synthetic: np.ndarray, dimension: int) -> Any:
        """The path for the draws of generations 1, 2, ... from the truth and from the latest model."""
        has_real = bool(real.any())
        sizes = np.concatenate([synthetic, real]) if has_real else synthetic
        least = int(sizes.min(initial=2**31)) - dimension
        small = least < quantile_map.LEAST
        return cls(dtype, dimension, has_real, small, quantile_map.degree(least))

    def prepare(
        self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray
    ) -> dict[int, np.ndarray]:
        """The polynomials of every generation and pivot, for synthetic and real batches."""
        if self.dtype != "float32":
            return {}
        sizes = {bartlett.SYNTHETIC: synthetic} | ({bartlett.REAL: real} if self.has_real else {})
        return {
            tag: bartlett.coefficients(size, self.dimension, self.degree)
            for tag, size in sizes.items()
        }

    def _mean_and_pivots(self, streams: Stream, t: Any, n: Any, tag: int, prepared: Any) -> Any:
        return bartlett.mean_and_pivots(
            streams, t, n, tag, prepared.get(tag),
            dimension=self.dimension, dtype=self.dtype, small=self.small,
        )  # fmt: skip

    def _step(self, log_pivots: Any, n: Any, truth: MultivariateGaussian) -> Any:
        """What a fit adds to the logarithms of the pivots."""
        if truth.estimator == "mle":
            return log_pivots
        return log_pivots - jnp.log1p(-1 / n.astype(jnp.float64)).astype(self.dtype)


class MultivariateStatistics(AbstractBartlett):
    """Any regime that pools statistics, in any dimension; chains come first in every array."""

    def bytes_per_chain(self) -> int:
        return 16 * (self.dimension + 2) ** 2 * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        lanes = max(1, 2**16 // self.dimension**2)
        most = 1 << min(12, max(4, lanes.bit_length() - 1))
        return min(most, max(16, 1 << (chains - 1).bit_length()))

    def start(self, truth: MultivariateGaussian, chains: int) -> Any:
        model = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (chains, *leaf.shape)), truth)
        zeros = jnp.zeros((chains, self.dimension), self.dtype)
        nothing = MultivariateStatistic(
            jnp.zeros(chains),
            jnp.zeros(chains),
            zeros,
            jnp.zeros_like(model.factor),
            zeros - jnp.inf,
        )
        return model, nothing

    def step(
        self,
        state: Any,
        streams: Stream,
        truth: MultivariateGaussian,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: dict[int, Any],
    ) -> Any:
        drawn = [self._batch(streams, t, synthetic, bartlett.SYNTHETIC, prepared)]
        if self.has_real:
            drawn.append(self._batch(streams, t, real, bartlett.REAL, prepared))

        def one(model: Any, pool: Any, batches: Any) -> tuple[Any, Any]:
            own = _within(batches[0], model.spreads)
            true = model.restate(batches[1], of=truth) if self.has_real else own
            new_pool, training = regime.update(pool, own, true, t == 1)
            fitted = model.fit(training)
            return fitted, pool if new_pool is pool else fitted.restate(new_pool, of=model)

        model, pool = state
        return jax.vmap(one)(model, pool, drawn)

    def models(self, state: Any, truth: MultivariateGaussian) -> MultivariateGaussian:
        return state[0]

    def _batch(
        self, streams: Stream, t: Any, n: Any, tag: int, prepared: Any
    ) -> MultivariateStatistic:
        mean, log_pivots = (x.T for x in self._mean_and_pivots(streams, t, n, tag, prepared))
        reciprocals = once(t, lambda: _reciprocals(log_pivots, n))
        parts = bartlett.blocks(streams, t, tag, dimension=self.dimension, dtype=self.dtype)
        below = bartlett.joined(*parts) * reciprocals[:, None, :]
        factor = below + jnp.eye(self.dimension, dtype=self.dtype)
        count = jnp.full(mean.shape[0], n.astype(jnp.float64))
        return MultivariateStatistic(count, count, mean, factor, log_pivots)


def _reciprocals(log_pivots: Any, n: Any) -> Any:
    r"""$1/A_{jj}$, and 0 where that is not there."""
    # Products with the inverse: XLA makes them of quotients or not, as the program around goes.
    inverse = (1 / jnp.sqrt(jnp.maximum(n.astype(jnp.float64), 1))).astype(log_pivots.dtype)
    spreads = log_pivots > -jnp.inf
    return jnp.where(spreads, jnp.exp(-jnp.where(spreads, log_pivots, 0) / 2) * inverse, 0)


def _within(batch: MultivariateStatistic, spreads: Any) -> MultivariateStatistic:
    """The batch as drawn from a model that spreads in the last directions no more."""
    one = jnp.eye(spreads.size, dtype=batch.factor.dtype)
    return MultivariateStatistic(
        batch.count,
        batch.draws,
        jnp.where(spreads, batch.mean, 0),
        jnp.where(spreads[:, None], batch.factor, one),
        jnp.where(spreads, batch.log_pivots, -jnp.inf),
    )


class MultivariateColumns(AbstractBartlett):
    """Replace in few dimensions: every product is written out, with chains last in every array."""

    def bytes_per_chain(self) -> int:
        return 8 * (self.dimension + 2) ** 2 * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        most = 2**14 >> max(0, 2 * (self.dimension.bit_length() - 2))
        return min(most, max(16, 1 << (chains - 1).bit_length()))

    def start(self, truth: MultivariateGaussian, chains: int) -> Any:
        rows, columns = np.tril_indices(self.dimension, -1)
        parts = (truth.mean, truth.log_pivots, truth.factor[rows, columns])
        return tuple(jnp.broadcast_to(part[:, None], (part.size, chains)) for part in parts)

    def step(
        self,
        state: Any,
        streams: Stream,
        truth: MultivariateGaussian,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: dict[int, Any],
    ) -> Any:
        tag, d = bartlett.SYNTHETIC, self.dimension
        mean, log_pivots, factor = state
        shift, step = self._mean_and_pivots(streams, t, synthetic, tag, prepared)
        new_pivots = log_pivots + self._step(step, synthetic, truth)
        # The scale of a direction that is lost is zero already, that of one that goes now has no say.
        scale = jnp.exp(log_pivots / 2)
        shift = scale * shift
        moved = [shift[k] for k in range(d)]
        if d > 1:
            rows, columns = np.tril_indices(d, -1)
            normals = bartlett.below_diagonal(streams, t, tag, dimension=d, dtype=self.dtype)
            within = _reciprocals(step, synthetic) * jnp.where(scale > 0, 1, 0).astype(scale.dtype)
            ratio = jnp.where(
                log_pivots[columns] > -jnp.inf, log_pivots[rows] - log_pivots[columns], 0
            )
            inner = normals * jnp.exp(ratio / 2) * within[columns]
            place = {
                pair: p for p, pair in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))
            }
            sums = []
            for (i, j), p in place.items():
                value = factor[p] + inner[p]
                for k in range(j + 1, i):
                    value = value + factor[place[i, k]] * inner[place[k, j]]
                sums.append(value)
                moved[i] = moved[i] + factor[p] * shift[j]
            factor = jnp.stack(sums)
        return mean + jnp.stack(moved), new_pivots, factor

    def models(self, state: Any, truth: MultivariateGaussian) -> MultivariateGaussian:
        mean, log_pivots, packed = state
        rows, columns = np.tril_indices(self.dimension, -1)
        chains = mean.shape[-1]
        factor = jnp.broadcast_to(
            jnp.eye(self.dimension, dtype=mean.dtype), (chains, self.dimension, self.dimension)
        )
        return _model(mean.T, log_pivots.T, factor.at[:, rows, columns].set(packed.T), truth)


class MultivariateBlocks(AbstractBartlett):
    r"""Replace in many dimensions: the factor as $\bigl(\begin{smallmatrix}P&0\\Q&R\end{smallmatrix}\bigr)$, so that
    no product with the zeros above the diagonal is formed. Chains come first in every matrix."""

    def bytes_per_chain(self) -> int:
        return 8 * (self.dimension + 2) ** 2 * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        lanes = max(1, 2**18 // self.dimension**2)
        most = 1 << min(10, max(4, lanes.bit_length() - 1))
        return min(most, max(16, 1 << (chains - 1).bit_length()))

    def start(self, truth: MultivariateGaussian, chains: int) -> Any:
        half = self.dimension // 2
        vectors = (truth.mean[:, None], truth.log_pivots[:, None])
        matrices = (
            truth.factor[:half, :half],
            truth.factor[half:, :half],
            truth.factor[half:, half:],
        )
        return (
            tuple(jnp.broadcast_to(v, (self.dimension, chains)) for v in vectors),
            tuple(jnp.broadcast_to(m, (chains, *m.shape)) for m in matrices),
        )

    def step(
        self,
        state: Any,
        streams: Stream,
        truth: MultivariateGaussian,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: dict[int, Any],
    ) -> Any:
        tag, half = bartlett.SYNTHETIC, self.dimension // 2
        (mean, log_pivots), (first, across, last) = state
        shift, step = self._mean_and_pivots(streams, t, synthetic, tag, prepared)

        def prepare() -> Any:
            alive = log_pivots > -jnp.inf
            reciprocals = jnp.where(alive, _reciprocals(step, synthetic), 0)
            columns = jnp.where(alive, log_pivots, 0)
            return tuple(
                x.T for x in (log_pivots, columns, reciprocals, jnp.exp(log_pivots / 2) * shift)
            )

        rows, columns, reciprocals, shift = once(t, prepare)

        def inner(normals: Any, below: slice, over: slice) -> Any:
            ratio = jnp.exp((rows[:, below, None] - columns[:, None, over]) / 2)
            # Above the diagonal there is no normal, but the ratio may be infinite.
            return jnp.where(normals == 0, 0, normals * ratio * reciprocals[:, None, over])

        drawn = bartlett.blocks(streams, t, tag, dimension=self.dimension, dtype=self.dtype)
        head, tail = slice(0, half), slice(half, None)
        places = ((head, head), (tail, head), (tail, tail))
        upper, low, right = (inner(x, *place) for x, place in zip(drawn, places, strict=True))
        product = triangular.product
        ahead = jnp.concatenate([upper, shift[:, head, None]], axis=2)
        beside = jnp.concatenate([right, shift[:, tail, None]], axis=2)
        one, two, three = product(first, ahead), product(across, ahead), product(last, beside)
        moved = jnp.concatenate([one[:, :, -1], two[:, :, -1] + three[:, :, -1]], axis=1)
        return (
            (mean + moved.T, log_pivots + self._step(step, synthetic, truth)),
            (
                first + one[:, :, :-1],
                across + two[:, :, :-1] + product(last, low),
                last + three[:, :, :-1],
            ),
        )

    def models(self, state: Any, truth: MultivariateGaussian) -> MultivariateGaussian:
        (mean, log_pivots), matrices = state
        return _model(mean.T, log_pivots.T, bartlett.joined(*matrices), truth)


class MultivariatePivots(AbstractBartlett):
    """Replace, for observables of the pivots alone: d chi-squares a generation, and no matrix."""

    def bytes_per_chain(self) -> int:
        return 16 * (self.dimension + 2) * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        most = 1 << min(14, max(6, 16 - self.dimension.bit_length()))
        return min(most, max(16, 1 << (chains - 1).bit_length()))

    def start(self, truth: MultivariateGaussian, chains: int) -> Any:
        return jnp.broadcast_to(truth.log_pivots[:, None], (self.dimension, chains))

    def step(
        self,
        state: Any,
        streams: Stream,
        truth: MultivariateGaussian,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: dict[int, Any],
    ) -> Any:
        _, step = self._mean_and_pivots(streams, t, synthetic, bartlett.SYNTHETIC, prepared)
        return state + self._step(step, synthetic, truth)

    def models(self, state: Any, truth: MultivariateGaussian) -> MultivariateGaussian:
        chains = state.shape[-1]
        mean, factor = (
            jnp.broadcast_to(part, (chains, *part.shape)) for part in (truth.mean, truth.factor)
        )
        return _model(mean, state.T, factor, truth)


def _model(mean: Any, log_pivots: Any, factor: Any, truth: MultivariateGaussian) -> Any:
    """Models batched along the leading axis, unchecked."""
    leaves = (mean, log_pivots, factor)
    return jax.tree.unflatten(jax.tree.structure(truth), leaves)
