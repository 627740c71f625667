"""Two levers weighed against each other, as a document: one figure to read, one table to check."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sdensemble.decide.weigh import Convention, Weighed
from sdensemble.decide.weigh import Figure as Found
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import (
    Axis,
    Cells,
    Figure,
    Line,
    Mark,
    Panel,
    Points,
    Rule,
    numbers,
)
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import label
from sdensemble.outputs.table import Column, Table, table_of
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
        subtitle=c.conditions(found.world, found.doses.replicate.size, study),
    )


def _names(found: Weighed) -> tuple[Words, Words]:
    one, two = found.question.sides
    return one.label, two.label


def _unit(found: Weighed, study: Study) -> Words:
    how = study.report.headline.aggregate if found.target.joint else found.target.aggregate
    return c.outcome_unit(study, found.outcome.variable, how)


def _used(found: Weighed, study: Study) -> Words:
    return c.unit_of(study.report, found.question.used_unit)


def _cost(found: Weighed, which: Convention) -> Words:
    return next(one.label for one in found.question.costs if one.id == which.id)


# ── the answer ──


def answer(found: Weighed, study: Study) -> list[Words]:
    """Return what a leader is told: which at equal outlay, by year; price; together; where."""
    unit, money = _unit(found, study), c.money_unit(study)
    first, second = _names(found)
    main = found.conventions[found.main]
    said: list[Words] = []
    said.append(
        phrase(
            "decide.weigh.asked",
            first=first,
            second=second,
            level=c.level(found.question.sides[1].level, found.levers[1].unit, study.report),
            cost=_cost(found, main),
        )
    )
    for y, year in enumerate(found.doses.years):
        said.append(_year(found, study, y, year, main, unit, money))
    prices = [
        phrase(
            "decide.weigh.price_in",
            year=year,
            price=c.amount(price, _price_unit(found, study), c.SPENT),
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
            f"decide.weigh.together_{key}", year=found.doses.years[-1], amount=c.amount(inter, unit)
        )
    )
    one, two = found.marginal
    if math.isfinite(one.value) and math.isfinite(two.value):
        per = phrase("decide.per_unit_unit", unit=unit, money=money)
        said.append(
            phrase(
                "decide.weigh.marginal",
                year=found.doses.year,
                first=first,
                second=second,
                one=c.amount(one, per, c.SPENT),
                two=c.amount(two, per, c.SPENT),
            )
        )
    for part in found.parts:
        if math.isfinite(part.gap[-1].value):
            said.append(_part(found, part, unit))
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
    first, second = _names(found)
    gap, cost, own = main.gap[y], main.cost[y], main.first[y]
    effect = found.effects[y][1]
    if not math.isfinite(gap.value):
        return phrase(
            "decide.weigh.no_equal",
            year=year,
            first=first,
            second=second,
            cost=c.amount(cost, money, c.SPENT),
        )
    values = {
        "year": year,
        "cost": c.amount(cost, money, c.SPENT),
        "purse": phrase(f"decide.kind.{main.kind}"),
        "first": first,
        "second": second,
        "one": c.amount(own, unit),
        "two": c.amount(effect, unit),
    }
    if not c.told_of(gap):
        return phrase("decide.weigh.alike", **values)
    better = second if gap.value > 0 else first
    return phrase("decide.weigh.better", better=better, **values)


def _price_unit(found: Weighed, study: Study) -> Words:
    return phrase("decide.per", unit=c.money_unit(study), of=_used(found, study))


def _part(found: Weighed, part, unit: Words) -> Words:  # type: ignore[no-untyped-def]
    first, second = _names(found)
    gap = part.gap[-1]
    values = {
        "where": phrase(f"decide.weigh.part_{part.id}", condition=found.question.condition_label),
        "share": Shown(part.share, Share()),
        "year": found.doses.years[-1],
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
    first, second = _names(found)
    parts = []
    for y, year in enumerate(found.doses.years):
        gaps = [one.gap[y] for one in found.elsewhere]
        ahead = sum(1 for g in gaps if c.told_of(g) and g.value > 0)
        behind = sum(1 for g in gaps if c.told_of(g) and g.value < 0)
        parts.append(
            phrase(
                "decide.weigh.count",
                year=year,
                first=first,
                second=second,
                ahead=ahead,
                behind=behind,
                rest=len(gaps) - ahead - behind,
            )
        )
    return phrase("decide.weigh.elsewhere", n=len(found.elsewhere), items=joined(parts, "clause"))


# ── tables ──


def weigh_table(found: Weighed, study: Study) -> Table:
    """Return, by year and cost convention, outlay, equal level, effects, gap, budget, price."""
    unit, money = _unit(found, study), c.money_unit(study)
    first, second = _names(found)
    columns = [
        Column("year", phrase("decide.head.year")),
        Column("cost", phrase("decide.head.convention")),
        Column("price", phrase("decide.head.charged"), Number(digits=3), _price_unit(found, study)),
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
        Column("break_even", phrase("decide.head.break_even"), c.SPENT, _price_unit(found, study)),
        Column("interaction", phrase("decide.head.interaction"), c.AMOUNT, unit),
    ]
    rows = []
    for y, year in enumerate(found.doses.years):
        for one in found.conventions:
            rows.append(
                {
                    "year": str(year),
                    "cost": _cost(found, one),
                    "price": one.price,
                    "purse": phrase(f"decide.kind.{one.kind}"),
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
                begin=Shown(found.question.from_year, Number(digits=5)),
            ),
            phrase("decide.apart"),
        ),
    )


def _verdict(found: Weighed, gap: Found) -> Words:
    first, second = _names(found)
    if not math.isfinite(gap.value):
        return phrase("number.missing")
    if not c.told_of(gap):
        return phrase("verdict.not_distinguishable")
    return phrase("decide.verdict_better", name=second if gap.value > 0 else first)


def parts_table(found: Weighed, study: Study) -> Table | None:
    """Return both levers at equal outlay by condition and year; None without a condition."""
    if not found.parts:
        return None
    unit = _unit(found, study)
    first, second = _names(found)
    columns = [
        Column("part", found.question.condition_label),
        Column("share", phrase("decide.head.members"), Share()),
        Column("year", phrase("decide.head.year")),
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
            first=span[0],
            last=span[1],
        ),
        columns,
        rows,
    )


def worlds_table(found: Weighed, study: Study) -> Table:
    """Return both levers at equal outlay in every structure and prior set."""
    unit = _unit(found, study)
    first, second = _names(found)
    columns = [
        Column("world", phrase("decide.head.world")),
        Column("year", phrase("decide.head.year")),
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
    unit, money = _unit(found, study), c.money_unit(study)
    first, second = _names(found)
    data, year = found.dataset(), int(found.target.year or 0)
    columns = [
        Column("first", first, Number(digits=5), c.unit_of(study.report, found.levers[0].unit)),
        Column("second", second, Number(digits=5), c.unit_of(study.report, found.levers[1].unit)),
        Column("effect", phrase("decide.head.effect"), c.AMOUNT, unit),
        Column("money", phrase("decide.head.treasury"), c.SPENT, money),
        Column(
            "used",
            found.question.used_label or phrase("number.missing"),
            c.SPENT,
            _used(found, study),
        ),
        Column("p", phrase("decide.head.p_year", year=year), Chance(error=False)),
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
    title = phrase("decide.weigh.surface", year=found.doses.year)
    return table_of("doses", title, columns, rows, stub=2, notes=(phrase("decide.paired"),))


# ── figures ──


def weigh_figure(found: Weighed, study: Study) -> Figure:
    """Return what a leader reads: effect by outlay paid, and where each wins by year."""
    unit, money = _unit(found, study), c.money_unit(study)
    first, second = _names(found)
    panels = []
    for y in dict.fromkeys((0, len(found.doses.years) - 1)):
        panels.append(_outlay_panel(found, y, first, second, unit, money))
    panels += _where_panels(found, study, unit)
    return Figure(
        "levers",
        phrase("decide.weigh.figure", outcome=found.outcome.label, first=first, second=second),
        tuple(panels),
        columns=2,
        notes=(phrase("decide.weigh.fig_note", second=second, first=first),),
    )


def _outlay_panel(
    found: Weighed, y: int, first: Words, second: Words, unit: Words, money: Words
) -> Panel:
    doses = found.doses
    one_, two_ = doses.curves
    gain = np.nanmean(one_.outcome[y], axis=1)
    spent = np.nanmean(one_.money[y], axis=1)
    marks: list[Mark] = [Line(numbers(spent), numbers(gain), "series", first)]
    effect = np.nanmean(two_.outcome[y], axis=1)
    for one in found.conventions:
        paid = np.nanmean(two_.money[y] + one.price * two_.used[y], axis=1)
        if paid[-1] <= 0.02 * max(spent[-1], 1e-9):
            continue
        name = phrase("decide.weigh.line", name=second, cost=_cost(found, one))
        marks.append(Line(numbers(paid), numbers(effect), "series", name))
    asked = found.conventions[found.main]
    if math.isfinite(asked.cost[y].value):
        marks.append(Rule(asked.cost[y].value, "limit", phrase("decide.weigh.asked_outlay")))
    # Far beyond what the second can cost there is nothing to compare.
    dear = max((float(m.x[-1]) for m in marks[1:] if isinstance(m, Line)), default=0.0)
    most = min(float(spent[-1]), 1.6 * dear) if dear > 0 else float(spent[-1])
    return Panel(
        tuple(marks),
        x=Axis(phrase("decide.fig.outlay"), money, low=0.0, high=most * 1.02),
        y=Axis(
            phrase("decide.fig.effect_short"),
            unit,
            low=0.0 if gain.min() >= 0 else None,
            high=1.05 * float(max(np.interp(most, spent, gain), effect.max())),
        ),
        title=phrase("decide.fig.in_year", year=doses.years[y]),
        height=48,
        id=f"outlay-{doses.years[y]}",
    )


def _where_panels(found: Weighed, study: Study, unit: Words) -> list[Panel]:
    """Return the gap at equal outlay by condition, and by structure and prior set."""
    years = found.doses.years
    first, second = _names(found)
    gap = phrase("decide.fig.gap", first=first, second=second)
    panels = []
    names: tuple[Words, ...]
    if found.parts:
        told = [part for part in found.parts if math.isfinite(part.gap[-1].value)]
        rows = [(part, y) for y in range(len(years)) for part in told]
        names = tuple(
            phrase(
                "decide.weigh.row",
                year=years[y],
                where=phrase(
                    f"decide.weigh.part_{part.id}", condition=found.question.condition_label
                ),
            )
            for part, y in rows
        )
        panels.append(
            _gap_panel(
                [part.gap[y] for part, y in rows],
                names,
                unit,
                phrase("decide.weigh.by_condition"),
                gap,
            )
        )
    panels.append(_structures_panel(found, study, unit, gap))
    return panels


def _structures_panel(found: Weighed, study: Study, unit: Words, gap: Words) -> Panel:
    """Return the gap at the last horizon, a row a structure, a mark a prior set."""
    last = len(found.doses.years) - 1
    titles = c.titles(study) | {"main": phrase("decide.main_structure")}
    rows = list(dict.fromkeys(one.structure for one in found.elsewhere))
    marks: list[Mark] = [Rule(0.0)]
    for prior_set in dict.fromkeys(one.prior_set for one in found.elsewhere):
        kept = [
            one
            for one in found.elsewhere
            if one.prior_set == prior_set and math.isfinite(one.gap[last].value)
        ]
        values = [one.gap[last] for one in kept]
        marks.append(
            Points(
                numbers(v.value for v in values),
                numbers(rows.index(one.structure) for one in kept),
                numbers(v.value - 2 * v.se for v in values),
                numbers(v.value + 2 * v.se for v in values),
                "series",
                label(study.report, prior_set),
                across=True,
            )
        )
    return Panel(
        tuple(marks),
        x=Axis(gap, unit),
        y=Axis(names=tuple(titles.get(name, name) for name in rows)),
        title=phrase("decide.weigh.by_world", year=found.doses.years[last]),
        height=max(48.0, 8 + 6.0 * len(rows)),
        id="structures",
    )


def _gap_panel(
    gaps: Sequence[Found], names: tuple[Words, ...], unit: Words, title: Words, gap: Words
) -> Panel:
    kept = [(i, g) for i, g in enumerate(gaps) if math.isfinite(g.value)]
    points = Points(
        numbers(g.value for _, g in kept),
        numbers(i for i, _ in kept),
        numbers(g.value - 2 * g.se for _, g in kept),
        numbers(g.value + 2 * g.se for _, g in kept),
        "estimate",
        across=True,
    )
    return Panel(
        (Rule(0.0), points),
        x=Axis(gap, unit),
        y=Axis(names=names),
        title=title,
        height=max(48.0, 8 + 5.0 * len(names)),
        id=f"gap-{len(names)}",
    )


def surface_figure(found: Weighed, study: Study) -> Figure:
    """Return the dose surface as shaded cells with the effect in each, one panel a year."""
    unit = _unit(found, study)
    first, second = _names(found)
    doses = found.doses
    some = [
        np.unique(np.round(np.linspace(0, size - 1, 8)).astype(int))
        for size in (doses.first.size, doses.second.size)
    ]
    own = c.unit_of(study.report, found.levers[0].unit)
    rows = joined([part for part in (first, own) if part], "within")
    mean = np.nanmean(doses.outcome, axis=-1)[np.ix_(*some)]
    low, high = float(mean.min()), float(mean.max())
    shares = (mean - low) / (high - low) if high > low else np.zeros_like(mean)
    texts = tuple(tuple(Shown(float(v), Number(digits=2)) for v in row) for row in mean)
    heads = [
        tuple(Shown(float(v), Number(digits=3)) for v in grid[kept])
        for grid, kept in zip((doses.first, doses.second), some, strict=True)
    ]
    panels = [
        Panel(
            (Cells(tuple(numbers(row) for row in shares), texts),),
            x=Axis(second, c.unit_of(study.report, found.levers[1].unit), names=heads[1]),
            y=Axis(first, own, names=heads[0]),
            title=phrase("decide.fig.rows", year=doses.year, axis=rows),
            height=62,
            id="surface",
        )
    ]
    return Figure(
        "dose-surface",
        phrase("decide.weigh.surface_figure", outcome=found.outcome.label, unit=unit),
        tuple(panels),
        columns=1,
        notes=(phrase("decide.weigh.surface_note", n=doses.first.size, m=doses.second.size),),
    )
