"""Where everything stands on a sheet of paper: blocks, columns, arrows. Lengths are in mm.

A block is a variable with what only it reads stacked below it, or a chain of stocks with its
flows. Blocks fall into columns (``place``). An arrow that could only be drawn across a name
becomes a shadow variable below the one that reads it, as a person would do in Vensim.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdengine.syntax import Model
from sdensemble.pages.blocks import COLUMNS, EXTRA, PITCH, Arrow, Block, Blocks, Lines, Node, piped
from sdensemble.pages.graph import LEAVES, Graph, components
from sdensemble.pages.place import GAP, Corner, joined, owners, place
from sdensemble.pages.route import route

WIDE, HIGH = 277.0, 180.0  # A4 across, without margins and title
UPRIGHT, TALL = 4, 268.0  # columns and height of a sheet held upright
FILL = 0.68  # of a sheet taken up by blocks and their gaps

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """One picture: a view, or a part of it."""

    view: str
    part: int
    parts: int
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float

    @property
    def title(self) -> str:
        """The view's name, with the part where there are several."""
        return self.view if self.parts == 1 else f"{self.view} ({self.part})"


def make_sheets(model: Model, graph: Graph, lines: Lines) -> tuple[Sheet, ...]:
    """Return the sheets of every view. ``lines`` says how many lines a name takes."""
    return tuple(sheet for view in graph.views for sheet in _view_sheets(model, graph, lines, view))


def _view_sheets(model: Model, graph: Graph, lines: Lines, view: str) -> list[Sheet]:
    own = graph.members(view)
    units = _units(model, graph, own)
    parts = _split(units, graph, lines, model)
    shown: set[str] = set()
    sheets = []
    for number, part in enumerate(parts, start=1):
        here = {name for unit in part for name in unit}
        leaves = [n for n in own if model[n].kind in LEAVES and n not in here]
        free = [n for n in leaves if n not in shown]
        nodes, arrows = _laid_out(model, graph, lines, part, free)
        shown |= {n.name for n in nodes if n.role in ("constant", "lookup")}
        right = max(n.x + n.w / 2 for n in nodes) + 4
        low = max(n.y + n.h / 2 for n in nodes) + 4
        sheets.append(Sheet(view, number, len(parts), nodes, arrows, right, low))
    return sheets


def _units(model: Model, graph: Graph, own: Sequence[str]) -> list[list[str]]:
    """Return what must stay on one sheet: a chain, or one variable."""
    inside = set(own)
    chains = [c for c in components(model, graph.flows) if c[0] in inside]
    taken = {name for chain in chains for name in chain}
    read = {s for t in own for s in (*graph.acts[t], *graph.starts[t])}
    single = [[n] for n in own if n not in taken and (model[n].kind not in LEAVES or n not in read)]
    return [*chains, *single]


def _split(
    units: list[list[str]], graph: Graph, lines: Lines, model: Model
) -> list[list[list[str]]]:
    """Return the units in as few sheets as they fit, those that read each other together."""
    sizes = [_size(unit, graph, lines, model) for unit in units]
    room = FILL * WIDE * HIGH
    count = max(1, math.ceil(sum(sizes) / room))
    target = sum(sizes) / count
    links = _between(units, graph)
    left = set(range(len(units)))
    parts: list[list[list[str]]] = []
    while left:
        part: list[int] = []
        filled = 0.0
        while left:
            best = max(left, key=lambda i: (links[i, part].sum(), 0.0 if part else sizes[i], -i))
            last = len(parts) >= count - 1
            if part and filled + sizes[best] > (room if last else min(room, target * 1.08)):
                break
            part.append(best)
            left.discard(best)
            filled += sizes[best]
        parts.append([units[i] for i in sorted(part)])
    return parts or [[]]


def _size(unit: list[str], graph: Graph, lines: Lines, model: Model) -> float:
    """Return the area a unit takes where most of what it reads stands below it."""
    blocks = Blocks(model, graph, lines, [unit], [], _links(graph, [unit])).made
    return sum(b.span * PITCH * (0.85 * b.h + GAP) for b in blocks)


def _between(units: list[list[str]], graph: Graph) -> Floats:
    where = {name: i for i, unit in enumerate(units) for name in unit}
    found = np.zeros((len(units), len(units)))
    for target, i in where.items():
        for source in graph.acts[target]:
            j = where.get(source, i)
            if i != j:
                found[i, j] += 1
                found[j, i] += 1
    return found


def _links(graph: Graph, units: Sequence[Sequence[str]]) -> set[tuple[str, str]]:
    """Return the links between names of a sheet that no pipe shows."""
    here = {name for unit in units for name in unit}
    return {
        (s, t)
        for t in here
        for s in graph.acts[t]
        if s in here and s != t and not piped(graph, s, t)
    }


def _laid_out(
    model: Model, graph: Graph, lines: Lines, units: list[list[str]], free: list[str]
) -> tuple[tuple[Node, ...], tuple[Arrow, ...]]:
    """Return nodes and arrows with no arrow across a name: what cannot be drawn is a shadow."""
    links = _links(graph, units)
    while True:
        blocks = Blocks(model, graph, lines, units, free, links).made
        owner = owners(blocks)
        upright = max(block.h for block in blocks) > HIGH - 4
        columns, room = (UPRIGHT, TALL) if upright else (COLUMNS, HIGH)
        joins = sorted((owner[s], owner[t]) for s, t in links if s in owner and t in owner)
        spots = place(blocks, joins, columns, room)
        nodes, arrows, pairs, bends, bad = drawn(blocks, spots, links)
        if not bad:
            break
        links -= bad
    index = {n.name: i for i, n in enumerate(nodes) if n.role not in EXTRA}
    made = [
        Arrow(index[s], index[t], "link", bend, t in graph.delayed)
        for (s, t), bend in zip(pairs, bends, strict=True)
    ]
    return tuple(nodes), (*arrows, *made)


Names = tuple[str, str]


def drawn(
    blocks: Sequence[Block], spots: Sequence[Corner], links: Set[Names]
) -> tuple[list[Node], list[Arrow], list[Names], list[float], set[Names]]:
    """Return nodes, the blocks' own arrows, the links with their bends, and those of them that
    cannot be drawn."""
    nodes, arrows = joined(blocks, spots)
    index = {n.name: i for i, n in enumerate(nodes) if n.role not in EXTRA}
    pairs = sorted(pair for pair in links if pair[0] in index and pair[1] in index)
    bends, bad = route(nodes, [(index[s], index[t]) for s, t in pairs])
    return nodes, arrows, pairs, bends, {pairs[i] for i in bad}
