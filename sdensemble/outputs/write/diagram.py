"""A diagram's shapes as PNG; the same shapes as its SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.text import Text

from sdensemble.outputs.fonts import missing_glyphs
from sdensemble.outputs.write.picture import METADATA, settings

DPI = 200
POINTS = 72 / 25.4  # a mm in points


class Drawn(Protocol):
    """A sheet of shapes in mm, y downward."""

    @property
    def shapes(self) -> Sequence[Any]: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


def save_png(picture: Drawn, path: Path) -> str:
    """Write a picture at its own size; return the characters the font lacks."""
    with settings():
        figure = Figure(figsize=(picture.width / 25.4, picture.height / 25.4))
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set_xlim(0, picture.width)
        ax.set_ylim(picture.height, 0)
        for order, shape in enumerate(picture.shapes):
            for artist in _artists(shape):
                artist.set_zorder(order)
                ax.add_artist(artist)
        figure.savefig(path, dpi=DPI, metadata=METADATA["png"])
        return missing_glyphs(figure)


def _artists(shape: Any) -> list[Any]:
    if hasattr(shape, "lines"):
        align = {"middle": "center", "start": "left", "end": "right"}[shape.anchor]
        first = shape.y - shape.step * (len(shape.lines) - 1) / 2 + 0.36 * shape.size / POINTS
        return [
            Text(
                shape.x,
                first + i * shape.step,
                line,
                fontsize=shape.size,
                color=shape.colour,
                ha=align,
                va="baseline",
            )
            for i, line in enumerate(shape.lines)
        ]
    if hasattr(shape, "fill"):
        edge = shape.edge or "none"
        drawn: Any = Polygon(shape.points, closed=True, facecolor=shape.fill, edgecolor=edge)
    else:
        drawn = Line2D(*zip(*shape.points, strict=True), color=shape.colour)
    wide = shape.width * POINTS if getattr(shape, "edge", True) else 0
    drawn.set_linewidth(wide)
    if shape.dash:
        drawn.set_linestyle((0, tuple(d / shape.width for d in shape.dash)))
    return [drawn]
