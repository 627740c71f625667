"""What a policy lays out where, as a matrix: industries down, regions across, products inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sdengine.syntax import Model
from sdensemble.inputs.regions import Place, elements_of, products_at, regions_of
from sdensemble.outputs.figures import style
from sdensemble.outputs.text import width, wrap
from sdensemble.policy.regions import TEXTS

WORDS = {
    "head": {
        "zh": "产业布局：行为产业，列为区域，格中为布局产品",
        "en": "Regional layout: industries down, regions across, products inside",
    },
}
LABEL_MM, LINE_MM, PAD_MM = {"zh": 20.0, "en": 23.0}, 2.75, 1.6
ACROSS = 4
"""Regions in one strip."""
TINY = 6.2
"""Points of the products; a narrow character takes about 1.12 mm."""
FOOT = 112


def draw_regions(
    folder: Path, places: Sequence[Place], model: Model, lang: str
) -> tuple[Path, ...]:
    """Write the matrix as PNG, SVG and PDF, in strips of regions that fit the width."""
    with style.settings():
        return style.save(region_matrix(places, model, lang), folder / "regions")


def region_matrix(places: Sequence[Place], model: Model, lang: str) -> Figure:
    """Return the matrix of products; strips of regions stand one below the other."""
    across = ACROSS
    regions = regions_of(places)
    strips = [regions[i : i + across] for i in range(0, len(regions), across)]
    note = TEXTS[lang].format(
        n=len(places), source="; ".join(dict.fromkeys(p.source for p in places))
    )
    foot = "\n".join(wrap(note, FOOT))
    head = WORDS["head"][lang]
    wide, label = style.WIDTH * 25.4 - 4, LABEL_MM[lang]
    cell = (wide - label) / across
    fits = int((cell - 1.5) / 1.12)
    laid = [_strip(places, strip, lang, fits) for strip in strips]
    heights = [sum(height for _, height, _ in rows) + 6.5 for rows in laid]
    body = sum(heights) + 3.0 * (len(strips) - 1)
    room = style.margins(body, head, foot)
    figure = style.new_figure(room.height)
    style.head_and_foot(figure, head, foot)
    ax = figure.add_axes(
        (2 / (wide + 4), room.bottom, (wide + 0.2) / (wide + 4), room.top - room.bottom)
    )
    ax.set_xlim(0, wide + 0.2)
    ax.set_ylim(body + 0.2, 0)
    ax.axis("off")
    y = 0.0
    for strip, rows in zip(strips, laid, strict=True):
        for place, region in enumerate(strip):
            title = next(p.name(lang) for p in places if p.region == region)
            ax.text(label + (place + 0.5) * cell, y + 5.4, "\n".join(wrap(title, fits)),
                    ha="center", va="baseline", fontsize=style.SMALL,
                    linespacing=0.95)  # fmt: skip
        y += 6.5
        for key, height, cells in rows:
            ax.text(label - 1, y + height / 2, model.element_label(*key, lang), ha="right",
                    va="center", fontsize=style.SMALL)  # fmt: skip
            for place, text in enumerate(cells):
                filled = "#dce9f5" if text else "white"
                box = (label + place * cell, y)
                ax.add_patch(Rectangle(box, cell, height, facecolor=filled,
                                       edgecolor="#8c8c8c", linewidth=0.3))  # fmt: skip
                ax.text(box[0] + cell / 2, y + height / 2, text, ha="center", va="center",
                        fontsize=TINY, linespacing=1.05)  # fmt: skip
            y += height
        y += 3.0
    return figure


def _strip(
    places: Sequence[Place], regions: Sequence[str], lang: str, fits: int
) -> list[tuple[tuple[str, str], float, list[str]]]:
    """Return (element, height in mm, cells) of the industries that have a place in a strip."""
    rows = []
    for key in elements_of(places):
        cells = []
        for region in regions:
            found = products_at(places, key[1], region, lang)
            cells.append(_folded(found, lang, fits))
        if any(cells):
            lines = max(cell.count("\n") + 1 for cell in cells)
            rows.append((key, LINE_MM * lines + PAD_MM, cells))
    return rows


def _folded(products: Sequence[str], lang: str, fits: int) -> str:
    """Return products in lines that fit, broken between products where that is possible."""
    comma = "、" if lang == "zh" else ", "
    lines: list[str] = []
    for place, product in enumerate(products):
        piece = product + (comma if place < len(products) - 1 else "")
        if lines and width(lines[-1] + piece.rstrip()) <= fits:
            lines[-1] += piece
        else:
            lines.append(piece)
    return "\n".join(part for line in lines for part in wrap(line.rstrip(), fits))
