"""The tables of a run, as rows and as CSV that Excel and WPS open correctly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import ABOUT, Target, band
from sdensemble.lang import LANGS, in_all, phrase, tell
from sdensemble.outputs.cells import (
    Row,
    condition_cells,
    outcome_cells,
    probability_cells,
    scenario_cells,
    source_cells,
    target_cells,
    target_years,
    unit_cells,
)
from sdensemble.outputs.form import InTen, Shown
from sdensemble.outputs.gap_tables import gap_rows, progress_rows
from sdensemble.outputs.heads import write_csv, write_meanings
from sdensemble.outputs.limit_tables import bottleneck_rows
from sdensemble.outputs.naming import unit_notes
from sdensemble.outputs.table import by_language
from sdensemble.results.estimate import Estimate, holm, mean_of, p_value
from sdensemble.results.horizon import Ratio, horizons, parts
from sdensemble.results.probability import difference, distinguishable, value_of
from sdensemble.results.results import Effect, Results, reference

PAIRS_TO_CORRECT = 10
"""More pairs than this in one question, and Holm's correction has a say in the verdict."""
Rows = Callable[[Results], Iterable[Row]]


def write_tables(folder: Path, results: Sequence[Results], lang: str) -> tuple[Path, ...]:
    """Write every table of a run, with heads in a language.

    The first results are the run's own, others of further priors.
    """
    tables: Mapping[str, Rows] = {
        "probabilities": probability_rows,
        "differences": difference_rows,
        "gap": gap_rows,
        "progress": progress_rows,
        "bottlenecks": _bottlenecks_asked,
        "horizons": horizon_rows,
        "conditions": condition_rows,
    }
    written = []
    for name, make in tables.items():
        found = (row for one in results for row in make(one))
        written.append(write_csv(folder, name, found, lang))
    notes = unit_notes(results[0].spec, results[0].spec.units)
    behind = in_all(phrase("columns.units", notes=notes))
    more = {f"unit_{one}": behind for one in LANGS if tell(notes, one)}
    return (*written, write_meanings(folder, tables, lang, more))


def _bottlenecks_asked(results: Results) -> Iterator[Row]:
    """Yield what limits at the start, in the question's year and on average: how it moves."""
    return bottleneck_rows(results, years=(int(results.years[0]), results.asked_year, "all"))


def probability_rows(results: Results) -> Iterator[Row]:
    """Yield one row per target and scenario: P, its interval and error, shortfall, full key."""
    for target in results.targets:
        for scenario in results.scenarios:
            yield {
                **target_cells(results, "target", target),
                "role": target.role,
                **scenario_cells(results, scenario),
                "year": results.year(target),
                "comparator": "" if target.joint else target.comparator,
                "value": "" if target.joint else value_of(target),
                "band_low": "" if target.low is None else target.low,
                "band_high": "" if target.high is None else target.high,
                **({} if target.joint else unit_cells(results, target.unit)),
                **_probability(results, target, scenario),
                **_shortfall(results, target, scenario),
                **condition_cells(results, target),
            }


def _probability(results: Results, target: Target, scenario: Scenario) -> Row:
    found = results.event(target, scenario).probability()
    ends = found.least.mean, found.most.mean, found.least.error, found.most.error
    return {
        **probability_cells(found),
        "interval_method": found.least.method,
        "replicates": found.least.replicates,
        **by_language("in_words", Shown(ends, InTen())),
    }


def _shortfall(results: Results, target: Target, scenario: Scenario) -> Row:
    if target.joint:
        return {}
    values = results.target_values(target, scenario)
    wanted = band(target)[0] if target.comparator == ABOUT else value_of(target)
    found = mean_of(np.maximum(0.0, wanted - values), results.replicate)
    return {"shortfall": found.mean, "shortfall_error": found.se}


def difference_rows(results: Results) -> Iterator[Row]:
    """Yield paired differences of each scenario from its comparison.

    In P per target; in output of the headline, its groups and components per target year; in
    outlay per payer, cumulative through the question's year. Holm's correction runs over the
    scenarios within one outcome and year.
    """
    families: dict[tuple[Any, ...], list[Row]] = {}
    for scenario, against in results.pairs():
        for row in _pair_rows(results, scenario, against):
            family = row["kind"], row["outcome"], row["year"]
            families.setdefault(family, []).append(row)
    for rows in families.values():
        _add_verdicts(rows)
        yield from rows


def _pair_rows(results: Results, scenario: Scenario, against: Scenario) -> Iterator[Row]:
    question = results.question
    shared = {**scenario_cells(results, scenario), "against": against.name}
    for target in results.targets:
        yield {**shared, **_probability_difference(results, target, scenario, against)}
    for year in target_years(results):
        for outcome in results.outcomes():
            found = results.effect(outcome, scenario, against, year)
            other = outcome.id == results.spec.headline.displaced
            yield {
                **shared,
                "kind": "other_change" if other else "output",
                **outcome_cells(results, outcome),
                "year": year,
                **unit_cells(results, results.unit(outcome.variable)),
                **_effect(found),
                **condition_cells(results, question),
            }
    for year in results.horizons:
        for row in _outlay_rows(results, scenario, against, year):
            yield {**shared, **row, **source_cells(results)}


def _probability_difference(
    results: Results, target: Target, scenario: Scenario, against: Scenario
) -> Row:
    first, second = results.event(target, scenario), results.event(target, against)
    found = difference(first, second)
    kept = ~(first.lost | second.lost)
    return {
        "kind": "probability",
        **target_cells(results, "outcome", target),
        "year": results.year(target),
        "unit": "Dmnl",
        **by_language("unit", phrase("columns.probability_difference")),
        **_estimate(found.found),
        "share_helped": float(np.mean((first.hit & ~second.hit)[kept])) if kept.any() else "",
        "share_hurt": float(np.mean((second.hit & ~first.hit)[kept])) if kept.any() else "",
        **condition_cells(results, target),
    }


def _outlay_rows(
    results: Results, scenario: Scenario, against: Scenario, through: int
) -> Iterator[Row]:
    for payer in results.spec.payers:
        for variable, last in ((payer.variable, False), (payer.present_value, True)):
            if variable is None:
                continue
            found = results.outlay(variable, scenario, against, through, last)
            name = phrase("columns.present_value", name=payer.label) if last else payer.label
            yield {
                "kind": "forgone" if payer.forgone else "outlay",
                "outcome": payer.id + ("_present_value" if last else ""),
                **by_language("outcome", name),
                "year": through,
                **unit_cells(results, results.unit(variable)),
                "measure": "forgone_income" if payer.forgone else "outlay",
                "price_basis": "discounted" if last else "nominal",
                **_effect(found),
            }


def _effect(effect: Effect) -> Row:
    return {
        **_estimate(effect.found),
        "median": effect.median,
        "q05": effect.low,
        "q95": effect.high,
        "share_helped": effect.helped,
        "share_hurt": effect.hurt,
    }


def _estimate(found: Estimate) -> Row:
    return {
        "difference": found.mean,
        "error": found.se,
        "low": found.low,
        "high": found.high,
        "pairs": found.members,
        "p_value": p_value(found),
        "verdict": "distinguishable" if distinguishable(found) else "not_distinguishable",
    }


def _add_verdicts(rows: list[Row]) -> None:
    """Correct the p-values of one family and put the verdicts into words, in place."""
    corrected = holm(np.array([row["p_value"] for row in rows], dtype=float))
    for row, p in zip(rows, corrected, strict=True):
        row["p_value_holm"] = p
        many = len(rows) > PAIRS_TO_CORRECT
        if many and row["verdict"] == "distinguishable" and p >= 0.05:
            row["verdict"] = "not_after_correction"
        if row["difference"] == row["share_helped"] == row["share_hurt"] == 0 and not (
            row["error"] > 0
        ):
            row["verdict"] = "none"
        row |= by_language("verdict", phrase(f"verdict.{row['verdict']}"))


def horizon_rows(results: Results) -> Iterator[Row]:
    """Yield what each compared scenario does by each horizon, and for a unit of money."""
    unit = unit_cells(results, results.unit(results.asked_outcome.variable))
    for one in horizons(results):
        shared = {
            **scenario_cells(results, one.scenario),
            "against": one.against.name,
            **outcome_cells(results, one.outcome),
            "year": one.year,
            **unit,
            **_money("treasury", one.treasury),
            **_money("forgone", one.forgone),
            **condition_cells(results, results.question),
        }
        for span, effect, paid, forgone in (
            ("year", one.effect, one.per_treasury, one.per_forgone),
            ("cumulative", one.cumulative, one.cumulative_per_treasury, one.cumulative_per_forgone),
        ):
            if effect is None:
                continue
            told = {k: v for k, v in _effect(effect).items() if k not in ("p_value", "verdict")}
            yield {
                **shared,
                "span": span,
                **told,
                **_per("treasury", paid),
                **_per("forgone", forgone),
            }


def _money(name: str, found: Effect | None) -> Row:
    value, error = (found.found.mean, found.found.se) if found else (math.nan, math.nan)
    return {name: value, f"{name}_error": error}


def _per(name: str, ratio: Ratio | None) -> Row:
    value, error = ratio or (math.nan, math.nan)
    return {f"per_{name}": value, f"per_{name}_error": error}


def condition_rows(results: Results) -> Iterator[Row]:
    """Yield P and effects among the members that each condition tells apart."""
    base = reference(results)
    unit = unit_cells(results, results.unit(results.asked_outcome.variable))
    for part in parts(results):
        one, label = part.condition, part.condition.labels[part.place]
        ends = (-math.inf, *one.splits, math.inf)[part.place : part.place + 2]
        shared = {
            "condition": one.id,
            **by_language("condition", one.label),
            "part": part.place,
            **by_language("part", label),
            "from": ends[0],
            "to": ends[1],
            "share": part.share,
            "members": part.members,
            **source_cells(results),
        }
        for target, p, error in part.chances:
            yield {
                **shared,
                **scenario_cells(results, base),
                "kind": "probability",
                **target_cells(results, "outcome", target),
                "year": results.year(target),
                "unit": "Dmnl",
                **by_language("unit", phrase("columns.probability")),
                "value": p,
                "error": error,
                **condition_cells(results, target),
            }
        for scenario, year, mean, median, paid, forgone in part.effects:
            yield {
                **shared,
                **scenario_cells(results, scenario),
                "kind": "effect",
                **outcome_cells(results, results.asked_outcome),
                "year": year,
                **unit,
                "value": mean.mean,
                "error": mean.se,
                "median": median,
                **_per("treasury", paid),
                **_per("forgone", forgone),
                **condition_cells(results, results.question),
            }
