"""What levels of two levers give, on the same members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.levers import Lever, turned
from sdensemble.decide.measured import Array
from sdensemble.decide.measures import margin, outcome_of
from sdensemble.decide.worlds import Count, World, keep_for
from sdensemble.inputs.questions import Question
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.results import Results


@dataclass(frozen=True, eq=False)
class Curve:
    """One lever by itself, the other as it is now: members by year and level.

    ``outcome``, ``money`` (treasury spending) and ``used`` (what the second lever's costs are
    charged on) have shape (year, level, member) and are above both levers as they are now; money
    and use are summed to the end of the year, at present value. ``levels`` go from the lever's
    own level up, ``asked`` is the place of the level asked.
    """

    levels: Array
    outcome: Array
    money: Array
    used: Array
    asked: int


@dataclass(frozen=True, eq=False)
class Doses:
    """What levels of two levers give, on the same members.

    ``curves`` are both levers by themselves at every horizon, ``both`` the outcome with both as
    asked, (year, member). The surface is of every pair of levels in the target's own year:
    ``outcome``, ``money`` and ``used`` of shape (first, second, member), above both levers as
    they are now (place ``base``); ``hit`` says whether the target is met.
    """

    years: tuple[int, ...]
    curves: tuple[Curve, Curve]
    both: Array
    year: int
    first: Array
    second: Array
    outcome: Array
    money: Array
    used: Array
    hit: NDArray[np.bool_]
    base: tuple[int, int]
    asked: tuple[int, int]
    condition: Array
    replicate: NDArray[np.int64]


def levels_of(lever: Lever, asked: float, count: int) -> Array:
    """Return ``count`` levels over a lever's range, with its own level and the one asked."""
    spread = np.linspace(lever.low, lever.high, count)
    for wanted in dict.fromkeys((min(max(lever.now, lever.low), lever.high), asked)):
        free = [k for k in range(count) if spread[k] not in (lever.now, asked)]
        near = min(free, key=lambda k: abs(spread[k] - wanted)) if free else 0
        if wanted not in spread:
            spread[near] = wanted
    return np.sort(spread)


def run_doses(
    world: World,
    question: Question,
    levers: tuple[Lever, Lever],
    target: Target,
    *,
    progress: Count | None = None,
) -> Doses:
    """Return the doses of both levers in one world, on the same members.

    Every pair of levels is run to the target's year only; to the last horizon each lever by
    itself, and both as asked.
    """
    study = world.study
    base = next(s for s in study.scenarios if s.name == question.base)
    grids = [
        levels_of(lever, side.level, question.levels)
        for lever, side in zip(levers, question.sides, strict=True)
    ]
    at = [_place(grid, lever.now) for grid, lever in zip(grids, levers, strict=True)]
    there = [_place(grid, side.level) for grid, side in zip(grids, question.sides, strict=True)]

    def scenario(i: int, j: int) -> Scenario:
        return turned(base, [(levers[0], grids[0][i]), (levers[1], grids[1][j])], f"{i}/{j}")

    n, m = grids[0].size, grids[1].size
    year = int(target.year or question.years[0])
    one, two = ([(i, at[1]) for i in range(at[0], n)], [(at[0], j) for j in range(at[1], m)])
    ahead = list(dict.fromkeys([*one, *two, (there[0], there[1])]))
    rest = [(i, j) for i in range(n) for j in range(m) if (i, j) not in ahead]
    years = tuple(sorted({*question.years, year}))

    def run(cells: Sequence[tuple[int, int]], years: tuple[int, ...]) -> Sums:
        every = [scenario(*cell) for cell in cells]
        return run_sums(world, question, target, every, years, progress)

    alone, others = run(ahead, years), run(rest, (year,))
    told = [years.index(y) for y in question.years]
    series = [_above(v[told], 0) for v in (alone.outcome, alone.money, alone.used)]
    columns = [[ahead.index(cell) for cell in cells] for cells in (one, two)]
    outcome, money, used = series
    curves = tuple(
        Curve(grid[low:], outcome[:, cells], money[:, cells], used[:, cells], asked - low)
        for grid, low, cells, asked in zip(grids, at, columns, there, strict=True)
    )
    place = years.index(year)
    order = np.argsort([i * m + j for i, j in (*ahead, *rest)])

    def square(mine: Any, other: Any) -> Any:
        return np.concatenate([mine, other])[order].reshape(n, m, -1)

    zero = at[0] * m + at[1]
    surface = [
        _above(square(mine[place], other[0]).reshape(n * m, -1), zero).reshape(n, m, -1)
        for mine, other in zip(alone.sums, others.sums, strict=True)
    ]
    return Doses(
        years=question.years,
        curves=(curves[0], curves[1]),
        both=outcome[:, ahead.index((there[0], there[1]))],
        year=year,
        first=grids[0],
        second=grids[1],
        outcome=surface[0],
        money=surface[1],
        used=surface[2],
        hit=square(alone.hit, others.hit),
        base=(at[0], at[1]),
        asked=(there[0], there[1]),
        condition=alone.condition[0],
        replicate=world.replicate,
    )


def _place(grid: Array, level: float) -> int:
    """Return where a level stands among a grid's; the first where it is outside."""
    return int(np.flatnonzero(grid == level)[0]) if level in grid else 0


def _above(values: Array, zero: int) -> Array:
    """Return scenarios' values, (…, scenario, member), above one of them; rounding is 0."""
    above = values - values[..., zero : zero + 1, :]
    tiny = 1e-9 * float(np.nanmax(np.abs(values), initial=0.0))
    above[np.abs(above) <= tiny] = 0.0
    return above


@dataclass(frozen=True, eq=False)
class Sums:
    """Members of some scenarios: (year, scenario, member), and (scenario, member)."""

    years: tuple[int, ...]
    outcome: Array
    money: Array
    used: Array
    hit: NDArray[np.bool_]
    condition: Array

    @property
    def sums(self) -> tuple[Array, Array, Array]:
        """Outcome, money and use."""
        return self.outcome, self.money, self.used


def run_sums(
    world: World,
    question: Question,
    target: Target,
    scenarios: Sequence[Scenario],
    years: tuple[int, ...],
    progress: Count | None,
) -> Sums:
    """Run scenarios and return what the question asks of them."""
    study = world.study
    outcome = outcome_of(study, target)
    how = study.report.headline.aggregate if target.joint else target.aggregate
    more = {outcome.variable: how}
    if question.used:
        more[question.used] = "annual"
    if question.condition:
        more[question.condition] = "mean"
    last = max(*years, int(target.year or 0), question.span[1] if question.condition else 0)
    results = world.run(scenarios, keep_for(study, [target], more), until=last, progress=progress)
    values = results.series(outcome.variable, outcome.element)
    money = _sum(results, [p.variable for p in results.spec.payers if not p.forgone])
    used = _sum(results, [question.used] if question.used else [])
    at = [results.year_index(year) for year in years]
    discount = _discount(results.years, question.discount, question.from_year)
    total = [
        np.cumsum(rates * discount, axis=2)[:, :, at].transpose(2, 0, 1) for rates in (money, used)
    ]
    hit = np.array([margin(results, target, s) > 0 for s in results.scenarios])
    condition = np.zeros(hit.shape)
    if question.condition and question.condition in results.data:
        span = [results.year_index(y) for y in range(question.span[0], question.span[1] + 1)]
        condition = results.series(question.condition)[:, :, span].mean(axis=2)
    return Sums(years, values[:, :, at].transpose(2, 0, 1), total[0], total[1], hit, condition)


def _sum(results: Results, names: Sequence[str]) -> Array:
    total = np.zeros((len(results.scenarios), results.members, results.years.size))
    for name in names:
        if name in results.data:
            total += results.series(name)
    return total


def _discount(years: NDArray[np.int64], rate: float, begin: float) -> Array:
    """Return the factor of each year's money: present value at ``begin``, paid in mid-year."""
    return np.asarray((1 + rate) ** -(years + 0.5 - begin))
