"""LOOKUP EXTRAPOLATE, FORWARD, BACKWARD, INVERT and AREA, and data read at a time of choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdengine.program.ir import Const, Curve, Node, Op, Time, Values, interp
from sdengine.program.scope import LoweringError, Scope
from sdengine.syntax import Call

if TYPE_CHECKING:
    from sdengine.program.lower import Builder


def _op(name: str, *parts: Node) -> Op:
    return Op(name, parts)


@dataclass(frozen=True, eq=False)
class Choice:
    """One of some curves at each point of a scope; ``which`` has its number, in their shape."""

    curves: tuple[Curve, ...]
    which: NDArray[np.int64]

    def read(self, at: Node) -> Node:
        """Return each point's curve at an argument."""
        return interp(self.curves, self.which, at)

    def turned(self, change: Callable[[Curve], Curve]) -> Choice:
        """Return the choice among changed curves."""
        return Choice(tuple(change(curve) for curve in self.curves), self.which)

    def each(self, number: Callable[[Curve], float]) -> Node:
        """Return a number of each point's curve."""
        numbers = np.array([number(curve) for curve in self.curves], float)
        return Const(float(numbers[0])) if len(numbers) == 1 else Values(numbers[self.which])


def extrapolate(curves: Choice, at: Node) -> Node:
    """LOOKUP EXTRAPOLATE: the outer lines go on beyond the ends."""
    return curves.turned(lambda c: replace(c, mode="extrapolate")).read(at)


def backward(curves: Choice, at: Node) -> Node:
    """LOOKUP BACKWARD: the last point that is not after the argument."""
    return curves.turned(lambda c: replace(c, mode="discrete")).read(at)


def forward(curves: Choice, at: Node) -> Node:
    """LOOKUP FORWARD: the first point that is not before the argument."""
    turned = curves.turned(lambda c: Curve(-c.x[::-1], c.y[::-1].copy(), "discrete"))
    return turned.read(_op("neg", at))


def invert(curves: Choice, at: Node) -> Node:
    """LOOKUP INVERT: the argument at which the lookup has a value; its ends beyond those."""
    return curves.turned(_inverted).read(at)


def _inverted(curve: Curve) -> Curve:
    steps = np.diff(curve.y)
    if (steps >= 0).all():
        return Curve.of(curve.y, curve.x)
    if (steps <= 0).all():
        return Curve.of(curve.y[::-1].copy(), curve.x[::-1].copy())
    raise LoweringError("LOOKUP INVERT needs a lookup that only rises or only falls")


def area(curves: Choice, start: Node, end: Node) -> Node:
    """LOOKUP AREA: the integral of the lookup between two arguments."""
    return _op("sub", _integral(curves, end), _integral(curves, start))


def _integral(curves: Choice, at: Node) -> Node:
    """Return the integral from the first point to ``at``, the ends held beyond."""
    low, high = curves.each(lambda c: c.x[0]), curves.each(lambda c: c.x[-1])
    first, last = curves.each(lambda c: c.y[0]), curves.each(lambda c: c.y[-1])
    before = _op("mul", first, _op("min", _op("sub", at, low), Const(0.0)))
    after = _op("mul", last, _op("max", _op("sub", at, high), Const(0.0)))
    if all(len(curve.x) < 2 for curve in curves.curves):
        return _op("add", before, after)
    inside = _op("min", _op("max", at, low), high)
    parts = (lambda c: c.x, lambda c: c.y, _rises, _areas)
    begun, level, rise, so_far = (
        curves.turned(lambda c, part=part: Curve(c.x, part(c), "discrete")).read(inside)  # type: ignore[misc]
        for part in parts
    )
    way = _op("sub", inside, begun)
    height = _op("add", level, _op("mul", Const(0.5), _op("mul", rise, way)))
    return _op("add", _op("add", so_far, _op("mul", height, way)), _op("add", before, after))


def _rises(curve: Curve) -> NDArray[np.float64]:
    """Return the slope after each point."""
    width = np.diff(curve.x)
    slope = np.divide(np.diff(curve.y), width, out=np.zeros(len(width)), where=width > 0)
    return np.append(slope, 0.0)


def _areas(curve: Curve) -> NDArray[np.float64]:
    """Return the integral up to each point."""
    y = curve.y
    return np.append(0.0, np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(curve.x)))


LOOKUPS: dict[str, tuple[int, Callable[..., Node]]] = {
    "lookup_extrapolate": (2, extrapolate),
    "lookup_forward": (2, forward),
    "lookup_backward": (2, backward),
    "lookup_invert": (2, invert),
    "lookup_area": (3, area),
}


# ── data ───────────────────────────────────────────────────────────────────────────────────

_MODES = {"interpolate": "hold", "hold_backward": "discrete"}


def _read(series: Choice, rule: str, at: Node) -> Node:
    if rule == "look_forward":
        return forward(series, at)
    if rule not in _MODES:
        raise LoweringError(f'data under ":{rule.upper()}:" have no value at other times')
    return series.turned(lambda c: replace(c, mode=_MODES[rule])).read(at)


def at_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA AT TIME, GET DATA BETWEEN TIMES: data at any time, no value outside theirs."""
    series, _ = builder.series_of(call.args[0], scope)
    when = builder.node(call.args[1], scope)
    rule = "interpolate"
    if len(call.args) > 2:
        mode = builder.fixed_value(builder.node(call.args[2], scope))
        if mode is None or np.unique(mode).size != 1:
            raise LoweringError("GET DATA BETWEEN TIMES needs a constant for its mode")
        kind = float(np.ravel(mode)[0])
        rule = "look_forward" if kind >= 1 else "hold_backward" if kind <= -1 else rule
    first, last = series.each(lambda c: c.x[0]), series.each(lambda c: c.x[-1])
    outside = _op("or", _op("lt", when, first), _op("gt", when, last))
    return _op("if_then_else", outside, Const(np.nan), _read(series, rule, when))


def time_shift(builder: Builder, call: Call, scope: Scope) -> Node:
    """TIME SHIFT: data of so much later."""
    series, rule = builder.series_of(call.args[0], scope)
    when = _op("add", Time(), builder.node(call.args[1], scope))
    return _read(series, rule, when)


def first_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA FIRST TIME."""
    return builder.series_of(call.args[0], scope)[0].each(lambda c: c.x[0])


def last_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA LAST TIME."""
    return builder.series_of(call.args[0], scope)[0].each(lambda c: c.x[-1])


DATA: dict[str, tuple[int, Callable[[Builder, Call, Scope], Node]]] = {
    "get_data_at_time": (2, at_time),
    "get_data_between_times": (3, at_time),
    "get_data_first_time": (1, first_time),
    "get_data_last_time": (1, last_time),
    "time_shift": (2, time_shift),
}
