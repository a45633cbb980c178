"""The results of a benchmark run as a Markdown table: rates, and how many times slower than ours."""

import json
import sys
from pathlib import Path


def table(results):
    """Rows of one run, from the JSON that pytest-benchmark wrote; medians of its rounds."""
    rates = {}
    for result in results["benchmarks"]:
        told = result["extra_info"]
        cases = rates.setdefault(told["case"], {})
        cases[told["contestant"]] = told["work"] / result["stats"]["median"]
    lines = ["| case | what | a second | ours is |", "|---|---|---|---|"]
    for case, contestants in rates.items():
        ours = next(iter(contestants.values()))
        for name, rate in contestants.items():
            ratio = "" if rate == ours else f"{ours / rate:.3g}x"
            lines.append(f"| {case} | {name} | {rate:.2e} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
