"""Model collapse three ways: exact theory, simulation, and verdicts that hold one against the other.

```python
import modelcollapse as mc
```

Names are imported when they are first used, so that the command line starts quickly.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from modelcollapse import figures as figures
    from modelcollapse import proofs as proofs
    from modelcollapse import sims as sims
    from modelcollapse import theory as theory
    from modelcollapse.figures.overview import plot as plot
    from modelcollapse.sims import Run as Run
    from modelcollapse.sims import simulate as simulate
    from modelcollapse.sims.verdicts import check as check
    from modelcollapse.sims.verdicts import judge as judge
    from modelcollapse.sims.verdicts import verify as verify
    from modelcollapse.theory import Accumulate as Accumulate
    from modelcollapse.theory import AccumulateSubsample as AccumulateSubsample
    from modelcollapse.theory import Categorical as Categorical
    from modelcollapse.theory import Faithful as Faithful
    from modelcollapse.theory import FixedReal as FixedReal
    from modelcollapse.theory import Fresh as Fresh
    from modelcollapse.theory import Gaussian as Gaussian
    from modelcollapse.theory import LinearRegression as LinearRegression
    from modelcollapse.theory import Loop as Loop
    from modelcollapse.theory import Mixture as Mixture
    from modelcollapse.theory import MultivariateGaussian as MultivariateGaussian
    from modelcollapse.theory import Replace as Replace
    from modelcollapse.theory import Weighted as Weighted
    from modelcollapse.theory import cite as cite
    from modelcollapse.theory import find as find
    from modelcollapse.theory import observables as observables
    from modelcollapse.theory import theorem as theorem
    from modelcollapse.theory import x64 as x64

_HOMES = {
    "modelcollapse.figures.overview": ("plot",),
    "modelcollapse.sims": ("Run", "simulate"),
    "modelcollapse.sims.verdicts": ("check", "judge", "verify"),
    "modelcollapse.theory": (
        "Accumulate",
        "AccumulateSubsample",
        "Categorical",
        "Faithful",
        "FixedReal",
        "Fresh",
        "Gaussian",
        "LinearRegression",
        "Loop",
        "Mixture",
        "MultivariateGaussian",
        "Replace",
        "Weighted",
        "cite",
        "find",
        "observables",
        "theorem",
        "x64",
    ),
}
_ROOMS = ("figures", "proofs", "sims", "theory")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*sorted([*_ROOMS, *_HOME_OF]), "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"modelcollapse.{name}")
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'modelcollapse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
