"""The verb ``calibrate``: fit a study to a vintage, keep the posterior, say what was learned."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model, default_threads
from sdensemble.evidence.diagnose import FLAT, Diagnosis, diagnose
from sdensemble.evidence.fitting import Progress, fit_posterior, make_problem
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.members import from_posterior
from sdensemble.evidence.posterior import (
    Posterior,
    bound_of,
    posterior_path,
    read_posterior,
    write_posterior,
)
from sdensemble.evidence.pull import Pull, pulls
from sdensemble.evidence.smc import Settings
from sdensemble.evidence.stored import fitted_rows
from sdensemble.evidence.words import calibration_text, label_of, pull_text, series_title
from sdensemble.inputs.folder import cleaned
from sdensemble.inputs.history import Vintage, vintage
from sdensemble.inputs.targets import leaves
from sdensemble.lang import LANGS, joined, phrase
from sdensemble.results.record import RunRecord, written
from sdensemble.results.results import Results
from sdensemble.study import Study

Line = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What a person may ask of a calibration."""

    as_of: str = ""
    prior_set: str = ""
    seed: int = 1
    particles: int = 4096
    threads: int | None = None
    profiles: bool = True
    out: Path | None = None
    figures: Path | None = None
    lang: str = "zh"


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A fitted posterior, what is to be said of it, and where it is; no posterior without data."""

    posterior: Posterior | None
    diagnosis: Diagnosis | None
    text: str
    path: Path | None
    figures: tuple[Path, ...]
    seconds: float


def settings_of(particles: int, threads: int | None) -> Settings:
    """Return the sampler's settings for so many particles in all; raise SDError for too few."""
    replicates = Settings().replicates
    if particles < 8 * replicates or particles % replicates:
        raise SDError(
            f"a fit needs a multiple of {replicates} draws, at least {8 * replicates}, not"
            f" {particles} (--particles; of forecast and audit --members)"
        )
    return Settings(particles=particles // replicates, threads=threads or default_threads())


def problem_of(
    study: Study, kernel: Kernel, prior_set: str, known: Vintage, threads: int | None = None
) -> Problem:
    """Return what is to be fitted of a study in a vintage; raise SDError without a fit.toml."""
    if study.fit is None:
        raise SDError(
            f"{study.folder / 'calibration' / 'fit.toml'}: no such file: nothing says"
            " which series the model must match"
        )
    return make_problem(
        kernel, study.priors(prior_set), study.fit, known.fitted(), study.lived, threads=threads
    )


def fit_vintage(
    study: Study,
    problem: Problem,
    known: Vintage,
    settings: Settings,
    seed: int,
    checkpoint: Path | None = None,
    say: Line | None = None,
    progress: Progress | None = None,
) -> Posterior:
    """Return the posterior of a study's problem in a vintage.

    ``say`` is told each line, ``progress`` each power of the likelihood with the line.
    """
    rows = fitted_rows(problem.fit, known, problem.model)
    bound = bound_of(problem.model, problem.priors, problem.fit, problem.scenario, rows, known.name)
    told = progress or ((lambda share, line: say(line)) if say else None)
    return fit_posterior(
        problem, bound, seed=seed, settings=settings, checkpoint=checkpoint, progress=told
    )


def calibrate(study: Study, asked: Asked = Asked(), say: Line | None = None) -> Calibrated:
    """Fit a study to a vintage and write the posterior, its diagnosis and figures.

    Interrupted, it goes on where it was when called again. Raises SDError with every problem of
    the study's files.
    """
    begun = time.perf_counter()
    fit = study.fit
    name = asked.as_of or (fit.vintage if fit else "")
    study = study.at(name)
    problems = study.check()
    if problems:
        raise SDError(problems)
    known = vintage(study.history, name)
    kernel = compile_model(study.model)
    problem = problem_of(study, kernel, asked.prior_set, known, asked.threads)
    path = posterior_path(study.folder, name, study.priors(asked.prior_set), problem.fit.vintage)
    path = asked.out or path
    for note in cleaned(path.parent):
        if say:
            say(str(note))
    if not problem.data:
        text = phrase("posterior.no_figure", vintage=name).told(asked.lang)
        return Calibrated(None, None, text, None, (), time.perf_counter() - begun)
    settings = settings_of(asked.particles, asked.threads)
    checkpoint = path.with_name(f".{path.name}.unfinished.npz")
    posterior = fit_vintage(study, problem, known, settings, asked.seed, checkpoint, say)
    write_posterior(path, posterior)
    posterior = read_posterior(path)
    diagnosis = diagnose(replace(problem), posterior, profiles=asked.profiles)
    text = calibration_text(study, posterior, diagnosis, known, asked.lang)
    pulled = pulls_of(study, problem, posterior, asked.threads)
    text += "\n\n" + pull_text(study, pulled, asked.lang)
    drawn = _draw(study, diagnosis, asked.figures) if asked.figures else ()
    return Calibrated(posterior, diagnosis, text, path, drawn, time.perf_counter() - begun)


def pulls_of(
    study: Study, problem: Problem, posterior: Posterior, threads: int | None = None
) -> dict[str, tuple[Pull, ...]]:
    """Return what each figure does to P of the study's headline targets, by the target's id.

    Under the first scenario, each particle run once with shocks of its own from the last figure of
    a series that leads on.
    """
    model, scenario = problem.model, study.scenarios[0]
    asked = study.report.question(study.targets)
    targets = [t for t in study.targets if t is asked or (t.headline and not t.joint)]
    size = posterior.replicates * posterior.particles
    members = from_posterior(
        posterior,
        problem.priors,
        model,
        study.forcing,
        size,
        seed=posterior.seed,
        as_of=posterior.bound.vintage,
    )
    keep = {t.variable: t.aggregate for one in targets for t in leaves(one, study.targets)}
    data = members.run(problem.kernel, [scenario], keep, threads=threads)
    results = Results(data, (scenario,), study.targets, study.report, model)
    return {
        target.id: pulls(problem, posterior, results.event(target, scenario).hit.astype(float))
        for target in targets
    }


def _draw(study: Study, diagnosis: Diagnosis, folder: Path) -> tuple[Path, ...]:
    """Draw shrinkage, predictive distributions, profiles and residuals, in every language."""
    from sdensemble.outputs.figures.evidence import (
        checks_figure,
        profiles_figure,
        residuals_figure,
        shrinkage_figure,
    )
    from sdensemble.outputs.write.picture import write_figure

    first = sorted(diagnosis.learned, key=lambda one: -one.shrinkage)
    shown = [one for one in first if not one.prior_only] or first[:3]
    rest = len(diagnosis.learned) - len(shown)
    bars = [(label_of(study, one.name), one.shrinkage) for one in shown]
    rows = [
        (
            joined([series_title(study, one.series), f" {one.year}"], "nothing"),
            one.value,
            one.prior,
            one.posterior,
        )
        for one in diagnosis.checks
    ]
    profiles = [(label_of(study, p.name), p.at, p.likelihood) for p in diagnosis.profiles]
    left = [(series_title(study, r.series), r.year, r.logs) for r in diagnosis.residuals]
    theil = [
        (series_title(study, t.series), f"{t.bias:.2f}/{t.variation:.2f}/{t.covariation:.2f}")
        for t in diagnosis.theil
    ]
    figures = [shrinkage_figure(bars, rest), checks_figure(rows), residuals_figure(left, theil)]
    figures += [profiles_figure(profiles, FLAT)] if profiles else []
    made: list[Path] = []
    record = RunRecord.begin(as_of=study.information, files_read=study.digests())
    with written(folder, record) as done:
        partial = done.partial
        for lang in LANGS:
            for figure in figures:
                made += write_figure(figure, partial / f"{figure.id}-{lang}", lang).paths
    return tuple(folder / path.name for path in made)
