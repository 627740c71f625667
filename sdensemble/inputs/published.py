"""Reads ``calibration/published.csv``: statistics a ledger of the targets is judged by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sdengine.errors import Problems, SDError, did_you_mean
from sdensemble.inputs.config import Section
from sdensemble.inputs.history import last_day
from sdensemble.inputs.rows import cell_number, cell_year, need, read_rows, row_as
from sdensemble.inputs.targets import Target
from sdensemble.inputs.units import same_unit

NEEDED = ("id", "entity", "quantity", "year", "value", "unit", "measure", "source", "published_on")
COLUMNS = (*NEEDED, "note", "whose_zh", "whose_en")


@dataclass(frozen=True)
class Statistic:
    """One published number: what it is of, its measure, and when it was published.

    It speaks of the targets of the same ``entity`` and ``quantity``, and judges those of the
    same ``measure``. ``year`` is the period's; ``published_on`` as written, a date, a month or
    a year; ``public`` is its last day. ``whose`` names the firm or place a number is of where
    that is not the whole of the entity.
    """

    id: str
    entity: str
    quantity: str
    year: int
    value: float
    unit: str
    measure: str
    source: str
    published_on: str
    note: str
    whose_zh: str = ""
    whose_en: str = ""

    @property
    def public(self) -> date:
        """The day by which the statistic was certainly public."""
        return last_day(self.published_on) or date.max

    def known(self, as_of: str) -> bool:
        """Return whether it was known at an information date; always where that is empty.

        ``through-YYYY`` counts the period, whenever it was published; a date the publication.
        """
        through = re.fullmatch(r"through-(\d{4})", as_of)
        if through:
            return self.year <= int(through[1])
        return not as_of or self.public <= _day(as_of)


def read_published(path: Path, targets: Sequence[Target]) -> tuple[Statistic, ...]:
    """Return the statistics of a CSV file in UTF-8 or GBK, checked against the targets.

    Raise SDError with every problem: no target of that entity and quantity, a statistic of a
    target's measure in another unit, a date that cannot be read.
    """
    found = Problems()
    rows = read_rows(Path(path), COLUMNS, NEEDED, ("year", "value"), found)
    read = [_read(table, targets) for table in rows]
    found.raise_if_any()
    return tuple(read)


def _read(table: Section, targets: Sequence[Target]) -> Statistic:
    """Return one row; the problems of a row that does not hold are noted."""
    need(table, NEEDED)
    year, value = cell_year(table, "year"), cell_number(table, "value")
    one = row_as(table, Statistic, year=year or 0, value=value or 0.0)
    same = [t for t in targets if (t.entity, t.quantity) == (one.entity, one.quantity)]
    if not same:
        known = dict.fromkeys(f"{t.entity} {t.quantity}" for t in targets if t.quantity)
        what = f"{one.entity} {one.quantity}"
        told = 'no target speaks of "{what}"{hint}'
        table.problem(told, what=what, hint=did_you_mean(what, known))
    for target in same:
        if target.measure == one.measure and not same_unit(target.unit, one.unit):
            told = 'unit is {unit}, but target "{id}" of the same measure is in {unit2}'
            table.problem(told, unit=one.unit, id=target.id, unit2=target.unit)
            break
    if one.published_on and last_day(one.published_on) is None:
        told = 'published_on must be a date, a month or a year, not "{published_on}"'
        table.problem(told, published_on=one.published_on)
    return one


def _day(as_of: str) -> date:
    """Return the day of an information date; SDError where it is none."""
    found = last_day(as_of) if re.fullmatch(r"[\d-]+", as_of.strip()) else None
    if found is None:
        raise SDError(
            '--as-of: "{as_of}" is neither a date such as 2022-03-31 nor through-2021, the'
            " end of a year",
            as_of=as_of,
        )
    return found


def known_at(statistics: Iterable[Statistic], as_of: str) -> tuple[Statistic, ...]:
    """Return the statistics known at an information date; SDError where it cannot be read."""
    if as_of and not re.fullmatch(r"through-\d{4}", as_of):
        _day(as_of)
    return tuple(one for one in statistics if one.known(as_of))
