"""PySD as the oracle: run a model file with it and hold a kernel's values against its own."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdensemble.kernel.compile import Kernel
from sdensemble.kernel.inputs import Held
from sdensemble.model.types import Kind, Model

RELATIVE = 1e-9  # of the largest value in a column
OF_UNIT = 1e-12  # of the largest value of any stock or flow with the same unit


def run_pysd(
    model: Model,
    *,
    constants: Mapping[str, NDArray[np.float64]] | None = None,
    held: Mapping[str, Held] | None = None,
    steps: int,
) -> dict[str, NDArray[np.float64]]:
    """Return every variable at every step, shape (time, *dims).

    PySD writes a Python file beside the model it reads, so it is given a copy.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"model{model.path.suffix}"
        shutil.copy(model.path, copy)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = _simulate(copy, model, constants or {}, held or {}, steps)
    columns = _by_name(frame)
    out = {}
    for name, variable in model.variables.items():
        if variable.kind is not Kind.LOOKUP:
            out[name] = _gather(model, name, columns, len(frame))
    return out


def _simulate(path: Path, model: Model, constants: Any, held: Any, steps: int) -> Any:
    import pysd

    reader = pysd.read_vensim if path.suffix == ".mdl" else pysd.read_xmile
    oracle = reader(str(path))
    clock = model.clock
    params: dict[str, Any] = {}
    for name, value in constants.items():
        params[name] = _labelled(model, name, value)
    for name, series in held.items():
        params[name] = _series(oracle, model, name, series)
    every = [v.name for v in model.variables.values() if v.kind is not Kind.LOOKUP]
    return oracle.run(
        params=params,
        final_time=clock.start + steps * clock.step,
        saveper=clock.step,
        return_columns=every,
    )


def _labelled(model: Model, name: str, value: Any) -> Any:
    import xarray as xr

    variable = model[name]
    if not variable.dims:
        return float(np.asarray(value))
    coords = {dim: list(model.elements(dim)) for dim in variable.dims}
    return xr.DataArray(np.asarray(value, float), coords, list(variable.dims))


def _series(oracle: Any, model: Model, name: str, series: Held) -> Any:
    """Return a callable that holds each value until the next."""
    values = [_labelled(model, name, value) for value in series.values]
    before = _labelled(model, name, model[name].value)

    def current() -> Any:
        at = int(np.searchsorted(series.times, oracle.time() + 1e-9, side="right")) - 1
        return values[at] if at >= 0 else before

    return current


def _by_name(frame: Any) -> dict[str, NDArray[np.float64]]:
    return {
        column.replace(", ", ",").replace('"', ""): np.asarray(frame[column], float)
        for column in frame.columns
    }


def _gather(model: Model, name: str, columns: Any, times: int) -> NDArray[np.float64]:
    variable = model[name]
    shape = model.shape(variable)
    out = np.empty((times, *shape))
    for index in np.ndindex(*shape):
        elements = [model.elements(d)[i] for d, i in zip(variable.dims, index, strict=True)]
        key = f"{name}[{','.join(elements)}]" if elements else name
        out[(slice(None), *index)] = columns[key.replace('"', "")]
    return out


def disagreements(
    model: Model,
    kernel_values: Mapping[str, NDArray[np.float64]],
    oracle_values: Mapping[str, NDArray[np.float64]],
) -> list[str]:
    """Return one line for each variable outside the norm; shapes (time, *dims)."""
    largest: dict[str, float] = {}
    for name, variable in model.variables.items():
        if name in oracle_values:
            size = float(np.abs(oracle_values[name]).max(initial=0.0))
            largest[variable.unit] = max(largest.get(variable.unit, 0.0), size)
    found = []
    for name, expected in oracle_values.items():
        actual = kernel_values[name]
        column = np.abs(expected).max(axis=0, initial=0.0)
        allowed = RELATIVE * column + OF_UNIT * largest[model[name].unit]
        excess = np.abs(actual - expected) - allowed
        if not (excess <= 0).all():
            found.append(
                f"{name}: off by {np.abs(actual - expected).max():.3g} of {column.max():.3g}"
            )
    return found


def run_kernel(
    kernel: Kernel,
    *,
    constants: Mapping[str, NDArray[np.float64]] | None = None,
    held: Mapping[str, Held] | None = None,
    steps: int,
) -> dict[str, NDArray[np.float64]]:
    """Return the same as ``run_pysd`` from a kernel."""
    names = [n for n, v in kernel.model.variables.items() if v.kind is not Kind.LOOKUP]
    run = kernel.run(constants, held, report=names, steps=steps, every=1)
    return {name: values[..., 0] for name, values in run.values.items()}
