"""What matters: shares of variance by group of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.information import explained
from sdensemble.decide.inputs import SHOCKS, Array, columns_by_group, drawn_points, inputs_of
from sdensemble.decide.sobol import group_indices
from sdensemble.decide.target_runs import beside
from sdensemble.decide.worlds import Count, World
from sdensemble.ensemble.draws import Drawn, Draws, Source, column_names
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.targets import Target, last_year

if TYPE_CHECKING:
    import xarray as xr


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
    every = beside(baseline, scenarios)
    study = world.study
    outcome, head = study.report.outcome_of(target), study.report.headline
    keep = {outcome.variable: head.aggregate if target.joint else target.aggregate}
    last = last_year(target, study.targets)

    def run(members: Draws) -> Array:
        results = world.on(members).run(every, keep, until=last, progress=progress)
        values = np.array([results.at(outcome, s, last) for s in results.scenarios])
        values[1:] -= values[0]
        return values

    names, columns = columns_by_group(world.draws.priors, groups)
    labels = ["outcome", *(s.name for s in every[1:])]
    listed = column_names(world.draws.priors, model)
    held = {name: tuple(listed[c] for c in some) for name, some in zip(names, columns, strict=True)}
    if drawn_points(world.draws) is None:
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
    first, second = drawn_points(a), drawn_points(b)
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
