"""The words a study's series, sectors and units go by: its codes, titles, and names.toml."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sdengine.errors import nearest
from sdensemble.evidence.observe.cells import folded
from sdensemble.evidence.observe.words import Bad, sentence
from sdensemble.inputs.config import Section
from sdensemble.inputs.history import Observation
from sdensemble.lang import LANGS, Words, catalogue, joined
from sdensemble.study import Study

NAMES = "names.toml"
Series = tuple[str, str]

UNITS: Mapping[str, tuple[str, ...]] = {
    "Percent": ("%", "百分比", "percent"),
    "Yuan": ("元", "yuan"),
    "Dmnl": ("比例", "ratio", "无量纲"),
}
"""Words for units every study shares."""


class Meanings(dict[str, list[str]]):
    """Codes by the words that mean them; ``firm`` are words stated as such, not mere titles."""

    def __init__(self) -> None:
        super().__init__()
        self.firm: set[str] = set()


@dataclass
class Names:
    """What the words of a person's file may mean in a study."""

    study: Study
    measures: Meanings = field(default_factory=Meanings)
    sectors: Meanings = field(default_factory=Meanings)
    units: dict[str, str] = field(default_factory=dict)
    whole: dict[tuple[str, str], Series] = field(default_factory=dict)
    """A word for a measure under a sector that means another series."""
    shown: dict[str, str] = field(default_factory=dict)
    """The first word given for a measure or sector, to show beside its code."""

    @cached_property
    def plans(self) -> tuple[Observation, ...]:
        """The study's plans and targets."""
        history = self.study.history
        return (*self.study.plans, *(row for row in history if row.role == "target"))

    @cached_property
    def series(self) -> Mapping[Series, str]:
        """Each series that may be observed, with its unit."""
        found = {row.series: row.unit for row in self.study.history if row.role != "target"}
        found |= {(part.measure, part.sector): term.unit for term, part in self._parts()}
        return found | {term.series: term.unit for term in self._terms}

    def _parts(self) -> Iterator[tuple[Any, Any]]:
        """Yield what stands in for a whole year under a name of its own, with its term."""
        for term in self._terms:
            for part in term.parts:
                if (part.measure, part.sector) != term.series:
                    yield term, part

    def end(self, series: Series, year: int) -> date:
        """Return when a year's figure of a series ends: with the year, or where all it has do."""
        for _, part in self._parts():
            if (part.measure, part.sector) == series:
                return date.fromisoformat(f"{year}-{part.ends}")
        ends = {
            (row.period_end.month, row.period_end.day)
            for row in self.study.history
            if row.series == series
        }
        month = next(iter(ends))[0] if len(ends) == 1 else 12
        full = date(year, month, monthrange(year, month)[1])
        return full if ends == {(full.month, full.day)} else date(year, 12, 31)

    @property
    def _terms(self) -> Sequence[Any]:
        return self.study.fit.terms if self.study.fit else ()

    def sectors_of(self, measure: str) -> list[str]:
        """Return the sectors a measure is known of, those that are fitted first."""
        fitted = [term.sector for term in self._terms if term.measure == measure]
        return list(dict.fromkeys([*fitted, *sorted(s for m, s in self.series if m == measure)]))

    def measure(self, word: str) -> str:
        """Return the measure a word means; raise Bad with the nearest where there is none."""
        if not word:
            raise Bad("blank")
        found = self.measures.get(folded(word), [])
        known = {measure for measure, _ in self.series}
        planned = {row.measure for row in self.plans} - known
        if len(found) == 1 and found[0] in planned:
            raise Bad("plan", name=word)
        if len(found) == 1:
            return found[0]
        if found:
            raise Bad("many measures", name=word, names=", ".join(found))
        stem = folded(word).removesuffix("_derived")
        if stem != folded(word) and stem in self.measures:
            raise Bad("derived", name=word)
        raise Bad("no measure", name=word, hint=self._near(word))

    def _near(self, word: str) -> Words:
        """Return the nearest measures in words, or those that are fitted."""
        spoken = {w: m for w, ms in self.measures.items() for m in ms}
        inside = [m for w, m in spoken.items() if folded(word) in w or w in folded(word)]
        close = nearest(folded(word), spoken)
        near = list(dict.fromkeys([*([spoken[close]] if close else []), *inside]))[:3]
        if near:
            return sentence("near", names=", ".join(map(self.both, near)))
        fitted = dict.fromkeys(term.measure for term in self._terms)
        return sentence("there are", names=", ".join(map(self.both, fitted)))

    def both(self, code: str) -> str:
        """Return a code with the word it goes by."""
        word = self.shown.get(code, "")
        return f"{code} {word}" if word and word != code else code

    def one(self, word: str, sector: str) -> Series:
        """Return the series of a measure's word and a sector's, which may be empty.

        Without a sector it is the only one the measure is known of. Raises Bad.
        """
        measure = self.measure(word)
        known = self.sectors_of(measure)
        if not sector:
            if len(known) == 1:
                return measure, known[0]
            raise Bad("which sector", measure=word, known=", ".join(map(self.both, known)))
        meant = self.sectors.get(folded(sector), [sector])
        for one in meant:
            if (folded(word), one) in self.whole:
                return self.whole[folded(word), one]
        both = [one for one in meant if (measure, one) in self.series]
        if len(both) != 1:
            shown = ", ".join(map(self.both, known))
            raise Bad("no sector", measure=word, known=shown, sector=sector)
        return measure, both[0]

    def unit(self, word: str) -> str:
        """Return the study's own name of a unit, or the word where it has none."""
        return self.units.get(folded(word), word)

    def examples(self, kind: str, measures: Iterable[str] = ()) -> Words:
        """Return words to show with a question."""
        if kind == "measure":
            found: Iterable[str] = dict.fromkeys(term.measure for term in self._terms)
        elif kind == "sector":
            found = dict.fromkeys(s for m in measures for s in self.sectors_of(m))
        else:
            units = dict.fromkeys(term.unit for term in self._terms)
            return joined([self.study.report.unit_words(unit) for unit in units])
        return ", ".join(list(map(self.both, found))[:4])


def names_of(study: Study) -> Names:
    """Return what words mean in a study; raise SDError with every problem of its names.toml."""
    found = Names(study)
    for unit, words in UNITS.items():
        found.units |= {folded(word): unit for word in words}
    for unit, labels in study.report.units.items():
        for lang in LANGS:
            found.units.setdefault(folded(labels.get(lang, unit)), unit)
    measures = [row.measure for row in (*study.history, *found.plans)]
    measures += [term.measure for term in found._terms]
    measures += [part.measure for _, part in found._parts()]
    sectors = [sector for _, sector in found.series]
    _read(found, measures, sectors)
    for kept, codes in ((found.measures, measures), (found.sectors, sectors)):
        for code in dict.fromkeys(codes):
            _add(kept, code, code)
            for labels in (study.report.labels.get(code, {}), shared_labels(code)):
                for label in labels.values():
                    _add(kept, label, code, weak=True)
    for term in found._terms:
        for title in term.title.values():
            _add(found.measures, title, term.measure, weak=True)
            found.shown.setdefault(term.measure, title)
    for row in (*study.history, *found.plans):
        title = row.note.split(":")[0].strip()
        if ":" in row.note and title:
            _add(found.measures, title, row.measure, weak=True)
    for kept, codes in ((found.measures, measures), (found.sectors, sectors)):
        for code in dict.fromkeys(codes):
            _add(kept, found.both(code), code, weak=True)
    return found


def _add(found: Meanings, word: str, code: str, *, weak: bool = False) -> None:
    """Let a word mean a code; a title (``weak``) gives way to what names.toml or a code says."""
    key = folded(word)
    if weak and key in found.firm:
        return
    codes = found.setdefault(key, [])
    if code not in codes:
        codes.append(code)
    if not weak:
        found.firm.add(key)


def _read(found: Names, measures: Sequence[str], sectors: Sequence[str]) -> None:
    """Read ``calibration/names.toml`` where the study has one."""
    path = found.study.folder / "calibration" / NAMES
    if not path.is_file():
        return
    top, _ = Section.of_file(path, ("measure", "sector", "unit", "series"))
    for key, kept, known in (
        ("measure", found.measures, measures),
        ("sector", found.sectors, sectors),
    ):
        for code, words in _words(top, key):
            if code not in known:
                top.problem('{key}: the history has no "{code}"', key=key, code=code)
            for word in words:
                _add(kept, word, code)
            found.shown.setdefault(code, words[0] if words else code)
    for unit, words in _words(top, "unit"):
        found.units |= {folded(word): unit for word in words}
    for i, values in enumerate(top.tables("series"), start=1):
        table = Section(f"{top.where} [[series]] {i}", values, top.found)
        table.only(("word", "under", "measure", "sector"))
        series = (table.text("measure", needed=True), table.text("sector", needed=True))
        if series not in found.series:
            table.problem("the history has no {series}", series="/".join(series))
        word = table.text("word", needed=True)
        _add(found.measures, word, series[0])
        under = values.get("under", [])
        for sector in under if isinstance(under, list) else [under]:
            found.whole[folded(word), str(sector)] = series
    top.found.raise_if_any()


def _words(top: Section, key: str) -> list[tuple[str, list[str]]]:
    """Return the words of each code of a table of names.toml."""
    table = top.values.get(key, {})
    found = []
    for code, words in table.items() if isinstance(table, dict) else ():
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            found.append((code, words))
        else:
            top.problem("{key}: {code} must be a list of words", key=key, code=code)
    if not isinstance(table, dict):
        top.problem("{key} must be a table", key=key)
    return found


def shared_labels(code: str) -> dict[str, str]:
    """Return what every study calls an identifier, by language; empty where it has no name."""
    key = f"label.{code}"
    return {lang: catalogue(lang)[key] for lang in LANGS if key in catalogue(lang)}
