"""Run the open models in PySD and store it: ``python -m tests.store_open_models [part of name]``.

Each model runs on its defaults and on three random draws of its constants. Stored values are
keyed by a digest of the model's files: after a change the tests fail with this command.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.program.final_time import settled
from sdengine.program.lower import lower
from sdengine.syntax import Model, fold
from sdensemble import SDError, read_model
from tests.open_models import CLOCK, Row, column, digest, euler, rows

DRAWS = 3
LONG = 500  # saved times above which only some are kept
KEPT = 100
DRAW_STEPS = 300


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for row in rows():
        if wanted in row.name:
            store(row)


def store(row: Row) -> None:
    """Run one model in PySD and store what it gives."""
    row.stored.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy = Path(folder) / "model"
        shutil.copytree(row.path.parent, copy)
        reader = _reader(copy / row.path.name)
        runs = [_run(reader, {}, None)]
        try:
            model = euler(read_model(row.path))
            settable = lower(settled(model)).settable
        except SDError as error:
            print(f"{row.name}: defaults only: {error}")
        else:
            runs += _draws(row, model, settable, reader)
    _save(row, runs)


def _reader(path: Path) -> Any:
    import pysd

    return (pysd.read_vensim if path.suffix.lower() == ".mdl" else pysd.read_xmile)(str(path))


def _draws(row: Row, model: Model, settable: frozenset[str], reader: Any) -> list[Any]:
    import zlib

    rng = np.random.default_rng(zlib.crc32(row.name.encode()))
    names = sorted(v.name for v in model.constants() if v.name in settable and "·" not in v.name)
    if not names:
        return []
    runs = []
    for _ in range(DRAWS):
        drawn = {
            name: np.asarray(model[name].value) * rng.uniform(0.8, 1.25, model[name].value.shape)  # type: ignore[union-attr]
            for name in names
        }
        try:
            runs.append(_run(reader, drawn, model))
        except Exception as error:
            print(f"{row.name}: a draw does not run in PySD: {type(error).__name__} {error}"[:200])
    return runs


def _run(reader: Any, drawn: dict[str, NDArray[np.float64]], model: Model | None) -> Any:
    """Return (constants, steps between stored times, frame) of one run."""
    options: dict[str, Any] = {}
    if model is not None:
        options["params"] = {name: _labelled(model, name, value) for name, value in drawn.items()}
        clock = model.clock
        saves = min(clock.steps, DRAW_STEPS) // clock.save_every
        options["final_time"] = clock.start + saves * clock.save_every * clock.step
    frame = reader.run(reload=True, **options)
    every = -(-len(frame) // KEPT) if len(frame) > LONG else 1
    return drawn, every, frame.iloc[::every]


def _labelled(model: Model, name: str, value: NDArray[np.float64]) -> Any:
    import xarray as xr

    variable = model[name]
    if not variable.dims:
        return float(value)
    coords = {dim: list(model.elements(dim)) for dim in dict.fromkeys(variable.dims)}
    return xr.DataArray(value, coords, list(variable.dims))


def _save(row: Row, runs: list[Any]) -> None:
    import pysd

    names = [name for name in runs[0][2].columns if fold(re.sub(r"\[.*", "", name)) not in CLOCK]
    arrays: dict[str, NDArray[np.float64]] = {}
    facts = []
    for number, (drawn, every, frame) in enumerate(runs):
        arrays[f"values{number}"] = (
            np.stack([np.asarray(frame[name], float) for name in names], axis=1)
            if names
            else np.empty((len(frame), 0))
        )
        for i, (_, value) in enumerate(drawn.items()):
            arrays[f"{number}-{i}"] = value
        facts.append({"constants": list(drawn), "every": every, "steps": len(frame)})
    told = {
        "digest": digest(row.path),
        "pysd": pysd.__version__,
        "columns": [column(name) for name in names],
        "runs": facts,
    }
    np.savez_compressed(row.stored, facts=json.dumps(told), **arrays)
    print(f"{row.name}: {len(runs)} runs, {len(names)} columns")


if __name__ == "__main__":
    main()
