"""Paths: the ways in which a loop's chains can be drawn, and the choice among them."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from modelcollapse.sims.paths.abstract import AbstractForwardPath as AbstractForwardPath
from modelcollapse.sims.paths.abstract import AbstractPath as AbstractPath
from modelcollapse.sims.paths.ancestors import CategoricalAncestors
from modelcollapse.sims.paths.categorical import CategoricalCounts
from modelcollapse.sims.paths.cost import items_pay
from modelcollapse.sims.paths.cumulative import GaussianCumulative
from modelcollapse.sims.paths.designs import check_design, serves
from modelcollapse.sims.paths.gaussian import GaussianStatistics
from modelcollapse.sims.paths.items import CategoricalItems
from modelcollapse.sims.paths.jump import GaussianJump
from modelcollapse.sims.paths.knowledge import check, knows, of_the_living
from modelcollapse.sims.paths.multivariate import (
    UNROLLED,
    MultivariateBlocks,
    MultivariateColumns,
    MultivariatePivots,
    MultivariateStatistics,
)
from modelcollapse.sims.paths.raw import RawSamples
from modelcollapse.sims.paths.regression import RegressionStatistics
from modelcollapse.sims.paths.survivors import CategoricalSurvivors
from modelcollapse.sims.samplers.quantile_map import LEAST, degree
from modelcollapse.theory import (
    Categorical,
    Gaussian,
    LinearRegression,
    Loop,
    MultivariateGaussian,
    Replace,
)
from modelcollapse.theory.observables import AbstractObservable

#: Names of the paths, as `simulate(path=...)` takes them.
PATHS = (
    "auto", "raw", "statistic", "cumulative", "jump", "pivots", "counts", "items", "ancestors",
    "survivors",
)  # fmt: skip


def choose(
    name: str,
    loop: Loop,
    sizes: tuple[np.ndarray, np.ndarray],
    dtype: str,
    observables: Sequence[AbstractObservable],
    chains: int,
) -> AbstractPath:
    """The path called `name`; "auto" is the fastest one through all generations.

    Raises `ValueError` for an unknown name, or a path that does not serve the loop."""
    if name not in PATHS:
        raise ValueError(f"`path` must be one of {', '.join(PATHS)}; got {name!r}.")
    real, synthetic = sizes
    regime: Any = loop.regime
    truth: Any = loop.truth
    if isinstance(loop.truth, LinearRegression):
        check_design(loop, sizes, name)
    if name == "auto":
        name = _fastest(loop, sizes, dtype, observables, chains)
    check(name, loop, dtype, observables)
    if name == "raw":
        pool = int(synthetic.sum() + real.sum()) if regime.grows else int(real.max(initial=0))
        numbers = sum(np.size(leaf) for leaf in jax.tree.leaves(truth))
        return RawSamples(int(real.max(initial=0)), int(synthetic.max(initial=0)), pool, numbers)
    if name == "jump":
        return GaussianJump(truth.estimator)
    if name == "pivots":
        return MultivariatePivots.of(dtype, *sizes, truth.dimension)
    if name == "items":
        return _items(truth, synthetic, observables)
    if name == "survivors":
        return CategoricalSurvivors(truth.categories)
    if name == "ancestors":
        return CategoricalAncestors(truth.categories, most=int(synthetic.max(initial=1)))
    if name == "cumulative":
        if dtype != "float32" or synthetic.min() <= LEAST:
            raise ValueError(
                f"`path='cumulative'` serves float32 and at least {LEAST + 1} draws a generation; "
                f"got {dtype} and {synthetic.min()}. Use path='statistic'."
            )
        return GaussianCumulative(synthetic.size, degree(int(synthetic.min()) - 1))
    made = _forward(name, loop, sizes, dtype, observables)
    if made is None:
        what = f"{type(truth).__name__} under {type(regime).__name__}"
        rows = name == "statistic" and isinstance(loop.truth, LinearRegression)
        few = " with batches of so few rows" if rows else ""
        raise ValueError(f"`path={name!r}` does not serve a {what}{few}; use 'auto'.")
    return made


def _fastest(
    loop: Loop,
    sizes: tuple[np.ndarray, np.ndarray],
    dtype: str,
    observables: Sequence[AbstractObservable],
    chains: int,
) -> str:
    replaced = isinstance(loop.regime, Replace)
    if replaced and isinstance(loop.truth, MultivariateGaussian) and knows("pivots", observables):
        return "pivots"
    # On a CPU the loop over generations costs nothing that running sums would save.
    waits = jax.default_backend() != "cpu" and replaced and dtype == "float32"
    if waits and isinstance(loop.truth, Gaussian) and GaussianCumulative.serves(chains, sizes[1]):
        return "cumulative"
    if replaced and isinstance(loop.truth, Categorical):
        width = _items(loop.truth, sizes[1], observables).width(chains)
        pay = items_pay(loop.truth.categories, sizes[1], width, jax.default_backend())
        return "items" if pay else "counts"
    for name in ("statistic", "counts"):
        if _forward(name, loop, sizes, dtype, observables) is not None:
            return name
    return "raw"


def _items(
    truth: Categorical, synthetic: np.ndarray, observables: Sequence[AbstractObservable]
) -> CategoricalItems:
    most = int(synthetic.max(initial=1))
    living = most < truth.categories and of_the_living(observables)
    return CategoricalItems(truth.categories, most, living)


def _forward(
    name: str,
    loop: Loop,
    sizes: tuple[np.ndarray, np.ndarray],
    dtype: str,
    observables: Sequence[AbstractObservable],
) -> AbstractPath | None:
    """The path that draws statistics ("statistic") or counts ("counts") of any regime, if there is
    one for the loop."""
    regime, truth = loop.regime, loop.truth
    if regime.needs_samples:
        return None
    if isinstance(truth, Categorical):
        if name != "counts":
            return None
        has_real = bool(sizes[0].any())
        return CategoricalCounts(
            categories=truth.categories, closed=regime.closed, has_real=has_real
        )
    if name != "statistic":
        return None
    if isinstance(truth, LinearRegression):
        if not serves(loop, sizes):
            return None
        return RegressionStatistics.of(loop, dtype, sizes, observables)
    if regime.random_mixture:
        return None
    if isinstance(truth, Gaussian):
        return GaussianStatistics.of(dtype, regime.closed, *sizes)
    if isinstance(truth, MultivariateGaussian):
        kind = MultivariateStatistics
        if isinstance(regime, Replace):
            kind = MultivariateColumns if truth.dimension <= UNROLLED else MultivariateBlocks
        return kind.of(dtype, *sizes, truth.dimension)
    return None
