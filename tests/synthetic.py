"""Runs without an engine: any numbers asked for, in the form that `simulate` returns."""

import numpy as np
import xarray as xr

from modelcollapse.sims import Run
from modelcollapse.sims.quantiles import BINS, COUNTS
from modelcollapse.sims.run import column_names


def synthetic_run(plan, seed=0):
    """A run of the plan whose means are random positive numbers, with small errors."""
    rng = np.random.default_rng(seed)
    generations = np.asarray(plan.record)
    names = column_names(tuple(plan.observables), plan.loop.truth)
    shape = (len(generations), len(names))
    mean = rng.uniform(0.2, 0.9, shape)
    axes = ("generation", "column")
    edge = mean[..., None] + np.linspace(-0.1, 0.1, BINS + 1)
    data = {
        "mean": (axes, mean),
        "variance": (axes, np.full(shape, 1e-4 * plan.chains)),
        "skewness": (axes, np.zeros(shape)),
        "kurtosis": (axes, np.zeros(shape)),
        "minimum": (axes, mean - 0.1),
        "maximum": (axes, mean + 0.1),
        "edge": ((*axes, "edge_number"), edge),
        "histogram": ((*axes, "bin"), np.ones((*shape, COUNTS))),
    }
    attributes = {
        "chains": plan.chains,
        "seed": "[0, 0]",
        "dtype": "float64",
        "path": "Synthetic",
        "wall_seconds": 0.5,
        "versions": '{"python": "3"}',
        "device": "none",
        "backend": "none",
    }
    coordinates = {"generation": generations, "column": list(names)}
    return Run(plan.loop, tuple(plan.observables), xr.Dataset(data, coordinates, attributes))
