"""What results hang on, a package taken apart, what to measure, where members miss: documents."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sdensemble.decide.information import Worth
from sdensemble.decide.matter import SHOCKS, Discovered, Knowledge, Package_, Shares
from sdensemble.decide.worlds import World
from sdensemble.lang import LANGS, Words, has, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Bars, Figure, Panel, Points, Rule, numbers
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study

Labels = Mapping[str, Mapping[str, str]]
FEW = 3
"""How many groups or inputs a sentence names."""
SHOWN = 15
"""How many inputs a table and a figure show."""


def input_name(study: Study, name: str) -> Words:
    """Return an input's label: of a constant the model's, of a process its name."""
    constant = name.split("[")[0]
    if constant not in study.model.variables:
        return name
    label = c.variable_label(study.model, constant)
    element = name[len(constant) :].strip("[]")
    dims = study.model[constant].dims
    if not element or len(dims) != 1:
        return joined([label, name[len(constant) :]], "nothing")
    try:
        told = {lang: study.model.element_label(dims[0], element, lang) for lang in LANGS}
    except (KeyError, ValueError, IndexError):
        return joined([label, f"[{element}]"], "nothing")
    return joined([label, phrase("language.brackets", text=told)], "nothing")


def group_name(study: Study, labels: Labels, name: str) -> Words:
    """Return a group's label, of joined groups all."""
    parts: list[Words] = []
    for one in name.split(" + "):
        if one in labels:
            parts.append(labels[one])
        elif one == SHOCKS or has(f"decide.group.{one}"):
            parts.append(phrase(f"decide.group.{one}"))
        else:
            parts.append(input_name(study, one))
    return joined(parts, "list")


# ── shares of variance ──


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
        subtitle=c.conditions(world, found.members, study),
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


# ── a package ──


def package_document(found: Package_, world: World, study: Study) -> Document:
    """Return a package taken apart as a document."""
    data = found.shares
    unit = c.unit_of(study.report, found.unit) if found.unit else phrase("decide.points")
    scale = 1.0 if found.unit else 100.0
    if found.unit and found.target.aggregate == "annual":
        unit = c.outcome_unit(
            study, found.target.variable or study.report.headline.whole.variable, "annual"
        )
    names = [_lever(study, str(n)) for n in data["lever"].values]
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
        subtitle=c.conditions(world, world.draws.members, study),
    )


def _lever(study: Study, name: str) -> Words:
    return c.variable_label(study.model, name)


# ── the value of knowing ──


def knowledge_document(
    found: Knowledge, world: World, study: Study, labels: Labels, chance: bool = False
) -> Document:
    """Return what to go and measure before choosing, as a document."""
    how = study.report.headline.aggregate if found.target.joint else found.target.aggregate
    name = found.target.variable or study.report.headline.whole.variable
    unit = phrase("decide.points") if chance else c.outcome_unit(study, name, how)
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
        subtitle=c.conditions(world, world.draws.members, study),
    )


def _of(found: Knowledge, name: str) -> Words:
    return next((s.title for s in found.scenarios if s.name == name), "")


# ── where members miss ──


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
        subtitle=c.conditions(world, found.members, study),
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
