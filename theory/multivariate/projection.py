"""What a multivariate Gaussian loop does in one direction: a loop in one dimension, in every regime."""

from typing import Any

import numpy as np

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.ledger import Theorem, find
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.multivariate import trials
from modelcollapse.theory.multivariate.family import MultivariateGaussian


def projected(loop: Loop) -> Loop:
    """What the loop does in one direction, in units of the truth there: a loop in one dimension."""
    truth = Gaussian(0.0, 1.0, estimator=loop.truth.estimator)
    return Loop(truth, loop.regime, channel=loop.channel)


def in_one_dimension(loop: Loop, observable: Any, gives: str) -> Theorem | None:
    """The exact theorem on an observable of the projected loop, if there is one."""
    if not isinstance(loop.truth, MultivariateGaussian):
        return None
    found = find(projected(loop), observable)
    return next((e for e in found if e.kind == "exact" and e.gives == gives), None)


def sum_over_directions(loop: Loop, t: Any, observable: Any, gives: str) -> Any:
    r"""$\mathrm{tr}\,\Sigma_0$ times what that theorem predicts at the generations `t`.

    Raises `ValueError` if there is none."""
    known = in_one_dimension(loop, observable, gives)
    if known is None:
        raise ValueError(f"no theorem gives the {observable.name} of {projected(loop)!r}.")
    return np.trace(trials.initial_covariance(loop)) * np.asarray(known.predict(projected(loop), t))
