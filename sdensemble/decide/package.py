"""A package taken apart: what each of its levers adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdengine.errors import SDError
from sdensemble.decide.inputs import Array
from sdensemble.decide.shapley import EXACT, shapley, shapley_sampled
from sdensemble.decide.target_runs import TargetRuns
from sdensemble.decide.worlds import Count, World
from sdensemble.inputs.scenarios import Scenario, laid_over
from sdensemble.inputs.targets import Target
from sdensemble.results.shapley import Package, packages

if TYPE_CHECKING:
    import xarray as xr

ORDERS = 12
"""Orders of the levers that are sampled where a package has more than EXACT."""


@dataclass(frozen=True, eq=False)
class TakenApart:
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
    progress: Count | None = None,
) -> TakenApart:
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
        raise SDError(told, name=package.name)
    runs = TargetRuns(world, target, progress)

    def scenario(part: Package) -> Scenario:
        kept = {place for i in part for place in groups[names[i]]}
        settings = tuple(s for place, s in enumerate(package.settings) if place in kept)
        label = "+".join(sorted(names[i] for i in part)) or "none"
        return replace(package, name=label, settings=laid_over(baseline, settings))

    def values(parts: Sequence[Package]) -> Array:
        return runs.utility(runs.run([scenario(part) for part in parts]), chance)

    k = len(names)
    unit = "" if chance else world.kernel.model[runs.outcome.variable].unit
    if k <= EXACT:
        found = shapley(values(list(packages(k))), names, world.replicate)
        return TakenApart(package, target, found, True, unit)
    found = shapley_sampled(values, names, world.replicate, permutations=ORDERS)
    return TakenApart(package, target, found, False, unit)
