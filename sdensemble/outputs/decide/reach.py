"""How much of a lever, and the least-cost mix, as documents."""

from __future__ import annotations

import math

from sdensemble.decide.reach import Edge, Reached, Solved
from sdensemble.decide.worlds import World
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.figure import Axis, Figure, Line, Panel, Points, Rule, numbers
from sdensemble.outputs.form import Chance, Number, Share, Shown
from sdensemble.outputs.naming import outlay_of
from sdensemble.outputs.table import Column, Table, table_of
from sdensemble.study import Study


def solve_document(found: Solved, world: World, study: Study) -> Document:
    """Return how much of a lever gives what was asked, as a document."""
    blocks: list[Block] = [Paragraph(words, "lead") for words in solve_answer(found, study)]
    blocks.append(solve_table(found, study))
    if any(one.root.reached for one in found.found):
        blocks.append(solve_figure(found, study))
    blocks.append(Paragraph(phrase("decide.solve.notes"), "note"))
    name = c.lever_label(study.model, found.lever)
    return Document(
        "solve",
        phrase("decide.solve.title", lever=name),
        tuple(blocks),
        subtitle=c.conditions(world, world.draws.members, study, found.target),
    )


def _wanted(found: Solved, study: Study) -> Words:
    if found.like is not None:
        return phrase("decide.solve.like", name=found.like.title)
    assert found.wanted is not None
    return phrase(
        "decide.solve.wanted", p=_share(found.wanted), target=c.asked(study, found.target)
    )


def _share(value: float) -> Words:
    return Shown(100 * value, Number(digits=4, suffix="%"))


def solve_answer(found: Solved, study: Study) -> list[Words]:
    """Return one sentence a world."""
    return [_sentence(found, one, study) for one in found.found]


def _sentence(found: Solved, one: Reached, study: Study) -> Words:
    spec, root = study.report, one.root
    unit = found.lever.unit
    values: dict[str, object] = {
        "world": c.world_called(study, one.structure, one.prior_set),
        "wanted": _wanted(found, study),
        "lever": c.lever_label(study.model, found.lever),
        "level": c.level(root.level, unit, spec, 3),
        "now": c.chance(one.p_now.mean, one.p_now.se),
    }
    if found.wanted is not None and one.p_now.mean >= found.wanted:
        key = "falls" if root.reached else "always_met"
        ends = {"low": c.level(root.low, unit, spec, 3), "high": c.level(root.high, unit, spec, 3)}
        return phrase(f"decide.solve.{key}", p=_share(found.wanted), **ends, **values)
    if root.reached:
        money = c.money_unit(study)
        paid = phrase(
            "decide.solve.paid",
            outlay=outlay_of(spec),
            treasury=c.amount(one.treasury, money, c.SPENT),
            forgone=c.and_forgone(study, c.amount(one.forgone, money, c.SPENT)),
        )
        return joined(
            [
                phrase(
                    "decide.solve.reached",
                    low=c.level(root.low, unit, spec, 3),
                    high=c.level(root.high, unit, spec, 3),
                    **values,
                ),
                paid,
            ],
            "nothing",
        )
    if root.beyond:
        return phrase("decide.solve.beyond", **values)
    limit = c.level(root.level, unit, spec, 3)
    best = max(one.p_limits, key=lambda p: p.mean)
    return phrase(
        "decide.solve.not_reached",
        limit=limit,
        p=phrase("number.with_error", value=c.chance(best.mean, best.se), error=_points(best.se)),
        **values,
    )


def _highest(one: Reached) -> tuple[float, float]:
    """Return the higher P of both ends of the lever's range, with its error."""
    return max((p.mean, p.se) for p in one.p_limits)


def _binomial(p: float, members: int) -> float:
    """Return the standard error of a share of members that are independent."""
    return math.sqrt(p * (1 - p) / members) if members and 0 <= p <= 1 else math.nan


def _points(se: float) -> Words:
    """Return an error of a probability in whole points, rounded up."""
    return str(max(1, math.ceil(100 * se - 1e-9))) if math.isfinite(se) else "—"


def solve_table(found: Solved, study: Study) -> Table:
    """Return one row a world: level, interval, P before and there, outlay by purse."""
    spec = study.report
    lever = c.unit_of(spec, found.lever.unit)
    number = Number(digits=4)
    columns = [
        Column("world", phrase("decide.head.world")),
        Column("found", phrase("decide.head.found")),
        Column("level", phrase("decide.head.level"), number, lever),
        Column("low", phrase("decide.head.low95"), number, lever),
        Column("high", phrase("decide.head.high95"), number, lever),
        Column("p_now", phrase("decide.head.p_now"), Chance(error=False)),
        Column("p_there", phrase("decide.head.p_there"), Chance(error=False)),
        Column("p_low", phrase("decide.head.p_low"), Chance(error=False)),
        Column("p_high", phrase("decide.head.p_high"), Chance(error=False)),
        Column("effect", phrase("decide.head.effect"), c.AMOUNT, _unit(found, study)),
        *c.purse_columns(study, c.SPENT),
    ]
    rows = []
    for one in found.found:
        key = "yes" if one.root.reached else "always" if one.root.beyond else "no"
        rows.append(
            {
                "world": c.world_called(study, one.structure, one.prior_set),
                "found": phrase(f"decide.solve.{key}"),
                "level": one.root.level,
                "low": one.root.low,
                "high": one.root.high,
                "p_now": (one.p_now.mean, one.p_now.se),
                "p_there": (one.p_there.mean, one.p_there.se),
                "p_low": (one.p_limits[0].mean, one.p_limits[0].se),
                "p_high": (one.p_limits[1].mean, one.p_limits[1].se),
                "effect": one.effect,
                "treasury": one.treasury,
                "forgone": one.forgone,
            }
        )
    return table_of(
        "solve",
        phrase("decide.solve.table", wanted=_wanted(found, study)),
        columns,
        rows,
        notes=c.apart(study),
    )


def _unit(found: Solved, study: Study) -> Words:
    target = found.target
    head = study.report.headline
    name = head.whole.variable if target.joint else target.variable
    return c.outcome_unit(study, name, head.aggregate if target.joint else target.aggregate)


def solve_figure(found: Solved, study: Study) -> Figure:
    """Return the level found in each world, with its interval, within the lever's range."""
    told = [(i, one) for i, one in enumerate(found.found) if one.root.reached]
    points = Points(
        numbers(one.root.level for _, one in told),
        numbers(i for i, _ in told),
        numbers(one.root.low for _, one in told),
        numbers(one.root.high for _, one in told),
        "estimate",
        phrase("decide.fig.level"),
        across=True,
    )
    from sdensemble.outputs.figure import Beside

    names = tuple(c.world_called(study, one.structure, one.prior_set) for one in found.found)
    status = Beside(
        phrase("decide.head.found"),
        tuple(
            phrase("decide.solve.yes")
            if one.root.reached
            else phrase("decide.solve.always")
            if one.root.beyond
            else phrase("decide.solve.limit", p=c.chance(*_highest(one)))
            for one in found.found
        ),
    )
    lever = found.lever
    span = lever.high - lever.low
    panel = Panel(
        (Rule(lever.now, "baseline", phrase("decide.fig.now")), points),
        x=Axis(
            c.lever_label(study.model, lever),
            c.unit_of(study.report, lever.unit),
            low=lever.low - 0.02 * span,
            high=lever.high + 0.02 * span,
        ),
        y=Axis(names=names),
        beside=(status,),
        height=14 + 7 * len(names),
    )
    return Figure("level", phrase("decide.solve.figure", wanted=_wanted(found, study)), (panel,))


# ── the frontier ──


def edge_document(found: Edge, world: World, study: Study) -> Document:
    """Return the least-cost mixes as a document."""
    blocks: list[Block] = [Paragraph(words, "lead") for words in edge_answer(found, study)]
    blocks += [edge_table(found, study), edge_figure(found, study)]
    blocks.append(
        Paragraph(phrase("decide.frontier.notes", n=found.searched, m=found.confirmed), "note")
    )
    names = c.listed(c.lever_label(study.model, lever) for lever in found.levers)
    return Document(
        "frontier",
        phrase("decide.frontier.title", levers=names),
        tuple(blocks),
        subtitle=c.conditions(world, found.confirmed, study, found.target),
    )


def edge_answer(found: Edge, study: Study) -> list[Words]:
    """Return what can be reached, at what outlay, and how much the search flattered itself."""
    money, outlay = c.money_unit(study), outlay_of(study.report)
    said: list[Words] = [
        phrase(
            "decide.frontier.range",
            target=c.asked(study, found.target),
            base=c.chance(found.base_p.mean, found.base_p.se),
            best=c.chance(found.best.mean, found.best.se),
        )
    ]
    able = [p for p in found.points if math.isfinite(p.cost)]
    free = [p for p in able if p.cost_fresh <= 1e-9]
    shown = [p for p in able if p not in free]
    if free:
        said.append(
            phrase(
                "decide.frontier.free", p=_share(max(p.probability for p in free)), outlay=outlay
            )
        )
    for point in shown:
        mix = joined(
            [
                phrase(
                    "decide.frontier.part",
                    lever=c.lever_label(study.model, lever),
                    level=c.level(value, lever.unit, study.report, 3),
                )
                for lever, value in zip(found.levers, point.mix, strict=True)
            ],
            "list",
        )
        place = found.points.index(point)
        said.append(
            phrase(
                "decide.frontier.point",
                outlay=outlay,
                p=_share(point.probability),
                mix=mix,
                cost=c.plain(
                    point.cost_fresh - (found.forgone[place] if found.with_forgone else 0), money
                ),
                forgone=c.and_forgone(study, c.plain(found.forgone[place], money)),
                fresh=c.chance(point.confirmed, point.confirmed_se),
                error=_points(point.confirmed_se),
            )
        )
    missed = [p.probability for p in found.points if not math.isfinite(p.cost)]
    if missed:
        said.append(phrase("decide.frontier.missed", p=c.listed(_share(p) for p in missed)))
    if math.isfinite(found.curse[0]):
        key = "curse" if abs(found.curse[0]) >= 2 * found.curse[1] else "no_curse"
        said.append(
            phrase(
                f"decide.frontier.{key}",
                points=c.amount(
                    (100 * found.curse[0], 100 * found.curse[1]), phrase("decide.points")
                ),
            )
        )
    return said


def edge_table(found: Edge, study: Study) -> Table:
    """Return one row a probability: the mix, its outlay by purse, P on both samples."""
    columns = [Column("p", phrase("decide.head.wanted"), Share())]
    for k, lever in enumerate(found.levers):
        columns.append(
            Column(
                f"lever_{k}",
                c.lever_label(study.model, lever),
                Number(digits=3),
                c.unit_of(study.report, lever.unit),
            )
        )
    columns += [
        *c.purse_columns(study, Number(digits=3)),
        Column("searched", phrase("decide.head.p_searched"), Chance(error=False)),
        Column(
            "fresh",
            phrase("decide.head.p_fresh"),
            c.Errored(scale=100.0, signed=False, likely=True),
            phrase("decide.points"),
        ),
    ]
    rows = []
    for k, point in enumerate(found.points):
        land = found.forgone[k]
        cost = point.cost_fresh - (land if found.with_forgone else 0.0)
        rows.append(
            {
                "p": point.probability,
                **{f"lever_{i}": value for i, value in enumerate(point.mix)},
                "treasury": cost,
                "forgone": land,
                "searched": (point.reached, _binomial(point.reached, found.searched)),
                "fresh": (point.confirmed, point.confirmed_se),
            }
        )
    key = "cost_both" if found.with_forgone else "cost_treasury"
    return table_of(
        "frontier",
        phrase("decide.frontier.table"),
        columns,
        rows,
        notes=(phrase(f"decide.frontier.{key}", outlay=outlay_of(study.report)), *c.apart(study)),
    )


def edge_figure(found: Edge, study: Study) -> Figure:
    """Return P on the fresh sample by outlay, with the mixes below."""
    money = c.money_unit(study)
    able = [(k, p) for k, p in enumerate(found.points) if math.isfinite(p.cost)]
    treasury = [p.cost_fresh - (found.forgone[k] if found.with_forgone else 0.0) for k, p in able]
    line = Points(
        numbers(treasury),
        numbers(100 * p.confirmed for _, p in able),
        numbers(100 * (p.confirmed - 2 * p.confirmed_se) for _, p in able),
        numbers(100 * (p.confirmed + 2 * p.confirmed_se) for _, p in able),
        "estimate",
        phrase("decide.fig.confirmed"),
    )
    panels = [
        Panel(
            (
                Line(
                    numbers(treasury),
                    numbers(100 * p.reached for _, p in able),
                    "constant",
                    phrase("decide.fig.searched"),
                ),
                line,
                Rule(100 * found.best.mean, "limit", phrase("decide.fig.best"), across=True),
            ),
            x=Axis(c.purse_head(study, "treasury"), money),
            y=Axis(phrase("decide.head.p"), "%", low=0.0, high=100.0),
            height=60,
            id="edge",
        )
    ]
    for i, lever in enumerate(found.levers):
        panels.append(
            Panel(
                (
                    Line(numbers(treasury), numbers(p.mix[i] for _, p in able), "model"),
                    Points(numbers(treasury), numbers(p.mix[i] for _, p in able)),
                ),
                x=Axis(c.purse_head(study, "treasury"), money),
                y=Axis("", c.unit_of(study.report, lever.unit), low=lever.low, high=lever.high),
                title=c.lever_label(study.model, lever),
                height=30,
                id=f"mix-{i}",
            )
        )
    return Figure(
        "edge", phrase("decide.frontier.figure", outlay=outlay_of(study.report)), tuple(panels)
    )
