"""Scenarios compared, as tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from sdensemble.decide.compare import Comparison, InWorld, Pair, Row
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.form import Chance, Number, Share
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.table import Cell, Column, Table, part, table_from
from sdensemble.study import Study

MANY = 10
"""Pairs beyond which only those with the best scenario are told one by one."""
GAIN = Number(digits=3, signed=True)


def compare_table(found: Comparison, study: Study) -> Table:
    """Return one row a scenario, in the order of the files, with every lever that differs."""
    unit, money = c.target_unit(study, found.target, found.outcome.variable), c.money_unit(study)
    spec, outlay = study.report, outlay_of(study.report)
    point = phrase("decide.per_point_unit", money=money)
    per = phrase("decide.per_unit_unit", unit=unit, money=money)
    cells = [
        _scenario(found),
        c.cell("levers", lambda row: c.moved_words(study.model, spec, found.levers[row.scenario])),
        c.cell("p", "probability", Chance()),
        c.cell("change", "change.found", c.POINTS, c.ONE_POINT),
        c.cell("median", "median", Number(digits=4), unit),
        c.cell("effect", "effect.found", c.AMOUNT, unit),
        c.cell("effect_median", "effect.median", GAIN, unit),
        c.cell("low", "effect.low", GAIN, unit),
        c.cell("high", "effect.high", GAIN, unit),
        c.cell("helped", "effect.helped", Share()),
        *c.purse_cells(study, c.SPENT, "treasury.found", "forgone.found"),
    ]
    if c.pays(study):
        cells += [
            c.cell("per_point", "per_point", c.SPENT, point, outlay=outlay),
            c.cell("per_unit", "per_unit", c.SPENT, per, outlay=outlay),
        ]
    if any(row.displaced is not None for row in found.main.rows):
        cells.append(c.cell("displaced", "displaced.found", c.AMOUNT, unit))
    words = {"target": c.asked(study, found.target), "through": c.year_of(study, found.through)}
    notes = (phrase("decide.paired"), *c.apart(study))
    title = phrase(f"decide.compare.{'table' if c.pays(study) else 'table_unpaid'}", **words)
    return table_from("compare", title, found.main.rows, *cells, notes=notes)


def _scenario(found: Comparison) -> Cell:
    return c.cell("scenario", lambda row: c.title_of(found, row.scenario))


def pair_table(found: Comparison, study: Study) -> Table:
    """Return every pair, first less second, with p-values corrected for their number."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    return table_from(
        "pairs",
        phrase("decide.compare.pairs"),
        found.main.pairs,
        c.cell("first", lambda pair: c.title_of(found, pair.first)),
        c.cell("second", lambda pair: c.title_of(found, pair.second)),
        c.cell("change", "change.found", c.POINTS, c.ONE_POINT),
        c.cell("p_change", "p_change", Number(digits=2), head="p_holm"),
        c.cell("effect", "effect.found", c.AMOUNT, unit, head="gap"),
        c.cell("median", "effect.median", GAIN, unit, head="gap_median"),
        c.cell("helped", "effect.helped", Share(), head="first_better"),
        c.cell("p_effect", "p_effect", Number(digits=2), head="p_holm"),
        c.cell("verdict", lambda pair: _verdict(found, pair)),
        stub=2,
        notes=(phrase("decide.holm"),),
    )


def _verdict(found: Comparison, pair: Pair) -> Words:
    if pair.sign == 0:
        return c.verdict(False)
    if not pair.p_effect <= 0.05:
        return phrase("verdict.not_after_correction")
    if pair.split:
        return phrase("decide.verdict_split")
    better = pair.first if pair.sign > 0 else pair.second
    return phrase("decide.verdict_better", name=c.title_of(found, better))


def worlds_table(found: Comparison, study: Study) -> Table:
    """Return effects and P of every scenario in every world, side by side."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    base = found.baseline
    others = [s for s in found.scenarios if s.name != base.name]

    cells = [
        c.cell("world", lambda one: c.world_name(study, one.world)),
        c.cell("p_base", _of(base, "probability"), Chance(), "", "p_of", name=base.title),
    ]
    for s in others:
        change, effect = _of(s, "change.found"), _of(s, "effect.found")
        cells += [
            c.cell(f"change_{s.name}", change, c.POINTS, c.ONE_POINT, "change_of", name=s.title),
            c.cell(f"effect_{s.name}", effect, c.AMOUNT, unit, "effect_of", name=s.title),
        ]
    cells.append(c.cell("order", lambda one: order_words(one, others)))
    return table_from("worlds", phrase("decide.compare.worlds"), found.worlds, *cells)


def _of(scenario: Scenario, path: str) -> Callable[[InWorld], Any]:
    """Return what picks a part of a scenario's row in a world."""
    shown = part(path)
    return lambda one: shown(next((row for row in one.rows if row.scenario == scenario.name), None))


def scopes_table(found: Comparison, study: Study) -> Table:
    """Return P and effects under every scope of the target, in the first world."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    every = ((found.target, found.main), *found.scopes)

    def of(path: str) -> Callable[[tuple[Target, Row]], Any]:
        shown = part(path)
        return lambda held: shown(held[1])

    return table_from(
        "scopes",
        phrase("decide.compare.scopes"),
        [(target, row) for target, one in every for row in one.rows],
        c.cell("scope", lambda held: c.asked(study, held[0])),
        c.cell("scenario", lambda held: c.title_of(found, held[1].scenario)),
        c.cell("p", of("probability"), Chance()),
        c.cell("change", of("change.found"), c.POINTS, c.ONE_POINT),
        c.cell("effect", of("effect.found"), c.AMOUNT, unit),
        stub=2,
    )


def order_words(one: InWorld, others: list[Scenario]) -> Words:
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
    rows = found.main.rows
    limits = [
        (Column(one.id, one.label, Share()), lambda row, name=one.id: row.binds[name])
        for one in study.report.regimes
        if one.id in rows[0].binds
    ]
    return table_from("binds", phrase("decide.compare.binds"), rows, _scenario(found), *limits)
