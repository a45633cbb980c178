"""How fast multivariate Gaussian chains run, beside the loop that a researcher writes in NumPy.

    .venv/bin/pip install -e '.[test,bench]'
    .venv/bin/python -m pytest -n 0 tests/benchmarks/bench_multivariate.py --benchmark-json=bench.json
    .venv/bin/python tests/benchmarks/table.py bench.json

Replace with n = 10 d in d dimensions; mean and variance of the log-determinant and of the squared error
of the mean are streamed at every generation. Rates are chain-generations a second of wall time. NumPy
runs once with the threads of its BLAS as they are and once limited to one, which is faster for small
matrices.
"""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.bench_chains import ours

from modelcollapse.theory import Loop, MultivariateGaussian, Replace
from modelcollapse.theory.observables import LogDeterminant, SquaredMeanError


def bartlett(dimension, generations, chains):
    loop = Loop(MultivariateGaussian(np.zeros(dimension)), Replace(n=10 * dimension))
    return ours(
        loop, generations, chains, record="all", quantiles=[],
        observables=(LogDeterminant(), SquaredMeanError()),
    )  # fmt: skip


def pivots(dimension, generations, chains):
    loop = Loop(MultivariateGaussian(np.zeros(dimension)), Replace(n=10 * dimension))
    return ours(
        loop, generations, chains, record="all", quantiles=[], observables=(LogDeterminant(),)
    )


def numpy_loop(dimension, generations, chains, threads=None):
    rng = np.random.default_rng(0)
    n = 10 * dimension

    def run():
        values = np.empty((chains, generations, 2))
        for chain in range(chains):
            mean, root = np.zeros(dimension), np.eye(dimension)
            for t in range(generations):
                x = mean + rng.standard_normal((n, dimension)) @ root.T
                mean = x.mean(axis=0)
                root = np.linalg.cholesky(np.cov(x, rowvar=False, bias=True))
                values[chain, t] = 2 * np.log(np.diagonal(root)).sum(), mean @ mean
        values.mean(axis=0), values.var(axis=0)

    def limited():
        with limit(threads):
            run()

    return limited, chains * generations


def limit(threads):
    """A context in which BLAS has so many threads: by threadpoolctl, where it is installed."""
    if threads is None:
        return contextlib.nullcontext()
    import threadpoolctl

    return threadpoolctl.threadpool_limits(threads)


def jax_naive(dimension, generations, chains):
    n = 10 * dimension

    @jax.jit
    @jax.vmap
    def chain(key):
        def step(state, key):
            mean, root = state
            x = mean + jax.random.normal(key, (n, dimension)) @ root.T
            mean, gap = x.mean(axis=0), x - x.mean(axis=0)
            root = jnp.linalg.cholesky(gap.T @ gap / n)
            values = 2 * jnp.log(jnp.diagonal(root)).sum(), (mean**2).sum()
            return (mean, root), jnp.stack(values)

        start = jnp.zeros(dimension), jnp.eye(dimension)
        return jax.lax.scan(step, start, jax.random.split(key, generations))[1]

    keys = jax.random.split(jax.random.key(0), chains)

    def run():
        values = chain(keys)
        jax.block_until_ready((values.mean(0), values.var(0)))

    run()
    return run, chains * generations


def case(dimension, fast, slow, naive):
    return {
        "modelcollapse": lambda: bartlett(dimension, *fast),
        "NumPy loop, one thread": lambda: numpy_loop(dimension, *slow, threads=1),
        "NumPy loop": lambda: numpy_loop(dimension, *slow),
        "jax.random, vmap": lambda: jax_naive(dimension, *naive),
        "modelcollapse, log-determinant alone": lambda: pivots(dimension, *fast),
    }


CASES = {
    "d = 2, n = 20": case(2, (1000, 65_536), (100, 100), (100, 4096)),
    "d = 32, n = 320": case(32, (100, 4096), (100, 20), (20, 256)),
    "d = 128, n = 1,280": case(128, (50, 512), (20, 10), (5, 32)),
}


@pytest.mark.parametrize(("name", "contestant"), [(c, w) for c in CASES for w in CASES[c]])
def test_rate(name, contestant, benchmark):
    run, work = CASES[name][contestant]()
    benchmark.extra_info.update(case=name, contestant=contestant, work=work)
    benchmark.pedantic(run, rounds=5, iterations=1, warmup_rounds=1)
