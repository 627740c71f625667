"""What was forecast at the policy's issue, what came, and why they differ."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.kernel import Kernel
from sdensemble.ensemble.blocks import Threads
from sdensemble.evidence.backtest import Row, held_out, score_model
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.likelihood import Datum, Problem, predict
from sdensemble.evidence.predictive import Source, bias_of, shocks_drawn_from, wander
from sdensemble.inputs.fit import group_of, without_term
from sdensemble.inputs.history import LATEST, Observation, vintage, whole_year
from sdensemble.inputs.scenarios import BASELINE, Scenario, Setting
from sdensemble.lang import Tell, phrase
from sdensemble.results.jackknife import Members, jackknife
from sdensemble.results.shapley import packages, share_weights
from sdensemble.study import Study

Floats = NDArray[np.float64]
SHOCKS, SCOPE, OUTSIDE, LEFT = "shocks", "scope", "outside", "left"
OWN = (SCOPE, SHOCKS, OUTSIDE, LEFT)
"""Shares that are no group's: constant bias, shocks, what the model leaves out, error."""


@dataclass(frozen=True)
class Split:
    """Why one figure missed its ex ante forecast: shares in log points that add up to the miss.

    ``errors`` are the Monte Carlo errors of the shares.
    """

    series: str
    year: int
    value: float
    forecast: float
    shares: Mapping[str, float]
    errors: Mapping[str, float]

    @property
    def miss(self) -> float:
        """The log of the figure over the ex ante median."""
        return math.log(self.value / self.forecast)


@dataclass(frozen=True, eq=False)
class Audit:
    """The forecasts with their scores, the split of the misses, and the paths ahead.

    ``left_out`` are the later statistics no term speaks of, each with a reason. ``effect``,
    ``kept`` and ``new`` are (year, member) in the headline's unit: what the levers of the observed
    years (``lived``) do against ``baseline``, those kept on, and those of ``ahead`` from ``start``
    on; no ``new`` without new levers. ``replicate`` (member,) numbers their independent
    repetitions. ``issued`` is the information date of the forecast.
    """

    rows: tuple[Row, ...]
    splits: tuple[Split, ...]
    left_out: tuple[tuple[Observation, str], ...]
    issued: str
    baseline: Scenario
    lived: Scenario
    ahead: Scenario | None
    start: float
    years: tuple[int, ...]
    effect: Floats
    kept: Floats
    new: Floats | None
    replicate: NDArray[np.int64]


def audit(
    study: Study,
    *,
    prior_set: str = "",
    scenario: str = "",
    start: float | None = None,
    seed: int = 1,
    members: int = 2048,
    threads: int | None = None,
    tell: Tell | None = None,
    kept: Path | None = None,
) -> Audit:
    """Audit a study: its ex ante forecast, the misses, the counterfactual, and the way ahead.

    ``scenario`` names the one whose levers are set from ``start`` on, where none is named from
    the year after the last that is known; without it the levers of the observed years stay.
    Raises SDError where the study has nothing to fit.
    """
    issued = study.report.as_of or LATEST
    lived = study.lived
    if study.fit is None or lived is None:
        told = "{file}: names no terms or no scenario under which the observed years went by"
        raise SDError(told, file=study.folder / "calibration" / "fit.toml")
    fitter = Fitter.of(study, prior_set, members, threads, seed, kept=kept)
    before = fitter.source(vintage(study.history, issued))
    known = vintage(study.history, LATEST)
    after = fitter.stored_source(known)
    origin = _last_year(issued, study)
    everything = known.fitted()
    later = held_out(before.problem, everything, origin)
    rows = tuple(score_model(before, later, origin, "model"))
    splits = split_misses(before, after)
    if tell:
        tell(phrase("evidence.split_done", rows=len(rows), splits=len(splits)))
    baseline = study.named((BASELINE,))[0]
    ahead = study.named((scenario,))[0] if scenario else None
    if start is None:
        start = shocks_drawn_from(after)
    later_on = (from_year(lived, ahead, start),) if ahead else ()
    years, paths = _paths(study, fitter.kernel, after, (baseline, lived, *later_on), threads)
    new = paths[2] if ahead else None
    return Audit(
        rows,
        splits,
        _left_out(study, everything, origin),
        issued,
        baseline,
        lived,
        ahead,
        start,
        years,
        paths[1] - paths[0],
        paths[1],
        new,
        after.members.replicate,
    )


def _last_year(name: str, study: Study) -> int:
    """Return the last year of which a vintage can have a whole-year figure."""
    first, unit = int(study.model.clock.start), study.model.clock.unit
    if name == LATEST:
        return first
    rows = (row for row in vintage(study.history, name).rows if row.role == "observed")
    return max((int(row.time) for row in rows if whole_year(row, unit)), default=first)


def _left_out(
    study: Study, observations: Sequence[Observation], origin: int
) -> tuple[tuple[Observation, str], ...]:
    """Return the later statistics that no term speaks of, each with the reason."""
    terms = study.require_fit().terms
    own = {term.series for term in terms}
    found = []
    for row in without_term(terms, observations, study.model):
        if row.time > origin:
            whole = whole_year(row, study.model.clock.unit)
            why = "no measure" if whole else "part of a year"
            if whole and row.series in own:
                why = "out of time"
            found.append((row, why))
    return tuple(sorted(found, key=lambda one: (one[1], one[0].measure, one[0].time)))


# ── why it missed ──────────────────────────────────────────────────────────────────────────


def split_misses(before: Source, after: Source) -> tuple[Split, ...]:
    """Split the miss of every figure fitted now among groups of constants, shocks and error.

    The groups go from the prior's draws to the posterior's one by one, in every order (Shapley):
    the median of the model's number moves by their shares. Of the posterior mean of the
    discrepancy ``shock_share`` is the shocks', the rest lies outside the model; the constant bias
    is scope; what remains is error of the figure. The ex ante median has no shocks drawn, so that
    the shares add up. Groups taken from the prior and the posterior are independent of each
    other: dependence between groups in the posterior is lost in the mixed sets.
    """
    problem = after.problem
    if not problem.data:
        return ()
    groups = sorted({group_of(prior.constant, problem.fit) for prior in problem.priors.items})
    chosen = [{groups[i] for i in package} for package in packages(len(groups))]
    logs = np.array([_logs(problem, before, after, taken) for taken in chosen])
    weights = share_weights(len(groups))
    beside = np.array([_beside(after, datum) for datum in problem.data])
    seen = np.log([datum.observation.value for datum in problem.data])
    names = [*groups, *(name for name in OWN if name not in groups)]

    def starts_and_shares(some: Members) -> Floats:
        """Return the ex ante median in logs and the shares by name, (1 + name, figure)."""
        medians = np.nanmedian(logs[..., some], axis=2)
        shares = dict(zip(groups, weights @ medians, strict=True))
        for name, own in zip(OWN, beside[..., some].mean(axis=2).T, strict=False):
            shares[name] = shares.get(name, 0.0) + own
        shares[LEFT] = seen - medians[0] - sum(shares.values())
        return np.array([medians[0], *(shares[name] for name in names)])

    found = jackknife(starts_and_shares, after.members.replicate)
    return tuple(
        Split(
            problem.fit.terms[datum.term].name,
            datum.year,
            datum.observation.value,
            math.exp(found.value[0, i]),
            dict(zip(names, found.value[1:, i].tolist(), strict=True)),
            dict(zip(names, found.se[1:, i].tolist(), strict=True)),
        )
        for i, datum in enumerate(problem.data)
    )


def _logs(problem: Problem, before: Source, after: Source, groups: Collection[str]) -> Floats:
    """Return the log of each figure's number, (figure, member), some groups of the posterior's."""
    constants = {prior.constant for prior in problem.priors.items}
    taken = {name for name in constants if group_of(name, problem.fit) in groups}
    values = {
        name: (after if name in taken else before).members.draws.values[name]
        for name in before.members.draws.values
    }
    terms = sorted({datum.term for datum in problem.data})
    logs = predict(problem, values, terms, max(problem.years))
    start = int(problem.model.clock.start)
    found = np.array([logs[d.term][d.year - start] for d in problem.data])
    return found + problem.shares[:, None]


def _beside(after: Source, datum: Datum) -> Floats:
    """Return a figure's constant bias, shocks and what lies outside the model, (3, member)."""
    term = after.problem.fit.terms[datum.term]
    share = term.shock_share if after.members.forcing is not None else 0.0
    first = int(after.problem.model.clock.start)
    away = wander(after, datum.term, datum.year)[datum.year - first]
    bias = bias_of(after, datum.term) if term.bias_sd else np.zeros_like(away)
    return np.array([bias, share * away, (1 - share) * away])


# ── what follows ───────────────────────────────────────────────────────────────────────────


def from_year(past: Scenario, ahead: Scenario, start: float) -> Scenario:
    """Return a scenario that is ``past`` until ``start``, and then sets ``ahead``'s levers too.

    A schedule of ``ahead`` begins at ``start`` with the value it has from its own beginning; one
    that already runs keeps its later steps.
    """
    settings = []
    theirs = {(s.constant, s.cells): s for s in ahead.settings}
    for own in past.settings:
        new = theirs.pop((own.constant, own.cells), None)
        if new is None:
            settings.append(own)
            continue
        steps = {t: v for t, v in zip(own.times, own.values, strict=True) if t < start}
        steps |= _moved(new, start)
        settings.append(replace(own, times=tuple(steps), values=tuple(steps.values())))
    for new in theirs.values():
        steps = _moved(new, start)
        settings.append(replace(new, times=tuple(steps), values=tuple(steps.values())))
    name = f"{past.name}, {ahead.name} from {start:g}"
    return replace(ahead, name=name, settings=tuple(settings), digest=past.digest + ahead.digest)


def _moved(setting: Setting, start: float) -> dict[float, float]:
    shift = max(start - setting.times[0], 0.0)
    return {t + shift: v for t, v in zip(setting.times, setting.values, strict=True)}


def _paths(
    study: Study, kernel: Kernel, source: Source, scenarios: Sequence[Scenario], threads: int | None
) -> tuple[tuple[int, ...], list[Floats]]:
    """Return the years and the headline of each scenario, (year, member), on the same shocks."""
    head = study.report.headline
    named = [replace(s, name=f"{i} {s.name}") for i, s in enumerate(scenarios)]
    keep = {head.whole.variable: head.aggregate}
    data = source.members.run(kernel, named, keep, by=Threads(threads))
    values = data[head.whole.variable].transpose("scenario", "year", "member").values
    return tuple(int(y) for y in data["year"].values), list(values)
