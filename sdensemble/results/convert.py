"""Results in the forms users of xarray, EMA Workbench, SALib and ArviZ expect.

None of those but xarray and pandas is needed here.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Message, SDError
from sdengine.kernel import Kernel, Trajectories
from sdengine.syntax import Model, Variable
from sdensemble.ensemble.draws import column_names
from sdensemble.inputs.config import cell_name
from sdensemble.inputs.priors import Prior, Priors
from sdensemble.inputs.vensim import SearchRange
from sdensemble.lang import LANGS

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

INTEGRAL = "integral of {}"
AXES = ("time", "member", "interval")

# ── xarray ─────────────────────────────────────────────────────────────────────────────────


def to_dataset(
    run: Trajectories, kernel: Kernel, constants: Mapping[str, ArrayLike] | None = None
) -> xr.Dataset:
    """Return a run as a Dataset over time, the variables' ranges and member.

    ``constants`` are those given to the run; they become variables without time. Integrals
    between saved times are called "integral of …" and stand over ``interval``, the time at
    which each begins. Units and labels are attributes.
    """
    import xarray as xr

    model = kernel.model
    members = len(run.first_bad)
    variables: dict[Hashable, Any] = {}
    for name, given in (constants or {}).items():
        variable = model[name]
        values = np.asarray(given, float)
        lasting = ("member",) if values.ndim > len(variable.dims) else ()
        variables[variable.name] = _labelled(variable, values, (), lasting)
    for name, values in run.values.items():
        label = f"{name} (variable)" if name in AXES else name
        variables[label] = _labelled(model[name], values, ("time",), ("member",))
    for name, values in run.totals.items():
        dims, array, attributes = _labelled(model[name], values, ("interval",), ("member",))
        attributes["unit"] = f"{attributes['unit']}*{model.clock.unit}"
        variables[INTEGRAL.format(name)] = dims, array, attributes
    coords: dict[Hashable, Any] = {"time": run.times, "member": np.arange(members)}
    if run.totals:
        coords["interval"] = run.times[:-1]
    used = {dim for entry in variables.values() for dim in entry[0]}
    coords |= {dim: list(elements) for dim, elements in model.ranges.items() if dim in used}
    attributes = {"model": model.path.name, "model_digest": model.digest}
    return xr.Dataset(variables, coords, attributes)


def _labelled(
    variable: Variable, values: NDArray[np.float64], lead: tuple[str, ...], last: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[np.float64], dict[str, str]]:
    note = variable.note
    words = {"unit": variable.unit, **{lang: note.label(lang) or variable.name for lang in LANGS}}
    return (*lead, *_dims(variable), *last), values, words


def _dims(variable: Variable) -> tuple[str, ...]:
    """Return a variable's ranges; one that stands twice is numbered, as names must differ."""
    seen: list[str] = []
    for dim in variable.dims:
        again = sum(one.split("\0")[0] == dim for one in seen)
        seen.append(f"{dim}\0{again + 1}" if again else dim)
    return tuple(one.replace("\0", " ") for one in seen)


# ── EMA Workbench ──────────────────────────────────────────────────────────────────────────


def to_ema(
    run: Trajectories, kernel: Kernel, constants: Mapping[str, ArrayLike] | None = None
) -> tuple[pd.DataFrame, dict[str, NDArray[np.float64]]]:
    """Return (experiments, outcomes) as EMA Workbench's ``perform_experiments`` does.

    ``experiments`` has a row for each member: the constants given to the run, a column for each
    element, then scenario, policy and model. ``outcomes`` maps each variable (each element
    for itself) and "TIME" to an array (experiment, time).
    """
    import pandas as pd

    model, members = kernel.model, len(run.first_bad)
    columns: dict[str, Any] = {}
    for name, given in (constants or {}).items():
        variable = model[name]
        values = np.asarray(given, float)
        if values.ndim <= len(variable.dims):
            values = np.broadcast_to(values, model.shape(variable))[..., None]
        full = np.broadcast_to(values, (*model.shape(variable), members))
        for label, cell in _cells(model, variable):
            columns[label] = full[cell].copy()
    columns |= {"scenario": np.arange(members), "policy": "None", "model": model.path.stem}
    columns |= {
        key: pd.Categorical(np.broadcast_to(columns[key], members))
        for key in ("scenario", "policy", "model")
    }
    outcomes = {"TIME": np.tile(run.times, (members, 1))}
    for name, values in run.values.items():
        for label, cell in _cells(model, model[name]):
            outcomes[label] = np.ascontiguousarray(np.moveaxis(values, 0, -1)[cell])
    _register(outcomes)
    return pd.DataFrame(columns, index=range(members)), outcomes


def _register(outcomes: Iterable[str]) -> None:
    """Tell EMA Workbench, where it is installed, of outcomes: it saves only those it knows."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ema_workbench import TimeSeriesOutcome
    except ImportError:
        return
    for name in outcomes:
        TimeSeriesOutcome(name)


def _cells(model: Model, variable: Variable) -> Iterable[tuple[str, tuple[int, ...]]]:
    for cell in np.ndindex(model.shape(variable)):
        yield cell_name(model, variable, cell), cell


# ── SALib ──────────────────────────────────────────────────────────────────────────────────


def salib_problem(
    ranges: Priors | Model | Mapping[str, tuple[float, float]] | Iterable[SearchRange],
    model: Model | None = None,
    *,
    mass: float = 0.99,
) -> dict[str, Any]:
    """Return SALib's problem: num_vars, names and bounds.

    ``ranges`` are priors (bounds: where the distribution ends, or the middle ``mass`` of one
    that has no end), a model (the limits of its constants), name → (low, high), or the ranges
    of an optimisation control. A factor without two finite ends is refused by name. Priors that
    draw each element by itself need the ``model`` they belong to, for the elements' names.
    """
    bounds = _bounds(ranges, model, mass)
    open_ended = [name for name, ends in bounds.items() if not np.isfinite(ends).all()]
    empty = [n for n, (low, high) in bounds.items() if n not in open_ended and not low < high]
    if open_ended or empty or not bounds:
        unbounded = '"{name}" has no two finite bounds: give them'
        reverse = '"{name}": the lower bound is not below the upper'
        wrong = [Message(unbounded, name=name) for name in open_ended]
        wrong += [Message(reverse, name=name) for name in empty]
        raise SDError(wrong or Message("no factor to vary"))
    ends = [[float(low), float(high)] for low, high in bounds.values()]
    return {"num_vars": len(bounds), "names": list(bounds), "bounds": ends}


def _bounds(ranges: Any, model: Model | None, mass: float) -> dict[str, tuple[float, float]]:
    if isinstance(ranges, Priors):
        if model is None and any(prior.each for prior in ranges.items):
            raise SDError("priors that draw each element by itself: give the model as well")
        ends = [_ends(prior, mass) for prior in ranges.items for _ in range(prior.columns)]
        names = column_names(ranges, model) if model else [p.name for p in ranges.items]
        return dict(zip(names, ends, strict=True))
    if isinstance(ranges, Mapping):
        return dict(ranges)
    if isinstance(ranges, Model):
        both = {v.name: v.limits for v in ranges.constants() if v.limits != (None, None)}
        return {name: (_number(low), _number(high)) for name, (low, high) in both.items()}
    return {
        f"{one.name}[{one.element}]" if one.element else one.name: (
            _number(one.low),
            _number(one.high),
        )
        for one in ranges
    }


def _number(value: float | str | None) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan


def _ends(prior: Prior, mass: float) -> tuple[float, float]:
    with np.errstate(all="ignore"):
        ends = prior.distribution.ppf(np.array([0.0, 1.0]))
    tail = (1 - mass) / 2
    inside = prior.distribution.ppf(np.array([tail, 1 - tail]))
    low, high = np.where(np.isfinite(ends), ends, inside)
    return float(low), float(high)


# ── ArviZ ──────────────────────────────────────────────────────────────────────────────────


def to_arviz_dict(
    values: Mapping[str, ArrayLike], *, chains: int = 1
) -> dict[str, NDArray[np.float64]]:
    """Return name → (chain, draw, *shape), as ``arviz.from_dict`` takes it.

    ``values`` have the member axis last: the ``values`` of draws or of a run. Members are cut
    into chains in order; their number must be a multiple of ``chains``.
    """
    out = {}
    for name, given in values.items():
        array = np.moveaxis(np.atleast_1d(np.asarray(given, float)), -1, 0)
        if chains < 1 or len(array) % chains:
            raise SDError(
                '"{name}": {members} members are not {chains} chains of one length',
                name=name,
                members=len(array),
                chains=chains,
            )
        out[name] = array.reshape(chains, len(array) // chains, *array.shape[1:])
    return out
