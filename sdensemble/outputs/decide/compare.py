"""Scenarios compared: the answer, its tables and figures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sdensemble.decide.compare import Comparison, InWorld, Pair, Row
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.lang import Ended, Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import (
    Axis,
    Beside,
    Figure,
    Mark,
    Panel,
    Points,
    Rule,
    intervals,
    numbers,
    row_panel,
    with_errors,
)
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import inside, label, outlay_of
from sdensemble.outputs.table import Cell, Column, Table, part, table_from
from sdensemble.results.results import Effect
from sdensemble.study import Study

MANY = 10
"""Pairs beyond which only those with the best scenario are told one by one."""
GAIN = Number(digits=3, signed=True)


def unit_of(found: Comparison, study: Study) -> Words:
    """Return the unit of the outcome."""
    return c.target_unit(study, found.target, found.outcome.variable)


def compare_document(found: Comparison, study: Study) -> Document:
    """Return a comparison as a document."""
    note = c.note(
        "compare.notes" if c.pays(study) else "compare.notes_unpaid",
        unit=unit_of(found, study),
        money=c.money_unit(study),
        through=c.year_of(study, found.through),
    )
    return c.paper(
        "compare",
        answer(found, study),
        compare_table(found, study),
        pair_table(found, study),
        worlds_table(found, study),
        scopes_table(found, study) if found.scopes else None,
        binds_table(found, study) if found.main.rows[0].binds else None,
        compare_figure(found, study),
        worlds_figure(found, study) if len(found.worlds) > 1 else None,
        note,
        subtitle=c.conditions(found.main.world, found.main.members, study, found.target),
        names=c.listed(s.title for s in found.scenarios if s.name != found.baseline.name),
    )


def answer(found: Comparison, study: Study) -> Iterator[Words]:
    """Yield the short answer: P of each, each effect, each pair, and whether orders hold."""
    main = found.main
    chances = [
        phrase(
            "decide.compare.chance",
            name=c.title_of(found, row.scenario),
            p=Shown(row.probability, Chance()),
        )
        for row in main.rows
    ]
    target = c.asked(study, found.target)
    yield phrase("decide.compare.asked", target=target, items=c.listed(chances))
    for row in main.rows:
        if row.effect is not None:
            yield _effect(found, row, row.effect, study)
    pairs = [p for p in main.pairs if found.baseline.name not in (p.first, p.second)]
    if len(pairs) > MANY:
        best = max(main.rows, key=lambda row: row.level.mean).scenario
        pairs = [p for p in pairs if best in (p.first, p.second)]
    for pair in pairs:
        yield _pair(found, pair, study)
    if main.lost:
        yield phrase("decide.lost", n=main.lost)


def _effect(found: Comparison, row: Row, effect: Effect, study: Study) -> Words:
    name = c.title_of(found, row.scenario)
    first = phrase("decide.compare.no_effect", name=name)
    if c.told_of(effect.found):
        unit = unit_of(found, study)
        first = phrase(
            "decide.compare.effect",
            name=name,
            mean=c.amount(effect.found, unit),
            median=Shown(effect.median, GAIN),
            helped=Shown(effect.helped, Share()),
        )
    if not c.pays(study):
        return Ended(first)
    paid = phrase(
        "decide.compare.paid",
        outlay=outlay_of(study.report),
        through=c.year_of(study, found.through),
        **c.paid_of(study, row),
    )
    return joined([first, paid], "nothing")


def _pair(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return which of two does more, by mean and median, and whether it holds everywhere."""
    one, other = c.title_of(found, pair.first), c.title_of(found, pair.second)
    parts: list[Words]
    if pair.sign == 0:
        parts = [phrase("decide.compare.alike", first=one, second=other)]
    else:
        better, worse = (one, other) if pair.sign > 0 else (other, one)
        unit = unit_of(found, study)
        gap = c.amount((abs(pair.effect.found.mean), pair.effect.found.se), unit, c.SPENT)
        parts = [phrase("decide.compare.better", first=better, second=worse, gap=gap)]
    if pair.split:
        median = Shown(pair.effect.median, GAIN)
        parts.append(phrase("decide.compare.split", median=median, first=one, second=other))
    if len(found.worlds) > 1:
        parts += prior_words(found, pair, study)
        parts.append(holds_words(found, pair, study))
    turned = [
        target
        for target, within in found.scopes
        if within.pair(pair.first, pair.second).sign * pair.sign < 0
    ]
    if turned:
        names = c.listed(c.asked(study, target) for target in turned)
        parts.append(phrase("decide.compare.turned_scope", names=names))
    return joined(parts, "nothing")


def prior_words(found: Comparison, pair: Pair, study: Study) -> Iterator[Words]:
    """Yield whether an order holds under the other prior sets, in the structure told of."""
    for one in found.worlds[1:]:
        if pair.sign == 0 or one.world.structure != found.main.world.structure:
            continue
        sign = one.pair(pair.first, pair.second).sign
        key = "untold" if sign == 0 else "same" if sign == pair.sign else "turned"
        prior = label(study.report, one.world.prior_set)
        yield phrase(f"decide.compare.prior_{key}", prior=prior)


def holds_words(found: Comparison, pair: Pair, study: Study) -> Words:
    """Return whether an order holds in every world, and where not."""
    signs = [(one.world, one.pair(pair.first, pair.second).sign) for one in found.worlds]
    n, main = len(signs), signs[0][1]
    if main == 0:
        told = sum(1 for _, sign in signs if sign)
        if not told:
            return phrase("decide.compare.none_told", n=n)
        return phrase("decide.compare.some_told", n=n, k=told)
    turned = [world for world, sign in signs if sign == -main]
    untold = [world for world, sign in signs if sign == 0]
    if not untold and not turned:
        return phrase("decide.compare.holds", n=n)
    parts = [phrase("decide.compare.holds_some", n=n, k=n - len(untold) - len(turned))]
    for key, worlds in (("turned", turned), ("untold", untold)):
        if worlds:
            names = c.listed(c.world_name(study, world) for world in worlds)
            parts.append(phrase(f"decide.compare.{key}", names=names))
    return joined(parts, "nothing")


# ── tables ──


def compare_table(found: Comparison, study: Study) -> Table:
    """Return one row a scenario, in the order of the files, with every lever that differs."""
    unit, money = unit_of(found, study), c.money_unit(study)
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
    unit = unit_of(found, study)
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
    unit = unit_of(found, study)
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
    unit = unit_of(found, study)
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


# ── figures ──


def compare_figure(found: Comparison, study: Study) -> Figure:
    """Return effects by scenario with their spread, and mean effects in every world."""
    rows = [row for row in found.main.rows if row.effect is not None]
    names = [c.title_of(found, row.scenario) for row in rows]
    panel = replace(effects_panel(found, study, rows, names, row_height=8), id="effects")
    words = {"outcome": inside(found.outcome.label, study.report), "base": found.baseline.title}
    title = phrase("decide.compare.figure", year=_year(found, study), **words)
    return Figure("effects", title, (panel,), notes=(phrase("decide.fig.note"),))


def effects_panel(
    found: Comparison, study: Study, rows: Sequence[Row], names: Sequence[Words], row_height: float
) -> Panel:
    """Return the median effect of each row with its spread, its mean, and P beside it."""
    effects = [row.effect for row in rows if row.effect]
    y, mean = numbers(range(len(rows))), numbers(e.found.mean for e in effects)
    ends = [(e.low, e.median, e.high) for e in effects]
    spread = intervals(ends, y, "median", phrase("decide.fig.spread"))
    means = Points(mean, y, role="mean", name=phrase("decide.fig.mean"))
    chances = Beside(phrase("decide.head.p"), tuple(Shown(r.probability, Chance()) for r in rows))
    x, beside = _axis(found, study), (chances,)
    return row_panel(names, Rule(0.0), spread, means, x=x, each=row_height, beside=beside)


def _axis(found: Comparison, study: Study) -> Axis:
    unit = unit_of(found, study)
    return Axis(
        phrase("decide.fig.effect", outcome=inside(found.outcome.label, study.report)), unit
    )


def worlds_figure(found: Comparison, study: Study) -> Figure:
    """Return mean effects in every world, a mark a scenario."""
    marks: list[Mark] = [Rule(0.0)]
    for row in found.main.rows:
        if row.effect is not None:
            line = [next(r for r in one.rows if r.scenario == row.scenario) for one in found.worlds]
            means = [c.pair(r.effect.found) for r in line if r.effect]
            name = c.title_of(found, row.scenario)
            marks.append(with_errors(Points, means, range(len(means)), "series", name))
    places = [c.world_name(study, one.world) for one in found.worlds]
    panel = row_panel(places, *marks, x=_axis(found, study), frame=12, each=4.5, id="worlds")
    words = {"outcome": inside(found.outcome.label, study.report), "year": _year(found, study)}
    return Figure("effects-by-world", phrase("decide.fig.worlds", **words), (panel,))


def _year(found: Comparison, study: Study) -> Words:
    return c.year_of(study, int(found.target.year or found.through))
