"""Benchmark results as a Markdown table: rates, and how many times faster than each ours is.

python tests/benchmarks/table.py README.md bench.json ...
"""

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"


def table(results):
    """The cases of some runs, from the JSON that pytest-benchmark wrote: medians of the rounds."""
    rates = {}
    for result in (one for part in results for one in part["benchmarks"]):
        told = result["extra_info"]
        contestants = rates.setdefault(told["case"], {})
        contestants[told["contestant"]] = told["work"] / result["stats"]["median"]
    machine = results[-1]["machine_info"]
    lines = [
        f"{machine['cpu'].get('brand_raw', machine['processor'])}, {machine['cpu']['count']} cores, "
        f"Python {machine['python_version']}, {results[-1]['datetime'][:10]}.",
        "",
        "| case | what | a second | ours is |",
        "|---|---|---|---|",
    ]
    for case, contestants in rates.items():
        ours = next(iter(contestants.values()))
        for name, rate in contestants.items():
            ratio = "" if rate == ours else f"{ours / rate:.3g}x as fast"
            lines.append(f"| {case} | {name} | {rate:.2e} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    runs = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[2:]]
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{BEGIN}\n{table(runs)}\n{END}{after}", encoding="utf-8")
