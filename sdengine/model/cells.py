"""The cells of spreadsheets, delimited text and Vensim's datasets, as one array of objects each.

Nothing in a file is executed.
"""

from __future__ import annotations

import csv
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError
from sdengine.limits import at_most, limit
from sdengine.model.dataset import OPEN, dat_rows, refuse_closed
from sdengine.model.workbook_size import too_large

SHEETS = (".xls", ".xlsx", ".xlsm")
TEXTS = (".csv", ".txt", ".tab", ".tsv")
_CELL = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]*)")


class OutsideError(Exception):
    """What is wrong with a file or with what is asked of it, in words."""


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
        return cells_of(path, tab)
    except OutsideError as error:
        raise SDError(error.args[0]) from None
    except Exception as error:
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise SDError(
            Message("{file}: cannot be read: {error}", file=path.name, error=what)
        ) from error


def cells_of(path: Path, tab: str) -> NDArray[np.object_]:
    """Return all cells of a spreadsheet's sheet or of a delimited text."""
    return (_sheet if path.suffix.lower() in SHEETS else _delimited)(path, tab)


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
    return (int(found[2]) - 1, column_of(found[1])) if found else None


def column_of(letters: str) -> int:
    """Return the place of a column, from 0."""
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

    require_small(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[_own_name(path, tab, book.sheetnames)]
        sheet.reset_dimensions()  # files say them wrongly
        yield from sheet.iter_rows(values_only=True)
    finally:
        book.close()


def require_small(path: Path, *, whole: bool = False) -> None:
    """Raise OutsideError for a workbook that is too large to be opened."""
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


def numbers(cells: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return cells as numbers, NaN where one holds none."""
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


def text_of(value: Any) -> str:
    """Return a cell as text: whole numbers without a point, a missing one empty."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
