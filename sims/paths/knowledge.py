"""What paths know that leave something out: a family under replace, and some observables."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from modelcollapse.theory import (
    AbstractFamily,
    Categorical,
    Gaussian,
    Loop,
    MultivariateGaussian,
    Replace,
    observables,
)
from modelcollapse.theory.observables import AbstractObservable, AtMost, Power


class Knowledge(NamedTuple):
    """The family that a path serves, what it knows of a model (nothing named: all), whether it goes
    through all generations, and whether it draws in float32 only."""

    family: type[AbstractFamily]
    known: tuple[type[AbstractObservable], ...] = ()
    joint: bool = False
    float32: bool = False


_PATHS = {
    "cumulative": Knowledge(Gaussian, joint=True, float32=True),
    "jump": Knowledge(
        Gaussian,
        (observables.LogVariance, observables.Variance, observables.Entropy),
        float32=True,
    ),
    "pivots": Knowledge(
        MultivariateGaussian,
        (
            observables.LogDeterminant,
            observables.Determinant,
            observables.LogPivots,
            observables.Rank,
            observables.Entropy,
        ),
        joint=True,
    ),
    "items": Knowledge(Categorical, joint=True),
    "ancestors": Knowledge(Categorical),
    "survivors": Knowledge(
        Categorical,
        (observables.Support, observables.SurvivingMass, observables.SurvivalByRank),
    ),
}


#: Sums over the labels alive, to which a dead one adds nothing.
_OF_THE_LIVING = (
    observables.Heterozygosity,
    observables.Support,
    observables.SurvivingMass,
    observables.Entropy,
    observables.KLToTruth,
    observables.CrossEntropy,
)


def _read(observable: AbstractObservable) -> AbstractObservable:
    """What an observable is computed from."""
    while isinstance(observable, AtMost | Power):
        observable = observable.of
    return observable


def of_the_living(chosen: Iterable[AbstractObservable]) -> bool:
    """True if all observables can be read off the labels alive, whichever they are."""
    return all(isinstance(_read(o), _OF_THE_LIVING) for o in chosen)


def _missing(path: Knowledge, observable: AbstractObservable) -> str:
    """Why a path cannot observe something; nothing if it can."""
    if observable.across_generations and not path.joint:
        return "draws generations independently"
    if path.known and not isinstance(_read(observable), path.known):
        return f"knows {', '.join(str(kind.name) for kind in path.known)} alone"
    return ""


def served(name: str, chosen: Iterable[AbstractObservable]) -> tuple[AbstractObservable, ...]:
    """Those of the observables that the path called `name` knows."""
    path = _PATHS.get(name)
    return tuple(o for o in chosen if path is None or not _missing(path, o))


def knows(name: str, chosen: Sequence[AbstractObservable]) -> bool:
    """True if the path called `name` knows all of the observables."""
    return len(served(name, chosen)) == len(chosen)


def check(name: str, loop: Loop, dtype: str, chosen: Sequence[AbstractObservable]) -> None:
    """`ValueError` if the path called `name` leaves out what is asked for."""
    path = _PATHS.get(name)
    if path is None:
        return
    if not (isinstance(loop.truth, path.family) and isinstance(loop.regime, Replace)):
        raise ValueError(
            f"`path={name!r}` serves a {path.family.__name__} under Replace only, not a "
            f"{type(loop.truth).__name__} under {type(loop.regime).__name__}."
        )
    if path.float32 and dtype != "float32":
        raise ValueError(
            f"`path={name!r}` draws in float32 only, and `dtype` is {dtype}, asked for or as the truth's "
            "units demand; use path='statistic'."
        )
    for observable in chosen:
        if reason := _missing(path, observable):
            raise ValueError(
                f"`path={name!r}` {reason}, so {observable.name} cannot be observed; "
                "use path='auto'."
            )
