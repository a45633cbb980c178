"""Check a user's own run against every theorem that speaks about its loop."""

import dataclasses
import math
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from modelcollapse.sims.verdicts.budget import Budget
from modelcollapse.sims.verdicts.judge import Case, decide, distance, is_told
from modelcollapse.sims.verdicts.pvalue import Evidence, foresee
from modelcollapse.sims.verdicts.record import Verdict, amount, plain
from modelcollapse.sims.verdicts.table import table, times
from modelcollapse.theory import find
from modelcollapse.theory.ledger import LEDGER, Theorem, Wrong
from modelcollapse.theory.observables import AtMost

_NOT_TRIED = "not tried: enough comparisons for one verdict"


@dataclasses.dataclass(frozen=True)
class NotJudged:
    """Generations at which a run could not judge a theorem, why, and the chains it would take."""

    theorem: str
    generations: tuple[int, ...]
    reason: str
    chains: float = math.nan

    def as_dict(self) -> dict[str, Any]:
        """The record for JSON."""
        return {f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True)
class Report:
    """What a run says about the theorems of its loop. Printed, it is a table."""

    verdicts: tuple[Verdict, ...]
    not_judged: tuple[NotJudged, ...]

    @property
    def refuted(self) -> bool:
        """Whether any theorem is refuted."""
        return any(verdict.outcome == "refuted" for verdict in self.verdicts)

    def as_dicts(self) -> dict[str, Any]:
        """Both lists for JSON."""
        return {
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
            "not_judged": [item.as_dict() for item in self.not_judged],
        }

    def __str__(self) -> str:
        if not self.verdicts and not self.not_judged:
            return "No theorem speaks about this loop."
        judged = [
            (
                v.theorem,
                v.outcome,
                times(v.generations),
                f"{v.resolution:.2g}",
                f"{v.p:.1e}",
                f"{v.variants - len(v.unresolved)} of {v.variants}",
            )
            for v in self.verdicts
        ]
        refuted = [(v.theorem, v.reason) for v in self.verdicts if v.outcome == "refuted"]
        untold = [
            (v.theorem, name, amount(chains))
            for v in self.verdicts
            for name, chains in v.unresolved.items()
        ]
        skipped = [
            (item.theorem, times(item.generations), amount(item.chains), item.reason)
            for item in self.not_judged
        ]
        blocks = (
            (("theorem", "verdict", "generations", "resolution", "least p", "told from"), judged),
            (("refuted", "where"), refuted),
            (("not told from", "wrong variant", "chains needed"), untold),
            (("not judged", "generations", "chains from", "reason"), skipped),
        )
        return "\n\n".join(table(head, rows) for head, rows in blocks if rows)

    def __repr__(self) -> str:
        counts = [f"{len(self.verdicts)} verdicts", f"{len(self.not_judged)} not judged"]
        return f"Report({', '.join(counts)}, refuted={self.refuted})"


def check(
    run: Any, budget: Budget | None = None, *, names: Collection[str] | None = None
) -> Report:
    """Judge every theorem that speaks about the run's loop, where this run can; only those named,
    if `names` are given.

    Each theorem is judged at no more generations than the budget has comparisons for, spread evenly
    over those where theory says that so many chains tell it from at least one wrong variant. The
    choice never looks at the simulated means. `supported` so means that at least one wrong variant
    was told apart; the remark names those that were not. All else is listed as not judged, with
    the number of chains it would take: that is no failure.

    Raises `TypeError` if `run` is no run, and `ValueError` for an unknown name.
    """
    if not all(hasattr(run, name) for name in ("loop", "observables", "moments")):
        raise TypeError(f"`run` must be what `simulate` returns; got {type(run).__name__}.")
    for name in names or ():
        if name not in LEDGER:
            raise ValueError(f"`names` must be theorems of the ledger; got {name!r}.")
    budget = budget or Budget()
    verdicts: list[Verdict] = []
    not_judged: list[NotJudged] = []
    for entry in find(run.loop):
        if names is not None and entry.name not in names:
            continue
        verdict, skipped = _check_one(entry, run, budget)
        verdicts.extend(verdict)
        not_judged.extend(skipped)
    return Report(tuple(verdicts), tuple(not_judged))


def _check_one(entry: Theorem, run: Any, budget: Budget) -> tuple[list[Verdict], list[NotJudged]]:
    generations = tuple(int(t) for t in run.generations if t > 0)
    case, lacking = _recorded(entry, run, generations, budget)
    if case is None or not generations:
        return [], [NotJudged(entry.name, generations, lacking or "record generations above 0")]
    variants = _applicable(case, entry)
    if not variants:
        return [], [NotJudged(entry.name, generations, "no wrong variant applies to this loop")]
    screened = _screen(case, run, variants, budget)
    able = [t for t in generations if t not in screened]
    chosen = _spread_out(able, budget.comparisons // len(case.columns()))
    verdicts: list[Verdict] = []
    if chosen:
        case = dataclasses.replace(case, generations=chosen)
        verdict, unable = _decided(case, run, [w for w, _ in variants], budget)
        screened.update(unable)
        # A row's allotment serves so many comparisons and no more.
        screened.update(dict.fromkeys(set(able) - set(chosen), (_NOT_TRIED, math.nan)))
        verdicts = [verdict] if verdict else []
    return verdicts, _summary(entry.name, screened)


def _recorded(
    entry: Theorem, run: Any, generations: tuple[int, ...], budget: Budget
) -> tuple[Case | None, str]:
    """The comparisons that the run's columns allow, or what it should have recorded."""
    at: tuple[float, ...] = ()
    if entry.gives == "cdf":
        thresholds = [
            o.threshold
            for o in run.observables
            if isinstance(o, AtMost) and o.of == entry.observable
        ]
        at = tuple(_spread_out(thresholds, budget.comparisons))
        if not at:
            return None, f"record AtMost({type(entry.observable).__name__}(), x) columns"
    case = Case(entry, run.loop, generations, at, grid=generations)
    missing = [o.name for o in case.observables() if o not in run.observables]
    if missing:
        return None, f"record {', '.join(missing)}"
    width = len(case.columns())
    if width > budget.comparisons:
        case = dataclasses.replace(case, kept=_spread_out(range(width), budget.comparisons))
    return case, ""


def _applicable(case: Case, entry: Theorem) -> list[tuple[Wrong, np.ndarray]]:
    """The wrong variants of the theorem's rows that make sense on this loop, and what they say."""
    variants = {variant.name: variant for row in entry.rows for variant in row.wrong}
    applicable = []
    for variant in variants.values():
        try:
            applicable.append((variant, case.variant(variant)))
        # Variants were written for their rows: on another loop they may fail in any way.
        except Exception:
            continue
    return applicable


def _screen(
    case: Case, run: Any, variants: list[tuple[Wrong, np.ndarray]], budget: Budget
) -> dict[int, tuple[str, float]]:
    """Generations at which theory alone says that so many chains cannot judge: reason and chains."""
    claimed, spread, sub_gamma = case.prediction(), case.spread(), case.sub_gamma()
    known = case.theorem.gives == "cdf" or spread is not None
    if sub_gamma is not None:
        known = known or bool(np.all(np.isfinite(sub_gamma[0])))
    if case.theorem.side is not None or not known:
        return {}
    nulls = case.null(claimed)
    screened = {}
    for i, t in enumerate(case.generations):
        foreseen = [
            foresee(
                nulls[i, j],
                run.chains,
                alpha=budget.comparison,
                spread=None if spread is None else (spread[0][i, j], spread[1][i, j]),
                sub_gamma=None if sub_gamma is None else (sub_gamma[0][i, j], sub_gamma[1][i, j]),
            )
            for j in range(claimed.shape[1])
        ]
        gaps = [distance(case.theorem, claimed[i], values[i], claimed[i]) for _, values in variants]
        if any(is_told(f, gap[j]) for gap in gaps for j, f in enumerate(foreseen)):
            continue
        needed = min(
            f.needed(nulls[i, j], run.chains, float(gap[j]) / 2, budget.comparison)
            for gap in gaps
            for j, f in enumerate(foreseen)
        )
        screened[t] = (_reason(foreseen), needed)
    return screened


def _reason(evidence: Iterable[Evidence]) -> str:
    if not any(e.certified for e in evidence):
        return "too skewed or heavy-tailed for so few chains"
    return "no wrong variant would stand out"


def _decided(
    case: Case, run: Any, variants: list[Wrong], budget: Budget
) -> tuple[Verdict | None, dict[int, tuple[str, float]]]:
    """The verdict over the comparisons that could tell, and what the others would take."""
    verdict, evidence, needed = decide(case, run, variants, budget, every=False)
    able = tuple(c for c in verdict.comparisons if c.verdict != "inconclusive")
    unable = {
        t: (_reason(evidence[i]), float(needed[i].min()))
        for i, t in enumerate(case.generations)
        if t not in {c.generation for c in able}
    }
    return (dataclasses.replace(verdict, comparisons=able) if able else None), unable


def _spread_out(values: Any, most: int) -> tuple[Any, ...]:
    """At most so many of the values, evenly over their order, with both ends."""
    values = list(values)
    if len(values) <= most:
        return tuple(values)
    return tuple(values[round(i)] for i in np.linspace(0, len(values) - 1, most))


def _summary(name: str, screened: dict[int, tuple[str, float]]) -> list[NotJudged]:
    """One entry for each reason; its chains serve the generation that needs fewest."""
    found: dict[str, list[tuple[int, float]]] = {}
    for t in sorted(screened):
        reason, chains = screened[t]
        found.setdefault(reason, []).append((t, chains))
    return [
        NotJudged(name, tuple(t for t, _ in pairs), reason, min(c for _, c in pairs))
        for reason, pairs in found.items()
    ]
