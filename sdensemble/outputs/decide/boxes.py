"""Where members miss a target."""

from __future__ import annotations

import math

from sdensemble.decide.boxes import Discovered
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.inputs import input_name
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Figure, Panel, Points, numbers
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.table import Column, table_of
from sdensemble.study import Study


def boxes_document(found: Discovered, world: World, study: Study, meets: bool = False) -> Document:
    """Return the box in which members miss, in words, as a document."""
    box = found.box
    kind = "meet" if meets else "miss"
    said: list[Words] = [
        phrase(
            f"decide.boxes.{kind}",
            scenario=found.scenario.title,
            target=c.asked(study, found.target),
            p=Shown((found.base.mean, found.base.se), Chance(error=False)),
        )
    ]
    conditions = [_limit(found, i, study) for i in range(len(box.limits))]
    if conditions:
        said.append(
            phrase(
                f"decide.boxes.where_{kind}",
                conditions=joined(conditions, "clause"),
                density=Shown(box.density, Share()),
                coverage=Shown(box.coverage, Share()),
                mass=Shown(box.mass, Share()),
            )
        )
    else:
        said.append(phrase("decide.boxes.none"))
    columns = [
        Column("input", phrase("decide.head.input")),
        Column("low", phrase("decide.head.above"), Number(digits=4)),
        Column("high", phrase("decide.head.below"), Number(digits=4)),
        Column("unit", phrase("decide.head.unit")),
        Column("kept", phrase("decide.head.kept"), Share()),
        Column("quasi_p", phrase("decide.head.quasi_p"), Number(digits=2)),
        Column("stable", phrase("decide.head.stable"), Share()),
        Column("end_low", phrase("decide.head.end_low"), Number(digits=4)),
        Column("end_high", phrase("decide.head.end_high"), Number(digits=4)),
    ]
    rows = []
    for i, limit in enumerate(box.limits):
        below, upto = found.quantiles[i]
        rows.append(
            {
                "input": input_name(study, found.inputs[i]),
                "low": limit.low if math.isfinite(limit.low) else None,
                "high": limit.high if math.isfinite(limit.high) else None,
                "unit": c.unit_of(study.report, found.units[i]),
                "kept": upto - below,
                "quasi_p": limit.quasi_p,
                "stable": limit.stable,
                "end_low": limit.end[0],
                "end_high": limit.end[1],
            }
        )
    blocks: list[Block] = [Paragraph(words, "lead") for words in said]
    blocks.append(table_of("box", phrase("decide.boxes.table"), columns, rows))
    if rows:
        y = numbers(range(len(rows)))
        low = numbers(100 * q[0] for q in found.quantiles)
        high = numbers(100 * q[1] for q in found.quantiles)
        middle = numbers(50 * (a + b) for a, b in found.quantiles)
        names = tuple(input_name(study, n) for n in found.inputs)
        blocks.append(
            Figure(
                "box-place",
                phrase("decide.boxes.figure"),
                (
                    Panel(
                        (
                            Points(
                                middle,
                                y,
                                low,
                                high,
                                "highlight",
                                phrase("decide.fig.box"),
                                across=True,
                            ),
                        ),
                        x=Axis(phrase("decide.fig.rank"), "%", low=0.0, high=100.0),
                        y=Axis(names=names),
                        height=12 + 8 * len(names),
                    ),
                ),
            )
        )
    blocks.append(Paragraph(phrase("decide.boxes.notes", n=found.tried, m=found.members), "note"))
    return Document(
        "boxes",
        phrase("decide.boxes.title"),
        tuple(blocks),
        subtitle=c.conditions(world, found.members, study, found.target),
    )


def _limit(found: Discovered, i: int, study: Study) -> Words:
    limit, name = found.box.limits[i], input_name(study, found.inputs[i])
    unit = found.units[i]
    low, high = (
        c.level(v, unit, study.report, 3) if math.isfinite(v) else ""
        for v in (limit.low, limit.high)
    )
    key = "between" if low and high else "above" if low else "below"
    return phrase(f"decide.boxes.{key}", input=name, low=low, high=high)
