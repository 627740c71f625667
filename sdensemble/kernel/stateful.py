"""Smooths, delays, trends and forecasts as plain stocks and algebra, as PySD defines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sdensemble.kernel.program import Const, Node, Op

if TYPE_CHECKING:
    from sdensemble.kernel.lower import Builder, Scope


def _op(name: str, *parts: Node) -> Op:
    return Op(name, parts)


def _order(node: Node) -> int:
    from sdensemble.kernel.lower import LoweringError

    if not isinstance(node, Const) or node.value != int(node.value) or node.value < 1:
        raise LoweringError("the order of a delay or smooth must be a whole number")
    return int(node.value)


def smooth(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """SMOOTHn: n stocks in a row, each following the one before within time/n."""
    target, time, initial, order = args
    pace = _op("div", time, Const(float(_order(order))))
    for _ in range(_order(order)):
        stock = builder.stock("smooth", initial, scope)
        builder.rate(stock, _op("div", _op("sub", target, stock), pace), scope)
        target = stock
    return target


def delay(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAYn: n stocks in a row, each draining within time/n; returns the last outflow."""
    inflow, time, initial, order = args
    pace = _op("div", time, Const(float(_order(order))))
    for _ in range(_order(order)):
        stock = builder.stock("delay", _op("mul", initial, pace), scope)
        outflow = _op("div", stock, pace)
        builder.rate(stock, _op("sub", inflow, outflow), scope)
        inflow = outflow
    return inflow


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
    "trend": trend,
    "forecast": forecast,
}
