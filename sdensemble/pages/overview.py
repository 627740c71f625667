"""The overview of a model: its views as boxes with their stocks, and the main links between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sdengine.syntax import Kind, Model
from sdensemble.lang import LANGS, say
from sdensemble.outputs.text import wrap
from sdensemble.pages.blocks import Block, Node
from sdensemble.pages.diagrams import COLOUR, TOP, Palette, caption, word
from sdensemble.pages.graph import Graph
from sdensemble.pages.place import GAP, Corner
from sdensemble.pages.route import curve
from sdensemble.pages.shapes import (
    Area,
    Line,
    Picture,
    Shape,
    Text,
    head,
    points,
    rectangle,
    rounded,
)
from sdensemble.pages.sheets import drawn

COLUMNS, PITCH = 3, 92.0  # of boxes, and from one column to the next, in mm
PASSING = 80.0  # mm that a link past other boxes counts as longer
NUMBER = (3.8, 3.0)  # room for a number of two digits on a line


def view_links(graph: Graph) -> Counter[tuple[str, str]]:
    """Return how many links go from one view to another while the model runs."""
    return Counter(
        (graph.view[s], graph.view[t])
        for t, read in graph.acts.items()
        for s in read
        if graph.view[s] != graph.view[t]
    )


def draw_overview(
    model: Model, graph: Graph, titles: Mapping[str, str], lang: str, colours: Palette = COLOUR
) -> Picture:
    """Return the views as boxes with the stocks in them, and the main links between them."""
    weights = view_links(graph)
    stocks = {v: [n for n in graph.members(v) if model[n].kind is Kind.STOCK] for v in graph.views}
    lines = {v: [_both(model, n) for n in stocks[v]] for v in graph.views}
    heads: dict[str, int] = {}
    blocks = [Block([Node(v, "variable", 19, 0, 38, 0)], [], 40, 0) for v in graph.views]
    for block, view in zip(blocks, graph.views, strict=True):
        heads[view] = max(len(wrap(titles[view], 26)), len(wrap(view, 26)))
        high = 2.5 + 3.0 * heads[view] + 2.75 * sum(lines[view])
        block.nodes[0] = Node(view, "variable", 19, high / 2, 38, high)
        block.h = high + 4
    links = set(_main(weights, graph.views))
    order = {view: number for number, view in enumerate(graph.views)}
    spots = _spots(blocks, {(order[s], order[t]): weights[s, t] for s, t in sorted(links)})
    while True:
        nodes, _, pairs, bends, bad = drawn(blocks, spots, links)
        if not bad:
            break
        links -= bad
    where = {n.name: i for i, n in enumerate(nodes)}
    shapes: list[Shape] = []
    nodes = [n.moved(0, TOP) for n in nodes]
    lines_drawn = []
    for (s, t), bend in zip(pairs, bends, strict=True):
        line = points(curve(nodes[where[s]], nodes[where[t]], bend))
        strong = 0.25 + 0.06 * min(weights[s, t], 12)
        shapes += [Line(line, colours.link, strong), head(line, 2.2, colours.link)]
        lines_drawn.append(line)
    for pair, (x, y) in zip(pairs, _apart(lines_drawn), strict=True):
        shapes.append(Area(rectangle(x, y, *NUMBER), "#ffffff"))
        shapes.append(Text(x, y, (str(weights[pair]),), colours.ink, 6.3))
    for node in nodes:
        inside = [caption(model, n, lang) for n in stocks[node.name]]
        top = node.y - node.h / 2
        shapes.append(
            Area(rounded(node.x, node.y, node.w, node.h, 1.4), "#ffffff", colours.edge, 0.35)
        )
        above = 3.0 * heads[node.name]
        title = tuple(wrap(titles[node.name], 26))
        shapes.append(Text(node.x, top + 1.1 + above / 2, title, colours.ink, 7, 3.0))
        y = top + 1.8 + above
        for text in inside:
            own = wrap(text, 30)
            high = 2.75 * len(own)
            shapes.append(Area(rectangle(node.x, y + high / 2, 36, high - 0.3), colours.stock))
            shapes.append(Text(node.x, y + high / 2, tuple(own), colours.ink, 6.3, 2.7))
            y += high
    wide = max(n.x + n.w / 2 for n in nodes) + 4
    high = max(n.y + n.h / 2 for n in nodes) + 4
    shapes.append(Text(3, 4.5, (word("overview", lang),), colours.ink, 9, anchor="start"))
    note = wrap(say("diagram.links", lang, all=len(weights), drawn=len(pairs)), int(wide / 1.12))
    shapes.append(Text(3, high + 1.4 * len(note), tuple(note), colours.shadow, 6.3, 2.7, "start"))
    return Picture(tuple(shapes), wide, high + 2 + 2.8 * len(note))


def _spots(blocks: Sequence[Block], links: Mapping[tuple[int, int], int]) -> list[Corner]:
    """Return the top left corner of each box, in columns: from the order of the views, two boxes
    change places as long as that shortens the links, strong ones above all."""
    ends = np.array(list(links), np.int64).reshape(-1, 2)
    weights = np.sqrt(list(links.values()))
    heights = np.array([block.h + GAP for block in blocks])

    def placed(order: Sequence[int]) -> NDArray[np.float64]:
        below = np.cumsum(heights[list(order)])
        column = np.minimum(
            (below - heights[list(order)] / 2) // (below[-1] / COLUMNS), COLUMNS - 1
        )
        first = np.searchsorted(column, column)  # of each one's column
        out = np.empty((len(blocks), 2))
        tops = below - heights[list(order)]
        out[list(order)] = np.stack([column * PITCH, tops - tops[first]], axis=1)
        return out

    def length(order: Sequence[int]) -> float:
        spots = placed(order)
        middle = spots + np.stack([0 * heights, heights / 2], axis=1)
        across, down = np.abs(middle[ends[:, 0]] - middle[ends[:, 1]]).T
        touching = down < (heights[ends] / 2).sum(1) + 1
        passing = np.where(across == 0, ~touching, across > PITCH)  # other boxes
        return float(weights @ (across + down + PASSING * passing))

    order = list(range(len(blocks)))
    best, better = length(order), True
    while better:
        better = False
        for i, j in combinations(range(len(order)), 2):
            order[i], order[j] = order[j], order[i]
            now = length(order)
            if now < best - 1e-9:
                best, better = now, True
            else:
                order[i], order[j] = order[j], order[i]
    return [(float(x), float(y)) for x, y in placed(order)]


def _apart(lines: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Return a place for a number on each line, as near its middle as keeps off other numbers.

    A number also keeps off other lines where it can.
    """
    placed: list[tuple[float, float]] = []
    for index, line in enumerate(lines):
        others = [p for i, other in enumerate(lines) if i != index for p in other]
        ends = range(len(line) // 6, len(line) - len(line) // 6)
        tried = sorted(ends, key=lambda i: abs(i - len(line) // 2)) or [len(line) // 2]
        crowded = [(_near(line[i], placed, 1.0), _near(line[i], others, 0.6)) for i in tried]
        placed.append(line[tried[crowded.index(min(crowded))]])
    return placed


def _near(place: tuple[float, float], others: Sequence[tuple[float, float]], share: float) -> int:
    """Return how many places lie within ``share`` of the size of a number."""
    wide, high = (share * size for size in NUMBER)
    return sum(abs(place[0] - x) < wide and abs(place[1] - y) < high for x, y in others)


def _main(weights: Counter[tuple[str, str]], views: Sequence[str]) -> list[tuple[str, str]]:
    """Return the strongest link into and out of each view, and the strongest of all."""
    ordered = [pair for pair, _ in weights.most_common()]
    kept = dict.fromkeys(ordered[: len(views)])
    for view in views:
        for side in (0, 1):
            kept |= dict.fromkeys([p for p in ordered if p[side] == view][:1])
    return list(kept)


def _both(model: Model, name: str) -> int:
    return max(len(wrap(caption(model, name, lang), 30)) for lang in LANGS)
