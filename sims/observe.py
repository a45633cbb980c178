"""Which observables a run keeps, and the columns they fill."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from modelcollapse.sims.moments import SUMMARY, glance, summary
from modelcollapse.theory import AbstractFamily, Loop, MultivariateGaussian, find, observables
from modelcollapse.theory.observables import AbstractObservable

_USUAL = (
    observables.Variance(),
    observables.LogVariance(),
    observables.MeanError(),
    observables.W2Squared(),
    observables.LogDeterminant(),
    observables.TotalVariance(),
    observables.EffectiveRank(),
    observables.Rank(),
    observables.SquaredMeanError(),
    observables.ExcessRisk(),
    observables.NoiseVariance(),
    observables.LogNoiseVariance(),
    observables.Heterozygosity(),
    observables.Support(),
    observables.SurvivingMass(),
    observables.SurvivalByRank(),
    observables.Entropy(),
    observables.KLToTruth(),
    observables.KLFromTruth(),
)


def reads(observable: AbstractObservable, truth: AbstractFamily) -> bool:
    """True if the observable can be read off models of the truth's family."""
    return isinstance(truth, tuple(observable.families))


def default_observables(loop: Loop) -> tuple[AbstractObservable, ...]:
    """The family's usual observables, and all that a theorem about the loop predicts.

    KL from the truth is left out for categorical models: it is infinite once a label is lost. So is
    W2 for Gaussians in several dimensions, predicted or not: it takes longer than the chains do."""
    usual = [
        o
        for o in _USUAL
        if reads(o, loop.truth)
        and not (isinstance(o, observables.KLFromTruth) and hasattr(loop.truth, "categories"))
    ]
    predicted = [o for entry in find(loop) for o in entry.observables()]
    return tuple(o for o in dict.fromkeys([*usual, *predicted]) if not _is_dear(o, loop.truth))


def _is_dear(observable: AbstractObservable, truth: AbstractFamily) -> bool:
    """True if it is read off only where it is asked for, lest it slow the run down."""
    return isinstance(observable, observables.W2Squared) and isinstance(truth, MultivariateGaussian)


def check_observables(
    chosen: Sequence[AbstractObservable], loop: Loop
) -> tuple[AbstractObservable, ...]:
    """The observables without repeats; `ValueError` if one cannot be read off the loop's models."""
    such = f"such as [observables.{default_observables(loop)[0]!r}]"
    if isinstance(chosen, str | AbstractObservable) or not isinstance(chosen, Iterable):
        raise ValueError(
            f"`observables` must be a sequence of observables, {such}; got {chosen!r}."
        )
    chosen = tuple(chosen)
    for observable in chosen:
        if not isinstance(observable, AbstractObservable):
            raise ValueError(
                f"`observables` must hold observables, {such}; got {observable!r} among them."
            )
        if not reads(observable, loop.truth):
            raise ValueError(
                f"`observables`: {observable.name} cannot be read off a "
                f"{type(loop.truth).__name__} model."
            )
    if not chosen:
        raise ValueError("`observables` must name at least one observable; got none.")
    return tuple(dict.fromkeys(chosen))


def column_names(chosen: Sequence[AbstractObservable], truth: AbstractFamily) -> tuple[str, ...]:
    """The names of all columns, in order."""
    return tuple(column for observable in chosen for column in observable.columns(truth))


class Observer(eqx.Module):
    """Reads all observables off a block of chains, and sums them up (see `paths.Observe`).

    A generation's slot, below `slots`, keeps the values of the first chains, as many as `kept` has room for.
    Up to `slots` it asks for a whole `summary` of all chains. Beyond, a `glance` is made, and the whole only
    if that will not do."""

    chosen: tuple[AbstractObservable, ...] = eqx.field(static=True)
    dtype: str = eqx.field(static=True)
    width: int = eqx.field(static=True)
    slots: int = eqx.field(static=True)
    #: All generations are looked at in detail.
    thorough: bool = eqx.field(static=True)
    truth: Any

    def __call__(
        self,
        kept: Any,
        slot: Any,
        models: Callable[[], tuple[Any, Any]],
        truths: Any = None,
        per_chain: bool = True,
    ) -> tuple[Any, Any]:
        batched, each = (0 if per_chain else None), (None if truths is None else 0)

        def read() -> list[Any]:
            # Chains last: they are summed over.
            values = jax.vmap(
                self._one, (batched, batched, each), out_axes=-1, axis_size=self.width
            )(*models(), self.truth if truths is None else truths)
            return [value.astype(self.dtype) for value in values]

        values = read()
        detailed = slot <= self.slots
        higher = (jnp.arange(SUMMARY) < SUMMARY - 2)[:, None]

        def whole() -> tuple[Any, Any]:
            # Where a model is a few numbers they are read off again rather than written to memory.
            table = jnp.concatenate(read() if self._is_small() else values)
            some = table[:, : kept.shape[-1] if self.slots else 0]
            return some, jnp.where(detailed | higher, summary(table), jnp.nan)

        if self.thorough:
            some, fields = whole()
        else:
            brief, will_do = glance(values)
            nothing = jnp.zeros((brief.shape[1], kept.shape[-1] if self.slots else 0), self.dtype)
            some, fields = jax.lax.cond(will_do & ~detailed, lambda: (nothing, brief), whole)
        if self.slots:
            # Always written, if to the place for nothing: XLA would copy all of it for either branch.
            kept = kept.at[jnp.minimum(slot, self.slots)].set(some, mode="promise_in_bounds")
        return kept, fields

    def _is_small(self) -> bool:
        """True if a model is a few numbers."""
        return all(jnp.ndim(leaf) == 0 for leaf in jax.tree.leaves(self.truth))

    def _one(self, earlier: Any, model: Any, truth: Any) -> list[Any]:
        earlier, model, truth = (each.astype(self.dtype) for each in (earlier, model, truth))
        values = (o.between(earlier, model, truth) for o in self.chosen)
        return [jnp.atleast_1d(jnp.asarray(value)) for value in values]
