"""Which choice holds in every world: regret in P and in shortfall, and stochastic dominance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdengine.errors import SDError
from sdensemble.decide.measures import margin
from sdensemble.decide.robust import dominance, regrets
from sdensemble.decide.worlds import Count, World, keep_for
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, last_year

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Held:
    """How choices do over worlds (structure, prior set, reading of the target).

    ``chance`` are regrets in P, ``shortfall`` in the expected shortfall below the target, in its
    unit (both Datasets of ``robust.regrets``). ``dominance`` is of what is beyond the target, in
    the first world; ``everywhere`` maps (first, second) to the order of dominance that holds in
    every world: 1, 2 or 0.
    """

    targets: tuple[Target, ...]
    scenarios: tuple[Scenario, ...]
    worlds: tuple[tuple[str, str, str, str], ...]
    enough: float
    chance: xr.Dataset
    shortfall: xr.Dataset
    dominance: xr.Dataset
    everywhere: dict[tuple[str, str], int]

    def dataset(self) -> xr.Dataset:
        """Return P, shortfall and both regrets by world × action, dominance by pair."""
        import xarray as xr

        named = {"mean": "p", "mean_se": "p_se"}
        chance = self.chance.rename(named).drop_vars("worst_world")
        short = self.shortfall.drop_vars("worst_world")
        short = short.rename({str(name): f"shortfall_{name}" for name in short.data_vars})
        return xr.merge([chance, short, self.dominance], combine_attrs="override")


def hold(
    worlds: Sequence[World],
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    *,
    enough: float = 0.8,
    progress: Count | None = None,
) -> Held:
    """Return how scenarios do in every world and under every reading of the target.

    ``targets`` are readings of one question, such as the same goal in two scopes: each reading
    of each structure and prior set is a world of its own. ``enough`` is the P from which the
    domain criterion counts a world.
    """
    names, hits, shorts, beyond = [], [], [], []
    for world in worlds:
        asked = [t for t in targets if world.has(t)]
        if not asked:
            continue
        keep = keep_for(world.study, asked)
        last = max(last_year(t, world.study.targets) for t in asked)
        results = world.run(scenarios, keep, until=last, progress=progress)
        for target in asked:
            margins = np.array([margin(results, target, s) for s in results.scenarios])
            lost = ~np.isfinite(margins)
            hits.append(np.where(lost, 0.0, margins > 0))
            shorts.append(np.where(lost, np.nan, np.minimum(margins, 0.0)))
            beyond.append(margins)
            names.append((f"{world.name}/{target.id}", world.structure, world.prior_set, target.id))
    if not names:
        told = 'no structure asked for has all that target "{name}" speaks of'
        raise SDError(told, name=targets[0].id)
    actions = [s.name for s in scenarios]
    labels = [name[0] for name in names]
    replicate = worlds[0].replicate
    found = [dominance(one, replicate, actions) for one in beyond]
    everywhere = {
        (a, b): _common([int(one["order"].sel(first=a, second=b)) for one in found])
        for a in actions
        for b in actions
        if a != b
    }
    return Held(
        tuple(targets),
        tuple(scenarios),
        tuple(names),
        enough,
        regrets(np.array(hits), replicate, labels, actions, enough=enough),
        regrets(np.array(shorts), replicate, labels, actions),
        found[0],
        everywhere,
    )


def _common(orders: Sequence[int]) -> int:
    """Return the order of dominance that all worlds grant: first implies second."""
    return 0 if 0 in orders else max(orders)
