"""What members meet in a scenario: their constants, the shocks, and what the scenario sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.program.held import Held
from sdengine.syntax import Model
from sdensemble.ensemble.draws import Draws
from sdensemble.ensemble.forcing import Forcing, sample
from sdensemble.inputs.config import default_of
from sdensemble.inputs.scenarios import Scenario, Setting

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Constants and schedules of some members in one scenario: the input of ``Kernel.run``."""

    constants: Mapping[str, NDArray[np.float64]]
    held: Mapping[str, Held]


@dataclass(frozen=True, eq=False)
class Worlds:
    """Some members' own constants and shocks, made once; a scenario only overrides them."""

    model: Model
    members: int
    constants: Mapping[str, Floats]
    shocks: Mapping[str, Held]

    def __call__(self, scenario: Scenario) -> World:
        """Return what the members meet in a scenario, whole."""
        own = self.own(scenario)
        return World({**self.constants, **own.constants}, {**self.shocks, **own.held})

    def own(self, scenario: Scenario) -> World:
        """Return only what a scenario puts in place of the members' own constants."""
        values, held = apply(scenario, self.model, self.constants, self.members)
        shocks = set(self.shocks)
        clash = sorted(set(held) & shocks | {s.constant for s in scenario.settings} & shocks)
        if clash:
            raise SDError(
                '{file}: "{name}" is driven by the forcing and cannot be set as well',
                file=scenario.path,
                name=clash[0],
            )
        own = {name: one for name, one in values.items() if self.constants.get(name) is not one}
        return World(own, held)


def worlds(
    model: Model, draws: Draws, forcing: Forcing | None, members: NDArray[np.int64]
) -> Worlds:
    """Return what these members meet in any scenario."""
    constants = draws.of(members)
    shocks = sample(forcing, model, members, seed=draws.seed) if forcing else {}
    return Worlds(model, len(members), constants, shocks)


def apply(
    scenario: Scenario, model: Model, values: Mapping[str, Floats], n: int
) -> tuple[dict[str, Floats], dict[str, Held]]:
    """Return the constants (*ranges, member) and the schedules of ``n`` members in a scenario.

    ``values`` are the members' own constants, which pass through where nothing is set; what is
    set from the model's start stands in the constants, what is set later in a schedule, before
    whose first time the constant holds. Elements that are not set keep each member's own value
    throughout. No array of ``values`` is changed.
    """
    constants, held = dict(values), {}
    for name in dict.fromkeys(setting.constant for setting in scenario.settings):
        settings = [setting for setting in scenario.settings if setting.constant == name]
        own = _members_own(model, name, values, n)
        at_start = [setting for setting in settings if setting.times[0] <= model.clock.start]
        if at_start:
            own = own.copy()
            for setting in at_start:
                _put(own, setting, setting.values[0])
            constants[name] = own
        schedule = _schedule(settings, own, model.clock.start)
        if schedule is not None:
            held[name] = schedule
    return constants, held


def _members_own(model: Model, name: str, values: Mapping[str, Floats], n: int) -> Floats:
    """Return a constant's value for each member before the scenario, shape (*ranges, member)."""
    own = values.get(name)
    if own is None:
        own = default_of(model, model[name])[..., None]
    return np.broadcast_to(own, (*model.shape(model[name]), n))


def _schedule(settings: Sequence[Setting], own: Floats, start: float) -> Held | None:
    """Return the values set after the start, or None where there are none.

    The member axis is left out where every element is set at every time, and no member differs.
    """
    later = sorted({time for time in chain(*(s.times for s in settings)) if time > start})
    if not later:
        return None
    cells = {cell for setting in settings if setting.times[0] <= later[0] for cell in setting.cells}
    alike = len(cells) == own[..., 0].size
    now = own[..., 0].copy() if alike else own.copy()
    rows = []
    for time in later:
        for setting in settings:
            if time in setting.times:
                _put(now, setting, setting.values[setting.times.index(time)])
        rows.append(now.copy())
    return Held(np.array(later), np.array(rows))


def _put(array: NDArray[Any], setting: Setting, value: float) -> None:
    """Set the setting's elements, in place."""
    for cell in setting.cells:
        array[cell] = value
