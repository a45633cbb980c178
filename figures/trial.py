"""Verdicts for a report: the theorems that its figures show, tried on rows of the ledger."""

from collections.abc import Callable, Collection

from modelcollapse.sims.verdicts import Verdict, judge
from modelcollapse.sims.verdicts.verify import grouped


def try_theorems(
    names: Collection[str],
    seed: int,
    *,
    every_row: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Verdict]:
    """A verdict on the first row of each named theorem, or on every row, in the ledger's order.

    The numbers are those of `verify`, which tries every row. Returns early, with what is judged,
    once `stopped()` is true.
    """
    verdicts: dict[int, Verdict] = {}
    for group in grouped():
        members = [
            (index, entry, row)
            for index, entry, row in group.members
            if entry.name in names and (every_row or row is entry.rows[0])
        ]
        if not members:
            continue
        if stopped():
            break
        run = group.run(seed)
        for index, entry, row in members:
            verdicts[index] = judge(entry, run, row)
    return [verdicts[index] for index in sorted(verdicts)]
