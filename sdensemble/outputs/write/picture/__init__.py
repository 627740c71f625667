"""Figures as PNG, SVG and PDF, drawn by matplotlib: the only place that knows how marks look.

Everything is laid out in millimetres from measured text, so that nothing is cut: the title and
legend on top, panels in a grid, notes and source below. Colours differ in lightness, line styles
and markers differ too, so that a figure reads in grey.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from sdensemble.lang import tell
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.fonts import missing_glyphs, register_font
from sdensemble.outputs.write.picture.frames import EDGE, aligned, foot_of, frame_of, room_of
from sdensemble.outputs.write.picture.legend import draw_legend, entries_of, legend_rows
from sdensemble.outputs.write.picture.looks import GREY, looks_of
from sdensemble.outputs.write.picture.marks import draw_panel
from sdensemble.outputs.write.picture.measured import NORMAL, SMALL, fold, height_of

SETTINGS: dict[str, Any] = {
    "font.size": NORMAL,
    "axes.titlesize": SMALL,
    "axes.labelsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "axes.unicode_minus": True,
    "text.hinting": "none",
    "pdf.fonttype": 3,
    "svg.fonttype": "path",
    "svg.hashsalt": "sdensemble",
    "savefig.dpi": 300,
}
"""Fonts in PDF are type 3: of our CFF font type 42 makes a file that Ghostscript shows blank."""
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Taken out of files, so that the same figure gives the same bytes."""
PACKED: dict[str, dict[str, Any]] = {"png": {"pil_kwargs": {"compress_level": 2}}}
"""Level 2 packs figures as small as level 6, in two thirds of the time."""


@dataclass(frozen=True)
class Written:
    """Files of a figure, and the characters the font lacks."""

    paths: tuple[Path, ...]
    missing: str


def write_figure(
    figure: Figure,
    stem: Path,
    lang: str,
    forms: Sequence[str] = ("png", "svg", "pdf"),
    grey: bool = False,
) -> Written:
    """Write a figure as ``stem`` with each ending of ``forms``; same figure, same bytes."""
    with settings():
        canvas = draw(figure, lang, grey)
        paths = []
        for form in forms:
            path = stem.with_name(f"{stem.name}.{form}")
            canvas.savefig(path, metadata=METADATA[form], **PACKED.get(form, {}))
            paths.append(path)
        return Written(tuple(paths), missing_glyphs(canvas))


def png_bytes(figure: Figure, lang: str, dpi: int = 300, grey: bool = False) -> bytes:
    """Return a figure as a PNG."""
    with settings():
        stream = io.BytesIO()
        draw(figure, lang, grey).savefig(stream, format="png", dpi=dpi, metadata=METADATA["png"])
        return stream.getvalue()


def svg_text(figure: Figure, lang: str) -> str:
    """Return a figure as SVG whose text stays text, to be searched, copied and read aloud."""
    with settings(), matplotlib.rc_context({"svg.fonttype": "none"}):
        stream = io.StringIO()
        draw(figure, lang).savefig(stream, format="svg", metadata=METADATA["svg"])
        return stream.getvalue()


def settings() -> Any:
    """Return a context in which every figure is made and saved."""
    chosen: Any = {**SETTINGS, "font.family": [register_font()]}
    return matplotlib.rc_context(chosen)


def draw(figure: Figure, lang: str, grey: bool = False) -> Canvas:
    """Return a matplotlib figure of a figure, told in a language."""
    wide = figure.width
    looks = looks_of(figure, lang)
    title = fold(tell(figure.title, lang), wide - 2 * EDGE, NORMAL)
    foot = foot_of(figure, lang)
    entries = legend_rows(entries_of(figure, looks, lang, grey), wide - 2 * EDGE)
    frames = [frame_of(panel, figure, place, lang) for place, panel in enumerate(figure.panels)]
    columns = min(figure.columns, len(frames)) or 1
    grid = [aligned(frames[i : i + columns]) for i in range(0, len(frames), columns)]
    room = room_of(grid, wide)
    above = EDGE + height_of(title, 3.7) + 4.2 * len(entries) + (1.0 if entries else 0.0)
    tall = above + sum(room.rows) + height_of(foot) + 2 * EDGE
    canvas = Canvas(figsize=(wide / 25.4, tall / 25.4))
    FigureCanvasAgg(canvas)
    canvas.text(EDGE / wide, 1 - EDGE / tall, title, fontsize=NORMAL, va="top", linespacing=1.25)
    draw_legend(canvas, entries, EDGE + height_of(title, 3.7), wide, tall)
    first: Axes | None = None
    down = above
    for row, frames_of_row in enumerate(grid):
        for column, frame in enumerate(frames_of_row):
            left = EDGE + column * room.cell + room.left[column]
            width = room.cell - room.left[column] - room.right[column]
            top = down + max(one.top for one in frames_of_row)
            place = (
                left / wide,
                1 - (top + frame.height) / tall,
                width / wide,
                frame.height / tall,
            )
            ax = canvas.add_axes(place, sharey=first if figure.share_y else None)
            first = first or ax
            draw_panel(ax, frame, looks, lang, (room.left[column], width), grey)
        down += room.rows[row]
    canvas.text(
        EDGE / wide, EDGE / tall, foot, fontsize=SMALL, va="bottom", color=GREY, linespacing=1.2
    )
    return canvas
