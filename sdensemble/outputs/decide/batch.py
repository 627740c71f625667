"""A batch of scenarios as a document: a few sentences, and one long table made for a pivot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sdensemble.decide.compare import Comparison, InWorld, Row
from sdensemble.decide.levers import Lever, Moved
from sdensemble.inputs.config import default_of
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Capital, Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.compare import effects_panel, unit_of
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.form import Chance, Number, Share, Shown, Whole
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.table import Cell, Column, Table, table_from
from sdensemble.study import Study

FEW = 24
"""Scenarios a figure shows: those of the largest effect."""


def batch_document(found: Comparison, study: Study) -> Document:
    """Return a batch as a document."""
    return c.paper(
        "batch",
        _answer(found, study),
        summary_table(found, study),
        batch_table(found, study),
        batch_figure(found, study),
        c.note("paired"),
        subtitle=c.conditions(found.main.world, found.main.members, study, found.target),
        n=len(found.scenarios) - 1,
    )


def _effects(found: Comparison) -> list[tuple[float, Row]]:
    """Return the rows that have an effect, each behind its mean, the largest first."""
    rows = [(row.effect.found.mean, row) for row in found.main.rows if row.effect is not None]
    return sorted(rows, key=lambda held: -held[0])


def _answer(found: Comparison, study: Study) -> Iterator[Words]:
    effects = _effects(found)
    best = max((row for row in found.main.rows if row.effect), key=lambda r: r.probability.middle)
    told = best.change is not None and c.told_of(best.change.found)
    items = phrase(
        "decide.batch.best" if told else "decide.batch.alike",
        name=c.title_of(found, best.scenario),
        p=Shown(best.probability, Chance()),
        base=Shown(found.main.rows[0].probability, Chance()),
    )
    yield phrase("decide.compare.asked", target=c.asked(study, found.target), items=items)
    most = next((row for _, row in effects if row.effect and c.told_of(row.effect.found)), None)
    if most is None or most.effect is None:
        yield phrase("decide.batch.none")
        return
    unit = unit_of(found, study)
    yield phrase(
        "decide.batch.effect" if c.pays(study) else "decide.batch.effect_unpaid",
        outlay=outlay_of(study.report),
        name=c.title_of(found, most.scenario),
        mean=c.amount(most.effect.found, unit),
        **c.paid_of(study, most),
    )


def levels_title(study: Study, chosen: Iterable[tuple[Lever, float]]) -> Words:
    """Return what a scenario is called that is nothing but levels of levers."""
    held = (
        joined([c.lever_inside(study, lever), " ", _told(study, lever, value)], "nothing")
        for lever, value in chosen
    )
    return Capital(joined(held, "within"))


def _told(study: Study, lever: Lever, value: float) -> Words:
    return c.level(value, lever.unit, study.report)


def summary_table(found: Comparison, study: Study) -> Table:
    """Return what a person reads first: the main world, those of the largest effect if many."""
    unit = c.target_unit(study, found.target, found.outcome.variable)
    rows, many = found.main.rows, len(found.main.rows) > FEW + 1
    if many:
        rows = (found.main.rows[0], *(row for _, row in _effects(found)[:FEW]))
    few = (phrase("decide.batch.few", n=FEW, all=len(found.main.rows) - 1),) if many else ()
    return table_from(
        "summary",
        phrase("decide.batch.summary", world=c.world_name(study, found.main.world)),
        rows,
        c.cell("title", lambda row: c.title_of(found, row.scenario), head="scenario"),
        c.cell("p", "probability", Chance()),
        c.cell("change", "change.found", c.POINTS, c.ONE_POINT),
        c.cell("effect", "effect.found", c.AMOUNT, unit),
        *c.purse_cells(study, c.SPENT, "treasury.found", "forgone.found"),
        notes=(phrase("decide.paired"), *c.apart(study), *few, phrase("decide.batch.rest")),
    )


def batch_table(found: Comparison, study: Study) -> Table:
    """Return one row a scenario and world, with the level of every lever that any of them moves.

    A lever a scenario leaves alone stands at its level in the baseline, so that a pivot table can
    group by it.
    """
    unit = unit_of(found, study)
    levers: dict[tuple[str, str | None], Moved] = {}
    for one in (one for moved in found.levers.values() for one in moved):
        levers.setdefault((one.constant, one.element), one)
    year = int(found.target.year or found.through)
    return table_from(
        "batch",
        phrase("decide.batch.table"),
        [
            _Line(next(s for s in found.scenarios if s.name == row.scenario), one, row)
            for one in found.worlds
            for row in one.rows
        ],
        c.cell("scenario", "row.scenario"),
        c.cell("title", "scenario.title"),
        c.cell("world", lambda line: c.world_name(study, line.of.world)),
        *(_level(found, study, k, lever) for k, lever in enumerate(levers.values())),
        c.period_cell(study, lambda line: year, Whole()),
        c.cell("p", "row.probability", c.CHANCE),
        c.cell("p_se", "row.probability.se", Number(digits=2)),
        c.cell("change", "row.change.found.mean", Number(digits=4, factor=100), c.ONE_POINT),
        c.cell("change_se", "row.change.found.se", Number(digits=2, factor=100), c.ONE_POINT),
        c.cell("median", "row.median", Number(digits=6), unit),
        c.cell("effect", "row.effect.found.mean", Number(digits=5), unit),
        c.cell("effect_se", "row.effect.found.se", Number(digits=2), unit),
        c.cell("effect_median", "row.effect.median", Number(digits=5), unit),
        c.cell("low", "row.effect.low", Number(digits=5), unit),
        c.cell("high", "row.effect.high", Number(digits=5), unit),
        c.cell("helped", "row.effect.helped", Share()),
        *c.purse_cells(
            study, Number(digits=5), "row.treasury.found.mean", "row.forgone.found.mean"
        ),
        c.cell("verdict", "verdict"),
        stub=3,
        notes=c.apart(study),
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """A row of the table: a scenario in a world."""

    scenario: Scenario
    of: InWorld
    row: Row

    @property
    def verdict(self) -> Words | None:
        effect = self.row.effect
        return None if effect is None else c.verdict(c.told_of(effect.found))


def _level(found: Comparison, study: Study, k: int, lever: Moved) -> Cell:
    """Return the column of a lever, with the level it has in a scenario."""
    unit = c.unit_of(study.report, lever.unit)
    column = Column(f"lever_{k}", c.lever_label(study.model, lever), Number(digits=7), unit)
    at = lever.constant, lever.element
    return column, lambda line: level_of(line.scenario, found.baseline, *at, study)


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
    rows = [row for _, row in _effects(found)[:FEW]]
    names = [c.title_of(found, row.scenario) for row in rows]
    panel = effects_panel(found, study, rows, names, row_height=6)
    title = phrase("decide.batch.figure", outcome=c.asked_outcome(study, found.target))
    return Figure("batch-effects", title, (panel,))
