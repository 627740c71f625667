"""The value of knowing more: what to go and measure."""

from __future__ import annotations

import numpy as np

from sdensemble.decide.information import Worth
from sdensemble.decide.knowledge import Knowledge
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.inputs import SHOWN, Labels, group_name, input_name
from sdensemble.outputs.decide.variance import FEW
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Bars, Figure, Panel, Rule, numbers
from sdensemble.outputs.table import Column, table_of
from sdensemble.study import Study


def knowledge_document(
    found: Knowledge, world: World, study: Study, labels: Labels, chance: bool = False
) -> Document:
    """Return what to go and measure before choosing, as a document."""
    name = found.target.variable or study.report.headline.whole.variable
    unit = phrase("decide.points") if chance else c.target_unit(study, found.target, name)
    scale = 100.0 if chance else 1.0
    form = c.Errored(scale=scale, signed=False)

    def worth(one: Worth) -> Words:
        return c.amount((scale * max(one.value, 0.0), scale * one.se), unit, c.SPENT)

    best = next(s.title for s in found.scenarios if s.name == found.best)
    said: list[Words] = [
        phrase(
            "decide.evpi.perfect",
            names=c.listed(s.title for s in found.scenarios),
            best=best,
            worth=worth(found.perfect),
        )
    ]
    told = [(n, w) for n, w in found.partial if w.value >= 2 * w.se and w.value > 0]
    if told:
        items = [
            phrase(
                "decide.evpi.item",
                input=input_name(study, n),
                worth=worth(w),
                low=_of(found, found.favours.get(n, ("", ""))[0]),
                high=_of(found, found.favours.get(n, ("", ""))[1]),
            )
            for n, w in told[:FEW]
        ]
        said.append(phrase("decide.evpi.measure", items=joined(items, "clause")))
    else:
        said.append(phrase("decide.evpi.nothing"))
    columns = [
        Column("input", phrase("decide.head.input")),
        Column("worth", phrase("decide.head.worth"), form, unit),
        Column("low", phrase("decide.head.favours_low")),
        Column("high", phrase("decide.head.favours_high")),
        Column("verdict", phrase("decide.head.verdict")),
    ]

    def row(label: Words, w: Worth, sides: tuple[str, str] | None) -> dict[str, object]:
        told = w.value >= 2 * w.se and w.value > 0
        return {
            "input": label,
            "worth": (w.value, w.se),
            "low": _of(found, sides[0]) if sides else None,
            "high": _of(found, sides[1]) if sides else None,
            "verdict": phrase("verdict.distinguishable" if told else "verdict.not_distinguishable"),
        }

    rows = [row(phrase("decide.evpi.all"), found.perfect, None)]
    rows += [row(group_name(study, labels, n), w, None) for n, w in found.groups]
    rows += [row(input_name(study, n), w, found.favours.get(n)) for n, w in found.partial[:SHOWN]]
    means = [
        {"scenario": s.title, "effect": m}
        for s, m in zip(found.scenarios, found.means, strict=True)
    ]
    effects = [
        Column("scenario", phrase("decide.head.scenario")),
        Column("effect", phrase("decide.head.effect"), c.Errored(scale=scale), unit),
    ]
    top = [(n, w) for n, w in found.partial[:10]]
    y = numbers(range(len(top)))
    values = np.array([scale * w.value for _, w in top])
    se = np.array([scale * w.se for _, w in top])
    figure = Figure(
        "worth",
        phrase("decide.evpi.figure"),
        (
            Panel(
                (
                    Bars(
                        y,
                        numbers(np.maximum(values, 0)),
                        numbers(values - 2 * se),
                        numbers(values + 2 * se),
                        "estimate",
                        across=True,
                    ),
                    Rule(scale * found.perfect.value, "limit", phrase("decide.fig.perfect")),
                ),
                x=Axis(phrase("decide.head.worth"), unit),
                y=Axis(names=tuple(input_name(study, n) for n, _ in top)),
                height=10 + 6 * len(top),
            ),
        ),
    )
    blocks: list[Block] = [
        *(Paragraph(words, "lead") for words in said),
        table_of("choices", phrase("decide.evpi.choices"), effects, means),
        table_of("information", phrase("decide.evpi.table"), columns, rows),
        figure,
        Paragraph(phrase("decide.evpi.notes"), "note"),
    ]
    return Document(
        "information",
        phrase("decide.evpi.title"),
        tuple(blocks),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
    )


def _of(found: Knowledge, name: str) -> Words:
    return next((s.title for s in found.scenarios if s.name == name), "")
