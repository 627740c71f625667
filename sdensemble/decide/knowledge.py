"""What to measure: the value of knowing more for the choice of a lever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sdensemble.decide.information import evpi, evppi
from sdensemble.decide.inputs import SHOCKS, Array, columns_by_group, forcing_inputs, inputs_of
from sdensemble.decide.target_runs import TargetRuns, beside
from sdensemble.decide.worlds import Count, World
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.jackknife import WithError, mean_with_error

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What it is worth to know before choosing among scenarios, in the outcome's unit.

    ``means`` are the scenarios' mean effects and errors, ``best`` the one chosen now. ``perfect``
    is the value of knowing all; ``partial`` of single inputs and ``groups`` of groups of them, by
    name, greatest first. ``favours`` names the scenario preferred where an input is high.
    """

    target: Target
    scenarios: tuple[Scenario, ...]
    means: tuple[WithError, ...]
    best: str
    perfect: WithError
    partial: tuple[tuple[str, WithError], ...]
    groups: tuple[tuple[str, WithError], ...]
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
    runs = TargetRuns(world, target, progress)
    every = beside(baseline, scenarios)
    table = runs.utility(runs.run(every), chance)
    utility = table[1:] - table[0]
    replicate = world.replicate
    names, numbers = inputs_of(world.draws, world.kernel.model)
    single = [
        (name, evppi(utility, row, replicate)) for name, row in zip(names, numbers, strict=True)
    ]
    labels, columns = columns_by_group(world.draws.priors, groups) if groups else ((), [])
    several = [
        (label, evppi(utility, numbers[some], replicate))
        for label, some in zip(labels, columns, strict=True)
    ]
    if world.forcing is not None:
        felt = forcing_inputs(world, runs.last)[1]
        if felt.size:
            several.append((SHOCKS, evppi(utility, felt, replicate)))
    means = [mean_with_error(own, replicate) for own in utility]
    chosen = [s.name for s in every[1:]]
    best = chosen[int(np.argmax([m.value for m in means]))]
    ranked = sorted(single, key=lambda one: -one[1].value)
    favours = {
        name: _favours(utility, numbers[names.index(name)], chosen) for name, _ in ranked[:12]
    }
    return Knowledge(
        target,
        tuple(every[1:]),
        tuple(means),
        best,
        evpi(utility, replicate),
        tuple(ranked),
        tuple(sorted(several, key=lambda o: -o[1].value)),
        favours,
    )


def _favours(utility: Array, values: Array, names: Sequence[str]) -> tuple[str, str]:
    """Return which scenario is best in the lowest and in the highest quarter of an input."""
    low, high = np.quantile(values, [0.25, 0.75])
    best = [
        names[int(np.argmax(np.nanmean(utility[:, mask], axis=1)))]
        for mask in (values <= low, values >= high)
    ]
    return best[0], best[1]
