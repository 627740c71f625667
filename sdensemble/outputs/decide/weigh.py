"""Two levers against each other: the answer, and the paper it stands in."""

from __future__ import annotations

import math

from sdensemble.decide.weigh import Convention, Weighed
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.weigh_figures import surface_figure, weigh_figure
from sdensemble.outputs.decide.weigh_tables import (
    cost_of,
    names_of,
    parts_table,
    price_unit,
    surface_table,
    weigh_table,
    worlds_table,
)
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import Share, Shown
from sdensemble.study import Study


def weigh_document(found: Weighed, study: Study) -> Document:
    """Return the answer to a question of two levers as a document."""
    blocks: list[Block] = [Paragraph(words, "lead") for words in answer(found, study)]
    parts = parts_table(found, study)
    blocks += [weigh_table(found, study), *([parts] if parts else []), worlds_table(found, study)]
    blocks += [weigh_figure(found, study), surface_figure(found, study)]
    blocks.append(surface_table(found, study))
    blocks.append(Paragraph(phrase("decide.weigh.notes"), "note"))
    return Document(
        found.question.name,
        found.question.title,
        tuple(blocks),
        subtitle=c.conditions(found.world, found.doses.replicate.size, study, found.target),
    )


def answer(found: Weighed, study: Study) -> list[Words]:
    """Return what a leader is told: which at equal outlay, by year; price; together; where."""
    unit, money = c.target_unit(study, found.target, found.outcome.variable), c.money_unit(study)
    first, second = names_of(found)
    main = found.conventions[found.main]
    said: list[Words] = []
    said.append(
        phrase(
            "decide.weigh.asked",
            first=first,
            second=second,
            level=c.level(found.question.sides[1].level, found.levers[1].unit, study.report),
            cost=cost_of(found, main),
        )
    )
    for y, year in enumerate(found.doses.years):
        said.append(_year(found, study, y, year, main, unit, money))
    prices = [
        phrase(
            "decide.weigh.price_in",
            year=c.year_of(study, year),
            price=c.amount(price, price_unit(found, study), c.SPENT),
        )
        for year, price in zip(found.doses.years, found.price, strict=True)
        if math.isfinite(price.value)
    ]
    if prices:
        said.append(
            phrase(
                "decide.weigh.price",
                first=first,
                second=second,
                items=joined(prices, "clause"),
                used=found.question.used_label,
            )
        )
    else:
        said.append(phrase("decide.weigh.no_price", first=first, second=second))
    inter = found.interaction[-1]
    key = "none" if not c.told_of(inter) else "more" if inter.value > 0 else "less"
    said.append(
        phrase(
            f"decide.weigh.together_{key}",
            year=c.year_of(study, found.doses.years[-1]),
            amount=c.amount(inter, unit),
        )
    )
    one, two = found.marginal
    if math.isfinite(one.value) and math.isfinite(two.value):
        per = phrase("decide.per_unit_unit", unit=unit, money=money)
        said.append(
            phrase(
                "decide.weigh.marginal",
                year=c.year_of(study, found.doses.year),
                first=first,
                second=second,
                one=c.amount(one, per, c.SPENT),
                two=c.amount(two, per, c.SPENT),
            )
        )
    for part in found.parts:
        if math.isfinite(part.gap[-1].value):
            said.append(_part(found, part, unit, study))
    if len(found.elsewhere) > 1:
        said.append(_elsewhere(found, study))
    turned = [
        y
        for y in range(len(found.doses.years))
        if found.elsewhere
        and found.elsewhere[0].gap_median[y] * found.elsewhere[0].gap[y].value < 0
    ]
    if turned:
        said.append(
            phrase("decide.weigh.split", years=c.listed(str(found.doses.years[y]) for y in turned))
        )
    if found.lost:
        said.append(phrase("decide.lost", n=found.lost))
    return said


def _year(
    found: Weighed, study: Study, y: int, year: int, main: Convention, unit: Words, money: Words
) -> Words:
    first, second = names_of(found)
    gap, cost, own = main.gap[y], main.cost[y], main.first[y]
    effect = found.effects[y][1]
    if not math.isfinite(gap.value):
        return phrase(
            "decide.weigh.no_equal",
            year=c.year_of(study, year),
            first=first,
            second=second,
            cost=c.amount(cost, money, c.SPENT),
        )
    values = {
        "year": c.year_of(study, year),
        "cost": c.amount(cost, money, c.SPENT),
        "purse": c.kind_of_cost(study, main.kind),
        "first": first,
        "second": second,
        "one": c.amount(own, unit),
        "two": c.amount(effect, unit),
    }
    if not c.told_of(gap):
        return phrase("decide.weigh.alike", **values)
    better = second if gap.value > 0 else first
    return phrase("decide.weigh.better", better=better, **values)


def _part(found: Weighed, part, unit: Words, study: Study) -> Words:  # type: ignore[no-untyped-def]
    first, second = names_of(found)
    gap = part.gap[-1]
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
        gaps = [one.gap[y] for one in found.elsewhere]
        ahead = sum(1 for g in gaps if c.told_of(g) and g.value > 0)
        behind = sum(1 for g in gaps if c.told_of(g) and g.value < 0)
        parts.append(
            phrase(
                "decide.weigh.count",
                year=c.year_of(study, year),
                first=first,
                second=second,
                ahead=ahead,
                behind=behind,
                rest=len(gaps) - ahead - behind,
            )
        )
    return phrase("decide.weigh.elsewhere", n=len(found.elsewhere), items=joined(parts, "clause"))
