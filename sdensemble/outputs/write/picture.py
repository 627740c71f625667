"""Figures as PNG, SVG and PDF, drawn by matplotlib: the only place that knows how marks look.

Everything is laid out in millimetres from measured text, so that nothing is cut: the title and
legend on top, panels in a grid, notes and source below. Colours differ in lightness, line styles
and markers differ too, so that a figure reads in grey.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure as Canvas
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from sdensemble.lang import Words, tell
from sdensemble.outputs.document import source_line
from sdensemble.outputs.figure import (
    Axis,
    Band,
    Bars,
    Cells,
    Figure,
    Hill,
    Label,
    Line,
    Mark,
    Panel,
    Points,
    Rule,
    Span,
    Target,
)
from sdensemble.outputs.fonts import FONT, missing_glyphs, register_font
from sdensemble.outputs.text import wrap

SMALL, NORMAL = 7.0, 8.0
"""Points of notes, ticks and labels, and of titles."""
LINE = 3.3
"""Millimetres from one line of small text to the next."""
TICK, EDGE, GAP = 4.2, 1.5, 3.0
"""Millimetres: of a row of tick labels, at the edges of a figure, between panels."""
EM = 1000.0
"""The size in points at which letters are measured."""
NAMES = 50.0
"""Millimetres the names of rows may take before they are folded."""

RED, GREY, BLUE, DARK = "#a50f15", "#595959", "#5b9bd0", "#08519c"
BANDS = ("#b9d5ea", "#5b9bd0", "#08519c")
"""Bands from the widest share to the narrowest."""
SHADES = ["#ffffff", "#e3eef9", "#b5d4e9", "#6baed6"]
"""Cells from 0 to 1; all light enough for black text."""


@dataclass(frozen=True)
class Look:
    """How a role is drawn."""

    colour: str
    dashes: Any = "-"
    width: float = 1.2
    marker: str = "o"
    face: str = ""


LOOKS = {
    "median": Look("black", (0, (4, 2)), 1.0),
    "mean": Look("black", "-", 1.0, "o", "white"),
    "model": Look(DARK, "-", 2.0, "o"),
    "baseline": Look("black", ":", 0.9),
    "with": Look("black", "-", 1.4),
    "without": Look(GREY, (0, (4, 2)), 1.0, "o", "white"),
    "prior": Look("#9cc3e0", "-", 4.5, "o", "white"),
    "posterior": Look(DARK, "-", 4.5, "s", "white"),
    "known": Look("black", "-", 0.8, "o", "white"),
    "later": Look("black", "-", 0.8, "^", "white"),
    "observed": Look("black", "-", 0.8, "o", "white"),
    "imported": Look(RED, "-", 0.8, "s", "white"),
    "target": Look(RED, "-.", 0.9, "D", RED),
    "example": Look(GREY, ":", 0.9, "D", "white"),
    "as_reported": Look("black", (0, (1, 1)), 1.1, "v", "white"),
    "constant": Look("black", "-", 1.2),
    "limit": Look(GREY, (0, (4, 2)), 0.8),
    "estimate": Look("black", "-", 1.0, "o", "black"),
    "highlight": Look(DARK, "-", 2.0, "o", DARK),
    "mixture": Look("black", "-", 1.0, "D", "black"),
    "naive": Look(GREY, "-", 0.9, "^", "white"),
}
SERIES = (
    Look("black", "-", 1.2, "o", "black"),
    Look(DARK, (0, (5, 1.5)), 1.4, "s", BLUE),
    Look(GREY, (0, (1.5, 1.5)), 1.4, "^", "white"),
    Look("#6a3d9a", "-.", 1.3, "v", "#cab2d6"),
    Look("#b15928", (0, (6, 1, 1, 1, 1, 1)), 1.3, "P", "#fdbf6f"),
    Look("#33a02c", (0, (3, 3)), 1.3, "X", "#b2df8a"),
)
"""Looks of what has no role of its own, in the order of their names."""

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


# ── measured text ──


@cache
def _font() -> FT2Font:
    font = FT2Font(str(FONT))
    font.set_size(EM, 72)
    return font


@cache
def _advance(sign: str) -> float:
    """Return how far the pen moves on after a character, as a share of the font's size."""
    font = _font()  # a character it lacks has its own sign, number 0
    glyph = font.load_glyph(font.get_char_index(ord(sign)), LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance / 65536 / EM)


def text_mm(text: str, size: float = SMALL) -> float:
    """Return the width in millimetres of a line of text at ``size`` points."""
    return sum(map(_advance, text)) * size * 25.4 / 72


def fold(text: str, mm: float, size: float = SMALL) -> str:
    """Return a text in lines of at most ``mm`` millimetres, room for a sign that hangs kept."""
    room = mm - 0.36 * size
    lines = [line for part in text.split("\n") for line in wrap(part, room, _measure(size))]
    if len(lines) > 1 and text_mm(lines[-1], size) < 0.08 * mm and "\n" not in text:
        lines = wrap(text, room * 0.94, _measure(size))  # no word alone on the last line
    return "\n".join(lines)


def even(text: str, mm: float, size: float = SMALL) -> str:
    """Return a label in as few lines as fit ``mm``, about equally long."""
    if text_mm(text, size) <= mm:
        return text
    lines = fold(text, mm, size).count("\n") + 1
    return fold(text, min(mm, text_mm(text, size) / lines * 1.15 + 1), size)


def _measure(size: float) -> Any:
    return lambda text: text_mm(text, size)


def _height(text: str, line: float = LINE) -> float:
    return (text.count("\n") + 1) * line if text else 0.0


# ── layout ──


@dataclass(frozen=True)
class Frame:
    """A panel with its text told and folded, and the room it needs around its axes in mm."""

    panel: Panel
    title: str
    names: tuple[str, ...]
    heads: tuple[str, ...]
    across: tuple[str, ...]
    cells: dict[tuple[int, int], str]
    height: float
    rows: tuple[float, ...]
    left: float
    right: float
    top: float
    bottom: float


def draw(figure: Figure, lang: str, grey: bool = False) -> Canvas:
    """Return a matplotlib figure of a figure, told in a language."""
    wide = figure.width
    looks = _looks(figure, lang)
    title = fold(tell(figure.title, lang), wide - 2 * EDGE, NORMAL)
    foot = _foot(figure, lang)
    entries = _legend_rows(_entries(figure, looks, lang, grey), wide - 2 * EDGE)
    frames = [_frame(panel, figure, place, lang) for place, panel in enumerate(figure.panels)]
    columns = min(figure.columns, len(frames)) or 1
    grid = [_aligned(frames[i : i + columns]) for i in range(0, len(frames), columns)]
    room = _room(grid, wide)
    above = EDGE + _height(title, 3.7) + 4.2 * len(entries) + (1.0 if entries else 0.0)
    tall = above + sum(room.rows) + _height(foot) + 2 * EDGE
    canvas = Canvas(figsize=(wide / 25.4, tall / 25.4))
    FigureCanvasAgg(canvas)
    canvas.text(EDGE / wide, 1 - EDGE / tall, title, fontsize=NORMAL, va="top", linespacing=1.25)
    _draw_legend(canvas, entries, EDGE + _height(title, 3.7), wide, tall)
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
            _draw_panel(ax, frame, looks, lang, (room.left[column], width), grey)
        down += room.rows[row]
    canvas.text(
        EDGE / wide, EDGE / tall, foot, fontsize=SMALL, va="bottom", color=GREY, linespacing=1.2
    )
    return canvas


def _aligned(frames: list[Frame]) -> list[Frame]:
    """Return panels side by side that have the same rows with these on one height."""
    if len({len(frame.rows) for frame in frames}) > 1 or not frames[0].rows:
        return frames
    rows = tuple(max(of_one) for of_one in zip(*(frame.rows for frame in frames), strict=True))
    return [replace(frame, rows=rows, height=sum(rows)) for frame in frames]


@dataclass(frozen=True)
class Room:
    """Millimetres of a grid: height of each row, width of a cell, left and right by column."""

    rows: list[float]
    cell: float
    left: list[float]
    right: list[float]


def _room(grid: Sequence[Sequence[Frame]], wide: float) -> Room:
    columns = len(grid[0])
    by_column = [[row[i] for row in grid if i < len(row)] for i in range(columns)]
    rows = [max(f.top for f in row) + max(f.height + f.bottom for f in row) + GAP for row in grid]
    return Room(
        rows,
        (wide - 2 * EDGE) / columns,
        [max(f.left for f in one) for one in by_column],
        [max(f.right for f in one) for one in by_column],
    )


def _frame(panel: Panel, figure: Figure, place: int, lang: str) -> Frame:
    cell = (figure.width - 2 * EDGE) / max(min(figure.columns, len(figure.panels)), 1)
    names = tuple(even(tell(name, lang), min(NAMES, cell * 0.42)) for name in panel.y.names)
    heads = tuple(tell(one.head, lang) for one in panel.beside)
    rows = tuple(max(4.6, _height(name, 3.0) + 1.8) for name in names)
    if any(isinstance(mark, Hill) for mark in panel.marks):
        rows = tuple(max(row, 8.0) for row in rows)
    side_by_side = max(_points_by_row(panel).values(), default=1)
    rows = tuple(max(row, 2.4 * side_by_side + 2.2) for row in rows)
    left = max((text_mm(line) for n in names for line in n.split("\n")), default=0.0)
    left = left + 2.5 if names else 1.0 + _tick_width(panel)
    right = _right(panel, lang)
    beside = sum(_beside_width(one.head, one.texts, lang) for one in panel.beside)
    inside = cell - left - right - beside
    told: dict[tuple[int, int], str] = {}
    for mark in panel.marks:
        if isinstance(mark, Cells):
            told = _cell_texts(mark, inside, lang)
            lines = [
                max(_height(t, 2.9) for (r, _), t in told.items() if r == row)
                for row in range(len(names))
            ]
            rows = tuple(
                max(3.8, _height(name, 2.9) + 0.9, line + 0.9)
                for name, line in zip(names, lines, strict=True)
            )
    height = sum(rows) if rows else panel.height
    title = even(tell(panel.title, lang), cell - 2.0)
    above = tell(panel.y.label(), lang) if not names else ""
    if above:
        title = joined_lines(title, fold(above, cell - 2.0))
    across = tuple(
        even(tell(name, lang), max(inside / len(panel.x.names) - 0.8, 5.0))
        for name in panel.x.names
    )
    top = max(
        _height(title) + 1.2 if title else 1.0, max((_height(h) for h in heads), default=0.0) + 1.0
    )
    top += max((_height(name, 2.9) for name in across), default=0.0) + (1.0 if across else 0.0)
    label = fold(tell(panel.x.label(), lang), max(inside, 30.0))
    bottom = (0.0 if across else TICK) + (_height(label) + 0.8 if label else 0.0)
    return Frame(
        panel, title, names, heads, across, told, height, rows, left, right + beside, top, bottom
    )


def _points_by_row(panel: Panel) -> dict[int, int]:
    """Return how many points stand in each row of a panel of rows."""
    found: dict[int, int] = {}
    for mark in panel.marks:
        if isinstance(mark, Points) and mark.across:
            for y in mark.y:
                found[round(y)] = found.get(round(y), 0) + 1
    return found


def _cell_texts(mark: Cells, inside: float, lang: str) -> dict[tuple[int, int], str]:
    """Return the texts of cells by row and column, folded to the width of a cell."""
    wide = inside / max(len(row) for row in mark.texts) - 1.0
    return {
        (row, column): fold(tell(text, lang), max(wide, 4.0))
        for row, texts in enumerate(mark.texts)
        for column, text in enumerate(texts)
    }


def joined_lines(*parts: str) -> str:
    """Return texts one below the other."""
    return "\n".join(part for part in parts if part)


def _tick_width(panel: Panel) -> float:
    """Return the width of the widest number on a vertical axis of numbers."""
    values = _extent(panel)[1]
    widest = max((text_mm(f"{value:,.4g}") for value in values if np.isfinite(value)), default=4.0)
    return widest + 3.0


def _extent(panel: Panel) -> tuple[list[float], list[float]]:
    """Return all horizontal and all vertical places of a panel's marks."""
    xs: list[float] = []
    ys: list[float] = []
    for mark in panel.marks:
        match mark:
            case Band():
                xs += mark.x
                ys += [*mark.low, *mark.high]
            case Line():
                xs += mark.x
                ys += mark.y
            case Points():
                ends = [*mark.low, *mark.high]
                xs += [*mark.x, *(ends if mark.across else ())]
                ys += [*mark.y, *(() if mark.across else ends)]
            case Bars():
                ends = [0.0, *mark.length, *mark.low, *mark.high]
                xs += ends if mark.across else mark.at
                ys += mark.at if mark.across else ends
            case Hill():
                xs += mark.edges
            case Target():
                xs.append(mark.at)
                ys.append(mark.value)
            case Span():
                xs += [mark.low, mark.high]
            case Rule():
                (ys if mark.across else xs).append(mark.at)
    return xs, ys


def _ends(panel: Panel) -> float:
    """Return the last place of x of a panel's marks, labels left out."""
    xs = [x for x in _extent(panel)[0] if np.isfinite(x)]
    return max(xs, default=0.0)


def _right(panel: Panel, lang: str) -> float:
    """Return the room right of the axes that labels at their end need."""
    last = _ends(panel)
    texts = [tell(m.text, lang) for m in panel.marks if isinstance(m, Label) and m.x >= last]
    texts = [] if panel.y.names else texts
    texts_of_bars = [
        tell(text, lang)
        for mark in panel.marks
        if isinstance(mark, Bars | Points) and mark.across
        for text in mark.texts
    ]
    widest = max((text_mm(text) for text in texts), default=0.0)
    return (widest + 5.0 if texts else 2.0) + max(map(text_mm, texts_of_bars), default=0.0)


def _beside_width(head: Words, texts: Sequence[Words], lang: str) -> float:
    lines = [line for text in (head, *texts) for line in tell(text, lang).split("\n")]
    return max(text_mm(line, NORMAL) for line in lines) + 2.5


def _foot(figure: Figure, lang: str) -> str:
    wide = figure.width - 2 * EDGE
    source = source_line(figure.source, figure.run, lang)
    return joined_lines(
        *(fold(text, wide) for text in (tell(figure.all_notes(), lang), source) if text)
    )


# ── looks and legend ──


def _looks(figure: Figure, lang: str) -> dict[tuple[str, str], Look]:
    """Return the look of each (role, name): series take theirs in the order they appear."""
    found: dict[tuple[str, str], Look] = {}
    names: list[str] = []
    for panel in figure.panels:
        for mark in panel.marks:
            role = _role(mark)
            name = tell(getattr(mark, "name", ""), lang)
            if role == "series" and name not in names:
                names.append(name)
            look = SERIES[names.index(name) % len(SERIES)] if role == "series" else LOOKS[role]
            found[role, name] = look
    return found


def _role(mark: Mark) -> str:
    if isinstance(mark, Target):
        return "target" if mark.official else "example"
    return getattr(mark, "role", "series")


def _look(mark: Mark, looks: dict[tuple[str, str], Look], lang: str, grey: bool) -> Look:
    look = looks[_role(mark), tell(getattr(mark, "name", ""), lang)]
    return (
        replace(look, colour=tone(look.colour, grey), face=tone(look.face, grey)) if grey else look
    )


def tone(colour: str, grey: bool) -> str:
    """Return a colour, or the grey of its lightness."""
    if not grey or not colour:
        return colour
    r, g, b = to_rgb(colour)
    light = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return to_hex((light, light, light))


def _entries(
    figure: Figure, looks: dict[tuple[str, str], Look], lang: str, grey: bool
) -> list[tuple[str, Any]]:
    """Return each name with the sign that stands for it, once, in the order drawn."""
    found: dict[str, Any] = {}
    for panel in figure.panels:
        for mark in panel.marks:
            name = tell(getattr(mark, "name", ""), lang)
            if name and name not in found:
                found[name] = _sign(mark, _look(mark, looks, lang, grey), grey)
    return list(found.items())


def _sign(mark: Mark, look: Look, grey: bool) -> Any:
    match mark:
        case Band():
            return Patch(facecolor=_band_colour(mark, grey), edgecolor="white")
        case Bars():
            return Patch(facecolor=tone(BLUE, grey), edgecolor="black", linewidth=0.4)
        case Span():
            return Patch(facecolor="#e6e6e6")
        case Line() | Rule():
            return Line2D([], [], color=look.colour, linestyle=look.dashes, linewidth=look.width)
        case Target():
            return Line2D(
                [],
                [],
                color=look.colour,
                linestyle=look.dashes,
                linewidth=look.width,
                marker="D",
                markersize=3.4,
                markerfacecolor=look.face,
                markeredgecolor=look.colour,
            )
        case _:
            return Line2D(
                [],
                [],
                color=look.colour,
                linestyle="-",
                linewidth=look.width,
                solid_capstyle="butt",
                marker=look.marker,
                markersize=4.2,
                markeredgewidth=0.7,
                markerfacecolor=look.face or look.colour,
                markeredgecolor="black" if look.face else look.colour,
            )


def _legend_rows(entries: Sequence[tuple[str, Any]], wide: float) -> list[list[tuple[str, Any]]]:
    """Return the entries in rows that fit the width."""
    rows: list[list[tuple[str, Any]]] = []
    used = wide + 1
    for name, sign in entries:
        needed = text_mm(name) + 12.5
        if used + needed > wide:
            rows.append([])
            used = 0.0
        rows[-1].append((name, sign))
        used += needed
    return rows


def _draw_legend(
    canvas: Canvas, rows: Sequence[Sequence[tuple[str, Any]]], down: float, wide: float, tall: float
) -> None:
    for place, row in enumerate(rows):
        y = 1 - (down + 4.2 * place + 2.4) / tall
        x = EDGE
        for name, sign in row:
            if isinstance(sign, Patch):
                sign = Rectangle(
                    (x / wide, y - 1.1 / tall),
                    7 / wide,
                    2.2 / tall,
                    transform=canvas.transFigure,
                    facecolor=sign.get_facecolor(),
                    edgecolor=sign.get_edgecolor(),
                    linewidth=sign.get_linewidth(),
                )
                canvas.add_artist(sign)
            else:
                sign.set_data([x / wide, (x + 3.5) / wide, (x + 7) / wide], [y, y, y])
                sign.set_markevery([1])
                sign.set_transform(canvas.transFigure)
                canvas.add_artist(sign)
            canvas.text((x + 8.2) / wide, y, name, fontsize=SMALL, va="center_baseline")
            x += text_mm(name) + 12.5


# ── panels ──


def _draw_panel(
    ax: Axes,
    frame: Frame,
    looks: dict[tuple[str, str], Look],
    lang: str,
    room: tuple[float, float],
    grey: bool,
) -> None:
    """Draw a panel; ``room`` is what stands left of its axes and their width, in mm."""
    panel, (left, width) = frame.panel, room
    for mark in panel.marks:
        _draw(ax, mark, _look(mark, looks, lang, grey), frame, lang, grey)
    _axes(ax, frame, lang)
    if frame.title:
        lift = max((_height(name, 2.9) for name in frame.across), default=0.0)
        gap = (1.0 + lift + (1.0 if lift else 0.0)) / frame.height
        start = -(left if frame.names else min(left - 1.0, 6.0)) / width
        ax.text(
            start,
            1 + gap,
            frame.title,
            transform=ax.transAxes,
            fontsize=SMALL,
            va="bottom",
            linespacing=1.2,
        )
    if panel.note:
        ax.text(
            0.03,
            0.97,
            tell(panel.note, lang),
            transform=ax.transAxes,
            va="top",
            fontsize=SMALL,
            linespacing=1.15,
            path_effects=_cased(),
        )
    _end_labels(ax, frame, lang, width, grey)
    _beside(ax, frame, lang, width)


def _axes(ax: Axes, frame: Frame, lang: str) -> None:
    panel = frame.panel
    if frame.names:
        places = _row_places(frame)
        ax.set_ylim(sum(frame.rows), 0)
        ax.set_yticks(places, frame.names, linespacing=1.3)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    else:
        _limits(ax, panel.y, "y")
    if frame.across:
        ax.set_xlim(-0.01, len(frame.across) + 0.01)
        ax.xaxis.tick_top()
        ax.set_xticks([i + 0.5 for i in range(len(frame.across))], frame.across)
        ax.tick_params(axis="x", length=0)
        for side in ax.spines.values():
            side.set_visible(False)
    else:
        _limits(ax, panel.x, "x")
    label = fold(tell(panel.x.label(), lang), 200.0)
    if label:
        ax.set_xlabel(label, labelpad=1.5)


def _limits(ax: Axes, axis: Axis, which: str) -> None:
    low, high = axis.low, axis.high
    if low is not None or high is not None:
        (ax.set_xlim if which == "x" else ax.set_ylim)(low, high)
    target = ax.xaxis if which == "x" else ax.yaxis
    if axis.ticks:
        target.set_ticks(list(axis.ticks))
    else:
        target.set_major_locator(MaxNLocator(6 if which == "x" else 5, integer=axis.whole))


def _row_places(frame: Frame) -> list[float]:
    """Return the middle of each row in mm from the top."""
    ends = np.cumsum(frame.rows)
    return [float(end - row / 2) for end, row in zip(ends, frame.rows, strict=True)]


def _y(frame: Frame, value: float) -> float:
    """Return a vertical place: of a panel of rows the row's middle, and between two in between."""
    if not frame.names:
        return value
    places = _row_places(frame)
    base = min(max(int(np.floor(value + 0.5)), 0), len(places) - 1)
    return places[base] + (value - base) * frame.rows[base]


def _ys(frame: Frame, values: Sequence[float]) -> list[float]:
    return [_y(frame, value) for value in values]


def _band_colour(mark: Band, grey: bool) -> str:
    place = 0 if mark.share > 0.75 else 1 if mark.share > 0.45 else 2
    if mark.role in ("prior", "without"):
        return tone("#d9d9d9", grey)
    return tone(BANDS[place], grey)


def _cased() -> list[Any]:
    return [withStroke(linewidth=2.2, foreground="white")]


def _draw(ax: Axes, mark: Mark, look: Look, frame: Frame, lang: str, grey: bool) -> None:
    match mark:
        case Band():
            ax.fill_between(
                mark.x,
                mark.low,
                mark.high,
                color=_band_colour(mark, grey),
                edgecolor="white",
                linewidth=0.4,
            )
        case Line():
            if mark.role == "median":
                ax.plot(mark.x, _ys(frame, mark.y), color="white", linewidth=look.width + 1.2)
            wide = 0.5 * look.width if mark.thin else look.width
            ax.plot(
                mark.x, _ys(frame, mark.y), color=look.colour, linestyle=look.dashes, linewidth=wide
            )
        case Points():
            _draw_points(ax, mark, look, frame, lang)
        case Bars():
            _draw_bars(ax, mark, look, frame, lang, grey)
        case Hill():
            base = _y(frame, mark.at) - 0.5
            size = 0.42 * (frame.rows[int(mark.at)] if frame.rows else 1.0)
            tops = [base - size * h for h in mark.heights]
            ax.fill_between(
                mark.edges,
                base,
                [*tops, tops[-1]],
                step="post",
                color=tone(BLUE, grey),
                edgecolor="white",
                linewidth=0.3,
            )
        case Target():
            _draw_target(ax, mark, look, frame, lang)
        case Rule():
            line = ax.axhline if mark.across else ax.axvline
            line(
                mark.at, color=look.colour, linewidth=look.width, linestyle=look.dashes, zorder=0.9
            )
        case Span():
            ax.axvspan(mark.low, mark.high, color="#e6e6e6", linewidth=0, zorder=0.5)
        case Cells():
            _draw_cells(ax, mark, frame, grey)


def _draw_points(ax: Axes, mark: Points, look: Look, frame: Frame, lang: str) -> None:
    ys = _ys(frame, mark.y)
    for x, y, low, high in zip_longest(mark.x, ys, mark.low, mark.high):
        if low is not None and np.isfinite(low):
            along = ([low, high], [y, y]) if mark.across else ([x, x], [low, high])
            ax.plot(*along, color=look.colour, linewidth=look.width, solid_capstyle="butt")
    ax.plot(
        mark.x,
        ys,
        linestyle="",
        marker=look.marker,
        markersize=4.2,
        markeredgewidth=0.7,
        markerfacecolor=look.face or look.colour,
        zorder=4,
        markeredgecolor="black" if look.face in ("", "white") else look.colour,
    )
    for place, text in enumerate(mark.texts):
        y, x = ys[place], mark.x[place]
        offset: tuple[float, float] = (5, 0)
        if mark.across and mark.high and np.isfinite(mark.high[place]):
            x = mark.high[place]
        ax.annotate(
            tell(text, lang),
            (x, y),
            offset,
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            path_effects=_cased(),
            annotation_clip=False,
        )


def _draw_bars(ax: Axes, mark: Bars, look: Look, frame: Frame, lang: str, grey: bool) -> None:
    at = _ys(frame, mark.at) if mark.across else list(mark.at)
    colours = [tone(DARK if i in mark.marked else BLUE, grey) for i in range(len(at))]
    thick = 0.6 * (min(frame.rows) if frame.rows and mark.across else 1.0)
    bar = ax.barh if mark.across else ax.bar
    bar(at, mark.length, thick, color=colours)
    for place, (low, high) in enumerate(zip(mark.low, mark.high, strict=True)):
        ends = ([low, high], [at[place]] * 2)
        ax.plot(*(ends if mark.across else ends[::-1]), color="black", linewidth=0.8)
    for place, text in enumerate(mark.texts):
        end = mark.high[place] if mark.high else max(mark.length[place], 0.0)
        where = (end, at[place]) if mark.across else (at[place], end)
        ax.annotate(
            tell(text, lang),
            where,
            (3, 0) if mark.across else (0, 1.5),
            textcoords="offset points",
            fontsize=SMALL,
            annotation_clip=False,
            ha="left" if mark.across else "center",
            va="center" if mark.across else "bottom",
        )


def _draw_target(ax: Axes, mark: Target, look: Look, frame: Frame, lang: str) -> None:
    if frame.names:
        y = _y(frame, mark.at)
        ax.plot(
            [mark.value],
            [y],
            marker="D",
            markersize=3.6,
            color=look.colour,
            markerfacecolor=look.face,
            markeredgewidth=0.7,
            zorder=5,
        )
        return
    if mark.whole:
        ax.axhline(mark.value, color=look.colour, linestyle=look.dashes, linewidth=look.width)
    else:
        ax.plot(
            [mark.at - 0.8, mark.at + 0.8],
            [mark.value] * 2,
            color=look.colour,
            linestyle=look.dashes,
            linewidth=look.width,
        )
    ax.plot(
        [mark.at],
        [mark.value],
        marker="D",
        markersize=3.6,
        color=look.colour,
        markerfacecolor=look.face,
        markeredgewidth=0.7,
        zorder=5,
    )
    text = tell(mark.text, lang)
    if text:
        ax.annotate(
            text,
            (mark.at, mark.value),
            (0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=SMALL,
            color=look.colour,
            path_effects=_cased(),
            annotation_clip=False,
        )


def _draw_cells(ax: Axes, mark: Cells, frame: Frame, grey: bool) -> None:
    shades = LinearSegmentedColormap.from_list("shades", [tone(one, grey) for one in SHADES])
    y = 0.0
    for row, shares in enumerate(mark.shares):
        tall = frame.rows[row]
        for column, share in enumerate(shares):
            colour = shades(share) if np.isfinite(share) else "white"
            ax.add_patch(
                Rectangle(
                    (column, y), 1, tall, facecolor=colour, edgecolor="#8c8c8c", linewidth=0.3
                )
            )
            ax.text(
                column + 0.5,
                y + tall / 2,
                frame.cells[row, column],
                ha="center",
                va="center",
                fontsize=SMALL,
            )
        y += tall


def _end_labels(ax: Axes, frame: Frame, lang: str, width: float, grey: bool) -> None:
    """Write labels at the right end, moved apart where values are near, others where they are."""
    panel = frame.panel
    last = _ends(panel)
    labels = [mark for mark in panel.marks if isinstance(mark, Label)]
    at_end = [] if frame.names else [mark for mark in labels if mark.x >= last]
    for mark in labels:
        if mark not in at_end:
            colour = tone(RED, grey) if mark.role == "target" else "black"
            ax.annotate(
                tell(mark.text, lang),
                (mark.x, _y(frame, mark.y)),
                (4, 2),
                textcoords="offset points",
                fontsize=SMALL,
                color=colour,
                path_effects=_cased(),
                annotation_clip=False,
            )
    if not at_end:
        return
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    places = spread([mark.y for mark in at_end], (high - low) / frame.height * 2.8)
    for mark, place in zip(at_end, places, strict=True):
        colour = tone({"target": RED, "example": GREY}.get(mark.role, "#000000"), grey)
        ax.annotate(
            tell(mark.text, lang),
            (last, mark.y),
            (right + (right - left) / width * 2.5, place),
            fontsize=SMALL,
            va="center",
            color=colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "linewidth": 0.4,
                "color": GREY,
                "shrinkA": 0.5,
                "shrinkB": 0,
            },
        )


def spread(positions: Sequence[float], gap: float) -> np.ndarray:
    """Return positions moved as little as needed to stand at least ``gap`` apart, in order.

    Neighbours that collide form a block centred on their mean (pool adjacent violators).
    """
    blocks: list[tuple[float, int]] = []
    for index in np.argsort(positions, kind="stable"):
        centre, size = float(positions[index]), 1
        while blocks and centre - blocks[-1][0] < gap * (size + blocks[-1][1]) / 2:
            before, count = blocks.pop()
            centre = (centre * size + before * count) / (size + count)
            size += count
        blocks.append((centre, size))
    placed = [c + gap * (i - (n - 1) / 2) for c, n in blocks for i in range(n)]
    result = np.empty(len(placed))
    result[np.argsort(positions, kind="stable")] = placed
    return result


def _beside(ax: Axes, frame: Frame, lang: str, width: float) -> None:
    """Write columns of texts right of a panel of rows, each under its head."""
    at = width + 2.5
    places = _row_places(frame) if frame.names else []
    for column, head in zip(frame.panel.beside, frame.heads, strict=True):
        wide = _beside_width(column.head, column.texts, lang)
        x = (at + wide / 2) / width
        ax.text(
            x,
            1 + 1.0 / frame.height,
            head,
            transform=ax.transAxes,
            ha="center",
            va="bottom",
            fontsize=SMALL,
            linespacing=1.1,
        )
        for y, text in zip(places, column.texts, strict=True):
            ax.text(
                x,
                y,
                tell(text, lang),
                transform=ax.get_yaxis_transform(),
                ha="center",
                va="center",
                fontsize=SMALL,
                linespacing=1.0,
            )
        at += wide
