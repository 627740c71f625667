"""The verb ``audit``: what was forecast at the policy's issue, what came, and why they differ."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdensemble.calibration.fitting import make_problem
from sdensemble.calibration.forecast import Source, carried
from sdensemble.calibration.likelihood import Problem, predict
from sdensemble.calibration.smc import Settings
from sdensemble.calibration.stored import choose
from sdensemble.calibration.terms import group_of
from sdensemble.ensemble import run_ensemble
from sdensemble.errors import SDError
from sdensemble.evidence.backtest import Row, held_out, score_model, source_of
from sdensemble.evidence.calibrate import settings_of
from sdensemble.evidence.words import columns, say, series_title, three
from sdensemble.history import LATEST, vintage
from sdensemble.kernel.compile import Kernel, compile_model
from sdensemble.outputs.words import information_date
from sdensemble.scenarios import Scenario, Setting
from sdensemble.scenarios.read import BASELINE
from sdensemble.study import Study

Floats = NDArray[np.float64]
SHOCKS, LEFT = "shocks", "left"
Line = Callable[[str], None]


@dataclass(frozen=True)
class Split:
    """Why one figure missed its ex ante forecast: shares in log points that add up to the miss."""

    series: str
    year: int
    value: float
    forecast: float
    shares: Mapping[str, float]

    @property
    def miss(self) -> float:
        """The log of the figure over the ex ante median."""
        return math.log(self.value / self.forecast)


@dataclass(frozen=True, eq=False)
class Audit:
    """The forecasts with their scores, the split of the misses, and the paths ahead.

    ``effect`` and ``ahead`` are (year, member) in the headline's unit.
    """

    rows: tuple[Row, ...]
    splits: tuple[Split, ...]
    years: tuple[int, ...]
    effect: Floats
    kept: Floats
    new: Floats
    text: str
    seconds: float


def audit(
    study: Study,
    *,
    prior_set: str = "history",
    scenario: str = "",
    start: float = 2026.0,
    seed: int = 1,
    members: int = 2048,
    threads: int | None = None,
    lang: str = "zh",
    tell: Line | None = None,
) -> Audit:
    """Audit a study: its ex ante forecast, the misses, the counterfactual, and the way ahead.

    ``scenario`` names the one whose levers are set from ``start`` on; that of the observed years
    without it. Raises SDError where the study has nothing to fit.
    """
    begun = time.perf_counter()
    issued = study.report.as_of or LATEST
    lived = study.lived
    if study.fit is None or lived is None:
        raise SDError(f"{study.folder / 'calibration' / 'fit.toml'}: names no terms or no scenario"
                      " under which the observed years went by")  # fmt: skip
    kernel = compile_model(study.model)
    settings = settings_of(members, threads)
    before = source_of(
        study, kernel, prior_set, vintage(study.history, issued), settings, seed=seed
    )
    after = _now(study, kernel, prior_set, settings, seed)
    origin = _last_year(issued, study)
    everything = vintage(study.history, LATEST).fitted()
    later = held_out(before.problem, everything, origin)
    rows = tuple(score_model(before, later, origin, "model"))
    splits = split_misses(before, after)
    if tell:
        tell(f"{len(rows)} figures forecast, {len(splits)} misses split")
    baseline = study.named((BASELINE,))[0]
    ahead = study.named((scenario,))[0] if scenario else lived
    then = from_year(lived, ahead, start)
    years, paths = _paths(study, kernel, after, (baseline, lived, then), threads)
    found = Audit(rows, splits, years, paths[1] - paths[0], paths[1], paths[2], "", 0.0)
    text = audit_text(study, found, (baseline, lived, ahead), start, issued, lang)
    return replace(found, text=text, seconds=time.perf_counter() - begun)


def _last_year(name: str, study: Study) -> int:
    """Return the last year of which a vintage can have a whole-year figure."""
    rows = vintage(study.history, name).rows
    first = int(study.model.clock.start)
    return (
        max(
            (
                row.period_end.year
                for row in rows
                if (row.period_end.month, row.period_end.day) == (12, 31) and row.role == "observed"
            ),
            default=first,
        )
        if name != LATEST
        else first
    )


def _now(study: Study, kernel: Kernel, prior_set: str, settings: Settings, seed: int) -> Source:
    """Return the posterior given all that is known: the stored one, or one made here."""
    known = vintage(study.history, LATEST)
    assert study.fit is not None
    chosen = choose(study.folder, study.model, study.priors(prior_set), study.fit, study.history,
                    study.lived, LATEST)  # fmt: skip
    problem = make_problem(kernel, study.priors(prior_set), study.fit, known.fitted(), study.lived,
                           threads=settings.threads)  # fmt: skip
    return source_of(study, kernel, prior_set, known, settings, seed=seed, problem=problem,
                     posterior=chosen.posterior)  # fmt: skip


# ── why it missed ──────────────────────────────────────────────────────────────────────────


def split_misses(before: Source, after: Source) -> tuple[Split, ...]:
    """Split the miss of every figure fitted now among groups of constants, shocks and error.

    The groups go from the prior's draws to the posterior's one by one, in every order (Shapley):
    the median of the model's number moves by their shares. The posterior mean of the discrepancy
    is the shocks', with what had been left of it at the issue; the rest is error of the figure.
    The ex ante median has no shocks drawn, so that the shares add up.
    """
    problem = after.problem
    if not problem.data:
        return ()
    groups = sorted({group_of(prior.constant, problem.fit) for prior in problem.priors.items})
    values = {
        chosen: _medians(problem, before, after, chosen)
        for size in range(len(groups) + 1)
        for chosen in itertools.combinations(groups, size)
    }
    first = int(problem.model.clock.start)
    found = []
    for i, datum in enumerate(problem.data):
        start = values[()][i]
        shares = dict.fromkeys(groups, 0.0)
        for name in groups:
            rest = [one for one in groups if one != name]
            for size in range(len(rest) + 1):
                ways = math.factorial(size) * math.factorial(len(rest) - size)
                weight = ways / math.factorial(len(groups))
                for chosen in itertools.combinations(rest, size):
                    more = tuple(sorted((*chosen, name)))
                    shares[name] += weight * (values[more][i] - values[chosen][i])
        away = carried(after, datum.term, datum.year)[datum.year - first] + problem.shares[i]
        shares[SHOCKS] = float(away.mean())
        seen = math.log(datum.observation.value)
        shares[LEFT] = seen - start - sum(shares.values())
        found.append(Split(problem.fit.terms[datum.term].name, datum.year, datum.observation.value,
                           math.exp(start), shares))  # fmt: skip
    return tuple(found)


def _medians(problem: Problem, before: Source, after: Source, chosen: tuple[str, ...]) -> Floats:
    """Return the median log of each figure's number with some groups from the posterior."""
    taken = {
        prior.constant
        for prior in problem.priors.items
        if group_of(prior.constant, problem.fit) in chosen
    }
    values = {
        name: (after if name in taken else before).draws.values[name]
        for name in before.draws.values
    }
    terms = sorted({datum.term for datum in problem.data})
    logs = predict(problem, values, terms, max(problem.years))
    start = int(problem.model.clock.start)
    return np.array([np.nanmedian(logs[d.term][d.year - start]) for d in problem.data])


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
    forcing = source.forcing
    if forcing is not None and source.posterior is not None:
        forcing = replace(forcing, from_time=source.posterior.forecast_from)
    named = [replace(s, name=f"{i} {s.name}") for i, s in enumerate(scenarios)]
    data = run_ensemble(kernel, named, source.draws, forcing,
                        keep={head.whole.variable: head.aggregate}, threads=threads)  # fmt: skip
    values = data[head.whole.variable].transpose("scenario", "year", "member").values
    return tuple(int(y) for y in data["year"].values), list(values)


def audit_text(
    study: Study,
    found: Audit,
    scenarios: tuple[Scenario, Scenario, Scenario],
    start: float,
    issued: str,
    lang: str,
) -> str:
    """Return the audit as lines for the terminal."""
    baseline, lived, ahead = scenarios
    head = study.report.headline.whole
    unit = study.report.unit_label(study.model[head.variable].unit.removesuffix("/Year"), lang)
    lines = [say("audit", lang, date=information_date(issued, lang), scenario=lived.title[lang])]
    table = [[say(key, lang) for key in ("series", "year", "value", "forecast")] + ["PIT", "CRPS"]]
    for row in found.rows:
        table.append(
            [series_title(study, row.series, lang), str(row.year), f"{row.value:g}",
             three((row.score.low, row.score.median, row.score.high)), f"{row.score.pit:.2f}",
             f"{row.score.crps:.3f}"]
        )  # fmt: skip
    lines += columns(table)
    if found.splits:
        lines += ["", say("split", lang), *_split_lines(study, found.splits, lang)]
    lines += ["", say("counterfactual", lang, scenario=lived.title[lang],
                      baseline=baseline.title[lang], unit=unit)]  # fmt: skip
    lines += columns(
        [
            [str(year) for year in found.years],
            [three(np.nanquantile(row, [0.05, 0.5, 0.95])) for row in found.effect],
        ]
    )
    lines += ["", say("ahead", lang, end=found.years[-1], start=start, scenario=ahead.title[lang],
                      name=head.label[lang], unit=unit)]  # fmt: skip
    rows = [["", *(str(year) for year in found.years if year >= start - 1)]]
    keep = [i for i, year in enumerate(found.years) if year >= start - 1]
    for key, values in (("kept on", found.kept), ("new", found.new),
                        ("difference", found.new - found.kept)):  # fmt: skip
        shown = [three(np.nanquantile(values[i], [0.05, 0.5, 0.95])) for i in keep]
        rows.append([say(key, lang), *shown])
    return "\n".join([*lines, *columns(rows)])


def _split_lines(study: Study, splits: Sequence[Split], lang: str) -> list[str]:
    assert study.fit is not None
    names = list(splits[0].shares)
    titles = [study.fit.titles.get(name, {}).get(lang, name) for name in names]
    words = {SHOCKS: say("shocks word", lang), LEFT: say("left", lang)}
    shown = [words.get(name, title) for name, title in zip(names, titles, strict=True)]
    table = [[say("series", lang), say("year", lang), say("miss", lang), *shown]]
    for one in splits:
        table.append(
            [series_title(study, one.series, lang), str(one.year), f"{100 * one.miss:+.1f}",
             *(f"{100 * one.shares[name]:+.1f}" for name in names)]
        )  # fmt: skip
    return columns(table)
