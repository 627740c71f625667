"""observe: figures of one's own, added, listed and taken back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from sdensemble.verbs.options import THERE, Fitting, OfStudy, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class ObserveOptions(Fitting):
    """What the addition of figures may be asked with; texts are what all rows have."""

    file: Path = argument(Path(), type=THERE, required=True)
    measure: str = option("")
    sector: str = option("")
    unit: str = option("")
    published_on: str = option("")
    particles: int = option(1024)
    each: bool = option(False)


def add(asked: ObserveOptions, tell: Tell = SILENT) -> VerbResult:
    """Add the figures of FILE (.xlsx, or .csv in UTF-8 or GBK) and refit."""
    from sdensemble.evidence.observe import observe_add, read_figures
    from sdensemble.lang import tell as told
    from sdensemble.outputs.evidence.observe import observed_document

    study = asked.opened()
    figures = read_figures(
        asked.file,
        study,
        (lambda words: click.prompt(told(words, asked.lang), err=True))
        if sys.stdin.isatty()
        else None,
        **asked.picked("measure", "sector", "unit", "published_on"),
    )
    found = observe_add(
        study,
        figures,
        **asked.picked("prior_set", "seed", "particles", "each", "threads"),
        tell=tell,
    )
    return VerbResult(observed_document(study, found), found, **asked.keyed(study))


@dataclass(frozen=True, kw_only=True)
class ListOptions(OfStudy):
    """Whose figures are listed."""


def listed(asked: ListOptions, tell: Tell = SILENT) -> VerbResult:
    """List the figures people brought in."""
    from sdensemble.evidence.observe import batches
    from sdensemble.outputs.evidence.observe import batches_document

    study = asked.opened()
    found = batches(study)
    return VerbResult(batches_document(study, found), found)


@dataclass(frozen=True, kw_only=True)
class UndoOptions(OfStudy):
    """Which import is taken back: the latest where none is named."""

    batch: str = argument("")


def undo(asked: UndoOptions, tell: Tell = SILENT) -> VerbResult:
    """Take back an import: BATCH, or the latest."""
    from sdensemble.evidence.observe import observe_undo
    from sdensemble.outputs.evidence.observe import undone_document

    found = observe_undo(asked.opened(), asked.batch)
    return VerbResult(undone_document(found), found)
