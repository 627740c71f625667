"""The main job: a study's scenarios under its prior sets, from draws to a written run."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdensemble.draws import Method, draw
from sdensemble.ensemble import run_ensemble
from sdensemble.errors import SDError
from sdensemble.kernel.compile import Kernel, compile_model
from sdensemble.scenarios import Scenario
from sdensemble.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.outputs.run import RunPaths

AS_OF = "through-2019"
REPLICATES = 16


@dataclass(frozen=True)
class Options:
    """What a person may ask of a run."""

    members: int = 2048
    seed: int = 1
    prior_set: str = "history"
    method: Method = "sobol"
    scenarios: tuple[str, ...] = ()
    out: Path | None = None
    lang: str = "zh"
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run gives back: the answer as text, and where its files are."""

    answer: str
    paths: RunPaths
    seconds: float


Progress = Callable[[int], Callable[[int], None]]
"""Given the number of member runs to come, return what is called with those just finished."""


def run_study(study: Study, options: Options, progress: Progress | None = None) -> Outcome:
    """Run a study's scenarios on common random numbers, write the run and return the answer.

    The chosen prior set serves every scenario; the study's other sets serve the scenarios the
    packages are compared with, and the packages. Raises SDError with all problems of the
    study's files before anything is computed.
    """
    from sdensemble.outputs.run import check_ready, terminal_summary, write_run

    begun = time.perf_counter()
    started = datetime.now().astimezone()
    problems = study.check()
    if problems:
        raise SDError(problems)
    folder = options.out or study.folder / "outputs" / started.strftime("%Y%m%d-%H%M%S")
    check_ready(folder)
    kernel = compile_model(study.model)
    plan = _plan(study, options)
    count = progress(options.members * sum(map(len, plan.values()))) if progress else None
    datasets = {
        name: _ensemble(study, kernel, options, name, scenarios, count)
        for name, scenarios in plan.items()
    }
    main = datasets.pop(options.prior_set)
    shared: dict[str, Any] = {
        "scenarios": plan[options.prior_set],
        "targets": study.targets,
        "spec": study.report,
        "model": study.model,
        "lang": options.lang,
        "extra": datasets,
    }
    answer = terminal_summary(main, **shared)
    info = _info(study, kernel, options, started, time.perf_counter() - begun)
    paths = write_run(folder, main, info=info, history=study.history, **shared)
    return Outcome(answer, paths, time.perf_counter() - begun)


def _plan(study: Study, options: Options) -> Mapping[str, tuple[Scenario, ...]]:
    """Return the scenarios to run under each prior set, the chosen set first."""
    chosen = study.choose(options.scenarios)
    packages = [s for s in chosen if s.package]
    compared = {s.name for s in packages} | {s.compares for s in packages or chosen}
    others = [s for s in study.prior_sets() if s != options.prior_set]
    few = tuple(s for s in chosen if s.name in compared)
    return {options.prior_set: chosen, **dict.fromkeys(others, few)}


def _ensemble(
    study: Study,
    kernel: Kernel,
    options: Options,
    prior_set: str,
    scenarios: tuple[Scenario, ...],
    count: Callable[[int], None] | None,
) -> xr.Dataset:
    priors = study.priors(prior_set)
    draws = draw(
        priors,
        study.model,
        options.members,
        seed=options.seed,
        method=options.method,
        replicates=REPLICATES,
    )
    keep = {kept.variable: kept.aggregate for kept in study.report.keep(study.targets)}
    dataset = run_ensemble(
        kernel,
        scenarios,
        draws,
        study.forcing,
        keep=keep,
        threads=options.threads,
        progress=count,
    )
    dataset.attrs["as_of"] = AS_OF
    return dataset


def _info(
    study: Study, kernel: Kernel, options: Options, started: datetime, computed: float
) -> dict[str, Any]:
    return {
        "command": shlex.join(["python", Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": started.isoformat(timespec="seconds"),
        "seconds_to_results": round(computed, 2),
        "options": asdict(options),
        "as_of": AS_OF,
        "kernel_from_cache": kernel.from_cache,
        "files_read": study.digests(),
    }
