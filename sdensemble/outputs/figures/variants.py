"""P of the question and the effects of policy packages, one row for each structure."""

from __future__ import annotations

import math

from sdensemble.lang import Capital, Words, joined, phrase
from sdensemble.outputs.figure import (
    Axis,
    Beside,
    Figure,
    Mark,
    Panel,
    Points,
    Rule,
    Span,
    intervals,
)
from sdensemble.outputs.figures.parts import Folded, conditions, run_of, source
from sdensemble.outputs.model_answer import flip_words
from sdensemble.outputs.models import (
    Across,
    Flip,
    ModelSet,
    effects,
    flipped,
    how_mixed,
    leads,
    leads_of_two,
    packages,
    probabilities,
)
from sdensemble.outputs.naming import outlay_of, statement, target_name, when
from sdensemble.results.results import reference


def variants(models: ModelSet) -> Figure:
    """Return P and the effects of the packages by variant, with the range and the mixture."""
    main = models.main
    base, asked = reference(main), main.question
    pairs = packages(models) or main.pairs()
    moves = [(one, effects(models, one, other, main.asked_year)) for one, other in pairs]
    names: tuple[Words, ...] = tuple(
        joined([variant.title, "*" if variant.name in models.same else ""], "nothing")
        for variant in models.variants
    )
    names = (*names, phrase("variants_figure.mixture", how=how_mixed(models)))
    found = probabilities(models, asked, base)
    low, high = found.span
    span = Span(100 * low, 100 * high, phrase("variants_figure.range"))
    left = Panel(
        (span, _points(found, 100.0, "", 0.0)),
        Axis(phrase("variants_figure.p_axis", scenario=base.title)),
        Axis(names=names),
        id="probability",
    )
    shift = 0.5 / max(len(moves), 1)
    marks: list[Mark] = [Rule(0.0, "limit")]
    for place, (scenario, move) in enumerate(moves):
        marks.append(_points(move, 1.0, scenario.title, shift * (place - (len(moves) - 1) / 2)))
    year, unit = when(main, main.asked_year), main.spec.unit_words(asked.unit)
    axis = phrase("variants_figure.effect_axis", year=year, name=target_name(asked), unit=unit)
    turned, several = flipped(models), len(packages(models)) > 1
    beside = _leaders(models, turned) if several else ()
    # Titles of packages beside the rows leave no room for two panels in one row.
    rows = names if beside else ("",) * len(names)
    right = Panel(tuple(marks), Axis(Capital(axis)), Axis(names=rows), beside=beside, id="effects")
    said = {"target": statement(main, asked), "n": len(models.variants)}
    title = phrase("variants_figure.title", **said)
    return Figure(
        "variants",
        Capital(title),
        (left, right),
        columns=1 if beside else 2,
        notes=(*_notes(models, turned, several), conditions(main, measured=True)),
        caption=Capital(title),
        source=source(main),
        run=run_of(main),
    )


def _notes(models: ModelSet, turned: Flip | None, several: bool) -> list[Words]:
    notes: list[Words] = [phrase("variants_figure.note")]
    if several:
        key = "variants_figure.leaders" if turned else "variants_figure.leader"
        notes.append(phrase(key, outlay=outlay_of(models.main.spec)))
    if models.same:
        notes.append(phrase("variants_figure.same"))
    return [*notes, *flip_words(models)]


def _points(found: Across, scale: float, name: Words, shift: float) -> Points:
    """Return the points of one number over variants and mixture; a row that lacks it has none."""
    each = [*found.each, found.mixture]
    held = [(place, one) for place, one in enumerate(each) if one is not None]
    rows = [(one.low, one.mean, one.high) for _, one in held]
    ends = [[scale * (end if math.isfinite(end) else row[1]) for end in row] for row in rows]
    at = (place + shift for place, _ in held)
    return intervals(ends, at, "series" if name else "estimate", name)


def _leaders(models: ModelSet, turned: Flip | None) -> tuple[Beside, ...]:
    """Return which package is ahead per outlay in each row, of all and of those that flip."""
    rows = range(len(models.variants))
    best = (Folded(leads(models, row)) for row in rows)
    found = [Beside(phrase("variants_figure.leads"), (*best, ""))]
    if turned:
        first, second = Folded(turned.one.title), Folded(turned.two.title)
        two = (Folded(leads_of_two(models, row, turned)) for row in rows)
        head = phrase("variants_figure.pair", first=first, second=second)
        found.append(Beside(head, (*two, "")))
    return tuple(found)
