"""Figures of a validation: what tests do to a series, and bars with their spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sdensemble.outputs.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
WORDS: Mapping[str, Mapping[str, str]] = {
    "head": {
        "zh": "极端条件与响应：施加条件（实线）与不施加（虚线）",
        "en": "Extreme conditions and responses: with (solid) and without (dashed)",
    },
    "with": {"zh": "施加条件", "en": "with"},
    "without": {"zh": "不施加", "en": "without"},
    "spread": {
        "zh": "条为均值，横线为两倍标准误。",
        "en": "Bars: means; lines: two standard errors.",
    },
}


def panels(shown: Sequence[tuple[str, str, Any]], lang: str, unit: Callable[[str], str]) -> Figure:
    """Draw small multiples: for each (id, title, panel) the series with and without."""
    rows = -(-len(shown) // COLUMNS)
    head = WORDS["head"][lang]
    room = style.margins(36.0 * rows, head, "", above=13.0)
    figure = style.new_figure(room.height)
    grid = figure.add_gridspec(
        rows, COLUMNS, left=0.08, right=0.99, top=room.top, bottom=room.bottom,
        wspace=0.34, hspace=0.78,
    )  # fmt: skip
    for index, (name, title, panel) in enumerate(shown):
        ax = figure.add_subplot(grid[index // COLUMNS, index % COLUMNS])
        _panel(ax, panel, unit(panel.unit))
        titles = (f"{name} {title}", panel.title[lang])
        ax.set_title(
            "\n".join(style.fold_label(one, 33) for one in titles),
            fontsize=style.SMALL, linespacing=1.15,
        )  # fmt: skip
    figure.legend(
        handles=[
            Line2D([], [], color="black", linewidth=1.4, label=WORDS["with"][lang]),
            Line2D([], [], color=style.GREY, linewidth=1.0, dashes=(4, 2),
                   label=WORDS["without"][lang]),
        ],
        loc="upper right", frameon=False, ncols=2, bbox_to_anchor=(0.995, 1.0),
    )  # fmt: skip
    style.head_and_foot(figure, head, "")
    return figure


def _panel(ax: Axes, panel: Any, unit: str) -> None:
    ax.plot(panel.times, panel.base, color=style.GREY, linewidth=1.0, dashes=(4, 2))
    ax.plot(panel.times, panel.moved, color="black", linewidth=1.4)
    ax.set_ylim(bottom=min(0.0, float(np.min([panel.base.min(), panel.moved.min()]))))
    ax.locator_params(axis="x", nbins=4, integer=True)
    ax.locator_params(axis="y", nbins=4)
    ax.set_ylabel(unit)


def bars(found: Any, title: str, lang: str, unit: Callable[[str], str]) -> Figure:
    """Draw horizontal bars with their spread, the first on top."""
    labels = [style.fold_label(label[lang], 46) for label in found.labels]
    heights = np.array([max(5.2, 3.6 * (label.count("\n") + 1) + 1.4) for label in labels])
    foot = WORDS["spread"][lang]
    room = style.margins(heights.sum() + 8, title, foot)
    figure = style.new_figure(room.height)
    ax = figure.add_axes((0.42, room.bottom, 0.55, room.top - room.bottom))
    places = np.cumsum(heights) - heights / 2  # mm from the top
    ax.barh(places, found.lengths, height=3.2, color="#9ebcd9", edgecolor="#1f4e79", linewidth=0.6)
    for place, length, spread in zip(places, found.lengths, found.spreads, strict=True):
        ax.plot([length - spread, length + spread], [place, place], color="black", linewidth=1.0)
    ax.axvline(0, color="black", linewidth=0.6)
    ax.set_yticks(places, labels)
    ax.tick_params(axis="y", length=0)
    shown = "{}，{}" if lang == "zh" else "{}, {}"
    ax.set_xlabel(shown.format(style.capital(found.axis[lang]), unit(found.unit)))
    ax.set_ylim(heights.sum(), 0)
    style.head_and_foot(figure, title, foot)
    return figure
