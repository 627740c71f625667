"""The answer by horizon and by condition, as tables and figures to be told in a language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdensemble.inputs.targets import readings
from sdensemble.lang import Words, phrase
from sdensemble.outputs.figure import Axis, Beside, Figure, Line, Mark, Panel, Points, Rule, numbers
from sdensemble.outputs.form import Chance, Measured, Number, Share, Shown, Whole
from sdensemble.outputs.naming import target_label
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.results.horizon import Horizon, Part, horizons, parts, reference
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


def _unit(results: Results) -> Words:
    """Return the unit of what is asked about, as people write it."""
    unit = results.unit(results.asked_outcome.variable)
    return results.spec.units.get(unit) or unit


def _pays(results: Results) -> tuple[bool, bool]:
    """Return whether anybody pays, and whether anybody forgoes."""
    kinds = {payer.forgone for payer in results.spec.payers}
    return False in kinds, True in kinds


def horizon_table(results: Results) -> Table:
    """Return effects by scenario and horizon, a row each: in the year, in all, for the money."""
    unit, (paid, forgone) = _unit(results), _pays(results)
    payer = results.unit(results.spec.payers[0].variable) if results.spec.payers else ""
    money: Words = results.spec.units.get(payer) or payer
    columns = [
        Column("scenario", phrase("horizon.scenario")),
        Column("year", phrase("horizon.year"), Whole()),
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
    rows = [_horizon_row(one) for one in _shown(results)]
    return table_of(
        "horizons",
        phrase("horizon.title"),
        columns,
        rows,
        stub=2,
        notes=(phrase("horizon.note"),),
    )


def _shown(results: Results) -> list[Horizon]:
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
        row = {"row": phrase("horizon.effect_of", scenario=scenario.title, year=year)}
        for part in own:
            row[f"part {part.place}"] = Shown(part.effects[place][2], Measured())
        rows.append(row)
    title = phrase("horizon.condition", condition=condition.label, unit=_unit(results))
    return table_of(f"condition {condition.id}", title, columns, rows)


# ── as figures ─────────────────────────────────────────────────────────────────────────────


def answer_figures(results: Results) -> Iterator[Figure]:
    """Yield the figures behind an answer: effects by year, and P by scope and condition."""
    if results.spec.headline.horizons and results.pairs():
        yield horizon_figure(results)
    if results.spec.conditions:
        yield condition_figure(results)


def horizon_figure(results: Results) -> Figure:
    """Return effects of the packages by year: in the year, and in all until then."""
    unit = _unit(results)
    shown = _shown(results)
    names = list(dict.fromkeys(one.scenario.name for one in shown))
    panels = []
    for key, effects in (
        ("horizon.effect", [(one, one.effect) for one in shown]),
        ("horizon.cumulative", [(one, one.cumulative) for one in shown]),
    ):
        marks: list[Mark] = [Rule(0.0, across=True)]
        for name in names:
            own = [(h, e) for h, e in effects if h.scenario.name == name and e is not None]
            if not own:
                continue
            label = own[0][0].scenario.title
            x, y = numbers(h.year for h, _ in own), numbers(e.found.mean for _, e in own)
            low, high = (
                numbers(end)
                for end in zip(*((e.found.low, e.found.high) for _, e in own), strict=True)
            )
            marks += [Line(x, y, name=label), Points(x, y, low, high, name=label)]
        panels.append(
            Panel(
                tuple(marks),
                Axis(whole=True, ticks=numbers(results.horizons)),
                Axis(phrase(key), unit),
                height=55,
            )
        )
    title = phrase("horizon.title")
    notes = (phrase("horizon.figure_note"),)
    return Figure("horizons", title, tuple(panels), 2, notes, caption=title)


def condition_figure(results: Results) -> Figure:
    """Return P of the question and the targets beside it: by scope, and by part of a condition."""
    base = reference(results)
    panels = []
    for target in (results.question, *results.beside()):
        rows: list[tuple[Words, float, float]] = []
        named: Words
        asked = results.event(target, base).probability()
        rows.append((phrase("horizon.as_asked"), asked.middle, asked.se))
        for other in readings(target, results.targets):
            if other.variable in results.data:
                found = results.event(other, base).probability()
                name: Words = results.spec.labels.get(other.scope) or other.scope
                rows.append((name, found.middle, found.se))
        for part in parts(results):
            for own, p, error in part.chances:
                if own is target:
                    label = part.condition.labels[part.place]
                    named = phrase("language.headed", head=part.condition.label, text=label)
                    rows.append((named, p, error))
        y = numbers(range(len(rows)))
        x = numbers(100 * p for _, p, _ in rows)
        low = numbers(100 * max(0.0, p - 2 * (e if e == e else 0.0)) for _, p, e in rows)
        high = numbers(100 * min(1.0, p + 2 * (e if e == e else 0.0)) for _, p, e in rows)
        texts = tuple(Shown((p, e), Chance(error=False)) for _, p, e in rows)
        axis = Axis(
            phrase("horizon.percent"),
            low=-2.0,
            high=102.0,
            ticks=(0.0, 20.0, 40.0, 60.0, 80.0, 100.0),
        )
        panels.append(Panel(
            (Points(x, y, low, high, role="estimate", across=True),), axis,
            Axis(names=tuple(name for name, _, _ in rows)), target_label(target),
            height=8.0 * len(rows) + 6, beside=(Beside(phrase("horizon.p"), texts),),
        ))  # fmt: skip
    title = phrase("horizon.by_scope")
    note = phrase("horizon.scope_note", scenario=base.title)
    return Figure("conditions", title, tuple(panels), notes=(note,), caption=title)
