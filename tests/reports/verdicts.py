"""Measure the verdict at a loosened budget and write `verdicts.md` beside this file.

    python tests/reports/verdicts.py

Takes a few minutes on one core.
"""

import math
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "sims"))

from test_verdict_calibration import ALPHA, CHAINS, LAWS, log_variance, share, variance  # noqa: E402

from modelcollapse.sims.verdicts.budget import Budget  # noqa: E402
from modelcollapse.sims.verdicts.calibration import beyond, measure, resolution  # noqa: E402

RUNS = 4_000
POWER_RUNS = 1_000
SUITE = Budget().comparison


def false_alarms() -> list[str]:
    rows = [
        "| law of a chain's value | certified | refuted | rate | p (rate is at most 0.01) |",
        "|---|---|---|---|---|",
    ]
    for name, law in LAWS.items():
        rates = measure(law, chains=CHAINS, runs=RUNS, alpha=ALPHA, seed=2)
        p = beyond(rates.refuted, RUNS, ALPHA)[0]
        rows.append(
            f"| {name} | {rates.certified} | {rates.refuted} | {rates.refuted / RUNS:.4f} | {p:.2g} |"
        )
    return rows


def power() -> list[str]:
    """Power against n - 1 for n, over chains, at the suite's own level."""
    cases = {
        "log-variance, n = 10, t = 3": (log_variance(10, 3), log_variance(9, 3)),
        "variance, n = 10, t = 3": (variance(10, 3), variance(9, 3)),
        "share, 0.30 against 0.33": (share(0.30), share(0.33)),
    }
    rows = ["| law | chains | resolution / error | certified | power |", "|---|---|---|---|---|"]
    for name, (law, wrong) in cases.items():
        error = wrong.mean - law.mean
        for chains in (2**k for k in range(10, 17)):
            fine = resolution(law, chains=chains, alpha=SUITE)
            rates = measure(
                law, chains=chains, runs=POWER_RUNS, alpha=SUITE, error=error, seed=chains
            )
            ratio = f"{fine / abs(error):.2f}" if math.isfinite(fine) else "not certified"
            rows.append(
                f"| {name} | {chains} | {ratio} | {rates.certified / POWER_RUNS:.3f} "
                f"| {rates.refuted / POWER_RUNS:.3f} |"
            )
    return rows


def main() -> None:
    text = [
        "# The verdict, measured",
        "",
        "Written by `python tests/reports/verdicts.py`; do not edit.",
        "",
        f"## False alarms at a budget of {ALPHA:g} for one comparison",
        "",
        f"{RUNS} runs (seeds) of {CHAINS} chains each, weighed against the true mean. A comparison that",
        "is not certified neither refutes nor supports. A rate far below 0.01 is the price of the",
        "correction for skewed and heavy-tailed laws.",
        "",
        *false_alarms(),
        "",
        "## Power over chains, at the level of the real suite",
        "",
        f"{POWER_RUNS} runs for each number of chains, weighed against a wrong mean at the suite's level",
        f"of {SUITE:.2g} a comparison. The error is n - 1 for n (for the share, 0.33 for 0.30). The",
        "resolution is the error that the verdict claims to catch with probability 0.999: where",
        "resolution / error falls below 1 the power should be above 0.999.",
        "",
        *power(),
        "",
    ]
    (HERE / "verdicts.md").write_text("\n".join(text))
    print(f"wrote {HERE / 'verdicts.md'}")


if __name__ == "__main__":
    main()
