"""Figures a person asks for: one outcome under several scenarios, on one pair of axes."""

from __future__ import annotations

from collections.abc import Sequence

from sdensemble.inputs.report import Outcome
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, phrase
from sdensemble.outputs.figure import Axis, Figure, Line, Mark, Panel, Points, Target, numbers
from sdensemble.outputs.figures.parts import conditions, run_of, source, units
from sdensemble.outputs.naming import beyond, time_unit, when
from sdensemble.results.ensemble import quantile
from sdensemble.results.probability import value_of, year_of
from sdensemble.results.results import Results


def several(
    results: Results,
    scenarios: Sequence[Scenario],
    outcome: Outcome,
    *,
    title: Words = "",
    width: float = 146.0,
) -> Figure:
    """Return medians of an outcome under several scenarios by year, with the last year's band.

    Bands of every year would lie on top of each other; the middle 90% of the last year stand
    beside each other at its end.
    """
    years, marks = numbers(results.years), list[Mark]()
    step = 0.12
    for place, scenario in enumerate(scenarios):
        low, median, high = quantile(results.at(outcome, scenario), [0.05, 0.5, 0.95])
        marks.append(Line(years, numbers(median), "series", scenario.title))
        at = years[-1] + 0.35 + step * place * 3
        ends = (float(low[-1]),), (float(high[-1]),)
        marks.append(Points((at,), (float(median[-1]),), *ends, "series", scenario.title))
    for target in results.targets_of(outcome):
        official = target.role != "reference"
        text = beyond(target, results.spec)
        marks.append(Target(float(year_of(target)), value_of(target), text, official))
    unit = results.spec.unit_words(results.unit(outcome.variable))
    names = {"name": outcome.label, "year": when(results, int(results.years[-1]))}
    panel = Panel(
        tuple(marks),
        x=Axis(time_unit(results), whole=True),
        y=Axis(outcome.label, unit),
        height=62.0,
    )
    return Figure(
        "several",
        title or phrase("brief.several_title", **names),
        (panel,),
        notes=(
            phrase("brief.several_note", **names),
            units(results),
            conditions(results, measured=True),
        ),
        caption=phrase("brief.several_title", **names),
        source=source(results),
        run=run_of(results),
        width=width,
    )
