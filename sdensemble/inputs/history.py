"""Observed series: ``time,sector,measure,value,unit,source,period_end,published_on`` and more.

A file only grows: a revision is a new row of the same series and period with a later date of
publication. What was known on a date is a *vintage*: a choice of rows, the same for everybody.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sdengine.errors import Message, Problems, SDError
from sdensemble.inputs.config import Section
from sdensemble.inputs.forgiving import in_utf8, separator
from sdensemble.inputs.rows import cell_number, need, read_rows, row_as

COLUMNS = ("time", "sector", "measure", "value", "unit", "source", "period_end", "published_on")
MORE = ("id", "url", "role", "note", "batch")
"""Columns a file may have besides; without ``role`` every row is observed."""
ROLES = ("observed", "derived", "target")
LATEST = "latest"
FIRST_YEAR = 1000
"""A time from which on is a year of the calendar; below it, a count of the model's time unit."""


@dataclass(frozen=True)
class Observation:
    """One row: ``time`` is the year it speaks of, ``period_end`` the last day of its period.

    ``published_on`` is an ISO date, or what is known of it ("2022", "2021-04"). ``role`` is
    "observed", "derived" (computed from other figures) or "target" (a plan): only what was
    observed is ever fitted. ``batch`` names the import that brought the row, empty for the
    study's own. ``copy`` says whose copy of the publication was looked at, empty where untold.
    """

    time: float
    sector: str
    measure: str
    value: float
    unit: str
    source: str
    period_end: date
    published_on: str
    id: str = ""
    url: str = ""
    role: str = "observed"
    note: str = ""
    batch: str = ""
    copy: str = ""

    @property
    def own(self) -> bool:
        """True of a figure that a person brought in, and is not the study's own."""
        return bool(self.batch)

    @property
    def unpublished(self) -> bool:
        """True of a figure that nobody has published: it is marked wherever it is shown."""
        return "unpublished" in self.published_on

    @property
    def series(self) -> tuple[str, str]:
        """The measure and the sector: series of different measures are never one."""
        return self.measure, self.sector

    @property
    def known(self) -> date | None:
        """The last day the row can have been published on; None where that is not stated."""
        return last_day(self.published_on)


def last_day(text: str) -> date | None:
    """Return the last day a date in full or in part can mean: "2021-04" is the 30th of April.

    None for any other text.
    """
    found = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:/\d+| .*)?", text.strip())
    if not found:
        return None
    year, month = int(found[1]), int(found[2] or 12)
    if year < 1 or not 1 <= month <= 12:
        return None
    last = monthrange(year, month)[1]
    day = int(found[3] or last)
    return date(year, month, day) if 1 <= day <= last else None


def read_history(path: Path) -> tuple[Observation, ...]:
    """Return the observations of a CSV file in UTF-8 or GBK; raise SDError with every bad row."""
    problems = Problems()
    rows = read_rows(Path(path), (), COLUMNS, (), problems, key="")
    found = [_observation(row) for row in rows]
    problems.raise_if_any()
    return tuple(found)


def _observation(row: Section) -> Observation:
    ends = date.min
    try:
        ends = date.fromisoformat(row.text("period_end"))
    except ValueError:
        told = 'period_end must be a date such as 2020-12-31, not "{text}"'
        row.problem(told, text=row.text("period_end"))
    need(row, ("time", "value"))
    numbers = {name: cell_number(row, name) or 0.0 for name in ("time", "value")}
    role = row.one_of("role", ROLES, "observed")
    return row_as(row, Observation, period_end=ends, role=role, **numbers)


def appended(path: Path, rows: Sequence[Observation]) -> bytes:
    """Return a file's bytes with rows behind them; columns it lacks are refused.

    Every byte it has is kept, where it is in UTF-8 (see ``in_utf8``); without the file it is the
    rows below a header.
    """
    if not path.is_file():
        held, names = b"\xef\xbb\xbf", [*COLUMNS, *MORE]
        held += (",".join(names) + "\n").encode()
        mark = ","
    else:
        held = in_utf8(path.read_bytes())
        first = held.decode("utf-8-sig").split("\n", 1)[0].strip()
        mark = separator(first)
        names = next(csv.reader([first], delimiter=mark), [])
    lacking = [name for name in (*COLUMNS, *MORE) if name not in names]
    if lacking:
        what = Message("columns missing: {lacking}", lacking=", ".join(lacking))
        raise SDError("{where}: {what}", where=path, what=what)
    end = "\r\n" if held.endswith(b"\r\n") else "\n"
    made = io.StringIO("" if held.endswith(b"\n") else end, newline="")
    made.seek(0, io.SEEK_END)
    writer = csv.writer(made, lineterminator=end, delimiter=mark)
    for row in rows:
        writer.writerow([_text(getattr(row, name, "")) for name in names])
    return held + made.getvalue().encode("utf-8")


def _text(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


# ── vintages ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Vintage:
    """What was known: the rows, and those of the same periods that are left out, with the why."""

    name: str
    rows: tuple[Observation, ...]
    lacks: tuple[tuple[Observation, str], ...] = ()

    @property
    def digest(self) -> str:
        """A digest of the rows, the same for the same rows in any order."""
        return digest_of(self.rows)

    @property
    def published(self) -> date | None:
        """The day of the latest publication in it; None where no row states one."""
        return max((row.known for row in self.rows if row.known), default=None)

    def fitted(self) -> tuple[Observation, ...]:
        """Return the rows that may be fitted: observed, the last publication of each period."""
        best: dict[tuple[object, ...], Observation] = {}
        for row in self.rows:
            if row.role != "observed":
                continue
            key = (*row.series, row.time, row.period_end)
            if key not in best or (row.known or date.min) >= (best[key].known or date.min):
                best[key] = row
        return tuple(sorted(best.values(), key=lambda o: (o.measure, o.sector, o.period_end)))


def digest_of(rows: Iterable[Observation]) -> str:
    """Return a digest of rows, the same for the same rows in any order."""
    lines = sorted(
        "\t".join(
            (
                f"{r.time:.12g}",
                *r.series,
                f"{r.value:.12g}",
                r.unit,
                r.period_end.isoformat(),
                r.published_on,
                r.role,
            )
        )
        for r in rows
    )
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def vintage(history: Sequence[Observation], name: str) -> Vintage:
    """Return what was known under a name.

    "latest" is every row. "through-2019" is every period that ended by the end of 2019, whenever
    it was published; "through-8", of a model that counts months, every period up to the eighth.
    A date such as "2020-06-30" is what had been published by then; it names the rows of earlier
    periods that it lacks. The name of a batch is every row up to that import.
    Raises SDError for any other name.
    """
    if name == LATEST:
        return Vintage(name, tuple(history))
    if through := re.fullmatch(r"through-(\d+)", name):
        last = int(through[1])
        if last < FIRST_YEAR:
            return Vintage(name, tuple(row for row in history if row.time <= last))
        end = date(last, 12, 31)
        return Vintage(name, tuple(row for row in history if row.period_end <= end))
    batches = list(dict.fromkeys(row.batch for row in history))
    if name and name in batches:
        kept = batches[: batches.index(name) + 1]
        return Vintage(name, tuple(row for row in history if row.batch in kept))
    day = _day(name)
    if day is None:
        shown = ", ".join(filter(None, batches))
        told = (
            'no vintage "{name}": there are "latest", "through-2022" (any year), a date such as'
            ' "2020-06-30"'
        )
        more = ", and the imports {shown}" if shown else ""
        raise SDError(told + more, name=name, shown=shown)
    kept_rows, lacks = [], []
    for row in history:
        if row.known is not None and row.known <= day and row.period_end <= day:
            kept_rows.append(row)
        elif row.period_end <= day:
            lacks.append((row, row.published_on or "no date of publication"))
    return Vintage(name, tuple(kept_rows), tuple(lacks))


def counts_years(time_unit: str) -> bool:
    """Return whether a model whose clock has this unit counts years of the calendar."""
    return time_unit.strip().casefold().rstrip("s") in ("", "year")


def whole_year(row: Observation, time_unit: str) -> bool:
    """Return whether a row is of a whole period of a model that counts in this unit.

    Where it counts years that is one ending on the last day of December; rows of a model that
    counts months or minutes are always of a whole one.
    """
    if not counts_years(time_unit):
        return True
    return (row.period_end.month, row.period_end.day) == (12, 31)


def batches_of(history: Sequence[Observation]) -> tuple[str, ...]:
    """Return the names of the imports that brought rows, in their order."""
    return tuple(dict.fromkeys(row.batch for row in history if row.batch))


def information(history: Sequence[Observation], name: str) -> str:
    """Return what a probability's key says of a vintage: its name.

    Of an import it is the day of its latest publication, the name behind it in brackets.
    """
    if name not in batches_of(history):
        return name
    day = vintage(history, name).published
    return f"{day} ({name})" if day else name


def known_through(name: str) -> int | None:
    """Return the last year that is over at a vintage's date; None where its name has none."""
    if through := re.fullmatch(r"through-(\d+)", name):
        return int(through[1])
    day = _day(name)
    if day is None:
        return None
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


IMPORT = re.compile(r"(\d{4}-\d\d-\d\d) \((.+)\)")
"""The information date of an import: the latest publication, and the batch in brackets."""


def known_until(as_of: str) -> str:
    """Return the last day of an information date, as ISO text."""
    through, brought = re.fullmatch(r"through-(\d{4})", as_of), IMPORT.fullmatch(as_of)
    if through:
        return f"{through[1]}-12-31"
    if brought:
        return brought[1]
    try:
        return date.fromisoformat(as_of).isoformat()
    except ValueError:
        return "9999-12-31"  # "latest", or the name of an import: all that is to hand
