"""brief, figure, trace: from a stored run to papers, and from a number back to its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from sdensemble.verbs.options import FILE, RUN, IntoFolder, OfStudy, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class BriefOptions(IntoFolder, OfStudy):
    """What a paper of ``run`` (the latest) may be asked with.

    ``template`` is a Word file of one's own; ``against`` another run, to tell what has changed.
    """

    run: Path | None = argument(type=RUN)
    layout: str = option("office")
    template: Path | None = option(type=FILE)
    against: Path | None = option(type=RUN)
    pdf: bool = option(False)


def brief(asked: BriefOptions, tell: Tell = SILENT) -> VerbResult:
    """Write the paper of a RUN (the latest) as Word, Excel and HTML."""
    from sdensemble.verbs.papers import write_brief

    return write_brief(asked)


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
    """Draw one outcome of a RUN, under one scenario or several."""
    from sdensemble.verbs.papers import draw_figure

    return draw_figure(asked)


@dataclass(frozen=True, kw_only=True)
class TraceOptions(OfStudy):
    """Which number, or folder, is followed back."""

    number: str = argument("", required=True)


def trace(asked: TraceOptions, tell: Tell = SILENT) -> VerbResult:
    """Say what the run of a NUMBER under a figure or table was made of."""
    from sdensemble.verbs.papers import traced

    return traced(asked)
