"""Numbers a model reads from files beside it: GET XLS and GET DIRECT data, lookups, constants.

A file is read as plain cells: nothing in it is executed, and only spreadsheets and delimited
text are opened. A cell that holds no number counts as missing: a point without a place on its
axis is left out, and so is a point without a value, as in Vensim.
"""

from __future__ import annotations

import csv
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError
from sdengine.limits import at_most, limit
from sdengine.model.dataset import OPEN, dat_rows, refuse_closed
from sdengine.model.workbook_size import too_large
from sdengine.syntax import Expr

SHEETS = (".xls", ".xlsx", ".xlsm")
TEXTS = (".csv", ".txt", ".tab", ".tsv")
_CELL = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]*)")

Points = tuple[NDArray[np.float64], NDArray[np.float64]]


class OutsideError(Exception):
    """What is wrong with a file or with what is asked of it, in words."""


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
        values = _numbers(part)
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
            column = end[1] if end else None if lastcell.isdecimal() else _column(lastcell)
            part = grid[
                start[0] : None if row is None else row + 1,
                start[1] : None if column is None or not lastcell else column + 1,
            ]
        names = [prefix + _text(value) for value in part.ravel() if _text(value)]
        if not names:
            raise OutsideError(Message("{place}: no subscript there", place=self._place(source)))
        return names

    # ── cells ──────────────────────────────────────────────────────────────────────────────

    def _columns(self, source: Source, size: int) -> Points:
        """Return x and y (x, series) as they stand in the file, missing cells as NaN."""
        grid = _numbers(self._grid(source.file, source.tab))
        start, across = split_cell(source.cell), source.across.strip()
        if start is not None and across.isdecimal():
            x = grid[int(across) - 1 : int(across), start[1] :].ravel()
            y = grid[start[0] : start[0] + size, start[1] :].T
        elif start is not None and across.isalpha() and len(across) <= 3:
            x = grid[start[0] :, _column(across)].ravel()
            y = grid[start[0] :, start[1] : start[1] + size]
        else:
            y = _numbers(self._named(source, source.cell))
            upright = _numbers(self._named(source, across))
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
                cells = (_sheet if path.suffix.lower() in SHEETS else _delimited)(path, tab)
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
        _require_small(path, whole=True)
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


def grid_of(path: Path, tab: str = "") -> NDArray[np.object_]:
    """Return all cells of a csv, text or spreadsheet file, of its first sheet without ``tab``;
    a dataset of Vensim in text (.dat) as a table.

    Raises SDError where it cannot be read.
    """
    refuse_closed(path)
    try:
        if path.suffix.lower() == OPEN:
            return _filled(path, dat_rows(path))
        if path.suffix.lower() not in SHEETS + TEXTS:
            raise OutsideError(
                Message(
                    '"{file}" is not one of {known}',
                    file=path.name,
                    known=", ".join((*SHEETS, *TEXTS, OPEN)),
                )
            )
        return (_sheet if path.suffix.lower() in SHEETS else _delimited)(path, tab)
    except OutsideError as error:
        raise SDError(error.args[0]) from None
    except Exception as error:
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise SDError(
            Message("{file}: cannot be read: {error}", file=path.name, error=what)
        ) from error


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


def digest_of(path: Path) -> str:
    """Return a hash of a file, empty where it cannot be read."""
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""


def split_cell(cell: str) -> tuple[int, int] | None:
    """Return (row, column), from 0, of a cell's name, or None where it is not one.

    >>> split_cell("$C$5"), split_cell("value1")
    ((4, 2), None)
    """
    found = _CELL.fullmatch(cell.strip().replace("$", ""))
    return (int(found[2]) - 1, _column(found[1])) if found else None


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _sheet(path: Path, tab: str) -> NDArray[np.object_]:
    rows = _old_rows if path.suffix.lower() == ".xls" else _rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _filled(path, rows(path, tab))


def _rows(path: Path, tab: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet of an .xlsx or .xlsm file, from the first cell on."""
    import openpyxl

    _require_small(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[_own_name(path, tab, book.sheetnames)]
        sheet.reset_dimensions()  # files say them wrongly
        yield from sheet.iter_rows(values_only=True)
    finally:
        book.close()


def _require_small(path: Path, *, whole: bool = False) -> None:
    told = too_large(path, path.name, whole=whole)
    if told is not None:
        raise OutsideError(told)


def _old_rows(path: Path, tab: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet of an .xls file, from the first cell on."""
    import xlrd

    with xlrd.open_workbook(path, on_demand=True) as book:
        sheet = book.sheet_by_name(_own_name(path, tab, book.sheet_names()))
        missing = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR)
        for row in sheet.get_rows():
            yield [None if cell.ctype in missing else cell.value for cell in row]


def _own_name(path: Path, tab: str, names: Sequence[Any]) -> str:
    known = {str(name).casefold(): str(name) for name in names}
    if not tab and names:
        return str(names[0])
    if tab.casefold() not in known:
        raise OutsideError(Message('"{file}" has no sheet "{tab}"', file=path.name, tab=tab))
    return known[tab.casefold()]


def _delimited(path: Path, tab: str) -> NDArray[np.object_]:
    usual = "," if path.suffix.lower() == ".csv" else "\t"
    if tab in ("\t", "\\t"):
        usual, tab = "\t", ""
    mark = tab[:1] if tab.strip() and not tab[0].isalnum() else usual
    csv.field_size_limit(2**30)
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        return _filled(path, csv.reader(file, delimiter=mark))


def _filled(path: Path, rows: Iterable[Sequence[Any]]) -> NDArray[np.object_]:
    """Return rows as one array, short ones filled up; trailing empty cells do not count."""
    kept: list[Sequence[Any]] = []
    width = cells = height = 0
    for row in rows:
        length = len(row)
        while length and row[length - 1] in (None, ""):
            length -= 1
        kept.append(row[:length])
        width = max(width, length)
        height = len(kept) if length else height
        cells += length + 1
        if max(cells, height * width) > limit("CELLS"):
            raise OutsideError(
                Message(
                    '"{file}" has too many cells; {most}', file=path.name, most=at_most("CELLS")
                )
            )
    out = np.full((height, width), None, dtype=object)
    for number, row in enumerate(kept[:height]):
        out[number, : len(row)] = row
    return out


def _numbers(cells: NDArray[np.object_]) -> NDArray[np.float64]:
    return np.array([[_number(value) for value in row] for row in cells], dtype=float).reshape(
        cells.shape
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or value is None:
        return np.nan
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    try:
        return float(value.strip()) if isinstance(value, str) else np.nan
    except ValueError:
        return np.nan


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
