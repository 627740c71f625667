"""new: a study made of a model file, or a table of scenarios to fill in for one there is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdengine.errors import Message, SDError
from sdensemble.verbs.options import FILE, THERE, OfStudy, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.decide.levers import Lever
    from sdensemble.study import Study


@dataclass(frozen=True, kw_only=True)
class NewOptions(OfStudy):
    """What is to be made: a study in ``folder`` around ``model``, or the table ``batch``."""

    model: Path | None = argument(type=THERE)
    folder: Path | None = argument(type=click.Path(path_type=Path))
    headline: str | None = option()
    batch: Path | None = option(type=FILE)
    levers: tuple[str, ...] = option((), "--lever")

    @classmethod
    def problems(cls, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is missing."""
        if "batch" not in typed and not {"model", "folder"} <= set(typed):
            yield Message("give a MODEL file and a FOLDER, or --batch FILE")


def new(asked: NewOptions, tell: Tell = SILENT) -> VerbResult:
    """Make a study in FOLDER from a MODEL file; or with --batch a table to fill in."""
    if asked.batch is not None:
        return VerbResult(files=(new_batch(asked, asked.batch),))
    from sdensemble.verbs.new_study import new_study

    assert asked.model is not None
    assert asked.folder is not None
    return VerbResult(files=new_study(asked.model, asked.folder, asked.headline))


def new_batch(asked: NewOptions, file: Path) -> Path:
    """Write a template for a batch: a workbook or CSV with a column for each lever.

    Columns carry the lever's label and unit; a second sheet lists limits and levels now. Raises
    SDError where the file is there already.
    """
    from sdensemble.decide.levers import find_lever
    from sdensemble.outputs.decide.template import write_template

    if file.exists():
        raise SDError("{file} exists: name another", file=file)
    study = asked.opened()
    chosen = [find_lever(study, name) for name in asked.levers] or _usual(study)
    return write_template(file, study, chosen, asked.lang)


def _usual(study: Study) -> list[Lever]:
    """Return the levers the study's scenarios set, in the order they are first set."""
    from sdensemble.decide.levers import find_lever

    names = dict.fromkeys(
        setting.constant
        for scenario in study.scenarios
        for setting in scenario.settings
        if setting.kind == "lever" and not setting.constant.endswith(" execution")
    )
    found = []
    for name in names:
        with contextlib.suppress(SDError):
            found.append(find_lever(study, name))
    return found
