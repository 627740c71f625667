"""Smooths, delays, trends and forecasts as plain stocks and algebra, as PySD defines them."""

from __future__ import annotations

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import op
from sdengine.functions.record import Builder, Example, Function, of_nodes
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Fold, Load, Node, Time, nodes


def smooth(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """SMOOTHn: n stocks in a row, each following the one before within time/n."""
    target, time, initial, order = args
    stages = builder.constants.whole_number(order)
    pace = op("div", time, Const(float(stages)))
    for _ in range(stages):
        stock = builder.statements.stock("smooth", initial, scope)
        builder.statements.rate(stock, op("div", op("sub", target, stock), pace), scope)
        target = stock
    return target


def delay(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAYn: n stocks in a row, each draining within time/n; returns the last outflow.

    A stage may be shorter than a step, as in Vensim, whose published runs show it.
    """
    stages = builder.constants.whole_number(args[3])
    return _drained(builder, args, scope, stages, Const(float(stages)))


def _drained(
    builder: Builder, args: tuple[Node, ...], scope: Scope, stages: int, count: Node
) -> Node:
    inflow, time, initial, _ = args
    pace = op("div", time, count)
    outflows: list[Node] = []
    for _ in range(stages):
        stock = builder.statements.stock("delay", op("mul", initial, pace), scope)
        outflow = op("div", stock, pace)
        builder.statements.rate(stock, op("sub", inflow, outflow), scope)
        outflows.append(outflow)
        inflow = outflow
    return _last(outflows, count)


def _stages(builder: Builder, time: Node, order: Node, scope: Scope) -> tuple[int, Node]:
    """Return how many stages a DELAY N has room for, and how many of them a member uses.

    The order falls where a stage would be shorter than a step at the start, at any
    element of the equation.
    """
    most, step = builder.constants.whole_number(order), builder.model.clock.step
    if not any(isinstance(part, Load | Time) for part in nodes(time)):
        value = builder.constants.value(time)
        while value is not None and most > 1 and most * step > float(np.min(value)):
            most -= 1
        return most, Const(float(most))
    if most == 1:
        return 1, Const(1.0)
    at_start = builder.statements.frozen(time, scope).slots.reshape(1, -1)
    shortest = Fold("vmin", at_start.size, (Load(at_start),))
    fitting: Node = Const(1.0)
    for stage in range(2, most + 1):
        fitting = op("add", fitting, op("le", Const(stage * step), shortest))
    count = builder.statements.frozen(fitting, Scope((1,)))
    return most, Load(np.broadcast_to(count.slots, scope.shape))


def _last(stages: list[Node], count: Node) -> Node:
    """Return the node of the last stage in use."""
    out = stages[0]
    for number, stage in enumerate(stages[1:], 2):
        if isinstance(count, Const):
            out = stage
        else:
            out = op("if_then_else", op("ge", count, Const(float(number))), stage, out)
    return out


def delay_n(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY N: like DELAYn, but material keeps the delay time in force when it entered a stage."""
    inflow, time, initial, order = args
    stages, count = _stages(builder, time, order, scope)
    if builder.constants.value(time) is not None:
        return _drained(builder, args, scope, stages, count)
    times: list[Node] = [time]
    for _ in range(max(stages - 1, 1)):
        times.append(builder.statements.lagged(times[-1], time, scope))
    start = op("mul", initial, time)
    stocks: list[Node] = []
    for stage in range(stages):
        stock = builder.statements.stock("delay", start, scope)
        outflow = op("div", stock, times[stage])
        builder.statements.rate(stock, op("mul", op("sub", inflow, outflow), count), scope)
        stocks.append(stock)
        inflow = outflow
    return op("div", _last(stocks, count), times[1])


def trend(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """TREND: the growth rate of the input against its own average."""
    value, time, start = args
    average = _average(builder, value, time, start, scope)
    return op("zidz", op("sub", value, average), op("mul", time, op("abs", average)))


def forecast(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """FORECAST: the input carried on at its trend for the horizon."""
    value, time, horizon, start = args
    average = _average(builder, value, time, start, scope)
    growth = op("zidz", op("sub", value, average), op("mul", time, average))
    return op("mul", value, op("add", Const(1.0), op("mul", growth, horizon)))


def _average(builder: Builder, value: Node, time: Node, start: Node, scope: Scope) -> Node:
    initial = op("div", value, op("add", Const(1.0), op("mul", start, time)))
    stock = builder.statements.stock("average", initial, scope)
    builder.statements.rate(stock, op("div", op("sub", value, stock), time), scope)
    return stock


def npv(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """NPV: the discounted sum of a stream so far, times a factor."""
    return _present_value(builder, args, Const(1.0), scope)


def npve(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """NPVE: the same where a stream arrives at the end of each step, as in Excel."""
    step = op("mul", args[1], Const(builder.model.clock.step))
    return _present_value(builder, args, op("div", Const(1.0), op("add", Const(1.0), step)), scope)


def _present_value(builder: Builder, args: tuple[Node, ...], first: Node, scope: Scope) -> Node:
    stream, rate, initial, factor = args
    step = Const(builder.model.clock.step)
    worth = builder.statements.stock("worth today", first, scope)
    spread = op("add", Const(1.0), op("mul", rate, step))
    builder.statements.rate(worth, op("neg", op("div", op("mul", worth, rate), spread)), scope)
    total = builder.statements.stock("present value", initial, scope)
    builder.statements.rate(total, op("mul", stream, worth), scope)
    now = op("mul", op("mul", stream, step), worth)
    return op("mul", op("add", total, now), factor)


def depreciate(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DEPRECIATE STRAIGHTLINE: what entered within the depreciation time, spread evenly over it."""
    stream, time, year, initial = args
    for what, part, wanted in (("fiscal year", year, 1.0), ("initial value", initial, 0.0)):
        value = builder.constants.fixed(part)
        if value is None or not np.all(value == wanted):
            raise LoweringError(
                Message(
                    "DEPRECIATE STRAIGHTLINE needs {wanted:g} for its {what}",
                    wanted=wanted,
                    what=what,
                )
            )
    step = Const(builder.model.clock.step)
    exact = op("div", time, step)  # a part of a step counts as one
    steps = op("max", op("integer", op("add", exact, Const(1.0 - 1e-6))), Const(1.0))
    total = builder.statements.stock("entered", Const(0.0), scope)
    builder.statements.rate(total, stream, scope)
    earlier = op("max", op("sub", steps, Const(1.0)), Const(1.0))
    before = builder.statements.pipeline(total, earlier, Const(0.0), scope)
    since = op("div", op("sub", total, before), step)
    now = op("if_then_else", op("gt", steps, Const(1.0)), since, Const(0.0))
    return op("div", op("add", stream, now), time)


RECORDS = (
    Function(
        name="smooth",
        spellings=(
            "SMOOTH",
            "SMOOTHI",
            "SMOOTH3",
            "SMOOTH3I",
            "SMOOTH N",
            "SMTH1",
            "SMTH3",
            "SMTHN",
        ),
        arity=(4,),
        unit=rule("x time x 1 -> x"),
        lower=of_nodes(smooth),
        example=Example("SMOOTHI(1,2,0)", 1 - 0.5**4),
    ),
    Function(
        name="delay",
        spellings=("DELAY1", "DELAY1I", "DELAY3", "DELAY3I", "DELAYN"),
        arity=(4,),
        unit=rule("x time x 1 -> x"),
        lower=of_nodes(delay),
        example=Example("DELAY1I(1,2,0)", 1 - 0.5**4),
    ),
    Function(
        name="delay_n",
        spellings=("DELAY N",),
        arity=(4,),
        unit=rule("x time x 1 -> x"),
        lower=of_nodes(delay_n),
        example=Example("DELAY N(1,2,0,1)", 1 - 0.5**4),
    ),
    Function(
        name="trend",
        spellings=("TREND",),
        arity=(3,),
        unit=rule("x time 1/time -> 1/time"),
        lower=of_nodes(trend),
        example=Example("TREND(s,1,0)", 1, "s=INTEG(s,1)~~|"),
    ),
    Function(
        name="forecast",
        spellings=("FORECAST", "FORCST"),
        arity=(4,),
        unit=rule("x time time 1/time -> x"),
        lower=of_nodes(forecast),
        example=Example("FORECAST(s,1,2)", 48, "s=INTEG(s,1)~~|"),
    ),
    Function(
        name="npv",
        spellings=("NPV",),
        arity=(4,),
        unit=rule("x/time 1/time x 1 -> x"),
        lower=of_nodes(npv),
        example=Example("NPV(1,1,0,2)", 2 * (1 + 1 / 2 + 1 / 4 + 1 / 8 + 1 / 16)),
    ),
    Function(
        name="npve",
        spellings=("NPVE",),
        arity=(4,),
        unit=rule("x/time 1/time x 1 -> x"),
        lower=of_nodes(npve),
        example=Example("NPVE(1,1,0,2)", 2 * (1 / 2 + 1 / 4 + 1 / 8 + 1 / 16 + 1 / 32)),
    ),
    Function(
        name="depreciate_straightline",
        spellings=("DEPRECIATE STRAIGHTLINE",),
        arity=(4,),
        unit=rule("x time ? ? -> ?"),
        lower=of_nodes(depreciate),
        example=Example("DEPRECIATE STRAIGHTLINE(3,2,1,0)", 3),
    ),
)
