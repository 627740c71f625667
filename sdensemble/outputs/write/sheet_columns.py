"""The columns of a worksheet: those of a table, and one more for each number beside another.

"82% ±1" is one cell in a text. In a worksheet it is two: the probability and its error, so that
people can calculate with both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sdensemble.lang import bracketed, joined, phrase, tell
from sdensemble.outputs.form import Form, Native, Number, Starred
from sdensemble.outputs.table import Column, Table

PARTS = ("low", "high", "error")
"""What may stand beside a number, in this order: the ends of its band, its standard error."""


@dataclass(frozen=True)
class SheetColumn:
    """One column: its head, a spreadsheet's format, its cells, and the rows that bear a star."""

    head: str
    excel: str
    right: bool
    cells: tuple[Native, ...]
    starred: frozenset[int] = frozenset()


def sheet_columns(table: Table, lang: str) -> list[SheetColumn]:
    """Return the columns of a worksheet that hold every number of a table."""
    values = [table.column(column.id) for column in table.columns]
    natives = list(zip(*table.natives(lang), strict=True)) or [()] * len(table.columns)
    forms = [column.form for column in table.columns]
    every = zip(forms, natives, strict=True)
    shown = [_decimals(cells, exact=type(form) is Number) for form, cells in every]
    fine: dict[Form, str] = {}  # one format for the purses of a table
    for form, own in zip(forms, shown, strict=True):
        if own != "General":
            fine[form] = max(fine.get(form, own), own, key=len)
    found = []
    for column, held, cells, own in zip(table.columns, values, natives, shown, strict=True):
        form = column.form
        plain = form.right and form.excel == "General"
        excel = form.excel if not plain else own if own == "General" else fine[form]
        stars = frozenset(
            place
            for place, value in enumerate(held)
            if isinstance(form, Starred) and value[1] and cells[place] is not None
        )
        found.append(SheetColumn(column.title(lang), excel, form.right, tuple(cells), stars))
        if form.right:
            found += _beside(column, excel, held, lang)
    return found


def _beside(
    column: Column, excel: str, values: Sequence[object], lang: str
) -> Iterator[SheetColumn]:
    """Yield a column for each number that stands beside one, where there is any."""
    told = [column.form.beside(value) if value is not None else {} for value in values]
    share = "%" in excel
    for part in PARTS:
        cells = [one.get(part) for one in told]
        if all(cell is None for cell in cells):
            continue
        unit, shown = column.unit, excel
        if share and part == "error":
            cells = [None if cell is None else 100 * cell for cell in cells]
            unit, shown = phrase("number.points"), "0.0"
        elif part == "error":
            shown = max(excel if "." in excel else "", _decimals(cells), key=len)
        head = tell(joined([phrase(f"xlsx.{part}"), bracketed([unit])], "nothing"), lang)
        yield SheetColumn(head, shown, True, tuple(cells))


def _decimals(values: Iterable[object], exact: bool = False) -> str:
    """Return a format with as many decimals as numbers of this size need.

    ``exact`` numbers that people wrote, each in a unit of its own, are shown as they are.
    """
    numbers = [value for value in values if isinstance(value, int | float)]
    if exact and all(float(f"{value:.6g}") == value for value in numbers):
        return "General"
    most = max(map(abs, numbers), default=0.0)
    return "0" if most >= 1000 else "0.0" if most >= 10 else "0.00"
