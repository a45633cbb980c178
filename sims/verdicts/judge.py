"""Judge one theorem, or a wrong variant of it, on the chains of one run."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from modelcollapse.sims.verdicts.bounds import bounds
from modelcollapse.sims.verdicts.budget import Budget
from modelcollapse.sims.verdicts.null import Null
from modelcollapse.sims.verdicts.pvalue import Evidence, weigh
from modelcollapse.sims.verdicts.record import Comparison, Outcome, Verdict, amount, parameters
from modelcollapse.theory import Loop
from modelcollapse.theory.ledger import Row, Theorem, Wrong
from modelcollapse.theory.observables import AtMost


def judge(theorem: Theorem, run: Any, row: Row, budget: Budget | None = None) -> Verdict:
    """The verdict on a theorem, from a run of the row's loop that recorded what the row asks for.

    - `refuted`: some comparison has a p-value below its share of the budget.
    - `inconclusive`: some declared wrong variant is, in every comparison, closer to the theorem than
      twice the resolution; so the run could not have told them apart.
    - `supported`: neither.

    Raises `ValueError` if the run lacks a generation or column, or the row makes more comparisons
    than the budget has shares.
    """
    case = Case(theorem, row.loop, tuple(row.generations), tuple(row.at))
    return decide(case, run, row.wrong, budget or Budget(), every=True)[0]


def refute(
    theorem: Theorem, run: Any, row: Row, wrong: Wrong, budget: Budget | None = None
) -> Verdict:
    """The verdict on a wrong variant, by the same data and tests: `refuted`, as it should be, or
    `inconclusive`."""
    budget = budget or Budget()
    case = Case(theorem, row.loop, tuple(row.generations), tuple(row.at))
    claimed = case.variant(wrong)
    evidence, _ = gather(case, run, claimed, budget)
    grid = _refuted(evidence, budget)
    records = _records(case, run, claimed, evidence, grid, np.zeros_like(grid))
    refuted = bool(grid.any())
    reason = "" if refuted else f"the data do not exclude {wrong.name!r}"
    outcome: Outcome = "refuted" if refuted else "inconclusive"
    return Verdict(theorem.name, row.loop, outcome, records, reason, int(run.chains), 1, {})


@dataclasses.dataclass(frozen=True)
class Case:
    """A theorem on a loop, at some generations and, for a cdf, some thresholds.

    Arrays of predictions have shape `(generations, columns)`. `kept` picks columns, all if empty.
    `grid`, if given, holds `generations` and is where theory is evaluated, once.
    """

    theorem: Theorem
    loop: Loop
    generations: tuple[int, ...]
    at: tuple[float, ...] = ()
    kept: tuple[int, ...] = ()
    grid: tuple[int, ...] = ()
    memory: dict[str, np.ndarray] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def times(self) -> np.ndarray:
        """The generations at which theory is evaluated."""
        return np.asarray(self.grid or self.generations)

    def observables(self) -> tuple[Any, ...]:
        """The observables compared."""
        if self.theorem.gives == "cdf":
            return tuple(AtMost(self.theorem.observable, x) for x in self.at)
        return self.theorem.observables()

    def columns(self) -> tuple[tuple[str, Any], ...]:
        """Names of the columns, each with its observable."""
        pairs = [(c, o) for o in self.observables() for c in o.columns(self.loop.truth)]
        return tuple(pairs[i] for i in self.kept) if self.kept else tuple(pairs)

    def prediction(self) -> np.ndarray:
        """What the theorem says."""
        return self._table("", lambda *at: self.theorem(self.loop, self.times, *at))

    def variant(self, wrong: Wrong) -> np.ndarray:
        """What a wrong variant says."""
        predict = self.theorem.predict
        with np.errstate(all="ignore"):
            return self._table(
                wrong.name, lambda *at: wrong.value(predict, self.loop, self.times, *at)
            )

    def spread(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Variance and skewness of a chain's value, where theory knows them."""
        if self.theorem.spread is None or self.theorem.gives == "cdf":
            return None
        variance, skewness = self.theorem.spread(self.loop, self.times)
        return self._shaped(variance), self._shaped(skewness)

    def sub_gamma(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Variance factor and scale of a chain's law, where theory bounds it."""
        if self.theorem.sub_gamma is None or self.theorem.gives == "cdf":
            return None
        variance, scale = self.theorem.sub_gamma(self.loop, self.times)
        return self._shaped(variance), self._shaped(scale)

    def null(self, claimed: np.ndarray) -> np.ndarray:
        """The null interval around each claimed value."""
        margin = np.zeros_like(claimed)
        if self.theorem.envelope is not None:
            relative = np.asarray(self.theorem.envelope(self.loop, self.times), dtype=np.float64)
            margin = np.abs(claimed) * self._shaped(relative)
        side = self.theorem.side
        nulls = np.empty(claimed.shape, dtype=object)
        for index, value in np.ndenumerate(claimed):
            low = -math.inf if side == "upper" else float(value - margin[index])
            high = math.inf if side == "lower" else float(value + margin[index])
            nulls[index] = Null(float(value), low, high)
        return nulls

    def _table(self, name: str, values: Any) -> np.ndarray:
        if name not in self.memory:
            if self.theorem.gives == "cdf":
                self.memory[name] = np.stack([np.ravel(values(x)) for x in self.at], axis=1)
            else:
                self.memory[name] = np.asarray(values(), dtype=np.float64)
        return self._shaped(self.memory[name])

    def _shaped(self, values: Any) -> np.ndarray:
        values = np.asarray(values, dtype=np.float64)
        if values.ndim < 2:
            values = np.broadcast_to(values, self.times.shape)[:, None]
        if self.grid and len(values) == len(self.grid):
            values = values[[self.grid.index(t) for t in self.generations]]
        if self.kept and values.shape[1] > 1:
            values = values[:, list(self.kept)]
        return np.broadcast_to(values, (len(self.generations), len(self.columns())))


def gather(case: Case, run: Any, claimed: np.ndarray, budget: Budget) -> tuple[Any, Any]:
    """Evidence for and null interval of every comparison, arrays of shape (generations, columns)."""
    recorded = {int(g) for g in np.asarray(run.generations)}
    missing = [t for t in case.generations if t not in recorded]
    if missing:
        raise ValueError(f"{case.theorem.name}: the run did not record generations {missing}.")
    known = {c for o in run.observables for c in o.columns(case.loop.truth)}
    missing = [column for column, _ in case.columns() if column not in known]
    if missing:
        raise ValueError(f"{case.theorem.name}: the run did not record {', '.join(missing)}.")
    if claimed.size > budget.comparisons:
        raise ValueError(
            f"{case.theorem.name}: {claimed.size} comparisons; the budget allows {budget.comparisons}."
        )
    number = np.finfo(run.data.attrs.get("dtype", "float32"))
    spread, sub_gamma, nulls = case.spread(), case.sub_gamma(), case.null(claimed)
    evidence = np.empty(claimed.shape, dtype=object)
    for (i, j), null in np.ndenumerate(nulls):
        column, observable = case.columns()[j]
        evidence[i, j] = weigh(
            run.moments(column, case.generations[i]),
            null,
            alpha=budget.comparison,
            spread=None if spread is None else (spread[0][i, j], spread[1][i, j]),
            sub_gamma=None if sub_gamma is None else (sub_gamma[0][i, j], sub_gamma[1][i, j]),
            bounds=bounds(observable, case.loop.truth),
            share=isinstance(observable, AtMost),
            epsilon=float(number.eps),
            least=float(number.tiny),
        )
    return evidence, nulls


def decide(
    case: Case, run: Any, wrong: Sequence[Wrong], budget: Budget, *, every: bool
) -> tuple[Verdict, np.ndarray, np.ndarray]:
    """The verdict, the evidence, and the chains that would tell each comparison's easiest variant.

    With `every`, all wrong variants must be told apart for support, else at least one."""
    claimed = case.prediction()
    evidence, nulls = gather(case, run, claimed, budget)
    simulated = _simulated(case, run)
    refuted = _refuted(evidence, budget)
    told = np.zeros(claimed.shape, bool)
    easiest = np.full(claimed.shape, math.inf)
    unresolved: dict[str, float] = {}
    for variant in wrong:
        gap = distance(case.theorem, claimed, case.variant(variant), simulated)
        apart, needed = np.zeros(claimed.shape, bool), np.empty(claimed.shape)
        for index, found in np.ndenumerate(evidence):
            apart[index] = is_told(found, gap[index])
            half = gap[index] / 2
            needed[index] = found.needed(nulls[index], run.chains, half, budget.comparison)
        told |= apart
        easiest = np.minimum(easiest, needed)
        if not apart.any():
            unresolved[variant.name] = float(needed.min())
    records = _records(case, run, claimed, evidence, refuted, told)
    outcome, reason = _outcome(records, len(wrong), unresolved, every)
    verdict = Verdict(
        case.theorem.name,
        case.loop,
        outcome,
        records,
        reason,
        int(run.chains),
        len(wrong),
        unresolved,
    )
    return verdict, evidence, easiest


def _refuted(evidence: np.ndarray, budget: Budget) -> np.ndarray:
    return np.vectorize(lambda e: e.certified and e.p < budget.comparison, otypes=[bool])(evidence)


def is_told(evidence: Evidence, gap: Any) -> bool:
    """Whether a wrong variant at this distance stands out: by twice the resolution or more."""
    return bool(evidence.certified and gap > 0 and gap >= 2 * evidence.reach)


def distance(theorem: Theorem, claimed: Any, variant: Any, simulated: Any) -> np.ndarray:
    """How far a wrong variant is from what the data should show: from the prediction, or, for a
    bound, beyond the simulated value that it would have to cut off."""
    with np.errstate(invalid="ignore"):
        if theorem.side == "lower":
            gap = variant - simulated
        elif theorem.side == "upper":
            gap = simulated - variant
        else:
            gap = np.where(variant == claimed, 0.0, np.abs(variant - claimed))
    # No finite chains can refute an infinite mean; a variant that is not a number refutes itself.
    return np.where(np.isnan(variant), np.inf, np.where(np.isinf(variant), 0.0, gap))


def _simulated(case: Case, run: Any) -> np.ndarray:
    names = [column for column, _ in case.columns()]
    return np.array([[run.moments(c, t).mean for c in names] for t in case.generations])


def _records(
    case: Case, run: Any, claimed: Any, evidence: Any, refuted: Any, told: Any
) -> tuple[Comparison, ...]:
    described = parameters(case.loop, max(case.generations))
    simulated = _simulated(case, run)
    records = []
    for (i, j), found in np.ndenumerate(evidence):
        predicted, mean = float(claimed[i, j]), float(simulated[i, j])
        unit = abs(predicted) if predicted != 0 and math.isfinite(predicted) else 1.0
        slack = None
        if case.theorem.side is not None:
            slack = (mean - predicted if case.theorem.side == "lower" else predicted - mean) / unit
        verdict: Outcome = "inconclusive"
        if refuted[i, j]:
            verdict = "refuted"
        elif found.certified and told[i, j]:
            verdict = "supported"
        records.append(
            Comparison(
                theorem=case.theorem.name,
                parameters=described,
                generation=int(case.generations[i]),
                column=case.columns()[j][0],
                predicted=predicted,
                simulated=mean,
                se=found.se,
                statistic=found.statistic,
                p=found.p,
                resolution=found.reach / unit,
                verdict=verdict,
                test=found.test,
                slack=slack,
                note=found.note,
            )
        )
    return tuple(records)


def _outcome(
    records: tuple[Comparison, ...], variants: int, unresolved: dict[str, float], every: bool
) -> tuple[Outcome, str]:
    worst = [c for c in records if c.verdict == "refuted"]
    if worst:
        first = min(worst, key=lambda c: c.p)
        return "refuted", (
            f"{first.column} at generation {first.generation}: predicted {first.predicted:.6g}, "
            f"simulated {first.simulated:.6g} (p = {first.p:.1e})"
            + (f"; {first.note}" if first.note else "")
        )
    if variants == 0:
        return "inconclusive", "no wrong variant is declared"
    words = ", ".join(f"{name!r} (takes {amount(n)} chains)" for name, n in unresolved.items())
    reason = f"not told from {words}" if words else ""
    if len(unresolved) == variants or (every and unresolved):
        return "inconclusive", reason
    return "supported", reason
