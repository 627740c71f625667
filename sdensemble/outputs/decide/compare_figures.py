"""Scenarios compared, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sdensemble.decide.compare import Comparison, Row
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.figure import (
    Axis,
    Beside,
    Figure,
    Mark,
    Panel,
    Points,
    Rule,
    numbers,
    with_errors,
)
from sdensemble.outputs.form import Chance, Shown
from sdensemble.outputs.naming import inside
from sdensemble.study import Study


def compare_figure(found: Comparison, study: Study) -> Figure:
    """Return effects by scenario with their spread, and mean effects in every world."""
    rows = [row for row in found.main.rows if row.effect is not None]
    names = [c.title_of(found, row.scenario) for row in rows]
    panel = replace(effects_panel(found, study, rows, names, row_height=8), id="effects")
    words = {"outcome": inside(found.outcome.label, study.report), "base": found.baseline.title}
    title = phrase("decide.compare.figure", year=_year(found, study), **words)
    return Figure("effects", title, (panel,), notes=(phrase("decide.fig.note"),))


def effects_panel(
    found: Comparison, study: Study, rows: Sequence[Row], names: Sequence[Words], row_height: float
) -> Panel:
    """Return the median effect of each row with its spread, its mean, and P beside it."""
    effects = [row.effect for row in rows if row.effect]
    y = numbers(range(len(rows)))
    low, high = numbers(e.low for e in effects), numbers(e.high for e in effects)
    median, mean = (numbers(e.median for e in effects), numbers(e.found.mean for e in effects))
    spread = Points(median, y, low, high, "median", phrase("decide.fig.spread"), across=True)
    means = Points(mean, y, role="mean", name=phrase("decide.fig.mean"))
    chances = Beside(phrase("decide.head.p"), tuple(Shown(r.probability, Chance()) for r in rows))
    return Panel(
        (Rule(0.0), spread, means),
        x=_effect(found, study),
        y=Axis(names=tuple(names)),
        beside=(chances,),
        height=10 + row_height * len(rows),
    )


def _effect(found: Comparison, study: Study) -> Axis:
    unit = c.target_unit(study, found.target, found.outcome.variable)
    return Axis(
        phrase("decide.fig.effect", outcome=inside(found.outcome.label, study.report)), unit
    )


def worlds_figure(found: Comparison, study: Study) -> Figure:
    """Return mean effects in every world, a mark a scenario."""
    marks: list[Mark] = [Rule(0.0)]
    for row in found.main.rows:
        if row.effect is not None:
            line = [next(r for r in one.rows if r.scenario == row.scenario) for one in found.worlds]
            means = [c.pair(r.effect.found) for r in line if r.effect]
            name = c.title_of(found, row.scenario)
            marks.append(with_errors(Points, means, range(len(means)), "series", name))
    places = tuple(c.world_name(study, one.world) for one in found.worlds)
    panel = Panel(
        tuple(marks),
        x=_effect(found, study),
        y=Axis(names=places),
        height=12 + 4.5 * len(places),
        id="worlds",
    )
    words = {"outcome": inside(found.outcome.label, study.report), "year": _year(found, study)}
    return Figure("effects-by-world", phrase("decide.fig.worlds", **words), (panel,))


def _year(found: Comparison, study: Study) -> Words:
    return c.year_of(study, int(found.target.year or found.through))
