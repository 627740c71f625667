"""Scenarios compared, as tables."""

from __future__ import annotations

import itertools

from sdensemble.decide.compare import Comparison, InWorld, Pair
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.form import Chance, Number, Share
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study

MANY = 10
"""Pairs beyond which only those with the best scenario are told one by one."""


def title_of(found: Comparison, name: str) -> Words:
    """Return what a scenario is called."""
    return next(s.title for s in found.scenarios if s.name == name)


def compare_table(found: Comparison, study: Study) -> Table:
    """Return one row a scenario, in the order of the files, with every lever that differs."""
    unit, money, spec = (
        c.target_unit(study, found.target, found.outcome.variable),
        c.money_unit(study),
        study.report,
    )
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
        Column(
            "per_point", phrase("decide.head.per_point", outlay=outlay_of(spec)), c.SPENT, point
        ),
        Column("per_unit", phrase("decide.head.per_unit", outlay=outlay_of(spec)), c.SPENT, per),
    ]
    if any(row.displaced is not None for row in found.main.rows):
        columns.append(Column("displaced", phrase("decide.head.displaced"), c.AMOUNT, unit))
    rows = [
        {
            "scenario": title_of(found, row.scenario),
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
    unit = c.target_unit(study, found.target, found.outcome.variable)
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
            "first": title_of(found, pair.first),
            "second": title_of(found, pair.second),
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
    return phrase("decide.verdict_better", name=title_of(found, better))


def worlds_table(found: Comparison, study: Study) -> Table:
    """Return effects and P of every scenario in every world, side by side."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
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
        Column(
            "effect",
            phrase("decide.head.effect"),
            c.AMOUNT,
            c.target_unit(study, found.target, found.outcome.variable),
        ),
    ]
    rows = [
        {
            "scope": c.asked(study, target),
            "scenario": title_of(found, row.scenario),
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
        {"scenario": title_of(found, row.scenario), **{r.id: row.binds[r.id] for r in regimes}}
        for row in found.main.rows
    ]
    return table_of("binds", phrase("decide.compare.binds"), columns, rows)
