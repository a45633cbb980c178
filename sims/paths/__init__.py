"""Paths: the ways in which a loop's chains can be drawn, and the choice among them."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from modelcollapse.sims.paths.abstract import AbstractForwardPath as AbstractForwardPath
from modelcollapse.sims.paths.abstract import AbstractPath as AbstractPath
from modelcollapse.sims.paths.ancestors import CategoricalAncestors
from modelcollapse.sims.paths.categorical import CategoricalCounts
from modelcollapse.sims.paths.cumulative import GaussianCumulative
from modelcollapse.sims.paths.gaussian import GaussianStatistics
from modelcollapse.sims.paths.jump import GaussianJump
from modelcollapse.sims.paths.raw import RawSamples
from modelcollapse.sims.paths.survivors import CategoricalSurvivors
from modelcollapse.sims.samplers.quantile_map import LEAST, degree
from modelcollapse.theory import Categorical, Gaussian, Loop, Replace
from modelcollapse.theory.observables import (
    AbstractObservable,
    AtMost,
    Entropy,
    LogVariance,
    Power,
    Support,
    SurvivalByRank,
    SurvivingMass,
    Variance,
)

#: Names of the paths, as `simulate(path=...)` takes them.
PATHS = ("auto", "raw", "statistic", "cumulative", "jump", "counts", "ancestors", "survivors")


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
    regime, truth = loop.regime, loop.truth
    sufficient = not regime.needs_samples
    if name == "auto":
        if sufficient and isinstance(truth, Gaussian) and not regime.random_mixture:
            # On a CPU the loop over generations costs nothing that running sums would save.
            waits = jax.default_backend() != "cpu" and isinstance(regime, Replace)
            few = waits and dtype == "float32" and GaussianCumulative.serves(chains, synthetic)
            name = "cumulative" if few else "statistic"
        elif sufficient and isinstance(truth, Categorical):
            name = "counts"
        else:
            name = "raw"
    what = f"{type(truth).__name__} under {type(regime).__name__}"
    if name == "raw":
        pool = int(synthetic.sum() + real.sum()) if regime.grows else int(real.max(initial=0))
        numbers = sum(np.size(leaf) for leaf in jax.tree.leaves(truth))
        return RawSamples(int(real.max(initial=0)), int(synthetic.max(initial=0)), pool, numbers)
    if name in _APART:
        _check_apart(name, loop, dtype, observables)
        if name == "jump":
            return GaussianJump(truth.estimator)
        most = int(synthetic.max(initial=1))
        kind = CategoricalAncestors if name == "ancestors" else CategoricalSurvivors
        return kind(categories=truth.categories, most=most)
    if name == "cumulative":
        if not (isinstance(truth, Gaussian) and isinstance(regime, Replace) and dtype == "float32"):
            raise ValueError("`path='cumulative'` serves a Gaussian under Replace in float32 only.")
        if synthetic.min() <= LEAST:
            raise ValueError(
                f"`path='cumulative'` needs at least {LEAST + 1} draws a generation; "
                f"got {synthetic.min()}. Use path='statistic'."
            )
        return GaussianCumulative(synthetic.size, degree(int(synthetic.min()) - 1))
    if name == "statistic":
        if not isinstance(truth, Gaussian) or not sufficient or regime.random_mixture:
            raise ValueError(f"`path='statistic'` does not serve a {what}; use 'auto'.")
        return GaussianStatistics.of(dtype, real, synthetic)
    if not isinstance(truth, Categorical) or not sufficient:
        raise ValueError(f"`path={name!r}` does not serve a {what}; use 'auto'.")
    return CategoricalCounts(
        categories=truth.categories, closed=regime.closed, has_real=bool(real.any())
    )


#: Paths that draw each generation apart from the others, all under replace: the family, and the
#: observables that they know (none: all that do not compare generations).
_APART: dict[str, tuple[type, tuple[type[AbstractObservable], ...]]] = {
    "jump": (Gaussian, (LogVariance, Variance, Entropy)),
    "ancestors": (Categorical, ()),
    "survivors": (Categorical, (Support, SurvivingMass, SurvivalByRank)),
}


def served(name: str, observables: Sequence[AbstractObservable]) -> tuple[Any, ...]:
    """Those of the observables that the path called `name` knows."""
    return tuple(o for o in observables if name not in _APART or not _unknown(name, o))


def _unknown(name: str, observable: AbstractObservable) -> str:
    """Why a path that draws generations apart cannot observe something, or nothing."""
    if observable.across_generations:
        return "draws generations independently"
    known = _APART[name][1]
    read = observable
    while isinstance(read, AtMost | Power):
        read = read.of
    if known and not isinstance(read, known):
        return f"knows {', '.join(kind.name for kind in known)} alone"
    return ""


def _check_apart(
    name: str, loop: Loop, dtype: str, observables: Sequence[AbstractObservable]
) -> None:
    family, _ = _APART[name]
    if not (isinstance(loop.truth, family) and isinstance(loop.regime, Replace)):
        what = f"{type(loop.truth).__name__} under {type(loop.regime).__name__}"
        raise ValueError(
            f"`path={name!r}` serves a {family.__name__} under Replace only, not a {what}."
        )
    if name == "jump" and dtype != "float32":
        raise ValueError("`path='jump'` draws in float32 only; use path='statistic' for float64.")
    for observable in observables:
        if reason := _unknown(name, observable):
            raise ValueError(
                f"`path={name!r}` {reason}, so {observable.name} cannot be observed; use path='auto'."
            )
