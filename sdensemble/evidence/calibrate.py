"""A study fitted to a vintage: the posterior kept, and what was learned."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdengine.errors import Message, SDError
from sdensemble.ensemble.blocks import Threads
from sdensemble.evidence.diagnose import Diagnosis, diagnose
from sdensemble.evidence.fitter import Fitter
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.members import from_posterior
from sdensemble.evidence.posterior import Posterior, posterior_path, read_posterior, write_posterior
from sdensemble.evidence.pull import Pull, pulls
from sdensemble.inputs.folder import unfinished
from sdensemble.inputs.history import Vintage, vintage
from sdensemble.inputs.targets import leaves
from sdensemble.lang import Tell
from sdensemble.results.results import Results
from sdensemble.study import Study


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A fitted posterior, its diagnosis, and where it is; none of them without data.

    ``pulls`` are what each figure does to P of each target, by the target's id.
    """

    known: Vintage
    posterior: Posterior | None = None
    diagnosis: Diagnosis | None = None
    pulls: Mapping[str, tuple[Pull, ...]] = field(default_factory=dict)
    path: Path | None = None


@contextlib.contextmanager
def going_on(parent: Path, verb: str, tell: Tell) -> Iterator[Path | None]:
    """Yield the folder in which a verb keeps its fits until all is done, so that the same command
    goes on from them after an interruption; None where nothing may be written."""
    folder = unfinished(parent, verb)
    if folder.is_dir():
        tell(Message("this command was interrupted before: going on from where it was"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        yield None
        return
    try:
        yield folder
    except KeyboardInterrupt as stop:
        stop.args = (Message("interrupted; the same command goes on from where it was"),)
        raise
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # where nothing is kept yet there is nothing to go on from
    shutil.rmtree(folder, ignore_errors=True)


def calibrate(
    study: Study,
    *,
    as_of: str = "",
    prior_set: str = "",
    seed: int = 1,
    particles: int = 4096,
    threads: int | None = None,
    profiles: bool = True,
    out: Path | None = None,
    tell: Tell | None = None,
) -> Calibrated:
    """Fit a study to a vintage, write the posterior, and diagnose it.

    ``out`` names another file for the posterior. Interrupted, it goes on where it was when called
    again. Raises SDError with every problem of the study's files.
    """
    fit = study.fit
    name = as_of or (fit.vintage if fit else "")
    study = study.at(name)
    problems = study.check()
    if problems:
        raise SDError(problems)
    if not name:
        study.require_fit()
    known = vintage(study.history, name)
    fitter = Fitter.of(study, prior_set, particles, threads, seed)
    problem = fitter.problem(known)
    path = out or posterior_path(study.folder, name, fitter.priors, problem.fit.vintage)
    if not problem.data:
        return Calibrated(known)
    checkpoint = path.with_name(f".{path.name}.unfinished.npz")
    told = (lambda share, line: tell(line)) if tell else None
    posterior = fitter.fit(problem, known, checkpoint=checkpoint, progress=told)
    write_posterior(path, posterior)
    posterior = read_posterior(path)
    diagnosis = diagnose(problem, posterior, profiles=profiles)
    pulled = pulls_of(study, problem, posterior, threads)
    return Calibrated(known, posterior, diagnosis, pulled, path)


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
    members = from_posterior(
        posterior,
        problem.priors,
        model,
        study.forcing,
        posterior.size,
        seed=posterior.seed,
        as_of=posterior.bound.vintage,
    )
    keep = {t.variable: t.aggregate for one in targets for t in leaves(one, study.targets)}
    data = members.run(problem.kernel, [scenario], keep, by=Threads(threads))
    results = Results(data, (scenario,), study.targets, study.report, model)
    return {
        target.id: pulls(problem, posterior, results.event(target, scenario).hit.astype(float))
        for target in targets
    }
