"""What an outcome and a lever's effect hang on, what to go and measure, and where members miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError
from sdensemble.decide.information import Worth, evpi, evppi, explained
from sdensemble.decide.measures import margin, outcome_of
from sdensemble.decide.prim import Box, discover, strongest
from sdensemble.decide.reach import last_year
from sdensemble.decide.shapley import EXACT, Package, packages, shapley, shapley_sampled
from sdensemble.decide.sobol import group_indices, merged
from sdensemble.decide.worlds import Count, World, keep_for
from sdensemble.ensemble.draws import Drawn, Draws, Source, column_names
from sdensemble.ensemble.forcing import sample
from sdensemble.inputs.priors import Priors
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.estimate import Estimate, share_of

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
SHOCKS = "shocks"
"""The group of all random processes."""
BOX_INPUTS = 30
"""Inputs a box is sought in: those of most bearing."""


# ── inputs ──


def inputs_of(draws: Draws, model) -> tuple[tuple[str, ...], Array]:  # type: ignore[no-untyped-def]
    """Return the names and the drawn numbers of members, (input, member), in the priors' order.

    Members whose points are known give the numbers drawn; a posterior's give its constants.
    """
    drawn = _uniform(draws)
    if drawn is not None:
        return column_names(draws.priors, model), drawn.numbers(np.arange(draws.members))
    names, rows = [], []
    for prior in draws.priors.items:
        for cell in prior.cells if prior.each else prior.cells[:1]:
            names.append(
                prior.name if cell == () or not prior.each else f"{prior.name}{list(cell)}"
            )
            rows.append(np.asarray(draws.values[prior.constant])[cell])
    return tuple(names), np.array(rows)


def columns_by_group(
    priors: Priors, groups: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, ...], list[list[int]]]:
    """Return the names of groups of priors and their columns; priors in none are "rest".

    ``groups`` maps a group to names of constants, or of a constant's element. Groups that a
    copula ties together are joined under both names.
    """
    place: dict[str, list[int]] = {}
    tied: dict[str, list[int]] = {}
    column = 0
    for prior in priors.items:
        columns = list(range(column, column + prior.columns))
        column += prior.columns
        name = next(
            (
                g
                for g, members in groups.items()
                if prior.name in members or prior.constant in members
            ),
            "rest" if groups else prior.name,
        )
        place.setdefault(name, []).extend(columns)
        if prior.group and priors.correlations.get(prior.group):
            tied.setdefault(prior.group, []).extend(columns)
    order = [name for name in (*groups, *place) if name in place]
    order = list(dict.fromkeys(order))
    joined = merged([place[name] for name in order], list(tied.values()))
    names = []
    for columns in joined:
        names.append(" + ".join(name for name in order if set(place[name]) & set(columns)))
    return tuple(names), joined


# ── shares of variance ──


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of variance by group: of the outcome, and of each scenario's effect on it.

    ``by`` maps "outcome" and scenario names to Datasets over ``group`` (``sobol.group_indices``).
    ``swapped`` is false where the draws are a posterior's: they hang together, so that no group
    can be exchanged by itself; ``first`` is then the share explained, and ``total`` NaN.
    ``chance`` maps the same scenarios to nothing more than their mean effect and its error.
    """

    target: Target
    scenarios: tuple[Scenario, ...]
    by: Mapping[str, xr.Dataset]
    groups: Mapping[str, tuple[str, ...]]
    members: int
    swapped: bool

    def dataset(self) -> xr.Dataset:
        """Return first and total shares with their errors by output × group."""
        import xarray as xr

        return xr.concat(list(self.by.values()), "output", combine_attrs="override").assign_coords(
            output=list(self.by)
        )


def shares(
    world: World,
    other: World,
    baseline: Scenario,
    scenarios: Sequence[Scenario],
    target: Target,
    groups: Mapping[str, Sequence[str]],
    *,
    progress: Count | None = None,
) -> Shares:
    """Return what the outcome, and each scenario's effect, hang on, by group of inputs.

    ``other`` is the same world with an independent sample; Latin hypercubes or plain draws, as
    two scrambles of Sobol points are not independent point by point. All shocks are one group.
    """
    model = world.kernel.model
    every = [baseline, *(s for s in scenarios if s.name != baseline.name)]
    outcome = outcome_of(world.study, target)
    head = world.study.report.headline
    keep = {outcome.variable: head.aggregate if target.joint else target.aggregate}
    last = last_year(world, target)

    def run(members: Draws) -> Array:
        results = world.on(members).run(every, keep, until=last, progress=progress)
        values = np.array([results.at(outcome, s, last) for s in results.scenarios])
        values[1:] -= values[0]
        return values

    names, columns = columns_by_group(world.draws.priors, groups)
    labels = ["outcome", *(s.name for s in every[1:])]
    listed = column_names(world.draws.priors, model)
    held = {name: tuple(listed[c] for c in some) for name, some in zip(names, columns, strict=True)}
    if _uniform(world.draws) is None:
        values = run(world.draws)
        numbers = inputs_of(world.draws, model)[1]
        found = {
            label: _explained(values[k], numbers, names, columns, world.replicate)
            for k, label in enumerate(labels)
        }
        return Shares(target, tuple(every), found, held, world.draws.members, False)
    a, b = world.draws, other.draws
    f_a, f_b = run(a), run(b)
    swapped = [run(_swap(a, b, some, model)) for some in columns]
    if world.forcing is not None:
        swapped.append(run(replace(a, seed=b.seed)))
        names, held = (*names, SHOCKS), {**held, SHOCKS: ()}
    table = np.array(swapped)
    found = {
        label: group_indices(f_a[k], f_b[k], table[:, k], world.replicate, names)
        for k, label in enumerate(labels)
    }
    return Shares(target, tuple(every), found, held, a.members, True)


def _uniform(draws: Draws) -> Drawn | None:
    """Return draws that are made of points of the unit cube; None for those of a posterior."""
    values = draws.values
    return values if isinstance(values, Drawn) and values.uniform else None


@dataclass(frozen=True)
class Swapped:
    """Points of one sample, with some columns of another."""

    first: Source
    second: Source
    columns: tuple[int, ...]

    @property
    def digest(self) -> str:
        """What the points are made of."""
        return f"{self.first.digest} {self.second.digest} {self.columns}"

    def of(self, members: NDArray[np.int64]) -> Array:
        """Return the points of some members, (column, member)."""
        points = self.first.of(members)
        points[list(self.columns)] = self.second.of(members)[list(self.columns)]
        return points


def _swap(a: Draws, b: Draws, columns: Sequence[int], model) -> Draws:  # type: ignore[no-untyped-def]
    """Return sample A with some columns of B, whose shocks stay those of A."""
    first, second = _uniform(a), _uniform(b)
    assert first is not None and second is not None  # noqa: PT018
    swapped = Swapped(first.source, second.source, tuple(columns))
    return replace(a, values=Drawn(a.priors, model, swapped, a.members))


def _explained(
    values: Array,
    numbers: Array,
    names: Sequence[str],
    columns: Sequence[Sequence[int]],
    replicate: NDArray[np.int64],
) -> xr.Dataset:
    import xarray as xr

    worth = [explained(values, numbers[list(some)], replicate) for some in columns]
    nan = np.full(len(names), np.nan)
    return xr.Dataset(
        {
            "first": ("group", [one.value for one in worth]),
            "first_se": ("group", [one.se for one in worth]),
            "total": ("group", nan),
            "total_se": ("group", nan),
        },
        {"group": list(names)},
        {
            "mean": float(np.nanmean(values)),
            "variance": float(np.nanvar(values)),
            "members": int(values.size),
            "lost": int(np.count_nonzero(~np.isfinite(values))),
        },
    )


# ── shares of a package ──


@dataclass(frozen=True, eq=False)
class Package_:
    """A package taken apart lever by lever: Dataset of ``shapley`` over ``lever``."""

    scenario: Scenario
    target: Target
    shares: xr.Dataset
    exact: bool
    unit: str

    def dataset(self) -> xr.Dataset:
        """Return shares, effects alone and on top, and interactions, in the outcome's unit."""
        return self.shares


def take_apart(
    world: World,
    package: Scenario,
    baseline: Scenario,
    target: Target,
    *,
    chance: bool = False,
    permutations: int = 12,
    progress: Count | None = None,
) -> Package_:
    """Return how much of a package's effect each of its levers has, by Shapley's shares.

    Of the target's outcome, or with ``chance`` of P. Levers are the settings by constant, an
    execution rate going with its lever. Every subset up to EXACT levers, sampled orders beyond.
    """
    groups: dict[str, list[int]] = {}
    for place, setting in enumerate(package.settings):
        name = setting.constant.removesuffix(" execution")
        groups.setdefault(name if name in groups else setting.constant, []).append(place)
    names = list(groups)
    if len(names) < 2:
        told = '"{name}" moves fewer than two levers: nothing to share'
        raise SDError(Message(told, name=package.name))
    outcome = outcome_of(world.study, target)
    head = world.study.report.headline
    keep = keep_for(
        world.study, [target], {outcome.variable: head.aggregate} if target.joint else {}
    )
    last = last_year(world, target)

    def scenario(part: Package) -> Scenario:
        kept = {place for i in part for place in groups[names[i]]}
        settings = tuple(s for place, s in enumerate(package.settings) if place in kept)
        mine = {(s.constant, cell) for s in settings for cell in s.cells}
        under = tuple(
            s for s in baseline.settings if not any((s.constant, cell) in mine for cell in s.cells)
        )
        label = "+".join(sorted(names[i] for i in part)) or "none"
        return replace(package, name=label, settings=(*under, *settings))

    def values(parts: Sequence[Package]) -> Array:
        results = world.run([scenario(p) for p in parts], keep, until=last, progress=progress)
        if chance:
            return np.array([margin(results, target, s) > 0 for s in results.scenarios], float)
        return np.array([results.at(outcome, s, last) for s in results.scenarios])

    k = len(names)
    unit = "" if chance else world.kernel.model[outcome.variable].unit
    if k <= EXACT:
        found = shapley(values(list(packages(k))), names, world.replicate)
        return Package_(package, target, found, True, unit)
    found = shapley_sampled(values, names, world.replicate, permutations=permutations)
    return Package_(package, target, found, False, unit)


# ── the value of knowing more ──


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What it is worth to know before choosing among scenarios, in the outcome's unit.

    ``means`` are the scenarios' mean effects and errors, ``best`` the one chosen now. ``perfect``
    is the value of knowing all; ``partial`` of single inputs and ``groups`` of groups of them, by
    name, greatest first. ``favours`` names the scenario preferred where an input is high.
    """

    target: Target
    scenarios: tuple[Scenario, ...]
    means: tuple[tuple[float, float], ...]
    best: str
    perfect: Worth
    partial: tuple[tuple[str, Worth], ...]
    groups: tuple[tuple[str, Worth], ...]
    favours: Mapping[str, tuple[str, str]]

    def dataset(self) -> xr.Dataset:
        """Return the value of knowing each input and each group, with errors."""
        import xarray as xr

        data: dict[str, Any] = {}
        coords: dict[str, Any] = {}
        for dim, found in (("input", self.partial), ("group", self.groups)):
            data[f"{dim}_worth"] = (dim, [worth.value for _, worth in found])
            data[f"{dim}_worth_se"] = (dim, [worth.se for _, worth in found])
            coords[dim] = [name for name, _ in found]
        attrs = {"perfect": self.perfect.value, "perfect_se": self.perfect.se, "best": self.best}
        return xr.Dataset(data, coords, attrs)


def knowledge(
    world: World,
    baseline: Scenario,
    scenarios: Sequence[Scenario],
    target: Target,
    groups: Mapping[str, Sequence[str]],
    *,
    chance: bool = False,
    progress: Count | None = None,
) -> Knowledge:
    """Return the value of information for the choice among scenarios on a target's outcome.

    Utility is the effect on the outcome (with ``chance`` a hit), so the scenarios should cost
    alike, or the choice be between things that are paid for anyway.
    """
    from sdensemble.decide.jackknife import jackknife

    model = world.kernel.model
    outcome = outcome_of(world.study, target)
    keep = keep_for(
        world.study,
        [target],
        {outcome.variable: world.study.report.headline.aggregate} if target.joint else {},
    )
    last = last_year(world, target)
    every = [baseline, *(s for s in scenarios if s.name != baseline.name)]
    results = world.run(every, keep, until=last, progress=progress)
    if chance:
        table = np.array([margin(results, target, s) > 0 for s in results.scenarios], float)
    else:
        table = np.array([results.at(outcome, s, last) for s in results.scenarios])
    utility = table[1:] - table[0]
    replicate = world.replicate
    names, numbers = inputs_of(world.draws, model)
    single = [
        (name, evppi(utility, row, replicate)) for name, row in zip(names, numbers, strict=True)
    ]
    labels, columns = columns_by_group(world.draws.priors, groups) if groups else ((), [])
    several = [
        (label, evppi(utility, numbers[some], replicate))
        for label, some in zip(labels, columns, strict=True)
    ]
    if world.forcing is not None:
        felt = forcing_inputs(world, last)[1]
        if felt.size:
            several.append((SHOCKS, evppi(utility, felt, replicate)))
    means = [jackknife(partial(_mean_of, own), replicate) for own in utility]
    chosen = [s.name for s in every[1:]]
    best = chosen[int(np.argmax([float(m.value) for m in means]))]
    ranked = sorted(single, key=lambda one: -one[1].value)
    favours = {
        name: _favours(utility, numbers[names.index(name)], chosen) for name, _ in ranked[:12]
    }
    return Knowledge(
        target,
        tuple(every[1:]),
        tuple((float(m.value), float(m.se)) for m in means),
        best,
        evpi(utility, replicate),
        tuple(ranked),
        tuple(sorted(several, key=lambda o: -o[1].value)),
        favours,
    )


def _mean_of(values: Array, some: NDArray[np.int64]) -> float:
    return float(np.nanmean(values[some]))


def _favours(utility: Array, values: Array, names: Sequence[str]) -> tuple[str, str]:
    """Return which scenario is best in the lowest and in the highest quarter of an input."""
    low, high = np.quantile(values, [0.25, 0.75])
    best = [
        names[int(np.argmax(np.nanmean(utility[:, mask], axis=1)))]
        for mask in (values <= low, values >= high)
    ]
    return best[0], best[1]


def forcing_inputs(world: World, last: int) -> tuple[tuple[str, ...], Array]:
    """Return each random process as one number a member: its mean up to a year, (process, member).

    Of processes by element each element is one.
    """
    if world.forcing is None:
        return (), np.empty((0, world.draws.members))
    model = world.kernel.model
    held = sample(world.forcing, model, np.arange(world.draws.members), seed=world.draws.seed)
    names, rows = [], []
    for process in world.forcing.processes:
        schedule = held[process.drives]
        times = np.asarray(schedule.times)
        values = np.asarray(schedule.values)[times < last + 1]
        for cell in process.cells:
            index: Any = (slice(None), *cell)
            path = values[index]
            if path.ndim == 2:
                rows.append(path.mean(axis=0))
                names.append(process.name if cell == () else f"{process.name}{list(cell)}")
    return tuple(names), np.array(rows).reshape(len(rows), world.draws.members)


# ── where members miss ──


@dataclass(frozen=True, eq=False)
class Discovered:
    """The box of inputs in which members miss a target under a scenario, in the inputs' units.

    ``inputs`` names the box's columns, ``units`` their units; ``quantiles`` says where each limit
    stands among the members (share below its lower and its upper end). ``base`` is the share of
    all members that miss, or meet.
    """

    target: Target
    scenario: Scenario
    base: Estimate
    box: Box
    inputs: tuple[str, ...]
    units: tuple[str, ...]
    quantiles: tuple[tuple[float, float], ...]
    tried: int
    members: int


def boxes(
    world: World,
    scenario: Scenario,
    target: Target,
    *,
    meets: bool = False,
    resamples: int = 20,
    progress: Count | None = None,
) -> Discovered:
    """Return where members miss (or with ``meets``, meet) a target under a scenario."""
    model = world.kernel.model
    last = last_year(world, target)
    results = world.run([scenario], keep_for(world.study, [target]), until=last, progress=progress)
    beyond = margin(results, target, results.scenarios[0])
    case = beyond > 0 if meets else ~(beyond > 0)
    names, numbers = inputs_of(world.draws, model)
    shocks, paths = forcing_inputs(world, last)
    every, x = (*names, *shocks), np.concatenate([numbers, paths])
    few = strongest(x, case, BOX_INPUTS)
    box = discover(x[few], case, resamples=resamples)
    units = {**dict.fromkeys(shocks, ""), **_units(world.draws.priors, names)}
    if world.forcing is not None:
        drives = {p.name: p.unit for p in world.forcing.processes}
        units |= {name: drives.get(name.split("[")[0], "") for name in shocks}
    rows = x[few]
    quantiles = tuple(
        (
            float((rows[limit.column] < limit.low).mean()),
            float((rows[limit.column] <= limit.high).mean()),
        )
        for limit in box.limits
    )
    chosen = [every[i] for i in few]
    return Discovered(
        target,
        scenario,
        share_of(case, world.replicate),
        box,
        tuple(chosen[limit.column] for limit in box.limits),
        tuple(units.get(chosen[limit.column], "") for limit in box.limits),
        quantiles,
        len(every),
        int(case.size),
    )


def _units(priors: Priors, names: Sequence[str]) -> dict[str, str]:
    found, column = {}, 0
    for prior in priors.items:
        for name in names[column : column + prior.columns]:
            found[name] = prior.unit
        column += prior.columns
    return found
