"""The figures of a person's file: every row judged, every problem told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from sdengine.errors import Problems, SDError
from sdensemble.evidence.observe.cells import count, day, day_text, number, period
from sdensemble.evidence.observe.names import Names, Series, names_of
from sdensemble.evidence.observe.sheet import Sheet, read_sheet
from sdensemble.evidence.observe.words import Bad, sentence
from sdensemble.inputs.history import Observation, counts_years, last_day
from sdensemble.lang import Worded, Words
from sdensemble.study import Study

Ask = Callable[[Words], str]
T = TypeVar("T")
ROLES = {
    "target": "plan",
    "plan": "plan",
    "目标": "plan",
    "规划": "plan",
    "derived": "derived",
    "推算": "derived",
}
"""What a column of roles may say of a row that is no observation."""
OF_COLUMN = {"which sector": "sector", "no sector": "sector", "no unit": "unit"}
"""Problems that are another column's than the one being read."""


@dataclass(frozen=True)
class Figure:
    """One figure under the study's own names, and the line it stands on."""

    line: int
    row: Observation


@dataclass(frozen=True)
class Figures:
    """The figures of a file; ``known`` are lines the history holds already, to the letter."""

    file: str
    new: tuple[Figure, ...]
    known: tuple[int, ...] = ()


def read_figures(path: Path, study: Study, ask: Ask | None = None, **given: str) -> Figures:
    """Return the figures of an .xlsx or .csv file (UTF-8 or GBK) with English or Chinese headers.

    ``given`` fills columns the file lacks, such as measure="sales_revenue"; what is still missing
    of measure, sector, unit and published_on is asked for. Measures and sectors go by their
    codes, their titles in fit.toml, history.csv and the report, and the words of names.toml.
    Raises SDError with every problem of every row; targets and derived figures are refused.
    """
    sheet = read_sheet(path)
    reading = _Reading(sheet, study, names_of(study), _filled(sheet, given))
    reading.ask(ask)
    found = [reading.figure(line, row) for line, row in sheet.rows]
    figures = reading.compare([one for one in found if one is not None])
    reading.problems.raise_if_any()
    if not figures.new:
        said = Worded(sentence("nothing new", n=len(figures.known)))
        raise SDError("{where}: {what}", where=path.name, what=said)
    return figures


def _filled(sheet: Sheet, given: Mapping[str, str]) -> dict[str, str]:
    """Return what stands in where a row says nothing: what is given, and a unit of the header."""
    filled = {name: value.strip() for name, value in given.items() if value.strip()}
    if sheet.unit:
        filled.setdefault("unit", sheet.unit)
    return filled


class _Reading:
    """The reading of one sheet: collects problems, and goes on with the next cell."""

    def __init__(self, sheet: Sheet, study: Study, names: Names, filled: dict[str, str]):
        self.sheet, self.study, self.names, self.filled = sheet, study, names, filled
        self.problems = Problems()
        self.told: set[str] = set()
        """Columns whose lack is told once for the file."""

    def text(self, row: Sequence[str], name: str) -> str:
        """Return what a row says in a column, or what stands in for it."""
        return self.sheet.cell(row, name) or self.filled.get(name, "")

    def bad(self, line: int, name: str, bad: Bad) -> None:
        """Note a problem with its line and column."""
        name = OF_COLUMN.get(bad.key, name)
        if name in self.told and bad.key in ("blank", *OF_COLUMN):
            return
        self.problems.add(Worded(self.sheet.where(line, name)), bad.message)

    def read(self, line: int, name: str, reading: Callable[[], T]) -> T | None:
        """Return what a reading gives, or None where it finds a problem."""
        try:
            return reading()
        except Bad as bad:
            self.bad(line, name, bad)
            return None

    # ── what is missing ──

    def ask(self, ask: Ask | None) -> None:
        """Ask for what rows and options leave open.

        Where nobody can be asked, a column that is not there at all is told once; an empty cell
        of one that is there is told with its line.
        """
        for name in ("measure", "sector", "unit", "published_on"):
            if not any(self.lacks(row, name) for _, row in self.sheet.rows):
                continue
            if ask is not None:
                self.filled[name] = ask(self.question(name)).strip()
            elif name not in self.sheet.places:
                self.told.add(name)
                word = sentence("unit of" if name == "unit" else name)
                said = sentence("missing", name=word, option=f"--{name.replace('_', '-')}")
                self.problems.add(self.sheet.file, Worded(said))

    def lacks(self, row: Sequence[str], name: str) -> bool:
        """Tell whether a row says nothing of a column that has to be known."""
        if self.text(row, name):
            return False
        measure = self.text(row, "measure")
        try:
            if name == "sector":
                self.names.one(measure, "")
                return False
            if name == "unit":
                return not number(self.sheet.cell(row, "value"))[1]
        except Bad as bad:
            return bad.key == "which sector"  # anything else is told with its line later
        return True

    def question(self, name: str) -> Words:
        """Return what to ask a person for a column."""
        measures = []
        for _, row in self.sheet.rows:
            try:
                measures.append(self.names.measure(self.text(row, "measure")))
            except Bad:
                continue
        shown = self.names.examples(name, measures) if name != "published_on" else ""
        return sentence(f"ask {name}", shown=shown)

    # ── one row ──

    def figure(self, line: int, row: Sequence[str]) -> Figure | None:
        """Return the figure of a row, or None where something is wrong with it."""
        before = len(self.problems.lines)
        text = self.text
        role = ROLES.get(self.sheet.cell(row, "role").casefold())
        if role:
            self.bad(line, "role", Bad(role, name=text(row, "measure")))
        yearly = counts_years(self.study.model.clock.unit)
        when = period if yearly else count
        year = self.read(line, "time", lambda: when(text(row, "time")))
        series = self.read(line, "measure", lambda: self.series(row))
        stated = text(row, "period_end")
        end = self.read(line, "period_end", lambda: day(stated)) if stated else year and year[1]
        if not stated and year and series and year[1] == date(year[0], 12, 31):
            end = self.names.end(series, year[0])
        published = self.read(line, "published_on", lambda: day_text(text(row, "published_on")))
        if not yearly and not stated:
            end = last_day(published) if published else None
        value = self.read(line, "value", lambda: number(text(row, "value")))
        unit = self.read(line, "value", lambda: self.unit(row, value[1])) if value else None
        if year and end and published:
            self.dates(line, year[0], end, published)
        if value and unit and series:
            self.wanted(line, series, unit)
        if len(self.problems.lines) > before or not (year and end and published and series):
            return None
        if not (value and unit):
            return None
        return Figure(
            line,
            Observation(
                float(year[0]),
                series[1],
                series[0],
                value[0],
                unit,
                text(row, "source") or self.sheet.file,
                end,
                published,
                url=text(row, "url"),
                note=text(row, "note"),
            ),
        )

    def series(self, row: Sequence[str]) -> Series:
        """Return the series of a row."""
        return self.names.one(self.text(row, "measure"), self.text(row, "sector"))

    def unit(self, row: Sequence[str], behind: str) -> str:
        """Return a row's unit: of its column, of the header, or behind the number."""
        stated = self.text(row, "unit")
        if behind and stated and self.names.unit(behind) != self.names.unit(stated):
            raise Bad("two units", text=self.sheet.cell(row, "value"), cell=behind, unit=stated)
        if not (stated or behind):
            raise Bad("no unit")
        return self.names.unit(stated or behind)

    def wanted(self, line: int, series: Series, unit: str) -> None:
        """Note a unit that is not the series' own."""
        wanted = self.names.series[series]
        if unit != wanted:
            label, shown = map(self.study.report.unit_words, (wanted, unit))
            name = "unit" if "unit" in self.sheet.places else "value"
            self.bad(line, name, Bad("unit", unit=shown, series="/".join(series), wanted=label))

    def dates(self, line: int, year: int, end: date, published: str) -> None:
        """Note dates that cannot be: an end in another year, a figure before its period is over."""
        today, known = date.today(), last_day(published)
        assert known is not None
        if end.year != year and counts_years(self.study.model.clock.unit):
            self.bad(line, "period_end", Bad("other year", end=end, year=year))
        elif end > today:
            self.bad(line, "period_end", Bad("future", what=sentence("period_end"), day=end))
        elif known < end:
            self.bad(line, "published_on", Bad("too early", published=published, end=end))
        elif len(published) >= 10 and known > today:
            what = sentence("published_on")
            self.bad(line, "published_on", Bad("future", what=what, day=published))

    # ── beside what is known ──

    def compare(self, figures: Iterable[Figure]) -> Figures:
        """Return the figures that are new; note those that contradict one of the same date."""
        stored: dict[tuple[object, ...], tuple[Observation, Words]] = {}
        for row in self.study.history:
            if row.role == "observed":
                stored[_instant(row)] = (row, "history.csv" + (f" {row.id}" if row.id else ""))
        new, known = [], []
        for one in figures:
            same = stored.get(_instant(one.row))
            if same is None:
                stored[_instant(one.row)] = (one.row, self.sheet.where(one.line))
                new.append(one)
            elif same[0].value == one.row.value:
                known.append(one.line)
            else:
                values = {"value": f"{one.row.value:g}", "other": f"{same[0].value:g}"}
                self.bad(
                    one.line,
                    "value",
                    Bad(
                        "clash",
                        series="/".join(one.row.series),
                        year=f"{one.row.time:g}",
                        where=same[1],
                        **values,
                    ),
                )
        return Figures(self.sheet.file, tuple(new), tuple(known))


def _instant(row: Observation) -> tuple[object, ...]:
    """Return what may have one value only: series, period and day of publication."""
    return (*row.series, row.time, row.period_end, row.known or row.published_on)
