"""An ensemble as NetCDF and back: safe names in the file, the model's own names on reading."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from netCDF4 import Dataset

from sdengine.errors import Message, SDError
from sdensemble.lang import LANGS

if TYPE_CHECKING:
    import xarray as xr

from sdensemble.results.asked import ASKED, Stored
from sdensemble.results.results import Results

NAMES = "sdensemble_names"
"""Global attribute: JSON object of safe dimension and coordinate names → names."""

COMMENT = "Single precision has 7 digits; of series in double every digit is stored."


def write_ensemble(
    path: Path,
    dataset: xr.Dataset,
    *,
    double: bool = False,
    asked: Mapping[str, Stored] | None = None,
) -> None:
    """Write a labelled ensemble as NetCDF-4.

    Variables get ASCII names and keep the model's name in ``long_name``. Series with a range
    are stored in single precision, scalars (with ``double`` everything) in double. Of what is
    ``asked`` alone, chunks of one element and year are compressed, and those left out are not
    written at all; otherwise nothing is compressed: zstd saves a tenth of such noise and ties the
    file to a plug-in, zlib costs more than the simulation.
    Raises OSError when the disk is full.
    """
    if asked is not None:
        dataset = dataset[[str(name) for name in dataset.data_vars if str(name) in asked]]
        dataset = dataset.assign_attrs(keep=ASKED)
    dims = safe_names([str(name) for name in (*dataset.dims, *dataset.coords)])
    names = safe_names([str(name) for name in dataset.data_vars], taken=dims.values())
    renamed = dataset.rename({**dims, **names})
    for original, safe in names.items():
        renamed[safe].attrs = {**dataset[original].attrs, "long_name": original}
        _standard_unit(renamed[safe].attrs)
    renamed.attrs = {
        **{key: _plain(value) for key, value in dataset.attrs.items()},
        "Conventions": "CF-1.11",
        "comment": "" if double else COMMENT,
        NAMES: json.dumps({safe: name for name, safe in dims.items()}, ensure_ascii=False),
    }
    try:
        renamed.drop_vars(names.values()).to_netcdf(path, engine="netcdf4", format="NETCDF4")
        with Dataset(path, "a") as file:
            for name, safe in names.items():
                if asked is None:
                    _write_all(file, safe, renamed[safe], double)
                else:
                    _write_asked(file, safe, renamed[safe], asked[name])
    except RuntimeError as error:  # HDF5 says no more than "HDF error" when a write fails
        full = shutil.disk_usage(path.parent).free < 1_000_000
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, f"{path.name}: {error}") from error


def read_ensemble(path: Path) -> xr.Dataset:
    """Return an ensemble as it was written, under the model's own names."""
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="netcdf4") as opened:
            return _renamed(opened.load())
    except MemoryError:
        raise
    except Exception as error:  # a damaged file may raise whatever its libraries meet
        raise SDError(
            Message("{file}: not readable as an ensemble: {error}", file=path, error=error)
        ) from error


def _renamed(stored: xr.Dataset) -> xr.Dataset:
    """Return a dataset read from a file under the model's own names."""
    dims = json.loads(stored.attrs.pop(NAMES, "{}"))
    names = {safe: stored[safe].attrs.pop("long_name", safe) for safe in stored.data_vars}
    for safe in stored.data_vars:
        stored[safe].attrs.pop("units", None)
    for key in ("Conventions", "comment"):
        stored.attrs.pop(key, None)
    return stored.rename({**dims, **names})


def safe_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return name → ASCII identifier, each different, in the order given.

    >>> safe_names(["water level", "产值", "water_level"])
    {'water level': 'water_level', '产值': 'v', 'water_level': 'water_level_2'}
    """
    used, found = set(taken), dict[str, str]()
    for name in names:
        if name in found:
            continue
        stem = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_") or "v"
        stem = stem if stem[0].isalpha() else f"v_{stem}"
        candidate, count = stem, 1
        while candidate in used:
            count += 1
            candidate = f"{stem}_{count}"
        used.add(candidate)
        found[name] = candidate
    return found


def _standard_unit(attrs: dict[str, object]) -> None:
    if "unit" in attrs:
        attrs["units"] = attrs["unit"]


def _plain(value: object) -> object:
    """Return an attribute NetCDF can hold: texts and numbers as they are, the rest as JSON."""
    if isinstance(value, (str, int, float, np.generic)):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _write_all(file: Dataset, name: str, variable: xr.DataArray, double: bool) -> None:
    single = variable.ndim > 3 and not double and variable.dtype.kind == "f"
    kind = np.dtype(np.float32) if single else variable.dtype
    _made(file, name, variable, kind, fill_value=False)[:] = variable.values


def _write_asked(file: Dataset, name: str, variable: xr.DataArray, stored: Stored) -> None:
    """Write the cells of a variable that are stored; the others are read as NaN."""
    array = variable.transpose("scenario", "member", "year", ...)
    kind = np.dtype(np.float64 if stored.exact.any() else np.float32)
    chunk = (*array.shape[:2], *(1,) * stored.cells.ndim)
    packed = {"compression": "zlib", "complevel": 1, "chunksizes": chunk, "fill_value": np.nan}
    made = _made(file, name, array, kind, **packed)
    for cell in map(tuple, np.argwhere(stored.cells)):
        place = (slice(None), slice(None), *cell)
        values = array.values[place]
        made[place] = values if stored.exact[cell] else values.astype(np.float32)


def _made(file: Dataset, name: str, variable: xr.DataArray, kind: Any, **how: Any) -> Any:
    """Return a new variable of a file with the dimensions and attributes of another."""
    dims = tuple(map(str, variable.dims))
    for dim, size in zip(dims, variable.shape, strict=True):
        if dim not in file.dimensions:
            file.createDimension(dim, size)
    made = file.createVariable(name, kind, dims, **how)
    made.setncatts(variable.attrs)
    return made


def label_dataset(results: Results) -> xr.Dataset:
    """Return the dataset with titles of scenarios and labels of elements as coordinates."""
    data = results.data
    titles = {str(s.name): s.title for s in results.scenarios}
    names = [str(name) for name in data["scenario"].values]
    added: dict[str, tuple[str, list[str]]] = {}
    for lang in LANGS:
        added[f"scenario_{lang}"] = "scenario", [titles.get(n, {}).get(lang, n) for n in names]
        for dim in map(str, data.dims):
            if dim in results.model.ranges and dim in data.coords:
                elements = map(str, data[dim].values)
                label = results.model.element_label
                added[f"{dim}_{lang}"] = dim, [label(dim, name, lang) for name in elements]
    return data.assign_coords(added)
