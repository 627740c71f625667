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
from netCDF4 import Dataset, Variable

from sdengine.errors import Message
from sdensemble.inputs.sealed import reading, seal
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
    try:
        with Dataset(path, "w", format="NETCDF4") as file:
            for name, size in dataset.sizes.items():
                file.createDimension(dims[str(name)], size)
            for name in map(str, dataset.coords):
                held = dataset.variables[name]
                kind = str if held.dtype.kind in "OU" else held.dtype
                _made(file, dims[name], held, dims, kind)[:] = held.values.astype(kind)
            for name, safe in names.items():
                held = dataset.variables[name]
                if asked is None:
                    made = _write_all(file, safe, held, dims, double)
                else:
                    made = _write_asked(file, safe, held, dims, asked[name])
                made.setncatts({**held.attrs, "long_name": name, **_standard_unit(held.attrs)})
            further = [dims[str(name)] for name in dataset.coords if name not in dataset.dims]
            file.setncatts(
                {
                    **{str(key): _plain(value) for key, value in dataset.attrs.items()},
                    "Conventions": "CF-1.11",
                    "comment": "" if double else COMMENT,
                    NAMES: json.dumps({safe: n for n, safe in dims.items()}, ensure_ascii=False),
                    "coordinates": " ".join(further),
                }
            )
        seal(path)
    except RuntimeError as error:  # HDF5 says no more than "HDF error" when a write fails
        full = shutil.disk_usage(path.parent).free < 1_000_000
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, f"{path.name}: {error}") from error


def read_ensemble(path: Path) -> xr.Dataset:
    """Return an ensemble as it was written, under the model's own names."""
    import xarray as xr

    def told(error: Exception) -> Message:
        return Message("{file}: not readable as an ensemble: {error}", file=path, error=error)

    with reading(path, told), xr.open_dataset(path, engine="netcdf4") as opened:
        return _renamed(opened.load())


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


def _standard_unit(attrs: Mapping[str, object]) -> dict[str, object]:
    return {"units": attrs["unit"]} if "unit" in attrs else {}


def _plain(value: object) -> object:
    """Return an attribute NetCDF can hold: texts and numbers as they are, the rest as JSON."""
    if isinstance(value, (str, int, float, np.generic)):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _write_all(
    file: Dataset, name: str, held: xr.Variable, dims: Mapping[str, str], double: bool
) -> Variable:
    single = held.ndim > 3 and not double and held.dtype.kind == "f"
    made = _made(file, name, held, dims, np.dtype(np.float32) if single else held.dtype)
    made[:] = held.values
    return made


def _write_asked(
    file: Dataset, name: str, held: xr.Variable, dims: Mapping[str, str], stored: Stored
) -> Variable:
    """Write the cells of a variable that are stored; the others are read as NaN."""
    held = held.transpose("scenario", "member", "year", ...)
    array, kind = held.values, np.dtype(np.float64 if stored.exact.any() else np.float32)
    chunk = (*array.shape[:2], *(1,) * stored.cells.ndim)
    packed = {"compression": "zlib", "complevel": 1, "chunksizes": chunk}
    made = _made(file, name, held, dims, kind, **packed, fill_value=np.nan)
    for cell in map(tuple, np.argwhere(stored.cells)):
        place = (slice(None), slice(None), *cell)
        made[place] = array[place] if stored.exact[cell] else array[place].astype(np.float32)
    return made


def _made(
    file: Dataset, name: str, held: xr.Variable, dims: Mapping[str, str], kind: Any, **how: Any
) -> Variable:
    """Return a new variable of a file with the dimensions of another, by their safe names."""
    how = {"fill_value": False, **how}
    return file.createVariable(name, kind, [dims[str(dim)] for dim in held.dims], **how)


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
