"""Which choice holds in every world, as a document."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sdensemble.decide.hold import Held
from sdensemble.decide.worlds import World
from sdensemble.inputs.targets import Target
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Axis, Figure, Points, row_panel, with_errors
from sdensemble.outputs.form import Number, Share, Shown
from sdensemble.outputs.naming import label as label_of
from sdensemble.outputs.naming import target_label
from sdensemble.outputs.table import Table, table_from
from sdensemble.study import Study

POINTS = c.Errored(factor=100.0, signed=False)


def hold_document(found: Held, world: World, study: Study) -> Document:
    """Return how choices hold over worlds as a document."""
    return c.paper(
        "robust",
        answer(found, study),
        choice_table(found, study),
        regret_table(found, study),
        hold_figure(found, study),
        c.note("robust.notes"),
        subtitle=c.conditions(world, world.draws.members, study, None),
        names=c.listed(s.title for s in found.scenarios),
    )


def _unit(found: Held, study: Study) -> Words:
    target = found.targets[0]
    return "" if target.joint else c.target_unit(study, target)


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


def answer(found: Held, study: Study) -> Iterator[Words]:
    """Yield the choice of least worst regret by both measures, domain and dominance."""
    for key, data, factor, unit in _measures(found, study):
        name = str(data.attrs["choice"])
        own = data.sel(action=name)
        gap = factor * float(data.attrs["gap"]), factor * float(data.attrs["gap_se"])
        worst = factor * float(own["worst"]), factor * float(own["worst_se"])
        best = worst[0] <= 2 * worst[1]
        kind = "_near" if abs(gap[0]) <= 2 * gap[1] else "_best" if best else ""
        yield phrase(
            f"decide.robust.{'chance' if key == 'p' else key}{kind}",
            name=c.title_of(found, name),
            n=len(found.worlds),
            worst=c.amount(worst, unit, c.SPENT),
            world=_world(found, study, str(own["worst_world"].item())),
            gap=c.amount(gap, unit, c.SPENT),
        )
    n, domain = len(found.worlds), found.chance["domain"]
    held = {s.name: round(float(domain.sel(action=s.name)) * n) for s in found.scenarios}
    items = [
        phrase("decide.robust.domain_item", name=s.title, share=f"{held[s.name]}/{n}")
        for s in found.scenarios
    ]
    yield phrase("decide.robust.domain", p=Shown(found.enough, Share()), items=c.listed(items))
    yield from list(_dominances(found)) or [phrase("decide.robust.no_order")]


def _measures(found: Held, study: Study) -> tuple[tuple[str, xr.Dataset, float, Words], ...]:
    """Return both measures of a choice: key, numbers, and the factor and unit they are told in."""
    return (
        ("p", found.chance, 100.0, c.ONE_POINT),
        ("short", found.shortfall, 1.0, _unit(found, study)),
    )


def _dominances(found: Held) -> Iterator[Words]:
    """Yield each dominance in a sentence, where it holds in the main world."""
    for a, b in itertools.permutations((s.name for s in found.scenarios), 2):
        order = int(found.dominance["order"].sel(first=a, second=b))
        if order == 0:
            continue
        every = found.everywhere[a, b]
        where = "everywhere" if every >= order else "only_second" if every else "main_only"
        yield phrase(
            f"decide.robust.{'first' if order == 1 else 'second'}_order",
            first=c.title_of(found, a),
            second=c.title_of(found, b),
            where=phrase(f"decide.robust.{where}"),
        )


def _number(name: str) -> Callable[[Any], tuple[float, float]]:
    """Return what picks a number of labelled ones, with its error."""
    return lambda data: (float(data[name]), float(data[f"{name}_se"]))


def choice_table(found: Held, study: Study) -> Table:
    """Return one row a choice: worst regrets, where, domain criterion."""
    worst = _number("worst")

    def where(data: xr.Dataset) -> Words:
        return _world(found, study, str(data["worst_world"].item()))

    return table_from(
        "robust",
        phrase("decide.robust.table"),
        [
            (s.title, found.chance.sel(action=s.name), found.shortfall.sel(action=s.name))
            for s in found.scenarios
        ],
        c.cell("scenario", lambda row: row[0]),
        c.cell("worst_p", lambda row: worst(row[1]), POINTS, c.ONE_POINT),
        c.cell("where_p", lambda row: where(row[1]), head="where"),
        c.cell("worst_short", lambda row: worst(row[2]), c.SPENT, _unit(found, study)),
        c.cell("where_short", lambda row: where(row[2]), head="where"),
        c.cell(
            "domain", lambda row: float(row[1]["domain"]), Share(), p=Shown(found.enough, Share())
        ),
    )


def regret_table(found: Held, study: Study) -> Table:
    """Return P, regret in P and in shortfall, by world and choice."""
    unit, mean, regret = _unit(found, study), _number("mean"), _number("regret")
    rows = [
        (w, s.title, *(d.sel(world=w, action=s.name) for d in (found.chance, found.shortfall)))
        for w in map(str, found.chance["world"].values)
        for s in found.scenarios
    ]
    return table_from(
        "regrets",
        phrase("decide.robust.worlds"),
        rows,
        c.cell("world", lambda row: _world(found, study, row[0])),
        c.cell("scenario", lambda row: row[1]),
        c.cell("p", lambda row: mean(row[2]), c.CHANCE),
        c.cell("regret_p", lambda row: regret(row[2]), POINTS, c.ONE_POINT),
        c.cell("short", lambda row: -float(row[3]["mean"]), Number(digits=3), unit),
        c.cell("regret_short", lambda row: regret(row[3]), c.SPENT, unit),
        stub=2,
    )


def hold_figure(found: Held, study: Study) -> Figure | None:
    """Return regret by world, a mark a choice; None where none can be told from zero."""

    def scope(target: Target) -> Words:
        return label_of(study.report, target.scope)

    panels, left = [], 0
    for key, data, factor, unit in _measures(found, study):
        told = _told(data)
        left += len(told) - int(told.sum())
        names = [_named(found, study, str(w), scope) for w in data["world"].values[told]]
        if not names:
            continue
        marks = []
        for s in found.scenarios:
            own = data.sel(action=s.name)
            value, se = factor * own["regret"].values[told], factor * own["regret_se"].values[told]
            pairs = zip(value, np.where(np.isfinite(se), se, 0.0), strict=True)
            marks.append(with_errors(Points, pairs, range(len(names)), "series", s.title))
        axis = Axis(phrase(f"decide.fig.regret_{key}"), unit)
        panels.append(row_panel(names, *marks, x=axis, frame=12, each=6, id=f"regret-{key}"))
    if not panels:
        return None
    rest = (phrase("decide.robust.fig_rest", n=left),) if left else ()
    notes = (phrase("decide.robust.fig_note"), *rest)
    return Figure("regret", phrase("decide.robust.figure"), tuple(panels), notes=notes)


def _told(data: xr.Dataset) -> NDArray[np.bool_]:
    """Return in which worlds some choice has a regret that can be told from none, (world,)."""
    value = data["regret"].transpose("world", "action").values
    error = data["regret_se"].transpose("world", "action").values
    found: NDArray[np.bool_] = ((value > 0) & (value >= 2 * np.nan_to_num(error))).any(axis=1)
    return found
