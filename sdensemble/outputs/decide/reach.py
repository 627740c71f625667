"""How much of a lever, and the least-cost mix, as documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from sdensemble.decide.frontier import Point
from sdensemble.decide.reach import Edge, Reached, Solved
from sdensemble.decide.roots import Root
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import (
    Axis,
    Beside,
    Figure,
    Line,
    Panel,
    Points,
    Rule,
    intervals,
    numbers,
    row_panel,
)
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.rounding import points_up
from sdensemble.outputs.table import Cell, Column, Table, table_from
from sdensemble.study import Study


def solve_document(found: Solved, world: World, study: Study) -> Document:
    """Return how much of a lever gives what was asked, as a document."""
    reached = any(one.root.reached for one in found.found)
    return c.paper(
        "solve",
        solve_answer(found, study),
        solve_table(found, study),
        solve_figure(found, study) if reached else None,
        c.note("solve.notes"),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
        lever=c.lever_inside(study, found.lever),
    )


def _wanted(found: Solved, study: Study) -> Words:
    if found.like is not None:
        return phrase("decide.solve.like", name=found.like.title)
    assert found.wanted is not None
    target = c.asked(study, found.target)
    return phrase("decide.solve.wanted", p=_share(found.wanted), target=target)


def _share(value: float) -> Words:
    return Shown(100 * value, Number(digits=4, suffix="%"))


def solve_answer(found: Solved, study: Study) -> list[Words]:
    """Return one sentence a world."""
    return [_sentence(found, one, study) for one in found.found]


def _sentence(found: Solved, one: Reached, study: Study) -> Words:
    spec, root = study.report, one.root

    def level(value: float) -> Words:
        return c.level(value, found.lever.unit, spec, 3)

    values: dict[str, object] = {
        "world": c.world_name(study, one),
        "wanted": _wanted(found, study),
        "lever": c.lever_inside(study, found.lever),
        "level": level(root.level),
        "now": c.chance(one.p_now),
    }
    low, high = _within(found, root)
    ends = {"low": level(low), "high": level(high)}
    if low > root.low:
        ends["low"] = phrase("decide.solve.from_limit", level=ends["low"])
    if high < root.high:
        ends["high"] = phrase("decide.solve.to_limit", level=ends["high"])
    if found.wanted is not None and one.p_now.mean >= found.wanted:
        key = "falls" if root.reached else "always_met"
        return phrase(f"decide.solve.{key}", p=_share(found.wanted), **ends, **values)
    if root.reached and not c.pays(study):
        return phrase("decide.solve.reached", **ends, **values)
    if root.reached:
        money = c.money_unit(study)
        paid = phrase(
            "decide.solve.paid",
            outlay=outlay_of(spec),
            treasury=c.amount(one.treasury, money, c.SPENT),
            forgone=c.and_forgone(study, c.amount(one.forgone, money, c.SPENT)),
        )
        return joined([phrase("decide.solve.reached", **ends, **values), paid], "nothing")
    if root.beyond:
        return phrase("decide.solve.beyond", **values)
    best = max(one.p_limits, key=lambda p: p.mean)
    p = c.chance(best)
    if math.isfinite(best.se):
        p = phrase("number.with_error", value=p, error=_points(best.se))
    return phrase("decide.solve.not_reached", limit=values["level"], p=p, **values)


def _within(found: Solved, root: Root) -> tuple[float, float]:
    """Return the interval of a level as far as the lever can be set: beyond it there is none."""
    lever = found.lever
    return max(root.low, lever.low), min(root.high, lever.high)


def _points(se: float) -> Words:
    """Return an error of a probability in whole points, rounded up."""
    return f"{points_up(se)}" if math.isfinite(se) else "—"


def _kind(one: Reached) -> str:
    """Return whether a level was found, every level is enough, or none is."""
    return "yes" if one.root.reached else "always" if one.root.beyond else "no"


def solve_table(found: Solved, study: Study) -> Table:
    """Return one row a world: level, interval, P before and there, outlay by purse."""
    lever, number = c.unit_of(study.report, found.lever.unit), Number(digits=4)
    return table_from(
        "solve",
        phrase("decide.solve.table", wanted=_wanted(found, study)),
        found.found,
        c.cell("world", lambda one: c.world_name(study, one)),
        c.cell("found", lambda one: phrase(f"decide.solve.{_kind(one)}")),
        c.cell("level", "root.level", number, lever),
        c.cell("low", lambda one: _within(found, one.root)[0], number, lever, "low95"),
        c.cell("high", lambda one: _within(found, one.root)[1], number, lever, "high95"),
        c.cell("p_now", lambda one: one.p_now, c.CHANCE),
        c.cell("p_there", lambda one: one.p_there, c.CHANCE),
        c.cell("p_low", lambda one: one.p_limits[0], c.CHANCE),
        c.cell("p_high", lambda one: one.p_limits[1], c.CHANCE),
        c.cell("effect", "effect", c.AMOUNT, c.target_unit(study, found.target)),
        *c.purse_cells(study, c.SPENT, "treasury", "forgone"),
        notes=c.apart(study),
    )


def solve_figure(found: Solved, study: Study) -> Figure:
    """Return the level found in each world, with its interval, within the lever's range."""
    told = {i: one.root for i, one in enumerate(found.found) if one.root.reached}
    ends = [(root.low, root.level, root.high) for root in told.values()]
    points = intervals(ends, told, "estimate", phrase("decide.fig.level"))

    def status(one: Reached) -> Words:
        if (kind := _kind(one)) != "no":
            return phrase(f"decide.solve.{kind}")
        best = max(one.p_limits, key=lambda p: (p.mean, p.se))
        return phrase("decide.solve.limit", p=c.chance(best))

    lever = found.lever
    margin = 0.02 * (lever.high - lever.low)
    panel = row_panel(
        (c.world_name(study, one) for one in found.found),
        Rule(lever.now, "baseline", phrase("decide.fig.now")),
        points,
        x=Axis(
            c.lever_label(study.model, lever),
            c.unit_of(study.report, lever.unit),
            low=lever.low - margin,
            high=lever.high + margin,
        ),
        frame=14,
        each=7,
        beside=(Beside(phrase("decide.head.found"), tuple(map(status, found.found))),),
    )
    return Figure("level", phrase("decide.solve.figure", wanted=_wanted(found, study)), (panel,))


# ── the frontier ──


def edge_document(found: Edge, world: World, study: Study) -> Document:
    """Return the least-cost mixes as a document."""
    return c.paper(
        "frontier",
        edge_answer(found, study),
        edge_table(found, study),
        edge_figure(found, study),
        c.note("frontier.notes", n=found.searched, m=found.confirmed),
        subtitle=c.conditions(world, found.confirmed, study, found.target),
        levers=c.listed(c.lever_inside(study, lever) for lever in found.levers),
    )


def _paid(found: Edge, k: int) -> float:
    """Return the outlay of the treasury at a point, without what is forgone."""
    return found.points[k].cost_fresh - (found.forgone[k] if found.with_forgone else 0.0)


def edge_answer(found: Edge, study: Study) -> Iterator[Words]:
    """Yield what can be reached, at what outlay, and how much the search flattered itself."""
    outlay = outlay_of(study.report)
    yield phrase(
        "decide.frontier.range",
        target=c.asked(study, found.target),
        base=c.chance(found.base_p),
        best=c.chance(found.best),
    )
    able = [(k, p) for k, p in enumerate(found.points) if math.isfinite(p.cost)]
    free = [p.probability for _, p in able if p.cost_fresh <= 1e-9]
    if free:
        yield phrase("decide.frontier.free", p=_share(max(free)), outlay=outlay)
    for k, point in able:
        if point.cost_fresh > 1e-9:
            yield _point(found, k, point, study)
    missed = [p.probability for p in found.points if not math.isfinite(p.cost)]
    if missed:
        yield phrase("decide.frontier.missed", p=c.listed(_share(p) for p in missed))
    curse, se = found.curse
    if math.isfinite(curse):
        told = abs(curse) >= 2 * se
        key = "no_curse" if not told else "curse" if curse > 0 else "below"
        gap = (100 * (abs(curse) if told else curse), 100 * se)
        form = c.SPENT if told else c.AMOUNT
        yield phrase(f"decide.frontier.{key}", points=c.amount(gap, c.ONE_POINT, form))


def _point(found: Edge, k: int, point: Point, study: Study) -> Words:
    money = c.money_unit(study)
    parts = [
        phrase(
            "decide.frontier.part",
            lever=c.lever_inside(study, lever),
            level=c.level(value, lever.unit, study.report, 3),
        )
        for lever, value in zip(found.levers, point.mix, strict=True)
    ]
    return phrase(
        "decide.frontier.point",
        outlay=outlay_of(study.report),
        p=_share(point.probability),
        mix=joined(parts, "list"),
        cost=c.plain(_paid(found, k), money),
        forgone=c.and_forgone(study, c.plain(found.forgone[k], money)),
        fresh=c.chance((point.confirmed, point.confirmed_se)),
        error=_points(point.confirmed_se),
    )


def _confirmed(point: Point) -> tuple[float, float] | None:
    """Return P on the fresh sample with its error; None where no mix reaches what is asked."""
    found = point.confirmed, point.confirmed_se
    return found if math.isfinite(point.confirmed) else None


def edge_table(found: Edge, study: Study) -> Table:
    """Return one row a probability: the mix, its outlay by purse, P on both samples."""

    def point(shown: Callable[[Point], Any]) -> Callable[[int], Any]:
        return lambda k: shown(found.points[k])

    def mixed(i: int) -> Cell:
        lever = found.levers[i]
        name, unit = c.lever_label(study.model, lever), c.unit_of(study.report, lever.unit)
        return Column(f"lever_{i}", name, Number(digits=3), unit), point(lambda p: p.mix[i])

    def searched(p: Point) -> tuple[float, float]:
        """Return P on the sample that was searched, whose members are independent."""
        share, n = p.reached, found.searched
        return share, math.sqrt(share * (1 - share) / n) if n and 0 <= share <= 1 else math.nan

    key = "cost_both" if found.with_forgone else "cost_treasury"
    return table_from(
        "frontier",
        phrase("decide.frontier.table"),
        range(len(found.points)),
        c.cell("p", point(lambda p: p.probability), Share(), head="wanted"),
        *map(mixed, range(len(found.levers))),
        *c.purse_cells(
            study, Number(digits=3), lambda k: _paid(found, k), lambda k: found.forgone[k]
        ),
        c.cell("searched", point(searched), c.CHANCE, head="p_searched"),
        c.cell("fresh", point(_confirmed), Chance(), head="p_fresh"),
        notes=(phrase(f"decide.frontier.{key}", outlay=outlay_of(study.report)), *c.apart(study)),
    )


def edge_figure(found: Edge, study: Study) -> Figure:
    """Return P on the fresh sample by outlay, with the mixes below."""
    able = [(k, p) for k, p in enumerate(found.points) if math.isfinite(p.cost)]
    paid = numbers(_paid(found, k) for k, _ in able)
    outlay = Axis(c.purse_head(study, "treasury"), c.money_unit(study))
    confirmed = Points(
        paid,
        numbers(100 * p.confirmed for _, p in able),
        numbers(100 * (p.confirmed - 2 * p.confirmed_se) for _, p in able),
        numbers(100 * (p.confirmed + 2 * p.confirmed_se) for _, p in able),
        "estimate",
        phrase("decide.fig.confirmed"),
    )
    searched = numbers(100 * p.reached for _, p in able)
    edge = Panel(
        (
            Line(paid, searched, "constant", phrase("decide.fig.searched")),
            confirmed,
            Rule(100 * found.best.mean, "limit", phrase("decide.fig.best"), across=True),
        ),
        x=outlay,
        y=Axis(phrase("decide.head.p"), "%", low=0.0, high=100.0),
        height=60,
        id="edge",
    )

    def mix(i: int) -> Panel:
        lever, levels = found.levers[i], numbers(p.mix[i] for _, p in able)
        margin = 0.06 * (lever.high - lever.low)  # room for a point that lies on a limit
        return Panel(
            (Line(paid, levels, "model"), Points(paid, levels)),
            x=outlay,
            y=Axis(
                "", study.report.unit_words(lever.unit), lever.low - margin, lever.high + margin
            ),
            title=c.lever_label(study.model, lever),
            height=30,
            id=f"mix-{i}",
        )

    title = phrase("decide.frontier.figure", outlay=outlay_of(study.report))
    return Figure("edge", title, (edge, *map(mix, range(len(found.levers)))))
