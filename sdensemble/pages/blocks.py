"""What stays together on a sheet: a variable with what only it reads below it, a chain of stocks.

Lengths are in mm; a block begins at (0, 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sdengine.syntax import Kind, Model
from sdensemble.pages.graph import Flow, Graph

LINE = 2.75  # between two lines of 6.5 point
LABEL = 27.0  # width of a name
LEAF = 25.0  # width of a name below another
CELL = 33.0  # a flow between two stocks
MOST_FLOWS = 3  # on one side of a box; more stand at a shadow of the stock
PITCH = 46.0  # from one column to the next
COLUMNS = 6
CLOUD = 5.0
GHOST = 22.0
EXTRA = ("shadow", "cloud", "valve")  # roles of nodes that are not the variable itself
Lines = Callable[[str], int]


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


class Blocks:
    """The blocks of a sheet, given which links are arrows: ``links`` holds (source, target).

    ``lines`` says how many lines a name takes, ``free`` names constants not yet on any sheet.
    """

    def __init__(
        self,
        model: Model,
        graph: Graph,
        lines: Lines,
        units: list[list[str]],
        free: list[str],
        links: set[tuple[str, str]],
    ):
        self.model, self.graph, self.lines, self.links = model, graph, lines, links
        self.unplaced = set(free)
        self.made = [block for unit in units for block in self._unit(unit)]

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
            if (s, name) not in self.links and s != name and not piped(self.graph, s, name)
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
        self, block: Block, row: list[str], flows: list[Flow], drawn: set[str], role: str = "stock"
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


def piped(graph: Graph, source: str, target: str) -> bool:
    """Whether a flow fills or drains a stock, so that a pipe joins them."""
    flow = graph.flows.get(source)
    return flow is not None and target in (flow.source, flow.target)


def _leaf_height(lines: int) -> float:
    return lines * LINE + 1.3


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
