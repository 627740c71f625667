"""The four times of a simulation, which a file may write as arithmetic on constants."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from sdengine.errors import Message, SDError
from sdengine.limits import at_most, limit
from sdengine.model.sections import CLOCK
from sdengine.syntax import Array, Call, Clock, Expr, Number, Ref, Variable, fold, walk

_PLAIN: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": operator.pow,
    "power": operator.pow,
    "min": min,
    "max": max,
    "abs": abs,
    "integer": math.trunc,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "and": lambda a, b: bool(a and b),
    "or": lambda a, b: bool(a or b),
    "not": operator.not_,
    "if_then_else": lambda condition, yes, no: yes if condition else no,
}


def bound(
    control: Iterable[Expr], variables: Mapping[str, Variable], more: Iterable[str] = ()
) -> frozenset[str]:
    """Return the constants that the times of the simulation, and ``more``, are computed from."""
    read = {fold(e.name) for expr in control for e in walk(expr) if isinstance(e, Ref)}
    read |= {fold(name) for name in more}
    written = {fold(name): name for name in variables}
    todo, found = [written[name] for name in read if name in written], set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for equation in variables[name].equations:
            refs = (fold(e.name) for e in walk(equation.expr) if isinstance(e, Ref))
            todo += [written[ref] for ref in refs if ref in written]
    return frozenset(name for name in found if variables[name].value is not None)


def constant_of(
    expr: Expr, found: Callable[[str], list[Expr] | None], depth: int = 0
) -> float | None:
    """Return the largest value of an expression of constants, None where it is none.

    ``found`` returns the right-hand sides of a variable by its name.
    """
    if isinstance(expr, Number):
        return expr.value
    if isinstance(expr, Array):
        return float(expr.values.max())
    if depth > 50:
        return None
    if isinstance(expr, Ref):
        parts = [constant_of(e, found, depth + 1) for e in found(expr.name) or [expr]]
        return None if None in parts else max(p for p in parts if p is not None)
    if isinstance(expr, Call) and expr.function in _PLAIN:
        parts = [constant_of(arg, found, depth + 1) for arg in expr.args]
        try:
            return None if None in parts else float(_PLAIN[expr.function](*parts))
        except (ArithmeticError, TypeError, ValueError):
            return None
    return None


def clock_of(
    control: Mapping[str, Expr], variables: Mapping[str, Variable], file: str, unit: str
) -> Clock:
    """Return the clock. FINAL TIME is NaN where only a run can tell it.

    Raises SDError where another of the four is missing or is no number.
    """
    known = {fold(n): v for n, v in variables.items() if not v.dims}

    def value(name: str, depth: int = 0) -> float:
        expr = control.get(name)
        if name == "saveper" and expr is None:
            return value("time step")
        found = None if expr is None else number_of(expr, depth)
        if found is None and name == "final time" and expr is not None:
            return math.nan
        if expr is None:
            raise SDError(Message('{file}: "{name}" is missing', file=file, name=name.upper()))
        if found is None:
            raise SDError(
                Message('{file}: "{name}" must be a number', file=file, name=name.upper())
            )
        return found

    def number_of(expr: Expr, depth: int) -> float | None:
        if isinstance(expr, Number):
            return expr.value
        if depth > 50:
            return None
        if isinstance(expr, Ref) and fold(expr.name) in CLOCK:
            return value(fold(expr.name), depth + 1)
        if isinstance(expr, Ref) and fold(expr.name) in known:
            variable = known[fold(expr.name)]
            if variable.value is not None:
                return float(np.asarray(variable.value))
            if len(variable.equations) == 1:  # a constant that is a formula
                return number_of(variable.equations[0].expr, depth + 1)
        if isinstance(expr, Call) and expr.function in _PLAIN:
            parts = [number_of(arg, depth) for arg in expr.args]
            try:
                return None if None in parts else float(_PLAIN[expr.function](*parts))
            except (ArithmeticError, TypeError, ValueError):
                return None
        return None

    start, stop, step, save = (value(name) for name in CLOCK)
    clock = Clock(start, stop, step, save, (unit or "").strip())
    if not all(map(math.isfinite, (start, step, save))) or math.isinf(stop):
        raise SDError(
            Message("{file}: the times of the simulation must be finite numbers", file=file)
        )
    if clock.step <= 0 or clock.stop < clock.start:
        raise SDError(
            Message(
                "{file}: FINAL TIME must not lie before INITIAL TIME, TIME STEP above 0", file=file
            )
        )
    if clock.stop - clock.start > limit("STEPS") * clock.step:
        steps = (clock.stop - clock.start) / clock.step
        raise SDError(
            Message(
                "{file}: {steps:,.0f} steps from start to end; {most}",
                file=file,
                steps=steps,
                most=at_most("STEPS", "run"),
            )
        )
    return clock
