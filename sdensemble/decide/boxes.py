"""Where members miss a target: boxes of inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdensemble.decide.inputs import forcing_inputs, inputs_of, units_of
from sdensemble.decide.prim import Box, discover, strongest
from sdensemble.decide.target_runs import TargetRuns
from sdensemble.decide.worlds import Count, World
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target
from sdensemble.results.estimate import Estimate, share_of

BOX_INPUTS = 30
"""Inputs a box is sought in: those of most bearing."""


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
    progress: Count | None = None,
) -> Discovered:
    """Return where members miss (or with ``meets``, meet) a target under a scenario."""
    model = world.kernel.model
    runs = TargetRuns(world, target, progress)
    (beyond,) = runs.margins(runs.run([scenario]))
    case = beyond > 0 if meets else ~(beyond > 0)
    names, numbers = inputs_of(world.draws, model)
    shocks, paths = forcing_inputs(world, runs.last)
    every, x = (*names, *shocks), np.concatenate([numbers, paths])
    few = strongest(x, case, BOX_INPUTS)
    box = discover(x[few], case)
    units = {**dict.fromkeys(shocks, ""), **units_of(world.draws.priors, names)}
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
