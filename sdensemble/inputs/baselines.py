"""Forecasts without the model: what it must beat, or say that it does not.

Each takes the figures of one series known at the origin and gives the median of a later year;
its error is lognormal, with a standard deviation that grows with the root of the horizon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sdengine.errors import Message
from sdensemble.inputs.config import Section
from sdensemble.inputs.history import Observation
from sdensemble.inputs.units import as_number

KINDS = ("last growth", "trend", "logistic", "path")


@dataclass(frozen=True)
class Baseline:
    """One forecast without the model.

    "last growth" repeats the last yearly growth; "trend" grows by ``growth`` a year; "logistic"
    fits a logistic curve; "path" goes from the last figure at the yearly growth of ``points``
    (year, value), a plan. ``sd`` is that of the log error a year ahead.
    """

    name: str
    kind: str
    title: Mapping[str, str]
    sd: float
    growth: float = 0.0
    points: tuple[tuple[float, float], ...] = ()
    measures: tuple[str, ...] = ()

    def median(self, known: Sequence[Observation], year: float) -> float | None:
        """Return the forecast of a year from the figures known; None where it has none."""
        if not known or (self.measures and known[-1].measure not in self.measures):
            return None
        last = known[-1]
        ahead = year - last.time
        if self.kind == "trend":
            return last.value * (1 + self.growth) ** ahead
        if self.kind == "path":
            return last.value * _on_path(self.points, year) / _on_path(self.points, last.time)
        if len(known) < 2:
            return None
        if self.kind == "last growth":
            before = known[-2]
            return last.value * (last.value / before.value) ** (ahead / (last.time - before.time))
        return _logistic(known, year)

    def spread(self, ahead: float) -> float:
        """Return the standard deviation of the log error so many years ahead."""
        return self.sd * math.sqrt(max(ahead, 1e-9))


def read_baseline(table: Section) -> Baseline | None:
    """Return one baseline of ``fit.toml``, or None with its problems noted."""
    before = len(table.found.lines)
    table.only(("name", "kind", "title", "sd", "growth", "points", "measures", "basis"))
    name, kind = table.text("name", needed=True), table.one_of("kind", KINDS, needed=True)
    sd = table.number("sd")
    growth = table.number("growth") if kind == "trend" else 0.0
    points = table.values.get("points", {})
    if kind == "path" and not (isinstance(points, dict) and len(points) > 1):
        told = 'points must be a table such as {{ "2020" = 100, "2025" = 150 }}'
        table.problem(Message(told))
        points = {}
    pairs = []
    for year, value in points.items() if isinstance(points, dict) else ():
        number = as_number(value)
        if not year.isdigit() or number is None:
            table.problem("points: {year} = {value} is no year and number", year=year, value=value)
        else:
            pairs.append((float(year), number))
    title = table.words("title", name)
    if len(table.found.lines) > before or sd is None or growth is None:
        return None
    return Baseline(
        name, kind, title, sd, growth, tuple(sorted(pairs)), tuple(table.values.get("measures", ()))
    )


def _on_path(points: Sequence[tuple[float, float]], year: float) -> float:
    """Return the value of a path at constant growth between its points and beyond its ends."""
    years = [point[0] for point in points]
    logs = [math.log(point[1]) for point in points]
    at = min(max(int(np.searchsorted(years, year, side="right")) - 1, 0), len(years) - 2)
    slope = (logs[at + 1] - logs[at]) / (years[at + 1] - years[at])
    return math.exp(logs[at] + slope * (year - years[at]))


def _logistic(known: Sequence[Observation], year: float) -> float:
    """Return a logistic curve's value, its ceiling held near twice the last figure (log sd 0.5).

    A few figures do not tell a ceiling: without the hold the curve would be any exponential.
    """
    from scipy.optimize import minimize  # here, as every verb reads baselines and few forecast

    last = known[-1]
    times = np.array([o.time - last.time for o in known])
    logs = np.log([o.value for o in known])

    def curve(x: np.ndarray, when: np.ndarray) -> np.ndarray:
        top, rate, start = x
        share = 1 / (1 + np.exp(-np.clip(start + rate * when, -50, 50)))
        return np.asarray(top + np.log(share))

    def loss(x: np.ndarray) -> float:
        miss = (curve(x, times) - logs) / 0.03
        held = (x[0] - math.log(2 * last.value)) / 0.5
        return float((miss**2).sum() + held**2 + ((x[1] - 0.15) / 0.3) ** 2)

    found = minimize(
        loss,
        [math.log(2 * last.value), 0.15, 0.0],
        method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-8, "fatol": 1e-10},
    )
    # The curve's growth from the last figure on, as the other baselines start from it too.
    ends = curve(found.x, np.array([0.0, year - last.time]))
    return last.value * math.exp(float(ends[1] - ends[0]))
