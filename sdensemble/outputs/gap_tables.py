"""Gap and progress of a run as rows: what a target lacks, and how far the schedule is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sdensemble.inputs.report import Outcome
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
from sdensemble.results.results import Results

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target


def gap_rows(results: Results) -> tuple[Row, ...]:
    """Return each outcome's part in growth from the base year, and its gap to its target."""
    return results.once(("gap_rows",), lambda: tuple(_gap_rows(results)))


def _gap_rows(results: Results) -> Iterator[Row]:
    base = int(results.years[0])
    for scenario in results.scenarios:
        for year in target_years(results):
            for outcome in results.outcomes():
                target = next((t for t in results.targets_of(outcome) if t.year == year), None)
                yield {
                    **scenario_cells(scenario),
                    **outcome_cells(outcome),
                    "base_year": base,
                    "year": year,
                    **unit_cells(results, results.unit(outcome.variable)),
                    **_contribution(results, scenario, outcome, year),
                    **_gap(results, scenario, outcome, target, year),
                    **condition_cells(results, target or results.question),
                }


def _contribution(results: Results, scenario: Scenario, outcome: Outcome, year: int) -> Row:
    whole = results.at(results.spec.headline.whole, scenario)
    part = results.at(outcome, scenario)
    index = results.year_index(year)
    grown, grown_whole = part[:, index] - part[:, 0], whole[:, index] - whole[:, 0]
    kept = np.isfinite(grown) & np.isfinite(grown_whole)
    mean = _mean(grown[kept])
    mean_whole = _mean(grown_whole[kept])
    low, high = quantile(grown, [0.05, 0.95])
    return {
        "base_mean": _mean(part[kept, 0]),
        "mean": _mean(part[kept, index]),
        "contribution": mean,
        "contribution_q05": low,
        "contribution_q95": high,
        "contribution_points": 100 * _mean(grown[kept] / whole[kept, 0]),
        "contribution_share_percent": 100 * mean / mean_whole if mean_whole else math.nan,
        "growth_percent": _median_growth(part[:, 0], part[:, index], year - results.years[0]),
    }


def _gap(
    results: Results, scenario: Scenario, outcome: Outcome, target: Target | None, year: int
) -> Row:
    if target is None:
        return {}
    part, value = results.at(outcome, scenario), value_of(target)
    gap = value - part[:, results.year_index(year)]
    span = year - int(results.years[0])
    required = _growth(part[:, 0], np.full(part.shape[0], value), span)
    low, median, high = quantile(required, [0.05, 0.5, 0.95])
    return {
        "target": target.id,
        "target_value": value,
        "gap_mean": _mean(gap[np.isfinite(gap)]),
        "shortfall": _mean(np.maximum(0.0, gap[np.isfinite(gap)])),
        "required_growth_percent": median,
        "required_growth_q05_percent": low,
        "required_growth_q95_percent": high,
    }


def _growth(first: Array, last: Array, years: int) -> Array:
    """Return yearly growth in percent that leads from ``first`` to ``last``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 100 * ((last / first) ** (1 / years) - 1) if years > 0 else first * np.nan
    return np.where(np.isfinite(found), found, np.nan)


def _median_growth(first: Array, last: Array, years: int) -> float:
    return float(quantile(_growth(first, last, years), 0.5))


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else math.nan


def progress_rows(results: Results) -> tuple[Row, ...]:
    """Return progress against the schedule: medians year by year on the way to each target."""
    return results.once(("progress_rows",), lambda: tuple(_progress_rows(results)))


def _progress_rows(results: Results) -> Iterator[Row]:
    for scenario in results.scenarios:
        for outcome in results.outcomes():
            medians = quantile(results.at(outcome, scenario), 0.5)
            for target in results.targets_of(outcome):
                for index in range(1, results.year_index(year_of(target))):
                    yield {
                        **scenario_cells(scenario),
                        **outcome_cells(outcome),
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
