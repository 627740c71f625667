"""Smooths, delays, trends and forecasts as plain stocks and algebra, as PySD defines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sdensemble.kernel.program import Const, Node, Op

if TYPE_CHECKING:
    from sdensemble.kernel.lower import Builder
    from sdensemble.kernel.scope import Scope


def _op(name: str, *parts: Node) -> Op:
    return Op(name, parts)


def smooth(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """SMOOTHn: n stocks in a row, each following the one before within time/n."""
    target, time, initial, order = args
    stages = builder.whole_number(order)
    pace = _op("div", time, Const(float(stages)))
    for _ in range(stages):
        stock = builder.stock("smooth", initial, scope)
        builder.rate(stock, _op("div", _op("sub", target, stock), pace), scope)
        target = stock
    return target


def delay(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAYn: n stocks in a row, each draining within time/n; returns the last outflow."""
    inflow, time, initial, order = args
    stages = _stages(builder, time, order)
    pace = _op("div", time, Const(float(stages)))
    for _ in range(stages):
        stock = builder.stock("delay", _op("mul", initial, pace), scope)
        outflow = _op("div", stock, pace)
        builder.rate(stock, _op("sub", inflow, outflow), scope)
        inflow = outflow
    return inflow


def _stages(builder: Builder, time: Node, order: Node) -> int:
    """Return a delay's order, lowered where a stage would be shorter than a step (as PySD)."""
    stages = builder.whole_number(order)
    value = builder.constant(time)
    step = builder.model.clock.step
    while value is not None and stages > 1 and stages * step > float(np.min(value)):
        stages -= 1
    return stages


def delay_n(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY N: like DELAYn, but material keeps the delay time in force when it entered a stage."""
    inflow, time, initial, order = args
    if builder.constant(time) is not None:
        return delay(builder, args, scope)
    stages = _stages(builder, time, order)
    times: list[Node] = [time]
    for _ in range(max(stages - 1, 1)):
        times.append(builder.lagged(times[-1], time, scope))
    start = _op("mul", initial, time)
    stock: Node = inflow
    for stage in range(stages):
        stock = builder.stock("delay", start, scope)
        outflow = _op("div", stock, times[stage])
        change = _op("mul", _op("sub", inflow, outflow), Const(float(stages)))
        builder.rate(stock, change, scope)
        inflow = outflow
    return _op("div", stock, times[1])


def delay_fixed(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY FIXED: the input of so many whole steps ago, at least one."""
    inflow, time, initial = args
    steps = _op("div", time, Const(builder.model.clock.step))
    rounded = _op("integer", _op("add", steps, Const(0.5 + 1e-6)))
    return builder.pipeline(inflow, _op("max", rounded, Const(1.0)), initial, scope)


def sample_if_true(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """SAMPLE IF TRUE: the input while the condition holds, else what it last was."""
    condition, value, initial = args
    return builder.memory(lambda last: _op("if_then_else", condition, value, last), initial, scope)


def trend(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """TREND: the growth rate of the input against its own average."""
    value, time, start = args
    average = _average(builder, value, time, start, scope)
    return _op("zidz", _op("sub", value, average), _op("mul", time, _op("abs", average)))


def forecast(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """FORECAST: the input carried on at its trend for the horizon."""
    value, time, horizon, start = args
    average = _average(builder, value, time, start, scope)
    growth = _op("zidz", _op("sub", value, average), _op("mul", time, average))
    return _op("mul", value, _op("add", Const(1.0), _op("mul", growth, horizon)))


def _average(builder: Builder, value: Node, time: Node, start: Node, scope: Scope) -> Node:
    initial = _op("div", value, _op("add", Const(1.0), _op("mul", start, time)))
    stock = builder.stock("average", initial, scope)
    builder.rate(stock, _op("div", _op("sub", value, stock), time), scope)
    return stock


STATEFUL: dict[str, Callable[[Builder, tuple[Node, ...], Scope], Node]] = {
    "smooth": smooth,
    "delay": delay,
    "delay_n": delay_n,
    "delay_fixed": delay_fixed,
    "sample_if_true": sample_if_true,
    "trend": trend,
    "forecast": forecast,
}
