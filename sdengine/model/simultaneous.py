"""SIMULTANEOUS: a circle of equations that is gone round until nothing in it changes.

The circle is written out as many times as it is gone round. Each step begins from what the step
before ended with, the first from the guess the file gives. What still moves at the end has no
value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from sdengine.functions import STOCKS
from sdengine.model.build import ZERO, before, div, most, mul, sub, test, when
from sdengine.syntax import Call, Equation, Expr, Kind, Number, Ref, Variable, fold, reached, turned

NAME = "simultaneous"
ROUNDS = 100
NEAR = 1e-6  # of its value or its guess, by which what is solved may still move
_HELD = (*STOCKS, "delay_fixed", "previous", "initial", "smooth", "delay", "delay_n")


def gone_round(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """Return the variables with every circle that a SIMULTANEOUS closes written out."""
    out = dict(variables)
    for name, variable in variables.items():
        if any(_call(equation) for equation in variable.equations):
            _solve(name, out)
    return out


def _call(equation: Equation) -> Call | None:
    expr = equation.expr
    known = isinstance(expr, Call) and expr.function == NAME and len(expr.args) == 2
    return expr if known and isinstance(expr, Call) else None


def _solve(name: str, variables: dict[str, Variable]) -> None:
    solved = variables[name]
    ring = _ring(name, variables)
    plain = [_plain(equation) for equation in solved.equations]
    if not ring:
        variables[name] = dataclasses.replace(solved, equations=tuple(plain))
        return
    guesses = []
    for equation in solved.equations:
        call = _call(equation)
        itself = Ref(name, equation.subscripts)
        guess = before(itself, call.args[1] if call else ZERO)
        guesses.append(dataclasses.replace(equation, expr=guess))
    _keep(variables, solved, _numbered(name, 0), guesses)
    for number in range(1, ROUNDS + 1):
        others = {fold(one): _numbered(one, number) for one in ring if one != name}
        others[fold(name)] = _numbered(name, number - 1)
        for one in ring:
            own = variables[one] if one != name else solved
            equations = plain if one == name else [_plain(e) for e in own.equations]
            renamed = [dataclasses.replace(e, expr=_renamed(e.expr, others)) for e in equations]
            _keep(variables, own, _numbered(one, number), renamed)
    last, one_before = _numbered(name, ROUNDS), _numbered(name, ROUNDS - 1)
    ends = []
    for equation in solved.equations:
        found, earlier, guess = (
            Ref(one, equation.subscripts) for one in (last, one_before, _numbered(name, 0))
        )
        moved, *sizes = (Call("abs", (part,)) for part in (sub(found, earlier), found, guess))
        still = test("le", moved, mul(Number(NEAR), most(*sizes)))
        ends.append(dataclasses.replace(equation, expr=when(still, found, div(ZERO, ZERO))))
    variables[name] = dataclasses.replace(solved, equations=tuple(ends))


def _plain(equation: Equation) -> Equation:
    call = _call(equation)
    return equation if call is None else dataclasses.replace(equation, expr=call.args[0])


def _numbered(name: str, number: int) -> str:
    return f"{name} · round {number}"


def _keep(
    variables: dict[str, Variable], like: Variable, name: str, equations: list[Equation]
) -> None:
    made = dataclasses.replace(
        like, name=name, kind=Kind.AUXILIARY, equations=tuple(equations), value=None
    )
    variables[name] = made


def _renamed(expr: Expr, names: Mapping[str, str]) -> Expr:
    if isinstance(expr, Ref):
        return Ref(names.get(fold(expr.name), expr.name), expr.subscripts)
    if isinstance(expr, Call):
        return Call(expr.function, tuple(_renamed(arg, names) for arg in expr.args))
    return expr


def _ring(name: str, variables: Mapping[str, Variable]) -> list[str]:
    """Return the variables on a circle through one, itself among them; none where there is no
    circle."""
    written = {fold(one): one for one in variables}
    reads = {
        one: {written[ref] for e in v.equations for ref in _now(e.expr) if ref in written}
        for one, v in variables.items()
    }
    around = reached(name, reads) & reached(name, turned(reads))
    return [one for one in variables if one in around] if name in around else []


def _now(expr: Expr) -> Iterator[str]:
    """Yield the names that an expression reads at the same moment."""
    todo = [expr]
    while todo:
        one = todo.pop()
        if isinstance(one, Ref):
            yield fold(one.name)
        elif isinstance(one, Call) and one.function == "active_initial":
            todo.append(one.args[0])
        elif isinstance(one, Call) and one.function not in _HELD:
            todo += one.args
