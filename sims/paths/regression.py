r"""Regression chains by their sufficient statistics: a batch of n rows costs the same for every n.

In coordinates in which the regressors have the identity as their covariance, a batch of n rows enters
as its Gram matrix $X^\top X=AA^\top$ (A a Bartlett factor, or $\sqrt n\,I$ for a given design), its
coefficients $A^{-\top}z$ and its residual sum of squares $\chi^2_{n-p}$, independent of both.

Chains are the last axis, and two float32 numbers are kept as one of 64 bits: XLA computes what a step
returns array by array, and would hash twice for two.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from modelcollapse.sims.paths.abstract import REAL, SYNTHETIC, AbstractForwardPath
from modelcollapse.sims.paths.designs import sees_no_rotation
from modelcollapse.sims.samplers import quantile_map
from modelcollapse.sims.samplers.chi_square import log_mean_square
from modelcollapse.sims.samplers.memory import packed, unpacked
from modelcollapse.sims.samplers.normals import normals
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, LinearRegression, Loop, Replace
from modelcollapse.theory.observables import AbstractObservable
from modelcollapse.theory.regression.family import Noise, RegressionStatistic
from modelcollapse.theory.regression.solve import gram, solve_transposed

#: In 32 bits a batch's words of generation t are those at (t, tag times this, and upwards).
_SPACE = 2**28
#: Of a batch's streams of 64 bits: first slots of the chi-squares, and of the normals.
_SCALE, _RESIDUAL, _NORMALS = 0, 4, 8
#: Tags of the streams of single rows, and of those of a fixed design, which hang on generation 0.
_ROWS, _DESIGN = 2**30, 7
#: Up to so many regressors back substitution is written out.
_UNROLLED = 8


class RegressionStatistics(AbstractForwardPath):
    r"""Under replace only the coefficients and the residuals matter: with fresh rows
    $A^{-\top}z$ has the law of $z/\sqrt{\chi^2_{n-p+1}}$ (a multivariate t), so that p normals and two
    chi-squares make a generation. Otherwise Gram matrices are pooled."""

    dtype: str
    features: int
    design: str
    noise: Noise
    #: The training set is the latest model's output alone.
    closed: bool
    has_real: bool
    #: Chi-squares are drawn by rejection: in 64 bits, or if some have few degrees of freedom.
    exact: bool
    #: Of a fixed design.
    rows: int = 0
    #: The observables do not see a rotation of a chain's errors, which then is left out.
    rotated: bool = False

    @staticmethod
    def of(
        loop: Loop,
        dtype: str,
        sizes: tuple[np.ndarray, np.ndarray],
        observables: Sequence[AbstractObservable],
    ) -> "RegressionStatistics":
        """The path of a loop that [`designs.serves`][] allows."""
        truth, rows = loop.truth, np.concatenate(sizes)
        least = int(rows[rows > 0].min()) - truth.features + (truth.noise == "known")
        return RegressionStatistics(
            dtype=dtype,
            features=truth.features,
            design=truth.design,
            noise=truth.noise,
            closed=isinstance(loop.regime, Replace),
            has_real=bool(sizes[0].any()),
            exact=dtype != "float32" or least < quantile_map.LEAST,
            rows=int(rows.max()) if truth.design == "fixed" else 0,
            rotated=truth.design == "fixed" and all(map(sees_no_rotation, observables)),
        )

    @property
    def _random(self) -> bool:
        return self.design == "fresh"

    def bytes_per_chain(self) -> int:
        p = self.features
        numbers = 16 * p + 64 + (0 if self.closed or not self._random else 16 * p * p)
        return numbers * jnp.dtype(self.dtype).itemsize

    def width(self, chains: int) -> int:
        fit = max(16, 2**24 // self.bytes_per_chain())
        return min(1 << (min(fit, 2**14).bit_length() - 1), max(16, 1 << (chains - 1).bit_length()))

    def prepare(
        self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The polynomials of the chi-squares of every generation, of synthetic and real batches."""
        if self.exact:
            return {}
        prepared = {}
        for tag, rows in ((SYNTHETIC, synthetic), (REAL, real)):
            degrees = np.maximum(rows - self.features, 0)
            if tag == SYNTHETIC or self.has_real:
                prepared[f"residual {tag}"] = quantile_map.coefficients(degrees)
                if self._random:
                    of_factor = degrees + 1
                    if not self.closed:
                        of_factor = np.maximum(rows[:, None] - np.arange(self.features), 0)
                    prepared[f"scale {tag}"] = quantile_map.coefficients(of_factor)
        return prepared

    def start(self, truth: LinearRegression, chains: int) -> Any:
        zeros = jnp.zeros(chains, self.dtype)
        coefficients = truth.coefficients[:, None] + zeros
        log_variance = zeros + truth.log_variance
        fixed = None
        if self.design == "fixed":
            words = jnp.zeros(chains, jnp.uint32)
            fixed = Stream(words, words)
            if self.rotated:
                fixed = jnp.ones((2 * self.features - 1, chains), self.dtype)
        if self.closed:
            return packed(self._halves(coefficients)), log_variance, None, fixed
        p = self.features
        own_gram = jnp.zeros((p, p, chains), self.dtype) if self._random else zeros
        empty = RegressionStatistic(zeros, own_gram, coefficients * 0, zeros - jnp.inf)
        return coefficients, log_variance, empty, fixed

    def step(
        self,
        state: Any,
        streams: Stream,
        truth: LinearRegression,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: Any,
    ) -> Any:
        coefficients, log_variance, pool, fixed = state
        if fixed is not None:
            # A whole factor is worked out whenever it is looked at, so that it takes no room.
            fixed = streams
            if self.rotated:
                fixed = jax.lax.cond(t == 1, lambda: self._bidiagonal(streams), lambda: state[3])
        if self.closed:
            batch = Batch(self, streams, t, synthetic, SYNTHETIC, prepared)
            scale = jnp.exp(log_variance / 2) * batch.deviation()
            moved = packed(
                [
                    own + scale * z
                    for own, z in zip(unpacked(coefficients), batch.halves(), strict=True)
                ]
            )
            log_variance = self._refitted(log_variance, batch)
            return moved, log_variance, None, fixed
        own = Batch(self, streams, t, synthetic, SYNTHETIC, prepared).statistic()
        true = own
        if self.has_real:
            true = Batch(self, streams, t, real, REAL, prepared).statistic()

        def one(coefficients: Any, log_variance: Any, pool: Any, own: Any, true: Any) -> Any:
            model = self._model(coefficients, log_variance)
            own, true = _summed(own), _summed(true)
            if self.has_real:
                true = model.restate(true, of=truth)
            new_pool, training = regime.update(pool, own, true, t == 1)
            fitted = model.fit(training)
            kept = pool if new_pool is pool else fitted.restate(new_pool, of=model)
            return fitted.coefficients, fitted.log_variance, kept

        across = jax.vmap(one, in_axes=-1, out_axes=-1)
        return *across(coefficients, log_variance, pool, own, true), fixed

    def models(self, state: Any, truth: LinearRegression) -> LinearRegression:
        coefficients, log_variance, _, fixed = state
        if self.closed:
            coefficients = jnp.concatenate(unpacked(coefficients))[: self.features]
        if fixed is not None:
            start = truth.coefficients[:, None]
            turned = self._turned_up_to_rotation if self.rotated else self._turned
            coefficients = start + turned(coefficients - start, fixed)
        return self._model(coefficients.T, log_variance)

    def _model(self, coefficients: Any, log_variance: Any) -> LinearRegression:
        # A fixed design is orthogonal in its own coordinates, in which the chains run.
        design = "fresh" if self._random else "orthogonal"
        return LinearRegression(
            coefficients, log_variance=log_variance, design=design, noise=self.noise
        )

    def _refitted(self, log_variance: Any, batch: "Batch") -> Any:
        if self.noise == "known":
            return log_variance
        step = batch.log_residual()
        if self.noise == "unbiased":
            step = step - jnp.log1p(-self.features / batch.rows).astype(self.dtype)
        return log_variance + step

    def _halves(self, values: Any) -> list[Any]:
        """Rows as they are packed: in 32 bits the upper half beside the lower, filled up with zeros."""
        if self.dtype != "float32":
            return [values]
        spare = jnp.zeros((values.shape[0] % 2, *values.shape[1:]), values.dtype)
        return jnp.split(jnp.concatenate([values, spare]), 2)

    def _turned(self, gap: Float[Array, "p chains"], streams: Stream) -> Float[Array, "p chains"]:
        r"""$\sqrt n\,A^{-\top}$ times `gap`, with the Bartlett factor made row by row as it is used."""
        below, n = streams.fold(0, _DESIGN), float(self.rows)
        row = jnp.arange(self.features + self.features % 2)[:, None]

        def use(i: Any, carry: Any) -> Any:
            place = self.features - 1 - i
            here = below.fold(place)
            log_square = log_mean_square(here, jnp.asarray(n), n - place, _SCALE)
            value = carry[place] / jnp.exp(log_square / 2).astype(self.dtype)
            entries = jnp.concatenate(normals(here.words(_NORMALS + row), self.dtype))
            entries = entries[: self.features] / jnp.asarray(np.sqrt(n), self.dtype)
            carry = carry - jnp.where(row[: self.features] < place, entries * value, 0)
            return carry.at[place].set(value)

        return jax.lax.fori_loop(0, self.features, use, gap)

    def _turned_up_to_rotation(
        self, gap: Float[Array, "p chains"], bidiagonal: Float[Array, "entries chains"]
    ) -> Float[Array, "p chains"]:
        r"""$B^{-\top}$ times `gap`."""
        p = self.features
        diagonal, beside = bidiagonal[:p], bidiagonal[p:]

        def use(i: Any, carry: Any) -> Any:
            place = p - 1 - i
            above = jnp.where(i > 0, beside[place] * carry[jnp.minimum(place + 1, p - 1)], 0)
            return carry.at[place].set((carry[place] - above) / diagonal[place])

        if p > _UNROLLED:
            return jax.lax.fori_loop(0, p, use, gap)
        solved = [gap[p - 1] / diagonal[p - 1]]
        for place in reversed(range(p - 1)):
            solved.append((gap[place] - beside[place] * solved[-1]) / diagonal[place])
        return jnp.stack(solved[::-1])

    def _bidiagonal(self, streams: Stream) -> Float[Array, "entries chains"]:
        r"""The lower bidiagonal B with $\chi_n,\chi_{n-1},\dots$ on its diagonal and
        $\chi_{p-1},\dots,\chi_1$ below, over $\sqrt n$: $X^\top X=nVBB^\top V^\top$ with a rotation V that is
        independent of B (Dumitriu & Edelman 2002)."""
        p, n = self.features, self.rows
        degrees = np.concatenate([n - np.arange(p), np.arange(p - 1, 0, -1)])
        return self._chi(streams.fold(0, _DESIGN), degrees) / jnp.asarray(np.sqrt(n), self.dtype)

    def _chi(self, streams: Stream, degrees: np.ndarray) -> Any:
        """A chi variable for each of the degrees of freedom, shape `(len(degrees), chains)`."""
        if self.dtype != "float32":
            below = streams.fold(jnp.arange(degrees.size)[:, None], _ROWS)
            free = jnp.asarray(degrees, jnp.float64)[:, None]
            return jnp.exp(log_mean_square(below, jnp.ones(()), free, _SCALE) / 2)
        parts = []
        many = degrees[degrees >= quantile_map.LEAST]
        if many.size:
            z = self._normals(streams, many.size, _ROWS)
            means = jax.vmap(quantile_map.log_mean_chi_square)(
                z, jnp.asarray(quantile_map.coefficients(many))
            )
            parts.append(jnp.exp(means / 2) * np.sqrt(many, dtype=np.float32)[:, None])
        few = degrees[degrees < quantile_map.LEAST]
        if few.size:
            squares = self._normals(streams, int(few.sum()), _ROWS + 1) ** 2
            ends = np.split(np.arange(few.sum()), np.cumsum(few)[:-1])
            parts.append(jnp.sqrt(jnp.stack([squares[rows].sum(0) for rows in ends])))
        order = np.argsort(np.argsort(degrees < quantile_map.LEAST, kind="stable"), kind="stable")
        return jnp.concatenate(parts)[order]

    def _normals(self, streams: Stream, count: int, tag: int) -> Any:
        pairs = jnp.arange((count + 1) // 2)[:, None]
        halves = unpacked(packed(normals(streams.words(pairs, tag), jnp.float32)))
        return jnp.concatenate(halves)[:count]


class Batch:
    """The draws of one batch, each made when it is asked for."""

    def __init__(
        self, path: RegressionStatistics, streams: Stream, t: Any, n: Any, tag: int, prepared: Any
    ):
        self.path, self.streams, self.t, self.tag, self.prepared = path, streams, t, tag, prepared
        self.given = n
        #: Of a batch without rows everything is worked out as for p of them, and then left out.
        self.rows = jnp.where(n > 0, n, path.features).astype(jnp.float64)

    def deviation(self) -> Any:
        """What a normal is multiplied by, under replace, to make a coefficient's error."""
        path = self.path
        if not path._random:
            return (1 / jnp.sqrt(self.rows)).astype(path.dtype)
        degrees = self.rows - path.features + 1
        if path.exact:
            log_mean = log_mean_square(self._below(), degrees, degrees, _SCALE).astype(path.dtype)
        else:
            polynomial = self.prepared[f"scale {self.tag}"]
            log_mean = quantile_map.log_mean_chi_square(self._chi_normals()[0], polynomial)
        return jnp.exp(-log_mean / 2) * (1 / jnp.sqrt(degrees)).astype(path.dtype)

    def log_residual(self) -> Any:
        r"""$\log(\chi^2_{n-p}/n)$."""
        path, degrees = self.path, self.rows - self.path.features
        if path.exact:
            value = log_mean_square(self._below(), self.rows, degrees, _RESIDUAL)
            return value.astype(path.dtype)
        polynomial = self.prepared[f"residual {self.tag}"]
        value = quantile_map.log_mean_chi_square(self._chi_normals()[1], polynomial)
        return value + jnp.log(degrees / self.rows).astype(path.dtype)

    def halves(self, first: int = 0, count: int | None = None) -> list[Any]:
        """Normals as coefficients are packed, of `count` numbers from number `first` on (even)."""
        count = self.path.features if count is None else count
        if self.path.dtype != "float32":
            slots = _NORMALS + first + jnp.arange(count)[:, None]
            return list(normals(self._below().words(slots), jnp.float64))
        pairs = first // 2 + jnp.arange((count + 1) // 2)[:, None]
        return list(normals(self._words(1 + pairs), jnp.float32))

    def statistic(self) -> Any:
        """The batch's count, factor or scalar Gram, coefficients in the factor's coordinates, residuals."""
        path, p = self.path, self.path.features
        here = self.given > 0
        z = self._drawn(0, p)
        count = jnp.full_like(z[0], self.given)
        log_residual = jnp.full_like(z[0], -jnp.inf)
        if path.noise != "known":
            log_residual = jnp.where(here, self.log_residual(), -jnp.inf)
        if not path._random:
            coefficients = z * (1 / jnp.sqrt(self.rows)).astype(path.dtype)
            return count, count, jnp.where(here, coefficients, 0), log_residual
        even = p + p % 2
        below = self._drawn(even, p * (p - 1) // 2)
        factor = jnp.zeros((p, p, *count.shape), path.dtype)
        factor = factor.at[np.tril_indices(p, -1)].set(below)
        factor = factor.at[np.arange(p), np.arange(p)].set(self._diagonal(even + below.shape[0]))
        return count, factor, z, log_residual

    def _drawn(self, first: int, count: int) -> Any:
        halves = unpacked(packed(self.halves(first, count)))
        return jnp.concatenate(halves)[:count]

    def _diagonal(self, first: int) -> Any:
        path = self.path
        order = jnp.arange(path.features)[:, None]
        if path.exact:
            below = self._below().fold(order, _ROWS)
            log_square = log_mean_square(below, jnp.ones(()), self.rows - order, _SCALE)
            return jnp.exp(log_square / 2).astype(path.dtype)
        first += first % 2
        z = self._drawn(first, path.features)
        means = jax.vmap(quantile_map.log_mean_chi_square)(z, self.prepared[f"scale {self.tag}"])
        return jnp.exp(means / 2) * jnp.sqrt(self.rows - order).astype(path.dtype)

    def _chi_normals(self) -> Any:
        return normals(self._words(0), jnp.float32)

    def _words(self, number: Any) -> Any:
        return self.streams.words(self.t, self.tag * _SPACE + number)

    def _below(self) -> Stream:
        return self.streams.fold(self.t, self.tag)


def _summed(batch: Any) -> RegressionStatistic:
    """A batch of one chain as a statistic."""
    count, factor, z, log_residual = batch
    if jnp.ndim(factor) == 0:
        return RegressionStatistic(count, factor, z, log_residual)
    here = count > 0
    return RegressionStatistic(
        count,
        jnp.where(here, gram(factor), 0),
        jnp.where(here, solve_transposed(factor, z), 0),
        log_residual,
    )
