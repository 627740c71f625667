"""QUEUE FIFO: a stock whose entries are known by their age, as ordinary equations.

What ever entered and what ever left are two more stocks. First in, first out, so these two tell
how much of what was there at any earlier time is there still (``functions.ages``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from sdengine.errors import Message, Problems
from sdengine.model.build import ZERO, sub
from sdengine.syntax import NA, Call, Equation, Expr, Kind, Number, Ref, Variable, fold

NAME = "queue_fifo"
ASKED = ("queue_age_average", "queue_age_in_range", "queue_age_oldest")


def with_ages(
    variables: Mapping[str, Variable], file: str, problems: Problems
) -> dict[str, Variable]:
    """Return the variables with queues as stocks, and what asks for ages given what it needs."""
    queues = {
        name: variable
        for name, variable in variables.items()
        if any(isinstance(e.expr, Call) and e.expr.function == NAME for e in variable.equations)
    }
    out: dict[str, Variable] = {}
    for name, variable in variables.items():
        if name not in queues:
            out[name] = variable
            continue
        calls = [e.expr for e in variable.equations if isinstance(e.expr, Call)]
        told = [len(call.args) for call in calls if call.function == NAME]
        if len(calls) < len(variable.equations) or told != [5] * len(calls):
            what = Message("QUEUE FIFO needs five arguments, and nothing beside it")
            problems.add(f'{file} "{name}"', what)
            continue
        out |= _stocks(variable)
    asked = {fold(name): queue for name, queue in queues.items() if name in out}
    for name, variable in out.items() if queues else ():
        equations = tuple(
            dataclasses.replace(e, expr=_answered(e.expr, asked)) for e in variable.equations
        )
        out[name] = dataclasses.replace(variable, equations=equations)
    return out


def _stocks(queue: Variable) -> dict[str, Variable]:
    """Return a queue and what ever entered and left it."""

    def stock(name: str, flow: object) -> Variable:
        made = []
        for equation in queue.equations:
            assert isinstance(equation.expr, Call)
            inflow, outflow, _, first, _ = equation.expr.args
            own = {"entered": (inflow, first), "left": (outflow, ZERO)}
            args = own.get(str(flow), (sub(inflow, outflow), first))
            made.append(dataclasses.replace(equation, expr=Call("integ", args)))
        return dataclasses.replace(queue, name=name, kind=Kind.STOCK, equations=tuple(made))

    entered, left = (stock(f"{queue.name} · {what}", what) for what in ("entered", "left"))
    return {one.name: one for one in (stock(queue.name, None), entered, left)}


def _answered(expr: Expr, queues: Mapping[str, Variable]) -> Expr:
    """Return an expression whose questions on ages say what entered and left, and how it began."""
    if not isinstance(expr, Call):
        return expr
    if expr.function in ASKED and expr.args:
        ref, *more = expr.args
        queue = queues.get(fold(ref.name)) if isinstance(ref, Ref) else None
        if queue is None or not isinstance(ref, Ref):
            return Number(NA)
        entered, left = (Ref(f"{queue.name} · {w}", ref.subscripts) for w in ("entered", "left"))
        profile, span = _beginning(queue.equations[0])
        return Call(expr.function, (entered, left, profile, span, *more))
    return Call(expr.function, tuple(_answered(arg, queues) for arg in expr.args))


def _beginning(equation: Equation) -> tuple[Expr, Expr]:
    assert isinstance(equation.expr, Call)
    return equation.expr.args[2], equation.expr.args[4]
