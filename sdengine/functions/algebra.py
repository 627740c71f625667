"""Short ways to write expressions over points, which the families of functions share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from sdengine.functions.record import Builder
from sdengine.functions.scope import Scope
from sdengine.ir import Const, Load, Node, Op, Slots, Values

HALVINGS = 52


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


def halved(
    builder: Builder, ends: tuple[Node, Node], too_low: Callable[[Slots], Node], scope: Scope
) -> Slots:
    """Return slots of the number between two ends up to which it is too low, and not above.

    It is halved for a fixed number of times, so that every member does the same work.
    """
    low, high = (
        Load(builder.statements.keep(end, name, scope))
        for end, name in zip(ends, ("low", "high"), strict=True)
    )
    half = Load(builder.statements.keep(op("mul", op("sub", high, low), Const(0.5)), "half", scope))
    price = builder.statements.keep(op("add", low, half), "price", scope)
    for step in range(1, HALVINGS + 1):
        by = op("mul", half, Const(0.5**step))
        move = chosen(too_low(price), by, op("neg", by))
        price = builder.statements.keep(op("add", Load(price), move), "price", scope)
    return price
