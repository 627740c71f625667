"""How much of a lever gives a probability or another scenario's effect; the least-cost mix."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sdensemble.decide.frontier import Point, frontier
from sdensemble.decide.levers import Lever, turned
from sdensemble.decide.measures import Array, outlay, paid
from sdensemble.decide.roots import Mean, Probability, Root, solve
from sdensemble.decide.target_runs import TargetRuns
from sdensemble.decide.worlds import Count, World
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.estimate import Estimate, mean_of, share_of
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import xarray as xr


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
    asked = (TargetRuns(world, target, progress) for world in worlds if world.has(target))
    found = tuple(_reach(runs, lever, base, probability, like) for runs in asked)
    return Solved(lever, target, base, probability, like, found)


def _reach(
    runs: TargetRuns, lever: Lever, base: Scenario, probability: float | None, like: Scenario | None
) -> Reached:
    world, replicate = runs.world, runs.world.replicate
    start = runs.run([base] if like is None else [base, like])
    unmoved, *wanted = runs.outcomes(start)

    @cache
    def at(level: float) -> Results:
        return runs.run([turned(base, [(lever, level)], "level")])

    def values(level: float) -> Array:
        results = at(level)
        if like is None:
            return np.asarray(runs.margins(results)[0])
        return np.asarray(runs.outcomes(results)[0] - wanted[0])

    measure = Probability(probability) if probability is not None else Mean()
    root = solve(values, measure, lever.low, lever.high, replicate)
    there = at(root.level)

    def chance(results: Results) -> Estimate:
        return share_of(runs.margins(results)[0] > 0, replicate)

    def money(forgone: bool) -> Estimate:
        here, before = (
            outlay(one, one.scenarios[0], runs.last, forgone=forgone) for one in (there, start)
        )
        return mean_of(here - before, replicate)

    low, high = root.ends
    return Reached(
        world.name,
        world.structure,
        world.prior_set,
        root,
        chance(start),
        chance(there),
        (chance(at(low)), chance(at(high))),
        mean_of(runs.outcomes(there)[0] - unmoved, replicate),
        money(forgone=False),
        money(forgone=True),
    )


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
    progress: Count | None = None,
) -> Edge:
    """Return the least-cost mixes of levers in one world, judged on ``fresh`` members of it.

    ``world`` holds the members the search uses; no member of ``fresh`` is among them.
    """
    runs = TargetRuns(world, target, progress)
    kinds = (False, True) if with_forgone else (False,)

    def costs(results: Results) -> list[list[Array]]:
        return [
            [outlay(results, s, runs.last, forgone=kind) for kind in kinds]
            for s in results.scenarios
        ]

    (before,) = costs(runs.run([base]))

    def evaluate(mixes: Array) -> tuple[Array, Array]:
        results = runs.run([_mixed(base, levers, mix, f"{i}") for i, mix in enumerate(mixes)])
        above = [
            sum(np.nanmean(one - then) for one, then in zip(own, before, strict=True))
            for own in costs(results)
        ]
        return runs.margins(results), np.array(above)

    limits = [(lever.low, lever.high) for lever in levers]
    points = frontier(evaluate, limits, probabilities, seed=seed)
    return _confirmed(runs, fresh, levers, base, points, with_forgone)


def _mixed(base: Scenario, levers: Sequence[Lever], mix: Iterable[float], name: str) -> Scenario:
    return turned(base, list(zip(levers, mix, strict=True)), name)


def _confirmed(
    searched: TargetRuns,
    fresh: World,
    levers: Sequence[Lever],
    base: Scenario,
    points: Sequence[Point],
    with_forgone: bool,
) -> Edge:
    """Return the frontier judged on fresh members."""
    runs = replace(searched, world=fresh)
    able = [k for k, point in enumerate(points) if np.isfinite(point.cost)]
    ends = [
        _mixed(base, levers, [getattr(lever, end) for lever in levers], end)
        for end in ("low", "high")
    ]
    mixes = [_mixed(base, levers, points[k].mix, f"point {k}") for k in able]
    results = runs.run([base, *ends, *mixes])
    chances = [share_of(own > 0, fresh.replicate) for own in runs.margins(results)]
    judged, forgone = list(points), [math.nan] * len(points)
    for k, scenario, share in zip(able, results.scenarios[3:], chances[3:], strict=True):
        cost, forgone[k] = (
            float(np.nanmean(paid(results, scenario, results.scenarios[0], runs.last, forgone=one)))
            for one in (False, True)
        )
        judged[k] = replace(
            points[k],
            confirmed=share.mean,
            confirmed_se=share.se,
            cost_fresh=cost + (forgone[k] if with_forgone else 0.0),
        )
    curse = (math.nan, math.nan)
    if able:
        # The points share members, so their errors do not average out: the largest stands.
        excess = [judged[k].reached - judged[k].confirmed for k in able]
        curse = float(np.mean(excess)), float(max(judged[k].confirmed_se for k in able))
    return Edge(
        tuple(levers),
        runs.target,
        base,
        searched.world.name,
        tuple(judged),
        tuple(forgone),
        with_forgone,
        curse,
        chances[0],
        max(chances[1:3], key=lambda one: one.mean),
        searched.world.draws.members,
        fresh.draws.members,
    )
