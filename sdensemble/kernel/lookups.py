"""LOOKUP EXTRAPOLATE, FORWARD, BACKWARD, INVERT and AREA, and data read at a time of choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from sdensemble.kernel.program import Const, Interp, Node, Op, Time
from sdensemble.kernel.scope import LoweringError, Scope
from sdensemble.model.types import Call, Series, Table

if TYPE_CHECKING:
    from sdensemble.kernel.lower import Builder


def _op(name: str, *parts: Node) -> Op:
    return Op(name, parts)


def _interp(x: Iterable[float], y: Iterable[float], mode: str, at: Node) -> Interp:
    return Interp((tuple(map(float, x)), tuple(map(float, y)), mode), (at,))


def extrapolate(table: Table, at: Node) -> Node:
    """LOOKUP EXTRAPOLATE: the outer lines go on beyond the ends."""
    return _interp(table.x, table.y, "extrapolate", at)


def backward(table: Table, at: Node) -> Node:
    """LOOKUP BACKWARD: the last point that is not after the argument."""
    return _interp(table.x, table.y, "discrete", at)


def forward(table: Table, at: Node) -> Node:
    """LOOKUP FORWARD: the first point that is not before the argument."""
    turned = [-x for x in reversed(table.x)]
    return _interp(turned, list(reversed(table.y)), "discrete", _op("neg", at))


def invert(table: Table, at: Node) -> Node:
    """LOOKUP INVERT: the argument at which the lookup has a value; its ends beyond those."""
    steps = np.diff(table.y)
    if (steps >= 0).all():
        return _interp(table.y, table.x, "hold", at)
    if (steps <= 0).all():
        return _interp(table.y[::-1], table.x[::-1], "hold", at)
    raise LoweringError("LOOKUP INVERT needs a lookup that only rises or only falls")


def area(table: Table, start: Node, end: Node) -> Node:
    """LOOKUP AREA: the integral of the lookup between two arguments."""
    return _op("sub", _integral(table, end), _integral(table, start))


def _integral(table: Table, at: Node) -> Node:
    """Return the integral from the first point to ``at``, the ends held beyond."""
    x, y = np.asarray(table.x), np.asarray(table.y)
    low, high = Const(float(x[0])), Const(float(x[-1]))
    before = _op("mul", Const(float(y[0])), _op("min", _op("sub", at, low), Const(0.0)))
    after = _op("mul", Const(float(y[-1])), _op("max", _op("sub", at, high), Const(0.0)))
    if len(x) < 2:
        return _op("add", before, after)
    inside = _op("min", _op("max", at, low), high)
    width = np.diff(x)
    slope = np.append(np.divide(np.diff(y), width, out=np.zeros(len(width)), where=width > 0), 0)
    total = np.append(0, np.cumsum(0.5 * (y[1:] + y[:-1]) * width))
    first, level, rise, so_far = (
        _interp(x, column, "discrete", inside) for column in (x, y, slope, total)
    )
    way = _op("sub", inside, first)
    height = _op("add", level, _op("mul", Const(0.5), _op("mul", rise, way)))
    part = _op("add", so_far, _op("mul", height, way))
    return _op("add", part, _op("add", before, after))


LOOKUPS: dict[str, tuple[int, Callable[..., Node]]] = {
    "lookup_extrapolate": (2, extrapolate),
    "lookup_forward": (2, forward),
    "lookup_backward": (2, backward),
    "lookup_invert": (2, invert),
    "lookup_area": (3, area),
}


# ── data ───────────────────────────────────────────────────────────────────────────────────

_MODES = {"interpolate": "hold", "hold_backward": "discrete", "look_forward": "forward"}


def _read(series: Series, rule: str, at: Node) -> Node:
    table = Table(tuple(series.times.tolist()), tuple(series.values.tolist()))
    if rule == "look_forward":
        return forward(table, at)
    if rule not in _MODES:
        raise LoweringError(f'data under ":{rule.upper()}:" have no value at other times')
    return _interp(table.x, table.y, _MODES[rule], at)


def at_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA AT TIME, GET DATA BETWEEN TIMES: data at any time, no value outside theirs."""
    series = builder.series_of(call.args[0], scope)
    when = builder.node(call.args[1], scope)
    rule = "interpolate"
    if len(call.args) > 2:
        mode = builder.fixed_value(builder.node(call.args[2], scope))
        if mode is None or np.unique(mode).size != 1:
            raise LoweringError("GET DATA BETWEEN TIMES needs a constant for its mode")
        kind = float(np.ravel(mode)[0])
        rule = "look_forward" if kind >= 1 else "hold_backward" if kind <= -1 else rule
    first, last = Const(float(series.times[0])), Const(float(series.times[-1]))
    outside = _op("or", _op("lt", when, first), _op("gt", when, last))
    return _op("if_then_else", outside, Const(np.nan), _read(series, rule, when))


def time_shift(builder: Builder, call: Call, scope: Scope) -> Node:
    """TIME SHIFT: data of so much later."""
    series = builder.series_of(call.args[0], scope)
    when = _op("add", Time(), builder.node(call.args[1], scope))
    return _read(series, series.rule, when)


def first_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA FIRST TIME."""
    return Const(float(builder.series_of(call.args[0], scope).times[0]))


def last_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA LAST TIME."""
    return Const(float(builder.series_of(call.args[0], scope).times[-1]))


DATA: dict[str, tuple[int, Callable[[Builder, Call, Scope], Node]]] = {
    "get_data_at_time": (2, at_time),
    "get_data_between_times": (3, at_time),
    "get_data_first_time": (1, first_time),
    "get_data_last_time": (1, last_time),
    "time_shift": (2, time_shift),
}
