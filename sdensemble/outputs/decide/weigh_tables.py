"""Two levers against each other, as tables."""

from __future__ import annotations

import math

from sdensemble.decide.measured import Figure as Found
from sdensemble.decide.weigh import Convention, Weighed
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import moment, period_of
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study


def names_of(found: Weighed) -> tuple[Words, Words]:
    """Return what the two sides are called."""
    one, two = found.question.sides
    return one.label, two.label


def used_of(found: Weighed, study: Study) -> Words:
    """Return the unit of what the second lever's costs are charged on."""
    return c.unit_of(study.report, found.question.used_unit)


def price_unit(found: Weighed, study: Study) -> Words:
    """Return the unit of a price for what is used."""
    return phrase("decide.per", unit=c.money_unit(study), of=used_of(found, study))


def cost_of(found: Weighed, which: Convention) -> Words:
    """Return what a way of counting costs is called."""
    return next(one.label for one in found.question.costs if one.id == which.id)


def weigh_table(found: Weighed, study: Study) -> Table:
    """Return, by year and cost convention, outlay, equal level, effects, gap, budget, price."""
    unit, money = c.target_unit(study, found.target, found.outcome.variable), c.money_unit(study)
    first, second = names_of(found)
    columns = [
        c.period_column(study),
        Column("cost", phrase("decide.head.convention")),
        Column("price", phrase("decide.head.charged"), Number(digits=3), price_unit(found, study)),
        Column("purse", phrase("decide.head.purse")),
        Column("outlay", phrase("decide.head.outlay_second", name=second), c.SPENT, money),
        Column(
            "level",
            phrase("decide.head.level_first", name=first),
            c.SPENT,
            c.unit_of(study.report, found.levers[0].unit),
        ),
        Column("first", phrase("decide.head.effect_of", name=first), c.AMOUNT, unit),
        Column("second", phrase("decide.head.effect_of", name=second), c.AMOUNT, unit),
        Column("gap", phrase("decide.head.second_less_first"), c.AMOUNT, unit),
        Column("verdict", phrase("decide.head.verdict")),
        Column("budget", phrase("decide.head.budget"), c.SPENT, money),
        Column("break_even", phrase("decide.head.break_even"), c.SPENT, price_unit(found, study)),
        Column("interaction", phrase("decide.head.interaction"), c.AMOUNT, unit),
    ]
    rows = []
    for y, year in enumerate(found.doses.years):
        for one in found.conventions:
            rows.append(
                {
                    "year": str(year),
                    "cost": cost_of(found, one),
                    "price": one.price,
                    "purse": c.kind_of_cost(study, one.kind),
                    "outlay": one.cost[y],
                    "level": one.level[y],
                    "first": one.first[y],
                    "second": found.effects[y][1],
                    "gap": one.gap[y],
                    "verdict": _verdict(found, one.gap[y]),
                    "budget": one.budget[y] if math.isfinite(one.budget[y].value) else None,
                    "break_even": found.price[y] if math.isfinite(found.price[y].value) else None,
                    "interaction": found.interaction[y],
                }
            )
    return table_of(
        "weigh",
        phrase("decide.weigh.table", first=first, second=second),
        columns,
        rows,
        stub=2,
        notes=(
            phrase(
                "decide.weigh.table_notes",
                first=first,
                second=second,
                discount=Shown(found.question.discount, Number(digits=3, factor=100)),
                unit=period_of(study.model, study.report),
                begin=moment(study.model, study.report, found.question.from_year),
            ),
            *c.apart(study),
        ),
    )


def _verdict(found: Weighed, gap: Found) -> Words:
    first, second = names_of(found)
    if not math.isfinite(gap.value):
        return phrase("number.missing")
    if not c.told_of(gap):
        return phrase("verdict.not_distinguishable")
    return phrase("decide.verdict_better", name=second if gap.value > 0 else first)


def parts_table(found: Weighed, study: Study) -> Table | None:
    """Return both levers at equal outlay by condition and year; None without a condition."""
    if not found.parts:
        return None
    unit = c.target_unit(study, found.target, found.outcome.variable)
    first, second = names_of(found)
    columns = [
        Column("part", found.question.condition_label),
        Column("share", phrase("decide.head.members"), Share()),
        c.period_column(study),
        Column("first", phrase("decide.head.effect_of", name=first), c.AMOUNT, unit),
        Column("second", phrase("decide.head.effect_of", name=second), c.AMOUNT, unit),
        Column("gap", phrase("decide.head.second_less_first"), c.AMOUNT, unit),
        Column("verdict", phrase("decide.head.verdict")),
    ]
    rows = [
        {
            "part": phrase(
                f"decide.weigh.bound_{part.id}",
                low=found.question.bounds[0],
                high=found.question.bounds[1],
            ),
            "share": part.share,
            "year": str(year),
            "first": part.first[y],
            "second": part.second[y],
            "gap": part.gap[y],
            "verdict": _verdict(found, part.gap[y]),
        }
        for part in found.parts
        for y, year in enumerate(found.doses.years)
    ]
    span = found.question.span
    return table_of(
        "parts",
        phrase(
            "decide.weigh.parts",
            condition=found.question.condition_label,
            first=c.year_of(study, span[0]),
            last=c.year_of(study, span[1]),
        ),
        columns,
        rows,
    )


def worlds_table(found: Weighed, study: Study) -> Table:
    """Return both levers at equal outlay in every structure and prior set."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    first, second = names_of(found)
    columns = [
        Column("world", phrase("decide.head.world")),
        c.period_column(study),
        Column("first", phrase("decide.head.effect_of", name=first), c.AMOUNT, unit),
        Column("second", phrase("decide.head.effect_of", name=second), c.AMOUNT, unit),
        Column("gap", phrase("decide.head.second_less_first"), c.AMOUNT, unit),
        Column("median", phrase("decide.head.gap_median"), Number(digits=3, signed=True), unit),
        Column("verdict", phrase("decide.head.verdict")),
    ]
    rows = [
        {
            "world": c.world_called(study, one.structure, one.prior_set),
            "year": str(year),
            "first": one.first[y],
            "second": one.second[y],
            "gap": one.gap[y],
            "median": one.gap_median[y],
            "verdict": _verdict(found, one.gap[y])
            if one.gap_median[y] * one.gap[y].value >= 0 or not c.told_of(one.gap[y])
            else phrase("decide.verdict_split"),
        }
        for one in found.elsewhere
        for y, year in enumerate(found.doses.years)
    ]
    return table_of("weigh-worlds", phrase("decide.weigh.worlds"), columns, rows)


def surface_table(found: Weighed, study: Study) -> Table:
    """Return the dose surface, one row a pair of levels and year: for a pivot table."""
    unit, money = c.target_unit(study, found.target, found.outcome.variable), c.money_unit(study)
    first, second = names_of(found)
    data, year = found.dataset(), int(found.target.year or 0)
    columns = [
        Column("first", first, Number(digits=5), c.unit_of(study.report, found.levers[0].unit)),
        Column("second", second, Number(digits=5), c.unit_of(study.report, found.levers[1].unit)),
        Column("effect", phrase("decide.head.effect"), c.AMOUNT, unit),
        Column("money", c.purse_head(study, "treasury"), c.SPENT, money),
        Column(
            "used",
            found.question.used_label or phrase("number.missing"),
            c.SPENT,
            used_of(found, study),
        ),
        Column("p", phrase("decide.head.p_year", year=c.year_of(study, year)), Chance(error=False)),
    ]
    rows = [
        {
            "first": float(one),
            "second": float(two),
            **{
                name: (float(data[name][i, j]), float(data[f"{name}_se"][i, j]))
                for name in ("effect", "money", "used")
            },
            "p": (float(data["p"][i, j]), float(data["p_se"][i, j])),
        }
        for i, one in enumerate(found.doses.first)
        for j, two in enumerate(found.doses.second)
    ]
    title = phrase("decide.weigh.surface", year=c.year_of(study, found.doses.year))
    return table_of("doses", title, columns, rows, stub=2, notes=(phrase("decide.paired"),))
