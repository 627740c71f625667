"""Scenarios compared, as figures."""

from __future__ import annotations

from sdensemble.decide.compare import Comparison
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.compare_tables import title_of
from sdensemble.outputs.figure import Axis, Beside, Figure, Panel, Points, Rule, numbers
from sdensemble.outputs.form import Chance, Shown
from sdensemble.study import Study


def compare_figure(found: Comparison, study: Study) -> Figure:
    """Return effects by scenario with their spread, and mean effects in every world."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    rows = [row for row in found.main.rows if row.effect is not None]
    names = tuple(title_of(found, row.scenario) for row in rows)
    y = numbers(range(len(rows)))
    effects = [row.effect for row in rows if row.effect]
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
    axis = Axis(phrase("decide.fig.effect", outcome=found.outcome.label), unit)
    panels = [
        Panel(
            (Rule(0.0), spread, means),
            x=axis,
            y=Axis(names=names),
            beside=(chances,),
            height=10 + 8 * len(rows),
            id="effects",
        )
    ]
    return Figure(
        "effects",
        phrase(
            "decide.compare.figure",
            outcome=found.outcome.label,
            year=_year(found, study),
            base=found.baseline.title,
        ),
        tuple(panels),
        notes=(phrase("decide.fig.note"),),
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
