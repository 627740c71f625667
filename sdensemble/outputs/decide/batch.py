"""A batch of scenarios as a document: a few sentences, and one long table made for a pivot."""

from __future__ import annotations

from sdensemble.decide.compare import Comparison, Row
from sdensemble.inputs.config import default_of
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.compare_figures import effects_panel
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.form import Chance, Number, Share, Shown, Whole
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study

FEW = 24
"""Scenarios a figure shows: those of the largest effect."""


def batch_document(found: Comparison, study: Study) -> Document:
    """Return a batch as a document."""
    blocks: list[Block] = [Paragraph(words, "lead") for words in _answer(found, study)]
    blocks += [batch_table(found, study), batch_figure(found, study)]
    blocks.append(Paragraph(phrase("decide.paired"), "note"))
    return Document(
        "batch",
        phrase("decide.batch.title", n=len(found.scenarios) - 1),
        tuple(blocks),
        subtitle=c.conditions(found.main.world, found.main.members, study, found.target),
    )


def _title(found: Comparison, name: str) -> Words:
    return next(s.title for s in found.scenarios if s.name == name)


def _rows(found: Comparison) -> list[Row]:
    return [row for row in found.main.rows if row.effect is not None]


def _answer(found: Comparison, study: Study) -> list[Words]:
    rows = _rows(found)
    base = found.main.rows[0]
    best = max(rows, key=lambda row: row.probability.middle)
    said: list[Words] = [
        phrase(
            "decide.compare.asked",
            target=c.asked(study, found.target),
            items=phrase(
                "decide.batch.best",
                name=_title(found, best.scenario),
                p=Shown(best.probability, Chance()),
                base=Shown(base.probability, Chance()),
            ),
        ),
    ]
    told = [row for row in rows if row.effect and c.told_of(row.effect.found)]
    if not told:
        return [*said, phrase("decide.batch.none")]
    most = max(told, key=lambda row: row.effect.found.mean if row.effect else 0.0)
    assert most.effect is not None
    money = c.money_unit(study)
    said.append(
        phrase(
            "decide.batch.effect",
            outlay=outlay_of(study.report),
            name=_title(found, most.scenario),
            mean=c.amount(
                most.effect.found, c.target_unit(study, found.target, found.outcome.variable)
            ),
            treasury=c.amount(most.treasury.found, money, c.SPENT) if most.treasury else "",
            forgone=c.and_forgone(study, c.amount(most.forgone.found, money, c.SPENT))
            if most.forgone
            else "",
        )
    )
    return said


def batch_table(found: Comparison, study: Study) -> Table:
    """Return one row a scenario and world, with the level of every lever that any of them moves.

    A lever a scenario leaves alone stands at its level in the baseline, so that a pivot table can
    group by it.
    """
    unit, spec = c.target_unit(study, found.target, found.outcome.variable), study.report
    names = list(
        dict.fromkeys(
            (one.constant, one.element) for moved in found.levers.values() for one in moved
        )
    )
    columns = [
        Column("scenario", phrase("decide.head.scenario")),
        Column("title", phrase("decide.head.title")),
        Column("world", phrase("decide.head.world")),
    ]
    for k, (constant, element) in enumerate(names):
        moved = next(
            one
            for all_ in found.levers.values()
            for one in all_
            if (one.constant, one.element) == (constant, element)
        )
        columns.append(
            Column(
                f"lever_{k}",
                c.lever_label(study.model, moved),
                Number(digits=7),
                c.unit_of(spec, moved.unit),
            )
        )
    columns += [
        c.period_column(study, Whole()),
        Column("p", phrase("decide.head.p"), Chance(error=False)),
        Column("p_se", phrase("decide.head.p_se"), Number(digits=2)),
        Column(
            "change",
            phrase("decide.head.change"),
            Number(digits=4, factor=100),
            phrase("decide.points"),
        ),
        Column(
            "change_se",
            phrase("decide.head.change_se"),
            Number(digits=2, factor=100),
            phrase("decide.points"),
        ),
        Column("median", phrase("decide.head.median"), Number(digits=6), unit),
        Column("effect", phrase("decide.head.effect"), Number(digits=5), unit),
        Column("effect_se", phrase("decide.head.effect_se"), Number(digits=2), unit),
        Column("effect_median", phrase("decide.head.effect_median"), Number(digits=5), unit),
        Column("low", phrase("decide.head.low"), Number(digits=5), unit),
        Column("high", phrase("decide.head.high"), Number(digits=5), unit),
        Column("helped", phrase("decide.head.helped"), Share()),
        *c.purse_columns(study, Number(digits=5)),
        Column("verdict", phrase("decide.head.verdict")),
    ]
    rows = []
    for one in found.worlds:
        world = c.world_name(one.world, spec)
        for row in one.rows:
            scenario = next(s for s in found.scenarios if s.name == row.scenario)
            cells: dict[str, object] = {
                "scenario": row.scenario,
                "title": scenario.title,
                "world": world,
                "year": int(found.target.year or found.through),
                "p": row.probability,
                "p_se": row.probability.se,
                "median": row.median,
            }
            for k, (constant, element) in enumerate(names):
                cells[f"lever_{k}"] = level_of(scenario, found.baseline, constant, element, study)
            if row.effect and row.change and row.treasury and row.forgone:
                told = c.told_of(row.effect.found)
                cells |= {
                    "change": row.change.found.mean,
                    "change_se": row.change.found.se,
                    "effect": row.effect.found.mean,
                    "effect_se": row.effect.found.se,
                    "effect_median": row.effect.median,
                    "low": row.effect.low,
                    "high": row.effect.high,
                    "helped": row.effect.helped,
                    "treasury": row.treasury.found.mean,
                    "forgone": row.forgone.found.mean,
                    "verdict": phrase(
                        "verdict.distinguishable" if told else "verdict.not_distinguishable"
                    ),
                }
            rows.append(cells)
    return table_of(
        "batch",
        phrase("decide.batch.table"),
        columns,
        rows,
        stub=3,
        notes=c.apart(study),
    )


def level_of(
    scenario: Scenario, baseline: Scenario, constant: str, element: str | None, study: Study
) -> float:
    """Return the last level of a lever in a scenario, in its unit."""
    for one in (scenario, baseline):
        for setting in one.settings:
            if setting.constant == constant and setting.element == element:
                return setting.values[-1]
    own = default_of(study.model, study.model[constant])
    if element is None:
        return float(own.flat[0])
    place = list(study.model.elements(study.model[constant].dims[0])).index(element)
    return float(own[place])


def batch_figure(found: Comparison, study: Study) -> Figure:
    """Return the effects of the scenarios, largest first."""
    rows = sorted(_rows(found), key=lambda r: -(r.effect.found.mean if r.effect else 0.0))[:FEW]
    names = [_title(found, row.scenario) for row in rows]
    panel = effects_panel(found, study, rows, names, row_height=6)
    return Figure("batch-effects", phrase("decide.batch.figure"), (panel,))
