"""The slow twin: every loop once more, from raw draws, in NumPy, sharing no code with the engine.

It reads the public numbers of a loop (`n`, `n_real`, `n_synthetic`, `real_share`, `probabilities`,
`mean`, `log_variance`, `estimator`) and goes by the definition of each regime: draw, pool, fit.
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
    kind = {"Gaussian": GaussianChains, "Categorical": CategoricalChains}[type(loop.truth).__name__]
    models = kind(loop.truth, chains, rng)
    truth = kind(loop.truth, chains, rng)
    earlier, rows = truth, []
    pool = None
    for t in range(max(generations) + 1):
        if t > 0:
            training, pool = training_set(loop.regime, t, truth, models, pool, rng)
            models = models.fit(training)
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
        case "Fresh":
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
            order = np.argsort(rng.random(pool.shape), axis=1)[:, :synthetic]
            return np.take_along_axis(pool, order, axis=1), pool
        case "Fresh":
            return joined(truth.draw(real), models.draw(synthetic)), None
        case "Mixture":
            is_real = rng.random((models.chains, synthetic)) < regime.real_share
            return np.where(is_real, truth.draw(synthetic), models.draw(synthetic)), None
        case "FixedReal":
            if t == 1:
                pool = truth.draw(real)
                return pool, pool
            return joined(pool, models.draw(synthetic)), pool
    raise ValueError(f"the twin does not know the regime {regime!r}.")


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

    def fit(self, training):
        models = copy.copy(self)
        scale = np.exp(self.log_variance / 2)
        residuals = (training - (self.mean - self.origin)[:, None]) / scale[:, None]
        models.mean = self.mean + scale * residuals.mean(axis=1)
        models.log_variance = self.log_variance + np.log(residuals.var(axis=1, ddof=self.divisor))
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


class CategoricalChains:
    """`chains` categorical models: probabilities, and the labels that they were fitted to."""

    def __init__(self, truth, chains, rng):
        self.probabilities = np.tile(np.asarray(truth.probabilities), (chains, 1))
        self.labels = None
        self.chains, self.rng = chains, rng

    def recentre(self):
        pass

    def draw(self, n):
        if self.labels is None:
            p = self.probabilities[0]
            return self.rng.choice(p.size, size=(self.chains, n), p=p)
        again = self.rng.integers(self.labels.shape[1], size=(self.chains, n))
        return np.take_along_axis(self.labels, again, axis=1)

    def fit(self, training):
        models = copy.copy(self)
        models.labels = training
        k = self.probabilities.shape[1]
        apart = training + k * np.arange(self.chains)[:, None]
        counts = np.bincount(apart.ravel(), minlength=k * self.chains).reshape(self.chains, k)
        models.probabilities = counts / training.shape[1]
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


def derived(column, named):
    """A column by its name: an observable, its power `name^2`, or the event `name<=value`."""
    if "<=" in column:
        name, threshold = column.rsplit("<=", 1)
        return (named[name]() <= float(threshold)).astype(float)
    name, _, exponent = column.partition("^")
    return named[name]() ** float(exponent or 1)
