"""The cockpit of a study, or of a model file alone: one HTML file that runs the ensemble."""

from __future__ import annotations

import shlex
from pathlib import Path

from sdengine.errors import Message, SDError
from sdengine.kernel import compile_model
from sdengine.model.read import read_model
from sdensemble.inputs.folder import write_whole
from sdensemble.lang import in_all
from sdensemble.pages.cockpit.carried import carried
from sdensemble.pages.cockpit.facts import (
    kept_of,
    model_contents,
    study_carried,
    study_contents,
)
from sdensemble.pages.cockpit.write import page
from sdensemble.study import Study
from sdensemble.verbs.run import Options, run_members, run_plan

SCENARIO = "cockpit"
"""The name of the scenario file that a page saves: its settings, to be run outside it."""


def study_page(study: Study, options: Options) -> str:
    """Return the page of a study, with the members that ``run`` has under these options.

    Raises SDError with every problem of the study's files.
    """
    study = study.at(options.as_of).asking(options.question)
    problems = study.check()
    if problems:
        raise SDError(problems)
    held = study_carried(study, compile_model(study.model))
    sets = {}
    for name, chosen in run_plan(study, options)[0].items():
        members = run_members(study, options, chosen, name)
        sets[name] = members, in_all(chosen.said)
    words = ["python", "run_sim.py", "run", "--scenario", SCENARIO]
    words += ["--members", str(options.members), "--seed", str(options.seed)]
    words += ["--as-of", options.as_of] if options.as_of else []
    words += ["--prior-only"] if options.prior_only else []
    contents = study_contents(study, held, sets, command=shlex.join(words), lang=options.lang)
    return page(contents)


def model_page(path: Path, lang: str) -> str:
    """Return the page of a model file by itself: one member, a slider for each constant."""
    model = read_model(path)
    return page(model_contents(carried(compile_model(model), kept_of(model)), lang=lang))


def write_page(text: str, out: Path) -> Path:
    """Write a page whole or not at all; refuse a place that holds something else."""
    if out.is_dir() or (
        out.exists() and not out.read_bytes()[:15].lower().startswith(b"<!doctype html>")
    ):
        raise SDError(
            Message("{file}: is there and is no page; choose another file with --out", file=out)
        )
    write_whole(out, text.encode("utf-8"))
    return out
