"""A person's table: the sheets of an .xlsx, or a .csv in UTF-8, UTF-16 or GBK, as texts."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sdengine.errors import Message, SDError
from sdengine.model.workbook_size import too_large, too_many
from sdensemble.inputs.forgiving import decoded, separator

HEAD_ROWS = 20
"""How many rows are searched for the head: titles may stand above it."""


@dataclass(frozen=True)
class Grid:
    """A table as texts: its place in messages, and each row with the line it begins on."""

    place: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def letters(place: int) -> str:
    """Return a column's letters as a spreadsheet names it.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    found, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(65 + rest) + found
    return found


def read_grids(path: Path) -> list[Grid]:
    """Return the tables of a file; raise SDError where it is none that can be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _unread(path, error.strerror or error) from None
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        told = "{file}: an old .xls, or protected by a password: save it as .xlsx or CSV"
        raise SDError(told, file=path.name)
    return _workbook(path, raw) if raw.startswith(b"PK") else [_csv(path, raw)]


def _unread(path: Path, why: object) -> SDError:
    return SDError("{file}: cannot be read — {why}", file=path.name, why=why)


def _no_workbook(path: Path, why: object) -> SDError:
    return SDError("{file}: not a readable Excel file: {why}", file=path.name, why=why)


def _csv(path: Path, raw: bytes) -> Grid:
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        raise _no_workbook(path, Message("its name says so, its content does not"))
    try:
        text = decoded(raw)
    except UnicodeDecodeError:
        told = "{file}: is neither UTF-8 nor GBK: save it as UTF-8"
        raise SDError(told, file=path.name) from None
    first = "\n".join(text.splitlines()[:HEAD_ROWS])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(first))
    rows: list[tuple[int, tuple[str, ...]]] = []
    begun = 1
    try:
        for row in reader:
            rows.append((begun, tuple(row)))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise _unread(path, error) from None
    return Grid(path.name, tuple(rows))


def _workbook(path: Path, raw: bytes) -> list[Grid]:
    from openpyxl import load_workbook

    told = too_large(io.BytesIO(raw), path.name, whole=True)
    if told is not None:
        raise SDError(told)
    try:
        book = load_workbook(io.BytesIO(raw), data_only=True)
    except Exception as error:  # openpyxl lets through whatever its parts raise
        raise _no_workbook(path, error) from None
    if empty := _without_result(raw):
        what = (
            "{file}: the formulas in {cells} have no result in the file: open it in Excel or WPS,"
            " save it, and try again"
        )
        raise SDError(what, file=path.name, cells=", ".join(empty))
    grids = []
    for sheet in book.worksheets:
        texts = _texts(path, sheet)
        for area in sheet.merged_cells.ranges:
            first = texts[area.min_row - 1][area.min_col - 1]
            for row in texts[area.min_row - 1 : area.max_row]:
                row[area.min_col - 1 : area.max_col] = [first] * (area.max_col - area.min_col + 1)
        rows = tuple((number, tuple(row)) for number, row in enumerate(texts, start=1))
        place = Message('{file} sheet "{sheet}"', file=path.name, sheet=sheet.title)
        grids.append(Grid(place, rows))
    return grids or [Grid(path.name, ())]


UNCOUNTED = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"(?![^>]*t="str")[^>]*><f[^>]*(?:/>|>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>'
)
"""A cell of a workbook's XML whose formula nobody has worked out; one that gives no text has."""


def _without_result(raw: bytes) -> list[str]:
    """Return the first cells whose formulas a program wrote and none has worked out.

    They would pass for empty ones.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        found = [cell for name in sheets for cell in UNCOUNTED.findall(parts.read(name))]
    return [cell.decode() for cell in found[:3]]


def _texts(path: Path, sheet: Any) -> list[list[str]]:
    """Return the texts of a sheet up to the last cell that holds or merges something.

    A format on a whole column makes cells without number down to row 1,048,576.
    """
    held = {place: cell for place, cell in sheet._cells.items() if cell.value is not None}
    merged = sheet.merged_cells.ranges
    height = max((*(row for row, _ in held), *(area.max_row for area in merged)), default=0)
    width = max((*(column for _, column in held), *(area.max_col for area in merged)), default=0)
    told = too_many(height * width, path.name)
    if told is not None:
        raise SDError(told)
    texts = [[""] * width for _ in range(height)]
    for (row, column), cell in held.items():
        texts[row - 1][column - 1] = _shown(cell)
    return texts


def _shown(cell: Any) -> str:
    """Return what a cell of Excel shows: dates as 2023-02-01, per cents with their sign."""
    value = cell.value
    if value is None:
        return ""
    shown = str(cell.number_format).casefold()
    if isinstance(value, datetime | date):
        year_alone = "y" in shown and not set("md") & set(shown)
        return f"{value.year}" if year_alone else value.isoformat()[:10]
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "%" in shown:
            return f"{100 * value:.12g}%"
        return f"{value:.15g}"
    return str(value)
