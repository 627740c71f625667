"""A package taken apart."""

from __future__ import annotations

import numpy as np

from sdensemble.decide.package import TakenApart
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.inputs import SHOWN
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Bars, Figure, Panel, Points, numbers
from sdensemble.outputs.table import Column, table_of
from sdensemble.study import Study


def package_document(found: TakenApart, world: World, study: Study) -> Document:
    """Return a package taken apart as a document."""
    data = found.shares
    unit = c.unit_of(study.report, found.unit) if found.unit else phrase("decide.points")
    scale = 1.0 if found.unit else 100.0
    if found.unit and found.target.aggregate == "annual":
        unit = c.outcome_unit(
            study, found.target.variable or study.report.headline.whole.variable, "annual"
        )
    names = [c.variable_label(study.model, str(n)) for n in data["lever"].values]
    order = np.argsort(-np.abs(data["share"].values))
    attrs = data.attrs

    def money(key: str) -> Words:
        return c.amount((scale * attrs[key], scale * attrs[f"{key}_se"]), unit)

    said: list[Words] = [
        phrase(
            "decide.package.whole",
            name=found.scenario.title,
            whole=money("whole"),
            items=c.listed(
                phrase(
                    "decide.package.item",
                    lever=names[i],
                    share=c.amount(
                        (scale * float(data["share"][i]), scale * float(data["share_se"][i])), unit
                    ),
                )
                for i in order[:5]
            ),
        )
    ]
    excess = scale * attrs["excess"], scale * attrs["excess_se"]
    key = (
        "none"
        if abs(excess[0]) < 2 * excess[1] or excess[0] == 0
        else "more"
        if excess[0] > 0
        else "less"
    )
    said.append(phrase(f"decide.package.excess_{key}", amount=c.amount(excess, unit)))
    form = c.Errored(scale=scale)
    columns = [
        Column("lever", phrase("decide.head.lever")),
        Column("share", phrase("decide.head.shapley"), form, unit),
        Column("alone", phrase("decide.head.alone"), form, unit),
        Column("last", phrase("decide.head.last"), form, unit),
    ]
    rows = [
        {
            "lever": names[i],
            **{
                key: (float(data[key][i]), float(data[f"{key}_se"][i]))
                for key in ("share", "alone", "last")
            },
        }
        for i in order
    ]
    blocks: list[Block] = [Paragraph(words, "lead") for words in said]
    blocks.append(table_of("package", phrase("decide.package.table"), columns, rows))
    if "interaction" in data:
        pairs = [(i, j) for i in range(len(names)) for j in range(i)]
        rows = [
            {
                "first": names[j],
                "second": names[i],
                "amount": (float(data["interaction"][i, j]), float(data["interaction_se"][i, j])),
            }
            for i, j in sorted(pairs, key=lambda p: -abs(float(data["interaction"][p])))
        ]
        columns = [
            Column("first", phrase("decide.head.lever")),
            Column("second", phrase("decide.head.other_lever")),
            Column("amount", phrase("decide.head.interaction"), form, unit),
        ]
        blocks.append(
            table_of("interactions", phrase("decide.package.pairs"), columns, rows, stub=2)
        )
    top = [int(i) for i in order[:SHOWN]]
    y = numbers(range(len(top)))
    share, se = scale * data["share"].values[top], scale * data["share_se"].values[top]
    alone = scale * data["alone"].values[top]
    blocks.append(
        Figure(
            "package-shares",
            phrase("decide.package.figure", name=found.scenario.title),
            (
                Panel(
                    (
                        Bars(
                            y,
                            numbers(share),
                            numbers(share - 2 * se),
                            numbers(share + 2 * se),
                            "estimate",
                            phrase("decide.fig.shapley"),
                            across=True,
                        ),
                        Points(numbers(alone), y, role="mean", name=phrase("decide.fig.alone")),
                    ),
                    x=Axis(phrase("decide.fig.effect_short"), unit),
                    y=Axis(names=tuple(names[i] for i in top)),
                    height=10 + 6 * len(top),
                ),
            ),
        )
    )
    key = "exact" if found.exact else "sampled"
    blocks.append(
        Paragraph(
            phrase(f"decide.package.{key}", n=2 ** len(names), m=int(attrs.get("packages", 0))),
            "note",
        )
    )
    return Document(
        "package",
        phrase("decide.package.title", name=found.scenario.title),
        tuple(blocks),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
    )
