"""Cells that rows of several tables share: scenario, outcome, unit, and the key of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdensemble.inputs.naming import unit_label
from sdensemble.inputs.report import Outcome
from sdensemble.outputs.table import by_language
from sdensemble.results.probability import year_of
from sdensemble.results.results import Results

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target


Row = dict[str, Any]


def scenario_cells(scenario: Scenario) -> Row:
    return {"scenario": scenario.name, **by_language("scenario", scenario.title)}


def outcome_cells(outcome: Outcome) -> Row:
    return {"outcome": outcome.id, **by_language("outcome", outcome.label)}


def unit_cells(results: Results, unit: str) -> Row:
    return {"unit": unit, **by_language("unit", unit_label(results.spec, unit))}


def condition_cells(results: Results, target: Target) -> Row:
    key = {name: getattr(target, name) for name in ("measure", "scope", "price_basis")}
    return key | source_cells(results)


def source_cells(results: Results) -> Row:
    return {
        "as_of": results.as_of,
        "prior_set": results.prior_set,
        "model_digest": str(results.data.attrs["model_digest"]),
        "model_set": str(results.data.attrs["model_set"]),
        "posterior": str(results.data.attrs["posterior"]),
    }


def target_years(results: Results) -> tuple[int, ...]:
    """Return the years in which the headline has a target and the run has numbers."""
    found = {year_of(target) for target in results.targets_of(results.spec.headline.whole)}
    return tuple(sorted(found | set(results.horizons)))
