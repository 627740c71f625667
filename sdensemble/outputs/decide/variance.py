"""Shares of variance: what an outcome and a lever hang on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sdensemble.decide.variance import Shares
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import (
    Axis,
    Bars,
    Figure,
    Mark,
    Points,
    numbers,
    row_panel,
    with_errors,
)
from sdensemble.outputs.form import Number, Shown
from sdensemble.outputs.naming import inside
from sdensemble.outputs.table import Cell, Table, table_from
from sdensemble.study import Study

FEW = 3
"""How many groups or inputs a sentence names."""
SHARE = c.Errored(factor=100.0, signed=False)


def shares_document(found: Shares, world: World, study: Study, labels: c.Labels) -> Document:
    """Return what the outcome and each effect hang on, as a document."""
    return c.paper(
        "sobol",
        shares_answer(found, study, labels),
        shares_table(found, study, labels),
        shares_figure(found, study, labels),
        c.note(f"sobol.{'notes' if found.swapped else 'notes_posterior'}", n=found.members),
        subtitle=c.conditions(world, found.members, study, found.target),
        id="sensitivity",
    )


def _output(found: Shares, name: str, study: Study) -> Words:
    if name == "outcome":
        return c.asked_outcome(study, found.target)
    return phrase("decide.sobol.effect_of", name=c.title_of(found, name))


def shares_answer(found: Shares, study: Study, labels: c.Labels) -> Iterator[Words]:
    """Yield for each output the groups of greatest share, and what is within its error of 0."""
    key = "total" if found.swapped else "first"
    for name, data in found.by.items():
        output, values, se = _output(found, name, study), data[key].values, data[f"{key}_se"].values
        if not np.isfinite(values).any():
            yield phrase("decide.sobol.constant", output=output)
            continue
        told = [i for i in np.argsort(-values) if values[i] >= 2 * se[i] and values[i] > 0.005]
        items = [
            phrase(
                "decide.sobol.item",
                group=inside(
                    c.group_name(study, labels, str(data["group"].values[i])), study.report
                ),
                share=Shown((float(values[i]), float(se[i])), SHARE),
            )
            for i in told[:FEW]
        ]
        yield phrase(f"decide.sobol.{key}", output=output, items=c.listed(items))
        if lost := int(data.attrs["lost"]):
            yield phrase("decide.sobol.lost", n=lost)


def shares_table(found: Shares, study: Study, labels: c.Labels) -> Table:
    """Return first-order and total shares by group, one pair of columns an output."""
    groups = [str(g) for g in next(iter(found.by.values()))["group"].values]

    def share(key: str, name: str) -> Cell:
        values, errors = (found.by[name][one].values for one in (key, f"{key}_se"))

        def shown(i: int) -> tuple[float, float] | None:
            return (float(values[i]), float(errors[i])) if math.isfinite(values[i]) else None

        output = _output(found, name, study)
        return c.cell(f"{key}_{name}", shown, SHARE, "%", f"{key}_share", output=output)

    def inputs(i: int) -> int | None:
        return len(found.groups.get(groups[i], ())) or None

    keys = ("first", "total") if found.swapped else ("first",)
    return table_from(
        "sensitivity",
        phrase("decide.sobol.table"),
        range(len(groups)),
        c.cell("group", lambda i: c.group_name(study, labels, groups[i])),
        *(share(key, name) for name in found.by for key in keys),
        c.cell("inputs", inputs, Number(places=0)),
        notes=(phrase("decide.sobol.below_zero"),),
    )


def shares_figure(found: Shares, study: Study, labels: c.Labels) -> Figure:
    """Return bars of shares by group, one panel an output."""
    key = "total" if found.swapped else "first"
    panels = []
    for name, data in found.by.items():
        values, se = (100 * data[name].values for name in (key, f"{key}_se"))
        if not np.isfinite(values).any():
            continue
        order = np.argsort(-values, kind="stable")
        y, shown = range(order.size), zip(values[order], se[order], strict=True)
        told = phrase(f"decide.fig.{key}_share")
        marks: list[Mark] = [with_errors(Bars, shown, y, name=told, least=0.0)]
        least = -float(np.nanmax(values)) / 50
        if found.swapped:
            first, words = 100 * data["first"].values[order], phrase("decide.fig.first_share")
            least = min(least, 1.3 * float(np.nanmin(first)))
            marks.append(Points(numbers(first), numbers(y), role="mean", name=words))
        groups = (c.group_name(study, labels, str(one)) for one in data["group"].values[order])
        axis, title = Axis(phrase("decide.fig.share"), "%", low=least), _output(found, name, study)
        panels.append(row_panel(groups, *marks, x=axis, frame=8, each=5, title=title, id=name))
    notes = (phrase("decide.sobol.fig_note"),)
    return Figure("shares", phrase("decide.sobol.figure"), tuple(panels), notes=notes)
