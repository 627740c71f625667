"""Every figure of a run as values; drawn and captioned by the writers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sdensemble.inputs.history import Observation
from sdensemble.lang import LANGS, Ended, joined, phrase, tell
from sdensemble.outputs.document import source_line
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.figures.compare import pages, scenarios, sectors
from sdensemble.outputs.figures.effects import effect_pages, effects
from sdensemble.outputs.figures.fan import fan
from sdensemble.outputs.text import untagged
from sdensemble.results.results import Results, reference


def figures_of(
    results: Results, history: Sequence[Observation] = (), others: Sequence[Results] = ()
) -> tuple[Figure, ...]:
    """Return all figures of a run; ``others`` are the same study under further prior sets.

    Components are shown where the report names some, comparisons where there is a pair; many
    scenarios stand on several pages, each a figure of its own.
    """
    base = reference(results)
    found = [fan(results, base, history, others)]
    if results.components():
        found.append(sectors(results, base))
    if len(results.scenarios) > 1:
        found += _paged([scenarios(results, base, page) for page in range(pages(results))])
    if results.pairs():
        found += _paged([effects(results, page) for page in range(effect_pages(results))])
    return tuple(found)


def _paged(made: Sequence[Figure]) -> list[Figure]:
    """Return figures with their page in name and caption; the first keeps the name."""
    if len(made) == 1:
        return list(made)
    return [
        replace(
            one,
            id=one.id if page == 1 else f"{one.id}-{page}",
            caption=joined(
                [one.caption, phrase("caption.page", page=page, pages=len(made))], "nothing"
            ),
        )
        for page, one in enumerate(made, start=1)
    ]


def draw_figures(
    folder: Path, figures: Sequence[Figure], lang: str
) -> tuple[tuple[Path, ...], str]:
    """Write figures as PNG, SVG and PDF, and their captions in every language.

    Returns the paths and the characters the font lacks ("" where it has them all).
    """
    from sdensemble.outputs.write.picture import write_figure

    written: list[Path] = []
    missing: set[str] = set()
    for figure in figures:
        done = write_figure(figure, folder / figure.id, lang)
        written += done.paths
        missing |= set(done.missing)
    captions = folder / "captions.md"
    captions.write_text(captions_of(figures), encoding="utf-8")
    return (*written, captions), "".join(sorted(missing))


def captions_of(figures: Sequence[Figure]) -> str:
    """Return the caption of each figure, with notes and source, in every language."""
    lines = []
    for number, figure in enumerate(figures, start=1):
        lines += [f"## {figure.id}", ""]
        for lang in LANGS:
            numbered = phrase("document.figure", n=number)
            title = figure.caption or figure.title
            head = phrase("document.captioned", number=numbered, title=title)
            source = source_line(figure.source, figure.run, lang)
            said = joined([Ended(head), *figure.notes, source], "sentence")
            lines += [untagged(tell(said, lang)), ""]
    return "\n".join(lines)
