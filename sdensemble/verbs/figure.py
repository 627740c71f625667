"""figure: one outcome of a stored run as a picture, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdengine.errors import SDError, did_you_mean
from sdensemble.lang import tell
from sdensemble.verbs.options import RUN, IntoFolder, OfStudy, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult, key_of

if TYPE_CHECKING:
    from sdensemble.inputs.report import Outcome
    from sdensemble.results.results import Results


@dataclass(frozen=True, kw_only=True)
class FigureOptions(IntoFolder, OfStudy):
    """What a figure of ``run`` (the latest) may be asked with.

    ``outcome`` goes by its id or its label; without one it is the headline. ``width`` is in mm.
    """

    run: Path | None = argument(type=RUN)
    outcome: str = option("")
    scenarios: tuple[str, ...] = option((), "--scenario")
    title: str = option("")
    width: float = option(146.0, type=click.FloatRange(60, 400), show_default=False)
    no_lower: bool = option(False)
    grey: bool = option(False)


def figure(asked: FigureOptions, tell: Tell = SILENT) -> VerbResult:
    """Draw one outcome of a RUN, under one scenario or several.

    It is written as PNG, SVG and PDF with its numbers. Raises SDError.
    """
    from sdensemble.outputs.document import verbatim
    from sdensemble.outputs.figures.fan import fan
    from sdensemble.outputs.pages.figures import several
    from sdensemble.outputs.write.csv import write_table
    from sdensemble.outputs.write.picture import write_figure
    from sdensemble.results.results import reference
    from sdensemble.verbs.stored import stored_run

    study = asked.opened()
    run = stored_run(study, asked.run)
    results = run.results
    chosen = _outcome(results, asked)
    names = [results.scenario(one.name) for one in study.named(asked.scenarios)]
    names = names or [reference(results)]
    if len(names) == 1:
        made = fan(
            results,
            names[0],
            study.history,
            run.others,
            outcome=chosen,
            lower=not asked.no_lower,
            title=asked.title,
            width=asked.width,
        )
    else:
        made = several(results, names, chosen, title=asked.title, width=asked.width)
    stem = f"{chosen.id}-{'-'.join(one.name for one in names)}"[:80]

    def write(path: Path) -> None:
        write_figure(made, path / stem, asked.lang, grey=asked.grey)
        write_table(path / f"{stem}.csv", made.data(), asked.lang)

    place = asked.out or run.folder.with_name(f"{run.folder.name}-figure-{stem}")
    files = run.write_beside(place, write)
    said, key = verbatim(made.caption or made.title), key_of(results)
    return VerbResult(said, made, place, files, run=run.folder, id=run.id, key=key)


def _outcome(results: Results, asked: FigureOptions) -> Outcome:
    """Return an outcome by id or label; the headline where none is named."""
    every = results.outcomes()
    if not asked.outcome:
        return every[0]
    name = asked.outcome.strip().casefold()
    for one in every:
        if name in {one.id.casefold(), *(text.casefold() for text in one.label.values())}:
            return one
    names = [text for one in every for text in (one.id, *one.label.values())]
    told = 'no outcome "{name}"{hint} (there are {known})'
    known = ", ".join(dict.fromkeys(tell(one.label, asked.lang) or one.id for one in every))
    hint = did_you_mean(asked.outcome, names)
    raise SDError(told, name=asked.outcome, hint=hint, known=known)
