"""The verb ``backtest``: forecast from every origin there is, and score against naive ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model
from sdensemble.ensemble.members import from_prior
from sdensemble.evidence.calibrate import fit_vintage, settings_of
from sdensemble.evidence.fitting import make_problem
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.members import from_posterior
from sdensemble.evidence.posterior import Posterior
from sdensemble.evidence.predictive import Source, carried, forecast_logs, score_figure
from sdensemble.evidence.scores import BANDS, Score, score_normal
from sdensemble.evidence.smc import Settings
from sdensemble.evidence.stacking import stack
from sdensemble.evidence.words import columns, no_term_line, say, series_title
from sdensemble.inputs.fit import pick
from sdensemble.inputs.history import FIRST_YEAR, LATEST, Observation, Vintage, vintage, whole_year
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import LANGS, Words, joined, phrase, tell
from sdensemble.results.record import RunRecord, written
from sdensemble.study import Study

MODEL = "model"
Line = Callable[[str], None]


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
    """All rows, and where they are kept."""

    rows: tuple[Row, ...]
    text: str
    folder: Path | None
    seconds: float


def source_of(
    study: Study,
    kernel: Kernel,
    prior_set: str,
    known: Vintage,
    settings: Settings,
    *,
    seed: int = 1,
    members: int | None = None,
    variant: Scenario | None = None,
    problem: Problem | None = None,
    posterior: Posterior | None = None,
) -> Source:
    """Return what forecasts from a vintage come from: its posterior, or the prior without data."""
    if problem is None:
        if study.fit is None:
            raise SDError(f"{study.folder / 'calibration' / 'fit.toml'}: no such file")
        problem = make_problem(
            kernel,
            study.priors(prior_set),
            study.fit,
            known.fitted(),
            study.lived,
            variant,
            settings.threads,
        )
    members = members or settings.size
    inputs = (problem.priors, problem.model, study.forcing, members)
    if not problem.data:
        blind = from_prior(*inputs, seed=seed, as_of=known.name, replicates=settings.replicates)
        return Source(problem, blind, None)
    if posterior is None:
        posterior = fit_vintage(study, problem, known, settings, seed)
    fitted = from_posterior(posterior, *inputs, seed=seed, as_of=known.name)
    return Source(problem, fitted, posterior)


def origins(study: Study, kernel: Kernel) -> tuple[int, ...]:
    """Return the years at whose end a forecast has something later to be scored against."""
    assert study.fit is not None
    chosen = pick(study.fit.terms, vintage(study.history, LATEST).fitted(), kernel.model)
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
    assert study.fit is not None
    for index, rows in later.items():
        term = study.fit.terms[index]
        past = known_years(known, term.series, origin, term.time_unit)
        for baseline in study.fit.baselines:
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
    lang: str = "zh",
    out: Path | None = None,
    tell: Line | None = None,
) -> Backtest:
    """Fit at every origin, forecast all later figures, and score them against naive forecasts."""
    begun = time.perf_counter()
    kernel = compile_model(study.model)
    settings = settings_of(particles, threads)
    everything = vintage(study.history, LATEST).fitted()
    if study.fit is None:
        raise SDError(f"{study.folder / 'calibration' / 'fit.toml'}: no such file")
    rows: list[Row] = []
    for origin in origins(study, kernel):
        known = vintage(study.history, f"through-{origin}")
        source = source_of(study, kernel, prior_set, known, settings, seed=seed)
        later = held_out(source.problem, everything, origin)
        rows += score_model(source, later, origin, MODEL)
        rows += score_baselines(study, known, later, origin)
        if tell:
            tell(
                f"through-{origin}: {len(source.problem.data)} figures fitted,"
                f" {sum(map(len, later.values()))} scored"
            )
    found = Backtest(tuple(rows), backtest_text(study, rows, lang), None, 0.0)
    folder = _write(found, study, out, lang) if out else None
    return Backtest(found.rows, found.text, folder, time.perf_counter() - begun)


def _mean(rows: Sequence[Row], what: str) -> float:
    return float(np.mean([getattr(row.score, what) for row in rows])) if rows else float("nan")


def backtest_text(study: Study, rows: Sequence[Row], lang: str) -> str:
    """Return the table of forecasts, the means by series and horizon, and the plain verdict."""
    if not rows:
        return say("no_backtest", lang)
    names = list(dict.fromkeys(row.method for row in rows))
    head = [say(key, lang) for key in ("series", "origin", "year", "value", "who")]
    head += [say("forecast", lang), "CRPS", say("log_score", lang), "PIT", "50/80/95%"]
    table = [head]
    for row in rows:
        score = row.score
        marks = "".join("+" if one else "-" for one in score.inside)
        table.append(
            [
                tell(series_title(study, row.series), lang),
                str(row.origin),
                str(row.year),
                f"{row.value:g}",
                tell(_method(study, row.method), lang),
                " / ".join(map(_four, (score.low, score.median, score.high))),
                f"{score.crps:.3f}",
                f"{score.log_score:.2f}",
                f"{score.pit:.2f}",
                marks,
            ]
        )
    lines = [say("backtest", lang), *columns(table), ""]
    lines += _verdicts(study, rows, names, lang)
    lines += no_term_line(study, vintage(study.history, LATEST), lang)
    return "\n".join(lines)


def _four(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 9_999.5 else f"{value:.0f}"


def _method(study: Study, name: str) -> Words:
    if name == MODEL:
        return phrase("evidence.model")
    baselines = study.fit.baselines if study.fit else ()
    return next((one.title for one in baselines if one.name == name), name)


def against(rows: Sequence[Row], rival: str) -> int | None:
    """Return 1 where the model beats a rival in mean CRPS, -1 where it loses, 0 for a tie.

    Over the figures that both forecast; None where there is none. A tie is a difference within
    two Monte Carlo errors of the model's mean.
    """
    own = {(r.origin, r.series, r.year): r.score for r in rows if r.method == MODEL}
    pairs = [
        (own[key], r.score)
        for r in rows
        if r.method == rival and (key := (r.origin, r.series, r.year)) in own
    ]
    if not pairs:
        return None
    ahead = float(np.mean([theirs.crps - ours.crps for ours, theirs in pairs]))
    error = float(np.sqrt(np.sum([ours.error**2 for ours, _ in pairs]))) / len(pairs)
    return 0 if abs(ahead) <= 2 * error else 1 if ahead > 0 else -1


def _verdicts(study: Study, rows: Sequence[Row], names: Sequence[str], lang: str) -> list[str]:
    """Return by series and horizon who forecast best, and coverage of the model."""
    lines = [say("by_horizon", lang)]
    table = [
        [
            say("series", lang),
            say("horizon", lang),
            say("figures", lang),
            *(tell(_method(study, name), lang) for name in names),
            say("verdict", lang),
        ]
    ]
    for series in dict.fromkeys(row.series for row in rows):
        for horizon in sorted({row.horizon for row in rows if row.series == series}):
            own = [row for row in rows if (row.series, row.horizon) == (series, horizon)]
            count = sum(row.method == MODEL for row in own)
            shown = [_cell([r for r in own if r.method == name], count) for name in names]
            table.append(
                [
                    tell(series_title(study, series), lang),
                    str(horizon),
                    str(count),
                    *shown,
                    _verdict(study, own, names, lang),
                ]
            )
    lines += [*columns(table), say("same_figures", lang)]
    if study.fit and study.fit.baselines:
        sizes = sorted({f"{b.sd:.0%}" for b in study.fit.baselines})
        lines.append(say("rivals_error", lang, sd="/".join(sizes)))
    for name in names:
        own = [row for row in rows if row.method == name]
        shares = [np.mean([row.score.inside[i] for row in own]) for i in range(len(BANDS))]
        lines.append(
            say(
                "coverage",
                lang,
                who=tell(_method(study, name), lang),
                n=len(own),
                a=f"{shares[0]:.0%}",
                b=f"{shares[1]:.0%}",
                c=f"{shares[2]:.0%}",
                log=f"{_mean(own, 'log_score'):.2f}",
            )
        )
    return lines


def _cell(rows: Sequence[Row], most: int) -> str:
    """Return a mean CRPS, with the number of figures where they are fewer than the model's."""
    if not rows:
        return "–"
    return f"{_mean(rows, 'crps'):.3f}" + (f" ({len(rows)})" if len(rows) < most else "")


def _verdict(study: Study, rows: Sequence[Row], names: Sequence[str], lang: str) -> str:
    found = {name: against(rows, name) for name in names if name != MODEL}
    rivals = {name: way for name, way in found.items() if way is not None}
    if not rivals:
        return say("no_rival", lang)
    said = []
    for way, word in ((-1, "naive best"), (0, "tie")):
        who = [_method(study, name) for name, one in rivals.items() if one == way]
        if who:
            said.append(say(word, lang, who=tell(joined(who), lang)))
    return tell(joined(said, "clause"), lang) or say("model_best", lang)


COLUMNS = (
    *("series", "origin", "year", "horizon", "method", "value", "low", "median", "high"),
    *("crps_log", "crps_error", "log_score", "pit", "inside_50", "inside_80", "inside_95"),
)


def _write(found: Backtest, study: Study, folder: Path, lang: str) -> Path:
    """Write the table, the texts and the figure in a folder, whole or not at all."""
    from sdensemble.outputs.figures.evidence import scores_figure
    from sdensemble.outputs.write.csv import write_rows
    from sdensemble.outputs.write.picture import write_figure

    drawn = [
        (
            series_title(study, r.series),
            _method(study, r.method),
            r.origin,
            r.year,
            r.value,
            r.score.low,
            r.score.median,
            r.score.high,
        )
        for r in found.rows
    ]
    figure = scores_figure(drawn, _method(study, MODEL))
    record = RunRecord.begin(as_of=LATEST, files_read=study.digests())
    with written(folder, record) as done:
        partial = done.partial
        write_rows(
            partial / "backtest.csv",
            COLUMNS,
            (
                (
                    r.series,
                    r.origin,
                    r.year,
                    r.horizon,
                    r.method,
                    r.value,
                    r.score.low,
                    r.score.median,
                    r.score.high,
                    r.score.crps,
                    r.score.error,
                    r.score.log_score,
                    r.score.pit,
                    *map(int, r.score.inside),
                )
                for r in found.rows
            ),
        )
        for language in LANGS:
            text = backtest_text(study, found.rows, language)
            (partial / f"backtest-{language}.txt").write_text(text + "\n", encoding="utf-8")
            name = "backtest" if language == lang else f"backtest-{language}"
            write_figure(figure, partial / name, language)
    return folder


# ── structures ─────────────────────────────────────────────────────────────────────────────


def stacking_weights(scores: dict[str, list[float]], seed: int = 1) -> dict[str, float]:
    """Return the weight of each variant from its held-out log scores, figure by figure."""
    names = list(scores)
    table = np.array([scores[name] for name in names]).T.reshape(-1, len(names))
    return dict(zip(names, map(float, stack(table, seed=seed)), strict=True))
