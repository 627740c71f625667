"""Two levers against each other, as figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sdensemble.decide.weigh import Weighed
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.weigh_tables import cost_of, names_of, unit_of
from sdensemble.outputs.figure import (
    Axis,
    Cells,
    Figure,
    Line,
    Mark,
    Panel,
    Points,
    Rule,
    numbers,
    with_errors,
)
from sdensemble.outputs.form import Number, Shown
from sdensemble.outputs.naming import inside, label, outlay_of
from sdensemble.results.jackknife import WithError
from sdensemble.study import Study


def weigh_figure(found: Weighed, study: Study) -> Figure:
    """Return what a leader reads: effect by outlay paid, and where each wins by year."""
    first, second = names_of(found)
    ends = dict.fromkeys((0, len(found.doses.years) - 1))
    panels = (*(_outlay_panel(found, study, y) for y in ends), *_where_panels(found, study))
    words = {"outcome": inside(found.outcome.label, study.report), "first": first, "second": second}
    paid = outlay_of(study.report)
    notes = (phrase("decide.weigh.fig_note", second=second, first=first, outlay=paid),)
    return Figure("levers", phrase("decide.weigh.figure", **words), panels, columns=2, notes=notes)


def _outlay_panel(found: Weighed, study: Study, y: int) -> Panel:
    doses, (first, second) = found.doses, names_of(found)
    one_, two_ = doses.curves
    gain = np.nanmean(one_.outcome[y], axis=1)
    spent = np.nanmean(one_.money[y], axis=1)
    marks: list[Mark] = [Line(numbers(spent), numbers(gain), "series", first)]
    effect = np.nanmean(two_.outcome[y], axis=1)
    for one in found.conventions:
        paid = np.nanmean(two_.money[y] + one.price * two_.used[y], axis=1)
        if paid[-1] <= 0.02 * max(spent[-1], 1e-9):
            continue
        name = phrase("decide.weigh.line", name=second, cost=cost_of(found, one))
        marks.append(Line(numbers(paid), numbers(effect), "series", name))
    asked = found.conventions[found.main]
    if math.isfinite(asked.cost[y].value):
        marks.append(Rule(asked.cost[y].value, "limit", phrase("decide.weigh.asked_outlay")))
    # Far beyond what the second can cost there is nothing to compare.
    dear = max((float(m.x[-1]) for m in marks[1:] if isinstance(m, Line)), default=0.0)
    most = min(float(spent[-1]), 1.6 * dear) if dear > 0 else float(spent[-1])
    return Panel(
        tuple(marks),
        x=Axis(phrase("decide.fig.outlay"), c.money_unit(study), low=0.0, high=most * 1.02),
        y=Axis(
            phrase("decide.fig.effect_short"),
            unit_of(found, study),
            low=0.0 if gain.min() >= 0 else None,
            high=1.05 * float(max(np.interp(most, spent, gain), effect.max())),
        ),
        title=phrase("decide.fig.in_year", year=c.year_of(study, doses.years[y])),
        height=48,
        id=f"outlay-{doses.years[y]}",
    )


def _where_panels(found: Weighed, study: Study) -> list[Panel]:
    """Return the gap at equal outlay by condition, and by structure and prior set."""
    years, (first, second) = found.doses.years, names_of(found)
    gap = Axis(phrase("decide.fig.gap", first=first, second=second), unit_of(found, study))
    structures = _structures_panel(found, study, gap)
    if not found.parts:
        return [structures]
    condition = found.question.condition_label
    told = [part for part in found.parts if math.isfinite(part.gap[-1].value)]
    rows = [(part, y) for y in range(len(years)) for part in told]
    names = tuple(
        phrase(
            "decide.weigh.row",
            year=c.year_of(study, years[y]),
            where=phrase(f"decide.weigh.part_{part.id}", condition=condition),
        )
        for part, y in rows
    )
    conditions = Panel(
        (Rule(0.0), _gaps([(i, part.gap[y]) for i, (part, y) in enumerate(rows)])),
        x=gap,
        y=Axis(names=names),
        title=phrase("decide.weigh.by_condition"),
        height=max(48.0, 8 + 5.0 * len(names)),
        id=f"gap-{len(names)}",
    )
    return [conditions, structures]


def _gaps(found: Sequence[tuple[int, WithError]], role: str = "estimate", name: Words = "") -> Mark:
    """Return the gaps that there are, each in its row."""
    kept = {row: c.pair(gap) for row, gap in found if math.isfinite(gap.value)}
    return with_errors(Points, kept.values(), kept, role, name)


def _structures_panel(found: Weighed, study: Study, gap: Axis) -> Panel:
    """Return the gap at the last horizon, a row a structure, a mark a prior set."""
    last = len(found.doses.years) - 1
    titles = c.titles(study) | {"main": phrase("decide.main_structure")}
    rows = list(dict.fromkeys(one.structure for one in found.elsewhere))
    marks: list[Mark] = [Rule(0.0)]
    for prior_set in dict.fromkeys(one.prior_set for one in found.elsewhere):
        own = [one for one in found.elsewhere if one.prior_set == prior_set]
        gaps = [(rows.index(one.structure), one.gap[last]) for one in own]
        marks.append(_gaps(gaps, "series", label(study.report, prior_set)))
    return Panel(
        tuple(marks),
        x=gap,
        y=Axis(names=tuple(titles.get(name, name) for name in rows)),
        title=phrase("decide.weigh.by_world", year=c.year_of(study, found.doses.years[last])),
        height=max(48.0, 8 + 6.0 * len(rows)),
        id="structures",
    )


def surface_figure(found: Weighed, study: Study) -> Figure:
    """Return the dose surface as shaded cells with the effect in each, one panel a year."""
    doses, (first, second) = found.doses, names_of(found)
    some = [
        np.unique(np.round(np.linspace(0, size - 1, 8)).astype(int))
        for size in (doses.first.size, doses.second.size)
    ]
    own, other = (study.report.unit_words(lever.unit) for lever in found.levers)
    rows = joined([part for part in (first, own) if part], "within")
    mean = np.nanmean(doses.outcome, axis=-1)[np.ix_(*some)]
    low, high = float(mean.min()), float(mean.max())
    shares = (mean - low) / (high - low) if high > low else np.zeros_like(mean)
    cell = Number(places=max(0, 2 - math.floor(math.log10(max(abs(low), abs(high), 1e-9)))))
    texts = tuple(tuple(Shown(float(v), cell) for v in row) for row in mean)
    heads = [
        tuple(Shown(float(v), Number(digits=3)) for v in grid[kept])
        for grid, kept in zip((doses.first, doses.second), some, strict=True)
    ]
    panel = Panel(
        (Cells(tuple(numbers(row) for row in shares), texts),),
        x=Axis(second, other, names=heads[1]),
        y=Axis(first, own, names=heads[0]),
        title=phrase("decide.fig.rows", year=c.year_of(study, doses.year), axis=rows),
        height=62,
        id="surface",
    )
    words = {"outcome": inside(found.outcome.label, study.report), "unit": unit_of(found, study)}
    notes = (phrase("decide.weigh.surface_note", n=doses.first.size, m=doses.second.size),)
    title = phrase("decide.weigh.surface_figure", **words)
    return Figure("dose-surface", title, (panel,), notes=notes)
