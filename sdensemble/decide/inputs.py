"""What members differ in: the numbers drawn for them and the shocks they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.sobol import merged
from sdensemble.decide.worlds import World
from sdensemble.ensemble.draws import Drawn, Draws, column_names
from sdensemble.ensemble.forcing import sample
from sdensemble.inputs.priors import Priors

Array = NDArray[np.float64]
SHOCKS = "shocks"
"""The group of all random processes."""


def inputs_of(draws: Draws, model) -> tuple[tuple[str, ...], Array]:  # type: ignore[no-untyped-def]
    """Return the names and the drawn numbers of members, (input, member), in the priors' order.

    Members whose points are known give the numbers drawn; a posterior's give its constants.
    """
    drawn = drawn_points(draws)
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


def drawn_points(draws: Draws) -> Drawn | None:
    """Return draws that are made of points of the unit cube; None for those of a posterior."""
    values = draws.values
    return values if isinstance(values, Drawn) and values.uniform else None


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


def units_of(priors: Priors, names: Sequence[str]) -> dict[str, str]:
    """Return the unit of each input."""
    found, column = {}, 0
    for prior in priors.items:
        for name in names[column : column + prior.columns]:
            found[name] = prior.unit
        column += prior.columns
    return found
