"""Reads the rows of a study's CSV tables, as Excel and WPS save them."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdensemble.inputs.config import Section, read_text, short
from sdensemble.inputs.forgiving import separator

T = TypeVar("T")


def read_rows(
    path: Path,
    columns: Sequence[str],
    needed: Sequence[str],
    typed: Sequence[str],
    found: Problems,
    *,
    key: str = "id",
) -> list[Section]:
    """Return each row of a CSV file in UTF-8 or GBK that is not blank, as a section of texts.

    The column ``key`` must be filled, and differ in every row; without one any row goes. There
    may be no other than ``columns``, any where they are none. Cells of the columns ``typed`` are
    read as plain signs and digits. Raise SDError for a wrong header; problems of rows are noted
    in ``found``.
    """
    lines = _lines(path)
    header = [cell.strip() for cell in next(lines, (1, []))[1]]
    _check_header(header, columns, needed, Section(_at(path, 1), {}, found))
    found.raise_if_any()
    tables, names = [], set()
    for number, row in lines:
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if name}
        cells |= {key: _plain(cells[key]) for key in typed if key in cells}
        name = cells.get(key, "") if key else ""
        place = _at(path, number)
        where = Message("{place} ({name})", place=place, name=name) if key else place
        table = Section(where, cells, found)
        if key and (not name or name in names):
            told = "{key} is given twice" if name else "{key} is missing"
            table.problem(told, key=key)
        names.add(name)
        tables.append(table)
    return tables


def _at(path: Path, number: int) -> str:
    return Message("{file} line {line}", file=short(path), line=number)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its last line, cells) of each row."""
    text, _ = read_text(path, "CSV UTF-8")
    first, *_ = text.splitlines() or [""]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(first))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        told = "{file} line {line}: is no CSV — {why} (a quotation mark that is not closed?)"
        where = {"file": short(path), "line": reader.line_num + 1}
        raise SDError(told, **where, why=error) from None


def _plain(cell: str) -> str:
    """Return a cell as Excel and WPS mean it: plain signs and digits, no thousands separators.

    >>> _plain("＞"), _plain("≥"), _plain("１,２００"), _plain("1 234.5")
    ('>', '>=', '1200', '1234.5')
    """
    cell = unicodedata.normalize("NFKC", cell).replace("≥", ">=").replace("≧", ">=").strip()
    grouped = re.fullmatch(r"[+-]?\d{1,3}([,\u2019' ]\d{3})+(\.\d+)?", cell)
    return re.sub(r"[,\u2019' ]", "", cell) if grouped else cell


def _check_header(
    header: Sequence[str], columns: Sequence[str], needed: Sequence[str], table: Section
) -> None:
    """Note columns that are missing or unknown."""
    for name in header:
        if name and columns and name not in columns:
            told = 'no such column "{name}"{hint}'
            table.problem(told, name=name, hint=did_you_mean(name, columns))
    if lacking := [name for name in dict.fromkeys(needed) if name not in header]:
        table.problem("columns missing: {lacking}", lacking=", ".join(lacking))


def cell_number(table: Section, name: str) -> float | None:
    """Return a cell as a finite number, or None where it is empty or no number."""
    text = table.text(name)
    try:
        number = float(text) if text else None
    except ValueError:
        number = math.nan
    if number is None or math.isfinite(number):
        return number
    table.problem('{name} must be a number, not "{text}"', name=name, text=text)
    return None


def cell_year(table: Section, name: str) -> int | None:
    """Return a cell as a whole year, or None where it is empty or none."""
    year = cell_number(table, name)
    if year is not None and year != int(year):
        table.problem('{key} must be a whole year, not "{year}"', key=name, year=table.text(name))
    return None if year is None else int(year)


def _cell_flag(table: Section, name: str) -> bool:
    """Return whether a cell is marked with 1."""
    value = table.text(name)
    if value not in ("", "0", "1"):
        told = '{key} must be 1, 0 or empty, not "{value}"'
        table.problem(told, key=name, value=value)
    return value == "1"


def row_as(row: Section, kind: type[T], **own: Any) -> T:
    """Return a row as a frozen value: each field is the column of its name, unless given.

    What a cell holds is said by the field: a number (``float | None``), a mark (``bool``), parts
    between semicolons (``tuple``), else a text, empty where there is no such column.
    """
    read: dict[object, Callable[[Section, str], Any]] = {
        "float | None": cell_number,
        "bool": _cell_flag,
        "tuple[str, ...]": lambda table, name: parts_of(table.text(name)),
    }
    columns = [field for field in fields(kind) if field.name not in own]  # type: ignore[arg-type]
    cells = {one.name: read.get(one.type, Section.text)(row, one.name) for one in columns}
    return kind(**cells, **own)


def need(row: Section, names: Iterable[str]) -> None:
    """Note every column of some in which a row is empty."""
    for name in names:
        row.text(name, needed=True)


def parts_of(cell: str) -> tuple[str, ...]:
    """Return the parts of a cell parted by semicolons, of either width."""
    return tuple(part.strip() for part in cell.replace("；", ";").split(";") if part.strip())
