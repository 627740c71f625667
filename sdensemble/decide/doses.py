"""What levels of two levers give, on the same members."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.levers import Lever, turned
from sdensemble.decide.measures import Array, margin
from sdensemble.decide.worlds import Count, World, keep_for
from sdensemble.inputs.questions import Question
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.results import Results

Ids = NDArray[np.int64] | None
"""The members to run; None: all."""


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
    years = tuple(sorted({*question.years, year}))

    def run(cells: Sequence[tuple[int, int]], years: tuple[int, ...], only: Ids = None) -> Sums:
        every = [scenario(*cell) for cell in cells]
        return run_sums(world, question, target, every, years, progress, only)

    def column(j: int, only: Ids) -> list[tuple[int, Array]]:
        """Run a level of the second lever under all of the first that are not known yet."""
        rows = [i for i in range(n) if (i, j) not in ahead]
        if not rows:
            return []
        return list(zip(rows, run([(i, j) for i in rows], (year,), only).at(year), strict=True))

    alone = run(ahead, years)
    known = dict(zip(ahead, alone.at(year), strict=True))
    surface = _surface((n, m), known, column, progress)
    told = [years.index(y) for y in question.years]
    series = [_above(v[told], 0) for v in (alone.outcome, alone.money, alone.used)]
    columns = [[ahead.index(cell) for cell in cells] for cells in (one, two)]
    gain, paid, taken = series
    curves = tuple(
        Curve(grid[low:], gain[:, cells], paid[:, cells], taken[:, cells], asked - low)
        for grid, low, cells, asked in zip(grids, at, columns, there, strict=True)
    )
    outcome, money, used = (
        _above(part.reshape(n * m, -1), at[0] * m + at[1]).reshape(n, m, -1) for part in surface[:3]
    )
    return Doses(
        years=question.years,
        curves=(curves[0], curves[1]),
        both=gain[:, ahead.index((there[0], there[1]))],
        year=year,
        first=grids[0],
        second=grids[1],
        outcome=outcome,
        money=money,
        used=used,
        hit=surface[3] > 0,
        base=(at[0], at[1]),
        asked=(there[0], there[1]),
        condition=alone.condition[0],
        replicate=world.replicate,
    )


def _surface(
    shape: tuple[int, int],
    known: Mapping[tuple[int, int], Array],
    column: Callable[[int, Ids], Sequence[tuple[int, Array]]],
    progress: Count | None,
) -> Array:
    """Return what every pair of levels gives, (series, first, second, member); see ``Sums.at``.

    The levels of the second lever are halved. A member whose every series is the same at both ends
    of an interval, bit for bit and under each level of the first lever, is taken to be so between
    them, and not run there. Many are: land that is not short moves nothing.
    """
    n, m = shape
    some = next(iter(known.values()))
    found = np.empty((len(some), n, m, some.shape[-1]))

    def fill(j: int, only: Ids) -> None:
        for i, values in column(j, only):
            found[:, i, j, slice(None) if only is None else only] = values

    def between(low: int, high: int) -> None:
        middle = (low + high) // 2
        if middle == low:
            return
        moved = (found[:, :, low] != found[:, :, high]).any(axis=(0, 1))
        found[:, :, middle, ~moved] = found[:, :, low, ~moved]
        if progress:
            spared = sum((i, middle) not in known for i in range(n))
            progress(spared * int(np.count_nonzero(~moved)))
        if moved.any():
            fill(middle, np.flatnonzero(moved))
        for (i, j), values in known.items():
            if j == middle:
                found[:, i, j] = values
        between(low, middle)
        between(middle, high)

    for j in {0, m - 1}:
        fill(j, None)
    for (i, j), values in known.items():
        found[:, i, j] = values
    between(0, m - 1)
    return found


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

    def at(self, year: int) -> Array:
        """Return outcome, money, use and whether the target is met, (scenario, series, member)."""
        place = self.years.index(year)
        series = (self.outcome[place], self.money[place], self.used[place], self.hit)
        return np.stack(series, axis=1).astype(float)


def run_sums(
    world: World,
    question: Question,
    target: Target,
    scenarios: Sequence[Scenario],
    years: tuple[int, ...],
    progress: Count | None,
    only: Ids = None,
) -> Sums:
    """Run scenarios, on all members or some, and return what the question asks of them."""
    study = world.study
    outcome = study.report.outcome_of(target)
    how = study.report.headline.aggregate if target.joint else target.aggregate
    more = {outcome.variable: how}
    if question.used:
        more[question.used] = "annual"
    if question.condition:
        more[question.condition] = "mean"
    last = max(*years, int(target.year or 0), question.span[1] if question.condition else 0)
    keep = keep_for(study, [target], more)
    results = world.run(scenarios, keep, until=last, only=only, progress=progress)
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
