"""Calls in the engine's own forms, as both languages make them."""

from __future__ import annotations

from collections.abc import Callable

from sdengine.syntax import Call, Expr, Number

Form = Callable[..., Expr]


def same(function: str, *extra: float) -> Form:
    """Return what calls a function with the arguments as they stand, and numbers behind them."""

    def make(*args: Expr) -> Expr:
        return Call(function, (*args, *map(Number, extra)))

    return make


def ordered(function: str) -> Form:
    """Return what makes a delay or smooth that starts from its input where not told otherwise."""

    def make(value: Expr, time: Expr, order: Expr, start: Expr | None = None) -> Expr:
        return Call(function, (value, time, value if start is None else start, order))

    return make


def starting(function: str, order: float) -> Form:
    """Return the same for a delay or smooth of this order."""
    make = ordered(function)
    return lambda value, time, start=None: make(value, time, Number(float(order)), start)
