"""The main job: a study's scenarios under its prior sets, from draws to a written run."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdengine.errors import Message, SDError
from sdengine.kernel import Kernel, compile_model
from sdengine.model.units import check_units
from sdensemble.ensemble.draws import Method
from sdensemble.ensemble.members import Members
from sdensemble.evidence.members import choose_draws, choose_members, chosen_members
from sdensemble.evidence.stored import Chosen
from sdensemble.inputs.config import cell_name
from sdensemble.inputs.scenarios import Scenario
from sdensemble.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.outputs.run import RunPaths


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
    as_of: str = ""
    prior_only: bool = False
    question: str = ""


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
    from sdensemble.outputs.text import terminal_columns

    begun = time.perf_counter()
    started = datetime.now().astimezone()
    study = study.at(options.as_of).asking(options.question)
    _require_sound(study)
    check_ready(_folder(study, options, started))
    kernel = compile_model(study.model)
    plan = _plan(study, options)
    chosen = {name: choose_draws(study, name, prior_only=options.prior_only) for name in plan}
    count = progress(options.members * sum(map(len, plan.values()))) if progress else None
    keep = {kept.variable: kept.aggregate for kept in study.kept()}
    datasets = {
        name: _members(study, options, chosen[name], name).run(
            kernel, scenarios, keep, threads=options.threads, progress=count
        )
        for name, scenarios in plan.items()
    }
    main = datasets.pop(options.prior_set)
    findings = _findings(study)
    _require_some(study, main, options)
    shared: dict[str, Any] = {
        "scenarios": plan[options.prior_set],
        "targets": study.targets,
        "spec": study.report,
        "model": study.model,
        "lang": options.lang,
        "extra": datasets,
        "notes": _notes(findings, chosen[options.prior_set]),
    }
    replays = _replay_note(study, options, [main, *datasets.values()])
    answer = "\n".join([terminal_summary(main, **shared, columns=terminal_columns()), *replays])
    info = _info(study, kernel, options, started, time.perf_counter() - begun) | findings
    with _place(study, options, started) as folder:
        paths = write_run(folder, main, info=info, history=study.history, **shared)
    return Outcome(answer, paths, time.perf_counter() - begun)


def _require_sound(study: Study) -> None:
    problems = study.check()
    if problems:
        raise SDError(problems)


def _folder(study: Study, options: Options, now: datetime) -> Path:
    return options.out or study.folder / "outputs" / now.strftime("%Y%m%d-%H%M%S")


@contextlib.contextmanager
def _place(study: Study, options: Options, now: datetime) -> Iterator[Path]:
    """Yield the folder of a run: the one asked for, or one of its own named by the time."""
    from sdensemble.inputs.folder import free_name

    if options.out is not None:
        yield options.out
        return
    with free_name(_folder(study, options, now)) as folder:
        yield folder


NOTES: Mapping[str, Mapping[str, str]] = {
    "unit_problems": {
        "zh": "注意：模型有{n}处单位不一致（首处：{first}），结果照常计算；全部见 run.json，"
        "也可用 check 列出。",
        "en": "Note: units disagree in {n} places of the model (first: {first}); the run went on."
        " All are in run.json, and `check` lists them.",
    },
    "late_evidence": {
        "zh": "注意：有{n}项先验或常数的依据晚于信息截止日，作为事前假设使用，逐项见 run.json。",
        "en": "Note: the evidence of {n} priors or constants is later than the information date;"
        " they serve as ex ante assumptions, and run.json lists them.",
    },
}


def _findings(study: Study) -> dict[str, list[str]]:
    """Return what is to be told of the study itself: for the answer and for run.json."""
    return {
        "unit_problems": list(check_units(study.model)),
        "late_evidence": list(study.late_evidence()),
    }


def _notes(findings: Mapping[str, Sequence[str]], chosen: Chosen) -> dict[str, tuple[str, ...]]:
    """Return what the answer says of the draws and of the study itself, by language."""
    return {
        lang: (
            chosen.says(lang),
            *(
                NOTES[name][lang].format(n=len(lines), first=lines[0])
                for name, lines in findings.items()
                if lines
            ),
        )
        for lang in ("zh", "en")
    }


def prior_sets_of(study: Study, options: Options) -> tuple[str, ...]:
    """Return the prior sets a run draws from, the chosen one first."""
    return tuple(_plan(study, options))


def _plan(study: Study, options: Options) -> Mapping[str, tuple[Scenario, ...]]:
    """Return the scenarios to run under each prior set, the chosen set first."""
    chosen = study.choose(options.scenarios)
    packages = [s for s in chosen if s.package]
    compared = {s.name for s in packages} | {s.compares for s in packages or chosen}
    others = [s for s in study.prior_sets() if s != options.prior_set]
    fitted = [
        choose_draws(study, name, prior_only=options.prior_only).posterior is not None
        for name in (options.prior_set, *others)
    ]
    if fitted[0]:
        # Beside a posterior stand posteriors only: a prior is the answer to another question.
        others = [name for name, one in zip(others, fitted[1:], strict=True) if one]
    few = tuple(s for s in chosen if s.name in compared)
    return {options.prior_set: chosen, **dict.fromkeys(others, few)}


def _members(study: Study, options: Options, chosen: Chosen, prior_set: str) -> Members:
    return chosen_members(
        study, chosen, prior_set, options.members, seed=options.seed, method=options.method
    )


def replay_member(study: Study, options: Options, member: int) -> Path:
    """Run one member of one scenario again; return the CSV of every variable at every step."""
    from sdensemble.inputs.folder import whole_folder
    from sdensemble.outputs.write.csv import write_records

    study = study.at(options.as_of)
    _require_sound(study)
    named = study.named(options.scenarios)
    if len(options.scenarios) != 1 or len(named) != 1 or not 0 <= member < options.members:
        raise SDError(
            Message(
                "--member: name one --scenario and a member from 0 to {members}, with the"
                " --members, --seed, --prior and --method of the run it comes from",
                members=options.members - 1,
            )
        )
    (scenario,) = named
    members = choose_members(
        study,
        options.prior_set,
        options.members,
        seed=options.seed,
        method=options.method,
        prior_only=options.prior_only,
    )
    run = members.replay(compile_model(study.model), scenario, member)
    columns = {"time": run.times} | {
        cell_name(study.model, study.model[name], cell): values[(slice(None), *cell, 0)]
        for name, values in run.values.items()
        for cell in np.ndindex(values.shape[1:-1])
    }
    file = f"{scenario.name}-member-{member}.csv"
    with _place(study, options, datetime.now()) as folder, whole_folder(folder) as partial:
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        write_records(partial / file, columns, rows)
    return folder / file


def _require_some(study: Study, data: xr.Dataset, options: Options) -> None:
    """Raise SDError where no member of any scenario is finite: there is nothing to tell."""
    if sum(one["members"] for one in data.attrs["lost"]) < data.scenario.size * data.member.size:
        return
    first = data.attrs["lost"][0]
    raise SDError(
        Message(
            'every member is not finite, under every scenario: "{variable}" first, at {time:.7g}'
            " in member {member} under {scenario}; nothing was written. To see that member:"
            " {data}",
            variable=first["variable"],
            time=first["time"],
            member=first["member"],
            scenario=first["scenario"],
            data=_replay_note(study, options, [data])[0],
        )
    )


def _replay_note(study: Study, options: Options, datasets: Sequence[xr.Dataset]) -> list[str]:
    """Return how to replay a lost member, one line for each prior set that has any."""
    where = ["--study", str(study.folder)] if study.folder != Path() else []
    common = [f"--seed={options.seed}", f"--members={options.members}"]
    common += [f"--method={options.method}"]
    common += [f"--as-of={options.as_of}"] if options.as_of else []
    common += ["--prior-only"] if options.prior_only else []
    return [
        shlex.join(
            [
                *("python", "run_sim.py", "run", *where, "--scenario", lost["scenario"]),
                *(*common, "--prior", data.attrs["prior_set"], "--member", str(lost["member"])),
            ]
        )
        for data in datasets
        for lost in data.attrs["lost"][:1]
    ]


def _info(
    study: Study, kernel: Kernel, options: Options, started: datetime, computed: float
) -> dict[str, Any]:
    return {
        "command": shlex.join(["python", Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": started.isoformat(timespec="seconds"),
        "seconds_to_results": round(computed, 2),
        "options": asdict(options),
        "as_of": study.information,
        "kernel_from_cache": kernel.from_cache,
        "files_read": study.digests(),
    }
