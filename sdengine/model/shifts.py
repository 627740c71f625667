"""SHIFT IF TRUE, which moves what an array of stocks holds, as ordinary equations.

The function stands in one variable and changes another. Here it becomes a flow of that other one:
within a step in which the condition holds, each stock of the row gives what it holds to the next.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sdengine.errors import Message, Problems
from sdengine.model.build import STEP, ZERO, add, div, sub, when
from sdengine.model.clock import constant_of
from sdengine.model.ranges import Ranges
from sdengine.syntax import Call, Equation, Expr, Kind, Ref, Variable, fold

NAME = "shift_if_true"


def written_out(
    variables: Mapping[str, Variable], ranges: Ranges, time: str, file: str, problems: Problems
) -> dict[str, Variable]:
    """Return the variables with every SHIFT IF TRUE as a flow between stocks; ``time`` is the
    model's unit of time."""
    out = dict(variables)
    for name, variable in variables.items():
        equations = []
        for equation in variable.equations:
            call = equation.expr
            if isinstance(call, Call) and call.function == NAME:
                try:
                    equation = dataclasses.replace(equation, expr=_shifted(call, out, ranges, time))
                except ValueError as error:
                    problems.add(f'{file} "{name}"', error.args[0])
            equations.append(equation)
        out[name] = dataclasses.replace(out[name], equations=tuple(equations))
    return out


def _shifted(call: Call, variables: dict[str, Variable], ranges: Ranges, time: str) -> Expr:
    """Give the stocks of a row their flow; return what leaves the last of them in a step."""
    if len(call.args) != 5:
        told = "{function} takes {counts} arguments, not {n}"
        raise ValueError(Message(told, function="SHIFT IF TRUE", counts=5, n=len(call.args)))
    ref, holds, count, kept, new = call.args
    by_name = {fold(one): one for one in variables}
    stock = variables.get(by_name.get(fold(ref.name), "")) if isinstance(ref, Ref) else None
    if stock is None or stock.kind is not Kind.STOCK or not isinstance(ref, Ref) or not stock.dims:
        raise ValueError(Message("SHIFT IF TRUE needs the first of an array of stocks"))
    order = ranges.elements[stock.dims[-1]]
    places = ranges.places(stock.dims[-1])
    size, adds = _number(count, variables, ranges), _number(kept, variables, ranges)
    start = places.get(fold(ref.subscripts[-1]), -1) if ref.subscripts else -1
    if start < 0 or size is None or adds is None or not 1 <= size <= len(order) - start:
        raise ValueError(
            Message(
                'SHIFT IF TRUE needs the first element of a row in "{name}", and a constant for '
                "its size and for whether the last one keeps what it holds",
                name=stock.name,
            )
        )
    head, row = ref.subscripts[:-1], order[start : start + int(size)]
    moved = f"{stock.name} · shifted"
    equations = []
    for element in order:
        flow: Expr = ZERO
        if element in row:
            own, place = Ref(stock.name, (*head, element)), row.index(element)
            comes = Ref(stock.name, (*head, row[place - 1])) if place else new
            keeps = adds != 0 and element == row[-1] and place > 0
            change = comes if keeps else sub(comes, own)
            flow = when(holds, div(change, STEP), ZERO)
        equations.append(Equation((*head, element), flow))
    unit = f"({stock.unit})/({time})" if stock.unit and time else ""
    flow_of = dataclasses.replace(
        stock, name=moved, kind=Kind.AUXILIARY, unit=unit, limits=(None, None)
    )
    _flow_in(stock, dataclasses.replace(flow_of, equations=tuple(equations)), variables)
    last = Ref(stock.name, (*head, row[-1]))
    return ZERO if adds else when(holds, last, ZERO)


def _flow_in(stock: Variable, flow: Variable, variables: dict[str, Variable]) -> None:
    """Add a flow to a stock's own; what shifts other rows of it stands beside."""
    known = variables.get(flow.name)
    if known is not None:
        both = (*known.equations, *flow.equations)
        variables[flow.name] = dataclasses.replace(known, equations=both)
        return
    variables[flow.name] = flow
    own = []
    for equation in stock.equations:
        integ: Any = equation.expr
        net = add(integ.args[0], Ref(flow.name, equation.subscripts))
        expr = Call(integ.function, (net, *integ.args[1:]))
        own.append(dataclasses.replace(equation, expr=expr))
    variables[stock.name] = dataclasses.replace(stock, equations=tuple(own))


def _number(expr: Expr, variables: Mapping[str, Variable], ranges: Ranges) -> float | None:
    if isinstance(expr, Call) and expr.function == "elmcount" and isinstance(expr.args[0], Ref):
        return float(len(ranges.names(expr.args[0].name)))
    by_name = {fold(one): one for one in variables}

    def found(name: str) -> list[Expr] | None:
        own = by_name.get(fold(name))
        return None if own is None else [e.expr for e in variables[own].equations]

    return constant_of(expr, found)
