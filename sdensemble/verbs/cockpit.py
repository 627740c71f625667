"""The cockpit of a study, or of a model file alone: one HTML file that runs the ensemble."""

from __future__ import annotations

import shlex
from pathlib import Path

from sdengine.kernel import compile_model
from sdengine.model.read import read_model
from sdensemble.lang import LANGS
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
"""The name under which a page's settings are run again outside it."""


def study_cockpit(study: Study, options: Options) -> str:
    """Return the page of a study: the members of ``options`` under the run's prior sets."""
    study = study.at(options.as_of).asking(options.question)
    held = study_carried(study, compile_model(study.model))
    sets = {}
    for name, chosen in run_plan(study, options)[0].items():
        members = run_members(study, options, chosen, name)
        said = {lang: chosen.says(lang) for lang in LANGS}
        sets[name] = members.draws, members.forcing, said
    words = ["python", "run_sim.py", "run", "--scenario", SCENARIO]
    words += ["--members", str(options.members), "--seed", str(options.seed)]
    words += ["--as-of", options.as_of] if options.as_of else []
    words += ["--prior-only"] if options.prior_only else []
    contents = study_contents(study, held, sets, command=shlex.join(words), lang=options.lang)
    return page(contents)


def model_cockpit(path: Path, lang: str) -> str:
    """Return the page of a model file by itself."""
    model = read_model(path)
    return page(model_contents(carried(compile_model(model), kept_of(model)), lang=lang))
