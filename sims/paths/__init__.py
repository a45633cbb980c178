"""Paths: the ways in which a loop's chains can be drawn, and the choice among them."""

from collections.abc import Sequence

import jax
import numpy as np

from modelcollapse.sims.paths.abstract import AbstractForwardPath as AbstractForwardPath
from modelcollapse.sims.paths.abstract import AbstractPath as AbstractPath
from modelcollapse.sims.paths.ancestors import CategoricalAncestors
from modelcollapse.sims.paths.categorical import CategoricalCounts
from modelcollapse.sims.paths.gaussian import GaussianStatistics
from modelcollapse.sims.paths.raw import RawSamples
from modelcollapse.theory import Categorical, Gaussian, Loop, Replace
from modelcollapse.theory.observables import AbstractObservable

#: Names of the paths, as `simulate(path=...)` takes them.
PATHS = ("auto", "raw", "statistic", "counts", "ancestors")


def choose(
    name: str,
    loop: Loop,
    sizes: tuple[np.ndarray, np.ndarray],
    dtype: str,
    observables: Sequence[AbstractObservable],
) -> AbstractPath:
    """The path called `name`; "auto" is the fastest forward path that serves the loop.

    Raises `ValueError` for an unknown name, or a path that does not serve the loop."""
    if name not in PATHS:
        raise ValueError(f"`path` must be one of {', '.join(PATHS)}; got {name!r}.")
    real, synthetic = sizes
    regime, truth = loop.regime, loop.truth
    sufficient = not regime.needs_samples
    if name == "auto":
        if sufficient and isinstance(truth, Gaussian) and not regime.random_mixture:
            name = "statistic"
        elif sufficient and isinstance(truth, Categorical):
            name = "counts"
        else:
            name = "raw"
    what = f"{type(truth).__name__} under {type(regime).__name__}"
    if name == "raw":
        pool = int(synthetic.sum() + real.sum()) if regime.grows else int(real.max(initial=0))
        numbers = sum(np.size(leaf) for leaf in jax.tree.leaves(truth))
        return RawSamples(int(real.max(initial=0)), int(synthetic.max(initial=0)), pool, numbers)
    if name == "statistic":
        if not isinstance(truth, Gaussian) or not sufficient or regime.random_mixture:
            raise ValueError(f"`path='statistic'` does not serve a {what}; use 'auto'.")
        return GaussianStatistics.of(dtype, real, synthetic)
    if not isinstance(truth, Categorical) or not sufficient:
        raise ValueError(f"`path={name!r}` does not serve a {what}; use 'auto'.")
    if name == "counts":
        return CategoricalCounts(
            categories=truth.categories, closed=regime.closed, has_real=bool(real.any())
        )
    if not isinstance(regime, Replace):
        raise ValueError(f"`path='ancestors'` serves replace only, not a {what}.")
    for observable in observables:
        if observable.across_generations:
            raise ValueError(
                f"`path='ancestors'` draws generations independently, so {observable.name} "
                "cannot be observed; use path='counts'."
            )
    return CategoricalAncestors(categories=truth.categories, most=int(synthetic.max(initial=1)))
