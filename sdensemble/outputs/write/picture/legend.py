"""The legend: each name with the sign that stands for it, once, in rows that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from sdensemble.lang import tell
from sdensemble.outputs.figure import Band, Bars, Figure, Line, Mark, Rule, Span, Target
from sdensemble.outputs.write.picture.frames import EDGE
from sdensemble.outputs.write.picture.looks import BLUE, Look, band_colour, look_of, tone
from sdensemble.outputs.write.picture.measured import SMALL, text_mm


def entries_of(
    figure: Figure, looks: dict[tuple[str, str], Look], lang: str, grey: bool
) -> list[tuple[str, Any]]:
    """Return each name with the sign that stands for it, once, in the order drawn."""
    found: dict[str, Any] = {}
    for panel in figure.panels:
        for mark in panel.marks:
            name = tell(getattr(mark, "name", ""), lang)
            if name and name not in found:
                found[name] = _sign(mark, look_of(mark, looks, lang, grey), grey)
    return list(found.items())


def _sign(mark: Mark, look: Look, grey: bool) -> Any:
    match mark:
        case Band():
            return Patch(facecolor=band_colour(mark, grey), edgecolor="white")
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


def legend_rows(entries: Sequence[tuple[str, Any]], wide: float) -> list[list[tuple[str, Any]]]:
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


def draw_legend(
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
