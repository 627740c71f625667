"""Gap and progress of a run as rows: what a target lacks, and how far the schedule is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sdensemble.inputs.report import Outcome
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.outputs.cells import (
    Row,
    condition_cells,
    outcome_cells,
    scenario_cells,
    target_years,
    unit_cells,
)
from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import Array
from sdensemble.results.probability import value_of, year_of
from sdensemble.results.results import QUANTILES, Results

MEDIAN = QUANTILES.index(0.5)


def gap_rows(results: Results) -> tuple[Row, ...]:
    """Return each outcome's part in growth from the base year, and its gap to its target."""
    return results.once(("gap_rows",), lambda: tuple(_gap_rows(results)))


def _gap_rows(results: Results) -> Iterator[Row]:
    base, whole = int(results.years[0]), results.spec.headline.whole
    asked = [
        _Asked.of(results, outcome, year)
        for year in target_years(results)
        for outcome in results.outcomes()
    ]
    for scenario in results.scenarios:
        begun = results.at(whole, scenario)
        for one in asked:
            yield {
                **scenario_cells(results, scenario),
                **outcome_cells(results, one.outcome),
                "base_year": base,
                "year": one.year,
                **unit_cells(results, results.unit(one.outcome.variable)),
                **_contribution(results, scenario, begun, one),
                **_gap(results, scenario, one),
                **condition_cells(results, one.target or results.question),
            }


@dataclass(frozen=True)
class _Asked:
    """An outcome in a year, its target, and quantiles over members, (quantile, scenario).

    ``grown`` is what was added since the base year, ``growth`` its yearly rate in percent,
    ``required`` the rate that would lead to the target.
    """

    outcome: Outcome
    year: int
    target: Target | None
    grown: Array
    growth: Array
    required: Array | None

    @classmethod
    def of(cls, results: Results, outcome: Outcome, year: int) -> _Asked:
        series, span = results.series(outcome.variable, outcome.element), year - results.years[0]
        first, last = series[:, :, 0], series[:, :, results.year_index(year)]
        target = next((t for t in results.targets_of(outcome) if t.year == year), None)
        required = None
        if target is not None:
            rate = _growth(first, np.full(first.shape, value_of(target)), int(span))
            required = quantile(rate, [0.05, 0.5, 0.95], axis=1)
        growth = quantile(_growth(first, last, int(span)), [0.5], axis=1)
        grown = quantile(last - first, [0.05, 0.95], axis=1)
        return cls(outcome, year, target, grown, growth, required)


def _contribution(results: Results, scenario: Scenario, whole: Array, asked: _Asked) -> Row:
    part, place = results.at(asked.outcome, scenario), results.place(scenario)
    index = results.year_index(asked.year)
    grown, grown_whole = part[:, index] - part[:, 0], whole[:, index] - whole[:, 0]
    kept = np.isfinite(grown) & np.isfinite(grown_whole)
    mean = _mean(grown[kept])
    mean_whole = _mean(grown_whole[kept])
    return {
        "base_mean": _mean(part[kept, 0]),
        "mean": _mean(part[kept, index]),
        "contribution": mean,
        "contribution_q05": asked.grown[0, place],
        "contribution_q95": asked.grown[1, place],
        "contribution_points": 100 * _mean(grown[kept] / whole[kept, 0]),
        "contribution_share_percent": 100 * mean / mean_whole if mean_whole else math.nan,
        "growth_percent": float(asked.growth[0, place]),
    }


def _gap(results: Results, scenario: Scenario, asked: _Asked) -> Row:
    if asked.target is None or asked.required is None:
        return {}
    value, place = value_of(asked.target), results.place(scenario)
    gap = value - results.at(asked.outcome, scenario, asked.year)
    gap = gap[np.isfinite(gap)]
    low, median, high = asked.required[:, place]
    return {
        "target": asked.target.id,
        "target_value": value,
        "gap_mean": _mean(gap),
        "shortfall": _mean(np.maximum(0.0, gap)),
        "required_growth_percent": median,
        "required_growth_q05_percent": low,
        "required_growth_q95_percent": high,
    }


def _growth(first: Array, last: Array, years: int) -> Array:
    """Return yearly growth in percent that leads from ``first`` to ``last``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 100 * ((last / first) ** (1 / years) - 1) if years > 0 else first * np.nan
    return np.where(np.isfinite(found), found, np.nan)


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else math.nan


def progress_rows(results: Results) -> tuple[Row, ...]:
    """Return progress against the schedule: medians year by year on the way to each target."""
    return results.once(("progress_rows",), lambda: tuple(_progress_rows(results)))


def _progress_rows(results: Results) -> Iterator[Row]:
    for scenario in results.scenarios:
        for outcome in results.outcomes():
            medians = results.quantiles(outcome)[MEDIAN, results.place(scenario)]
            for target in results.targets_of(outcome):
                for index in range(1, results.year_index(year_of(target))):
                    yield {
                        **scenario_cells(results, scenario),
                        **outcome_cells(results, outcome),
                        "target": target.id,
                        "target_year": year_of(target),
                        "target_value": value_of(target),
                        **unit_cells(results, target.unit),
                        **_progress(results, medians, target, index),
                        **condition_cells(results, target),
                    }


def _progress(results: Results, medians: Array, target: Target, index: int) -> Row:
    base, year, last = int(results.years[0]), int(results.years[index]), year_of(target)
    wanted, time = value_of(target) - medians[0], (year - base) / (last - base)
    done = (medians[index] - medians[0]) / wanted if wanted > 0 else math.nan
    left = _growth(medians[index], np.asarray(value_of(target)), last - year)
    return {
        "year": year,
        "median": medians[index],
        "progress_percent": 100 * done,
        "schedule_percent": 100 * time,
        "ahead_points": 100 * (done - time),
        "required_growth_percent": float(left),
    }
