"""What all figures share: size, font, colours readable in grey, the fan and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from sdensemble.outputs.fonts import register_font
from sdensemble.outputs.text import width, wrap
from sdensemble.results.estimate import Array
from sdensemble.results.results import quantile

WIDTH = 146 / 25.4
"""Inches: fits the 156 mm text block of a Chinese official page."""

QUANTILES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
BANDS = ((0, 6, "#b9d5ea"), (1, 5, "#5b9bd0"), (2, 4, "#08519c"))
"""Lower and upper quantile of each central band (90, 60, 30%), widest first, and its blue."""

TARGET = "#a50f15"
GREY = "#595959"
SMALL, NORMAL = 7.0, 8.0
LINE = 100
"""Narrow characters of the normal size that fit the width."""

CASED: dict[str, Any] = {
    "path_effects": [withStroke(linewidth=2.2, foreground="white")],
}
"""Text that stays readable on a band."""

SETTINGS: dict[str, Any] = {
    "font.size": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.labelsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.handlelength": 2.6,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "axes.unicode_minus": True,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "sdensemble",
    "savefig.dpi": 300,
}

METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Taken out of files, so that the same run gives the same bytes."""


def settings() -> Any:
    """Return a context in which every figure is made and saved."""
    chosen: Any = {**SETTINGS, "font.family": [register_font()]}
    return matplotlib.rc_context(chosen)


def new_figure(height_mm: float) -> Figure:
    """Return an empty figure of the standard width."""
    figure = Figure(figsize=(WIDTH, height_mm / 25.4))
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, stem: Path) -> tuple[Path, ...]:
    """Write a figure as PNG (300 dpi), SVG and PDF with the same bytes each time."""
    written = []
    for form, metadata in METADATA.items():
        path = stem.with_suffix(f".{form}")
        figure.savefig(path, metadata=metadata)
        written.append(path)
    return tuple(written)


def draw_fan(ax: Axes, years: NDArray[np.int64], values: Array) -> Array:
    """Draw central 30, 60 and 90% bands and the median of values (member, year).

    Returns the quantiles, shape (7, year). Bands are pointwise sample quantiles.
    """
    found = quantile(values, list(QUANTILES))
    for low, high, colour in BANDS:
        ax.fill_between(
            years, found[low], found[high], color=colour, edgecolor="white", linewidth=0.4
        )
    ax.plot(years, found[3], color="white", linewidth=2.2, solid_capstyle="butt")
    ax.plot(years, found[3], color="black", linewidth=1.0, dashes=(4, 2))
    return found


def fan_handles(median: str, band: str) -> list[Any]:
    """Return legend entries of a fan; ``band`` holds ``{share}``."""
    line = Line2D([], [], color="black", linewidth=1.0, dashes=(4, 2), label=median)
    shares = (90, 60, 30)
    patches = [
        Patch(facecolor=colour, edgecolor="white", label=band.format(share=share))
        for (_, _, colour), share in zip(BANDS, shares, strict=True)
    ]
    return [line, *reversed(patches)]


def target_handle(text: str) -> Line2D:
    """Return the legend entry of a target."""
    return Line2D(
        [], [], color=TARGET, linewidth=0.9, linestyle="-.", marker="D", markersize=3, label=text
    )


def draw_target(
    ax: Axes, year: int, value: float, start: float | None = None, end: float = np.inf
) -> None:
    """Mark a target: a diamond at its year on a dash-dot line, from ``start`` or just around."""
    span = [year - 0.8 if start is None else start, min(year + 0.8, end)]
    ax.plot(span, [value, value], color=TARGET, linewidth=0.9, linestyle="-.")
    ax.plot([year], [value], marker="D", markersize=3.2, color=TARGET, markeredgecolor="white",
            markeredgewidth=0.4, zorder=5)  # fmt: skip


def sign(comparator: str) -> str:
    """Return a comparator as one sign."""
    return {">=": "≥", "about": "≈"}.get(comparator, comparator)


def spread(positions: Sequence[float], gap: float) -> Array:
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


def end_labels(ax: Axes, x: float, labels: Sequence[tuple[str, float, str]]) -> None:
    """Write (text, value, colour) at the right end, moved apart where values are near."""
    low, high = ax.get_ylim()
    height = ax.get_position().height * ax.figure.get_figheight() * 72  # type: ignore[union-attr]
    places = spread([value for _, value, _ in labels], (high - low) / height * (SMALL + 0.8))
    for (text, value, colour), place in zip(labels, places, strict=True):
        ax.annotate(
            text, (x, value), (x + 0.45, place), fontsize=SMALL, va="center", color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": GREY, "shrinkA": 0.5,
                        "shrinkB": 0},
        )  # fmt: skip


@dataclass(frozen=True)
class Margins:
    """Height of a figure in mm, and where its axes end, as fractions of it."""

    height: float
    top: float
    bottom: float


def margins(body_mm: float, head: str, foot: str, above: float = 2.5) -> Margins:
    """Return a figure's height with room for its head and foot lines around ``body_mm``.

    ``above`` is the room in mm between the head and the axes, for titles of panels.
    """
    top, bottom = 2.0 + 3.6 * _lines(head) + above, 6.5 + 3.3 * _lines(foot)
    height = body_mm + top + bottom
    return Margins(height, 1 - top / height, bottom / height)


def _lines(text: str) -> int:
    return text.count("\n") + 1 if text else 0


def head_and_foot(figure: Figure, head: str, foot: str) -> None:
    """Write what is drawn above the axes and the small note below them."""
    height = figure.get_figheight() * 25.4
    figure.text(0.012, 1 - 1.2 / height, head, fontsize=NORMAL, va="top")
    figure.text(0.012, 1.2 / height, foot, fontsize=SMALL, va="bottom", color=GREY)


def capital(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]


def fold_head(text: str) -> str:
    """Return a head in lines that fit the width of a figure."""
    return "\n".join(wrap(text, LINE))


def fold_label(text: str, limit: float) -> str:
    """Return a label in lines of about ``limit`` narrow characters; a wide one counts two."""
    if width(text) <= limit:
        return text
    lines = -(-width(text) // int(limit))
    even = max(width(text) / lines + 1, 6)
    return "\n".join(wrap(text, int(min(limit, even + 2))))
