"""Short ways to write expressions over points, which the families of functions share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sdengine.functions.scope import Scope
from sdengine.ir import Node, Op, Values


def op(name: str, *parts: Node) -> Op:
    """Return an operation on its parts."""
    return Op(name, parts)


def chosen(condition: Node, yes: Node, no: Node) -> Op:
    """Return one value where a condition holds and another where it does not."""
    return Op("if_then_else", (condition, yes, no))


def whole(values: ArrayLike) -> int:
    """Return the first of some numbers as a whole one, or -1, which stands for no choice, where
    it is none."""
    first = float(np.ravel(values)[0])
    return int(first) if np.isfinite(first) else -1


def places(shape: tuple[int, ...]) -> Values:
    """Return the place of each point on the last axis, from 0."""
    return Values(np.broadcast_to(np.arange(shape[-1], dtype=float), shape).copy())


def inside_vector(scope: Scope, width: int) -> Scope:
    """Return a scope with one more axis, on which nothing depends."""
    axes = {name: axis[:, None] for name, axis in scope.axes.items()}
    return Scope((*scope.shape, width), axes)
