"""`simulate`: thousands of parallel generational chains of one loop."""

import importlib.metadata
import json
import math
import numbers
import os
import platform
import time
from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import PRNGKeyArray
from tqdm import tqdm

from modelcollapse.sims.blocks import Program, bare, run_blocks
from modelcollapse.sims.looks import Looks, Sample
from modelcollapse.sims.moments import Moments
from modelcollapse.sims.observe import check_observables, column_names, default_observables
from modelcollapse.sims.paths import choose
from modelcollapse.sims.paths.knowledge import served
from modelcollapse.sims.quantiles import Histogram
from modelcollapse.sims.run import Run
from modelcollapse.sims.samplers.stream import STREAM_VERSION
from modelcollapse.theory import (
    Categorical,
    Gaussian,
    LinearRegression,
    Loop,
    MultivariateGaussian,
    x64,
)
from modelcollapse.theory.observables import AbstractObservable

#: Values of a block that the host is given, at most.
_KEPT = 2**24
#: Chains whose values quantiles are made of unless they are asked for.
_SAMPLE = 2**12
#: Largest sample size that float32 serves on a path that does not count: beyond, the steps between
#: its numbers would show in the log-variance.
_LARGEST_JUMP = 2**30
#: Largest counts that are exact: float32 for the Gaussian's, int32 for the categorical's.
_COUNTABLE = {"float32": 2**24, "float64": 2**53, "int32": 2**31 - 1}

#: Truths beyond these cost float32 its digits or its range: mean in standard deviations, log-variance.
_FURTHEST, _WIDEST = 1000.0, 16.0


def simulate(
    loop: Loop,
    generations: int,
    chains: int,
    *,
    key: PRNGKeyArray,
    observables: Sequence[AbstractObservable] | None = None,
    dtype: Literal["float32", "float64"] | None = None,
    record: Literal["all"] | Sequence[int] | None = None,
    path: str = "auto",
    quantiles: Sequence[int] | None = None,
    trajectories: bool = False,
    chunk: int | None = None,
    memory: float = 4e9,
    progress: bool = False,
) -> Run:
    """Run independent chains of a loop and stream statistics of its observables.

    **Arguments:**

    - `loop`, `generations`, `chains`: what to run, for how long, how often.
    - `key`: a typed JAX key. Every random number is addressed by (key, chain, generation, slot).
    - `observables`: what to read off; by default the family's usual ones and all that a theorem
      about the loop predicts, but for the `W2Squared` of a multivariate Gaussian, which is dear.
    - `dtype`: of a Gaussian chain's state and of all observables; by default float32 for the
      Gaussian (float64 if its truth is far from zero or of extreme variance) and float64 for
      categorical models, whose counts are integers in either.
    - `record`: the generations to observe, increasing; by default about sixty, even in log t;
      `"all"` for every one.
    - `path`: how to draw. "auto" takes the fastest exact path through all generations; "raw" draws
      every sample; "statistic", "counts", "items" (categorical under replace; a generation costs
      its draws, however many labels there are), "cumulative" (few Gaussian chains under replace, many
      generations) and "pivots" (multivariate Gaussian under replace, for observables of the pivots
      alone) name the fast ones. Between "items" and "counts" "auto" chooses by size (see
      `sims/paths/cost.py`). Under replace some paths draw each recorded generation apart from
      the others, exact in law but independent of one another: "jump" (Gaussian: log-variance and
      what follows from it, in one draw, after about 0.1 s of work on the host for each recorded
      generation, 2 s under a schedule), "ancestors" (categorical), and "survivors" (categorical:
      which labels are alive, almost free of n).
    - `quantiles`: the recorded generations whose quantiles over all chains are wanted (NaN at the others):
      the host sorts them, at 5 to 25 ns a value; an empty list for none. By default those of some 4,000
      chains, fewer of very many columns (`run.data.attrs["quantile_chains"]`), at all recorded generations
      if they are at most 64, else at up to 60 of them, even in log t. Skewness and kurtosis, which
      `check` needs, are kept at the same ones, and wherever quantiles are wanted; means, variances and
      extremes at every recorded generation.
    - `trajectories`: keep every chain's values; on a path that draws generations apart from one
      another, those of a chain are no history.
    - `chunk`: chains in flight at once, rounded up to whole blocks; by default a block for each
      processor core or device, as far as `memory` allows. It changes no number.
    - `memory`: bytes that the run may take.
    - `progress`: show a bar on standard error.

    **Returns:** a [`Run`][].

    Raises `ValueError` (or `TypeError` for the loop or the key) before anything is computed.
    """
    if not isinstance(loop, Loop):
        raise TypeError(f"`loop` must be a Loop, of a truth and a regime; got {loop!r}.")
    _whole("generations", generations)
    _whole("chains", chains)
    if (
        isinstance(memory, bool)
        or not isinstance(memory, numbers.Real)
        or not 0 < memory < math.inf
    ):
        raise ValueError(f"`memory` must be a positive, finite number of bytes; got {memory!r}.")
    memory = float(memory)
    for name, flag in (("trajectories", trajectories), ("progress", progress)):
        if not isinstance(flag, bool | np.bool_):
            raise ValueError(f"`{name}` must be True or False; got {flag!r}.")
    if 64 * generations > memory:
        raise ValueError(
            f"`generations` of {generations} do not fit into `memory` of {memory:.3g} bytes: "
            f"at most {int(memory // 64)} do."
        )
    if chains >= 2**32:
        raise ValueError(f"`chains` must be below 2**32; got {chains}.")
    if dtype not in (None, "float32", "float64"):
        raise ValueError(f"`dtype` must be 'float32' or 'float64'; got {dtype!r}.")
    if chunk is not None:
        _whole("chunk", chunk)
    precision = _precision(dtype, loop.truth)
    _check_key(key)
    sizes = _sizes(loop, generations, precision, path)
    looks = Looks.of(generations, record, quantiles, bool(trajectories))
    chosen = (
        default_observables(loop) if observables is None else check_observables(observables, loop)
    )
    if observables is None:
        chosen = served(path, chosen)
    drawn = choose(path, loop, sizes, precision, chosen, chains)

    names = column_names(chosen, loop.truth)
    recorded, wanted = looks.recorded, looks.quantiles
    cells = (looks.slots + 1) * len(names)
    width = drawn.width(chains)
    whole = trajectories or quantiles is not None or chains <= _SAMPLE
    if whole:
        width = min(width, _power(_KEPT // cells))
    sample = Sample.of(chains, width, chains if whole else min(_SAMPLE, _power(_KEPT // cells)))
    devices = min(jax.local_device_count(), -(-chains // width))
    program = Program(
        drawn, chosen, precision, width, looks.slots, sample.kept, looks.thorough, devices
    )
    calls = -(-chains // (width * devices))
    per_block = drawn.bytes_per_block() + width * drawn.bytes_per_chain()
    per_block += 24 * (len(names) * width + cells * sample.kept)
    kept_bytes = 16 * cells * chains * trajectories
    if not whole:
        # As they come, together, and in order.
        kept_bytes += 24 * cells * sample.blocks * sample.each
    in_flight = _in_flight(calls, chunk, width, devices, (memory - kept_bytes) / per_block)
    _check_memory(memory, per_block, devices * in_flight, devices, width, kept_bytes)

    started = time.perf_counter()
    words = np.asarray(jax.random.bits(key, (2,), "uint32"))
    with x64(), tqdm(total=chains, unit="chain", disable=not progress) as bar:
        truth_type = np.float64 if isinstance(loop.truth, Categorical) else precision
        blocks = run_blocks(
            program,
            loop.truth.astype(truth_type),
            bare(loop.regime),
            words,
            (_lanes(sizes[0]), _lanes(sizes[1])),
            looks.slotted(drawn),
            chains,
            in_flight,
        )
        moments = Moments.of(np.empty((0, len(recorded), len(names))))
        histogram, kept, sampled = None, [], 0
        for number, (live, summaries, values) in enumerate(blocks):
            moments = moments.merge(Moments.of_summary(live, summaries[: len(recorded)]))
            values = sample.taken(number, values[:, : len(wanted)])
            sampled += len(values)
            if whole:
                histogram = histogram or Histogram.around(values)
                histogram.add(values)
            if trajectories or not whole:
                kept.append(values if whole else values.copy())
            bar.update(live)
        histogram = histogram or Histogram.of(np.concatenate(kept))
    attributes = {
        "chains": chains,
        "seed": json.dumps([int(word) for word in words]),
        "dtype": precision,
        "path": type(drawn).__name__,
        "stream_version": STREAM_VERSION,
        "width": width,
        "quantile_chains": sampled if wanted.size else 0,
        "devices": devices,
        "device": jax.local_devices()[0].device_kind,
        "backend": jax.default_backend(),
        "versions": json.dumps(
            {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "jaxlib": importlib.metadata.version("jaxlib"),
                "numpy": np.__version__,
            }
        ),
        "wall_seconds": time.perf_counter() - started,
    }
    trajectory = kept if trajectories else []
    data = _dataset(moments, histogram, recorded, wanted, names, trajectory)
    data = data.assign_attrs(attributes)
    return Run(loop, chosen, data)


def _dataset(
    moments: Moments,
    histogram: Histogram,
    recorded: np.ndarray,
    wanted: np.ndarray,
    names: tuple[str, ...],
    kept: list[np.ndarray],
) -> xr.Dataset:
    axes = ("generation", "column")
    variables: dict[str, Any] = {
        name: (axes, np.asarray(getattr(moments, name)))
        for name in ("mean", "variance", "skewness", "kurtosis", "minimum", "maximum")
    }
    shape = (len(recorded), len(names))
    edges = np.full((*shape, histogram.edges.shape[-1]), np.nan)
    # Counts fit float64 exactly, and netCDF 3 has no 64-bit integers.
    counts = np.zeros((*shape, histogram.counts.shape[-1]))
    edges[wanted], counts[wanted] = histogram.edges, histogram.counts
    variables["edge"] = ((*axes, "edge_number"), edges)
    variables["histogram"] = ((*axes, "bin"), counts)
    if kept:
        variables["trajectory"] = (("chain", *axes), np.concatenate(kept))
    coordinates = {"generation": recorded.astype(np.int64), "column": list(names)}
    return xr.Dataset(variables, coordinates)


def _precision(dtype: str | None, truth: Any) -> str:
    """The precision asked for, or that serves the truth: float32 for a Gaussian, in one dimension or
    several, or a regression of ordinary units."""
    if not isinstance(truth, Gaussian | MultivariateGaussian | LinearRegression):
        return dtype or "float64"
    several = isinstance(truth, MultivariateGaussian)
    location = np.asarray(truth.coefficients if isinstance(truth, LinearRegression) else truth.mean)
    log_variance = np.asarray(truth.log_pivots if several else truth.log_variance, np.float64)
    ordinary = (np.abs(log_variance) <= _WIDEST).all()
    if ordinary and (np.abs(location) <= _FURTHEST * np.exp(log_variance / 2)).all():
        return dtype or "float32"
    if dtype == "float32":
        raise ValueError(
            f"`dtype='float32'` serves truths within {_FURTHEST:g} standard deviations of zero and "
            f"with variances from {math.exp(-_WIDEST):.0e} to {math.exp(_WIDEST):.0e}; got {truth!r}. "
            "Use dtype='float64', or other units."
        )
    return "float64"


def _whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"`{name}` must be a whole number of at least 1; got {value!r}.")


def _check_key(key: Any) -> None:
    if not (hasattr(key, "dtype") and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)):
        raise TypeError(
            f"`key` must be a typed JAX key such as jax.random.key(0); got {type(key).__name__}."
        )
    if key.shape != ():
        raise TypeError(f"`key` must be one key, of shape (); got shape {key.shape}.")


def _sizes(loop: Loop, generations: int, dtype: str, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Real and synthetic draws a generation, if the family can be fitted and its counts counted."""
    total = loop.training_sizes(generations)
    pooled = f"`{type(loop.regime).__name__}` pools {total.max()} draws, above "
    if path == "jump":
        if total.max() > _LARGEST_JUMP:
            raise ValueError(
                f"{pooled}{_LARGEST_JUMP}, the largest number that `path='jump'` serves; use "
                "path='statistic' and dtype='float64'."
            )
        return loop.regime.sizes(generations)
    counted = "int32" if isinstance(loop.truth, Categorical) else dtype
    if total.max() > _COUNTABLE[counted]:
        raise ValueError(
            f"{pooled}{_COUNTABLE[counted]}, the largest number that {counted} counts exactly"
            + ("; use dtype='float64'." if counted == "float32" else ".")
        )
    return loop.regime.sizes(generations)


def _power(value: int) -> int:
    """The power of two next below, at least one."""
    return 1 << (max(1, value).bit_length() - 1)


def _in_flight(calls: int, chunk: int | None, width: int, devices: int, fit: float) -> int:
    """Calls to run at a time: as asked for, else one for each processor core that no other device
    uses, as far as the memory allows."""
    if chunk is not None:
        return min(calls, -(-chunk // (width * devices)))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    at_once = max(1, (cores or 1) // devices) if jax.default_backend() == "cpu" else 2
    return max(1, min(calls, at_once, int(fit // devices)))


def _lanes(sizes: np.ndarray) -> np.ndarray:
    """Draws of generations 0, 1, ..., of which the first has none."""
    return _padded(np.concatenate([[0], sizes]), 16)


def _padded(sizes: np.ndarray, least: int) -> np.ndarray:
    """Sizes of unused generations up to a power of two, so that few lengths are ever compiled."""
    length = max(least, 1 << (len(sizes) - 1).bit_length())
    return np.pad(sizes, (0, length - len(sizes)))


def _check_memory(
    budget: float, per_block: int, blocks: int, devices: int, width: int, kept: int
) -> None:
    needed = per_block * blocks + kept
    if needed <= budget:
        return
    if kept > max(per_block, budget - per_block):
        raise ValueError(
            f"`memory` of {budget:.3g} bytes does not hold the values kept for trajectories or quantiles "
            f"({kept:.3g} bytes) and a block of chains ({per_block:.3g}); record fewer generations or "
            "observables, want quantiles of fewer, or raise it."
        )
    fit = max(0, int((budget - kept) // (per_block * devices))) * devices
    least = math.ceil(per_block * devices + kept)
    advice = f"`chunk={fit * width}` would fit" if fit else f"raise it to {least:,} bytes or more"
    raise ValueError(
        f"`memory` of {budget:.3g} bytes does not hold the blocks in flight, {blocks} of "
        f"{per_block:.3g} bytes; {advice}."
    )
