"""Two levers against each other: equal outlay, prices, budgets, where each wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdensemble.decide.doses import Doses, run_doses, run_sums
from sdensemble.decide.levers import Lever, find_lever, turned
from sdensemble.decide.measures import find_target
from sdensemble.decide.monotone import rising
from sdensemble.decide.places import Array, place_of, place_of_cost, value_at
from sdensemble.decide.worlds import Count, World
from sdensemble.inputs.questions import Cost, Question
from sdensemble.inputs.report import Outcome
from sdensemble.inputs.targets import Target
from sdensemble.results.jackknife import Members, WithError, jackknife, mean_with_error, measured

if TYPE_CHECKING:
    import xarray as xr

SPARSE = 4
"""Levels of the first lever run in worlds other than the main one."""


@dataclass(frozen=True, eq=False)
class Convention:
    """One way to count what the second lever costs, and what follows from it, by year.

    ``price`` is charged for each unit used; ``kind`` names whose money that is ("none",
    "treasury" or "forgone"). ``cost`` is what the second lever costs at the level asked,
    ``level`` the level of the first that costs as much, ``first`` its effect there, ``gap`` the
    second's effect less the first's. ``budget`` is the outlay at which both give the same (NaN
    where one leads at every outlay), ``leads`` which leads below it (1 or 2; 0 not told).
    """

    id: str
    price: float
    kind: str
    cost: tuple[WithError, ...]
    level: tuple[WithError, ...]
    first: tuple[WithError, ...]
    gap: tuple[WithError, ...]
    budget: tuple[WithError, ...]
    leads: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """Members of one condition: how many, and both effects at equal outlay, by year."""

    id: str
    share: float
    first: tuple[WithError, ...]
    second: tuple[WithError, ...]
    gap: tuple[WithError, ...]


@dataclass(frozen=True)
class Elsewhere:
    """The same at equal outlay in another world: effects by year, mean and median of the gap."""

    world: str
    structure: str
    prior_set: str
    first: tuple[WithError, ...]
    second: tuple[WithError, ...]
    gap: tuple[WithError, ...]
    gap_median: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Weighed:
    """The answer to a question of two levers, in the main world and in the others.

    ``main`` is the convention that counts where one is needed. ``price`` is the break-even
    price, by year: charged for each unit used it makes the second lever cost what the first
    costs for the same effect. ``interaction`` is what both together give beyond their sum.
    ``marginal`` are the effects of one more unit of outlay on each lever at the levels asked.
    """

    question: Question
    target: Target
    outcome: Outcome
    levers: tuple[Lever, Lever]
    world: World
    doses: Doses
    effects: tuple[tuple[WithError, WithError], ...]
    conventions: tuple[Convention, ...]
    main: int
    price: tuple[WithError, ...]
    interaction: tuple[WithError, ...]
    marginal: tuple[WithError, WithError]
    parts: tuple[Part, ...]
    elsewhere: tuple[Elsewhere, ...]
    lost: int

    def dataset(self) -> xr.Dataset:
        """Return the dose surface by year × first × second, with errors."""
        return _dataset(self)


def weigh(worlds: Sequence[World], question: Question, *, progress: Count | None = None) -> Weighed:
    """Return two levers weighed against each other, as a question file asks.

    The dose surface is run in the first world; in the others both levers at the level asked and
    SPARSE levels of the first. Raises SDError where the question's names are not the study's.
    """
    study = worlds[0].study
    target = find_target(study, question.target)
    first, second = (
        find_lever(study, side.lever, low=side.low, high=side.high, start=side.start)
        for side in question.sides
    )
    base = next((s for s in study.scenarios if s.name == question.base), None)
    if base is None:
        told = '{file}: base: no scenario "{base}"'
        raise SDError(told, file=question.path.name, base=question.base)
    asked = tuple(side.level for side in question.sides)
    doses = run_doses(worlds[0], question, (first, second), target, progress=progress)
    years = range(len(doses.years))
    conventions = tuple(_convention(doses, one) for one in question.costs)
    main = next(i for i, one in enumerate(question.costs) if one.main)
    elsewhere = tuple(
        _elsewhere(world, question, (first, second), target, asked, doses, progress)
        for world in worlds
        if world.has(target)
    )
    one, two = (curve.outcome[:, curve.asked] for curve in doses.curves)
    return Weighed(
        question=question,
        target=target,
        outcome=study.report.outcome_of(target),
        levers=(first, second),
        world=worlds[0],
        doses=doses,
        effects=tuple(
            (mean_with_error(one[y], doses.replicate), mean_with_error(two[y], doses.replicate))
            for y in years
        ),
        conventions=conventions,
        main=main,
        price=tuple(_price(doses, y) for y in years),
        interaction=tuple(_interaction(doses, y) for y in years),
        marginal=_marginal(doses, question.costs[main].price),
        parts=tuple(_parts(doses, question, main)),
        elsewhere=elsewhere,
        lost=int(np.count_nonzero(~np.isfinite(doses.outcome).all(axis=(0, 1)))),
    )


def _interaction(doses: Doses, y: int) -> WithError:
    """Return what both levers as asked give beyond their sum; rounding is 0."""
    sides = sum(curve.outcome[y, curve.asked] for curve in doses.curves)
    size = 1e-9 * float(np.nanmax(np.abs(doses.both[y]), initial=0.0))
    moved = doses.both[y] - sides
    return mean_with_error(np.where(np.abs(moved) <= size, 0.0, moved), doses.replicate)


def _curves(doses: Doses, y: int, price: float) -> Callable[[Members], tuple[Array, ...]]:
    """Return what gives (cost, effect) of each lever alone by level, means over some members."""
    one, two = doses.curves
    kept = np.isfinite(one.outcome[y]).all(axis=0) & np.isfinite(two.outcome[y]).all(axis=0)
    first, second = (np.where(kept, curve.outcome[y], np.nan) for curve in (one, two))
    tables = (one.money[y], first, two.money[y] + price * two.used[y], second)

    def means(some: Members) -> tuple[Array, ...]:
        return tuple(np.nanmean(table[:, some], axis=1) for table in tables)

    return means


def _convention(doses: Doses, cost: Cost) -> Convention:
    """Return what one way of counting the second lever's cost leads to, by year."""
    rows = []
    levels, j = doses.curves[0].levels, doses.curves[1].asked
    for y in range(len(doses.years)):
        means = _curves(doses, y, cost.price)

        def figures(some: Members, means=means) -> Array:  # type: ignore[no-untyped-def]
            money, effect, paid, gain = means(some)
            k = place_of_cost(money, paid[j])
            level, own = value_at(levels, k), value_at(effect, k)
            budget = _budget(money, effect, paid, gain)
            return np.array([paid[j], level, own, gain[j] - own, budget])

        found = jackknife(figures, doses.replicate)
        value, se = found.value, found.se
        leads = _leads(means(np.arange(doses.replicate.size)))
        rows.append([*map(WithError, value.tolist(), se.tolist()), leads])
    columns = list(zip(*rows, strict=True))
    return Convention(cost.id, cost.price, cost.kind, *columns)


def _budget(money: Array, effect: Array, paid: Array, gain: Array) -> float:
    """Return the outlay above 0 at which two levers give the same; NaN where none."""
    most = min(money.max(), paid.max())
    if not most > 0:
        return math.nan
    outlays = np.linspace(0, most, 201)[1:]
    gap = np.interp(outlays, paid, gain) - np.interp(outlays, money, effect)
    turns = np.flatnonzero(gap[:-1] * gap[1:] < 0)
    if not turns.size:  # a gap of 0 where neither does anything yet is no turn
        return math.nan
    return float(value_at(outlays, turns[0] + place_of(gap[turns[0] :], 0.0)))


def _leads(curves: tuple[Array, ...]) -> int:
    """Return which lever gives more for a small outlay: 1, 2, or 0 where neither can be told."""
    money, effect, paid, gain = curves
    most = min(money.max(), paid.max())
    if not most > 0:
        return 2 if gain[-1] > 0 else 0
    small = most / 200
    gap = np.interp(small, paid, gain) - np.interp(small, money, effect)
    return 2 if gap > 0 else 1 if gap < 0 else 0


def _price(doses: Doses, y: int) -> WithError:
    """Return the price for a unit used at which both levers cost the same for the same effect."""
    means = _curves(doses, y, 0.0)
    j = doses.curves[1].asked
    used = doses.curves[1].used[y]

    def figure(some: Members) -> float:
        money, effect, paid, gain = means(some)
        amount = float(np.nanmean(used[j][some]))
        if gain[j] <= effect[0]:
            return math.nan
        spent = float(value_at(money, place_of(effect, float(gain[j]))))
        return (spent - float(paid[j])) / amount if amount > 0 else math.nan

    return measured(figure, doses.replicate)


def _marginal(doses: Doses, price: float) -> tuple[WithError, WithError]:
    """Return what one more unit of spending on each lever gives at the levels asked.

    In the target's year, between the levels next to those asked.
    """
    i, j = doses.asked
    money = doses.money + price * doses.used
    found = []
    for axis, (at, size) in enumerate(((i, doses.first.size), (j, doses.second.size))):
        ends = [(k, j) if axis == 0 else (i, k) for k in (max(at - 1, 0), min(at + 1, size - 1))]
        gain = doses.outcome[ends[1]] - doses.outcome[ends[0]]
        cost = money[ends[1]] - money[ends[0]]
        found.append(measured(partial(_slope, gain, cost), doses.replicate))
    return found[0], found[1]


def _slope(gain: Array, cost: Array, some: Members) -> float:
    spent = float(np.nanmean(cost[some]))
    return float(np.nanmean(gain[some])) / spent if abs(spent) > 1e-9 else math.nan


def _parts(doses: Doses, question: Question, main: int) -> list[Part]:
    """Return both levers at equal outlay in the members of each condition."""
    if not question.condition:
        return []
    low, high = question.bounds
    masks = {
        "above": doses.condition >= high,
        "between": (doses.condition >= low) & (doses.condition < high),
        "below": doses.condition < low,
    }
    equal = _equal(doses, question.costs[main].price)
    one, two = doses.curves
    found = []
    for name, mask in masks.items():
        rows = []
        for y in range(len(doses.years)):
            first = value_at(one.outcome[y], equal[y])
            second = two.outcome[y, two.asked]
            kept = mask & np.isfinite(first) & np.isfinite(second)
            rows.append(
                [_masked(v, kept, doses.replicate) for v in (first, second, second - first)]
            )
        first_, second_, gap = zip(*rows, strict=True)
        found.append(Part(name, float(mask.mean()), first_, second_, gap))
    return found


def _masked(values: Array, kept: NDArray[np.bool_], replicate: NDArray[np.int64]) -> WithError:
    if np.count_nonzero(kept) < 30:
        return WithError(math.nan, math.nan)
    return mean_with_error(values[kept], replicate[kept])


def _equal(doses: Doses, price: float) -> list[float]:
    """Return, by year, the place among the first lever's levels that costs what the second does."""
    j = doses.curves[1].asked
    every = np.arange(doses.replicate.size)
    found = []
    for y in range(len(doses.years)):
        money, _, paid, _ = _curves(doses, y, price)(every)
        found.append(place_of_cost(money, float(paid[j])))
    return found


def _sparse(lever: Lever, doses: Doses, price: float) -> Array:
    """Return a few levels of the first lever: its own, those about equal outlay, and its end."""
    curve = doses.curves[0]
    places = [k for k in _equal(doses, price) if math.isfinite(k)]
    near = float(value_at(curve.levels, max(places))) if places else lever.high
    spread = lever.now + (near - lever.now) * np.array([0.0, 0.6, 1.2, 2.5])
    return np.unique(np.clip([*spread[:SPARSE], lever.high], lever.now, lever.high))


def _elsewhere(
    world: World,
    question: Question,
    levers: tuple[Lever, Lever],
    target: Target,
    asked: tuple[float, ...],
    doses: Doses,
    progress: Count | None,
) -> Elsewhere:
    """Return both levers at equal outlay in another world, from a few levels of the first."""
    base = next(s for s in world.study.scenarios if s.name == question.base)
    first, second = levers
    price = next(one.price for one in question.costs if one.main)
    levels = _sparse(first, doses, price)
    scenarios = [
        turned(base, [(first, level), (second, second.now)], f"{k}")
        for k, level in enumerate(levels)
    ]
    scenarios.append(turned(base, [(first, first.now), (second, asked[1])], "second"))
    found = run_sums(world, question, target, scenarios, question.years, progress)
    rows, medians = [], []
    for y in range(len(found.years)):
        outcome, money = found.outcome[y] - found.outcome[y, 0], found.money[y] - found.money[y, 0]
        used = found.used[y, -1] - found.used[y, 0]
        spent = float(np.nanmean(money[-1] + price * used))
        one = value_at(outcome[:-1], place_of_cost(np.nanmean(money[:-1], axis=1), spent))
        two = outcome[-1]
        rows.append([mean_with_error(v, world.replicate) for v in (one, two, two - one)])
        medians.append(float(np.nanmedian(two - one)))
    one_, two_, gap = zip(*rows, strict=True)
    return Elsewhere(world.name, world.structure, world.prior_set, one_, two_, gap, tuple(medians))


def _means(values: Array, some: Members) -> Array:
    return np.asarray(np.nanmean(values[..., some], axis=-1))


def _dataset(found: Weighed) -> xr.Dataset:
    import xarray as xr

    doses = found.doses
    dims = ("first", "second")
    data: dict[str, Any] = {}
    for name, values in (("effect", doses.outcome), ("money", doses.money), ("used", doses.used)):
        made = jackknife(partial(_means, values), doses.replicate)
        data[name], data[f"{name}_se"] = (dims, made.value), (dims, made.se)
    share = jackknife(partial(_means, doses.hit.astype(float)), doses.replicate)
    change = doses.hit.astype(float) - doses.hit[doses.base]
    moved = jackknife(partial(_means, change), doses.replicate)
    data["p"], data["p_se"] = (dims, share.value), (dims, share.se)
    data["p_change"], data["p_change_se"] = (dims, moved.value), (dims, moved.se)
    # Where P should rise with both levers: the nearest surface that does.
    data["p_rising"] = (dims, rising(share.value, share.se))
    for side, curve in zip(dims, doses.curves, strict=True):
        for name, values in (("effect", curve.outcome), ("money", curve.money)):
            made = jackknife(partial(_means, values), doses.replicate)
            data[f"{side}_{name}"] = (("year", f"{side}_level"), made.value)
            data[f"{side}_{name}_se"] = (("year", f"{side}_level"), made.se)
    coords = {
        "year": list(doses.years),
        "first": doses.first,
        "second": doses.second,
        "first_level": doses.curves[0].levels,
        "second_level": doses.curves[1].levels,
    }
    attrs = {
        "first": found.levers[0].name,
        "second": found.levers[1].name,
        "first_unit": found.levers[0].unit,
        "second_unit": found.levers[1].unit,
        "target": found.target.id,
        "surface_year": doses.year,
        "members": int(doses.replicate.size),
    }
    return xr.Dataset(data, coords, attrs)
