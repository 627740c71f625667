"""Which column of a sheet each block stands in, one after the other.

The next block is the one with most links to blocks that stand already. It falls into the column
in which it comes to stand high up and near to what it is linked with, but not below it, where an
arrow would have to pass names; what it reads is better to its left. Where the sheet then becomes
too high for a page, the tallest blocks come first, each where it stands highest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sdensemble.pages.blocks import EXTRA, PITCH, Arrow, Block, Node

GAP = 6.5  # between two blocks of a column, in mm
NEARNESS = 0.2  # mm of height that a mm of distance from what it is linked with is worth
BACKWARD = 1.6  # how much longer an arrow from right to left counts
BELOW = 30.0  # mm of height that standing in the same column is worth

Pairs = Sequence[tuple[int, int]]
Corner = tuple[float, float]


def place(blocks: Sequence[Block], pairs: Pairs, columns: int, room: float) -> list[Corner]:
    """Return the top left corner of each block; ``pairs`` are links from block to block.

    ``room`` is the height of a page.
    """
    rank = _ranks(len(blocks), pairs, columns)
    linked: list[list[tuple[int, bool]]] = [[] for _ in blocks]  # (other, whether it reads this)
    for source, target in pairs:
        if source != target:
            linked[source].append((target, True))
            linked[target].append((source, False))

    def near(b: int, spots: Mapping[int, Corner]) -> tuple[float, ...]:
        return blocks[b].span, sum(other in spots for other, _ in linked[b]), -rank[b]

    def far(b: int, spots: Mapping[int, Corner], x: float, y: float) -> float:
        out = 0.0
        for other, reads in linked[b]:
            if other in spots:
                right = spots[other][0] - x
                way = abs(right) * (1 if (right > 0) == reads else BACKWARD)
                out += NEARNESS * (way + 0.3 * abs(spots[other][1] - y)) + BELOW * (right == 0)
        return out

    spots = _dropped(blocks, columns, near, far)
    if _height(blocks, spots) <= room:
        return spots
    dense = [
        _dropped(blocks, columns, worth, lambda *_: 0.0)
        for worth in (
            lambda b, _: (blocks[b].span, blocks[b].h),
            lambda b, _: (blocks[b].h,),
            lambda b, _: (blocks[b].h * blocks[b].span,),
        )
    ]
    return min([spots, *dense], key=lambda spots: _height(blocks, spots))


def _height(blocks: Sequence[Block], spots: Sequence[Corner]) -> float:
    return max(y + block.h for (_, y), block in zip(spots, blocks, strict=True))


def _dropped(
    blocks: Sequence[Block],
    columns: int,
    worth: Callable[[int, Mapping[int, Corner]], tuple[float, ...]],
    far: Callable[[int, Mapping[int, Corner], float, float], float],
) -> list[Corner]:
    """Return corners: the worthiest next, where it stands highest and least far."""
    sky = [0.0] * max(columns, *(block.span for block in blocks))
    spots: dict[int, Corner] = {}
    while len(spots) < len(blocks):
        left = [b for b in range(len(blocks)) if b not in spots]
        b = max(left, key=lambda b: (*worth(b, spots), -b))
        span = blocks[b].span
        tops = [max(sky[c : c + span]) for c in range(len(sky) - span + 1)]
        costs = [top + far(b, spots, c * PITCH, top) for c, top in enumerate(tops)]
        column = costs.index(min(costs))
        spots[b] = (column * PITCH, tops[column])
        sky[column : column + span] = [tops[column] + blocks[b].h + GAP] * span
    return [spots[b] for b in range(len(blocks))]


def _ranks(count: int, pairs: Pairs, most: int) -> list[int]:
    """Return how far along the links each block comes."""
    rank = [0] * count
    for _ in range(most):
        for source, target in pairs:
            if source != target:
                rank[target] = max(rank[target], min(most - 1, rank[source] + 1))
    return rank


def owners(blocks: Sequence[Block]) -> dict[str, int]:
    """Return the block each name stands in."""
    return {n.name: b for b, block in enumerate(blocks) for n in block.nodes if n.role not in EXTRA}


def joined(blocks: Sequence[Block], spots: Sequence[Corner]) -> tuple[list[Node], list[Arrow]]:
    """Return the nodes and arrows of all blocks where they stand."""
    nodes: list[Node] = []
    arrows: list[Arrow] = []
    for block, (x, y) in zip(blocks, spots, strict=True):
        base = len(nodes)
        nodes += [n.moved(x + 4, y + 3) for n in block.nodes]
        arrows += [replace(a, source=a.source + base, target=a.target + base) for a in block.arrows]
    return nodes, arrows
