"""The run: what a simulation found, and how it was made."""

import dataclasses
import importlib.util
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from modelcollapse.sims.moments import Moments
from modelcollapse.sims.observe import column_names
from modelcollapse.sims.quantiles import quantile
from modelcollapse.theory import Loop
from modelcollapse.theory.observables import AbstractObservable
from modelcollapse.theory.plain import decode, encode

_MOMENTS = ("mean", "variance", "skewness", "kurtosis", "minimum", "maximum")


@dataclasses.dataclass(frozen=True)
class Run:
    """The result of a simulation: streamed statistics of its observables over chains.

    `data` is an `xarray.Dataset` over `generation` (those recorded) and `column` (the components of
    the observables), with the moments `mean`, `variance`, `skewness`, `kurtosis` (excess), the
    extremes, the histogram behind the quantiles and, if asked for, the `trajectory` of every chain.
    Its attributes say how the run was made.
    """

    loop: Loop
    observables: tuple[AbstractObservable, ...]
    data: xr.Dataset

    @property
    def chains(self) -> int:
        """The number of independent chains."""
        return int(self.data.attrs["chains"])

    @property
    def generations(self) -> np.ndarray:
        """The recorded generations, int64."""
        return self.data["generation"].values.astype(np.int64)

    def moments(self, column: str, generation: int) -> Moments:
        """Moments of one column over chains at one recorded generation.

        Raises `KeyError` for a column or generation that was not recorded."""
        if column not in self.data["column"] or generation not in self.data["generation"]:
            kept = ", ".join(self.data["column"].values)
            raise KeyError(
                f"this run did not record column {column!r} at generation {generation!r}; "
                f"its columns are {kept}."
            )
        cell = self.data.sel(column=column, generation=generation)
        return Moments(float(self.chains), *(cell[name].item() for name in _MOMENTS))

    def mean(self, observable: AbstractObservable) -> np.ndarray:
        """Means over chains: float64, shape `(recorded,)`, or `(recorded, components)`."""
        return self._read("mean", observable)

    def standard_error(self, observable: AbstractObservable) -> np.ndarray:
        """Standard errors of the means, estimated from the chains; shaped like `mean`."""
        spread = np.maximum(self._read("variance", observable), 0)
        return np.sqrt(spread / max(self.chains - 1, 1))

    def quantile(self, observable: AbstractObservable, q: float) -> np.ndarray:
        """The quantile at level `q` over chains; shaped like `mean`.

        Linear within one of 128 bins, set by the chains' own quantiles (the first block's, if all chains are
        counted): 1/96 of them each, and ever fewer towards the ends, where the last edge stands for all
        beyond. Of as many chains as `data.attrs["quantile_chains"]` says (see `simulate`'s `quantiles`);
        NaN at generations without.

        Raises `ValueError` for a level outside [0, 1], or if the run kept no quantiles."""
        if not self.data["histogram"].values.any():
            raise ValueError("this run kept no quantiles; use `simulate(..., quantiles=[...])`.")
        columns = self._columns(observable)
        bins = self.data.sel(column=list(columns))
        values = quantile(bins["edge"].values, bins["histogram"].values.astype(np.int64), q)
        return values if observable.labels(self.loop.truth) != ("",) else values[:, 0]

    def trajectory(self, observable: AbstractObservable) -> np.ndarray:
        """Every chain's values, shape `(chains, recorded)` or `(chains, recorded, components)`.

        Raises `ValueError` if the run kept none (`simulate(..., trajectories=True)`)."""
        if "trajectory" not in self.data:
            raise ValueError(
                "this run kept no trajectories; use `simulate(..., trajectories=True)`."
            )
        return self._read("trajectory", observable)

    def _columns(self, observable: AbstractObservable) -> tuple[str, ...]:
        if not isinstance(observable, AbstractObservable):
            raise TypeError(
                f"`observable` must be an observable such as {self.observables[0]!r}; got {observable!r}."
            )
        if observable not in self.observables:
            kept = ", ".join(o.name for o in self.observables)
            raise ValueError(f"this run did not observe {observable.name}; it observed {kept}.")
        return observable.columns(self.loop.truth)

    def _read(self, name: str, observable: AbstractObservable) -> np.ndarray:
        values = self.data[name].sel(column=list(self._columns(observable))).values
        return values if observable.labels(self.loop.truth) != ("",) else values[..., 0]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the run as netCDF, whole or not at all. Returns the path.

        With h5netcdf and h5py if they are installed (extra `data`), else as netCDF 3 through SciPy."""
        path = Path(path)
        modern = all(importlib.util.find_spec(name) for name in ("h5netcdf", "h5py"))
        engine = "h5netcdf" if modern else "scipy"
        arrays: dict[str, np.ndarray] = {}
        last = int(self.generations[-1])
        told = {
            "loop": json.dumps(encode(self.loop, last, arrays)),
            "observables": json.dumps([encode(o, last, arrays) for o in self.observables]),
        }
        data = self.data.assign_attrs(told)
        data["column"] = np.arange(data.sizes["column"], dtype=np.int32)
        data["generation"] = data["generation"].astype(np.int32)
        for name, array in arrays.items():
            data[name] = (f"{name}_axis", array)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saving-") as folder:
            draft = Path(folder) / "run.nc"
            data.to_netcdf(draft, engine=engine)
            os.replace(draft, path)
        return path

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "Run":
        """Read a run that `save` wrote."""
        with xr.open_dataset(path) as opened:
            data = opened.load()
        arrays = {str(name): data[name].values for name in data if str(name).startswith("array_")}
        loop = decode(json.loads(data.attrs["loop"]), arrays)
        observables = tuple(decode(o, arrays) for o in json.loads(data.attrs["observables"]))
        data = data.drop_vars(list(arrays))
        data.attrs = {k: v for k, v in data.attrs.items() if k not in ("loop", "observables")}
        data["column"] = list(column_names(observables, loop.truth))
        data["generation"] = data["generation"].astype(np.int64)
        return Run(loop, observables, data)

    def __repr__(self) -> str:
        truth, regime = type(self.loop.truth).__name__, type(self.loop.regime).__name__
        return (
            f"Run({truth} under {regime}: {self.chains} chains, {self.generations[-1]} generations, "
            f"{len(self.observables)} observables)"
        )
