"""The scorecard as tables of shaded cells, readable in grey: probabilities stand in the cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.figure import Axis, Cells, Figure, Panel, numbers
from sdensemble.outputs.figures.parts import conditions, run_of, source
from sdensemble.outputs.naming import (
    conditioned,
    label,
    measures_of,
    named_with_year,
    target_name,
    time_unit,
    when,
)
from sdensemble.outputs.policy.scorecard import (
    about_note,
    asked,
    numbered,
    pages_of,
    reading_name,
    titled,
)
from sdensemble.outputs.rounding import points
from sdensemble.policy.scorecard import JOINT, Line, with_readings
from sdensemble.results.results import Results, reference

NAMED = 6
"""So many scenarios at most stand with their names at the head; more are numbered."""


def scorecard_figures(lines: Sequence[Line], results: Results) -> tuple[Figure, ...]:
    """Return the scorecard as figures, the first for the question's year and later.

    One for the years before, one for what is met together; more of each where there are more
    scenarios than stand side by side. References are left to the table.
    """
    lines = titled(lines, results)
    pages = pages_of(results)
    return tuple(
        _figure(kind if number == 1 else f"{kind}-{number}", what, chosen, results, page)
        for kind, (what, chosen) in _parts(lines, results).items()
        for number, page in enumerate(pages, start=1)
    )


def _parts(lines: Sequence[Line], results: Results) -> dict[str, tuple[Words, list[Line]]]:
    """Return the lines of each figure by its name, with what they have in common."""
    year = results.asked_year
    single = [line for line in lines if line.kind == "single"]
    found = {
        "now": with_readings([ln for ln in single if ln.year >= year], lines),
        "earlier": with_readings([ln for ln in single if ln.year < year], lines),
        "together": [line for line in lines if line.kind in JOINT],
    }
    return {
        "scorecard" if name == "now" else f"scorecard-{name}": (
            phrase(f"scorecard_figure.{name}", year=when(results, year)),
            chosen,
        )
        for name, chosen in found.items()
        if chosen
    }


def _figure(
    name: str, what: Words, lines: Sequence[Line], results: Results, page: Sequence[int]
) -> Figure:
    """Return the cells of ``lines`` under the scenarios at the places ``page``."""
    many = len(page) > NAMED
    heads = tuple(f"{i + 1}" if many else results.scenarios[i].title for i in page)
    cells = Cells(
        tuple(numbers(line.found[i].middle for i in page) for line in lines),
        tuple(
            tuple(points(line.found[i].middle, line.found[i].error) for i in page) for line in lines
        ),
    )
    rows = tuple(_label(line, results) for line in lines)
    panel = Panel((cells,), Axis(names=heads), Axis(names=rows), id=name)
    title = phrase("scorecard_figure.title", scenario=reference(results).title, what=what)
    notes = [numbered(results, page)] if many else []
    return Figure(
        name,
        title,
        (panel,),
        notes=(*notes, *_notes(lines, results)),
        caption=title,
        source=source(results),
        run=run_of(results),
    )


def _notes(lines: Sequence[Line], results: Results) -> list[Words]:
    errors = [p.se for line in lines for p in line.found if math.isfinite(p.se)]
    worst = math.ceil(100 * max(errors, default=0.0))
    parts = [results.parts(line.target) if line.target.joint else (line.target,) for line in lines]
    own = results.question
    key = conditioned(results.spec, (own.scope, own.price_basis))
    measures = measures_of(results.spec, [one for part in parts for one in part])
    return [
        phrase("scorecard_figure.foot", se=f"{worst}"),
        phrase("scorecard_figure.of_measure", measure=label(results.spec, own.measure), key=key),
        phrase("scorecard_figure.measures", shown=measures),
        *about_note(lines),
        conditions(results),
    ]


def _label(line: Line, results: Results) -> Words:
    """Return a row's name with its year and what it asks."""
    if line.reading_of:
        return reading_name(line, results)
    if line.kind in JOINT:
        return target_name(line.target)
    return joined(
        [named_with_year(line.target, time_unit(results)), "  ", asked(line, results)], "nothing"
    )
