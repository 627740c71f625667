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

Series = dict[str, NDArray[np.float64]]

RELATIVE = 1e-9  # of the largest value in a column
OF_UNIT = 1e-12  # of the largest value of any stock or flow with the same unit


class Oracle:
    """A model loaded by PySD. PySD writes beside the file it reads, so it is given a copy."""

    def __init__(self, model: Model):
        import pysd

        self.model = model
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / f"model{model.path.suffix}"
            shutil.copy(model.path, copy)
            reader = pysd.read_vensim if copy.suffix == ".mdl" else pysd.read_xmile
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.pysd = reader(str(copy))

    def run(
        self,
        *,
        constants: Mapping[str, NDArray[np.float64]] | None = None,
        held: Mapping[str, Held] | None = None,
        steps: int,
    ) -> Series:
        """Return every variable at every step, shape (time, *dims), for one member."""
        # PySD keeps a whole number of the file as an integer and then truncates the state of a
        # SMOOTH or DELAY that starts from it, so every constant is handed over as a float.
        params: dict[str, Any] = {
            v.name: self._labelled(v.name, v.value) for v in self.model.constants()
        }
        for name, value in (constants or {}).items():
            params[name] = self._labelled(name, value)
        for name, series in (held or {}).items():
            params[name] = self._series(name, series)
        clock = self.model.clock
        names = [v.name for v in self.model.variables.values() if v.kind is not Kind.LOOKUP]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = self.pysd.run(
                params=params,
                final_time=clock.start + steps * clock.step,
                saveper=clock.step,
                return_columns=names,
            )
        columns = {
            str(column).replace(", ", ",").replace('"', ""): np.asarray(frame[column], float)
            for column in frame.columns
        }
        return {name: self._gather(name, columns, len(frame)) for name in names}

    def _labelled(self, name: str, value: Any) -> Any:
        import xarray as xr

        variable = self.model[name]
        if not variable.dims:
            return float(np.asarray(value))
        coords = {dim: list(self.model.elements(dim)) for dim in variable.dims}
        return xr.DataArray(np.asarray(value, float), coords, list(variable.dims))

    def _series(self, name: str, series: Held) -> Any:
        """Return a callable that holds each value until the next."""
        values = [self._labelled(name, value) for value in series.values]
        before = self._labelled(name, self.model[name].value)

        def current() -> Any:
            at = int(np.searchsorted(series.times, self.pysd.time() + 1e-9, side="right")) - 1
            return values[at] if at >= 0 else before

        return current

    def _gather(self, name: str, columns: Any, times: int) -> NDArray[np.float64]:
        variable = self.model[name]
        shape = self.model.shape(variable)
        out = np.empty((times, *shape))
        for index in np.ndindex(*shape):
            elements = [
                self.model.elements(d)[i] for d, i in zip(variable.dims, index, strict=True)
            ]
            key = f"{name}[{','.join(elements)}]" if elements else name
            out[(slice(None), *index)] = columns[key.replace('"', "")]
        return out


def disagreements(model: Model, found: Series, expected: Series) -> list[str]:
    """Return one line for each variable outside the norm; shapes (time, *dims)."""
    largest: dict[str, float] = {}
    for name, values in expected.items():
        unit = model[name].unit
        largest[unit] = max(largest.get(unit, 0.0), float(np.abs(values).max(initial=0.0)))
    lines = []
    for name, values in expected.items():
        column = np.abs(values).max(axis=0, initial=0.0)
        off = np.abs(found[name] - values)
        if not (off <= RELATIVE * column + OF_UNIT * largest[model[name].unit]).all():
            lines.append(f"{name}: off by {np.nanmax(off):.3g} of {np.max(column):.3g}")
    return lines


def run_kernel(
    kernel: Kernel,
    *,
    constants: Mapping[str, NDArray[np.float64]] | None = None,
    held: Mapping[str, Held] | None = None,
    steps: int,
    every: int = 1,
) -> Series:
    """Return every variable, shape (time, *dims), for one member, from a kernel."""
    names = [n for n, v in kernel.model.variables.items() if v.kind is not Kind.LOOKUP]
    run = kernel.run(constants, held, report=names, steps=steps, every=every)
    return {name: values[..., 0] for name, values in run.values.items()}
