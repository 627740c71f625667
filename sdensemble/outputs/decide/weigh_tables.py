"""Two levers against each other, as tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sdensemble.decide.weigh import Convention, Weighed
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.form import Number, Share, Shown
from sdensemble.outputs.naming import moment, period_of
from sdensemble.outputs.table import Cell, Column, Table, table_from
from sdensemble.results.jackknife import WithError
from sdensemble.study import Study


def names_of(found: Weighed) -> tuple[Words, Words]:
    """Return what the two sides are called."""
    one, two = found.question.sides
    return one.label, two.label


def unit_of(found: Weighed, study: Study) -> Words:
    """Return the unit of the outcome."""
    return c.target_unit(study, found.target, found.outcome.variable)


def used_of(found: Weighed, study: Study) -> Words:
    """Return the unit of what the second lever's costs are charged on."""
    return c.unit_of(study.report, found.question.used_unit)


def price_unit(found: Weighed, study: Study) -> Words:
    """Return the unit of a price for what is used."""
    return phrase("decide.per", unit=c.money_unit(study), of=used_of(found, study))


def cost_of(found: Weighed, which: Convention) -> Words:
    """Return what a way of counting costs is called."""
    return next(one.label for one in found.question.costs if one.id == which.id)


SIGNED = Number(digits=3, signed=True)
Row = tuple[int, Any]
"""The place of a year, and what was found: a convention, a part, another world."""


def _year(found: Weighed, study: Study) -> Cell:
    return c.period_cell(study, lambda row: str(found.doses.years[row[0]]))


def _effects(
    found: Weighed,
    study: Study,
    second: Callable[[Row], WithError] = lambda row: row[1].second[row[0]],
) -> tuple[Cell, ...]:
    """Return the columns of both sides' effects and of their gap."""
    unit, names = unit_of(found, study), names_of(found)
    return (
        c.cell("first", _of("first"), c.AMOUNT, unit, "effect_of", name=names[0]),
        c.cell("second", second, c.AMOUNT, unit, "effect_of", name=names[1]),
        c.cell("gap", _of("gap"), c.AMOUNT, unit, "second_less_first"),
    )


def _of(name: str) -> Callable[[Row], Any]:
    """Return what picks a number of the year."""
    return lambda row: getattr(row[1], name)[row[0]]


def weigh_table(found: Weighed, study: Study) -> Table:
    """Return, by year and cost convention, outlay, equal level, effects, gap, budget, price."""
    money, price, outcome = c.money_unit(study), price_unit(found, study), unit_of(found, study)
    first, second = names_of(found)
    own = c.unit_of(study.report, found.levers[0].unit)
    notes = phrase(
        "decide.weigh.table_notes",
        first=first,
        second=second,
        discount=Shown(found.question.discount, Number(digits=3, factor=100)),
        unit=period_of(study.model, study.report),
        begin=moment(study.model, study.report, found.question.from_year),
    )
    return table_from(
        "weigh",
        phrase("decide.weigh.table", first=first, second=second),
        [(y, one) for y in range(len(found.doses.years)) for one in found.conventions],
        _year(found, study),
        c.cell("cost", lambda row: cost_of(found, row[1]), head="convention"),
        c.cell("price", lambda row: row[1].price, Number(digits=3), price, "charged"),
        c.cell("purse", lambda row: c.kind_of_cost(study, row[1].kind)),
        c.cell("outlay", _of("cost"), c.SPENT, money, "outlay_second", name=second),
        c.cell("level", _of("level"), c.SPENT, own, "level_first", name=first),
        *_effects(found, study, lambda row: found.effects[row[0]][1]),
        c.cell("verdict", lambda row: _verdict(found, row[1].gap[row[0]])),
        c.cell("budget", lambda row: _finite(row[1].budget[row[0]]), c.SPENT, money),
        c.cell("break_even", lambda row: _finite(found.price[row[0]]), c.SPENT, price),
        c.cell("interaction", lambda row: found.interaction[row[0]], c.AMOUNT, outcome),
        stub=2,
        notes=(notes, *c.apart(study)),
    )


def _finite(found: WithError) -> WithError | None:
    return found if math.isfinite(found.value) else None


def _verdict(found: Weighed, gap: WithError) -> Words:
    first, second = names_of(found)
    if not math.isfinite(gap.value):
        return phrase("number.missing")
    if not c.told_of(gap):
        return c.verdict(False)
    return phrase("decide.verdict_better", name=second if gap.value > 0 else first)


def parts_table(found: Weighed, study: Study) -> Table | None:
    """Return both levers at equal outlay by condition and year; None without a condition."""
    if not found.parts:
        return None
    question = found.question
    (low, high), span, condition = question.bounds, question.span, question.condition_label
    first, last = (c.year_of(study, one) for one in span)
    return table_from(
        "parts",
        phrase("decide.weigh.parts", condition=condition, first=first, last=last),
        [(y, part) for part in found.parts for y in range(len(found.doses.years))],
        (
            Column("part", condition),
            lambda row: phrase(f"decide.weigh.bound_{row[1].id}", low=low, high=high),
        ),
        c.cell("share", lambda row: row[1].share, Share(), head="members"),
        _year(found, study),
        *_effects(found, study),
        c.cell("verdict", lambda row: _verdict(found, row[1].gap[row[0]])),
    )


def worlds_table(found: Weighed, study: Study) -> Table:
    """Return both levers at equal outlay in every structure and prior set."""

    def verdict(row: Row) -> Words:
        gap, median = row[1].gap[row[0]], row[1].gap_median[row[0]]
        split = c.told_of(gap) and median * gap.value < 0
        return phrase("decide.verdict_split") if split else _verdict(found, gap)

    return table_from(
        "weigh-worlds",
        phrase("decide.weigh.worlds"),
        [(y, one) for one in found.elsewhere for y in range(len(found.doses.years))],
        c.cell("world", lambda row: c.world_name(study, row[1])),
        _year(found, study),
        *_effects(found, study),
        c.cell("median", _of("gap_median"), SIGNED, unit_of(found, study), "gap_median"),
        c.cell("verdict", verdict),
    )


def surface_table(found: Weighed, study: Study) -> Table:
    """Return the dose surface, one row a pair of levels and year: for a pivot table."""
    doses, data, five = found.doses, found.dataset(), Number(digits=5)
    units = [c.unit_of(study.report, lever.unit) for lever in found.levers]
    first, second = names_of(found)
    used, money = found.question.used_label or phrase("number.missing"), c.money_unit(study)

    def of(name: str) -> Callable[[tuple[int, int]], tuple[float, float]]:
        return lambda at: (float(data[name][at]), float(data[f"{name}_se"][at]))

    year = c.year_of(study, int(found.target.year or 0))
    return table_from(
        "doses",
        phrase("decide.weigh.surface", year=c.year_of(study, doses.year)),
        np.ndindex(doses.first.size, doses.second.size),
        (Column("first", first, five, units[0]), lambda at: float(doses.first[at[0]])),
        (Column("second", second, five, units[1]), lambda at: float(doses.second[at[1]])),
        c.cell("effect", of("effect"), c.AMOUNT, unit_of(found, study)),
        (Column("money", c.purse_head(study, "treasury"), c.SPENT, money), of("money")),
        (Column("used", used, c.SPENT, used_of(found, study)), of("used")),
        c.cell("p", of("p"), c.CHANCE, "", "p_year", year=year),
        stub=2,
        notes=(phrase("decide.paired"),),
    )
