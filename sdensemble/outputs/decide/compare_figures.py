"""Scenarios compared, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sdensemble.decide.compare import Comparison, Row
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.compare_tables import title_of
from sdensemble.outputs.figure import Axis, Beside, Figure, Panel, Points, Rule, numbers
from sdensemble.outputs.form import Chance, Shown
from sdensemble.study import Study


def compare_figure(found: Comparison, study: Study) -> Figure:
    """Return effects by scenario with their spread, and mean effects in every world."""
    rows = [row for row in found.main.rows if row.effect is not None]
    names = [title_of(found, row.scenario) for row in rows]
    panel = replace(effects_panel(found, study, rows, names, row_height=8), id="effects")
    return Figure(
        "effects",
        phrase(
            "decide.compare.figure",
            outcome=found.outcome.label,
            year=_year(found, study),
            base=found.baseline.title,
        ),
        (panel,),
        notes=(phrase("decide.fig.note"),),
    )


def effects_panel(
    found: Comparison, study: Study, rows: Sequence[Row], names: Sequence[Words], row_height: float
) -> Panel:
    """Return the median effect of each row with its spread, its mean, and P beside it."""
    effects = [row.effect for row in rows if row.effect]
    y = numbers(range(len(rows)))
    spread = Points(
        numbers(e.median for e in effects),
        y,
        numbers(e.low for e in effects),
        numbers(e.high for e in effects),
        "median",
        phrase("decide.fig.spread"),
        across=True,
    )
    means = Points(
        numbers(e.found.mean for e in effects), y, role="mean", name=phrase("decide.fig.mean")
    )
    chances = Beside(phrase("decide.head.p"), tuple(Shown(r.probability, Chance()) for r in rows))
    unit = c.target_unit(study, found.target, found.outcome.variable)
    return Panel(
        (Rule(0.0), spread, means),
        x=Axis(phrase("decide.fig.effect", outcome=found.outcome.label), unit),
        y=Axis(names=tuple(names)),
        beside=(chances,),
        height=10 + row_height * len(rows),
    )


def worlds_figure(found: Comparison, study: Study) -> Figure:
    """Return mean effects in every world, a mark a scenario."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    rows = [row for row in found.main.rows if row.effect is not None]
    marks: list[Points | Rule] = [Rule(0.0)]
    for row in rows:
        line = [next(r for r in one.rows if r.scenario == row.scenario) for one in found.worlds]
        means = [r.effect.found for r in line if r.effect]
        marks.append(
            Points(
                numbers(m.mean for m in means),
                numbers(range(len(means))),
                numbers(m.mean - 2 * m.se for m in means),
                numbers(m.mean + 2 * m.se for m in means),
                "series",
                title_of(found, row.scenario),
                across=True,
            )
        )
    places = tuple(c.world_name(one.world, study.report) for one in found.worlds)
    panel = Panel(
        tuple(marks),
        x=Axis(phrase("decide.fig.effect", outcome=found.outcome.label), unit),
        y=Axis(names=places),
        height=12 + 4.5 * len(places),
        id="worlds",
    )
    return Figure(
        "effects-by-world",
        phrase("decide.fig.worlds", outcome=found.outcome.label, year=_year(found, study)),
        (panel,),
    )


def _year(found: Comparison, study: Study) -> Words:
    return c.year_of(study, int(found.target.year or found.through))
