"""Short names for expressions that the reader itself puts together."""

from __future__ import annotations

from functools import reduce

from sdengine.syntax import Call, Expr, Number, Ref

STEP, TIME = Ref("time_step"), Ref("time")
ZERO, ONE = Number(0.0), Number(1.0)
HALF = Call("div", (STEP, Number(2.0)))  # half a step: what times are compared with


def add(*parts: Expr) -> Expr:
    """Return the sum of expressions, 0 without any."""
    return reduce(lambda a, b: Call("add", (a, b)), parts) if parts else ZERO


def sub(first: Expr, *rest: Expr) -> Expr:
    """Return an expression less others."""
    return reduce(lambda a, b: Call("sub", (a, b)), rest, first)


def mul(*parts: Expr) -> Expr:
    """Return the product of expressions, 1 without any."""
    return reduce(lambda a, b: Call("mul", (a, b)), parts) if parts else ONE


def div(a: Expr, b: Expr) -> Expr:
    """Return a quotient."""
    return Call("div", (a, b))


def least(*parts: Expr) -> Expr:
    """Return the smallest of expressions."""
    return reduce(lambda a, b: Call("min", (a, b)), parts)


def most(*parts: Expr) -> Expr:
    """Return the largest of expressions."""
    return reduce(lambda a, b: Call("max", (a, b)), parts)


def when(condition: Expr, yes: Expr, no: Expr) -> Expr:
    """Return one of two expressions."""
    return Call("if_then_else", (condition, yes, no))


def test(sign: str, a: Expr, b: Expr) -> Expr:
    """Return a comparison: "lt", "le", "gt", "ge", "eq", "ne", "and" or "or"."""
    return Call(sign, (a, b))


def before(value: Expr, first: Expr) -> Expr:
    """Return what a value was one step ago, and ``first`` at the start."""
    return Call("previous", (value, first))


def total(expr: Expr) -> Expr:
    """Return the sum over what is marked "!"."""
    return Call("sum", (expr,))
