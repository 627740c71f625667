"""Sums, products and extremes over subscripts, and how many elements there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdengine.errors import Message
from sdengine.functions.record import Builder, Example, Function, Lowering
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Fold, Node
from sdengine.syntax import Call, Expr, Ref, fold


def _reduction(name: str) -> Lowering:
    """Return the lowering of a reduction over the subscripts marked "!"."""

    def lower(builder: Builder, call: Call, scope: Scope) -> Node:
        return _folded(builder, name, _whole_array(builder, call.args[0]), scope)

    return lower


def _open_reduction(name: str) -> Lowering:
    """Return the same as XMILE has it: over every subscript that is left open."""

    def lower(builder: Builder, call: Call, scope: Scope) -> Node:
        arg = _marked(builder, _whole_array(builder, call.args[0]), scope)
        return _folded(builder, name, arg, scope)

    return lower


def _folded(builder: Builder, name: str, arg: Expr, scope: Scope) -> Node:
    inner, width = builder.inside_marks((arg,), scope)
    if not width:
        return builder.node(arg, scope)
    return Fold(name, width, (builder.node(arg, inner),))


def _whole_array(builder: Builder, arg: Expr) -> Expr:
    """Return a bare reference to an array (XMILE: MIN(x)) with all its subscripts reduced."""
    if isinstance(arg, Ref) and not arg.subscripts:
        variable = builder.names.variables.get(fold(arg.name))
        if variable is not None and variable.dims:
            return Ref(arg.name, tuple(f"{dim}!" for dim in variable.dims))
    return arg


def _marked(builder: Builder, expr: Expr, scope: Scope) -> Expr:
    """Return an expression with every range that is not on the left-hand side marked "!"."""
    if isinstance(expr, Ref):
        return Ref(
            expr.name,
            tuple(
                f"{s}!" if fold(s) in builder.names.ranges and fold(s) not in scope.axes else s
                for s in expr.subscripts
            ),
        )
    if isinstance(expr, Call):
        return Call(expr.function, tuple(_marked(builder, arg, scope) for arg in expr.args))
    return expr


def _count(builder: Builder, call: Call, scope: Scope) -> Node:
    if not isinstance(call.args[0], Ref):
        raise LoweringError(
            Message(
                "{function} needs the name of a subscript range", function=call.function.upper()
            )
        )
    return Const(float(len(builder.names.elements(call.args[0].name))))


def _record(
    name: str, spelling: str, meaning: Callable[..., Any], value: float, unit: str = "x -> x"
) -> Function:
    return Function(
        name=name,
        spellings=(spelling,),
        arity=(1,),
        unit=rule(unit),
        lower=_reduction(name),
        meaning=meaning,
        reduces=True,
        example=Example(f"{spelling}(v[e!])", value, "e: e1,e2,e3~~|\nv[e]=2,5,3~~|"),
    )


def _open_record(name: str, spelling: str) -> Function:
    base = name.removesuffix("_xmile")
    return Function(
        name=name,
        spellings=(spelling,),
        arity=(1,),
        unit=rule("x -> x"),
        lower=_open_reduction(base),
        reduces=True,
        example=Example(
            f"{spelling}(v)", {"vmin": 2.0, "vmax": 5.0}[base], XMILE_ARRAY, xmile=True
        ),
    )


XMILE_ARRAY = "v[e]=2,5,3"

RECORDS = (
    _record("sum", "SUM", np.add, 10),
    _record("prod", "PROD", np.multiply, 30, "1 -> 1"),
    _record("vmin", "VMIN", np.minimum, 2),
    _record("vmax", "VMAX", np.maximum, 5),
    _open_record("vmin_xmile", "MIN"),
    _open_record("vmax_xmile", "MAX"),
    Function(
        name="elmcount",
        spellings=("ELMCOUNT",),
        arity=(1,),
        unit=rule("? -> 1"),
        lower=_count,
        example=Example("ELMCOUNT(e)", 3, "e: e1,e2,e3~~|\nv[e]=2,5,3~~|"),
    ),
    Function(
        name="size",
        spellings=("SIZE",),
        arity=(1,),
        unit=rule("? -> 1"),
        lower=_count,
        example=Example("SIZE(e)", 3, XMILE_ARRAY, xmile=True),
    ),
)
