"""Words the documents on evidence share: numbers of the priors, series, methods, quantiles."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from sdengine.syntax import Model
from sdensemble.evidence.backtest import MODEL
from sdensemble.evidence.scores import Score
from sdensemble.inputs.fit import without_term
from sdensemble.inputs.history import Observation, Vintage
from sdensemble.lang import LANGS, Words, joined, phrase, quantity, say
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.form import TEXT, Form, Native, Number, Shown
from sdensemble.outputs.naming import label, made_from, period_of, with_element
from sdensemble.outputs.rounding import decimals, rounded_up
from sdensemble.outputs.table import Cell, Column, Heads, Table, table_from
from sdensemble.outputs.text import width, wrap
from sdensemble.study import Study

LABEL = 60
"""Columns a label may take in a table."""
MEASURES = 6
"""Measures without a term that are named, the most frequent first."""
PLAIN = Number(digits=6)
TWO, THREE = Number(places=2), Number(places=3)


@dataclass(frozen=True)
class Quantiles(Number):
    """(low, middle, high) with as many digits as are worth reading: "0.123 / 1000 / 12346".

    With a fourth number, the Monte Carlo error of the middle, it stands behind: "… ±12".
    """

    digits: int = 3
    parts = ("low", "value", "high", "error")

    def written(self, value: Any, lang: str) -> str:
        """Return the three numbers, with the error of the middle where there is one."""
        most = 10**self.digits - 0.5
        *three, error = value if len(value) > 3 else (*value, 0.0)
        shown = (f"{v:.{self.digits}g}" if abs(v) < most else f"{v:.0f}" for v in three)
        beside = plus_minus(error, max(decimals(error, 6), 0))
        return f"{' / '.join(shown)} {beside}".rstrip().replace("-", "−")

    def number(self, value: Any, lang: str) -> Native:
        """Return the middle."""
        return float(value[1])


@dataclass(frozen=True)
class Upwards(Number):
    """An error, rounded up: none is printed as zero, or as less than it is."""

    places: int | None = 1

    def written(self, value: Any, lang: str) -> str:
        """Return the error."""
        return rounded_up(self.factor * value, self.places or 0) + self.suffix


QUANTILES = Quantiles()
cell = Heads("evidence.")


@dataclass(frozen=True)
class Besides(Form):
    """(number, Words): the number as ``each`` writes it, the words behind it, or in brackets."""

    each: Form = THREE
    brackets: bool = True
    parts = ("value", "note")
    right = True

    def text(self, value: Any, lang: str) -> str:
        """Return the number with what stands beside it; a dash where there is none."""
        if value is None:
            return self.nothing(lang)
        number, more = value
        beside = TEXT.text(more, lang)
        shown = f"({beside})" if self.brackets and beside else beside
        return f"{self.each.text(number, lang)} {shown}".rstrip()

    def number(self, value: Any, lang: str) -> Native:
        """Return the number alone."""
        return None if value is None else self.each.number(value[0], lang)


def draw(folder: Path, figures: Iterable[Figure], study: Study, said: Words = "") -> None:
    """Draw figures in every language, each with what is ``said`` of them all and its source."""
    from sdensemble.outputs.write.picture import write_figure

    source = made_from(study.model, "calibration/history.csv")
    for figure in figures:
        told = replace(figure, source=source, notes=(*figure.notes, said))
        for lang in LANGS:
            write_figure(told, folder / f"{figure.id}-{lang}", lang)


def document(name: str, blocks: Iterable[Block]) -> Document:
    """Return a document of blocks, without a title of its own."""
    return Document(name, "", tuple(blocks))


def lines(words: Iterable[Words]) -> list[Block]:
    """Return a paragraph for each."""
    return [Paragraph(one) for one in words]


def evidence_table(
    name: str, items: Iterable[Any], /, *cells: Cell, notes: Sequence[Words] = (), **words: object
) -> Table:
    """Return a table entitled by its key of ``[evidence]``; ``words`` fill the title."""
    return table_from(name, phrase(f"evidence.{name}", **words), items, *cells, notes=tuple(notes))


def series_cells(study: Study) -> tuple[Cell, ...]:
    """Return the columns of a figure: its series and its period, headed by the model's unit."""
    return cell("series", lambda one: series_title(study, one.series)), period_cell(study)


def period_cell(study: Study) -> Cell:
    """Return the column of a figure's period, headed by the model's unit of time."""
    return Column("year", period_of(study.model, study.report)), "year"


def amount(study: Study, value: float, unit: str) -> Words:
    """Return a figure with its unit."""
    shown = Shown(value, PLAIN)
    return quantity(shown, study.report.unit_words(unit))


def label_of(study: Study, name: str) -> Words:
    """Return a number of the priors as people write it: the constant's label with its element.

    Of a label that explains, the part before the colon, cut at a word to LABEL columns.
    """
    constant, _, element = name.removesuffix("]").partition("[")
    label = {lang: _short(study.model, constant, lang) for lang in LANGS}
    return with_element(study.model, label, constant, element)


def _short(model: Model, name: str, lang: str) -> str:
    """Return the label of a variable up to its first colon."""
    variable = model.variables.get(name)
    label = model.label(name, lang) if variable is not None and variable.note else ""
    label = label.split(say("language.colon", lang))[0] or name
    return wrap(label, LABEL)[0] + "…" if width(label) > LABEL else label


def series_title(study: Study, name: str) -> Words:
    """Return a series as people write it, from its name ``measure/sector``."""
    for term in study.fit.terms if study.fit else ():
        if term.name == name:
            return term.title
    return name


def method_title(study: Study, name: str) -> Words:
    """Return who forecast: this model, or a rival by its title."""
    if name == MODEL:
        return phrase("evidence.model")
    baselines = study.fit.baselines if study.fit else ()
    return next((one.title for one in baselines if one.name == name), name)


def forecast_of(score: Score) -> tuple[float, float, float]:
    """Return the lower end, the middle and the upper end of a forecast that was scored."""
    return score.low, score.median, score.high


def with_error(name: str, number: str, error: str, form: Number, head: Words = "") -> Cell:
    """Return a column of numbers with their Monte Carlo error behind: "0.123 ±0.004".

    Nothing stands behind a number without one, such as a formula's.
    """
    value, beside = attrgetter(number), attrgetter(error)

    def shown(item: Any) -> tuple[float, str]:
        return value(item), plus_minus(beside(item), form.places or 0)

    head = head or phrase(f"evidence.{name}")
    return Column(name, head, Besides(form, brackets=False)), shown


def plus_minus(error: float, places: int) -> str:
    """Return an error to stand behind its number: "±0.004"; empty where there is none."""
    return f"±{rounded_up(error, places)}" if 0 < error < math.inf else ""


def no_term(study: Study, known: Vintage) -> list[Words]:
    """Return what names, by measure, the rows of a vintage no term speaks of; empty without any."""
    if study.fit is None:
        return []
    rows = without_term(study.fit.terms, known.fitted(), study.model)
    if not rows:
        return []
    return [phrase("evidence.no_term", n=len(rows), rows=by_measure(study, rows))]


def by_measure(study: Study, rows: Sequence[Observation]) -> Words:
    """Return the measures of rows, those of most rows first, and how many more there are."""
    counts = Counter(row.measure for row in rows).most_common()
    shown: list[Words] = [
        joined([label(study.report, name), f" ×{n}" if n > 1 else ""], "nothing")
        for name, n in counts[:MEASURES]
    ]
    if len(counts) > MEASURES:
        shown.append(phrase("evidence.more_measures", n=len(counts) - MEASURES))
    return joined(shown)
