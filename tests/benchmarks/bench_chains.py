"""How fast chains run, beside what a good researcher writes in NumPy and what one writes first in JAX.

CONTRIBUTING.md has the command. All contestants of a case run in one process, one after the other; each
does as much work as it can in about a second, and what counts is the rate: chain-generations (or
normals, or chains) a second of wall time.
"""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from modelcollapse.figures.data import word_counts
from modelcollapse.sims import simulate
from modelcollapse.sims.paths.gaussian import TURNS
from modelcollapse.theory import Categorical, Gaussian, Loop, Replace
from modelcollapse.theory.observables import Entropy, LogVariance, MeanError, Support

TWENTY = np.unique(np.round(np.geomspace(1, 1000, 20)).astype(int))


def ours(loop, generations, chains, **options):
    """A run that streams moments; every call has another seed and compiles nothing new."""
    seeds = iter(range(10**6))

    def run():
        simulate(loop, generations, chains, key=jax.random.key(next(seeds)), **options)

    run()
    return run, chains * generations


def gaussian(n, generations=1000, chains=100_000, record="all", alone=False):
    return ours(
        Loop(Gaussian(), Replace(n=n)), generations, chains, record=record, quantiles=[],
        observables=(LogVariance(),) if alone else (LogVariance(), MeanError()),
    )  # fmt: skip


def turn_by_turn():
    """No two generations in one kernel, although none is recorded: what streaming adds to."""
    with mock.patch.dict(TURNS, cpu=1):
        run, work = gaussian(100, record=[1000])
    return mock.patch.dict(TURNS, cpu=1)(run), work


def law(t, path, chains):
    """Chains a second: the law of the log-variance at one generation."""
    run, _ = ours(
        Loop(Gaussian(), Replace(n=100)), t, chains,
        observables=(LogVariance(),), record=[t], quantiles=[], path=path,
    )  # fmt: skip
    return run, chains


def numpy_draws(n=100, chains=2000, generations=20):
    rng = np.random.default_rng(0)

    def run():
        mean, deviation = np.zeros(chains), np.ones(chains)
        for _ in range(generations):
            x = mean[:, None] + deviation[:, None] * rng.standard_normal((chains, n))
            mean, deviation = x.mean(1), x.std(1)
            logs = 2 * np.log(deviation)
            mean.mean(), mean.var(), logs.mean(), logs.var()

    return run, chains * generations


def numpy_statistics(n=100, chains=100_000, generations=20):
    rng = np.random.default_rng(0)

    def run():
        mean, logs = np.zeros(chains), np.zeros(chains)
        for _ in range(generations):
            mean += np.exp(logs / 2) * rng.standard_normal(chains) / np.sqrt(n)
            logs += np.log(rng.chisquare(n - 1, chains) / n)
            mean.mean(), mean.var(), logs.mean(), logs.var()

    return run, chains * generations


def jax_naive(n=100, chains=10_000, generations=50):
    @jax.jit
    @functools.partial(jax.vmap, in_axes=0)
    def chain(key):
        def step(state, key):
            mean, deviation = state
            x = mean + deviation * jax.random.normal(key, (n,))
            state = x.mean(), x.std()
            return state, (state[0], 2 * jnp.log(state[1]))

        return jax.lax.scan(step, (0.0, 1.0), jax.random.split(key, generations))[1]

    keys = jax.random.split(jax.random.key(0), chains)

    def run():
        mean, logs = chain(keys)
        jax.block_until_ready((mean.mean(0), mean.var(0), logs.mean(0), logs.var(0)))

    run()
    return run, chains * generations


def numpy_normals(count=2**22):
    rng, out = np.random.Generator(np.random.SFC64(0)), np.empty(count, np.float32)
    return lambda: rng.standard_normal(out=out, dtype=np.float32), count


def jax_normals(impl, count=2**22):
    draw = jax.jit(lambda key: jax.random.normal(key, (count,), jnp.float32))
    key = jax.random.key(0, impl=impl)
    return lambda: draw(key).block_until_ready(), count


def c_normals(count=2**15, times=512):
    """One core, as fast as vectorised C makes them; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/roofline.so"
        source = Path(__file__).with_name("roofline.c")
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, source, "-o", library, "-lm"], check=True)
        made = ctypes.CDLL(library)
    made.seed(ctypes.c_uint64(1))
    out = np.empty(count, np.float32)
    place = out.ctypes.data_as(ctypes.c_void_p)

    def run():
        for _ in range(times):
            made.normals(place, ctypes.c_long(count))

    return run, count * times


def our_normals():
    """As the Gaussian chains use them up: two a chain and generation, all the rest included."""
    run, work = gaussian(100)
    return run, 2 * work


def numpy_multinomial(labels, n, generations, chains):
    rng = np.random.default_rng(0)
    truth = 1 / np.arange(1, labels + 1)
    truth /= truth.sum()

    def run():
        for _ in range(chains):
            p = truth
            for t in range(1, generations + 1):
                p = rng.multinomial(n, p) / n
                if t in TWENTY:
                    alive = p[p > 0]
                    alive.size, -(alive * np.log(alive)).sum()

    return run, chains * generations


def jax_multinomial(labels, n, generations, chains):
    @jax.jit
    @functools.partial(jax.vmap, in_axes=0)
    def chain(key):
        def step(p, key):
            p = jax.random.multinomial(key, n, p) / n
            return p, ((p > 0).sum(), -jax.scipy.special.xlogy(p, p).sum())

        truth = 1 / jnp.arange(1, labels + 1)
        return jax.lax.scan(step, truth / truth.sum(), jax.random.split(key, generations))[1]

    keys = jax.random.split(jax.random.key(0), chains)

    def run():
        jax.block_until_ready(chain(keys))

    run()
    return run, chains * generations


def numpy_items(labels, n, generations, chains):
    """The bootstrap form: a generation copies draws of the one before."""
    rng = np.random.default_rng(0)
    cumulative = np.cumsum(1 / np.arange(1, labels + 1))
    cumulative /= cumulative[-1]

    def run():
        for _ in range(chains):
            items = np.searchsorted(cumulative, rng.random(n), side="right")
            for t in range(1, generations + 1):
                if t > 1:
                    items = items[rng.integers(n, size=n)]
                if t in TWENTY:
                    found = np.bincount(items)
                    alive = found[found > 0] / n
                    alive.size, -(alive * np.log(alive)).sum()

    return run, chains * generations


def zipf(labels, n, generations, chains, path="auto"):
    return ours(
        Loop(Categorical.zipf(labels), Replace(n=n)), generations, chains,
        observables=(Support(), Entropy()), record=[int(t) for t in TWENTY if t <= generations],
        path=path,
    )  # fmt: skip


def words(path, chains):
    loop = Loop(Categorical.from_counts(word_counts()[1]), Replace(n=1_000_000))
    return ours(loop, 1000, chains, observables=(Support(),), record=[1, 10, 100, 1000], path=path)


CASES = {
    "Gaussian, n = 100": {
        "modelcollapse": lambda: gaussian(100),
        "NumPy, every draw": numpy_draws,
        "NumPy, sufficient statistics": numpy_statistics,
        "jax.random, vmap": jax_naive,
    },
    "Gaussian, n = 10^6": {"modelcollapse": lambda: gaussian(10**6)},
    "Gaussian, n = 100, generations streamed of 1,000": {
        "modelcollapse, every one": lambda: gaussian(100),
        "modelcollapse, every one of the log-variance alone": lambda: gaussian(100, alone=True),
        "modelcollapse, none, one generation a turn": turn_by_turn,
        "modelcollapse, about sixty as by default": lambda: gaussian(100, record=None),
        "modelcollapse, none": lambda: gaussian(100, record=[1000]),
        "modelcollapse, all fifteen columns and quantiles, as by default": lambda: ours(
            Loop(Gaussian(), Replace(n=100)), 1000, 100_000
        ),
    },
    "Gaussian, n = 100, law at t = 1,000 only (chains)": {
        "modelcollapse, jump": lambda: law(1000, "jump", 4_000_000),
        "modelcollapse, simulated": lambda: law(1000, "statistic", 100_000),
    },
    "Gaussian, n = 100, law at t = 10,000 only (chains)": {
        "modelcollapse, jump": lambda: law(10_000, "jump", 4_000_000),
        "modelcollapse, simulated": lambda: law(10_000, "statistic", 2**15),
    },
    "normals": {
        "modelcollapse": our_normals,
        "NumPy SFC64": numpy_normals,
        "jax.random threefry2x32": lambda: jax_normals("threefry2x32"),
        "jax.random philox2x32": lambda: jax_normals("philox2x32"),
        "C with vectors, one core": c_normals,
    },
    "Zipf, K = 1,000, n = 10^4, T = 1,000": {
        "modelcollapse": lambda: zipf(1000, 10_000, 1000, 8192),
        "NumPy multinomial": lambda: numpy_multinomial(1000, 10_000, 1000, 10),
        "jax.random, vmap": lambda: jax_multinomial(1000, 10_000, 50, 16),
    },
    "Zipf, K = 50,000, n = 10^6, T = 300": {
        "modelcollapse": lambda: zipf(50_000, 10**6, 300, 128),
        "NumPy multinomial": lambda: numpy_multinomial(50_000, 10**6, 300, 1),
        "jax.random, vmap": lambda: jax_multinomial(50_000, 10**6, 2, 8),
    },
    "Zipf, K = 100,000, n = 1,000, T = 100": {
        "modelcollapse": lambda: zipf(100_000, 1000, 100, 4096),
        "modelcollapse, counts": lambda: zipf(100_000, 1000, 100, 64, "counts"),
        "NumPy multinomial": lambda: numpy_multinomial(100_000, 1000, 100, 2),
        "NumPy items": lambda: numpy_items(100_000, 1000, 100, 100),
    },
    "words alive at four generations of 1,000, 83,000 real words, n = 10^6": {
        "modelcollapse, survivors": lambda: words("survivors", 256),
        "modelcollapse, ancestors": lambda: words("ancestors", 16),
        "modelcollapse, forward": lambda: words("counts", 64),
    },
}


@pytest.mark.parametrize(("case", "contestant"), [(c, w) for c in CASES for w in CASES[c]])
def test_rate(case, contestant, benchmark):
    found = CASES[case][contestant]()
    if found is None:
        pytest.skip("there is no C compiler")
    run, work = found
    benchmark.extra_info.update(case=case, contestant=contestant, work=work)
    benchmark.pedantic(run, rounds=3, iterations=1)
