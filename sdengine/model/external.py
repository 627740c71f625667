"""Numbers a model reads from files beside it: GET XLS and GET DIRECT data, lookups, constants.

A file is read as plain cells: nothing in it is executed, and only spreadsheets and delimited
text are opened. A cell that holds no number counts as missing: a point without a place on its
axis is left out, and so is a point without a value, as in Vensim.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError
from sdengine.model.cells import (
    SHEETS,
    TEXTS,
    OutsideError,
    cells_of,
    column_of,
    digest_of,
    numbers,
    require_small,
    split_cell,
    text_of,
)
from sdengine.model.dataset import refuse_closed
from sdengine.syntax import Expr

Points = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Source(Expr):
    """A place in a file, until its numbers are read.

    ``kind`` is "data", "lookups" or "constants"; ``across`` is the row, column or cell range of
    times or x values; ``cell`` the first cell of the values, or the name of a cell range. ``texts``
    are the arguments as written, where a subscript range is read.
    """

    kind: str
    file: str
    tab: str
    across: str
    cell: str
    texts: tuple[str, ...] = ()


@dataclass
class Outside:
    """Reads cells from the files beside a model and remembers which files it read."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    _grids: dict[tuple[str, str], NDArray[np.object_]] = field(default_factory=dict)

    def points(self, source: Source, size: int) -> list[Points]:
        """Return ``size`` series (x, y), ascending in x, of numbers only."""
        x, y = self._columns(source, size)
        keep = ~np.isnan(x)
        x, y = x[keep], y[keep]
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        if (np.diff(x) == 0).any():
            raise OutsideError(
                Message("{place}: a time or x value stands there twice", place=self._place(source))
            )
        out = []
        for column in y.T:
            known = ~np.isnan(column)
            if not known.any():
                raise OutsideError(Message("{place}: no numbers there", place=self._place(source)))
            out.append((x[known], column[known]))
        return out

    def raw_points(self, source: Source, size: int) -> list[Points]:
        """Return ``size`` series as ``points`` does, with NaN where a value is missing."""
        x, y = self._columns(source, size)
        keep = ~np.isnan(x)
        order = np.argsort(x[keep], kind="stable")
        return [(x[keep][order], column[keep][order]) for column in y.T]

    def constants(self, source: Source, shape: Sequence[int]) -> NDArray[np.float64]:
        """Return an array of ``shape``; a "*" after the cell's name says it stands upright."""
        upright = source.cell.endswith("*") and int(np.prod(shape)) > 1
        cell = source.cell.strip().rstrip("*")
        table = [n for n in shape if n > 1]
        if len(table) > 2:
            raise OutsideError(Message("constants from a file have at most two dimensions"))
        rows, columns = [1] * (2 - len(table)) + table
        if upright:
            rows, columns = columns, rows
        grid = self._grid(source.file, source.tab)
        start = split_cell(cell)
        if start is None:
            part = self._named(source, cell)
        else:
            part = grid[start[0] : start[0] + rows, start[1] : start[1] + columns]
        values = numbers(part)
        if values.shape != (rows, columns) or np.isnan(values).any():
            raise OutsideError(
                Message(
                    "{place}: {rows} × {columns} numbers are needed there",
                    place=self._place(source),
                    rows=rows,
                    columns=columns,
                )
            )
        return (values.T if upright else values).reshape(shape)

    def subscript(
        self, file: str, tab: str, firstcell: str, lastcell: str, prefix: str
    ) -> list[str]:
        """Return the element names GET DIRECT SUBSCRIPT reads."""
        source = Source("subscript", file, tab, "", firstcell)
        grid = self._grid(file, tab)
        start = split_cell(firstcell)
        if start is None:
            part = self._named(source, firstcell)
        else:
            end = split_cell(lastcell)
            row = end[0] if end else int(lastcell) - 1 if lastcell.isdecimal() else None
            column = end[1] if end else None if lastcell.isdecimal() else column_of(lastcell)
            part = grid[
                start[0] : None if row is None else row + 1,
                start[1] : None if column is None or not lastcell else column + 1,
            ]
        names = [prefix + text_of(value) for value in part.ravel() if text_of(value)]
        if not names:
            raise OutsideError(Message("{place}: no subscript there", place=self._place(source)))
        return names

    # ── cells ──────────────────────────────────────────────────────────────────────────────

    def _columns(self, source: Source, size: int) -> Points:
        """Return x and y (x, series) as they stand in the file, missing cells as NaN."""
        grid = numbers(self._grid(source.file, source.tab))
        start, across = split_cell(source.cell), source.across.strip()
        if start is not None and across.isdecimal():
            x = grid[int(across) - 1 : int(across), start[1] :].ravel()
            y = grid[start[0] : start[0] + size, start[1] :].T
        elif start is not None and across.isalpha() and len(across) <= 3:
            x = grid[start[0] :, column_of(across)].ravel()
            y = grid[start[0] :, start[1] : start[1] + size]
        else:
            y = numbers(self._named(source, source.cell))
            upright = numbers(self._named(source, across))
            x = upright.ravel()
            y = y if upright.shape[1] == 1 and upright.shape[0] > 1 else y.T
        if y.shape != (len(x), size) or not len(x):
            raise OutsideError(
                Message(
                    "{place}: no {size} series as long as their axis",
                    place=self._place(source),
                    size=size,
                )
            )
        return x, y

    def _place(self, source: Source) -> str:
        return f"{source.file}, {source.tab}, {source.cell}"

    def _path(self, file: str) -> Path:
        if file.startswith("?"):
            raise OutsideError(
                Message(
                    'file "{file}" stands for a name given in Vensim: write its name', file=file
                )
            )
        shown = file if len(file) <= 80 else f"{file[:80]}…"
        path = self.folder / file.replace("\\", "/")
        try:
            refuse_closed(path)
        except SDError as error:
            raise OutsideError(error.problems[0]) from None
        if path.suffix.lower() not in SHEETS + TEXTS:
            raise OutsideError(
                Message(
                    '"{shown}" is not one of {known}', shown=shown, known=", ".join(SHEETS + TEXTS)
                )
            )
        try:
            path = path if path.is_file() else _however_written(self.folder, file)
            if not path.is_file():
                raise OutsideError(Message('no file "{shown}" beside the model', shown=shown))
            inside = path.resolve().relative_to(self.folder.resolve())
        except OSError as error:
            raise OutsideError(
                Message('file "{shown}" cannot be read: {error}', shown=shown, error=error.strerror)
            ) from None
        except ValueError:
            raise OutsideError(
                Message(
                    'file "{shown}" lies outside the model\'s folder: put a copy beside the model',
                    shown=shown,
                )
            ) from None
        if inside.as_posix() not in self.files:
            self.files[inside.as_posix()] = digest_of(path)
        return path

    def _grid(self, file: str, tab: str) -> NDArray[np.object_]:
        """Return all cells of a sheet; rows and columns count from the first cell."""
        if (file, tab) not in self._grids:
            path = self._path(file)
            try:
                cells = cells_of(path, tab)
            except OutsideError:
                raise
            except Exception as error:
                what = " ".join(str(error).split())[:200] or type(error).__name__
                raise OutsideError(
                    Message('"{file}" cannot be read: {what}', file=file, what=what)
                ) from error
            self._grids[file, tab] = cells
        return self._grids[file, tab]

    def _named(self, source: Source, name: str) -> NDArray[np.object_]:
        """Return the cells of a named range, the sheet's own before the workbook's."""
        import openpyxl

        path = self._path(source.file)
        if path.suffix.lower() not in (".xlsx", ".xlsm"):
            raise OutsideError(
                Message('"{name}" is not a cell, and only .xlsx files have named ranges', name=name)
            )
        require_small(path, whole=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=False, data_only=True)
        sheets = {sheet.casefold(): sheet for sheet in book.sheetnames}
        own = sheets.get(source.tab.casefold())
        found = (book[own].defined_names.get(name) if own else None) or book.defined_names.get(name)
        places = list(found.destinations) if found is not None else []
        if len(places) != 1 or places[0][0].casefold() != source.tab.casefold():
            raise OutsideError(
                Message(
                    '{file}, {tab}: no cell range "{name}"',
                    file=source.file,
                    tab=source.tab,
                    name=name,
                )
            )
        ends = places[0][1].replace("$", "").split(":")
        first, last = split_cell(ends[0]), split_cell(ends[-1])
        if first is None or last is None:
            raise OutsideError(
                Message(
                    '{file}: cell range "{name}" is not a block of cells',
                    file=source.file,
                    name=name,
                )
            )
        grid = self._grid(source.file, source.tab)
        return grid[first[0] : last[0] + 1, first[1] : last[1] + 1]


def _however_written(folder: Path, file: str) -> Path:
    """Return the file in a folder whose name differs in small and capital letters only."""
    path = folder
    for part in file.replace("\\", "/").split("/"):
        own = path / part
        if not own.exists() and path.is_dir():
            alike = [one for one in path.iterdir() if one.name.casefold() == part.casefold()]
            own = alike[0] if len(alike) == 1 else own
        path = own
    return path
