"""Two levers against each other: the answer, and the paper it stands in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from sdensemble.decide.weigh import Part, Weighed
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.weigh_figures import surface_figure, weigh_figure
from sdensemble.outputs.decide.weigh_tables import (
    cost_of,
    names_of,
    parts_table,
    price_unit,
    surface_table,
    unit_of,
    weigh_table,
    worlds_table,
)
from sdensemble.outputs.document import Document
from sdensemble.outputs.form import Share, Shown
from sdensemble.study import Study


def weigh_document(found: Weighed, study: Study) -> Document:
    """Return the answer to a question of two levers as a document."""
    paper = c.paper(
        "weigh",
        answer(found, study),
        weigh_table(found, study),
        parts_table(found, study),
        worlds_table(found, study),
        weigh_figure(found, study),
        surface_figure(found, study),
        surface_table(found, study),
        c.note("weigh.notes"),
        subtitle=c.conditions(found.world, found.doses.replicate.size, study, found.target),
    )
    return replace(paper, id=found.question.name, title=found.question.title)


def answer(found: Weighed, study: Study) -> Iterator[Words]:
    """Yield what a leader is told: which at equal outlay, by year; price; together; where."""
    years = [c.year_of(study, year) for year in found.doses.years]
    sides = dict(zip(("first", "second"), names_of(found), strict=True))
    yield phrase(
        "decide.weigh.asked",
        level=c.level(found.question.sides[1].level, found.levers[1].unit, study.report),
        cost=cost_of(found, found.conventions[found.main]),
        **sides,
    )
    for y in range(len(years)):
        yield _year(found, study, y)
    per_used = price_unit(found, study)
    prices = [
        phrase("decide.weigh.price_in", year=year, price=c.amount(price, per_used, c.SPENT))
        for year, price in zip(years, found.price, strict=True)
        if math.isfinite(price.value)
    ]
    if prices:
        items, used = joined(prices, "clause"), found.question.used_label
        yield phrase("decide.weigh.price", items=items, used=used, **sides)
    else:
        yield phrase("decide.weigh.no_price", **sides)
    unit, inter = unit_of(found, study), found.interaction[-1]
    key = "none" if not c.told_of(inter) else "more" if inter.value > 0 else "less"
    yield phrase(f"decide.weigh.together_{key}", year=years[-1], amount=c.amount(inter, unit))
    one, two = found.marginal
    if math.isfinite(one.value) and math.isfinite(two.value):
        per = phrase("decide.per_unit_unit", unit=unit, money=c.money_unit(study))
        gains = {"one": c.amount(one, per, c.SPENT), "two": c.amount(two, per, c.SPENT)}
        year = c.year_of(study, found.doses.year)
        yield phrase("decide.weigh.marginal", year=year, **gains, **sides)
    for part in found.parts:
        if math.isfinite(part.gap[-1].value):
            yield _part(found, part, study)
    if len(found.elsewhere) > 1:
        yield _elsewhere(found, study)
    own = found.elsewhere[0] if found.elsewhere else None
    turned = [
        str(year)
        for y, year in enumerate(found.doses.years)
        if own is not None and own.gap_median[y] * own.gap[y].value < 0
    ]
    if turned:
        yield phrase("decide.weigh.split", years=c.listed(turned))
    if found.lost:
        yield phrase("decide.lost", n=found.lost)


def _year(found: Weighed, study: Study, y: int) -> Words:
    """Return which does more in a year for the same outlay."""
    unit, money = unit_of(found, study), c.money_unit(study)
    (first, second), main = names_of(found), found.conventions[found.main]
    values = {
        "year": c.year_of(study, found.doses.years[y]),
        "first": first,
        "second": second,
        "cost": c.amount(main.cost[y], money, c.SPENT),
    }
    gap = main.gap[y]
    if not math.isfinite(gap.value):
        return phrase("decide.weigh.no_equal", **values)
    values |= {
        "purse": c.kind_of_cost(study, main.kind),
        "one": c.amount(main.first[y], unit),
        "two": c.amount(found.effects[y][1], unit),
    }
    if not c.told_of(gap):
        return phrase("decide.weigh.alike", **values)
    return phrase("decide.weigh.better", better=second if gap.value > 0 else first, **values)


def _part(found: Weighed, part: Part, study: Study) -> Words:
    """Return which does more among the members of a condition, in the last year."""
    unit, (first, second), gap = unit_of(found, study), names_of(found), part.gap[-1]
    values = {
        "where": phrase(f"decide.weigh.part_{part.id}", condition=found.question.condition_label),
        "share": Shown(part.share, Share()),
        "year": c.year_of(study, found.doses.years[-1]),
        "first": first,
        "second": second,
        "one": c.amount(part.first[-1], unit),
        "two": c.amount(part.second[-1], unit),
    }
    if not c.told_of(gap):
        return phrase("decide.weigh.part_alike", **values)
    return phrase("decide.weigh.part_better", better=second if gap.value > 0 else first, **values)


def _elsewhere(found: Weighed, study: Study) -> Words:
    """Return in how many worlds each leads, by year."""
    first, second = names_of(found)
    parts = []
    for y, year in enumerate(found.doses.years):
        told = [one.gap[y].value > 0 for one in found.elsewhere if c.told_of(one.gap[y])]
        parts.append(
            phrase(
                "decide.weigh.count",
                year=c.year_of(study, year),
                first=first,
                second=second,
                ahead=sum(told),
                behind=len(told) - sum(told),
                rest=len(found.elsewhere) - len(told),
            )
        )
    return phrase("decide.weigh.elsewhere", n=len(found.elsewhere), items=joined(parts, "clause"))
