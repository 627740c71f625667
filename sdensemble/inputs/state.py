"""A run's state in a file: what a later run starts from to go on where this one ended."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from sdengine.errors import SDError
from sdengine.program.held import State
from sdensemble.inputs.folder import whole_file

_ARRAYS = ("slots", "values", "history", "ids")


def write_state(path: Path, state: State) -> None:
    """Write a state whole or not at all, as an .npz of plain arrays."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(
            file,
            digest=np.array(state.digest),
            step=np.array(state.step),
            **{key: getattr(state, key) for key in _ARRAYS},
        )


def read_state(path: Path) -> State:
    """Return the state a file holds; raise SDError where it holds none."""
    if not path.is_file():
        raise SDError("--from-state {file}: no such file", file=path.name)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in _ARRAYS}
            state = State(str(file["digest"]), int(file["step"]), **arrays)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file may raise whatever zip, zlib or NumPy meet
        told = "--from-state {file}: this is no stored state ({error})"
        raise SDError(told, file=path.name, error=error) from None
    fields = [field.name for field in dataclasses.fields(State)]
    assert set(fields) == {"digest", "step", *_ARRAYS}
    return state
