"""Tables as CSV that Excel and WPS open correctly."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdensemble.outputs.table import Table

REAL, WHOLE, TRUTH = (float, np.floating), (int, np.integer), (bool, np.bool_)
FORMULA = frozenset("=+-@\t\r")
"""What a text begins with that a spreadsheet would calculate."""


def write_table(path: Path, table: Table, lang: str) -> Path:
    """Write a table with its heads in a language."""
    return write_rows(path, table.head(lang), table.natives(lang))


def write_rows(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """Write rows in UTF-8 with a byte-order mark and CRLF; blank where a number is NaN."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        writer.writerows([cell(value) for value in row] for row in rows)
    return path


def write_records(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows by column id; blank where a row lacks one."""
    heads = list(columns)
    return write_rows(path, heads, ([row.get(name, "") for name in heads] for row in rows))


def cell(value: Any) -> str:
    """Return a cell: seven digits of a number; no text a spreadsheet would run as a formula."""
    if isinstance(value, str):  # most cells, then these
        return f"'{value}" if value[:1] in FORMULA else value
    if isinstance(value, REAL):
        return f"{float(value):.7g}" if math.isfinite(value) else ""
    if isinstance(value, TRUTH):
        return "1" if value else "0"
    return "" if value is None else str(value) if isinstance(value, WHOLE) else cell(str(value))
