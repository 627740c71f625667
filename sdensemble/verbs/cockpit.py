"""cockpit: one HTML file that runs the ensemble of a study, or a model file alone, offline."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from pathlib import Path

from sdengine.errors import SDError
from sdensemble.verbs.options import EITHER, FILE, Sampled, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult
from sdensemble.verbs.run_options import RunOptions

SCENARIO = "cockpit"
"""The name of the scenario file that a page saves: its settings, to be run outside it."""


@dataclass(frozen=True, kw_only=True)
class CockpitOptions(Sampled):
    """What a page may be asked with; its members are those of a run with the same options."""

    place: Path | None = argument(aside=True, bars="study", type=EITHER, metavar="[TARGET]")
    question: str = option("", "--target")
    out: Path | None = option(aside=True, type=FILE)
    show: bool = option(False, "--open", aside=True)

    def of_run(self) -> RunOptions:
        """Return what the run of the same members is asked with."""
        names = [one.name for one in fields(Sampled)]
        return RunOptions(place=self.place, question=self.question, **self.picked(*names))


def cockpit(asked: CockpitOptions, tell: Tell = SILENT) -> VerbResult:
    """Write one HTML file in which the whole ensemble runs, offline."""
    from sdensemble.lang import phrase
    from sdensemble.outputs.document import Document, Paragraph

    if asked.place is not None and asked.place.is_file():
        text, place = model_page(asked.place, asked.lang), Path(f"{asked.place.stem}.html")
    else:
        text = study_page(asked.of_run())
        place = asked.of_run().opened().folder / "outputs" / "cockpit.html"
    page = write_page(text, asked.out or place)
    if asked.show:
        import webbrowser

        webbrowser.open(page.absolute().as_uri())
    said = phrase("file.page", file=str(page), size=page.stat().st_size / 1e6)
    return VerbResult(Document("cockpit", "", (Paragraph(said, "verbatim"),)), files=(page,))


def study_page(options: RunOptions) -> str:
    """Return the page of a study, with the members that ``run`` has under these options.

    Raises SDError with every problem of the study's files.
    """
    from sdengine.kernel import compile_model
    from sdensemble.lang import in_all
    from sdensemble.pages.cockpit.facts import study_carried, study_contents
    from sdensemble.pages.cockpit.write import page
    from sdensemble.verbs.run_study import run_members, run_plan

    study = options.sound()
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
    from sdengine.kernel import compile_model
    from sdengine.model.read import read_model
    from sdensemble.pages.cockpit.carried import carried
    from sdensemble.pages.cockpit.facts import kept_of, model_contents
    from sdensemble.pages.cockpit.write import page

    model = read_model(path)
    return page(model_contents(carried(compile_model(model), kept_of(model)), lang=lang))


def write_page(text: str, out: Path) -> Path:
    """Write a page whole or not at all; refuse a place that holds something else."""
    from sdensemble.inputs.folder import write_whole

    if out.is_dir() or (
        out.exists() and not out.read_bytes()[:15].lower().startswith(b"<!doctype html>")
    ):
        raise SDError("{file}: is there and is no page; choose another file with --out", file=out)
    write_whole(out, text.encode("utf-8"))
    return out
