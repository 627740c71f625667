"""Arrows from name to name: how they bend, and which cannot be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdensemble.pages.blocks import Node

BENDS = (0.0, 0.12, -0.12, 0.25, -0.25)
CROSSINGS = 2  # of one arrow with others, at most

Floats = NDArray[np.float64]


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


def route(nodes: Sequence[Node], pairs: Sequence[tuple[int, int]]) -> tuple[list[float], set[int]]:
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
    return bool(_crossings(a, b)[:n, n:].any())


def _crossings(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return which of the segments a[i]–b[i] cross, shape (n, n)."""

    u = b - a

    def side(r: Floats) -> Floats:
        """Return on which side of segment i the point r[j] lies, shape (i, j)."""
        x, y = r[:, 0] - a[:, None, 0], r[:, 1] - a[:, None, 1]
        return u[:, None, 0] * y - u[:, None, 1] * x

    apart = side(a) * side(b) < -1e-9
    return apart & apart.T
