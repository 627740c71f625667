"""Figures of the evidence: what shrank, figures against predictions, forecasts and their scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sdensemble.evidence.backtest import MODEL, Backtest, Row
from sdensemble.evidence.diagnose import FLAT, Diagnosis
from sdensemble.evidence.forecast import MODEL as OWN
from sdensemble.evidence.forecast import Forecast, Series
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.evidence.common import forecast_of, label_of, method_title, series_title
from sdensemble.outputs.figure import (
    Axis,
    Bars,
    Figure,
    Line,
    Mark,
    Panel,
    Points,
    Rule,
    intervals,
    numbers,
)
from sdensemble.outputs.figures.parts import fan_marks
from sdensemble.outputs.naming import moment
from sdensemble.study import Study


def say(key: str, **values: object) -> Words:
    """Return a phrase of ``[evidence_figure]``."""
    return phrase(f"evidence_figure.{key}", **values)


def _percent(ends: Sequence[float], of: float) -> list[float]:
    return [100 * end / of for end in ends]


# ── a calibration ──


def calibration_figures(study: Study, diagnosis: Diagnosis) -> Iterator[Figure]:
    """Yield shrinkage, predictive distributions, residuals and profiles."""
    yield _shrinkage(study, diagnosis)
    yield _checks(study, diagnosis)
    yield _residuals(study, diagnosis)
    if diagnosis.profiles:
        yield _profiles(study, diagnosis)


def _shrinkage(study: Study, diagnosis: Diagnosis) -> Figure:
    """Return bars of shrinkage, the greatest on top."""
    first = sorted(diagnosis.learned, key=lambda one: -one.shrinkage)
    shown = [one for one in first if not one.prior_only] or first[:3]
    bars = Bars(
        numbers(range(len(shown))),
        numbers(max(one.shrinkage, 0.0) for one in shown),
        texts=tuple(f"{one.shrinkage:.2f}" for one in shown),
        across=True,
    )
    names = Axis(names=tuple(label_of(study, one.name) for one in shown))
    axis = Axis(say("shrinkage_axis"), low=0.0, high=1.0)
    panel = Panel((bars, Rule(0.1, "limit", say("prior_only"))), axis, names)
    notes = (say("only", rest=len(diagnosis.learned) - len(shown)),)
    return Figure("shrinkage", say("shrinkage"), (panel,), notes=notes)


def _checks(study: Study, diagnosis: Diagnosis) -> Figure:
    """Return prior and posterior predictive intervals relative to each figure."""
    checks = diagnosis.checks
    marks: list[Mark] = [Rule(100.0, "target", say("figure"))]
    for role, shift in (("prior", -0.16), ("posterior", 0.16)):
        ends = [_percent(getattr(one, role), one.value) for one in checks]
        at = (place + shift for place in range(len(checks)))
        marks.append(intervals(ends, at, role, say(role)))
    names = [joined([series_title(study, one.series), f" {one.year}"], "nothing") for one in checks]
    panel = Panel(tuple(marks), Axis(say("checks_axis")), Axis(names=tuple(names)))
    return Figure("predictive", say("checks"), (panel,), notes=(say("foot"),))


def _residuals(study: Study, diagnosis: Diagnosis) -> Figure:
    """Return residuals by series and year, with Theil's shares below."""
    theil = [
        say(
            "named",
            name=series_title(study, one.series),
            value=f"{one.bias:.2f}/{one.variation:.2f}/{one.covariation:.2f}",
        )
        for one in diagnosis.theil
    ]
    rows = diagnosis.residuals
    names = [say("named", name=series_title(study, one.series), value=one.year) for one in rows]
    ends = [_percent(one.logs, 1.0) for one in rows]
    marks = (Rule(0.0, "limit"), intervals(ends, range(len(rows)), "posterior"))
    panel = Panel(marks, Axis(say("residuals_axis")), Axis(names=tuple(names)))
    foot = say("residuals_foot", theil=joined(theil, "clause") if theil else "–")
    return Figure("residuals", say("residuals"), (panel,), notes=(foot,))


def _profiles(study: Study, diagnosis: Diagnosis) -> Figure:
    """Return a panel for each number: the log-likelihood over places in prior scores."""
    low = min([-FLAT * 1.3, *(min(one.likelihood) for one in diagnosis.profiles)])
    limit = Rule(-FLAT, "limit", across=True)
    panels = tuple(
        Panel(
            (limit, Line(numbers(one.at), numbers(one.likelihood), "model")),
            Axis(say("profiles_axis"), ticks=(-2.0, 0.0, 2.0)),
            Axis(low=low * 1.08, high=-low * 0.08),
            label_of(study, one.name),
            height=18.0,
        )
        for one in diagnosis.profiles
    )
    notes = (say("profiles_foot"),)
    return Figure("profiles", say("profiles"), panels, columns=4, notes=notes, share_y=True)


# ── forecasts ──


def backtest_figure(study: Study, found: Backtest) -> Figure:
    """Return each forecast's interval relative to the figure that came later, by method."""
    groups: dict[tuple[str, int, int], list[Row]] = {}
    for row in found.rows:
        groups.setdefault((row.series, row.origin, row.year), []).append(row)
    marks: list[Mark] = [Rule(100.0, "target", say("figure"))]
    for method in found.methods:
        ends, at = [], []
        for place, own in enumerate(groups.values()):
            for i, row in enumerate(own):
                if row.method == method:
                    ends.append(_percent(forecast_of(row.score), row.value))
                    at.append(place - 0.39 + 0.78 * (i + 0.5) / len(own))
        role = "model" if method == MODEL else "series"
        marks.append(intervals(ends, at, role, method_title(study, method)))
    names = tuple(
        say(
            "from",
            series=series_title(study, series),
            year=moment(study.model, study.report, year),
            origin=moment(study.model, study.report, origin),
        )
        for series, origin, year in groups
    )
    panel = Panel(tuple(marks), Axis(say("checks_axis")), Axis(names=names))
    return Figure("backtest", say("scores"), (panel,), notes=(say("foot"),))


def forecast_figure(study: Study, found: Forecast) -> Figure:
    """Return a fan for each series, with the figures known as points."""
    panels = tuple(_fan(study, found, one) for one in found.series)
    return Figure("forecast", say("fans"), panels, columns=3, notes=(say("fans_foot"),))


def _fan(study: Study, found: Forecast, one: Series) -> Panel:
    draws = np.where(np.isfinite(one.draws.T), one.draws.T, np.nan)
    marks, _ = fan_marks(np.array(found.years), draws)
    for role, name, points in (("known", "fitted", one.seen), ("later", "later", one.later)):
        if points:
            x, y = numbers(at for at, _ in points), numbers(value for _, value in points)
            marks.append(Points(x, y, role=role, name=say(name)))
    last = found.years[-1]
    first = min([found.years[0], *(year for year, _ in (*one.seen, *one.later))])
    ticks = numbers(range(first, last + 1, max((last - first) // 3, 1)))
    x_axis = Axis(low=first - 0.5, high=last + 0.5, ticks=ticks, whole=True)
    head = say("model", title=one.title) if one.kind == OWN else one.title
    y_axis = Axis(study.report.unit_words(one.unit), low=0.0)
    return Panel(tuple(marks), x_axis, y_axis, head, height=20.0)
