"""The loop: truth, fitted family, regime and channel, which together are the experiment."""

from typing import Any

import equinox as eqx
import numpy as np

from modelcollapse.theory.channel import AbstractChannel, Faithful
from modelcollapse.theory.family import AbstractFamily
from modelcollapse.theory.plain import encode
from modelcollapse.theory.regimes import AbstractRegime


class Loop(eqx.Module):
    """Generation 0 is the truth; generation t is the model after t fits.

    **Arguments:**

    - `truth`: what generation 0 is, an instance of a family.
    - `regime`: how each training set is put together.
    - `channel`: what happens to the model's output; faithful by default.

    The loop fits the truth's own family with the truth's estimator.
    """

    # The concrete types are dispatched on, so readers of these fields know more than the base class.
    truth: Any
    regime: Any
    channel: Any

    def __init__(
        self,
        truth: AbstractFamily,
        regime: AbstractRegime,
        *,
        channel: AbstractChannel | None = None,
    ):
        if not isinstance(truth, AbstractFamily):
            raise ValueError(
                "`Loop(truth=...)` must be an instance of a family, such as `Gaussian()`; "
                f"got {truth!r}."
            )
        if not isinstance(regime, AbstractRegime):
            raise ValueError(
                f"`Loop(regime=...)` must be a regime, such as `Replace(n=100)`; got {regime!r}."
            )
        self.truth = truth
        self.regime = regime
        self.channel = Faithful() if channel is None else channel
        self.training_sizes(1)

    def training_sizes(self, generations: int) -> np.ndarray:
        """Draws in the training sets of generations `1..generations`; `ValueError` if the family
        cannot be fitted from so few."""
        total = self.regime.total(generations)
        if total.size and total.min() < self.truth.minimum_draws:
            raise ValueError(
                f"`{type(self.regime).__name__}` gives {total.min()} draws to a generation; "
                f"fitting a {type(self.truth).__name__} needs at least {self.truth.minimum_draws}."
            )
        return total

    def describe(self, generations: int = 1) -> dict[str, Any]:
        """The loop as plain names, numbers and NumPy arrays; schedules given by a function are
        written out for `generations`. Equal descriptions mean equal loops."""
        return encode(self, generations)
