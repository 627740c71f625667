"""Where everything stands on a sheet of paper: blocks, columns, arrows. Lengths are in mm.

A block is a variable with what only it reads stacked below it, or a chain of stocks with its
flows. Blocks fall into columns; their order is improved by annealing with a fixed seed. An arrow
that could only be drawn across a name becomes a shadow variable below the one that reads it, as
a person would do in Vensim.
"""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sdengine.syntax import Kind, Model
from sdensemble.pages.graph import LEAVES, Flow, Graph, components

WIDE, HIGH = 277.0, 180.0  # A4 across, without margins and title
LINE = 2.75  # between two lines of 6.5 point
LABEL = 27.0  # width of a name
LEAF = 25.0  # width of a name below another
CELL = 33.0  # a flow between two stocks
MOST_FLOWS = 3  # on one side of a box; more stand at a shadow of the stock
PITCH = 46.0  # from one column to the next
COLUMNS = 6
UPRIGHT, TALL = 4, 268.0  # columns and height of a sheet held upright
GAP = 6.5  # between two blocks of a column
CLOUD = 5.0
GHOST = 22.0
FILL = 0.68  # of a sheet taken up by blocks and their gaps
TRIES = 1500
BENDS = (0.0, 0.12, -0.12, 0.25, -0.25)
CROSSINGS = 2

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Node:
    """A name on a sheet, or a cloud or valve (without name). x and y are its centre."""

    name: str
    role: str  # stock, flow, variable, constant, lookup, shadow, cloud, valve
    x: float
    y: float
    w: float
    h: float
    start: bool = False  # read for a value at the start only

    def moved(self, x: float, y: float) -> Node:
        """Return the node shifted."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Arrow:
    """From one node to another, by index; ``kind`` is "link", "leaf" or "pipe"."""

    source: int
    target: int
    kind: str
    bend: float = 0.0
    late: bool = False


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


@dataclass
class Block:
    """Nodes that stay together, placed from (0, 0); arrows between them by their own index."""

    nodes: list[Node]
    arrows: list[Arrow]
    w: float
    h: float

    @property
    def span(self) -> int:
        """How many columns it takes."""
        return min(COLUMNS, math.ceil((self.w + 8) / PITCH))


Lines = Callable[[str], int]


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
        drawn = _Drawing(model, graph, lines, part, [n for n in leaves if n not in shown])
        nodes, arrows = drawn.solve(zlib.crc32(f"{view}{number}".encode()))
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
            best = max(
                left,
                key=lambda i: (links[i, part].sum(), 0.0 if part else sizes[i], -i),
            )
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
    blocks = _Drawing(model, graph, lines, [unit], []).blocks()
    return sum(b.span * PITCH * (0.85 * b.h + GAP) for b in blocks)


def _leaf_height(lines: int) -> float:
    return lines * LINE + 1.3


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


# ── one sheet ──────────────────────────────────────────────────────────────────────────────


class _Drawing:
    """The search for one sheet: which links are arrows, which are shadows, who stands where."""

    def __init__(
        self, model: Model, graph: Graph, lines: Lines, units: list[list[str]], free: list[str]
    ):
        self.model, self.graph, self.lines = model, graph, lines
        self.units, self.free = units, set(free)
        self.here = {name for unit in units for name in unit}
        self.links = {
            (s, t)
            for t in self.here
            for s in graph.acts[t]
            if s in self.here and s != t and not self._piped(s, t)
        }

    def _piped(self, source: str, target: str) -> bool:
        flow = self.graph.flows.get(source)
        return flow is not None and target in (flow.source, flow.target)

    def solve(self, seed: int) -> tuple[tuple[Node, ...], tuple[Arrow, ...]]:
        """Return nodes and arrows with no arrow across a name."""
        state: list[tuple[int, int]] | None = None
        chance = random.Random(seed)
        for turn in range(50):
            blocks = self.blocks()
            where = _names(blocks)
            pairs = sorted(p for p in self.links if p[0] in where and p[1] in where)
            upright = max(b.h for b in blocks) > HIGH - 4
            columns = UPRIGHT if upright else COLUMNS
            if state is not None:
                state = [(b, min(c, columns - min(columns, blocks[b].span))) for b, c in state]
            state = _arrange(
                blocks,
                pairs,
                where,
                state,
                chance,
                TRIES // (1 if not turn else 3) if turn < 5 else 0,
                columns,
            )
            nodes, arrows = _placed(blocks, state)
            index = {n.name: i for i, n in enumerate(nodes) if n.role not in _EXTRA}
            bends, bad = _route(nodes, [(index[s], index[t]) for s, t in pairs])
            if not bad:
                break
            self.links -= {pairs[i] for i in bad}
        made = [
            Arrow(index[s], index[t], "link", bend, t in self.graph.delayed)
            for (s, t), bend in zip(pairs, bends, strict=True)
        ]
        return tuple(nodes), (*arrows, *made)

    def blocks(self) -> list[Block]:
        """Return every unit as blocks, with what no arrow brings below its reader."""
        self.unplaced = set(self.free)
        return [block for unit in self.units for block in self._unit(unit)]

    def _unit(self, unit: list[str]) -> list[Block]:
        if self.model[unit[0]].kind is Kind.STOCK:
            return self._chain(unit)
        block = Block([], [], LABEL + 2, 0)
        self._stack(block, unit[0], 0, 0)
        return [block]

    def _below(self, name: str) -> list[tuple[str, bool]]:
        """Return what stands below a name: (what it reads but no arrow brings, start only)."""
        out = [
            (s, False)
            for s in self.graph.acts[name]
            if (s, name) not in self.links and s != name and not self._piped(s, name)
        ]
        return out + [(s, True) for s in self.graph.starts[name] if s != name]

    def _role(self, name: str) -> str:
        kind = self.model[name].kind
        if kind is Kind.STOCK:
            return "stock"
        if kind in (Kind.LOOKUP, Kind.DATA):
            return "lookup"
        if kind is Kind.CONSTANT:
            return "constant"
        return "flow" if name in self.graph.flows else "variable"

    def _stack(self, block: Block, name: str, x: float, y: float, width: float = LABEL) -> float:
        """Add a name at the top left corner (x, y) and what it reads below; return the end."""
        high = self.lines(name) * LINE + 2.2
        block.nodes.append(Node(name, self._role(name), x + width / 2, y + high / 2, width, high))
        return self._leaves(block, len(block.nodes) - 1, x, y + high)

    def _leaves(self, block: Block, target: int, x: float, y: float) -> float:
        y += 3.2
        below = self._below(block.nodes[target].name)
        for name, start in below:
            high = _leaf_height(self.lines(name))
            role = "shadow"
            if name in self.unplaced:
                self.unplaced.discard(name)
                role = self._role(name)
            node = Node(name, role, x + LEAF / 2 - 1, y + high / 2, LEAF - 2, high, start)
            block.nodes.append(node)
            block.arrows.append(Arrow(len(block.nodes) - 1, target, "leaf"))
            y += high
        block.h = max(block.h, y - (0 if below else 3.2))
        return y

    # ── chains ──

    def _chain(self, unit: list[str]) -> list[Block]:
        """Return stocks in rows, each row a chain from left to right."""
        stocks = [n for n in unit if self.model[n].kind is Kind.STOCK]
        flows = [self.graph.flows[n] for n in unit if n not in set(stocks)]
        blocks: list[Block] = []
        drawn: set[str] = set()
        most = (
            4
            if all(
                any(_next(r, f) for r in _rows(stocks, flows, 4)) or not f.source or not f.target
                for f in flows
            )
            else 3
        )
        for row in _rows(stocks, flows, most):
            blocks.append(Block([], [], 0, 0))
            self._row(blocks[-1], row, flows, drawn)
        for stock in stocks:  # flows for which the box has no room
            while any(f.name not in drawn and stock in (f.source, f.target) for f in flows):
                blocks.append(Block([], [], 0, 0))
                self._row(blocks[-1], [stock], flows, drawn, "shadow")
        return blocks

    def _row(
        self,
        block: Block,
        row: list[str],
        flows: list[Flow],
        drawn: set[str],
        role: str = "stock",
    ) -> None:
        columns, top = _columns(row, flows, drawn), 0.0
        x = 0.0
        edges: list[tuple[float, float]] = []
        places: list[float] = []
        stock_w = LABEL
        for i, column in enumerate(columns):
            ghost = any(f.source and f.target and not _next(row, f) for f in column)
            inner = 0 < i < len(row)
            both = inner and any(not _next(row, f) for f in column)
            room = GHOST if ghost else CLOUD
            wide = (CELL + (room if (not inner or both or ghost) else 0)) if column else 0.0
            if inner and not column:
                wide = 10.0
            places.append(x)
            edges.append((x, x + wide))
            x += wide + (stock_w if i < len(row) else 0)
        block.w = max(block.w, x)
        reach = [top + 9.0] * len(row)
        made: dict[str, int] = {}
        for i, name in enumerate(row):
            block.nodes.append(Node(name, role, edges[i][1] + stock_w / 2, top, stock_w, 0))
            made[name] = len(block.nodes) - 1
        for i, column in enumerate(columns):
            y = top + 4.5
            for flow in column:
                end = self._flow(block, flow, row, i, edges[i], y, made)
                for k in (i - 1, i):
                    if 0 <= k < len(row) and row[k] in (flow.source, flow.target):
                        reach[k] = max(reach[k], y + 4.5)
                y = end + 6.0
        for i, name in enumerate(row):
            high = max(reach[i] - top, self.lines(name) * LINE + 3)
            node = block.nodes[made[name]]
            block.nodes[made[name]] = replace(node, y=top + high / 2, h=high)
            if role == "stock":
                self._leaves(block, made[name], edges[i][1], top + high)
            block.h = max(block.h, top + high)

    def _flow(
        self,
        block: Block,
        flow: Flow,
        row: list[str],
        i: int,
        edge: tuple[float, float],
        y: float,
        made: Mapping[str, int],
    ) -> float:
        left, right = edge
        sides: dict[str, int] = {}  # which node stands at the flow's source and at its target
        before = row[i - 1] if i > 0 else None
        after = row[i] if i < len(row) else None
        if before in (flow.source, flow.target) and before is not None:
            sides["source" if before == flow.source else "target"] = made[before]
        if after is not None and after == flow.target:
            sides["target"] = made[after]
        for end, stock in (("source", flow.source), ("target", flow.target)):
            if end in sides:
                continue
            free_left = (before is None or before not in (flow.source, flow.target)) and (
                end == "source" or after is not None
            )
            wide = GHOST if stock else CLOUD
            at = left + wide / 2 if free_left else right - wide / 2
            high = self.lines(stock) * LINE + 2 if stock else 4.0
            block.nodes.append(Node(stock or "", "shadow" if stock else "cloud", at, y, wide, high))
            sides[end] = len(block.nodes) - 1
            left, right = (left + wide, right) if free_left else (left, right - wide)
        centre = (left + right) / 2
        block.nodes.append(Node("", "valve", centre, y, 4.0, 4.0))
        valve = len(block.nodes) - 1
        block.arrows.append(Arrow(sides["source"], valve, "pipe"))
        block.arrows.append(Arrow(valve, sides["target"], "pipe"))
        return self._stack(block, flow.name, centre - LABEL / 2, y + 2.6)


_EXTRA = ("shadow", "cloud", "valve")


def _next(row: Sequence[str], flow: Flow) -> bool:
    """Whether a flow joins two neighbours of a row."""
    return any(a == flow.source and b == flow.target for a, b in pairwise(row))


def _rows(stocks: list[str], flows: list[Flow], most: int) -> list[list[str]]:
    """Return chains of stocks that fit the width of a sheet."""
    after: dict[str, list[str]] = {}
    entered = set()
    for flow in flows:
        if flow.source and flow.target and flow.source != flow.target:
            after.setdefault(flow.source, []).append(flow.target)
            entered.add(flow.target)
    left = sorted(stocks, key=lambda s: s in entered)
    rows = []
    while left:
        row = [left[0]]
        while len(row) < most:
            more = [s for s in after.get(row[-1], ()) if s in left and s not in row]
            if not more:
                break
            row.append(more[0])
        left = [s for s in left if s not in row]
        rows.append(row)
    return rows


def _columns(row: list[str], flows: list[Flow], drawn: set[str]) -> list[list[Flow]]:
    """Return the flows before, between and after the stocks of a row, each flow once."""
    columns: list[list[Flow]] = [[] for _ in range(len(row) + 1)]
    for flow in sorted(flows, key=lambda f: not _next(row, f)):
        if flow.name in drawn or not {flow.source, flow.target} & set(row):
            continue
        if flow.source in row:
            place = row.index(flow.source) + 1
        else:
            assert flow.target is not None
            place = row.index(flow.target)
        if len(columns[place]) < MOST_FLOWS:
            columns[place].append(flow)
            drawn.add(flow.name)
    while len(row) == 1 and len(columns[0]) > len(columns[1]) + 1:
        columns[1].append(columns[0].pop())  # a stock with many inflows has some on the right
    return columns


# ── placing ────────────────────────────────────────────────────────────────────────────────


def _names(blocks: Sequence[Block]) -> dict[str, tuple[int, int]]:
    return {
        n.name: (b, i)
        for b, block in enumerate(blocks)
        for i, n in enumerate(block.nodes)
        if n.role not in _EXTRA
    }


def _arrange(
    blocks: Sequence[Block],
    pairs: Sequence[tuple[str, str]],
    where: Mapping[str, tuple[int, int]],
    state: list[tuple[int, int]] | None,
    chance: random.Random,
    tries: int,
    columns: int = COLUMNS,
) -> list[tuple[int, int]]:
    """Return (block, column) in the order in which blocks are dropped into their columns."""
    if state is None:
        state = _first(blocks, pairs, where, columns)
    if not tries or len(blocks) < 2:
        return state
    ends = np.array([[where[s], where[t]] for s, t in pairs]).reshape(-1, 2, 2)
    offset = np.array(
        [[(blocks[b].nodes[i].x, blocks[b].nodes[i].y) for b, i in pair] for pair in ends]
    ).reshape(-1, 2, 2)
    size = np.array([(b.w, b.h) for b in blocks])

    room = HIGH if columns == COLUMNS else TALL

    def cost(order: list[tuple[int, int]]) -> float:
        return _cost(_drop(blocks, order), ends[:, :, 0], offset, size, room)

    best = now = cost(state)
    kept, heat = state, 2.0
    for _ in range(tries):
        trial = list(state)
        i = chance.randrange(len(trial))
        if chance.random() < 0.5:
            block, _ = trial[i]
            trial[i] = (block, chance.randrange(max(1, columns - blocks[block].span + 1)))
        else:
            trial.insert(chance.randrange(len(trial)), trial.pop(i))
        value = cost(trial)
        if value < now or chance.random() < math.exp((now - value) / heat):
            state, now = trial, value
            if now < best:
                kept, best = state, now
        heat = max(0.02, heat * 0.997)
    return kept


def _first(
    blocks: Sequence[Block],
    pairs: Sequence[tuple[str, str]],
    where: Mapping[str, tuple[int, int]],
    columns: int,
) -> list[tuple[int, int]]:
    """Return a start: columns by how far along the links a block comes."""
    rank = [0] * len(blocks)
    for _ in range(columns):
        for source, target in pairs:
            a, b = where[source][0], where[target][0]
            if a != b:
                rank[b] = max(rank[b], min(columns - 1, rank[a] + 1))
    order = sorted(range(len(blocks)), key=lambda b: (-blocks[b].span, rank[b]))
    return [(b, min(rank[b], max(0, columns - blocks[b].span))) for b in order]


def _drop(blocks: Sequence[Block], order: Sequence[tuple[int, int]]) -> Floats:
    """Return the top left corner of each block."""
    sky = [0.0] * COLUMNS
    spots = np.empty((len(blocks), 2))
    for b, column in order:
        end = column + blocks[b].span
        y = max(sky[column:end])
        spots[b] = column * PITCH, y
        sky[column:end] = [y + blocks[b].h + GAP] * (end - column)
    return spots


_ALONG = np.linspace(0.15, 0.85, 8)[:, None, None]
"""Where along an arrow it is looked whether it runs over a block."""


def _cost(
    spots: Floats, ends: NDArray[np.int64], offset: Floats, size: Floats, room: float
) -> float:
    """Return how bad a placing is: length, backward arrows, arrows over blocks, crossings."""
    height = float((spots[:, 1] + size[:, 1]).max())
    total = 0.02 * height + 0.5 * max(0.0, height - room)
    if not len(ends):
        return total
    points = spots[ends] + offset
    a, b = points[:, 0], points[:, 1]
    dx, dy = (b - a).T
    total += float((np.abs(dx) / PITCH + np.abs(dy) / 40).sum())
    total += 1.2 * float((dx < 10).sum())
    on = a + (b - a) * _ALONG
    low, high = spots - 1, spots + size + 1
    x, y = on[:, :, 0, None], on[:, :, 1, None]
    inside = (x > low[:, 0]) & (x < high[:, 0]) & (y > low[:, 1]) & (y < high[:, 1])
    hit = np.asarray(inside.any(0))
    rows = np.arange(len(ends))
    hit[rows, ends[:, 0]] = hit[rows, ends[:, 1]] = False
    return total + 1.5 * float(hit.sum()) + 0.6 * float(crossings(a, b).sum()) / 2


def crossings(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return which of the segments a[i]–b[i] cross, shape (n, n)."""

    u = b - a

    def side(r: Floats) -> Floats:
        """Return on which side of segment i the point r[j] lies, shape (i, j)."""
        x, y = r[:, 0] - a[:, None, 0], r[:, 1] - a[:, None, 1]
        return u[:, None, 0] * y - u[:, None, 1] * x

    apart = side(a) * side(b) < -1e-9
    return apart & apart.T


def _placed(
    blocks: Sequence[Block], state: Sequence[tuple[int, int]]
) -> tuple[list[Node], list[Arrow]]:
    nodes: list[Node] = []
    arrows: list[Arrow] = []
    spots = _drop(blocks, state)
    for block, (x, y) in zip(blocks, spots, strict=True):
        base = len(nodes)
        nodes += [n.moved(x + 4, y + 3) for n in block.nodes]
        arrows += [replace(a, source=a.source + base, target=a.target + base) for a in block.arrows]
    return nodes, arrows


# ── arrows ─────────────────────────────────────────────────────────────────────────────────


def curve(source: Node, target: Node, bend: float, count: int = 24) -> Floats:
    """Return the points of an arrow from border to border, shape (count, 2)."""
    a, b = np.array([source.x, source.y]), np.array([target.x, target.y])
    middle = (a + b) / 2 + bend * np.array([a[1] - b[1], b[0] - a[0]])
    t = np.linspace(0, 1, 8 * count)[:, None]
    points = (1 - t) ** 2 * a + 2 * t * (1 - t) * middle + t**2 * b
    outside = ~(_within(points, source, 0.3) | _within(points, target, 0.6))
    found = points[outside]
    if len(found) < 2:
        return points[[0, -1]]
    return found[np.linspace(0, len(found) - 1, count).round().astype(int)]


def _within(points: Floats, node: Node, margin: float) -> NDArray[np.bool_]:
    return (np.abs(points[:, 0] - node.x) <= node.w / 2 + margin) & (
        np.abs(points[:, 1] - node.y) <= node.h / 2 + margin
    )


def _route(nodes: Sequence[Node], pairs: Sequence[tuple[int, int]]) -> tuple[list[float], set[int]]:
    """Return the bend of each arrow, and the arrows that must not be drawn."""
    boxes = np.array([(n.x, n.y, n.w / 2, n.h / 2) for n in nodes]).reshape(-1, 4)
    bends, bad, lines = [], set(), []
    for i, (s, t) in enumerate(pairs):
        back = (t, s) in pairs  # one bows to each side
        for bend in BENDS[1:] if back else BENDS:
            line = curve(nodes[s], nodes[t], bend)
            if not _hits(line, boxes, (s, t)):
                break
        else:
            bad.add(i)
        bends.append(bend)
        lines.append(line)
    good = [i for i in range(len(pairs)) if i not in bad]
    if len(good) > 1:
        cross = np.zeros((len(good), len(good)), bool)
        few = [lines[i][[0, 8, 15, 23]] if len(lines[i]) > 23 else lines[i] for i in good]
        for i in range(len(good)):
            for j in range(i):
                cross[i, j] = cross[j, i] = _meet(few[i], few[j])
        count = cross.sum(1)
        while count.max() > CROSSINGS:
            worst = int(count.argmax())
            bad.add(good[worst])
            cross[worst] = cross[:, worst] = False
            count = cross.sum(1)
    return bends, bad


def _hits(line: Floats, boxes: Floats, ends: tuple[int, int]) -> bool:
    near = np.asarray((np.abs(line[:, None] - boxes[:, :2]) < boxes[:, 2:] + 0.4).all(-1).any(0))
    near[list(ends)] = False
    return bool(near.any())


def _meet(one: Floats, two: Floats) -> bool:
    a = np.vstack([one[:-1], two[:-1]])
    b = np.vstack([one[1:], two[1:]])
    n = len(one) - 1
    return bool(crossings(a, b)[:n, n:].any())
