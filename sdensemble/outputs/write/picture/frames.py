"""Room on paper: each panel with its text folded, and what it needs around its axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdensemble.lang import Words, tell
from sdensemble.outputs.document import source_line
from sdensemble.outputs.figure import (
    Band,
    Bars,
    Cells,
    Figure,
    Hill,
    Label,
    Line,
    Panel,
    Points,
    Rule,
    Span,
    Target,
)
from sdensemble.outputs.write.picture.measured import (
    NORMAL,
    even,
    fold,
    height_of,
    joined_lines,
    text_mm,
)

TICK, EDGE, GAP = 4.2, 1.5, 3.0
"""Millimetres: of a row of tick labels, at the edges of a figure, between panels."""
NAMES, HANG = 50.0, 6.0
"""Millimetres the names of rows may take before they are folded, and a title stands out to the
left of the axes it has no names beside."""


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


@dataclass(frozen=True)
class Room:
    """Millimetres of a grid: height of each row, width of a cell, left and right by column."""

    rows: list[float]
    cell: float
    left: list[float]
    right: list[float]


def aligned(frames: list[Frame]) -> list[Frame]:
    """Return panels side by side that have the same rows with these on one height."""
    if len({len(frame.rows) for frame in frames}) > 1 or not frames[0].rows:
        return frames
    rows = tuple(max(of_one) for of_one in zip(*(frame.rows for frame in frames), strict=True))
    return [replace(frame, rows=rows, height=sum(rows)) for frame in frames]


def room_of(grid: Sequence[Sequence[Frame]], wide: float) -> Room:
    columns = len(grid[0])
    by_column = [[row[i] for row in grid if i < len(row)] for i in range(columns)]
    rows = [max(f.top for f in row) + max(f.height + f.bottom for f in row) + GAP for row in grid]
    return Room(
        rows,
        (wide - 2 * EDGE) / columns,
        [max(f.left for f in one) for one in by_column],
        [max(f.right for f in one) for one in by_column],
    )


def frame_of(panel: Panel, figure: Figure, place: int, lang: str) -> Frame:
    cell = (figure.width - 2 * EDGE) / max(min(figure.columns, len(figure.panels)), 1)
    beside = sum(beside_width(one.head, one.texts, lang) for one in panel.beside)
    most = min(NAMES, cell * 0.42, (cell - beside) * 0.5)
    names = tuple(even(tell(name, lang), most) for name in panel.y.names)
    heads = tuple(tell(one.head, lang) for one in panel.beside)
    rows = tuple(max(4.6, height_of(name, 3.0) + 1.8) for name in names)
    if any(isinstance(mark, Hill) for mark in panel.marks):
        rows = tuple(max(row, 6.4) for row in rows)
    points = _points_by_row(panel)
    rows = tuple(max(row, 2.4 * points.get(i, 1) + 2.2) for i, row in enumerate(rows))
    left = max((text_mm(line) for n in names for line in n.split("\n")), default=0.0)
    left = left + 2.5 if names else 1.0 + _tick_width(panel)
    right = _right(panel, lang)
    inside = cell - left - right - beside
    told: dict[tuple[int, int], str] = {}
    for mark in panel.marks:
        if isinstance(mark, Cells):
            told = _cell_texts(mark, inside, lang)
            lines = [
                max(height_of(t, 2.9) for (r, _), t in told.items() if r == row)
                for row in range(len(names))
            ]
            rows = tuple(
                max(3.8, height_of(name, 2.9) + 0.9, line + 0.9)
                for name, line in zip(names, lines, strict=True)
            )
    height = sum(rows) if rows else panel.height
    free = cell - 2.0 - (0.0 if names else max(_indent(one) for one in figure.panels))
    title = even(tell(panel.title, lang), free)
    above = tell(panel.y.label(), lang) if not names else ""
    if above:
        title = joined_lines(title, fold(above, free))
    across = tuple(
        even(tell(name, lang), max(inside / len(panel.x.names) - 0.8, 5.0))
        for name in panel.x.names
    )
    top = max(
        height_of(title) + 1.2 if title else 1.0,
        max((height_of(h) for h in heads), default=0.0) + 1.0,
    )
    top += max((height_of(name, 2.9) for name in across), default=0.0) + (1.0 if across else 0.0)
    label = fold(tell(panel.x.label(), lang), max(inside, 30.0))
    bottom = (0.0 if across else TICK) + (height_of(label) + 0.8 if label else 0.0)
    return Frame(
        panel, title, names, heads, across, told, height, rows, left, right + beside, top, bottom
    )


def _indent(panel: Panel) -> float:
    """Return how far from the edge of its cell the title of a panel without names begins."""
    return 0.0 if panel.y.names else max(1.0 + _tick_width(panel) - HANG, 1.0)


def _points_by_row(panel: Panel) -> dict[int, int]:
    """Return on how many heights points stand in each row of a panel of rows."""
    marks = [mark for mark in panel.marks if isinstance(mark, Points) and mark.across]
    heights = {y for mark in marks for y in mark.y}
    return Counter(round(y) for y in heights)


def _cell_texts(mark: Cells, inside: float, lang: str) -> dict[tuple[int, int], str]:
    """Return the texts of cells by row and column, folded to the width of a cell."""
    wide = inside / max(len(row) for row in mark.texts) - 1.0
    return {
        (row, column): fold(tell(text, lang), max(wide, 4.0))
        for row, texts in enumerate(mark.texts)
        for column, text in enumerate(texts)
    }


def _tick_width(panel: Panel) -> float:
    """Return the width of the widest number on a vertical axis of numbers."""
    values = extent_of(panel)[1]
    widest = max((text_mm(f"{value:,.4g}") for value in values if np.isfinite(value)), default=4.0)
    return widest + 3.0


def extent_of(panel: Panel) -> tuple[list[float], list[float]]:
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


def ends_of(panel: Panel) -> float:
    """Return the last place of x of a panel's marks, labels left out."""
    xs = [x for x in extent_of(panel)[0] if np.isfinite(x)]
    return max(xs, default=0.0)


def _right(panel: Panel, lang: str) -> float:
    """Return the room right of the axes that labels at their end need."""
    last = ends_of(panel)
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


def beside_width(head: Words, texts: Sequence[Words], lang: str) -> float:
    lines = [line for text in (head, *texts) for line in tell(text, lang).split("\n")]
    return max(text_mm(line, NORMAL) for line in lines) + 2.5


def foot_of(figure: Figure, lang: str) -> str:
    wide = figure.width - 2 * EDGE
    source = source_line(figure.source, figure.run, lang)
    return joined_lines(
        *(fold(text, wide) for text in (tell(figure.all_notes(), lang), source) if text)
    )
