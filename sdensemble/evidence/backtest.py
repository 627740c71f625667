"""Forecasts from every origin there is, scored against naive ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from sdengine.kernel import Kernel
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.predictive import Source, carried, forecast_logs, score_figure
from sdensemble.evidence.scores import Score, score_normal
from sdensemble.evidence.stacking import stack
from sdensemble.inputs.fit import pick
from sdensemble.inputs.history import FIRST_YEAR, LATEST, Observation, Vintage, vintage, whole_year
from sdensemble.lang import Tell, phrase
from sdensemble.results.estimate import error_of
from sdensemble.study import Study

MODEL = "model"


@dataclass(frozen=True)
class Row:
    """One forecast of one figure: what was known (``origin``), who forecast, and its score."""

    origin: int
    year: int
    series: str
    method: str
    value: float
    score: Score

    @property
    def horizon(self) -> int:
        """Years from the end of what was known to the figure's year."""
        return self.year - self.origin


@dataclass(frozen=True)
class Backtest:
    """Every forecast with its score, of the model (``MODEL``) and of each rival."""

    rows: tuple[Row, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """Who forecast, in the order of the rows."""
        return tuple(dict.fromkeys(row.method for row in self.rows))


def origins(study: Study, kernel: Kernel) -> tuple[int, ...]:
    """Return the years at whose end a forecast has something later to be scored against."""
    chosen = pick(study.require_fit().terms, vintage(study.history, LATEST).fitted(), kernel.model)
    years = sorted({int(one.time) for rows in chosen.values() for one in rows})
    first = int(kernel.model.clock.start)
    return tuple(year for year in range(first, max(years, default=first)) if year < max(years))


def held_out(
    problem: Problem, observations: Sequence[Observation], origin: int
) -> dict[int, list[Observation]]:
    """Return each term's figures of the years after an origin, by the term's index."""
    chosen = pick(problem.fit.terms, observations, problem.model)
    return {
        index: later
        for index, rows in chosen.items()
        if (later := [one for one in rows if int(one.time) > origin])
    }


def from_every_origin(
    study: Study, kernel: Kernel, source_of: Callable[[Vintage], Source]
) -> Iterator[tuple[int, Vintage, Source, dict[int, list[Observation]]]]:
    """Yield each origin, what was known then, what forecasts from it, and the figures to come."""
    everything = vintage(study.history, LATEST).fitted()
    for origin in origins(study, kernel):
        known = vintage(study.history, f"through-{origin}")
        source = source_of(known)
        yield origin, known, source, held_out(source.problem, everything, origin)


def score_model(
    source: Source, later: dict[int, list[Observation]], origin: int, method: str
) -> list[Row]:
    """Score a source's forecasts of the figures that came later."""
    if not later:
        return []
    start = int(source.problem.model.clock.start)
    last = max(int(one.time) for rows in later.values() for one in rows)
    logs = forecast_logs(source, sorted(later), last)
    found = []
    for index, rows in later.items():
        name = source.problem.fit.terms[index].name
        centre = logs[index] + carried(source, index, last)
        for one in rows:
            score = score_figure(source, index, centre[int(one.time) - start], one)
            found.append(Row(origin, int(one.time), name, method, one.value, score))
    return found


def score_baselines(
    study: Study, known: Vintage, later: dict[int, list[Observation]], origin: int
) -> list[Row]:
    """Score the forecasts without a model, from what was known at the origin alone."""
    found = []
    fit = study.require_fit()
    for index, rows in later.items():
        term = fit.terms[index]
        past = known_years(known, term.series, origin, term.time_unit)
        for baseline in fit.baselines:
            for one in rows:
                middle = baseline.median(past, one.time)
                if middle is None:
                    continue
                spread = baseline.spread(one.time - past[-1].time)
                score = score_normal(float(np.log(middle)), spread, one.value)
                found.append(Row(origin, int(one.time), term.name, baseline.name, one.value, score))
    return found


def known_years(
    known: Vintage, series: tuple[str, str], origin: int, time_unit: str = "Year"
) -> list[Observation]:
    """Return the whole years of a series that a rival may start from, the last publication each.

    Observed ones, and derived ones published by the end of the year after the origin, when the
    origin's own figures are: one published later may be computed from later figures.
    """
    best: dict[float, Observation] = {}
    for row in sorted(known.rows, key=lambda one: (one.role == "observed", one.known or date.min)):
        whole = whole_year(row, time_unit)
        if row.series != series or row.role == "target" or not whole:
            continue
        soon = origin >= FIRST_YEAR and row.known and row.known <= date(origin + 1, 12, 31)
        if row.role == "observed" or soon:
            best[row.time] = row
    return [best[when] for when in sorted(best)]


def backtest(
    study: Study,
    *,
    prior_set: str = "",
    seed: int = 1,
    particles: int = 2048,
    threads: int | None = None,
    tell: Tell | None = None,
    kept: Path | None = None,
) -> Backtest:
    """Fit at every origin, forecast all later figures, and score them against naive forecasts.

    Fits lie in the folder ``kept`` until the verb has finished.
    """
    fitter = Fitter.of(study, prior_set, particles, threads, seed, kept=kept)
    rows: list[Row] = []
    for origin, known, source, later in from_every_origin(study, fitter.kernel, fitter.source):
        rows += score_model(source, later, origin, MODEL)
        rows += score_baselines(study, known, later, origin)
        if tell:
            scored = sum(map(len, later.values()))
            words = {"origin": origin, "fitted": len(source.problem.data), "scored": scored}
            tell(phrase("evidence.origin_done", **words))
    return Backtest(tuple(rows))


def mean_crps_error(scores: Sequence[Score]) -> float:
    """Return the Monte Carlo error of the mean CRPS of some figures; 0 of formulas.

    Figures forecast by the same members miss together, so it is the error of the mean over the
    figures in each repetition.
    """
    parts = [score.parts for score in scores]
    return error_of(np.mean(parts, axis=0)) if all(parts) else 0.0


def pairs(rows: Sequence[Row], rival: str) -> list[tuple[Score, Score]]:
    """Return the model's score and a rival's of each figure that both forecast."""
    own = {(r.origin, r.series, r.year): r.score for r in rows if r.method == MODEL}
    every = [((r.origin, r.series, r.year), r.score) for r in rows if r.method == rival]
    return [(own[key], score) for key, score in every if key in own]


def against(rows: Sequence[Row], rival: str) -> int | None:
    """Return 1 where the model beats a rival in mean CRPS, -1 where it loses, 0 for a tie.

    Over the figures that both forecast; None where there is none. A tie is a difference within
    two Monte Carlo errors of the model's mean.
    """
    both = pairs(rows, rival)
    if not both:
        return None
    ahead = float(np.mean([theirs.crps - ours.crps for ours, theirs in both]))
    error = mean_crps_error([ours for ours, _ in both])
    return 0 if abs(ahead) <= 2 * error else 1 if ahead > 0 else -1


# ── structures ─────────────────────────────────────────────────────────────────────────────


def stacking_weights(scores: dict[str, list[float]], seed: int = 1) -> dict[str, float]:
    """Return the weight of each variant from its held-out log scores, figure by figure."""
    names = list(scores)
    table = np.array([scores[name] for name in names]).T.reshape(-1, len(names))
    return dict(zip(names, map(float, stack(table, seed=seed)), strict=True))
