"""Which designs of a regression its chains can have."""

import numpy as np

from modelcollapse.theory import Loop
from modelcollapse.theory.observables import (
    AbstractObservable,
    AtMost,
    ExcessRisk,
    LogNoiseVariance,
    NoiseVariance,
    Power,
)


def serves(loop: Loop, sizes: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether every batch has the p rows that a Bartlett factor needs."""
    rows = np.concatenate(sizes)
    return not loop.regime.random_mixture and bool(rows[rows > 0].min() >= loop.truth.features)


def check_design(loop: Loop, sizes: tuple[np.ndarray, np.ndarray], path: str) -> None:
    """`ValueError` where a design is fixed and the rows of a generation are not those before."""
    truth, regime = loop.truth, loop.regime
    rows = np.concatenate(sizes)
    constant = np.ptp(rows[rows > 0]) == 0
    if truth.design == "fixed" and (regime.real_share if regime.random_mixture else sizes[0].any()):
        raise ValueError(
            f"`LinearRegression(design='fixed')` keeps the rows of generation 1, and so serves "
            f"replace and accumulate; got {type(regime).__name__}."
        )
    if truth.design == "fixed" and not constant:
        raise ValueError(
            "`LinearRegression(design='fixed')` needs one n for all generations; "
            f"got between {rows[rows > 0].min()} and {rows.max()} rows."
        )
    if truth.design == "orthogonal" and rows[rows > 0].min() < truth.features:
        raise ValueError(
            f"`LinearRegression(design='orthogonal')` needs at least p = {truth.features} rows in every "
            f"batch, which fewer cannot be; got {rows[rows > 0].min()}."
        )
    if truth.design == "orthogonal" and path == "raw":
        apart = [size[size > 0] for size in sizes]
        if any(np.ptp(size) for size in apart if size.size) or regime.random_mixture:
            raise ValueError(
                "`path='raw'` draws an orthogonal design of one size only; use path='statistic' "
                "for a schedule."
            )
    if truth.design == "orthogonal" and regime.needs_samples:
        raise ValueError(
            f"{type(regime).__name__} fits part of the rows, and part of an orthogonal design is "
            "not orthogonal; use `LinearRegression(design='fresh')`."
        )


def sees_no_rotation(observable: AbstractObservable) -> bool:
    """Whether an observable stays the same if the coefficients are rotated about the truth's."""
    if isinstance(observable, Power | AtMost):
        return sees_no_rotation(observable.of)
    return isinstance(observable, ExcessRisk | NoiseVariance | LogNoiseVariance)
