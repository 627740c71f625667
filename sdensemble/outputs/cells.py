"""Cells that rows of several tables share: scenario, outcome, unit, and the key of a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdensemble.inputs.report import Outcome
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.outputs.naming import target_label
from sdensemble.outputs.table import by_language
from sdensemble.results.probability import Probability, year_of
from sdensemble.results.results import Results

Row = dict[str, Any]


def picked(one: object, names: str) -> Row:
    """Return what a value holds under some names: "mean se"; as cells called the same."""
    return {name: getattr(one, name) for name in names.split()}


def probability_cells(p: Probability) -> Row:
    """Return a probability with its bounds, interval and error, and how many members it is of."""
    low, high = p.interval
    return {
        "event": p.key.event,
        "p": "" if p.bounded else p.least.mean,
        "p_least": p.least.mean,
        "p_most": p.most.mean,
        "low": low,
        "high": high,
        "mc_error": p.se,
        "members": p.members,
        "lost_members": p.lost,
    }


def scenario_cells(results: Results, scenario: Scenario) -> Row:
    return _named(results, "scenario", scenario.name, scenario.title)


def outcome_cells(results: Results, outcome: Outcome) -> Row:
    return _named(results, "outcome", outcome.id, outcome.label)


def target_cells(results: Results, column: str, target: Target) -> Row:
    def made() -> Row:
        return {column: target.id, **by_language(column, target_label(target))}

    return results.once(("cells", column, target), made)


def unit_cells(results: Results, unit: str) -> Row:
    def made() -> Row:
        return {"unit": unit, **by_language("unit", results.spec.unit_words(unit))}

    return results.once(("cells", "unit", unit), made)


def _named(results: Results, column: str, code: str, texts: Mapping[str, str]) -> Row:
    """Return a code and its words, made once: thousands of rows name the same few."""
    key = ("cells", column, code, *texts.values())
    return results.once(key, lambda: {column: code, **by_language(column, texts)})


def condition_cells(results: Results, target: Target) -> Row:
    return picked(target, "measure scope price_basis") | source_cells(results)


def source_cells(results: Results) -> Row:
    names = ("as_of", "prior_set", "model_digest", "model_set", "posterior")
    held = results.data.attrs
    return results.once(("cells", "source"), lambda: {name: str(held[name]) for name in names})


def target_years(results: Results) -> tuple[int, ...]:
    """Return the years in which the headline has a target and the run has numbers."""
    found = {year_of(target) for target in results.targets_of(results.spec.headline.whole)}
    return tuple(sorted(found | set(results.horizons)))
