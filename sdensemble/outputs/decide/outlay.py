"""What each scenario costs on default constants, as a document."""

from __future__ import annotations

from collections.abc import Mapping

from sdensemble.decide.equal_outlay import Alike, Outlays, above
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, bracketed, joined, phrase
from sdensemble.outputs.decide.common import money_unit, year_of
from sdensemble.outputs.document import Document, Items
from sdensemble.outputs.form import Number
from sdensemble.outputs.naming import unit_notes
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study

AMOUNT = Number(places=3)
ADDED = Number(places=3, signed=True)


def outlay_document(study: Study, found: Outlays) -> Document:
    """Return what each scenario costs, what is forgone apart, and where packages cost alike."""
    blocks: list[Table | Items] = [_table(study, "title", found.paid, found.until)]
    if found.forgone is not None:
        blocks.append(_table(study, "forgone", found.forgone, found.until))
    if found.alike:
        blocks.append(Items(tuple(map(_alike, found.alike))))
    return Document("outlay", "", tuple(blocks))


def _table(study: Study, key: str, values: Mapping[str, float], until: float) -> Table:
    notes = unit_notes(study.report, [study.model[p.variable].unit for p in study.report.payers])
    unit = joined([money_unit(study), notes], "clause")
    title = phrase(f"outlay.{key}", year=year_of(study, until - 1), unit=unit)
    columns = (
        Column("scenario", phrase("outlay.scenario")),
        Column("outlay", phrase("outlay.amount"), AMOUNT),
        Column("added", phrase("outlay.added"), ADDED),
    )
    rows = (
        {"scenario": _titled(s), "outlay": values[s.name], "added": above(s, values)}
        for s in study.scenarios
    )
    return table_of(key, title, columns, rows)


def _titled(scenario: Scenario) -> Words:
    """Return a scenario's title with its name, by which it is called."""
    return joined([scenario.title, bracketed([scenario.name])], "nothing")


def _alike(found: Alike) -> Words:
    levels = ", ".join(f"{name} = {level:.4g}" for name, level in found.levels.items())
    names = {"one": _titled(found.one), "other": _titled(found.other)}
    return phrase("outlay.equal", **names, factor=found.factor, levels=levels)
