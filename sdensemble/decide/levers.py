"""Levers that can be turned: constants of the model with limits, and scenarios that set them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdengine.errors import Message, Problems, SDError
from sdengine.syntax import Model
from sdensemble.inputs.config import Cell, Section, bounds, default_of, find_cells
from sdensemble.inputs.scenarios import Scenario, Setting, laid_over, split_name
from sdensemble.study import Study


@dataclass(frozen=True)
class Lever:
    """A constant, or one element of it, that is set from ``start`` on.

    ``low`` and ``high`` are the ends of what may be asked, in ``unit``; ``now`` is the model's
    own value.
    """

    constant: str
    element: str | None
    cells: tuple[Cell, ...]
    unit: str
    now: float
    low: float
    high: float
    start: float

    @property
    def name(self) -> str:
        """The constant with its element, as files write it."""
        return f"{self.constant}[{self.element}]" if self.element else self.constant


def find_lever(
    study: Study,
    name: str,
    *,
    low: float | None = None,
    high: float | None = None,
    start: float | None = None,
) -> Lever:
    """Return a lever by name or label, ``"name[element]"`` for one element.

    It starts where the study's scenarios start it, unless ``start`` says other, and goes from
    the model's limits, unless ``low`` and ``high`` are narrower. Raises SDError for what is no
    constant, has no limits or leaves them.
    """
    model = study.model
    constant, element = split_name(name)
    written = study.find(constant)
    variable = model[written]
    if written not in {one.name for one in model.constants()}:
        told = '"{name}" is computed by the model and cannot be set: it is no lever'
        raise SDError(told, name=written)
    least, most = bounds(variable)
    problems = [
        Message(
            '"{name}": {value:g} is outside the limits of the constant ({low:g} to {high:g})',
            name=written,
            value=value,
            low=least,
            high=most,
        )
        for value in (low, high)
        if value is not None and not least <= value <= most
    ]
    if problems:
        raise SDError(problems)
    low, high = least if low is None else low, most if high is None else high
    if not np.isfinite([low, high]).all() or not low < high:
        told = '"{name}": no range to search, {low:g} to {high:g}: give --from and --to'
        raise SDError(told, name=written, low=low, high=high)
    found = Problems()
    cells = find_cells(model, variable, element, Section(f'"{written}"', {}, found))
    found.raise_if_any()
    own = default_of(model, variable)
    now = float(own[cells[0]])
    begins = start_of(study, written) if start is None else start
    if not model.clock.start <= begins < model.clock.stop:
        told = '"{name}": {time:g} is outside the model\'s time, {start:g} to {stop:g}'
        words = {"time": begins, "start": model.clock.start, "stop": model.clock.stop}
        raise SDError(told, name=written, **words)
    return Lever(written, element or None, cells, variable.unit, now, low, high, begins)


def start_of(study: Study, constant: str) -> float:
    """Return when the study's scenarios start a lever; the model's start where none sets it."""
    times = [s.times[0] for one in study.scenarios for s in one.settings if s.constant == constant]
    later = [time for time in times if time > study.model.clock.start]
    return min(later or times, default=study.model.clock.start)


def turned(base: Scenario, levels: Sequence[tuple[Lever, float]], name: str) -> Scenario:
    """Return a scenario in which some levers stand at levels of one's own.

    What ``base`` says of the same elements is left out; everything else of it stays.
    """
    new = [
        Setting(
            lever.constant, lever.element, (lever.start,), (float(level),), "lever", lever.cells
        )
        for lever, level in levels
    ]
    return replace(base, name=name, settings=laid_over(base, new), digest="", package=None)


@dataclass(frozen=True)
class Moved:
    """One lever that stands elsewhere than in the baseline: from when, at what, by how much.

    ``values`` and ``times`` are its schedule; ``baseline`` is what it was there at the start.
    """

    constant: str
    element: str | None
    unit: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    baseline: float

    @property
    def name(self) -> str:
        """The constant with its element."""
        return f"{self.constant}[{self.element}]" if self.element else self.constant


def moved(scenario: Scenario, baseline: Scenario, model: Model) -> tuple[Moved, ...]:
    """Return every setting of a scenario that differs from the baseline's, in file order."""
    known = {(s.constant, s.element): (s.times, s.values) for s in baseline.settings}
    found = []
    for setting in scenario.settings:
        key = (setting.constant, setting.element)
        own = model[setting.constant]
        before = default_of(model, own)[setting.cells[0]]
        there = known.get(key)
        if there == (setting.times, setting.values):
            continue
        if there is None and all(value == before for value in setting.values):
            continue
        at = there[1][0] if there else float(before)
        found.append(Moved(*key, own.unit, setting.times, setting.values, at))
    return tuple(found)
