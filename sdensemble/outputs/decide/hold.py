"""Which choice holds in every world, as a document."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sdensemble.decide.hold import Held
from sdensemble.decide.worlds import World
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Figure, Panel, Points, numbers
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import label as label_of
from sdensemble.outputs.naming import target_label
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study


def hold_document(found: Held, world: World, study: Study) -> Document:
    """Return how choices hold over worlds as a document."""
    blocks: list[Block] = [Paragraph(words, "lead") for words in answer(found, study)]
    drawn = hold_figure(found, study)
    blocks += [choice_table(found, study), regret_table(found, study)]
    blocks += [drawn] if drawn else []
    blocks.append(Paragraph(phrase("decide.robust.notes"), "note"))
    return Document(
        "robust",
        phrase("decide.robust.title", names=c.listed(s.title for s in found.scenarios)),
        tuple(blocks),
        subtitle=c.conditions(world, world.draws.members, study, None),
    )


def _title(found: Held, name: str) -> Words:
    return next(s.title for s in found.scenarios if s.name == name)


def _unit(found: Held, study: Study) -> Words:
    target = found.targets[0]
    if target.joint:
        return ""
    return c.outcome_unit(study, target.variable, target.aggregate)


def _named(found: Held, study: Study, label: str, told: Callable[[Target], Words]) -> Words:
    """Return a world's name, with what is told of its target where the question has several."""
    place = [str(one) for one in found.chance["world"].values].index(label)
    _, structure, prior, target = found.worlds[place]
    name = c.world_called(study, structure, prior)
    if len(found.targets) == 1:
        return name
    reading = next(t for t in found.targets if t.id == target)
    return joined([name, told(reading)], "within")


def _world(found: Held, study: Study, label: str) -> Words:
    return _named(found, study, label, target_label)


def answer(found: Held, study: Study) -> list[Words]:
    """Return the choice of least worst regret by both measures, domain and dominance."""
    said: list[Words] = []
    for key, data, form in (("chance", found.chance, "points"), ("short", found.shortfall, "")):
        name = str(data.attrs["choice"])
        worst = float(data["worst"].sel(action=name))
        factor = 100 if form else 1
        unit = phrase("decide.points") if form else _unit(found, study)
        gap = factor * float(data.attrs["gap"]), factor * float(data.attrs["gap_se"])
        kind = "" if abs(gap[0]) >= 2 * gap[1] else "_near"
        said.append(
            phrase(
                f"decide.robust.{key}{kind}",
                name=_title(found, name),
                n=len(found.worlds),
                worst=c.plain(factor * worst, unit),
                world=_world(found, study, str(data["worst_world"].sel(action=name).item())),
                gap=c.amount(gap, unit, c.SPENT),
            )
        )
    domain = found.chance["domain"]
    items = [
        phrase(
            "decide.robust.domain_item",
            name=s.title,
            share=f"{round(float(domain.sel(action=s.name)) * len(found.worlds))}"
            f"/{len(found.worlds)}",
        )
        for s in found.scenarios
    ]
    said.append(
        phrase("decide.robust.domain", p=Shown(found.enough, Share()), items=c.listed(items))
    )
    said += _dominances(found)
    return said


def _dominances(found: Held) -> list[Words]:
    """Return each dominance in a sentence, where it holds in the main world."""
    said: list[Words] = []
    names = [s.name for s in found.scenarios]
    for a in names:
        for b in names:
            if a == b:
                continue
            order = int(found.dominance["order"].sel(first=a, second=b))
            if order == 0:
                continue
            every = found.everywhere[a, b]
            key = "first" if order == 1 else "second"
            where = "everywhere" if every >= order else "only_second" if every else "main_only"
            said.append(
                phrase(
                    f"decide.robust.{key}_order",
                    first=_title(found, a),
                    second=_title(found, b),
                    where=phrase(f"decide.robust.{where}"),
                )
            )
    if not said:
        said.append(phrase("decide.robust.no_order"))
    return said


def choice_table(found: Held, study: Study) -> Table:
    """Return one row a choice: worst regrets, where, domain criterion."""
    unit = _unit(found, study)
    columns = [
        Column("scenario", phrase("decide.head.scenario")),
        Column(
            "worst_p",
            phrase("decide.head.worst_p"),
            c.Errored(scale=100.0, signed=False),
            phrase("decide.points"),
        ),
        Column("where_p", phrase("decide.head.where")),
        Column("worst_short", phrase("decide.head.worst_short"), c.SPENT, unit),
        Column("where_short", phrase("decide.head.where")),
        Column("domain", phrase("decide.head.domain", p=Shown(found.enough, Share())), Share()),
    ]
    rows = []
    for s in found.scenarios:
        one, two = (data.sel(action=s.name) for data in (found.chance, found.shortfall))
        rows.append(
            {
                "scenario": s.title,
                "worst_p": (float(one["worst"]), float(one["worst_se"])),
                "where_p": _world(found, study, str(one["worst_world"].item())),
                "worst_short": (float(two["worst"]), float(two["worst_se"])),
                "where_short": _world(found, study, str(two["worst_world"].item())),
                "domain": float(one["domain"]),
            }
        )
    return table_of("robust", phrase("decide.robust.table"), columns, rows)


def regret_table(found: Held, study: Study) -> Table:
    """Return P, regret in P and in shortfall, by world and choice."""
    unit = _unit(found, study)
    columns = [
        Column("world", phrase("decide.head.world")),
        Column("scenario", phrase("decide.head.scenario")),
        Column("p", phrase("decide.head.p"), Chance(error=False)),
        Column(
            "regret_p",
            phrase("decide.head.regret_p"),
            c.Errored(scale=100.0, signed=False),
            phrase("decide.points"),
        ),
        Column("short", phrase("decide.head.short"), Number(digits=3), unit),
        Column("regret_short", phrase("decide.head.regret_short"), c.SPENT, unit),
    ]
    rows = []
    for w in map(str, found.chance["world"].values):
        for s in found.scenarios:
            one = found.chance.sel(world=w, action=s.name)
            two = found.shortfall.sel(world=w, action=s.name)
            rows.append(
                {
                    "world": _world(found, study, w),
                    "scenario": s.title,
                    "p": (float(one["mean"]), float(one["mean_se"])),
                    "regret_p": (float(one["regret"]), float(one["regret_se"])),
                    "short": -float(two["mean"]),
                    "regret_short": (float(two["regret"]), float(two["regret_se"])),
                }
            )
    return table_of("regrets", phrase("decide.robust.worlds"), columns, rows, stub=2)


def hold_figure(found: Held, study: Study) -> Figure | None:
    """Return regret by world, a mark a choice; None where none can be told from zero."""
    panels, left = [], 0
    for key, data, factor, unit in (
        ("p", found.chance, 100.0, phrase("decide.points")),
        ("short", found.shortfall, 1.0, _unit(found, study)),
    ):
        marks = []
        told = _told(data)
        left += len(told) - int(told.sum())
        names = tuple(_short(found, study, str(w)) for w in data["world"].values[told])
        y = numbers(range(len(names)))
        if not names:
            continue
        for s in found.scenarios:
            value = factor * data["regret"].sel(action=s.name).values[told]
            se = factor * data["regret_se"].sel(action=s.name).values[told]
            se = np.where(np.isfinite(se), se, 0.0)
            marks.append(
                Points(
                    numbers(value),
                    y,
                    numbers(value - 2 * se),
                    numbers(value + 2 * se),
                    "series",
                    s.title,
                    across=True,
                )
            )
        panels.append(
            Panel(
                tuple(marks),
                x=Axis(phrase(f"decide.fig.regret_{key}"), unit, low=None),
                y=Axis(names=names),
                height=12 + 6 * len(names),
                id=f"regret-{key}",
            )
        )
    if not panels:
        return None
    rest = (phrase("decide.robust.fig_rest", n=left),) if left else ()
    return Figure(
        "regret",
        phrase("decide.robust.figure"),
        tuple(panels),
        notes=(phrase("decide.robust.fig_note"), *rest),
    )


def _told(data: xr.Dataset) -> NDArray[np.bool_]:
    """Return in which worlds some choice has a regret that can be told from none, (world,)."""
    value = data["regret"].transpose("world", "action").values
    error = data["regret_se"].transpose("world", "action").values
    found: NDArray[np.bool_] = ((value > 0) & (value >= 2 * np.nan_to_num(error))).any(axis=1)
    return found


def _short(found: Held, study: Study, label: str) -> Words:
    """Return a world's name with its scope alone, where the question is asked in several."""
    return _named(found, study, label, lambda target: label_of(study.report, target.scope))
