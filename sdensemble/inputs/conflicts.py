"""Conflicts inside a policy's own text, shown to the reader beside the targets they concern.

A study may keep them in ``model/conflicts.toml``::

    [[conflict]]
    id = "…"
    kind = "conflict"             # conflict, or overlap: double counting is possible
    section = "…"                 # where the text says it
    targets = ["…", …]            # rows of targets.csv it concerns
    title = {zh = "…", en = "…"}
    text = {zh = "…", en = "…"}   # what does not fit with what
    [[conflict.number]]           # what the text's own numbers, or statistics, come to
    label = {zh = "…", en = "…"}
    value = 1607
    unit = {zh = "…", en = "…"}
    source = "…"
    [[conflict.model]]            # the same number in the model: a product of kept series
    label = {zh = "…", en = "…"}
    unit = {zh = "…", en = "…"}
    year = 2025
    factor = 10000                # optional, 1
    terms = [ {variable = "…", element = "…", aggregate = "annual", power = -1}, … ]
                                  # element and power (1 or -1; 1) may be left out
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import did_you_mean
from sdengine.syntax import Model
from sdensemble.inputs.config import Section, find_cells
from sdensemble.inputs.targets import AGGREGATES, Target
from sdensemble.lang import LANGS

KINDS = ("conflict", "overlap")
Words = Mapping[str, str]


@dataclass(frozen=True)
class Number:
    """What numbers of the text or of statistics come to, in words of either language."""

    label: Words
    value: float
    unit: Words
    source: str


@dataclass(frozen=True)
class Term:
    """One series of a product: its yearly aggregate, to the power 1 or -1."""

    variable: str
    element: str
    aggregate: str
    power: int


@dataclass(frozen=True)
class ModelNumber:
    """A number of the model for a year: ``factor`` times the product of ``terms``."""

    label: Words
    unit: Words
    year: int
    factor: float
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Conflict:
    """Statements of the text that do not fit together, with both sides in numbers."""

    id: str
    kind: str
    section: str
    targets: tuple[str, ...]
    title: Words
    text: Words
    numbers: tuple[Number, ...]
    model: tuple[ModelNumber, ...]


def read_conflicts(path: Path, model: Model, targets: Iterable[Target]) -> tuple[Conflict, ...]:
    """Return the conflicts of a TOML file; raise SDError with every problem found."""
    top, _ = Section.of_file(path, ("conflict",))
    known = [target.id for target in targets]
    read, places = [], set()
    for values in top.tables("conflict"):
        name = str(values.get("id", ""))
        table = Section(f'{top.where} conflict "{name}"', values, top.found)
        if not name or name in places:
            table.problem("id is given twice" if name else "id is missing")
        places.add(name)
        read.append(_read_conflict(table, model, known))
    top.found.raise_if_any()
    return tuple(read)


def _read_conflict(table: Section, model: Model, known: Sequence[str]) -> Conflict:
    table.only(("id", "kind", "section", "targets", "title", "text", "number", "model"))
    kind = table.text("kind", needed=True)
    if kind and kind not in KINDS:
        table.problem('kind must be {kinds}, not "{kind}"', kinds=" or ".join(KINDS), kind=kind)
    targets = table.listed("targets", str)
    for name in targets:
        if name not in known:
            table.problem('no target "{name}"{hint}', name=name, hint=did_you_mean(name, known))
    return Conflict(
        table.text("id"),
        kind,
        table.text("section", needed=True),
        targets,
        _words(table, "title"),
        _words(table, "text"),
        tuple(map(_read_number, table.entries("number"))),
        tuple(_read_model(one, model) for one in table.entries("model")),
    )


def _read_number(table: Section) -> Number:
    table.only(("label", "value", "unit", "source"))
    value = table.number("value")
    label, unit = _words(table, "label"), _words(table, "unit")
    return Number(label, value or 0.0, unit, table.text("source", needed=True))


def _read_model(table: Section, model: Model) -> ModelNumber:
    table.only(("label", "unit", "year", "factor", "terms"))
    year = table.number("year")
    if year is not None and not model.clock.start <= year <= model.clock.stop - 1:
        table.problem("the year {year:g} is not wholly within the model's time", year=year)
    factor = table.number("factor", 1.0)
    terms = table.entries("terms")
    if not terms:
        table.problem("terms is missing: name at least one series")
    return ModelNumber(
        _words(table, "label"),
        _words(table, "unit"),
        int(year or 0),
        factor or 1.0,
        tuple(_read_term(one, model) for one in terms),
    )


def _read_term(table: Section, model: Model) -> Term:
    table.only(("variable", "element", "aggregate", "power"))
    element = table.text("element")
    aggregate = table.one_of("aggregate", AGGREGATES, needed=True)
    power = table.values.get("power", 1)
    if power not in (1, -1):
        table.problem("power must be 1 or -1, not {power}", power=power)
    name = table.variable("variable", model, needed=True)
    if name in model and len(find_cells(model, model[name], element, table)) > 1:
        table.problem('"{written}" has more than one element: name one', written=name)
    return Term(name, element, aggregate, 1 if power == 1 else -1)


def _words(table: Section, key: str) -> Words:
    """Return a text in both languages; note one that is missing."""
    given = table.values.get(key)
    values = given if isinstance(given, dict) else {}
    words = {language: str(values.get(language, "")).strip() for language in LANGS}
    if not all(words.values()):
        table.problem('{key} needs both languages: {{zh = "…", en = "…"}}', key=key)
    return words
