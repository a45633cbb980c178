"""How fast regression chains run, beside the NumPy of a researcher who keeps what can be kept.

    .venv/bin/python -m pytest -n 0 tests/benchmarks/bench_regression.py --benchmark-json=bench.json
    .venv/bin/python tests/benchmarks/table.py bench.json

With a fixed design NumPy works out the pseudo-inverse once and multiplies the new labels by it; with a
fresh design it forms and solves the normal equations of all its chains at once. Rates are
chain-generations a second of wall time, all contestants in one process.
"""

import jax
import numpy as np
import pytest

from modelcollapse.sims import simulate
from modelcollapse.theory import Accumulate, Fresh, LinearRegression, Loop, Replace, Weighted
from modelcollapse.theory.observables import ExcessRisk


def ours(features, n, generations, chains, regime=Replace, **kinds):
    """A run that streams moments of the risk; every call has another seed and compiles nothing new."""
    made = (
        regime(n)
        if regime in (Replace, Accumulate)
        else regime(n // 2, n // 2, **kinds.pop("of", {}))
    )
    loop = Loop(LinearRegression(np.zeros(features), **kinds), made)
    seeds = iter(range(10**6))

    def run():
        simulate(
            loop, generations, chains, key=jax.random.key(next(seeds)),
            observables=(ExcessRisk(),), quantiles=[],
        )  # fmt: skip

    run()
    return run, chains * generations


def numpy_fixed(features, n, chains, generations=20):
    """The same rows for all chains and generations: labels, and a product with the pseudo-inverse."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n, features))
    inverse = np.linalg.pinv(rows)

    def run():
        coefficients = np.zeros((features, chains))
        for _ in range(generations):
            labels = rows @ coefficients + rng.standard_normal((n, chains))
            coefficients = inverse @ labels
            (coefficients**2).sum(0).mean()

    return run, chains * generations


def numpy_fresh(features, n, chains, generations=3):
    """New rows for every chain and generation, and the normal equations."""
    rng = np.random.default_rng(0)

    def run():
        coefficients = np.zeros((chains, features, 1))
        for _ in range(generations):
            rows = rng.standard_normal((chains, n, features))
            labels = rows @ coefficients + rng.standard_normal((chains, n, 1))
            turned = np.swapaxes(rows, 1, 2)
            coefficients = np.linalg.solve(turned @ rows, turned @ labels)
            (coefficients**2).sum((1, 2)).mean()

    return run, chains * generations


def numpy_statistics(features, n, chains, generations=20):
    """The multivariate t of the coefficients' errors, with NumPy's own generators."""
    rng = np.random.default_rng(0)

    def run():
        coefficients = np.zeros((features, chains))
        for _ in range(generations):
            scale = np.sqrt(rng.chisquare(n - features + 1, chains))
            coefficients += rng.standard_normal((features, chains)) / scale
            (coefficients**2).sum(0).mean()

    return run, chains * generations


CASES = {
    "fixed design, p = 100, n = 1,000": {
        "modelcollapse": lambda: ours(100, 1000, 100, 2**12, design="fixed"),
        "NumPy, pseudo-inverse kept": lambda: numpy_fixed(100, 1000, 500),
    },
    "fresh design, p = 100, n = 1,000": {
        "modelcollapse": lambda: ours(100, 1000, 100, 2**12),
        "NumPy, normal equations": lambda: numpy_fresh(100, 1000, 20),
        "NumPy, sufficient statistics": lambda: numpy_statistics(100, 1000, 1000),
    },
    "fixed design, p = 3, n = 100": {
        "modelcollapse": lambda: ours(3, 100, 500, 2**16, design="fixed"),
        "NumPy, pseudo-inverse kept": lambda: numpy_fixed(3, 100, 5000),
    },
    "fresh design, p = 3, n = 100": {
        "modelcollapse": lambda: ours(3, 100, 500, 2**16),
        "NumPy, normal equations": lambda: numpy_fresh(3, 100, 3000),
        "NumPy, sufficient statistics": lambda: numpy_statistics(3, 100, 50_000),
    },
    "fresh design, p = 3, n = 100, other regimes": {
        "modelcollapse, accumulate": lambda: ours(3, 100, 50, 2**14, Accumulate),
        "modelcollapse, fresh": lambda: ours(3, 100, 50, 2**14, Fresh),
        "modelcollapse, weighted": lambda: ours(3, 100, 50, 2**14, Weighted, of={"weight": 0.6}),
    },
}


@pytest.mark.parametrize(("case", "contestant"), [(c, w) for c in CASES for w in CASES[c]])
def test_rate(case, contestant, benchmark):
    run, work = CASES[case][contestant]()
    benchmark.extra_info.update(case=case, contestant=contestant, work=work)
    benchmark.pedantic(run, rounds=3, iterations=1, warmup_rounds=1)
