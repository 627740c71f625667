"""The answer by horizon and by condition, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdensemble.lang import Words, phrase
from sdensemble.outputs.form import Chance, Measured, Number, Share, Shown, Whole
from sdensemble.outputs.naming import purses, target_label, time_unit, when
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.results.horizon import Horizon, Part, horizons, parts
from sdensemble.results.results import Results


def answer_tables(results: Results) -> Iterator[Table]:
    """Yield the tables behind an answer: by horizon, then one for each condition.

    None where a run compares nothing, or its report names neither horizons nor conditions.
    """
    if results.spec.headline.horizons and results.pairs():
        yield horizon_table(results)
    found: dict[str, list[Part]] = {}
    for part in parts(results):
        found.setdefault(part.condition.id, []).append(part)
    for own in found.values():
        yield condition_table(results, own)


def outcome_unit(results: Results) -> Words:
    """Return the unit of what is asked about, as people write it."""
    unit = results.unit(results.asked_outcome.variable)
    return results.spec.units.get(unit) or unit


def _pays(results: Results) -> tuple[bool, bool]:
    """Return whether anybody pays, and whether anybody forgoes."""
    kinds = {payer.forgone for payer in results.spec.payers}
    return False in kinds, True in kinds


def horizon_table(results: Results) -> Table:
    """Return effects by scenario and horizon, a row each: in the year, in all, for the money."""
    unit, (paid, forgone) = outcome_unit(results), _pays(results)
    payer = results.unit(results.spec.payers[0].variable) if results.spec.payers else ""
    money: Words = results.spec.units.get(payer) or payer
    columns = [
        Column("scenario", phrase("horizon.scenario")),
        Column("year", time_unit(results), Whole()),
        Column("effect", phrase("horizon.effect"), Measured(), unit),
        Column("median", phrase("horizon.median"), Number(places=1, signed=True), unit),
        Column("cumulative", phrase("horizon.cumulative"), Measured(), unit),
    ]
    if paid:
        columns += [
            Column("treasury", phrase("horizon.treasury"), Number(places=1), money),
            Column("per_treasury", phrase("horizon.per_treasury"), Measured(most=3)),
        ]
    if forgone:
        columns += [
            Column("forgone", phrase("horizon.forgone"), Number(places=1), money),
            Column("per_forgone", phrase("horizon.per_forgone"), Measured(most=3)),
        ]
    rows = [_horizon_row(one) for one in shown_horizons(results)]
    return table_of(
        "horizons",
        phrase("horizon.title"),
        columns,
        rows,
        stub=2,
        notes=(phrase("horizon.note"), *_purses_note(results)),
    )


def _purses_note(results: Results) -> tuple[Words, ...]:
    paid, given_up = purses(results.spec)
    if _pays(results) == (True, True):
        return (phrase("horizon.both_purses", paid=paid, forgone=given_up),)
    return (phrase("horizon.paid_by", paid=paid),) if _pays(results)[0] else ()


def shown_horizons(results: Results) -> list[Horizon]:
    """Return the horizons of the packages, of every scenario where there is none."""
    every = list(horizons(results))
    return [one for one in every if one.scenario.package] or every


def _horizon_row(one: Horizon) -> dict[str, Any]:
    return {
        "scenario": one.scenario.title,
        "year": one.year,
        "effect": one.effect.found,
        "median": one.effect.median,
        "cumulative": None if one.cumulative is None else one.cumulative.found,
        "treasury": None if one.treasury is None else one.treasury.found.mean,
        "forgone": None if one.forgone is None else one.forgone.found.mean,
        "per_treasury": one.per_treasury,
        "per_forgone": one.per_forgone,
    }


def condition_table(results: Results, own: list[Part]) -> Table:
    """Return what one condition tells apart: P, and effects by scenario and horizon, by part."""
    condition = own[0].condition
    columns = [Column("row", phrase("horizon.what"))]
    columns += [Column(f"part {part.place}", condition.labels[part.place]) for part in own]
    rows: list[dict[str, Any]] = [{"row": phrase("horizon.share")}]
    rows[0] |= {f"part {part.place}": Shown(part.share, Share()) for part in own}
    for place, (target, _, _) in enumerate(own[0].chances):
        name = target_label(target)
        row: dict[str, Any] = {"row": phrase("horizon.chance", target=name)}
        for part in own:
            _, p, error = part.chances[place]
            row[f"part {part.place}"] = Shown((p, error), Chance(error=False))
        rows.append(row)
    packages = any(scenario.package for scenario, *_ in own[0].effects)
    for place, (scenario, year, *_) in enumerate(own[0].effects):
        if year != results.asked_year or (packages and not scenario.package):
            continue
        row = {
            "row": phrase("horizon.effect_of", scenario=scenario.title, year=when(results, year))
        }
        for part in own:
            row[f"part {part.place}"] = Shown(part.effects[place][2], Measured())
        rows.append(row)
    title = phrase("horizon.condition", condition=condition.label, unit=outcome_unit(results))
    return table_of(f"condition {condition.id}", title, columns, rows)
