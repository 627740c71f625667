"""Where members miss a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from sdensemble.decide.boxes import Discovered
from sdensemble.decide.prim import Limit
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Axis, Figure, intervals, row_panel
from sdensemble.outputs.form import Number, Share, Shown
from sdensemble.outputs.naming import inside
from sdensemble.outputs.table import Table, table_from
from sdensemble.study import Study


def boxes_document(found: Discovered, world: World, study: Study, meets: bool = False) -> Document:
    """Return the box in which members miss, in words, as a document."""
    kind = "meet" if meets else "miss"
    return c.paper(
        "boxes",
        _answer(found, study, kind),
        _table(found, study),
        _figure(found, study) if found.box.limits else None,
        c.note("boxes.notes", n=found.tried, m=found.members),
        subtitle=c.conditions(world, found.members, study, found.target),
        what=phrase(f"decide.boxes.title_{kind}"),
    )


def _answer(found: Discovered, study: Study, kind: str) -> Iterator[Words]:
    target, title = c.asked(study, found.target), found.scenario.title
    yield phrase(f"decide.boxes.{kind}", scenario=title, target=target, p=c.chance(found.base))
    box = found.box
    conditions = [_limit(found, i, study) for i in range(len(box.limits))]
    if not conditions:
        yield phrase("decide.boxes.none")
        return
    yield phrase(
        f"decide.boxes.where_{kind}",
        conditions=joined(conditions, "clause"),
        density=Shown(box.density, Share()),
        coverage=Shown(box.coverage, Share()),
        mass=Shown(box.mass, Share()),
    )


def _table(found: Discovered, study: Study) -> Table:
    four = Number(digits=4)

    def of(shown: Callable[[Limit], Any]) -> Callable[[int], Any]:
        return lambda i: shown(found.box.limits[i])

    def kept(i: int) -> float:
        below, upto = found.quantiles[i]
        return upto - below

    return table_from(
        "box",
        phrase("decide.boxes.table"),
        range(len(found.box.limits)),
        c.cell("input", lambda i: c.input_name(study, found.inputs[i])),
        c.cell("low", of(lambda one: _finite(one.low)), four, head="above"),
        c.cell("high", of(lambda one: _finite(one.high)), four, head="below"),
        c.cell("unit", lambda i: c.unit_of(study.report, found.units[i])),
        c.cell("kept", kept, Share()),
        c.cell("quasi_p", of(lambda one: one.quasi_p), Number(digits=2)),
        c.cell("stable", of(lambda one: one.stable), Share()),
        c.cell("end_low", of(lambda one: one.end[0]), four),
        c.cell("end_high", of(lambda one: one.end[1]), four),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _figure(found: Discovered, study: Study) -> Figure:
    names = [c.input_name(study, name) for name in found.inputs]
    ends = [(100 * low, 50 * (low + high), 100 * high) for low, high in found.quantiles]
    box = intervals(ends, range(len(names)), "highlight", phrase("decide.fig.box"))
    rank = Axis(phrase("decide.fig.rank"), "%", low=0.0, high=100.0)
    panel = row_panel(names, box, x=rank, frame=12, each=8)
    return Figure("box-place", phrase("decide.boxes.figure"), (panel,))


def _limit(found: Discovered, i: int, study: Study) -> Words:
    limit = found.box.limits[i]
    name = inside(c.input_name(study, found.inputs[i]), study.report)
    unit = found.units[i]
    low, high = (
        c.level(v, unit, study.report, 3) if math.isfinite(v) else ""
        for v in (limit.low, limit.high)
    )
    key = "between" if low and high else "above" if low else "below"
    return phrase(f"decide.boxes.{key}", input=name, low=low, high=high)
