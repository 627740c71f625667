"""Figures of the evidence: what shrank, figures against predictions, scores of forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.figure import (
    Axis,
    Bars,
    Figure,
    Line,
    Mark,
    Panel,
    Points,
    Rule,
    numbers,
)
from sdensemble.outputs.figures.parts import fan_marks

Triple = tuple[float, float, float]


def shrinkage_figure(shown: Sequence[tuple[Words, float]], rest: int) -> Figure:
    """Return bars of shrinkage for (name, share), the greatest on top."""
    bars = Bars(
        numbers(range(len(shown))),
        numbers(max(share, 0.0) for _, share in shown),
        texts=tuple(f"{share:.2f}" for _, share in shown),
        across=True,
    )
    rule = Rule(0.1, "limit", phrase("evidence_figure.prior_only"))
    names = Axis(names=tuple(name for name, _ in shown))
    panel = Panel(
        (bars, rule), Axis(phrase("evidence_figure.shrinkage_axis"), low=0.0, high=1.0), names
    )
    title = phrase("evidence_figure.shrinkage")
    return Figure("shrinkage", title, (panel,), notes=(phrase("evidence_figure.only", rest=rest),))


def checks_figure(rows: Sequence[tuple[Words, float, Triple, Triple]]) -> Figure:
    """Return prior and posterior predictive intervals relative to each figure.

    ``rows`` are (label, figure, prior, posterior), the last two 5, 50 and 95% in its unit.
    """
    marks: list[Mark] = [Rule(100.0, "target", phrase("evidence_figure.figure"))]
    priors, posteriors = [row[2] for row in rows], [row[3] for row in rows]
    for role, found, shift in (("prior", priors, -0.16), ("posterior", posteriors, 0.16)):
        ends = [[100 * end / row[1] for end in own] for row, own in zip(rows, found, strict=True)]
        name = phrase(f"evidence_figure.{role}")
        marks.append(_intervals(ends, role, name, shift))
    axis = Axis(phrase("evidence_figure.checks_axis"))
    panel = Panel(tuple(marks), axis, Axis(names=tuple(row[0] for row in rows)))
    title, foot = phrase("evidence_figure.checks"), phrase("evidence_figure.foot")
    return Figure("predictive", title, (panel,), notes=(foot,))


def _intervals(
    ends: Sequence[Sequence[float]], role: str, name: Words = "", shift: float = 0.0
) -> Points:
    """Return a point with its interval in each row, from (low, middle, high)."""
    low, middle, high = (numbers(one[place] for one in ends) for place in range(3))
    rows = numbers(place + shift for place in range(len(ends)))
    return Points(middle, rows, low, high, role, name, across=True)


def profiles_figure(
    shown: Sequence[tuple[Words, Sequence[float], Sequence[float]]], flat: float
) -> Figure:
    """Return a panel for each number: (name, places in prior scores, log-likelihood)."""
    low = min([-flat * 1.3, *(min(heights) for _, _, heights in shown)])
    y = Axis(low=low * 1.08, high=-low * 0.08)
    x = Axis(phrase("evidence_figure.profiles_axis"), ticks=(-2.0, 0.0, 2.0))
    panels = tuple(
        Panel(
            (Rule(-flat, "limit", across=True), Line(numbers(at), numbers(heights), "model")),
            x,
            y,
            name,
            height=18.0,
        )
        for name, at, heights in shown
    )
    title, foot = phrase("evidence_figure.profiles"), phrase("evidence_figure.profiles_foot")
    return Figure("profiles", title, panels, columns=4, notes=(foot,), share_y=True)


def residuals_figure(
    rows: Sequence[tuple[Words, int, Triple]], theil: Sequence[tuple[Words, str]]
) -> Figure:
    """Return residuals by series and year: (series, year, 5/50/95% in logs); ``theil`` as text."""
    said = joined(
        [phrase("evidence_figure.named", name=name, value=shares) for name, shares in theil],
        "clause",
    )
    foot = phrase("evidence_figure.residuals_foot", theil=said if theil else "–")
    ends = [[100 * one for one in logs] for _, _, logs in rows]
    marks: tuple[Mark, ...] = (Rule(0.0, "limit"), _intervals(ends, "posterior"))
    names = tuple(phrase("evidence_figure.named", name=n, value=year) for n, year, _ in rows)
    panel = Panel(marks, Axis(phrase("evidence_figure.residuals_axis")), Axis(names=names))
    return Figure("residuals", phrase("evidence_figure.residuals"), (panel,), notes=(foot,))


def scores_figure(
    rows: Sequence[tuple[Words, Words, Words, Words, float, float, float, float]], main: Words
) -> Figure:
    """Return each forecast's interval relative to the figure that came later, method by method.

    ``rows`` are (series, method, origin, year, figure, low, median, high); ``main`` is the method
    drawn dark.
    """
    groups = [(row[0], row[2], row[3]) for row in rows]
    kept = [group for place, group in enumerate(groups) if group not in groups[:place]]
    methods: list[Words] = []
    for row in rows:
        methods += [row[1]] if row[1] not in methods else []
    marks: list[Mark] = [Rule(100.0, "target", phrase("evidence_figure.figure"))]
    at = [_beside(groups, place, kept) for place in range(len(rows))]
    for method in methods:
        mine = [place for place, row in enumerate(rows) if row[1] == method]
        ends = [[100 * end / rows[place][4] for end in rows[place][5:]] for place in mine]
        low, middle, high = (numbers(one[i] for one in ends) for i in range(3))
        ys = numbers(at[place] for place in mine)
        role = "model" if method == main else "series"
        marks.append(Points(middle, ys, low, high, role, method, across=True))
    names = tuple(
        phrase("evidence_figure.from", series=series, year=year, origin=origin)
        for series, origin, year in kept
    )
    panel = Panel(tuple(marks), Axis(phrase("evidence_figure.checks_axis")), Axis(names=names))
    title, foot = phrase("evidence_figure.scores"), phrase("evidence_figure.foot")
    return Figure("backtest", title, (panel,), notes=(foot,))


def _beside(groups: Sequence[Any], place: int, kept: Sequence[Any]) -> float:
    """Return the height of a forecast in its row, which those of one figure share evenly."""
    own = [i for i, group in enumerate(groups) if group == groups[place]]
    return kept.index(groups[place]) - 0.39 + 0.78 * (own.index(place) + 0.5) / len(own)


Known = Sequence[tuple[int, float]]
Fan = tuple[Words, Words, bool, NDArray[np.int64], NDArray[np.float64], Known, Known]


def fans_figure(shown: Sequence[Fan]) -> Figure:
    """Return a fan for each series, with the figures known as points.

    ``shown`` are (title, unit, whether it is the model's own, years, draws (member, year), figures
    known and figures published later).
    """
    panels = []
    for title, unit, own, years, draws, known, later in shown:
        marks, _ = fan_marks(years, np.where(np.isfinite(draws), draws, np.nan))
        for role, name, points in (("known", "fitted", known), ("later", "later", later)):
            if points:
                x, y = numbers(at for at, _ in points), numbers(value for _, value in points)
                marks.append(Points(x, y, role=role, name=phrase(f"evidence_figure.{name}")))
        first = min([int(years[0]), *(year for year, _ in (*known, *later))])
        step = max((int(years[-1]) - first) // 3, 1)
        x_axis = Axis(
            low=first - 0.5,
            high=int(years[-1]) + 0.5,
            ticks=numbers(range(first, int(years[-1]) + 1, step)),
            whole=True,
        )
        head = phrase("evidence_figure.model", title=title) if own else title
        panels.append(Panel(tuple(marks), x_axis, Axis(unit, low=0.0), head, height=20.0))
    title = phrase("evidence_figure.fans")
    foot = phrase("evidence_figure.fans_foot")
    return Figure("forecast", title, tuple(panels), columns=3, notes=(foot,))
