"""The open test models: their rows, their stored PySD runs, and the names of their columns."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdengine.model.text import decode
from sdengine.syntax import Model, fold

FOLDER = Path(__file__).with_name("models")
STORED = FOLDER / "pysd"
CLOCK = ("time", "initial time", "final time", "time step", "saveper")

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Row:
    """One row of the manifest."""

    name: str
    path: Path
    canonical: Path | None
    tier: int
    rtol: float
    atol: float
    pysd: str

    @property
    def stored(self) -> Path:
        return STORED / (re.sub(r"[^\w.-]+", "-", self.name) + ".npz")


def rows() -> list[Row]:
    """Return every row of the manifest."""
    with (FOLDER / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [
            Row(
                name=row["name"],
                path=FOLDER / row["model"],
                canonical=FOLDER / row["canonical"] if row["canonical"] else None,
                tier=int(row["tier"]),
                rtol=float(row["rtol"]),
                atol=float(row["atol"]),
                pysd=row["pysd_vs_canonical"],
            )
            for row in csv.DictReader(file)
        ]


def digest(path: Path) -> str:
    """Return a hash of a model file and of every other file in its folder that it may read."""
    own = hashlib.blake2b(path.read_bytes(), digest_size=16)
    for other in sorted(path.parent.rglob("*.xls*")) + sorted(path.parent.rglob("data/*.csv")):
        own.update(other.read_bytes())
    return own.hexdigest()


@dataclass(frozen=True)
class Run:
    """One stored run of PySD: what was set, how many steps, every how many of them stored."""

    constants: Mapping[str, NDArray[np.float64]]
    steps: int
    every: int
    columns: Columns


def load(row: Row) -> list[Run]:
    """Return the stored runs of a row, defaults first; fail with the command that renews them."""
    with np.load(row.stored) as file:
        facts = json.loads(str(file["facts"]))
        assert facts["digest"] == digest(row.path), (
            f"{row.stored.name} was made for another file: "
            f"renew it with `python -m tests.store_open_models {row.name}`"
        )
        runs = []
        for number, run in enumerate(facts["runs"]):
            values = file[f"values{number}"]
            columns = {name: values[:, i] for i, name in enumerate(facts["columns"])}
            constants = {name: file[f"{number}-{i}"] for i, name in enumerate(run["constants"])}
            runs.append(Run(constants, run["steps"], run["every"], columns))
    return runs


def euler(model: Model) -> Model:
    """Return a model as PySD runs it, whatever method its file asks for."""
    return dataclasses.replace(model, clock=dataclasses.replace(model.clock, method="euler"))


def column(name: str) -> str:
    """Return a column's name "x[a, b]" as Vensim compares names."""
    found = re.match(r"^(.*?)(?:\[([^\]]*)\])?$", name.strip(), re.S)
    assert found is not None
    key = fold(found[1])
    if found[2] is not None:
        key += "[" + ",".join(fold(part) for part in found[2].split(",")) + "]"
    return key


def spread(model: Model, values: Mapping[str, NDArray[np.float64]]) -> Columns:
    """Return variables of shape (time, *dims) as one column per element."""
    out: Columns = {}
    for name, array in values.items():
        variable = model[name]
        for index in np.ndindex(*model.shape(variable)):
            elements = [
                fold(model.elements(d)[i]) for d, i in zip(variable.dims, index, strict=True)
            ]
            key = fold(name) + (f"[{','.join(elements)}]" if elements else "")
            out[key] = array[(slice(None), *index)]
    return out


def published(row: Row) -> Columns:
    """Return Vensim's or Stella's output; where a cell is empty the value is NaN."""
    assert row.canonical is not None
    text = decode(row.canonical.read_bytes())
    mark = "\t" if "\t" in text.splitlines()[0] else ","
    lines = [line for line in csv.reader(text.splitlines(), delimiter=mark) if any(line)]
    head = [column(name.strip('"')) for name in lines[0]]
    out: Columns = {}
    for i, name in enumerate(head):
        cells = [line[i].strip() if i < len(line) else "" for line in lines[1:]]
        try:
            out[name] = np.array([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            continue
    return out
