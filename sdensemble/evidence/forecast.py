"""What later figures will be, blind, from what was known at a date: draws that can be scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.kernel import Kernel
from sdensemble.ensemble.blocks import Threads
from sdensemble.ensemble.run import whole_years
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.fitting import shocks_from
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.predictive import Source, carried, error_draws, forecast_logs
from sdensemble.inputs.fit import pick
from sdensemble.inputs.history import LATEST, Observation, Vintage, known_through, vintage
from sdensemble.inputs.scenarios import Scenario
from sdensemble.inputs.units import total_unit
from sdensemble.lang import Tell
from sdensemble.results.estimate import error_of
from sdensemble.study import Study

Floats = NDArray[np.float64]
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
STATISTIC, MODEL = "statistic", "model"


@dataclass(frozen=True, eq=False)
class Series:
    """One series ahead: ``draws`` is (year, member) in its unit.

    ``seen`` are the figures (year, value) known at the origin, ``later`` those published since,
    of which the forecast knows nothing.
    """

    kind: str
    name: str
    title: Mapping[str, str]
    unit: str
    draws: Floats
    seen: tuple[tuple[int, float], ...] = ()
    fitted: frozenset[int] = frozenset()
    later: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Forecast:
    """The predictive draws of every series, in years after the origin, and what they rest on.

    ``policy`` is the scenario, None where the model's own constants stand.
    """

    series: tuple[Series, ...]
    years: tuple[int, ...]
    replicate: NDArray[np.int64]
    origin: int
    key: Mapping[str, Any]
    known: Vintage
    policy: Scenario | None = None


def forecast(
    study: Study,
    *,
    as_of: str = "",
    to: int | None = None,
    scenario: str = "",
    prior_set: str = "",
    prior_only: bool = False,
    members: int = 2048,
    seed: int = 1,
    threads: int | None = None,
    tell: Tell | None = None,
    kept: Path | None = None,
) -> Forecast:
    """Forecast every series of fit.toml, and the headline's own variables, from a vintage.

    The policy is that of the observed years, or ``scenario``. Takes the stored posterior of the
    vintage, or fits it, kept in the folder ``kept`` until all is done; the prior with
    ``prior_only`` or where no figure is known.
    """
    name = as_of or study.require_fit().vintage
    known = vintage(study.history, name)
    policy = study.named((scenario,))[0] if scenario else study.lived
    fitter = Fitter.of(study, prior_set, members, threads, seed, tell, kept)
    source = fitter.blind(known) if prior_only else fitter.stored_source(known)
    _, all_years = whole_years(study.model)
    last = int(all_years[-1]) if to is None else to
    origin = origin_of(known, source.problem)
    if not origin < last <= int(all_years[-1]):
        told = "--to: {year} is not from {first} to {final}"
        raise SDError(told, year=last, first=origin + 1, final=int(all_years[-1]))
    years = tuple(range(origin + 1, last + 1))
    now = vintage(study.history, LATEST).fitted()
    series = (
        *_statistics(source, policy, years, now),
        *_own(study, fitter.kernel, source, policy, years),
    )
    key = {
        "as_of": name,
        "scenario": policy.name if policy else "",
        "prior_set": source.members.priors.name,
        "posterior": source.posterior.digest if source.posterior else "prior",
        "model_set": "main",
        "model_digest": study.model.digest,
        "fit_digest": study.require_fit().digest,
        "seed": seed,
    }
    return Forecast(series, years, source.members.replicate, origin, key, known, policy)


def origin_of(known: Vintage, problem: Problem) -> int:
    """Return the last year a vintage knows: by its name, or by the last figure that leads."""
    through = known_through(known.name)
    if through is not None:
        return max(through, int(problem.model.clock.start))
    return (
        int(np.ceil(shocks_from(problem))) - 1 if problem.data else int(problem.model.clock.start)
    )


def _statistics(
    source: Source, policy: Scenario | None, years: Sequence[int], now: Sequence[Observation]
) -> Iterator[Series]:
    """Yield each term's figures as they would be published; ``now`` is all observed by today."""
    problem = source.problem
    published = pick(problem.fit.terms, now, problem.model)
    start, terms = int(problem.model.clock.start), range(len(problem.fit.terms))
    logs = forecast_logs(source, list(terms), years[-1], policy)
    for index in terms:
        term = problem.fit.terms[index]
        centre = (logs[index] + carried(source, index, years[-1]))[years[0] - start :]
        errors = np.array([error_draws(source, index, year) for year in years])
        rows = [datum.observation for datum in problem.data if datum.term == index]
        seen = tuple((int(o.time), o.value) for o in rows if term.part_of(o) is None)
        known = {year for year, _ in seen}
        later = tuple(
            (int(o.time), o.value)
            for o in published.get(index, ())
            if term.part_of(o) is None and int(o.time) not in known and int(o.time) <= years[-1]
        )
        yield Series(
            STATISTIC,
            term.name,
            term.title,
            term.unit,
            np.exp(centre + errors),
            seen,
            frozenset(int(o.time) for o in rows),
            later,
        )


def _own(
    study: Study, kernel: Kernel, source: Source, policy: Scenario | None, years: Sequence[int]
) -> Iterator[Series]:
    """Yield the headline's variables, the model's own: no error, no discrepancy."""
    head = study.report.headline
    outcomes = (head.whole, *head.groups)
    keep = {one.variable: head.aggregate for one in outcomes}
    chosen = policy or study.scenarios[0]
    data = source.members.run(kernel, [chosen], keep, by=Threads(source.problem.threads))
    places = [list(map(int, data["year"].values)).index(year) for year in years]
    for one in outcomes:
        values = data[one.variable].isel(scenario=0)
        if one.element is not None:
            (dim,) = [d for d in values.dims if d not in ("member", "year")]
            values = values.sel({dim: one.element})
        draws = values.transpose("year", "member").values[places].astype(float)
        annual = head.aggregate == "annual"
        unit = total_unit(study.model, one.variable) if annual else study.model[one.variable].unit
        yield Series(MODEL, f"{one.variable}/{one.id}", one.label, unit, draws)


def moments(draws: Floats, replicate: NDArray[np.int64]) -> dict[str, float | int]:
    """Return what a row of the table says of draws (member,): means, quantiles, their errors."""
    good = np.isfinite(draws) & (draws > 0)
    values, own = draws[good], replicate[good]
    groups = [values[own == r] for r in np.unique(own)]
    count = len(groups)
    found: dict[str, float | int] = {
        "members": int(draws.size),
        "lost_members": int((~good).sum()),
        "replicates": count,
    }
    if not values.size:
        return found
    logs = np.log(values)
    found |= {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "mean_log": float(logs.mean()),
        "sd_log": float(logs.std()),
    }
    cuts = np.quantile(values, LEVELS)
    found |= {f"q{1000 * q:03.0f}": float(cut) for q, cut in zip(LEVELS, cuts, strict=True)}
    for name, what in (("mc_error", np.mean), ("mc_error_median", np.median)):
        found[name] = error_of(np.array([what(group) for group in groups]))
    return found


def write_draws(path: Path, found: Forecast) -> None:
    """Write the draws as NetCDF: ``draws`` (series, year, member), in each series' unit."""
    import netCDF4

    from sdensemble import __version__

    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(
            {
                "Conventions": "CF-1.11",
                "title": "Predictive draws of figures still to be published",
                "engine": f"sdensemble {__version__}",
                "origin": found.origin,
                "comment": "kind statistic: as it would be published, with error, bias of scope and"
                " discrepancy; kind model: the model's own variable, with none. A member is the"
                " same"
                " world in every series and year.",
                **{name: str(value) for name, value in found.key.items()},
            }
        )
        sizes = {
            "series": len(found.series),
            "year": len(found.years),
            "member": found.replicate.size,
        }
        for name, size in sizes.items():
            file.createDimension(name, size)
        for name, values in (
            ("series", [one.name for one in found.series]),
            ("kind", [one.kind for one in found.series]),
            ("unit", [one.unit for one in found.series]),
        ):
            file.createVariable(name, str, ("series",))[:] = np.array(values, dtype=object)
        file.createVariable("year", "i4", ("year",))[:] = found.years
        file.createVariable("replicate", "i4", ("member",))[:] = found.replicate
        draws = file.createVariable(
            "draws", "f4", ("series", "year", "member"), zlib=True, complevel=4
        )
        draws.comment = "the unit of each series is in the variable unit"
        draws[:] = np.array([one.draws for one in found.series])
