"""How much of a lever gives a probability or another scenario's effect; the least-cost mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.frontier import Point, frontier
from sdensemble.decide.levers import Lever, turned
from sdensemble.decide.measures import margin, outcome_of, paid
from sdensemble.decide.roots import Mean, Probability, Root, solve
from sdensemble.decide.worlds import Count, World, keep_for
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.estimate import Estimate, mean_of, share_of
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reached:
    """What a lever must be in one world, and what that brings.

    ``p_now`` is P with the lever as in the base, ``p_there`` at the level found, ``p_limits`` at
    both ends of its range. ``treasury`` and ``forgone`` are above the base, to the end of the
    target's year, at the level found (at the better end where none reaches).
    """

    world: str
    structure: str
    prior_set: str
    root: Root
    p_now: Estimate
    p_there: Estimate
    p_limits: tuple[Estimate, Estimate]
    effect: Estimate
    treasury: Estimate
    forgone: Estimate


@dataclass(frozen=True, eq=False)
class Solved:
    """How much of a lever gives a probability (``wanted``), or what ``like`` gives, by world."""

    lever: Lever
    target: Target
    base: Scenario
    wanted: float | None
    like: Scenario | None
    found: tuple[Reached, ...]

    def dataset(self) -> xr.Dataset:
        """Return level, interval, P and spending by world, in the lever's and payers' units."""
        import xarray as xr

        rows = [
            {
                "level": one.root.level,
                "low": one.root.low,
                "high": one.root.high,
                "reached": float(one.root.reached),
                "p_now": one.p_now.mean,
                "p_there": one.p_there.mean,
                "p_there_se": one.p_there.se,
                "p_low": one.p_limits[0].mean,
                "p_high": one.p_limits[1].mean,
                "effect": one.effect.mean,
                "effect_se": one.effect.se,
                "treasury": one.treasury.mean,
                "forgone": one.forgone.mean,
            }
            for one in self.found
        ]
        data = {key: ("world", [row[key] for row in rows]) for key in rows[0]} if rows else {}
        attrs = {"lever": self.lever.name, "unit": self.lever.unit, "target": self.target.id}
        return xr.Dataset(data, {"world": [one.world for one in self.found]}, attrs)


def reach(
    worlds: Sequence[World],
    lever: Lever,
    base: Scenario,
    target: Target,
    *,
    probability: float | None = None,
    like: Scenario | None = None,
    progress: Count | None = None,
) -> Solved:
    """Return, in each world, the level of a lever that gives a probability of a target.

    With ``like`` instead: the level whose mean effect on the target's outcome is that of another
    scenario. Everything else stands as in ``base``.
    """
    found = tuple(
        _reach(world, lever, base, target, probability, like, progress)
        for world in worlds
        if world.has(target)
    )
    return Solved(lever, target, base, probability, like, found)


def _reach(
    world: World,
    lever: Lever,
    base: Scenario,
    target: Target,
    probability: float | None,
    like: Scenario | None,
    progress: Count | None,
) -> Reached:
    outcome = outcome_of(world.study, target)
    head = world.study.report.headline
    keep = keep_for(
        world.study, [target], {outcome.variable: head.aggregate} if target.joint else {}
    )
    last = last_year(world, target)
    known: dict[float, Results] = {}
    fixed = [base] if like is None else [base, like]
    start = world.run(fixed, keep, until=last, progress=progress)
    unmoved = start.at(outcome, start.scenarios[0], last)

    def at(level: float) -> Results:
        if level not in known:
            scenario = turned(base, [(lever, level)], "level")
            known[level] = world.run([scenario], keep, until=last, progress=progress)
        return known[level]

    def values(level: float) -> Array:
        results = at(level)
        (scenario,) = results.scenarios
        if like is None:
            return margin(results, target, scenario)
        return results.at(outcome, scenario, last) - start.at(outcome, start.scenarios[1], last)

    measure = Probability(probability) if probability is not None else Mean()
    root = solve(values, measure, lever.low, lever.high, world.replicate)
    there = at(root.level)
    (scenario,) = there.scenarios

    def chance(results: Results, one: Scenario) -> Estimate:
        return share_of(margin(results, target, one) > 0, world.replicate)

    def money(forgone: bool) -> Estimate:
        above = paid_total(there, scenario, last, forgone)
        return mean_of(
            above - paid_total(start, start.scenarios[0], last, forgone), world.replicate
        )

    return Reached(
        world.name,
        world.structure,
        world.prior_set,
        root,
        chance(start, start.scenarios[0]),
        chance(there, scenario),
        tuple(chance(at(end), at(end).scenarios[0]) for end in root.ends),  # type: ignore[arg-type]
        mean_of(there.at(outcome, scenario, last) - unmoved, world.replicate),
        money(forgone=False),
        money(forgone=True),
    )


def last_year(world: World, target: Target) -> int:
    """Return the year of a target, the last of a joint one's."""
    from sdensemble.inputs.targets import leaves

    return max(int(part.year or 0) for part in leaves(target, world.study.targets))


def paid_total(results: Results, scenario: Scenario, through: int, forgone: bool) -> Array:
    """Return a scenario's own outlay of one kind to the end of a year, shape (member,)."""
    end = results.year_index(through) + 1
    total = np.zeros(results.members)
    for payer in results.spec.payers:
        if payer.forgone == forgone and payer.variable in results.data:
            total += results.series(payer.variable)[results.place(scenario)][:, :end].sum(axis=1)
    return total


# ── the frontier ──


@dataclass(frozen=True, eq=False)
class Edge:
    """The least-cost mix of levers for each probability, confirmed on a fresh sample.

    ``cost`` of a Point is treasury spending above the base to the end of the target's year, plus
    land revenue forgone only where ``with_forgone`` (``forgone`` tells it apart). ``curse`` is
    the mean of what the search's own sample flattered P by, with its error; ``best`` P with every
    lever at the better end, ``base_p`` P of the base, both on the fresh sample.
    """

    levers: tuple[Lever, ...]
    target: Target
    base: Scenario
    world: str
    points: tuple[Point, ...]
    forgone: tuple[float, ...]
    with_forgone: bool
    curse: tuple[float, float]
    base_p: Estimate
    best: Estimate
    searched: int
    confirmed: int

    def dataset(self) -> xr.Dataset:
        """Return mixes by probability × lever, costs and P by probability."""
        import xarray as xr

        points = self.points
        data = {
            "mix": (("p", "lever"), [list(point.mix) for point in points]),
            "cost": ("p", [point.cost_fresh for point in points]),
            "forgone": ("p", list(self.forgone)),
            "searched": ("p", [point.reached for point in points]),
            "confirmed": ("p", [point.confirmed for point in points]),
            "confirmed_se": ("p", [point.confirmed_se for point in points]),
        }
        coords = {
            "p": [point.probability for point in points],
            "lever": [lever.name for lever in self.levers],
        }
        attrs = {"target": self.target.id, "world": self.world, "best": self.best.mean}
        return xr.Dataset(data, coords, attrs)


def edge(
    world: World,
    fresh: World,
    levers: Sequence[Lever],
    base: Scenario,
    target: Target,
    probabilities: Sequence[float],
    *,
    with_forgone: bool = False,
    seed: int = 1,
    generations: int = 12,
    progress: Count | None = None,
) -> Edge:
    """Return the least-cost mixes of levers in one world, judged on ``fresh`` members of it.

    ``world`` holds the members the search uses; no member of ``fresh`` is among them.
    """
    last = last_year(world, target)
    keep = keep_for(world.study, [target])
    begun = world.run([base], keep, until=last, progress=progress)
    before = [paid_total(begun, begun.scenarios[0], last, kind) for kind in (False, True)]

    def evaluate(mixes: Array) -> tuple[Array, Array]:
        made = [
            turned(base, list(zip(levers, mix, strict=True)), f"{i}") for i, mix in enumerate(mixes)
        ]
        results = world.run(made, keep, until=last, progress=progress)
        margins = np.array([margin(results, target, s) for s in results.scenarios])
        costs = []
        for s in results.scenarios:
            cost = np.nanmean(paid_total(results, s, last, False) - before[0])
            if with_forgone:
                cost += np.nanmean(paid_total(results, s, last, True) - before[1])
            costs.append(cost)
        return margins, np.array(costs)

    limits = [(lever.low, lever.high) for lever in levers]
    points = frontier(evaluate, limits, probabilities, seed=seed, generations=generations)
    return _confirm(fresh, levers, base, target, points, with_forgone, keep, last, world, progress)


def _confirm(
    fresh: World,
    levers: Sequence[Lever],
    base: Scenario,
    target: Target,
    points: Sequence[Point],
    with_forgone: bool,
    keep: dict[str, str],
    last: int,
    world: World,
    progress: Count | None,
) -> Edge:
    """Return the frontier judged on fresh members."""
    able = [k for k, point in enumerate(points) if np.isfinite(point.cost)]
    ends = [
        turned(base, [(lever, getattr(lever, end)) for lever in levers], end)
        for end in ("low", "high")
    ]
    mixes = [
        turned(base, list(zip(levers, points[k].mix, strict=True)), f"point {k}") for k in able
    ]
    results = fresh.run([base, *ends, *mixes], keep, until=last, progress=progress)
    start = results.scenarios[0]
    judged, forgone = list(points), [float("nan")] * len(points)
    excess = []
    for k, scenario in zip(able, results.scenarios[3:], strict=True):
        hit = margin(results, target, scenario) > 0
        share = share_of(hit, fresh.replicate)
        cost = float(np.nanmean(paid(results, scenario, start, last, forgone=False)))
        land = float(np.nanmean(paid(results, scenario, start, last, forgone=True)))
        forgone[k] = land
        judged[k] = replace(
            points[k],
            confirmed=share.mean,
            confirmed_se=share.se,
            cost_fresh=cost + (land if with_forgone else 0.0),
        )
        excess.append((points[k].reached - share.mean, share.se))
    curse = (float("nan"), float("nan"))
    if excess:
        # The points share members, so their errors do not average out: the largest stands.
        curse = (float(np.mean([e for e, _ in excess])), float(max(se for _, se in excess)))
    chances = [
        share_of(margin(results, target, s) > 0, fresh.replicate) for s in results.scenarios[:3]
    ]
    best = max(chances[1:], key=lambda one: one.mean)
    return Edge(
        tuple(levers),
        target,
        base,
        world.name,
        tuple(judged),
        tuple(forgone),
        with_forgone,
        curse,
        chances[0],
        best,
        world.draws.members,
        fresh.draws.members,
    )
