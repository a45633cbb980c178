"""The slow twin: every loop once more, from raw draws, in NumPy, sharing no code with the engine.

It reads the public numbers of a loop (`n`, `n_real`, `n_synthetic`, `real_share`, `weight`,
`probabilities`, `mean`, `coefficients`, `log_variance`, `factor`, `log_pivots`, `estimator`, `design`, `noise`) and goes by the
definition of each regime: draw, pool, fit.
Chains are only a leading axis. A categorical model is the labels that it was fitted to, so to draw
from it is to draw those labels again with replacement. Gaussian draws are numbers measured from an
origin, which under replace moves with the mean, lest a scale of 1e-40 be lost beside a mean of 1.
"""

import copy
import re

import numpy as np

#: Draws that one batch of chains may hold at a time.
BATCH = 4_000_000


def simulate(loop, generations, chains, columns, seed):
    """The named observables at the recorded `generations`: float64, (generation, chain, column)."""
    last = max(generations)
    most = sum(sizes(loop.regime, t).sum() for t in range(1, last + 1))
    width = int(np.clip(BATCH // most, 1, chains))
    starts = range(0, chains, width)
    seeds = np.random.SeedSequence(seed).spawn(len(starts))
    batches = [
        _batch(
            loop, sorted(generations), min(width, chains - start), columns, np.random.default_rng(s)
        )
        for start, s in zip(starts, seeds, strict=True)
    ]
    return np.concatenate(batches, axis=1)


def _batch(loop, generations, chains, columns, rng):
    kind = {
        "Gaussian": GaussianChains,
        "Categorical": CategoricalChains,
        "LinearRegression": RegressionChains,
        "MultivariateGaussian": MultivariateChains,
    }[type(loop.truth).__name__]
    models = kind(loop.truth, chains, rng)
    truth = kind(loop.truth, chains, rng)
    earlier, rows = truth, []
    pool = None
    for t in range(max(generations) + 1):
        if t > 0:
            training, pool = training_set(loop.regime, t, truth, models, pool, rng)
            models = models.fit(training, weights(loop.regime, t))
        if t in generations:
            rows.append(np.stack([models.observe(c, truth, earlier) for c in columns], axis=-1))
            earlier = models
    return np.stack(rows)


# Regimes: draws are arrays of shape (chains, draws).


def at(size, t):
    """The size of generation `t`, from a number, a list of sizes or a function of t."""
    if callable(size):
        return int(size(t))
    return int(size) if np.ndim(size) == 0 else int(size[t - 1])


def sizes(regime, t):
    """How many new draws a regime asks for at generation `t`: real, synthetic."""
    match type(regime).__name__:
        case "Fresh" | "Weighted":
            return np.array([at(regime.n_real, t), at(regime.n_synthetic, t)])
        case "FixedReal":
            return np.array([regime.n_real, 0] if t == 1 else [0, at(regime.n_synthetic, t)])
        case _:
            return np.array([0, at(regime.n, t)])


def training_set(regime, t, truth, models, pool, rng):
    """The training set of generation `t`, and what the regime keeps for later ones."""
    real, synthetic = sizes(regime, t)
    match type(regime).__name__:
        case "Replace":
            models.recentre()
            return models.draw(synthetic), None
        case "Accumulate":
            pool = joined(pool, models.draw(synthetic))
            return pool, pool
        case "AccumulateSubsample":
            pool = joined(pool, models.draw(synthetic))
            order = np.argsort(rng.random(pool.shape[:2]), axis=1)[:, :synthetic]
            return np.take_along_axis(pool, like(order, pool), axis=1), pool
        case "Fresh" | "Weighted":
            return joined(truth.draw(real), models.draw(synthetic)), None
        case "Mixture":
            is_real = rng.random((models.chains, synthetic)) < regime.real_share
            real_draws = truth.draw(synthetic)
            return np.where(like(is_real, real_draws), real_draws, models.draw(synthetic)), None
        case "FixedReal":
            if t == 1:
                pool = truth.draw(real)
                return pool, pool
            return joined(pool, models.draw(synthetic)), pool
    raise ValueError(f"the twin does not know the regime {regime!r}.")


def weights(regime, t):
    """What each draw of the training set counts, summing to one; None if all count alike."""
    if type(regime).__name__ != "Weighted":
        return None
    real, synthetic = sizes(regime, t)
    shares = (regime.weight / real, (1 - regime.weight) / synthetic)
    return np.repeat(shares, (real, synthetic))


def like(which, draws):
    """What says something of each draw, with the axes of the draws."""
    return which.reshape(*which.shape, *(1,) * (draws.ndim - which.ndim))


def joined(pool, draws):
    return draws if pool is None else np.concatenate([pool, draws], axis=1)


# Families: a batch of models, which draws from itself, fits, and reads its own observables.


class GaussianChains:
    """Means and log-variances of `chains` Gaussian models."""

    def __init__(self, truth, chains, rng):
        self.mean = np.full(chains, float(truth.mean))
        self.log_variance = np.full(chains, float(truth.log_variance))
        self.origin = 0.0
        self.divisor = {"mle": 0, "unbiased": 1}[truth.estimator]
        self.chains, self.rng = chains, rng

    def recentre(self):
        self.origin = self.mean

    def draw(self, n):
        z = self.rng.standard_normal((self.chains, n))
        return (self.mean - self.origin)[:, None] + np.exp(self.log_variance / 2)[:, None] * z

    def fit(self, training, weights=None):
        models = copy.copy(self)
        scale = np.exp(self.log_variance / 2)
        residuals = (training - (self.mean - self.origin)[:, None]) / scale[:, None]
        mean, variance = residuals.mean(axis=1), residuals.var(axis=1, ddof=self.divisor)
        if weights is not None:
            mean = residuals @ weights
            variance = ((residuals - mean[:, None]) ** 2) @ weights
            variance = variance / (1 - self.divisor * (weights**2).sum())
        models.mean = self.mean + scale * mean
        models.log_variance = self.log_variance + np.log(variance)
        return models

    def observe(self, column, truth, earlier):
        gap = self.mean - truth.mean
        log_ratio = self.log_variance - truth.log_variance
        v, v0 = np.exp(self.log_variance), np.exp(truth.log_variance)
        w2 = gap**2 + (np.sqrt(v) - np.sqrt(v0)) ** 2
        named = {
            "mean_error": lambda: gap,
            "variance": lambda: v,
            "log_variance": lambda: log_ratio,
            "w2_squared": lambda: w2,
            "total_second_moment": lambda: v + gap**2,
            "w2_balance": lambda: w2 + 2 * np.sqrt(v * v0),
            "entropy": lambda: np.log(2 * np.pi * np.e * v) / 2,
            "kl_to_truth": lambda: (v / v0 + gap**2 / v0 - 1 - log_ratio) / 2,
            "kl_from_truth": lambda: (v0 / v + gap**2 / v - 1 + log_ratio) / 2,
            "cross_entropy": lambda: (np.log(2 * np.pi * v0) + v / v0 + gap**2 / v0) / 2,
        }
        return derived(column, named)


class MultivariateChains:
    """Means and covariances of `chains` Gaussian models in several dimensions."""

    def __init__(self, truth, chains, rng):
        factor, pivots = np.asarray(truth.factor), np.exp(np.asarray(truth.log_pivots))
        self.mean = np.tile(np.asarray(truth.mean), (chains, 1))
        self.covariance = np.tile((factor * pivots) @ factor.T, (chains, 1, 1))
        self.divisor = {"mle": 0, "unbiased": 1}[truth.estimator]
        self.chains, self.rng = chains, rng

    def recentre(self):
        pass

    def draw(self, n):
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        z = self.rng.standard_normal((self.chains, n, self.mean.shape[1]))
        return self.mean[:, None, :] + z @ root.swapaxes(1, 2)

    def fit(self, training, weights=None):
        models = copy.copy(self)
        n = training.shape[1]
        each = np.full(n, 1 / n) if weights is None else weights
        models.mean = np.einsum("w,cwi->ci", each, training)
        gaps = training - models.mean[:, None, :]
        square = (each[:, None] * gaps).swapaxes(1, 2) @ gaps
        models.covariance = square / (1 - self.divisor * (each**2).sum())
        return models

    def observe(self, column, truth, earlier):
        s, s0 = self.covariance, truth.covariance
        gap, d = self.mean - truth.mean, self.mean.shape[1]
        trace = np.trace(s, axis1=1, axis2=2)
        if of_pivot := re.fullmatch(r"log_pivot\[(\d+)\]", column):
            k = int(of_pivot[1])
            minors = [np.linalg.slogdet(x[:, : k + j, : k + j])[1] for x in (s, s0) for j in (1, 0)]
            return minors[0] - minors[1] - minors[2] + minors[3]

        def squares(metric, by):
            """The trace of `by`, and the length of the gap, in the metric."""
            inverse = np.linalg.inv(metric)
            return np.einsum("cij,cji->c", inverse, by) + np.einsum(
                "ci,cij,cj->c", gap, inverse, gap
            )

        def log_ratio():
            return np.linalg.slogdet(s)[1] - np.linalg.slogdet(s0)[1]

        def w2():
            values, vectors = np.linalg.eigh(s0)
            root = (vectors * np.sqrt(values)[:, None, :]) @ vectors.swapaxes(1, 2)
            shared = np.linalg.eigvalsh(root @ s @ root)
            traces = trace + np.trace(s0, axis1=1, axis2=2)
            return (gap**2).sum(axis=1) + traces - 2 * np.sqrt(np.maximum(shared, 0)).sum(axis=1)

        named = {
            "w2_squared": w2,
            "total_variance": lambda: trace,
            "squared_norm": lambda: (s**2).sum(axis=(1, 2)),
            "effective_rank": lambda: trace**2 / (s**2).sum(axis=(1, 2)),
            "rank": lambda: np.linalg.matrix_rank(s, tol=1e-9, hermitian=True).astype(float),
            "squared_mean_error": lambda: (gap**2).sum(axis=1),
            "total_second_moment": lambda: trace + (gap**2).sum(axis=1),
            "log_determinant": log_ratio,
            "determinant": lambda: np.exp(log_ratio()),
            "entropy": lambda: (d * np.log(2 * np.pi * np.e) + np.linalg.slogdet(s)[1]) / 2,
            "kl_to_truth": lambda: (squares(s0, s) - d - log_ratio()) / 2,
            "kl_from_truth": lambda: (squares(s, s0) - d + log_ratio()) / 2,
            "cross_entropy": lambda: (
                (d * np.log(2 * np.pi) + np.linalg.slogdet(s0)[1] + squares(s0, s)) / 2
            ),
        }
        return derived(column, named)


class CategoricalChains:
    """`chains` categorical models: probabilities, and the labels that they were fitted to."""

    def __init__(self, truth, chains, rng):
        self.probabilities = np.tile(np.asarray(truth.probabilities), (chains, 1))
        self.labels = self.weights = None
        self.chains, self.rng = chains, rng

    def recentre(self):
        pass

    def draw(self, n):
        if self.labels is None:
            p = self.probabilities[0]
            return self.rng.choice(p.size, size=(self.chains, n), p=p)
        again = self.rng.integers(self.labels.shape[1], size=(self.chains, n))
        if self.weights is not None:
            again = self.rng.choice(self.weights.size, size=(self.chains, n), p=self.weights)
        return np.take_along_axis(self.labels, again, axis=1)

    def fit(self, training, weights=None):
        models = copy.copy(self)
        models.labels, models.weights = training, weights
        k, size = self.probabilities.shape[1], training.shape[1]
        apart = training + k * np.arange(self.chains)[:, None]
        each = np.ones(size) if weights is None else weights * size
        counts = np.bincount(apart.ravel(), np.tile(each, self.chains), minlength=k * self.chains)
        models.probabilities = counts.reshape(self.chains, k) / size
        return models

    def observe(self, column, truth, earlier):
        p, q = self.probabilities, truth.probabilities
        alive = p > 0
        if of_label := re.fullmatch(r"frequency(?:\^(\d+))?\[(\d+)\]", column):
            return p[:, int(of_label[2])] ** int(of_label[1] or 1)
        if of_ranks := re.fullmatch(r"survival_by_rank\[(\d+)-(\d+)\]", column):
            ranked = np.argsort(-q[0], kind="stable")[int(of_ranks[1]) - 1 : int(of_ranks[2])]
            return alive[:, ranked].mean(axis=1)
        log_p = np.log(np.where(alive, p, 1))
        log_q = np.log(np.where(q > 0, q, 1))
        named = {
            "heterozygosity": lambda: 1 - (p**2).sum(axis=1),
            "support": lambda: alive.sum(axis=1).astype(float),
            "surviving_mass": lambda: (q * alive).sum(axis=1),
            "entropy": lambda: -(p * log_p).sum(axis=1),
            "cross_entropy": lambda: -(p * log_q).sum(axis=1),
            "kl_to_truth": lambda: (p * (log_p - log_q)).sum(axis=1),
            "kl_from_truth": lambda: np.where(
                (alive | (q == 0)).all(axis=1), (q * (log_q - log_p)).sum(axis=1), np.inf
            ),
            "returned": lambda: (alive & (earlier.probabilities == 0)).sum(axis=1).astype(float),
        }
        return derived(column, named)


class RegressionChains:
    """Coefficients and log-variances of `chains` regressions; a draw is a row and its label."""

    def __init__(self, truth, chains, rng):
        self.coefficients = np.tile(np.asarray(truth.coefficients), (chains, 1))
        self.log_variance = np.full(chains, float(truth.log_variance))
        self.design, self.noise, self.rows = truth.design, truth.noise, None
        self.chains, self.rng = chains, rng

    def recentre(self):
        pass

    def draw(self, n):
        p = self.coefficients.shape[1]
        if self.design == "orthogonal":
            basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, n), p))
            rows = np.broadcast_to(np.sqrt(n) * basis, (self.chains, n, p))
        elif self.rows is not None:
            rows = self.rows
        else:
            rows = self.rng.standard_normal((self.chains, n, p))
        noise = np.exp(self.log_variance / 2)[:, None] * self.rng.standard_normal((self.chains, n))
        labels = (rows @ self.coefficients[:, :, None])[..., 0] + noise
        return np.concatenate([rows, labels[..., None]], axis=2)

    def fit(self, training, weights=None):
        models = copy.copy(self)
        rows, labels = training[..., :-1], training[..., -1]
        if self.design == "fixed" and self.rows is None:
            models.rows = rows
        n, p = rows.shape[1:]
        each = np.full(n, 1 / n) if weights is None else weights
        weighted = rows * each[:, None]
        gram = np.swapaxes(weighted, 1, 2) @ rows
        moment = (np.swapaxes(weighted, 1, 2) @ labels[..., None])[..., 0]
        models.coefficients = np.linalg.solve(gram, moment[..., None])[..., 0]
        residuals = labels - (rows @ models.coefficients[:, :, None])[..., 0]
        if self.noise != "known":
            lost = p * (each**2).sum() if self.noise == "unbiased" else 0
            models.log_variance = np.log(residuals**2 @ each / (1 - lost))
        return models

    def observe(self, column, truth, earlier):
        named = {
            "excess_risk": lambda: ((self.coefficients - truth.coefficients) ** 2).sum(axis=1),
            "noise_variance": lambda: np.exp(self.log_variance),
            "log_noise_variance": lambda: self.log_variance - truth.log_variance,
        }
        return derived(column, named)


def derived(column, named):
    """A column by its name: an observable, its power `name^2`, or the event `name<=value`."""
    if "<=" in column:
        name, threshold = column.rsplit("<=", 1)
        return (named[name]() <= float(threshold)).astype(float)
    name, _, exponent = column.partition("^")
    return named[name]() ** float(exponent or 1)
