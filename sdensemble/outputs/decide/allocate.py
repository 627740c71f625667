"""An envelope allotted over places and years, as a document."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from sdensemble.decide.allocate import Allotted, Slot
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Axis, Bars, Figure, Points, numbers, row_panel
from sdensemble.outputs.form import Number, Shown
from sdensemble.outputs.naming import inside, outlay_of
from sdensemble.outputs.table import Column, Table, table_from
from sdensemble.study import Study


def allocate_document(found: Allotted, world: World, study: Study) -> Document:
    """Return how an envelope is best allotted, and how much that is worth, as a document."""
    flattered = found.searched_effect - found.best_effect.mean
    return c.paper(
        "allocate",
        _answer(found, study),
        _table(found, study),
        _figure(found, study),
        c.note("allocate.notes", flattered=c.plain(flattered, c.target_unit(study, found.target))),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
    )


def _answer(found: Allotted, study: Study) -> Iterator[Words]:
    unit, money = c.target_unit(study, found.target), c.money_unit(study)
    used = [(n, slot) for n, slot in zip(found.steps, found.slots, strict=True) if n]
    items = [
        phrase(
            "decide.allocate.item",
            slot=inside(slot_name(slot, study), study.report),
            amount=_amount(slot, n, study),
        )
        for n, slot in sorted(used, key=lambda held: -held[0] * held[1].amount)
    ]
    yield phrase("decide.allocate.best", items=joined(items, "clause"))
    better = "better" if c.told_of(found.better) else "alike"
    yield phrase(
        f"decide.allocate.{better}",
        best=c.amount(found.best_effect, unit),
        even=c.amount(found.even_effect, unit),
        gap=c.amount(found.better, unit),
        median=Shown(found.better_median, Number(digits=3, signed=True)),
    )
    best, even = (c.amount(one, money, c.SPENT) for one in found.treasury)
    lost = [c.and_forgone(study, c.amount(one, money, c.SPENT)) for one in found.forgone]
    yield phrase(
        "decide.allocate.paid",
        outlay=outlay_of(study.report),
        best=best,
        even=even,
        best_forgone=lost[0],
        even_forgone=lost[1],
    )


def _table(found: Allotted, study: Study) -> Table:
    unit, three = c.target_unit(study, found.target), Number(digits=3)
    firsts: dict[int, float] = {}
    for k, gain in zip(found.order, found.gain, strict=True):
        firsts.setdefault(k, gain)

    def of(shown: Callable[[Slot], Any]) -> Callable[[int], Any]:
        return lambda k: shown(found.slots[k])

    def level(k: int) -> float:
        return found.slots[k].before + found.steps[k] * found.slots[k].step

    return table_from(
        "allocate",
        phrase("decide.allocate.table"),
        range(len(found.slots)),
        c.cell("slot", of(lambda slot: place_name(slot, study)), head="place"),
        (Column("years", c.period_of(study.model, study.report)), of(span)),
        c.cell("steps", lambda k: found.steps[k], Number(places=0)),
        c.cell("even", lambda k: found.even[k], three),
        c.cell("level", level, Number(digits=4), head="set_level"),
        c.cell("unit", of(lambda slot: c.unit_of(study.report, slot.unit))),
        c.cell("first", firsts.get, Number(digits=3, signed=True), unit, "first_gain"),
        stub=2,
    )


def _figure(found: Allotted, study: Study) -> Figure:
    told = [k for k in range(len(found.slots)) if found.steps[k] or math.isfinite(found.even[k])]
    y = numbers(range(len(told)))
    best, even = numbers(found.steps[k] for k in told), numbers(found.even[k] for k in told)
    bars = Bars(y, best, role="estimate", name=phrase("decide.fig.best_steps"), across=True)
    points = Points(even, y, role="mean", name=phrase("decide.fig.even_steps"))
    names = (slot_name(found.slots[k], study) for k in told)
    axis = Axis(phrase("decide.head.steps"), low=0.0)
    panel = row_panel(names, bars, points, x=axis, each=4.5)
    return Figure("allotment", phrase("decide.allocate.figure"), (panel,))


def place_name(slot: Slot, study: Study) -> Words:
    """Return a slot's lever with its element."""
    return c.input_label(study.model, slot.lever, slot.element)


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
