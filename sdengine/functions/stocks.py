"""What stands directly behind the equation sign: stocks, and values with a start of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, op
from sdengine.functions.record import Builder, Example, Function
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import Units
from sdengine.ir import Const, Load, Node, Slots
from sdengine.syntax import NA, Call


def integ(builder: Builder, call: Call, scope: Scope, target: Slots) -> None:
    """INTEG: a stock by its net flow and its first value."""
    flow, initial = (builder.node(arg, scope) for arg in call.args)
    builder.statements.states(target, flow, initial)


def integ_non_negative(builder: Builder, call: Call, scope: Scope, target: Slots) -> None:
    """A stock of XMILE that is raised to 0 where it falls below."""
    integ(builder, call, scope, target)
    builder.statements.never_negative(target)


def sinteg(builder: Builder, call: Call, scope: Scope, target: Slots) -> None:
    """SINTEG: a stock held between bounds, to multiples, and to a value it comes near to.

    A multiple is the nearest one. Under Runge-Kutta the stock moves on by its rate at the start
    of the step, as with Euler: what it is held to has no slope.
    """
    flow, initial = (builder.node(arg, scope) for arg in call.args[:2])
    low, high, unit, special, near = (
        _restriction(builder, builder.node(arg, scope)) for arg in call.args[2:]
    )
    step = Const(builder.model.clock.step)
    new: Node = op("add", Load(target), op("mul", flow, step))
    if unit is not None:
        half = chosen(op("lt", new, Const(0.0)), Const(-0.5), Const(0.5))
        whole = op("integer", op("add", op("div", new, unit), half))
        new = op("mul", whole, unit)
    if special is not None and near is not None:
        new = chosen(op("lt", op("abs", op("sub", new, special)), near), special, new)
    if low is not None:
        new = op("max", new, low)
    if high is not None:
        new = op("min", new, high)
    builder.statements.becomes(target, new, initial, scope)


def _restriction(builder: Builder, node: Node) -> Const | None:
    """Return a restriction's number, None where it is :NA:."""
    value = builder.constants.fixed(node)
    if value is None or np.unique(value).size != 1:
        raise LoweringError(Message("SINTEG needs numbers or :NA: for its last five arguments"))
    number = float(np.ravel(value)[0])
    return None if number == NA else Const(number)


def active_initial(builder: Builder, call: Call, scope: Scope, target: Slots) -> None:
    """ACTIVE INITIAL: a value, and another that what is computed at the start reads."""
    running, initial = (builder.node(arg, scope) for arg in call.args)
    builder.statements.computes(target, running, initial)


def _stock(units: Units, call: Call) -> Any:
    """The unit of the first value, which the flow has per time."""
    flow, initial = (units.of(arg) for arg in call.args[:2])
    moved = None if flow is None else flow * units.time
    return units.same([initial, moved], "net flow × time and initial value of the stock")


def _alike(units: Units, call: Call) -> Any:
    """The unit both have."""
    return units.same([units.of(arg) for arg in call.args], call.function.upper())


RECORDS = (
    Function(
        name="integ",
        spellings=("INTEG",),
        arity=(2,),
        unit=_stock,
        lower=None,
        stands=integ,
        stock=True,
        example=Example("INTEG(Time,1)", 7),
    ),
    Function(
        name="integ_non_negative",
        spellings=("non_negative",),
        arity=(2,),
        unit=_stock,
        lower=None,
        stands=integ_non_negative,
        stock=True,
        example=Example("", 0.0),
    ),
    Function(
        name="sinteg",
        spellings=("SINTEG",),
        arity=(7,),
        unit=_stock,
        lower=None,
        stands=sinteg,
        stock=True,
        example=Example("SINTEG(0.7,0,0,2.5,:NA:,2.2,0.2)", 2.5),
    ),
    Function(
        name="active_initial",
        spellings=("ACTIVE INITIAL",),
        arity=(2,),
        unit=_alike,
        lower=None,
        stands=active_initial,
        example=Example("ACTIVE INITIAL(3,5)", 3),
    ),
)
