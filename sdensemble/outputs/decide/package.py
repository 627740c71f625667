"""A package taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.package import TakenApart
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Axis, Bars, Figure, Points, numbers, row_panel, with_errors
from sdensemble.outputs.naming import inside
from sdensemble.outputs.table import Cell, Table, table_from
from sdensemble.study import Study


def package_document(found: TakenApart, world: World, study: Study) -> Document:
    """Return a package taken apart as a document."""
    levers = found.shares["lever"].values
    names = [c.variable_label(study.model, str(lever)) for lever in levers]
    packages = int(found.shares.attrs.get("packages", 0))
    return c.paper(
        "package",
        _answer(found, study, names),
        _table(found, study, names),
        _pairs(found, study, names) if "interaction" in found.shares else None,
        _figure(found, study, names),
        c.note(f"package.{'exact' if found.exact else 'sampled'}", n=2 ** len(names), m=packages),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
        name=found.scenario.title,
    )


def _scale(found: TakenApart) -> float:
    """Return what turns the shares into what is told: of a probability, points."""
    return 1.0 if found.unit else 100.0


def _unit(found: TakenApart, study: Study) -> Words:
    if not found.unit:
        return c.ONE_POINT
    if found.target.aggregate == "annual":
        variable = found.target.variable or study.report.headline.whole.variable
        return c.outcome_unit(study, variable, "annual")
    return c.unit_of(study.report, found.unit)


def _of(found: TakenApart, study: Study) -> Words:
    """Return what the shares are of: an outcome with its year, or the probability."""
    return c.asked_outcome(study, found.target) if found.unit else phrase("decide.head.p")


def _order(found: TakenApart) -> NDArray[np.intp]:
    """Return the places of the levers, that of the largest share first."""
    return np.argsort(-np.abs(found.shares["share"].values))


def _number(found: TakenApart, name: str, at: Any) -> tuple[float, float]:
    """Return one of the labelled numbers with its error."""
    return float(found.shares[name][at]), float(found.shares[f"{name}_se"][at])


def _answer(found: TakenApart, study: Study, names: Sequence[Words]) -> Iterator[Words]:
    unit, scale, attrs = _unit(found, study), _scale(found), found.shares.attrs

    def amount(value: float, se: float) -> Words:
        return c.amount((scale * value, scale * se), unit)

    items = [
        phrase(
            "decide.package.item",
            lever=inside(names[i], study.report),
            share=amount(*_number(found, "share", int(i))),
        )
        for i in _order(found)[:5]
    ]
    whole = amount(attrs["whole"], attrs["whole_se"])
    words = {"name": found.scenario.title, "whole": whole, "items": c.listed(items)}
    yield phrase("decide.package.whole", of=_of(found, study), **words)
    excess, se = attrs["excess"], attrs["excess_se"]
    told = abs(excess) >= 2 * se and excess != 0
    key = "none" if not told else "more" if excess > 0 else "less"
    yield phrase(f"decide.package.excess_{key}", amount=amount(excess, se))


def _table(found: TakenApart, study: Study, names: Sequence[Words]) -> Table:
    unit, form = _unit(found, study), c.Errored(factor=_scale(found))

    def share(key: str, head: str) -> Cell:
        return c.cell(key, lambda i: _number(found, key, i), form, unit, head)

    return table_from(
        "package",
        phrase("decide.package.table"),
        _order(found),
        c.cell("lever", lambda i: names[i]),
        share("share", "shapley"),
        share("alone", "alone"),
        share("last", "last"),
    )


def _pairs(found: TakenApart, study: Study, names: Sequence[Words]) -> Table:
    """Return what each pair of levers does beyond the sum of both, the largest first."""
    pairs = [(i, j) for i in range(len(names)) for j in range(i)]
    pairs.sort(key=lambda pair: -abs(_number(found, "interaction", pair)[0]))
    unit, form = _unit(found, study), c.Errored(factor=_scale(found))
    return table_from(
        "interactions",
        phrase("decide.package.pairs"),
        pairs,
        c.cell("first", lambda pair: names[pair[1]], head="lever"),
        c.cell("second", lambda pair: names[pair[0]], head="other_lever"),
        c.cell(
            "amount", lambda pair: _number(found, "interaction", pair), form, unit, "interaction"
        ),
        stub=2,
    )


def _figure(found: TakenApart, study: Study, names: Sequence[Words]) -> Figure:
    top, scale, data = _order(found)[: c.SHOWN], _scale(found), found.shares
    values = zip(
        scale * data["share"].values[top], scale * data["share_se"].values[top], strict=True
    )
    rows = range(len(top))
    bars = with_errors(Bars, values, rows, "estimate", phrase("decide.fig.shapley"))
    alone = numbers(scale * data["alone"].values[top])
    points = Points(alone, numbers(rows), role="mean", name=phrase("decide.fig.alone"))
    axis = Axis(phrase("decide.fig.effect_short"), _unit(found, study))
    panel = row_panel((names[i] for i in top), bars, points, x=axis, each=6)
    title = phrase("decide.package.figure", name=found.scenario.title, of=_of(found, study))
    return Figure("package-shares", title, (panel,))
