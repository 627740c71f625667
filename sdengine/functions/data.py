"""Data series read at a time of choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import op
from sdengine.functions.lookups import Choice, forward
from sdengine.functions.record import Builder, Example, Function, Lowering
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Node, Time
from sdengine.syntax import NA, Call

_MODES = {"interpolate": "hold", "hold_backward": "discrete"}


def _read(series: Choice, rule: str, at: Node) -> Node:
    if rule == "look_forward":
        return forward(series, at)
    if rule not in _MODES:
        raise LoweringError(
            Message('data under ":{rule}:" have no value at other times', rule=rule.upper())
        )
    return series.turned(lambda c: replace(c, mode=_MODES[rule])).read(at)


def at_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA AT TIME, GET DATA BETWEEN TIMES: data at any time, no value outside theirs."""
    series, _ = builder.series_of(call.args[0], scope)
    when = builder.node(call.args[1], scope)
    rule = "interpolate"
    if len(call.args) > 2:
        mode = builder.constants.fixed(builder.node(call.args[2], scope))
        if mode is None or np.unique(mode).size != 1:
            raise LoweringError(Message("GET DATA BETWEEN TIMES needs a constant for its mode"))
        kind = float(np.ravel(mode)[0])
        rule = "look_forward" if kind >= 1 else "hold_backward" if kind <= -1 else rule
    first, last = series.each(lambda c: c.x[0]), series.each(lambda c: c.x[-1])
    outside = op("or", op("lt", when, first), op("gt", when, last))
    return op("if_then_else", outside, Const(NA), _read(series, rule, when))


def time_shift(builder: Builder, call: Call, scope: Scope) -> Node:
    """TIME SHIFT: data of so much later."""
    series, rule = builder.series_of(call.args[0], scope)
    when = op("add", Time(), builder.node(call.args[1], scope))
    return _read(series, rule, when)


def first_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA FIRST TIME."""
    return builder.series_of(call.args[0], scope)[0].each(lambda c: c.x[0])


def last_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """GET DATA LAST TIME."""
    return builder.series_of(call.args[0], scope)[0].each(lambda c: c.x[-1])


def _record(spelling: str, formula: str, value: float, lower: Lowering, unit: str) -> Function:
    return Function(
        name=spelling.casefold().replace(" ", "_"),
        spellings=(spelling,),
        arity=(len(formula.split(",")),),
        unit=rule(unit),
        lower=lower,
        example=Example(formula, value, DATA),
    )


DATA = "d:=GET DIRECT DATA('d.csv',',','1','B2')~~|"
"""Data that are 10 at time 0, 20 at 1 and 40 at 3: the examples' own."""

RECORDS = (
    _record("GET DATA AT TIME", "GET DATA AT TIME(d,2)", 30, at_time, "x time -> x"),
    _record(
        "GET DATA BETWEEN TIMES", "GET DATA BETWEEN TIMES(d,2,1)", 40, at_time, "x time ? -> x"
    ),
    _record("GET DATA FIRST TIME", "GET DATA FIRST TIME(d)", 0, first_time, "? -> time"),
    _record("GET DATA LAST TIME", "GET DATA LAST TIME(d)", 3, last_time, "? -> time"),
    Function(
        name="time_shift",
        spellings=("TIME SHIFT",),
        arity=(2,),
        unit=rule("x time -> x"),
        lower=time_shift,
        example=Example("e", 30, DATA + "\ne:=TIME SHIFT(d,-2)~~|"),
    ),
)
