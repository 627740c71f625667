"""Scenarios side by side: levers, paired differences, outlay by purse, and whether orders hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdensemble.decide.levers import Moved, moved
from sdensemble.decide.measures import paid
from sdensemble.decide.target_runs import beside
from sdensemble.decide.worlds import Count, Named, World, keep_for
from sdensemble.inputs.report import Outcome
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, last_year, leaves
from sdensemble.results.estimate import Estimate, holm, mean_of, p_value, ratio_of
from sdensemble.results.probability import Difference, Probability, difference, distinguishable
from sdensemble.results.results import Effect, Results, outlay_told, purse_charged
from sdensemble.study import Study

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Row:
    """One scenario in one world, against the baseline; money to the end of ``through``.

    ``effect`` is on the outcome in the target's year. ``treasury`` and ``forgone`` are apart.
    ``per_point`` (treasury money for a point of probability) and ``per_unit`` (outcome for a unit
    of treasury money) are (value, error), None where either side cannot be told from 0,
    or more than one purse pays (``purse_charged``).
    ``displaced`` is the paired change of the group the study watches for displacement. ``binds``
    maps each limit to its mean share in the target's year.
    """

    scenario: str
    probability: Probability
    level: Estimate
    median: float
    change: Difference | None
    effect: Effect | None
    treasury: Effect | None
    forgone: Effect | None
    per_point: tuple[float, float] | None
    per_unit: tuple[float, float] | None
    displaced: Effect | None
    binds: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two scenarios in one world, first less second, in the same members.

    ``p_change`` and ``p_effect`` are p-values corrected for the number of pairs (Holm 1979).
    """

    first: str
    second: str
    change: Difference
    effect: Effect
    p_change: float
    p_effect: float

    @property
    def sign(self) -> int:
        """Which does more in the mean: 1 the first, −1 the second, 0 where not told."""
        return int(np.sign(self.effect.found.mean)) if distinguishable(self.effect.found) else 0

    @property
    def sign_of_median(self) -> int:
        """Which is better in most members: the sign of the median difference."""
        return int(np.sign(self.effect.median))

    @property
    def split(self) -> bool:
        """True where mean and median order the two differently."""
        return self.sign * self.sign_of_median < 0


@dataclass(frozen=True, eq=False)
class InWorld:
    """A comparison in one world: rows in the order of the scenario files, and every pair."""

    world: Named
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    members: int
    lost: int

    def pair(self, first: str, second: str) -> Pair:
        """Return two scenarios by their names."""
        return next(one for one in self.pairs if (one.first, one.second) == (first, second))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Scenarios compared over worlds; ``levers`` are all that differ from the baseline.

    ``scopes`` are the same question in other scopes, in the first world.
    """

    target: Target
    outcome: Outcome
    through: int
    baseline: Scenario
    scenarios: tuple[Scenario, ...]
    levers: Mapping[str, tuple[Moved, ...]]
    worlds: tuple[InWorld, ...]
    scopes: tuple[tuple[Target, InWorld], ...] = ()

    @property
    def main(self) -> InWorld:
        """The first world: the one the short answer is about."""
        return self.worlds[0]

    def dataset(self) -> xr.Dataset:
        """Return every number by world × scenario and world × first × second, in its unit."""
        return _dataset(self)


def compare(
    worlds: Sequence[World],
    scenarios: Sequence[Scenario],
    baseline: Scenario,
    target: Target,
    *,
    readings: Sequence[Target] = (),
    through: int | None = None,
    pairs: bool = True,
    progress: Count | None = None,
) -> Comparison:
    """Return scenarios compared with a baseline and with each other, in every world.

    All run on the same members. ``readings`` are the same question in other scopes, asked in the
    first world. ``through`` is the year to whose end money is counted, that of the target where
    none is given; without ``pairs`` each is held against the baseline alone. Worlds whose model
    lacks the target are left out. Raises SDError where none is left.
    """
    study = worlds[0].study
    outcome = study.report.outcome_of(target)
    year = last_year(target, study.targets)
    through = through or year
    every = beside(baseline, scenarios)
    head = study.report.headline
    more = {outcome.variable: head.aggregate} if target.joint else {}
    more |= {regime.variable: "mean" for regime in study.report.regimes}
    if study.report.regimes and head.components:
        more |= {head.components: head.aggregate}
    away = next((group for group in head.groups if group.id == head.displaced), None)
    if away is not None:
        more |= {away.variable: head.aggregate}
    keep = keep_for(study, [target, *readings], more)
    run = (
        (world, world.run(every, keep, until=max(through, year), progress=progress))
        for world in worlds
        if world.has(target)
    )
    return compare_results(
        run, study, every, baseline, target, readings=readings, through=through, pairs=pairs
    )


def compare_results(
    runs: Iterable[tuple[Named, Results]],
    study: Study,
    scenarios: Sequence[Scenario],
    baseline: Scenario,
    target: Target,
    *,
    readings: Sequence[Target] = (),
    through: int | None = None,
    pairs: bool = True,
) -> Comparison:
    """Return the comparison of scenarios already run, such as those of a stored run.

    ``runs`` are worlds with their results, which hold all of ``scenarios``, the baseline first.
    """
    through = through or last_year(target, study.targets)
    found: list[InWorld] = []
    scopes: list[tuple[Target, InWorld]] = []
    for world, results in runs:
        asked = (world, results, scenarios, baseline)
        if not found:
            scopes = [
                (one, in_world(*asked, one, through, pairs))
                for one in readings
                if all(part.variable in results.data for part in leaves(one, study.targets))
            ]
        found.append(in_world(*asked, target, through, pairs))
    if not found:
        told = 'no structure asked for has all that target "{name}" speaks of'
        raise SDError(told, name=target.id)
    levers = {s.name: moved(s, baseline, study.model) for s in scenarios}
    return Comparison(
        target,
        study.report.outcome_of(target),
        through,
        baseline,
        tuple(scenarios),
        levers,
        tuple(found),
        tuple(scopes),
    )


def in_world(
    world: Named,
    results: Results,
    scenarios: Sequence[Scenario],
    baseline: Scenario,
    target: Target,
    through: int,
    paired: bool = True,
) -> InWorld:
    """Return the comparison in one world from its results."""
    study = world.study
    outcome, year = study.report.outcome_of(target), last_year(target, study.targets)
    named = {s.name: s for s in results.scenarios}
    base = named[baseline.name]
    every = [named[s.name] for s in scenarios]
    rows = tuple(_row(results, one, base, target, outcome, year, through) for one in every)
    pairs = []
    for one, other in combinations(every, 2) if paired else ():
        change = difference(results.event(target, one), results.event(target, other))
        pairs.append((one.name, other.name, change, results.effect(outcome, one, other, year)))
    changes = holm(np.array([p_value(pair[2].found) for pair in pairs]))
    effects = holm(np.array([p_value(pair[3].found) for pair in pairs]))
    made = tuple(
        Pair(*pair, float(p), float(q)) for pair, p, q in zip(pairs, changes, effects, strict=True)
    )
    values = results.at(outcome, base, year)
    lost = max((row.probability.lost for row in rows), default=0)
    return InWorld(world, rows, made, values.size, lost)


def _row(
    results: Results,
    one: Scenario,
    base: Scenario,
    target: Target,
    outcome: Outcome,
    year: int,
    through: int,
) -> Row:
    event = results.event(target, one)
    values = results.at(outcome, one, year)
    kept = values[np.isfinite(values)]
    spec = results.spec
    binds = {
        regime.id: limit_share(results, regime.variable, one, year)
        for regime in spec.regimes
        if regime.variable in results.data
    }
    level = mean_of(values, results.replicate)
    median = float(np.median(kept)) if kept.size else math.nan
    if one.name == base.name:
        none = (None,) * 7
        return Row(one.name, event.probability(), level, median, *none, binds)
    change = difference(event, results.event(target, base))
    effect = results.effect(outcome, one, base, year)
    money = paid(results, one, base, through, forgone=False)
    treasury = results.effect_of(money, 1.0)
    forgone = results.effect_of(paid(results, one, base, through, forgone=True), 1.0)
    before = results.event(target, base)
    point = np.where(event.lost | before.lost, np.nan, 100.0 * event.hit - 100.0 * before.hit)
    replicate = results.replicate
    # An outlay that is printed as nothing is no outlay to share an effect out to.
    charged, _ = purse_charged(treasury, forgone)
    spent = charged is not None and outlay_told(treasury)
    told = distinguishable(effect.found)
    per_point = ratio_of(money, point, replicate) if spent and change.distinguishable else None
    per_unit = ratio_of(effect.moved, money, replicate) if spent and told else None
    away = spec.headline.displaced
    group = next((g for g in spec.headline.groups if g.id == away), None)
    displaced = results.effect(group, one, base, year) if group else None
    return Row(
        one.name,
        event.probability(),
        level,
        median,
        change,
        effect,
        treasury,
        forgone,
        per_point,
        per_unit,
        displaced,
        binds,
    )


def limit_share(results: Results, variable: str, scenario: Scenario, year: int) -> float:
    """Return the mean share of a limit in a year, over members.

    Of a share by element it is that of the first group of several elements, else of the
    headline: in each member weighted by the elements' output.
    """
    array = results.data[variable]
    dims = [str(dim) for dim in array.dims if dim not in ("scenario", "member", "year")]
    at = {"scenario": results.place(scenario), "year": results.year_index(year)}
    if not dims:
        return float(np.nanmean(array.isel(at)))
    head = results.spec.headline
    several = [g for g in (*head.groups, head.whole) if len(results.made_of(g)) > 1]
    names = list(results.made_of(several[0])) if several else list(array[dims[0]].values)
    names = [name for name in names if name in array[dims[0]].values]
    shares = array.isel(at).sel({dims[0]: names}).transpose("member", dims[0]).values
    parts = results.data.get(head.components) if head.components else None
    if parts is None or dims[0] not in parts.dims:
        return float(np.nanmean(shares))
    weights = parts.isel(at).sel({dims[0]: names}).transpose("member", dims[0]).values
    return float(np.nanmean((shares * weights).sum(axis=1) / weights.sum(axis=1)))


def _dataset(found: Comparison) -> xr.Dataset:
    import xarray as xr

    names = [s.name for s in found.scenarios]
    worlds = [one.world.name for one in found.worlds]

    def by_row(get) -> tuple[tuple[str, str], Array]:  # type: ignore[no-untyped-def]
        values = [[get(row) for row in one.rows] for one in found.worlds]
        return ("world", "scenario"), np.array(values, dtype=float)

    def of(effect: Effect | None, field: str) -> float:
        if effect is None:
            return math.nan
        return getattr(effect.found, field) if field in ("mean", "se") else getattr(effect, field)

    data = {
        "p": by_row(lambda row: row.probability.middle),
        "p_se": by_row(lambda row: row.probability.se),
        "outcome_mean": by_row(lambda row: row.level.mean),
        "outcome_median": by_row(lambda row: row.median),
        "p_change": by_row(lambda row: row.change.found.mean if row.change else math.nan),
        "p_change_se": by_row(lambda row: row.change.found.se if row.change else math.nan),
    }
    for name in ("effect", "treasury", "forgone", "displaced"):
        for field in ("mean", "se", "median", "low", "high", "helped", "hurt"):
            data[f"{name}_{field}"] = by_row(lambda row, n=name, f=field: of(getattr(row, n), f))
    place = {name: i for i, name in enumerate(names)}
    square = {
        key: np.full((len(worlds), len(names), len(names)), np.nan)
        for key in ("mean", "se", "median", "p_change", "p_change_se", "p_holm")
    }
    for w, one in enumerate(found.worlds):
        for pair in one.pairs:
            i, j = place[pair.first], place[pair.second]
            effect, change = pair.effect.found, pair.change.found
            for key, value, turned in (  # what it is the other way round: the same, or less it
                ("mean", effect.mean, -1),
                ("se", effect.se, 1),
                ("median", pair.effect.median, -1),
                ("p_change", change.mean, -1),
                ("p_change_se", change.se, 1),
                ("p_holm", pair.p_effect, 1),
            ):
                square[key][w, i, j], square[key][w, j, i] = value, turned * value
    dims = ("world", "first", "second")
    pairs = {f"pair_{key}": (dims, value) for key, value in square.items()}
    coords = {"world": worlds, "scenario": names, "first": names, "second": names}
    attrs = {"target": found.target.id, "through": found.through, "outcome": found.outcome.variable}
    return xr.Dataset(data | pairs, coords, attrs)
