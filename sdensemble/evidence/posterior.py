"""The posterior as a value and as a file: ``calibration/posterior.nc``, in ArviZ's groups.

A file is bound to the model, priors, fit and rows it was made from. The priors' numbers are
stored in 16 bits each between their least and greatest value, and the fit is judged at the
numbers as stored: what a run reads are the very draws the file describes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError, listed
from sdengine.syntax import Model
from sdensemble.ensemble.draws import Drawn, Draws
from sdensemble.evidence.smc import Stage
from sdensemble.inputs.fit import Fit
from sdensemble.inputs.folder import whole_file
from sdensemble.inputs.history import Observation, digest_of
from sdensemble.inputs.priors import Priors
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.sealed import reading, seal

Floats = NDArray[np.float64]
LEVELS = 65535
FORMAT = 1


@dataclass(frozen=True)
class Bound:
    """What a posterior is bound to: the digests of what it was made from, and under which name.

    ``variant`` is empty: posteriors of other structures are not stored.
    """

    vintage: str
    prior_set: str
    variant: str
    model: str
    priors: str
    fit: str
    data: str

    def differs(self, other: Bound) -> tuple[str, ...]:
        """Return what differs, in words."""
        words = {
            "model": Message("the model"),
            "priors": Message("the priors"),
            "fit": "fit.toml",
            "data": Message("the observations"),
        }
        return tuple(
            word for name, word in words.items() if getattr(self, name) != getattr(other, name)
        )


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws given the observations.

    ``packed`` (column, particle) are the priors' numbers in 16 bits, ``low`` and ``high`` (column,)
    their ends; particles come replicate by replicate. ``loglik`` (figure, particle), ``predicted``
    (figure, particle) the log of the model's number, ``discrepancy`` (figure, particle) what
    stood in for the forcing, bias included; ``bias`` (figure, particle) the constant part of it.
    ``forecast_from`` is the end of the last year of a series that leads: shocks are drawn from
    there on. ``figures`` describe the rows fitted.
    """

    bound: Bound
    seed: int
    replicates: int
    names: tuple[str, ...]
    packed: NDArray[np.uint16]
    low: Floats
    high: Floats
    loglik: Floats
    predicted: Floats
    discrepancy: Floats
    bias: Floats
    evidence: Floats
    stages: tuple[Stage, ...]
    figures: tuple[Mapping[str, Any], ...]
    forecast_from: float
    best: Floats
    prior: Floats

    @property
    def particles(self) -> int:
        """How many particles each replicate has."""
        return self.packed.shape[1] // self.replicates

    @property
    def size(self) -> int:
        """How many particles there are in all."""
        return self.packed.shape[1]

    def rows_of(self, series: str) -> list[int]:
        """Return which figures are of a series, by its name."""
        return [i for i, figure in enumerate(self.figures) if figure["series"] == series]

    @cached_property
    def numbers(self) -> Floats:
        """The priors' numbers, (column, particle)."""
        return unpack(self.packed, self.low, self.high)

    @cached_property
    def digest(self) -> str:
        """A digest of the draws and of what they are bound to."""
        made = hashlib.blake2b(digest_size=8)
        made.update(repr(self.bound).encode())
        for array in (self.packed, self.low, self.high):
            made.update(np.ascontiguousarray(array).tobytes())
        return made.hexdigest()


def pack(numbers: Floats) -> tuple[NDArray[np.uint16], Floats, Floats]:
    """Return numbers (column, particle) as 16-bit steps between the ends of each column."""
    low, high = numbers.min(axis=1), numbers.max(axis=1)
    width = np.where(high > low, high - low, 1.0)
    steps = np.rint((numbers - low[:, None]) / width[:, None] * LEVELS)
    return np.clip(steps, 0, LEVELS).astype(np.uint16), low, high


def unpack(packed: NDArray[np.uint16], low: Floats, high: Floats) -> Floats:
    """Return the numbers of ``pack``: its own steps exactly, within the ends."""
    found = low[:, None] + ((high - low) / LEVELS)[:, None] * packed.astype(np.float64)
    return np.clip(found, low[:, None], high[:, None])


@dataclass(frozen=True, eq=False)
class Particles:
    """Members taken from a posterior's particles: ``count`` of each replicate, round by round.

    Replicate r takes its members from the r-th run of the sampler: evenly spaced particles, in
    the next round the ones beside them, or each as often as it takes where more are asked for.
    """

    numbers: Floats
    size: int
    replicates: int
    count: int
    digest: str

    def of(self, members: NDArray[np.int64]) -> Floats:
        """Return the priors' numbers of some members, (column, member)."""
        return self.numbers[:, self.ids(members)]

    def replicate(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the run of the sampler each member is taken from."""
        return members // self.count % self.replicates

    def ids(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the particle each member is."""
        turn, own = members // (self.count * self.replicates), members % self.count
        if self.count <= self.size:
            own = (2 * own + 1) * self.size // (2 * self.count)
        return self.replicate(members) * self.size + (own + turn) % self.size


def posterior_draws(
    posterior: Posterior, priors: Priors, model: Model, n: int, seed: int, *, rounds: int = 1
) -> Draws:
    """Return the constants of ``n`` members, the same on every call.

    The spread of the replicates' means counts as many independent numbers as there are. A sample
    of several ``rounds`` begins with the members of one. Raises SDError for an ``n`` that is
    not a multiple of the replicates in every round.
    """
    source = particles_of(posterior, n, rounds)
    values = Drawn(priors, model, source, n, uniform=False)
    return Draws(values, source.replicate(np.arange(n)), seed, "posterior", priors)


def particles_of(posterior: Posterior, n: int, rounds: int = 1) -> Particles:
    """Return which particles the ``n`` members of ``posterior_draws`` are; SDError as it does."""
    count, rest = divmod(n, posterior.replicates * rounds)
    if rest or count < 1:
        near = max(count, 1) * posterior.replicates * rounds
        raise SDError(
            "{n} members: a posterior has {replicates} replicates — take {near} or {more}",
            n=n,
            replicates=posterior.replicates,
            near=near,
            more=near + posterior.replicates * rounds,
        )
    made = (posterior.particles, posterior.replicates, count)
    return Particles(posterior.numbers, *made, f"{posterior.digest} {made}")


def bound_of(
    model: Model,
    priors: Priors,
    fit: Fit,
    scenario: Scenario | None,
    rows: Sequence[Observation],
    vintage: str,
) -> Bound:
    """Return what a posterior of these inputs is bound to; ``rows`` are the figures fitted."""
    return Bound(
        vintage,
        priors.name,
        "",
        model.digest,
        priors.digest,
        fit.digest + (scenario.meaning if scenario else ""),
        digest_of(rows),
    )


def posterior_path(folder: Path, vintage: str, priors: Priors, default: str) -> Path:
    """Return where the posterior of a vintage and prior set is kept in a study.

    ``posterior.nc`` is that of the vintage fitted by default, under the first set of priors.
    """
    parts = [] if vintage == default and priors.first else [vintage, priors.name]
    name = "-".join(["posterior", *parts])
    return folder / "calibration" / f"{re.sub(r'[^0-9A-Za-z_.-]+', '_', name)}.nc"


# ── file ───────────────────────────────────────────────────────────────────────────────────


def write_posterior(path: Path, posterior: Posterior) -> None:
    """Write a posterior whole or not at all; raises SDError where the disk takes none."""
    with whole_file(path) as partial:
        store_posterior(partial, posterior)


def store_posterior(path: Path, posterior: Posterior) -> None:
    """Write a posterior under a name that nobody reads yet."""
    import netCDF4

    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        _write_head(file, posterior)
        _write_draws(file.createGroup("posterior"), posterior)
        _write_prior(file.createGroup("prior"), posterior)
        _write_figures(file, posterior)
        _write_stats(file.createGroup("sample_stats"), posterior)
    seal(path)


def _write_head(file: Any, posterior: Posterior) -> None:
    from sdensemble import __version__

    file.setncatts(
        {
            "Conventions": "CF-1.11",
            "title": "Draws of uncertain constants given observations",
            "format": FORMAT,
            "engine": f"sdensemble {__version__}",
            "seed": posterior.seed,
            "digest": posterior.digest,
            "forecast_from": posterior.forecast_from,
            "comment": "numbers are what the priors draw: constants in the model's units, or"
            " factors; stored in 16 bits (scale_factor, add_offset)",
            **{f"bound_{name}": str(value) for name, value in vars(posterior.bound).items()},
        }
    )
    file.createDimension("chain", posterior.replicates)
    file.createDimension("draw", posterior.particles)
    file.createDimension("prior_draw", posterior.prior.shape[1] // posterior.replicates)
    file.createDimension("figure", len(posterior.figures))


def _put(
    group: Any, name: str, kind: Any, dims: tuple[str, ...], values: Any, *, small: bool = False
) -> Any:
    """Write a variable, compressed where it is to be ``small``; return it."""
    how = {"zlib": True, "complevel": 4} if small else {}
    variable = group.createVariable(name, kind, dims, **how)
    if np.size(values):
        variable[:] = values
    return variable


def _write_draws(group: Any, posterior: Posterior) -> None:
    """Write the numbers as 16-bit steps: a number is offset + scale * step."""
    count = len(posterior.names)
    group.createDimension("parameter", count)
    _put(group, "parameter", str, ("parameter",), np.array(posterior.names, dtype=object))
    shaped = posterior.packed.reshape(count, posterior.replicates, posterior.particles)
    steps = _put(group, "numbers", "u2", ("parameter", "chain", "draw"), shaped, small=True)
    steps.comment = "number = offset + scale * step, each of its parameter"
    scale = (posterior.high - posterior.low) / LEVELS
    for name, values in (("offset", posterior.low), ("end", posterior.high), ("scale", scale)):
        _put(group, name, "f8", ("parameter",), values)


def _write_prior(group: Any, posterior: Posterior) -> None:
    group.createDimension("parameter", len(posterior.names))
    values = posterior.prior.reshape(len(posterior.names), posterior.replicates, -1)
    _put(group, "numbers", "f4", ("parameter", "chain", "prior_draw"), values, small=True)


def _write_figures(file: Any, posterior: Posterior) -> None:
    lead = (posterior.replicates, posterior.particles)
    for group, name, values in (
        ("log_likelihood", "log_likelihood", posterior.loglik),
        ("posterior_predictive", "log_predicted", posterior.predicted),
        ("posterior_predictive", "discrepancy", posterior.discrepancy),
        ("posterior_predictive", "bias", posterior.bias),
    ):
        place = file.groups.get(group) or file.createGroup(group)
        shaped = values.T.reshape(*lead, len(posterior.figures))
        _put(place, name, "f4", ("chain", "draw", "figure"), shaped, small=True)
    place = file.createGroup("observed_data")
    _put(place, "value", "f8", ("figure",), [figure["value"] for figure in posterior.figures])
    place.figures = json.dumps(list(posterior.figures), ensure_ascii=False)


def _write_stats(group: Any, posterior: Posterior) -> None:
    total = posterior.loglik.sum(axis=0).reshape(posterior.replicates, -1)
    _put(group, "loglik", "f4", ("chain", "draw"), total, small=True)
    _put(group, "log_evidence", "f8", ("chain",), posterior.evidence)
    group.createDimension("parameter", len(posterior.names))
    _put(group, "map", "f8", ("parameter",), posterior.best)
    group.stages = json.dumps([vars(stage) for stage in posterior.stages])


def read_posterior(path: Path) -> Posterior:
    """Return a posterior as it was written; raise SDError where the file is none."""
    import netCDF4

    def told_of(error: Exception) -> Message:
        return Message("{file}: not readable as a posterior: {error}", file=path, error=error)

    with reading(path, told_of), netCDF4.Dataset(path) as file:
        found = _read(file)
        whole = found.digest == file.digest
    if not whole:
        told = "{file}: is damaged: its numbers are not those it was written with"
        raise SDError(told, file=path)
    return found


def _read(file: Any) -> Posterior:
    head = {name: file.getncattr(name) for name in file.ncattrs()}
    group = file["posterior"]
    names = tuple(map(str, group["parameter"][:]))
    packed = np.asarray(group["numbers"][:], np.uint16).reshape(len(names), -1)
    size = packed.shape[1]
    figures = tuple(json.loads(file["observed_data"].figures))

    def of_figures(group: str, name: str) -> Floats:
        if not figures:
            return np.zeros((0, size))
        values = np.asarray(file[group][name][:], dtype=np.float64)
        return np.ascontiguousarray(values.reshape(size, -1).T)

    prior = np.asarray(file["prior"]["numbers"][:], float)
    stats = file["sample_stats"]
    return Posterior(
        Bound(**{name.removeprefix("bound_"): head[name] for name in head if "bound_" in name}),
        int(head["seed"]),
        file.dimensions["chain"].size,
        names,
        packed,
        np.asarray(group["offset"][:], float),
        np.asarray(group["end"][:], float),
        of_figures("log_likelihood", "log_likelihood"),
        of_figures("posterior_predictive", "log_predicted"),
        of_figures("posterior_predictive", "discrepancy"),
        of_figures("posterior_predictive", "bias"),
        np.asarray(stats["log_evidence"][:], float),
        tuple(Stage(**one) for one in json.loads(stats.stages)),
        figures,
        float(head["forecast_from"]),
        np.asarray(stats["map"][:], float),
        prior.reshape(len(names), -1),
    )


def require_bound(posterior: Posterior, wanted: Bound, path: Path, command: str) -> Posterior:
    """Return the posterior; raise SDError where it was made from something else."""
    differs = posterior.bound.differs(wanted)
    if differs or posterior.bound.prior_set != wanted.prior_set:
        raise SDError(
            "{file}: was made for other inputs ({differs} changed since) — renew it: {command}",
            file=path.name,
            differs=listed(differs) or Message("the prior set"),
            command=command,
        )
    return posterior
