"""Tables of collected evidence: each row a figure with the publication it is from.

A study may hold any number of tables in ``calibration/evidence/``: CSV in UTF-8, named by what
they are (``effects.csv``), with at least the columns of ``COLUMNS``. The model's comments and
the priors name rows by their id, so that any number can be traced to a publication. ``copy``
says whose copy was looked at, ``how`` how the figure was obtained.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sdengine.errors import Problems
from sdensemble.inputs.config import Section
from sdensemble.inputs.history import Observation
from sdensemble.inputs.rows import need, read_rows, row_as

COLUMNS = (
    *("id", "zh", "en", "low", "central", "high", "unit", "year", "source", "original", "url"),
    *("copy", "how", "quality", "note"),
)
COPIES = ("original", "repost", "compiled", "none")
"""Seen where it was published, as somebody's repost, in a compiled data set, or not linked."""
HOW = ("read", "abstract", "recalled", "assembled", "assumed")
"""Read on the page; from the abstract; cited from memory; put together here; without source."""
FOLDER = "evidence"


@dataclass(frozen=True, eq=False)
class Row:
    """One figure: ``low``, ``central`` and ``high`` are None where the source gives none.

    ``original`` is where it was first published, ``more`` what the table holds besides.
    """

    table: str
    id: str
    zh: str
    en: str
    low: float | None
    central: float | None
    high: float | None
    unit: str
    year: str
    source: str
    original: str
    url: str
    copy: str
    how: str
    quality: str
    note: str
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def recalled(self) -> bool:
        """True where the figure was cited from memory and is to be checked before quoting."""
        return self.how == "recalled"


@dataclass(frozen=True)
class Sources:
    """Every row of a study's evidence, by table in file order."""

    rows: tuple[Row, ...] = ()
    digest: str = ""

    @cached_property
    def tables(self) -> dict[str, tuple[Row, ...]]:
        """The rows by table."""
        names = dict.fromkeys(row.table for row in self.rows)
        return {name: tuple(r for r in self.rows if r.table == name) for name in names}

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """The rows by id."""
        return {row.id: row for row in self.rows}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """What names a row in running text: E004, E004-E006, or a word behind its table's name."""
        codes = [re.escape(one) for one in self.by_id if re.fullmatch(r"[A-Z]+\d+", one)]
        words = [
            rf"\b{re.escape(name)}(?:\.csv)?\s+(?:{'|'.join(sorted(own, key=len, reverse=True))})\b"
            for name, rows in self.tables.items()
            if (own := [re.escape(r.id) for r in rows if not re.fullmatch(r"[A-Z]+\d+", r.id)])
        ]
        return re.compile("|".join([rf"\b(?:{'|'.join(codes)})\b", *words] if codes else words))

    @cached_property
    def _codes(self) -> re.Pattern[str] | None:
        """What looks like the code of a row: letters and as many digits as the rows' own have."""
        found = {re.fullmatch(r"([A-Z]+)(\d+)", one) for one in self.by_id}
        shapes = {(m[1], len(m[2])) for m in found if m}
        told = "|".join(rf"{letters}\d{{{count}}}" for letters, count in sorted(shapes))
        return re.compile(rf"\b(?:{told})\b") if told else None

    def unknown(self, text: str) -> list[str]:
        """Return what a text names like a row though no row is called so: E999."""
        if self._codes is None:
            return []
        return [code for code in self._codes.findall(text) if code not in self.by_id]

    def cited(self, text: str) -> list[tuple[int, int, Row]]:
        """Return the rows a text names, each with where the name begins and ends."""
        if not self.rows:
            return []
        found = []
        for match in self._pattern.finditer(text):
            name = match[0].split()[-1]
            found.append((match.end() - len(name), match.end(), self.by_id[name]))
        return found


def read_sources(folder: Path) -> Sources:
    """Return the evidence of a study's ``calibration`` folder; empty where it has none.

    Raises SDError with every problem of every table: file, line, what is wrong.
    """

    paths = sorted((folder / FOLDER).glob("*.csv"))
    problems, rows, made = Problems(), [], hashlib.blake2b(digest_size=16)
    where: dict[str, str] = {}
    for path in paths:
        for cells in read_rows(path, (), COLUMNS, (), problems, key=""):
            row = _row(path.stem, cells)
            if row.id and row.id in where:
                told = 'the id "{id}" stands at {there} already'
                cells.problem(told, id=row.id, there=where[row.id])
            where[row.id] = cells.where
            rows.append(row)
        made.update(path.read_bytes().replace(b"\r\n", b"\n"))
    problems.raise_if_any()
    return Sources(tuple(rows), made.hexdigest() if paths else "")


def of_observations(observations: Iterable[Observation]) -> tuple[Row, ...]:
    """Return observed series as rows of evidence: each that has an id, with its publication."""
    return tuple(
        Row(
            "observations",
            one.id,
            one.note,
            one.note,
            None,
            one.value,
            None,
            one.unit,
            f"{one.time:g}",
            one.source,
            one.source,
            one.url,
            one.copy or ("none" if not one.url else "repost"),
            "assembled" if one.role == "derived" else "read",
            "",
            one.note,
            {
                "measure": one.measure,
                "sector": one.sector,
                "published_on": one.published_on,
                "role": one.role,
            },
        )
        for one in observations
        if one.id
    )


def _row(table: str, cells: Section) -> Row:
    for name, known in (("copy", COPIES), ("how", HOW)):
        cells.one_of(name, known, needed=True)
    need(cells, ("id",))
    more = {name: text for name, text in cells.values.items() if name not in COLUMNS and text}
    row = row_as(cells, Row, table=table, more=more)
    ends = [value for value in (row.low, row.central, row.high) if value is not None]
    if ends != sorted(ends):
        shown = ", ".join(f"{value:g}" for value in ends)
        cells.problem("low, central and high must rise: {shown}", shown=shown)
    return row
