"""Try every row of the ledger: one simulation a loop, one verdict a row."""

import dataclasses
import difflib
import sys
from collections.abc import Iterable
from typing import Any

import jax
from tqdm import tqdm

from modelcollapse.sims.simulate import simulate
from modelcollapse.sims.verdicts.budget import Budget
from modelcollapse.sims.verdicts.judge import judge
from modelcollapse.sims.verdicts.record import Verdict, digest
from modelcollapse.theory import Loop
from modelcollapse.theory.ledger import LEDGER, Row, Theorem


@dataclasses.dataclass
class Group:
    """Rows that one simulation serves."""

    loop: Loop
    chains: int
    members: list[tuple[int, Theorem, Row]] = dataclasses.field(default_factory=list)

    @property
    def generations(self) -> list[int]:
        """All generations that some row asks for."""
        return sorted({t for _, _, row in self.members for t in row.generations})

    @property
    def observables(self) -> tuple[Any, ...]:
        """All observables that some row asks for."""
        asked = [o for _, entry, row in self.members for o in entry.observables(row)]
        return tuple(dict.fromkeys(asked))

    def run(self, seed: int) -> Any:
        """The simulation. Its key depends on the seed and the loop, not on the company it is in."""
        last = max(1, self.generations[-1])
        word = int.from_bytes(digest(self.loop, last)[:4], "big")
        return simulate(
            self.loop,
            last,
            self.chains,
            key=jax.random.fold_in(jax.random.key(seed), word),
            observables=self.observables,
            record=self.generations,
        )


def verify(
    names: Iterable[str] | None = None,
    chains: int | None = None,
    seed: int = 0,
    *,
    budget: Budget | None = None,
    progress: bool = False,
) -> list[Verdict]:
    """A verdict for every row of the named theorems (all by default), in the ledger's order.

    **Arguments:**

    - `names`: theorems; naming fewer changes no number of the others.
    - `chains`: of every row, instead of what each row asks for.
    - `seed`: of the whole suite.
    - `progress`: show a bar on standard error.

    Raises `ValueError` for an unknown name.
    """
    budget = budget or Budget()
    wanted = _wanted(names)
    rows = sum(len(entry.rows) for entry in LEDGER.values())
    if budget.rows > 1 and rows > budget.rows:
        raise ValueError(f"the ledger has {rows} rows; the budget has {budget.rows} allotments.")
    groups = [
        group for group in grouped(chains) if any(e.name in wanted for _, e, _ in group.members)
    ]
    verdicts: dict[int, Verdict] = {}
    with tqdm(groups, desc="verify", unit="loop", file=sys.stderr, disable=not progress) as bar:
        for group in bar:
            run = group.run(seed)
            for index, entry, row in group.members:
                if entry.name in wanted:
                    verdicts[index] = judge(entry, run, row, budget)
                    bar.set_postfix_str(f"{entry.name}: {verdicts[index].outcome}")
    return [verdicts[index] for index in sorted(verdicts)]


def grouped(chains: int | None = None) -> list[Group]:
    """All rows of the ledger by loop, each loop with the most chains that a row of it asks for.

    Always over the whole ledger: so a loop's simulation is the same whichever of its theorems are
    asked for."""
    groups: dict[bytes, Group] = {}
    index = 0
    for entry in LEDGER.values():
        for row in entry.rows:
            size = row.chains if chains is None else chains
            key = digest(row.loop, max(1, *row.generations))
            group = groups.setdefault(key, Group(row.loop, size))
            group.chains = max(group.chains, size)
            group.members.append((index, entry, row))
            index += 1
    return list(groups.values())


def _wanted(names: Iterable[str] | None) -> set[str]:
    if names is None:
        return set(LEDGER)
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in LEDGER:
            near = difflib.get_close_matches(name, LEDGER, n=3, cutoff=0.4)
            advice = (
                f"did you mean {' or '.join(near)}?" if near else "see `modelcollapse theorems`."
            )
            raise ValueError(f"no theorem is named {name!r}; {advice}")
    return set(names)
