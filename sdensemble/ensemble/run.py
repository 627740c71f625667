"""Scenarios × draws → one labelled Dataset: every member meets the same world in each scenario."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.kernel import Kernel, Trajectories
from sdengine.syntax import Model
from sdensemble import __version__
from sdensemble.ensemble.blocks import Count, Runner, Threads, Work, block_size
from sdensemble.ensemble.draws import Draws
from sdensemble.ensemble.forcing import Forcing
from sdensemble.ensemble.worlds import worlds
from sdensemble.inputs.config import cell_name
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.units import amount_of
from sdensemble.lang import LANGS

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Lost:
    """What went wrong in a scenario where a kept value is NaN or infinite in some members.

    ``member`` is one of those that fail first; in it ``variable`` is the first that is not
    finite, by time and then by the order of evaluation, and ``time`` is when.
    """

    scenario: str
    members: int
    member: int
    variable: str
    time: float


def run_ensemble(
    kernel: Kernel,
    scenarios: Sequence[Scenario],
    draws: Draws,
    forcing: Forcing | None = None,
    *,
    keep: Mapping[str, str],
    until: int | None = None,
    only: NDArray[np.int64] | None = None,
    size: int | None = None,
    by: Runner | None = None,
    progress: Count | None = None,
) -> xr.Dataset:
    """Return a Dataset over scenario, member, year and the variables' own ranges.

    ``keep`` maps variables to an aggregate: "annual", the integral over [Y, Y + 1) by the
    trapezium rule; "mean", that integral over one time unit; "end", the value at Y + 1. Units
    and labels are attributes. Years after ``until`` are not run; of the members, where some are
    named, ``only`` those, by their ascending numbers. The same draws and the same forcing serve
    every scenario, so differences between scenarios are paired by member. ``progress`` is called
    with the number of members finished. No result depends on ``size``, the members of a block, or
    on ``by``, who runs them (threads without it); of many runs only what the kept variables hang on
    is computed, with the same bits (``Kernel.best``).
    The attribute ``lost`` has one entry (see Lost) for each scenario with members that are not
    finite. Raises SDError where the clock has no whole years.
    """
    model = kernel.model
    names = {model[name].name: aggregate for name, aggregate in keep.items()}
    every, years = whole_years(model)
    years = years if until is None else range(years.start, min(years.stop, until + 1))
    count = draws.members if only is None else only.size
    size = size or block_size(count)
    work = Work(model, tuple(scenarios), draws, forcing, names, years, every, size, only)
    few = kernel.best(names, count * len(scenarios))
    buffers = work.buffers(count)
    work, kept = replace(work, into=buffers), work.named(buffers, count)
    work.broken.update(range(len(scenarios)) if kernel.program.void.size else ())
    for index, values in (by or Threads()).run(few, work, range(len(work)), progress):
        for name, array in kept.items():
            if not np.may_share_memory(values[name], array):  # from disk, or another machine
                array[..., work.place(index)] = values[name]
                work.broken.update(range(len(scenarios)))
    # Members lie side by side in memory, as most questions are asked over them; in the labels
    # they come first.
    results = {name: np.moveaxis(array, -1, 1) for name, array in kept.items()}
    dataset = _dataset(work, results)
    lost = diagnose(kernel, work, results)
    dataset.attrs["lost"] = [asdict(one) for one in lost]
    return dataset


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the Dataset of a sample run part by part, each from the member the last ended at."""
    import xarray as xr

    if len(parts) == 1:
        return parts[0]
    data = xr.concat(parts, "member", combine_attrs="override")
    lost: dict[str, dict[str, Any]] = {}
    for one in (one for part in parts for one in part.attrs["lost"]):
        first = lost.setdefault(one["scenario"], {**one, "members": 0})
        first["members"] += one["members"]
    return data.assign_attrs(lost=list(lost.values()))


def replay(
    kernel: Kernel, scenario: Scenario, draws: Draws, forcing: Forcing | None, member: int
) -> Trajectories:
    """Return one member's run once more, alone, with every variable at every step."""
    world = worlds(kernel.model, draws, forcing, np.array([member]))(scenario)
    names = [name for name in kernel.program.slots if name in kernel.model]
    return kernel.run(world.constants, world.held, report=names, every=1, members=1, ids=[member])


def diagnose(
    kernel: Kernel, work: Work, results: Mapping[str, NDArray[np.float64]]
) -> tuple[Lost, ...]:
    """Return what was lost in each scenario, found by replaying one of its members.

    ``results`` are the kept values, shape (scenario, member, year, *ranges).
    """
    found = []
    for place in sorted(work.broken):
        scenario = work.scenarios[place]
        # One value that is not finite makes the sum so; far faster than a mask of every value.
        if all(math.isfinite(values[place].sum()) for values in results.values()):
            continue
        lost = np.any([_not_finite(values[place]) for values in results.values()], axis=0)
        if not lost.any():
            continue
        first = int(np.argmax(lost.any(axis=0)))
        member = int(work.ids[np.argmax(lost[:, first])])
        where = _first_bad(kernel, replay(kernel, scenario, work.draws, work.forcing, member))
        found.append(Lost(scenario.name, int(lost.any(axis=1).sum()), member, *where))
    return tuple(found)


def _not_finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a scenario's values (member, year, *ranges) are not finite, (member, year)."""
    return np.asarray((~np.isfinite(values)).any(axis=tuple(range(2, values.ndim))))


def _first_bad(kernel: Kernel, run: Trajectories) -> tuple[str, float]:
    """Return the name and time of the first value of a single member that is not finite."""
    statements = (*kernel.program.initial, *kernel.program.dynamic)
    order = list(dict.fromkeys(s.name for s in statements if s.name in run.values))
    bad = np.array(
        [(~np.isfinite(run.values[name])).reshape(len(run.times), -1).any(axis=1) for name in order]
    )
    step = int(np.argmax(bad.any(axis=0)))
    name = order[int(np.argmax(bad[:, step]))]
    values = run.values[name][step, ..., 0]
    cell = np.argwhere(~np.isfinite(values))[0]
    return cell_name(kernel.model, kernel.model[name], tuple(cell)), float(run.times[step])


def whole_years(model: Model) -> tuple[int, range]:
    """Return (steps in a year, the whole years of the clock), a year being one time unit.

    Raises SDError where a year is no whole number of steps or the clock has no whole year.
    """
    clock = model.clock
    per_year = 1 / clock.step
    if abs(per_year - round(per_year)) > 1e-9 or clock.start != int(clock.start):
        raise SDError(
            "{file}: an ensemble is kept by whole {unit}s, so INITIAL TIME "
            "must be whole and TIME STEP divide 1 (they are {start:g} and "
            "{step:g})",
            file=model.path.name,
            unit=clock.unit or "time unit",
            start=clock.start,
            step=clock.step,
        )
    years = range(int(clock.start), int(clock.stop + 1e-9))
    if not years:
        unit = clock.unit or "time unit"
        raise SDError(
            "{file}: the run is shorter than one {unit}: nothing to keep",
            file=model.path.name,
            unit=unit,
        )
    return round(per_year), years


def _dataset(work: Work, results: Mapping[str, NDArray[np.float64]]) -> xr.Dataset:
    import xarray as xr

    model, draws, forcing = work.model, work.draws, work.forcing
    ranges = {dim: model.elements(dim) for name in work.keep for dim in model[name].dims}
    coords: dict[str, Any] = {
        "scenario": [scenario.name for scenario in work.scenarios],
        "member": work.ids,
        "year": np.array(work.years),
        "replicate": ("member", draws.replicate[work.ids]),
        **{dim: list(elements) for dim, elements in ranges.items()},
    }
    variables = {
        name: (
            ("scenario", "member", "year", *model[name].dims),
            results[name],
            _attributes(model, name, aggregate),
        )
        for name, aggregate in work.keep.items()
    }
    attributes = {
        "model": model.path.name,
        "model_digest": model.digest,
        "prior_set": draws.priors.name,
        "priors_digest": draws.priors.digest,
        "forcing_digest": forcing.digest if forcing else "",
        "seed": draws.seed,
        "method": draws.method,
        "engine": f"sdensemble {__version__}",
    }
    return xr.Dataset(variables, coords, attributes)


def _attributes(model: Model, name: str, aggregate: str) -> dict[str, str]:
    variable = model[name]
    unit = variable.unit
    if aggregate == "annual":
        unit = amount_of(unit, model.clock.unit) or f"{unit}*{model.clock.unit}"
    labels = {lang: variable.note.label(lang) or name for lang in LANGS}
    return {"unit": unit, **labels, "aggregate": aggregate}
