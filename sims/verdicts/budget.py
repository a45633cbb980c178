"""The false-alarm budget of the whole suite, and the fixed share of each comparison."""

import dataclasses

from modelcollapse.theory.ledger import COMPARISONS_PER_ROW


@dataclasses.dataclass(frozen=True)
class Budget:
    """How often a suite in which every theorem is true may refute one: `false_alarms`.

    It is cut into `rows` equal allotments and each of these into `comparisons`, whether they are
    used or not. So adding, dropping or filtering rows changes no other row's verdict. By Bonferroni
    this holds however the comparisons depend on each other, such as generations of one run.
    Loosen it to measure the verdict itself: `Budget(1e-2, rows=1, comparisons=1)`.
    """

    false_alarms: float = 1e-6
    rows: int = 2**12
    comparisons: int = COMPARISONS_PER_ROW

    def __post_init__(self):
        if not 0 < self.false_alarms < 1:
            raise ValueError(
                f"`Budget(false_alarms=...)` must be between 0 and 1; got {self.false_alarms}."
            )
        for name in ("rows", "comparisons"):
            if getattr(self, name) < 1:
                raise ValueError(f"`Budget({name}=...)` must be at least 1.")

    @property
    def row(self) -> float:
        """The false-alarm probability of one row."""
        return self.false_alarms / self.rows

    @property
    def comparison(self) -> float:
        """The false-alarm probability of one comparison."""
        return self.row / self.comparisons
