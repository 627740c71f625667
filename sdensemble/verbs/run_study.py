"""The main job: a study's scenarios under its prior sets, from draws to a written run."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from sdengine.errors import SDError
from sdengine.kernel import compile_model, default_threads
from sdengine.model.units import check_units
from sdensemble.decide.measures import find_target
from sdensemble.ensemble.members import Members
from sdensemble.evidence.members import choose_draws, chosen_members
from sdensemble.evidence.stored import Chosen
from sdensemble.inputs.config import cell_name
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import LANGS, Words, catalogue, phrase
from sdensemble.outputs.document import Paragraph
from sdensemble.results.asked import HEADLINE
from sdensemble.results.record import stamped, written
from sdensemble.results.results import Results
from sdensemble.study import Study
from sdensemble.verbs.grow import Grown, grown
from sdensemble.verbs.result import SILENT, Tell, VerbResult, key_of
from sdensemble.verbs.run_options import RunOptions

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.outputs.apart import Desk

WRITING = (
    "sdensemble.outputs.figures.horizons",
    "sdensemble.outputs.pages.workbook",
    "sdensemble.outputs.write.xlsx",
    "sdensemble.results.store",
)
"""What is loaded while members are run."""


def run_study(options: RunOptions, tell: Tell = SILENT) -> VerbResult:
    """Run a study's scenarios on common random numbers, write the run and return the answer.

    The chosen prior set serves every scenario; the study's other sets serve the scenarios the
    packages are compared with, and the packages. Raises SDError with all problems of the
    study's files before anything is computed.
    """
    from sdensemble.outputs.apart import desk

    with desk(options.members, options.threads or default_threads()) as place:
        return _run_study(options, tell, place)


def _run_study(options: RunOptions, tell: Tell, place: Desk) -> VerbResult:
    """Run a study, with its figures drawn at a desk."""
    from sdensemble.outputs.run import all_results, check_ready, write_run

    begun = time.perf_counter()
    whole = options.sound()
    study = whole.only_headline() if options.keep == HEADLINE else whole
    options = replace(options, prior_set=study.prior_set(options.prior_set))
    folder = options.out or stamped(study.folder)
    check_ready(folder)
    chosen, plan = run_plan(study, options)
    runs = options.members * sum(map(len, plan.values()))
    running = Event()
    # What needs no members is made while they are run, and waits for none where none comes.
    with ThreadPoolExecutor(1) as beside, ExitStack() as ending:
        ending.callback(running.set)
        record = options.record(study)
        by = options.runner(folder, record, tell)
        kernel = compile_model(study.model)
        keep = {kept.variable: kept.aggregate for kept in study.kept()}
        kernel.best(keep, runs)
        told = tell.bar(runs)
        found = beside.submit(_findings, study, running)
        _load_dask()
        loaded = beside.submit(_load_for_writing)

        def count(done: int) -> None:
            running.set()
            told(done)

        def part(name: str, rounds: int = 1, first: int = 0) -> xr.Dataset:
            members = run_members(study, options, chosen[name], name, rounds)
            only = np.arange(first, members.size) if first else None
            return members.run(kernel, plan[name], keep, only=only, by=by, progress=count)

        said: list[Words] = []
        rounds, datasets = 1, {}
        if options.until:
            grew = _until(study, options, plan, part, tell)
            rounds, datasets[options.prior_set] = grew.rounds, grew.data
            said = [grew.said(options.members)]
        for name in plan:
            if name not in datasets:
                datasets[name] = part(name, rounds)
        for dataset in datasets.values():
            dataset.attrs |= {"run_id": record.id, **_kept_attribute(options)}
        loaded.result()  # two threads that load the same at once may meet half a module
        main = datasets.pop(options.prior_set)
        _require_some(study, main, options)
        findings = found.result()
        said += _left_out(whole, study) if study is not whole else []
        notes = (*_notes(findings, chosen[options.prior_set]), *said)
        scenarios = plan[options.prior_set]
        every = all_results(main, datasets, scenarios, study.targets, study.report, study.model)
        facts = {
            "seconds_to_results": round(time.perf_counter() - begun, 2),
            "kernel_from_cache": kernel.from_cache,
            **findings,
        }
        done, document = write_run(
            folder,
            every,
            record=record.adding(**facts),
            free=options.out is None,
            lang=options.lang,
            notes=notes,
            history=study.history,
            desk=place,
            keep=options.keep,
            asked=[
                (term.variable, term.element, number.year)
                for one in study.conflicts
                for number in one.model
                for term in number.terms
            ],
        )
        by.done()
        replays = _replay_note(study, options, [main, *datasets.values()])
        lines = [Paragraph(one, "verbatim") for one in replays]
        shown = replace(document, blocks=(*document.blocks, *lines))
        files = tuple(done.folder / name for name in done.files)
        key = key_of(every[0])
        return VerbResult(shown, every, done.folder, files, done.notes, id=record.id, key=key)


def _until(
    study: Study,
    options: RunOptions,
    plan: Mapping[str, tuple[Scenario, ...]],
    part: Callable[[str, int, int], xr.Dataset],
    tell: Tell,
) -> Grown:
    """Return the members under the prior set asked for, as many as P's error demands.

    It is the greatest of all scenarios'. Raises SDError where there is no such target.
    """
    assert options.until is not None
    target = find_target(study, options.until.target)
    scenarios = plan[options.prior_set]

    def error_of(data: xr.Dataset) -> float:
        results = Results(data, scenarios, study.targets, study.report, study.model)
        return max(results.event(target, one).probability().error for one in scenarios)

    return grown(
        partial(part, options.prior_set),
        error_of,
        options.until.error,
        size=options.members,
        most=options.most,
        say=tell,
    )


def _kept_attribute(options: RunOptions) -> dict[str, str]:
    return {"keep": HEADLINE} if options.keep == HEADLINE else {}


def _left_out(whole: Study, study: Study) -> list[Words]:
    """Return what a run of the headline alone says of what it has not kept."""
    kept = {one.variable for one in study.kept()}
    gone = [one.variable for one in whole.kept() if one.variable not in kept]
    words = {
        "name": study.report.headline.whole.label,
        "n": len(gone),
        "targets": len(whole.targets) - len(study.targets),
    }
    return [phrase("run.headline_only", **words)]


def _load_dask() -> None:
    """Load what xarray asks of dask, where there is one, before two threads make datasets: its
    modules load each other in circles, and the second thread would meet half of one."""
    with contextlib.suppress(ImportError):
        import_module("dask.base")


def _load_for_writing() -> None:
    """Load all that a run is written with; xarray loads half of itself with its first dataset."""
    import xarray as xr

    xr.Dataset({"one": ("place", np.zeros(1))})
    for name in WRITING:
        import_module(name)
    for lang in LANGS:
        catalogue(lang)


def _findings(study: Study, running: Event) -> dict[str, list[str]]:
    """Return what is to be told of the study itself: for the answer and for run.json.

    It waits until the first members are run: before, the interpreter is wanted to get there.
    """
    running.wait(timeout=2)
    return {
        "unit_problems": list(check_units(study.model)),
        "late_evidence": list(study.late_evidence()),
    }


def _notes(findings: Mapping[str, Sequence[str]], chosen: Chosen) -> tuple[Words, ...]:
    """Return what the answer says of the draws and of the study itself."""
    told = (
        phrase(f"run.{name}", n=len(lines), first=lines[0])
        for name, lines in findings.items()
        if lines
    )
    return (chosen.said, *told)


def run_plan(
    study: Study, options: RunOptions
) -> tuple[Mapping[str, Chosen], Mapping[str, tuple[Scenario, ...]]]:
    """Return, by prior set, what constants are drawn from and which scenarios are run.

    The set asked for is the first. Beside a posterior stand posteriors only: a prior is the
    answer to another question.
    """
    chosen = study.choose(options.scenarios)
    packages = [s for s in chosen if s.package]
    compared = {s.name for s in packages} | {s.compares for s in packages or chosen}
    few = tuple(s for s in chosen if s.name in compared)
    asked = study.prior_set(options.prior_set)
    names = dict.fromkeys([asked, *study.prior_sets()])
    drawn = {n: choose_draws(study, n, prior_only=options.prior_only) for n in names}
    fitted = drawn[asked].posterior is not None
    drawn = {
        name: one
        for name, one in drawn.items()
        if name == asked or not fitted or one.posterior is not None
    }
    return drawn, {name: chosen if name == asked else few for name in drawn}


def run_members(
    study: Study, options: RunOptions, chosen: Chosen, prior_set: str, rounds: int = 1
) -> Members:
    """Return the members a run has under a prior set, drawn from what was chosen."""
    return chosen_members(
        study,
        chosen,
        prior_set,
        options.members,
        seed=options.seed,
        method=options.method,
        rounds=rounds,
    )


def replay_member(options: RunOptions) -> VerbResult:
    """Run one member of one scenario again; write a CSV of every variable at every step."""
    from sdensemble.outputs.write.csv import write_records

    study, member = options.sound(), options.member or 0
    named = study.named(options.scenarios)
    most = options.most if options.until else options.members
    if len(options.scenarios) != 1 or len(named) != 1 or not 0 <= member < most:
        raise SDError(
            "--member: name one --scenario and a member from 0 to {members}, with the"
            " --members, --seed, --prior and --method of the run it comes from",
            members=most - 1,
        )
    (scenario,) = named
    chosen = choose_draws(study, options.prior_set, prior_only=options.prior_only)
    rounds = member // options.members + 1
    members = run_members(study, options, chosen, options.prior_set, rounds)
    run = members.replay(compile_model(study.model), scenario, member)
    columns = {"time": run.times} | {
        cell_name(study.model, study.model[name], cell): values[(slice(None), *cell, 0)]
        for name, values in run.values.items()
        for cell in np.ndindex(values.shape[1:-1])
    }
    file = f"{scenario.name}-member-{member}.csv"
    record = options.record(study)
    place = options.out or stamped(study.folder, "member")
    with written(place, record, free=options.out is None) as done:
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        write_records(done.partial / file, columns, rows)
    return VerbResult(files=(done.folder / file,), notes=done.notes)


def _require_some(study: Study, data: xr.Dataset, options: RunOptions) -> None:
    """Raise SDError where no member of any scenario is finite: there is nothing to tell."""
    if sum(one["members"] for one in data.attrs["lost"]) < data.scenario.size * data.member.size:
        return
    first = data.attrs["lost"][0]
    raise SDError(
        'every member is not finite, under every scenario: "{variable}" first, at {time:.7g}'
        " in member {member} under {scenario}; nothing was written. To see that member:"
        " {data}",
        variable=first["variable"],
        time=first["time"],
        member=first["member"],
        scenario=first["scenario"],
        data=_replay_note(study, options, [data])[0],
    )


def _replay_note(study: Study, options: RunOptions, datasets: Sequence[xr.Dataset]) -> list[str]:
    """Return how to replay a lost member, one line for each prior set that has any."""
    where = ["--study", str(study.folder)] if study.folder != Path() else []
    common = [f"--seed={options.seed}", f"--members={options.members}"]
    common += [f"--method={options.method}"]
    common += [f"--as-of={options.as_of}"] if options.as_of else []
    common += ["--prior-only"] if options.prior_only else []
    common += [f"--until={options.until}"] if options.until else []
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
