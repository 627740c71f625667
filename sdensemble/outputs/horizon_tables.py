"""The answer by horizon and by condition, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sdensemble.inputs.history import counts_years
from sdensemble.lang import Capital, Words, joined, phrase
from sdensemble.outputs.form import Chance, Measured, Number, Share, Shown, Whole
from sdensemble.outputs.naming import purses, statement, time_unit, when
from sdensemble.outputs.table import Column, Heads, Table, table_from
from sdensemble.results.horizon import Horizon, Part, horizons, parts
from sdensemble.results.results import Results

cell = Heads("horizon.")


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
    return results.spec.unit_words(results.unit(results.asked_outcome.variable))


def money_unit(results: Results) -> Words:
    """Return the unit of what is paid, as people write it; empty where nobody pays."""
    payers = results.spec.payers
    return results.spec.unit_words(results.unit(payers[0].variable)) if payers else ""


def horizon_table(results: Results) -> Table:
    """Return effects by scenario and horizon, a row each: in the year, in all, for the money."""
    unit, money, purse = outcome_unit(results), money_unit(results), purses(results.spec)
    names, outlay = joined(purse.forgoers), purse.outlay
    by: Words = "" if counts_years(results.model.clock.unit) else time_unit(results)
    one, ratio = Number(places=1), Measured(most=3)

    cells = [
        cell("scenario", "scenario.title"),
        cell("year", "year", Whole(), by),
        cell("effect", "effect.found", Measured(), unit),
        cell("median", "effect.median", Number(places=1, signed=True), unit),
        cell("cumulative", "cumulative.found", Measured(), unit),
    ]
    if purse.payers:
        said = Capital(phrase("horizon.treasury", outlay=outlay))
        cells.append((Column("treasury", said, one, money), "treasury.found.mean"))
        words: dict[str, Any] = {"money": money, "outlay": outlay}
        cells.append(cell("per_treasury", "per_treasury", ratio, unit, **words))
    if purse.forgoers:
        said = Capital(phrase("horizon.forgone", name=names))
        cells.append((Column("forgone", said, one, money), "forgone.found.mean"))
        words = {"name": names, "money": money}
        cells.append(cell("per_forgone", "per_forgone", ratio, unit, **words))
    notes = [phrase("horizon.note")]
    if purse.payers:
        key = "both_purses" if purse.forgoers else "paid_by"
        notes.append(phrase(f"horizon.{key}", **purse.said()))
    title, shown = phrase("horizon.title"), shown_horizons(results)
    return table_from("horizons", title, shown, *cells, stub=2, notes=tuple(notes))


def shown_horizons(results: Results) -> list[Horizon]:
    """Return the horizons of the packages, of every scenario where there is none."""
    every = list(horizons(results))
    return [one for one in every if one.scenario.package] or every


def condition_table(results: Results, own: list[Part]) -> Table:
    """Return what one condition tells apart: P, and effects by scenario and horizon, by part."""
    condition = own[0].condition
    rows: list[list[Words]] = [
        [phrase("horizon.share"), *(Shown(part.share, Share()) for part in own)]
    ]
    for place, (target, _, _) in enumerate(own[0].chances):
        chances = (Shown(part.chances[place][1:], Chance()) for part in own)
        rows.append([phrase("horizon.chance", target=statement(results, target)), *chances])
    packages = any(scenario.package for scenario, *_ in own[0].effects)
    for place, (scenario, year, *_) in enumerate(own[0].effects):
        if year != results.asked_year or (packages and not scenario.package):
            continue
        said = {"scenario": scenario.title, "year": when(results, year)}
        effects = (Shown(part.effects[place][2], Measured()) for part in own)
        rows.append([phrase("horizon.effect_of", unit=outcome_unit(results), **said), *effects])
    columns = [Column("row", phrase("horizon.what"))]
    columns += [Column(f"part {part.place}", condition.labels[part.place]) for part in own]
    title = phrase("horizon.condition", condition=condition.label)
    errors = [error for part in own for _, _, error in part.chances]
    notes = (phrase("horizon.condition_note"), *rounded_at(errors))
    held = tuple(map(tuple, rows))
    return Table(f"condition {condition.id}", title, tuple(columns), held, notes=notes)


def rounded_at(errors: Iterable[float]) -> tuple[Words, ...]:
    """Say that probabilities are rounded to fives or tens, where an error is that large."""
    worst = max((error for error in errors if error == error), default=0.0)
    return (phrase("answer.rounding"),) if worst >= 0.025 else ()
