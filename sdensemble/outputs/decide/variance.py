"""Shares of variance: what an outcome and a lever hang on."""

from __future__ import annotations

import math

import numpy as np

from sdensemble.decide.variance import Shares
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.decide.inputs import Labels, group_name
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Bars, Figure, Panel, Points, numbers
from sdensemble.outputs.form import Number, Shown
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study

FEW = 3
"""How many groups or inputs a sentence names."""


def shares_document(found: Shares, world: World, study: Study, labels: Labels) -> Document:
    """Return what the outcome and each effect hang on, as a document."""
    blocks: list[Block] = [
        Paragraph(words, "lead") for words in shares_answer(found, study, labels)
    ]
    blocks += [shares_table(found, study, labels), shares_figure(found, study, labels)]
    key = "notes" if found.swapped else "notes_posterior"
    blocks.append(Paragraph(phrase(f"decide.sobol.{key}", n=found.members), "note"))
    return Document(
        "sensitivity",
        phrase("decide.sobol.title"),
        tuple(blocks),
        subtitle=c.conditions(world, found.members, study, found.target),
    )


def _output(found: Shares, name: str, study: Study) -> Words:
    if name == "outcome":
        return c.asked_outcome(study, found.target)
    title = next(s.title for s in found.scenarios if s.name == name)
    return phrase("decide.sobol.effect_of", name=title)


def shares_answer(found: Shares, study: Study, labels: Labels) -> list[Words]:
    """Return for each output the groups of greatest share, and what is within its error of 0."""
    said: list[Words] = []
    for name, data in found.by.items():
        key = "total" if found.swapped else "first"
        values, se = data[key].values, data[f"{key}_se"].values
        if not np.isfinite(values).any():
            said.append(phrase("decide.sobol.constant", output=_output(found, name, study)))
            continue
        order = np.argsort(-values)
        told = [i for i in order if values[i] >= 2 * se[i] and values[i] > 0.005][:FEW]
        items = [
            phrase(
                "decide.sobol.item",
                group=group_name(study, labels, str(data["group"].values[i])),
                share=Shown((float(values[i]), float(se[i])), c.Errored(scale=100, signed=False)),
            )
            for i in told
        ]
        said.append(
            phrase(f"decide.sobol.{key}", output=_output(found, name, study), items=c.listed(items))
        )
        lost = int(data.attrs["lost"])
        if lost:
            said.append(phrase("decide.sobol.lost", n=lost))
    return said


def shares_table(found: Shares, study: Study, labels: Labels) -> Table:
    """Return first-order and total shares by group, one pair of columns an output."""
    groups = [str(g) for g in next(iter(found.by.values()))["group"].values]
    form = c.Errored(scale=100.0, signed=False)
    columns = [Column("group", phrase("decide.head.group"))]
    for name in found.by:
        output = _output(found, name, study)
        columns.append(
            Column(f"first_{name}", phrase("decide.head.first_share", output=output), form, "%")
        )
        if found.swapped:
            columns.append(
                Column(f"total_{name}", phrase("decide.head.total_share", output=output), form, "%")
            )
    columns.append(Column("inputs", phrase("decide.head.inputs"), Number(places=0)))
    rows = []
    for i, group in enumerate(groups):
        row: dict[str, object] = {
            "group": group_name(study, labels, group),
            "inputs": len(found.groups.get(group, ())) or None,
        }
        for name, data in found.by.items():
            for key in ("first", "total"):
                value, se = float(data[key].values[i]), float(data[f"{key}_se"].values[i])
                row[f"{key}_{name}"] = (value, se) if math.isfinite(value) else None
        rows.append(row)
    return table_of(
        "sensitivity",
        phrase("decide.sobol.table"),
        columns,
        rows,
        notes=(phrase("decide.sobol.below_zero"),),
    )


def shares_figure(found: Shares, study: Study, labels: Labels) -> Figure:
    """Return bars of shares by group, one panel an output."""
    key = "total" if found.swapped else "first"
    panels = []
    for name, data in found.by.items():
        values, se = 100 * data[key].values, 100 * data[f"{key}_se"].values
        if not np.isfinite(values).any():
            continue
        order = np.argsort(-values, kind="stable")
        y = numbers(range(order.size))
        marks: list = [
            Bars(
                y,
                numbers(np.maximum(values[order], 0)),
                numbers(values[order] - 2 * se[order]),
                numbers(values[order] + 2 * se[order]),
                "estimate",
                phrase(f"decide.fig.{key}_share"),
                across=True,
            )
        ]
        if found.swapped:
            marks.append(
                Points(
                    numbers(100 * data["first"].values[order]),
                    y,
                    role="mean",
                    name=phrase("decide.fig.first_share"),
                )
            )
        names = tuple(group_name(study, labels, str(data["group"].values[i])) for i in order)
        panels.append(
            Panel(
                tuple(marks),
                x=Axis(phrase("decide.fig.share"), "%", low=-float(np.nanmax(values)) / 50),
                y=Axis(names=names),
                title=_output(found, name, study),
                height=8 + 5 * len(names),
                id=name,
            )
        )
    return Figure(
        "shares",
        phrase("decide.sobol.figure"),
        tuple(panels),
        notes=(phrase("decide.sobol.fig_note"),),
    )
