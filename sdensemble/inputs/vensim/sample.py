"""Samples of constants: a header of names, then a row for each member."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Problems, SDError
from sdengine.model.dataset import refuse_closed
from sdensemble.inputs.config import short
from sdensemble.inputs.vensim.text import number, read_text, split_name

TOLD = 20
"""Cells named in one message; a file that is wrong throughout need not be told line by line."""


@dataclass(frozen=True, eq=False)
class Sample:
    """``columns`` are (name, element); ``values`` has shape (row, column).

    NaN stands above the first value of a column that begins with blanks: there the model's own
    value holds. ``where`` is the file and its header's line.
    """

    columns: tuple[tuple[str, str], ...]
    values: NDArray[np.float64]
    where: str


def read_sample(path: Path) -> Sample:
    """Return a sample: parted by tabs, as Vensim writes it, or by commas.

    A blank cell repeats the value above it, as in Vensim.
    """
    path = Path(path)
    refuse_closed(path)
    text = read_text(path)
    first = text.split("\n", 1)[0]
    cells = csv.reader(text.split("\n"), delimiter="\t" if "\t" in first else ",")
    try:
        rows = [(n, row) for n, row in enumerate(cells, start=1) if any(c.strip() for c in row)]
    except csv.Error as error:
        raise SDError("{file}: is no table — {error}", file=short(path), error=error) from None
    if len(rows) < 2:
        told = "{file}: needs a header of constants and a row for each member"
        raise SDError(told, file=short(path))
    found = Problems()
    where = f"{short(path)} line {rows[0][0]}"
    columns = _columns(rows[0][1], where, found)
    values = np.full((len(rows) - 1, len(columns)), np.nan)
    for i, (line, row) in enumerate(rows[1:]):
        values[i] = values[i - 1] if i else np.nan
        _fill(values[i], row, f"{short(path)} line {line}", found)
        if len(found.lines) >= TOLD:
            break
    found.raise_if_any()
    return Sample(columns, values, where)


def _columns(header: list[str], where: str, found: Problems) -> tuple[tuple[str, str], ...]:
    while header and not header[-1].strip():
        header = header[:-1]
    columns = []
    for cell in header:
        name = split_name(cell)
        if name is None or number(cell) is not None:
            found.add(where, '"{name}" is no name of a constant', name=cell)
        columns.append(name or ("", ""))
    return tuple(columns)


def _fill(into: NDArray[np.float64], row: list[str], where: str, found: Problems) -> None:
    if any(cell.strip() for cell in row[into.size :]):
        found.add(where, "has {n} cells under {of} names", n=len(row), of=into.size)
    for j, cell in enumerate(row[: into.size]):
        if not cell.strip():
            continue
        value = number(cell)
        if value is None:
            told = 'column {column}: "{value}" is no number'
            found.add(where, told, column=j + 1, value=cell.strip())
        else:
            into[j] = value
