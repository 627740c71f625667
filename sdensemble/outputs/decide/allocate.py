"""An envelope allotted over places and years, as a document."""

from __future__ import annotations

import math

from sdensemble.decide.allocate import Allotted, Slot
from sdensemble.decide.worlds import World
from sdensemble.lang import LANGS, Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Bars, Figure, Panel, Points, numbers
from sdensemble.outputs.form import Number, Shown
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.table import Column, table_of
from sdensemble.study import Study


def allocate_document(found: Allotted, world: World, study: Study) -> Document:
    """Return how an envelope is best allotted, and how much that is worth, as a document."""
    target = found.target
    head = study.report.headline
    name = target.variable or head.whole.variable
    unit = c.outcome_unit(study, name, head.aggregate if target.joint else target.aggregate)
    money = c.money_unit(study)
    used = [k for k, n in enumerate(found.steps) if n]
    items = [
        phrase(
            "decide.allocate.item",
            slot=slot_name(found.slots[k], study),
            amount=_amount(found.slots[k], found.steps[k], study),
        )
        for k in sorted(used, key=lambda k: -found.steps[k] * found.slots[k].amount)
    ]
    better = "better" if c.told_of(found.better) else "alike"
    said = [
        phrase("decide.allocate.best", items=joined(items, "clause")),
        phrase(
            f"decide.allocate.{better}",
            best=c.amount(found.best_effect, unit),
            even=c.amount(found.even_effect, unit),
            gap=c.amount(found.better, unit),
            median=Shown(found.better_median, Number(digits=3, signed=True)),
        ),
        phrase(
            "decide.allocate.paid",
            outlay=outlay_of(study.report),
            best=c.amount(found.treasury[0], money, c.SPENT),
            even=c.amount(found.treasury[1], money, c.SPENT),
            best_forgone=c.and_forgone(study, c.amount(found.forgone[0], money, c.SPENT)),
            even_forgone=c.and_forgone(study, c.amount(found.forgone[1], money, c.SPENT)),
        ),
    ]
    columns = [
        Column("slot", phrase("decide.head.place")),
        Column("years", c.period_of(study.model, study.report)),
        Column("steps", phrase("decide.head.steps"), Number(places=0)),
        Column("even", phrase("decide.head.even"), Number(digits=3)),
        Column("level", phrase("decide.head.level"), Number(digits=4)),
        Column("unit", phrase("decide.head.unit")),
        Column("first", phrase("decide.head.first_gain"), Number(digits=3, signed=True), unit),
    ]
    firsts: dict[int, float] = {}
    for k, gain in zip(found.order, found.gain, strict=True):
        firsts.setdefault(k, gain)
    rows = [
        {
            "slot": place_name(slot, study),
            "years": span(slot),
            "steps": found.steps[k],
            "even": found.even[k],
            "level": slot.before + found.steps[k] * slot.step,
            "unit": c.unit_of(study.report, slot.unit),
            "first": firsts.get(k),
        }
        for k, slot in enumerate(found.slots)
    ]
    told = [k for k in range(len(found.slots)) if found.steps[k] or math.isfinite(found.even[k])]
    y = numbers(range(len(told)))
    figure = Figure(
        "allotment",
        phrase("decide.allocate.figure"),
        (
            Panel(
                (
                    Bars(
                        y,
                        numbers(found.steps[k] for k in told),
                        role="estimate",
                        name=phrase("decide.fig.best_steps"),
                        across=True,
                    ),
                    Points(
                        numbers(found.even[k] for k in told),
                        y,
                        role="mean",
                        name=phrase("decide.fig.even_steps"),
                    ),
                ),
                x=Axis(phrase("decide.head.steps"), low=0.0),
                y=Axis(names=tuple(slot_name(found.slots[k], study) for k in told)),
                height=10 + 4.5 * len(told),
            ),
        ),
    )
    blocks: list[Block] = [
        *(Paragraph(words, "lead") for words in said),
        table_of("allocate", phrase("decide.allocate.table"), columns, rows, stub=2),
        figure,
        Paragraph(
            phrase(
                "decide.allocate.notes",
                flattered=c.plain(found.searched_effect - found.best_effect.mean, unit),
            ),
            "note",
        ),
    ]
    return Document(
        "allocate",
        phrase("decide.allocate.title"),
        tuple(blocks),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
    )


def place_name(slot: Slot, study: Study) -> Words:
    """Return a slot's lever with its element."""
    name = c.variable_label(study.model, slot.lever)
    dims = study.model[slot.lever].dims
    if not slot.element or len(dims) != 1:
        return name
    told = {lang: study.model.element_label(dims[0], slot.element, lang) for lang in LANGS}
    return joined([name, phrase("language.brackets", text=told)], "nothing")


def span(slot: Slot) -> str:
    """Return the years a slot lasts, as they are asked for: "2021–2023" to the end of 2023."""
    last = slot.end - 1
    return f"{slot.begin:g}–{last:g}" if last > slot.begin else f"{slot.begin:g}"


def slot_name(slot: Slot, study: Study) -> Words:
    """Return a slot's lever, element and years."""
    return joined([place_name(slot, study), span(slot)], "within")


def _amount(slot: Slot, steps: int, study: Study) -> Words:
    value = slot.before + steps * slot.step
    return c.level(value, slot.unit, study.report, 3)
