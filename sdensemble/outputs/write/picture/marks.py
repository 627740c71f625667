"""A panel drawn: its marks, axes, labels at the end, and texts beside its rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from sdensemble.lang import tell
from sdensemble.outputs.figure import (
    Axis,
    Band,
    Bars,
    Cells,
    Hill,
    Label,
    Line,
    Mark,
    Points,
    Rule,
    Span,
    Target,
)
from sdensemble.outputs.write.picture.frames import HANG, Frame, beside_width, ends_of
from sdensemble.outputs.write.picture.looks import (
    BLUE,
    DARK,
    GREY,
    RED,
    SHADES,
    Look,
    band_colour,
    look_of,
    tone,
)
from sdensemble.outputs.write.picture.measured import SMALL, fold, height_of, text_mm


def draw_panel(
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
        _draw(ax, mark, look_of(mark, looks, lang, grey), frame, lang, grey)
    _axes(ax, frame, lang, width)
    if frame.title:
        lift = max((height_of(name, 2.9) for name in frame.across), default=0.0)
        gap = (1.0 + lift + (1.0 if lift else 0.0)) / frame.height
        start = -(left if frame.names else min(left - 1.0, HANG)) / width
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


def _axes(ax: Axes, frame: Frame, lang: str, width: float) -> None:
    panel = frame.panel
    if frame.names:
        places = row_places(frame)
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
        _limits(ax, panel.x, "x", _most_ticks(ax, width))
    ax.yaxis.set_label_coords(0, 0)  # there is none: no place is looked for beside the ticks
    label = fold(tell(panel.x.label(), lang), 200.0)
    if label:
        ax.set_xlabel(label, labelpad=1.5)
    else:
        ax.xaxis.set_label_coords(0, 0)


def _most_ticks(ax: Axes, width: float) -> int:
    """Return into how many parts a horizontal axis is cut, so that its numbers stand apart."""
    label = max(text_mm(f"{end:,.3g}") for end in ax.get_xlim())
    return max(1, min(6, int(width / (label + 1.2))))


def _limits(ax: Axes, axis: Axis, which: str, most: int = 5) -> None:
    low, high = axis.low, axis.high
    if low is not None or high is not None:
        (ax.set_xlim if which == "x" else ax.set_ylim)(low, high)
    target = ax.xaxis if which == "x" else ax.yaxis
    if axis.ticks:
        target.set_ticks(list(axis.ticks))
    else:
        locator = MaxNLocator(most, integer=axis.whole, steps=[1, 2, 2.5, 5, 10])
        target.set_major_locator(locator)


def row_places(frame: Frame) -> list[float]:
    """Return the middle of each row in mm from the top."""
    ends = np.cumsum(frame.rows)
    return [float(end - row / 2) for end, row in zip(ends, frame.rows, strict=True)]


def _y(frame: Frame, value: float) -> float:
    """Return a vertical place: of a panel of rows the row's middle, and between two in between."""
    if not frame.names:
        return value
    places = row_places(frame)
    base = min(max(int(np.floor(value + 0.5)), 0), len(places) - 1)
    return places[base] + (value - base) * frame.rows[base]


def _ys(frame: Frame, values: Sequence[float]) -> list[float]:
    return [_y(frame, value) for value in values]


def _cased() -> list[Any]:
    return [withStroke(linewidth=2.2, foreground="white")]


def _note(
    ax: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], **more: Any
) -> None:
    """Write a text beside a place, some points away from it."""
    look: dict[str, Any] = {
        "textcoords": "offset points",
        "fontsize": SMALL,
        "annotation_clip": False,
    }
    ax.annotate(text, at, offset, **look, **more)


def _diamond(ax: Axes, x: float, y: float, look: Look) -> None:
    edges: dict[str, Any] = {
        "color": look.colour,
        "markerfacecolor": look.face,
        "markeredgewidth": 0.7,
        "path_effects": _cased(),
    }
    ax.plot([x], [y], marker="D", markersize=3.6, zorder=5, **edges)


def _draw(ax: Axes, mark: Mark, look: Look, frame: Frame, lang: str, grey: bool) -> None:
    match mark:
        case Band():
            ax.fill_between(
                mark.x,
                mark.low,
                mark.high,
                color=band_colour(mark, grey),
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
        if mark.across and mark.high and np.isfinite(mark.high[place]):
            x = mark.high[place]
        _note(ax, tell(text, lang), (x, y), (5, 0), va="center", path_effects=_cased())


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
        offset, ha, va = (
            ((3, 0), "left", "center") if mark.across else ((0, 1.5), "center", "bottom")
        )
        _note(ax, tell(text, lang), where, offset, ha=ha, va=va)


def _draw_target(ax: Axes, mark: Target, look: Look, frame: Frame, lang: str) -> None:
    if frame.names:
        _diamond(ax, mark.value, _y(frame, mark.at), look)
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
            path_effects=_cased(),
        )
    _diamond(ax, mark.at, mark.value, look)
    text = tell(mark.text, lang)
    if text:
        look_of_text: dict[str, Any] = {"ha": "center", "va": "bottom", "color": look.colour}
        _note(ax, text, (mark.at, mark.value), (0, 4), path_effects=_cased(), **look_of_text)


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
    last = ends_of(panel)
    labels = [mark for mark in panel.marks if isinstance(mark, Label)]
    at_end = [] if frame.names else [mark for mark in labels if mark.x >= last]
    for mark in labels:
        if mark not in at_end:
            colour = tone(RED, grey) if mark.role == "target" else "black"
            at = (mark.x, _y(frame, mark.y))
            _note(ax, tell(mark.text, lang), at, (4, 2), color=colour, path_effects=_cased())
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
    places = row_places(frame) if frame.names else []
    for column, head in zip(frame.panel.beside, frame.heads, strict=True):
        wide = beside_width(column.head, column.texts, lang)
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
