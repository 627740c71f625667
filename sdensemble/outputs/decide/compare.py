"""A comparison of scenarios as a document: answer, table of all levers, pairs, worlds, a figure."""

from __future__ import annotations

import itertools

from sdensemble.decide.compare import Comparison, InWorld, Pair, Row
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Beside, Figure, Panel, Points, Rule, numbers
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study

MANY = 10
"""Pairs beyond which only those with the best scenario are told one by one."""


def compare_document(found: Comparison, study: Study) -> Document:
    """Return a comparison as a document."""
    unit = _unit(found, study)
    blocks: list[Block] = [Paragraph(words, "lead") for words in answer(found, study)]
    blocks += [compare_table(found, study), pair_table(found, study), worlds_table(found, study)]
    if found.scopes:
        blocks.append(scopes_table(found, study))
    if found.main.rows[0].binds:
        blocks.append(binds_table(found, study))
    blocks.append(compare_figure(found, study))
    if len(found.worlds) > 1:
        blocks.append(worlds_figure(found, study))
    notes = phrase(
        "decide.compare.notes",
        unit=unit,
        money=c.money_unit(study),
        through=c.year_of(study, found.through),
    )
    others = [s.title for s in found.scenarios if s.name != found.baseline.name]
    return Document(
        "compare",
        phrase("decide.compare.title", names=c.listed(others)),
        (*blocks, Paragraph(notes, "note")),
        subtitle=c.conditions(found.main.world, found.main.members, study),
    )


def _unit(found: Comparison, study: Study) -> Words:
    how = study.report.headline.aggregate if found.target.joint else found.target.aggregate
    return c.outcome_unit(study, found.outcome.variable, how)


def _title(found: Comparison, name: str) -> Words:
    return next(s.title for s in found.scenarios if s.name == name)


# ── the answer ──


def answer(found: Comparison, study: Study) -> list[Words]:
    """Return the short answer: P of each, each effect, each pair, and whether orders hold."""
    main = found.main
    chances = [
        phrase(
            "decide.compare.chance",
            name=_title(found, row.scenario),
            p=Shown(row.probability, Chance()),
        )
        for row in main.rows
    ]
    said: list[Words] = [
        phrase("decide.compare.asked", target=c.asked(study, found.target), items=c.listed(chances))
    ]
    said += [_effect(found, row, study) for row in main.rows if row.effect is not None]
    pairs = [p for p in main.pairs if found.baseline.name not in (p.first, p.second)]
    if len(pairs) > MANY:
        best = max(main.rows, key=lambda row: row.level.mean).scenario
        pairs = [p for p in pairs if best in (p.first, p.second)]
    said += [_pair(found, pair, study) for pair in pairs]
    if main.lost:
        said.append(phrase("decide.lost", n=main.lost))
    return said


def _effect(found: Comparison, row: Row, study: Study) -> Words:
    unit, money = _unit(found, study), c.money_unit(study)
    assert row.effect is not None
    name = _title(found, row.scenario)
    if not c.told_of(row.effect.found):
        first = phrase("decide.compare.no_effect", name=name)
    else:
        first = phrase(
            "decide.compare.effect",
            name=name,
            mean=c.amount(row.effect.found, unit),
            median=Shown(row.effect.median, Number(digits=3, signed=True)),
            helped=Shown(row.effect.helped, Share()),
        )
    paid = phrase(
        "decide.compare.paid",
        through=c.year_of(study, found.through),
        treasury=c.amount(row.treasury.found, money, c.SPENT) if row.treasury else "",
        forgone=c.and_forgone(study, c.amount(row.forgone.found, money, c.SPENT))
        if row.forgone
        else "",
    )
    return joined([first, paid], "nothing")


def _pair(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return which of two does more, by mean and median, and whether it holds everywhere."""
    unit = _unit(found, study)
    one, other = _title(found, pair.first), _title(found, pair.second)
    if pair.sign == 0:
        first = phrase("decide.compare.alike", first=one, second=other)
    else:
        better, worse = (one, other) if pair.sign > 0 else (other, one)
        size = abs(pair.effect.found.mean), pair.effect.found.se
        first = phrase(
            "decide.compare.better", first=better, second=worse, gap=c.amount(size, unit, c.SPENT)
        )
    parts: list[Words] = [first]
    if pair.split:
        parts.append(
            phrase(
                "decide.compare.split",
                median=Shown(pair.effect.median, Number(digits=3, signed=True)),
                first=one,
                second=other,
            )
        )
    if len(found.worlds) > 1:
        parts.append(holds_words(found, pair, study))
    turned = [
        target
        for target, one in found.scopes
        for other in one.pairs
        if (other.first, other.second) == (pair.first, pair.second) and other.sign * pair.sign < 0
    ]
    if turned:
        names = c.listed(c.asked(study, target) for target in turned)
        parts.append(phrase("decide.compare.turned_scope", names=names))
    return joined(parts, "nothing")


def holds_words(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return whether an order holds in every world, and where not."""
    main, untold, turned = found.holds(pair.first, pair.second)
    names = {one.world.name: c.world_name(one.world, study.report) for one in found.worlds}
    n = len(found.worlds)
    if main == 0:
        signs = {
            p.sign
            for one in found.worlds
            for p in one.pairs
            if (p.first, p.second) == (pair.first, pair.second)
        }
        return (
            phrase("decide.compare.none_told", n=n)
            if signs == {0}
            else phrase(
                "decide.compare.some_told",
                n=n,
                k=sum(
                    1
                    for one in found.worlds
                    for p in one.pairs
                    if (p.first, p.second) == (pair.first, pair.second) and p.sign
                ),
            )
        )
    if not untold and not turned:
        return phrase("decide.compare.holds", n=n)
    parts = [phrase("decide.compare.holds_some", n=n, k=n - len(untold) - len(turned))]
    if turned:
        parts.append(phrase("decide.compare.turned", names=c.listed(names[w] for w in turned)))
    if untold:
        parts.append(phrase("decide.compare.untold", names=c.listed(names[w] for w in untold)))
    return joined(parts, "nothing")


# ── tables ──


def compare_table(found: Comparison, study: Study) -> Table:
    """Return one row a scenario, in the order of the files, with every lever that differs."""
    unit, money, spec = _unit(found, study), c.money_unit(study), study.report
    point = phrase("decide.per_point_unit", money=money)
    per = phrase("decide.per_unit_unit", unit=unit, money=money)
    columns = [
        Column("scenario", phrase("decide.head.scenario")),
        Column("levers", phrase("decide.head.levers")),
        Column("p", phrase("decide.head.p"), Chance()),
        Column("change", phrase("decide.head.change"), c.POINTS, phrase("decide.points")),
        Column("median", phrase("decide.head.median"), Number(digits=4), unit),
        Column("effect", phrase("decide.head.effect"), c.AMOUNT, unit),
        Column(
            "effect_median",
            phrase("decide.head.effect_median"),
            Number(digits=3, signed=True),
            unit,
        ),
        Column("low", phrase("decide.head.low"), Number(digits=3, signed=True), unit),
        Column("high", phrase("decide.head.high"), Number(digits=3, signed=True), unit),
        Column("helped", phrase("decide.head.helped"), Share()),
        *c.purse_columns(study, c.SPENT),
        Column("per_point", phrase("decide.head.per_point"), c.SPENT, point),
        Column("per_unit", phrase("decide.head.per_unit"), c.SPENT, per),
    ]
    if any(row.displaced is not None for row in found.main.rows):
        columns.append(Column("displaced", phrase("decide.head.displaced"), c.AMOUNT, unit))
    rows = [
        {
            "scenario": _title(found, row.scenario),
            "levers": c.moved_words(study.model, spec, found.levers[row.scenario]),
            "p": row.probability,
            "change": row.change.found if row.change else None,
            "median": row.median,
            "effect": row.effect.found if row.effect else None,
            "effect_median": row.effect.median if row.effect else None,
            "low": row.effect.low if row.effect else None,
            "high": row.effect.high if row.effect else None,
            "helped": row.effect.helped if row.effect else None,
            "treasury": row.treasury.found if row.treasury else None,
            "forgone": row.forgone.found if row.forgone else None,
            "per_point": row.per_point,
            "per_unit": row.per_unit,
            "displaced": row.displaced.found if row.displaced else None,
        }
        for row in found.main.rows
    ]
    return table_of(
        "compare",
        phrase(
            "decide.compare.table",
            target=c.asked(study, found.target),
            through=c.year_of(study, found.through),
        ),
        columns,
        rows,
        notes=(phrase("decide.paired"), *c.apart(study)),
    )


def pair_table(found: Comparison, study: Study) -> Table:
    """Return every pair, first less second, with p-values corrected for their number."""
    unit = _unit(found, study)
    columns = [
        Column("first", phrase("decide.head.first")),
        Column("second", phrase("decide.head.second")),
        Column("change", phrase("decide.head.change"), c.POINTS, phrase("decide.points")),
        Column("p_change", phrase("decide.head.p_holm"), Number(digits=2)),
        Column("effect", phrase("decide.head.gap"), c.AMOUNT, unit),
        Column("median", phrase("decide.head.gap_median"), Number(digits=3, signed=True), unit),
        Column("helped", phrase("decide.head.first_better"), Share()),
        Column("p_effect", phrase("decide.head.p_holm"), Number(digits=2)),
        Column("verdict", phrase("decide.head.verdict")),
    ]
    rows = [
        {
            "first": _title(found, pair.first),
            "second": _title(found, pair.second),
            "change": pair.change.found,
            "p_change": pair.p_change,
            "effect": pair.effect.found,
            "median": pair.effect.median,
            "helped": pair.effect.helped,
            "p_effect": pair.p_effect,
            "verdict": _verdict(found, pair),
        }
        for pair in found.main.pairs
    ]
    return table_of(
        "pairs",
        phrase("decide.compare.pairs"),
        columns,
        rows,
        stub=2,
        notes=(phrase("decide.holm"),),
    )


def _verdict(found: Comparison, pair: Pair) -> Words:
    if pair.sign == 0:
        return phrase("verdict.not_distinguishable")
    if not pair.p_effect <= 0.05:
        return phrase("verdict.not_after_correction")
    if pair.split:
        return phrase("decide.verdict_split")
    better = pair.first if pair.sign > 0 else pair.second
    return phrase("decide.verdict_better", name=_title(found, better))


def worlds_table(found: Comparison, study: Study) -> Table:
    """Return effects and P of every scenario in every world, side by side."""
    unit = _unit(found, study)
    others = [s for s in found.scenarios if s.name != found.baseline.name]
    columns = [
        Column("world", phrase("decide.head.world")),
        Column("p_base", phrase("decide.head.p_of", name=found.baseline.title), Chance()),
    ]
    for s in others:
        columns += [
            Column(
                f"change_{s.name}",
                phrase("decide.head.change_of", name=s.title),
                c.POINTS,
                phrase("decide.points"),
            ),
            Column(
                f"effect_{s.name}", phrase("decide.head.effect_of", name=s.title), c.AMOUNT, unit
            ),
        ]
    columns.append(Column("order", phrase("decide.head.order")))
    rows = []
    for one in found.worlds:
        row: dict[str, object] = {"world": c.world_name(one.world, study.report)}
        for r in one.rows:
            if r.scenario == found.baseline.name:
                row["p_base"] = r.probability
            elif r.change and r.effect:
                row[f"change_{r.scenario}"] = r.change.found
                row[f"effect_{r.scenario}"] = r.effect.found
        row["order"] = order_words(found, one, others)
        rows.append(row)
    return table_of("worlds", phrase("decide.compare.worlds"), columns, rows)


def scopes_table(found: Comparison, study: Study) -> Table:
    """Return P and effects under every scope of the target, in the first world."""
    columns = [
        Column("scope", phrase("decide.head.scope")),
        Column("scenario", phrase("decide.head.scenario")),
        Column("p", phrase("decide.head.p"), Chance()),
        Column("change", phrase("decide.head.change"), c.POINTS, phrase("decide.points")),
        Column("effect", phrase("decide.head.effect"), c.AMOUNT, _unit(found, study)),
    ]
    rows = [
        {
            "scope": c.asked(study, target),
            "scenario": _title(found, row.scenario),
            "p": row.probability,
            "change": row.change.found if row.change else None,
            "effect": row.effect.found if row.effect else None,
        }
        for target, one in ((found.target, found.main), *found.scopes)
        for row in one.rows
    ]
    return table_of("scopes", phrase("decide.compare.scopes"), columns, rows, stub=2)


def order_words(found: Comparison, one: InWorld, others: list[Scenario]) -> Words:
    """Return scenarios from best to worst by mean effect; "≈" between those not told apart."""
    mean = {r.scenario: r.effect.found.mean for r in one.rows if r.effect}
    ranked = sorted((s for s in others), key=lambda s: -mean[s.name])
    sign = {(p.first, p.second): p.sign for p in one.pairs}
    parts: list[Words] = [ranked[0].title] if ranked else []
    for before, after in itertools.pairwise(ranked):
        told = sign.get((before.name, after.name)) or sign.get((after.name, before.name))
        parts += [" > " if told else " ≈ ", after.title]
    return joined(parts, "nothing")


def binds_table(found: Comparison, study: Study) -> Table:
    """Return what limits before and after: mean shares under each scenario."""
    regimes = [r for r in study.report.regimes if r.id in found.main.rows[0].binds]
    columns = [Column("scenario", phrase("decide.head.scenario"))]
    columns += [Column(r.id, r.label, Share()) for r in regimes]
    rows = [
        {"scenario": _title(found, row.scenario), **{r.id: row.binds[r.id] for r in regimes}}
        for row in found.main.rows
    ]
    return table_of("binds", phrase("decide.compare.binds"), columns, rows)


# ── the figure ──


def compare_figure(found: Comparison, study: Study) -> Figure:
    """Return effects by scenario with their spread, and mean effects in every world."""
    unit = _unit(found, study)
    rows = [row for row in found.main.rows if row.effect is not None]
    names = tuple(_title(found, row.scenario) for row in rows)
    y = numbers(range(len(rows)))
    effects = [row.effect for row in rows if row.effect]
    spread = Points(
        numbers(e.median for e in effects),
        y,
        numbers(e.low for e in effects),
        numbers(e.high for e in effects),
        "median",
        phrase("decide.fig.spread"),
        across=True,
    )
    means = Points(
        numbers(e.found.mean for e in effects), y, role="mean", name=phrase("decide.fig.mean")
    )
    chances = Beside(phrase("decide.head.p"), tuple(Shown(r.probability, Chance()) for r in rows))
    axis = Axis(phrase("decide.fig.effect", outcome=found.outcome.label), unit)
    panels = [
        Panel(
            (Rule(0.0), spread, means),
            x=axis,
            y=Axis(names=names),
            beside=(chances,),
            height=10 + 8 * len(rows),
            id="effects",
        )
    ]
    return Figure(
        "effects",
        phrase(
            "decide.compare.figure",
            outcome=found.outcome.label,
            year=_year(found, study),
            base=found.baseline.title,
        ),
        tuple(panels),
        notes=(phrase("decide.fig.note"),),
    )


def worlds_figure(found: Comparison, study: Study) -> Figure:
    """Return mean effects in every world, a mark a scenario."""
    unit = _unit(found, study)
    rows = [row for row in found.main.rows if row.effect is not None]
    marks: list[Points | Rule] = [Rule(0.0)]
    for row in rows:
        line = [next(r for r in one.rows if r.scenario == row.scenario) for one in found.worlds]
        means = [r.effect.found for r in line if r.effect]
        marks.append(
            Points(
                numbers(m.mean for m in means),
                numbers(range(len(means))),
                numbers(m.mean - 2 * m.se for m in means),
                numbers(m.mean + 2 * m.se for m in means),
                "series",
                _title(found, row.scenario),
                across=True,
            )
        )
    places = tuple(c.world_name(one.world, study.report) for one in found.worlds)
    panel = Panel(
        tuple(marks),
        x=Axis(phrase("decide.fig.effect", outcome=found.outcome.label), unit),
        y=Axis(names=places),
        height=12 + 4.5 * len(places),
        id="worlds",
    )
    return Figure(
        "effects-by-world",
        phrase("decide.fig.worlds", outcome=found.outcome.label, year=_year(found, study)),
        (panel,),
    )


def _year(found: Comparison, study: Study) -> Words:
    return c.year_of(study, int(found.target.year or found.through))
