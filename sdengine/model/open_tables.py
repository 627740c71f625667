"""The points of graphical functions as constants, so that each member may have its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from sdengine.model.build import ONE, ZERO, add, div, least, most, mul, sub, total
from sdengine.model.change import Change
from sdengine.syntax import Array, Call, Equation, Expr, Kind, Model, Ref, Variable, fold


def with_open_tables(model: Model, names: Sequence[str]) -> Model:
    """Return a model in which the points of graphical functions are constants.

    They are named "table · x" and "table · y" and have one value for each point: a run may give
    each member points of its own, x ascending. Raises SDError for what is no such table, and
    for one with elements or without flat ends.

    >>> from sdensemble import read_model
    >>> with_open_tables(read_model("tests/data/override_anything.mdl"), ["Effect"])[
    ...     "Effect · y"].value.tolist()
    [0.0, 10.0]
    """
    change, opened = Change(model), dict[str, str]()  # folded name of a table → as written
    for name in names:
        opened |= _open(change, name)
    if opened:
        variables = change.variables.items()
        change.variables = {name: _without_tables(v, opened) for name, v in variables}
    return change.model()


def _open(change: Change, name: str) -> dict[str, str]:
    """Make the points of a graphical function constants; return its folded name and its own."""
    found = change.table_of(name)
    if found is None:
        return {}
    variable, table = found
    if variable.kind is not Kind.LOOKUP or variable.dims or table.mode != "hold":
        what = f'"{variable.name}" has elements or no flat ends: set its points in one go'
        change.note(what)
        return {}
    own, count = variable.name, len(table.x)
    points = tuple(f"{own} · {k}" for k in range(1, count + 1))
    dim, front, behind = (f"{own} · {what}" for what in ("points", "from", "to"))
    change.ranges |= {dim: points, front: points[:-1], behind: points[1:]}
    change.mappings[front, behind] = points[:-1]
    for axis, values in (("x", table.x), ("y", table.y)):
        value = np.array(values)
        value.setflags(write=False)
        constant = dataclasses.replace(
            variable,
            name=f"{own} · {axis}",
            kind=Kind.CONSTANT,
            dims=(dim,),
            equations=(Equation((dim,), Array(value)),),
            value=value,
        )
        change.put(constant, value.tolist())
        step = sub(Ref(constant.name, (behind,)), Ref(constant.name, (front,)))
        change.put(
            dataclasses.replace(
                variable,
                name=f"{own} · d{axis}",
                kind=Kind.AUXILIARY,
                dims=(front,),
                equations=(Equation((front,), step),),
            )
        )
    return {fold(own): own}


def _without_tables(variable: Variable, opened: Mapping[str, str]) -> Variable:
    equations = tuple(
        dataclasses.replace(e, expr=_called(e.expr, opened)) for e in variable.equations
    )
    return dataclasses.replace(variable, equations=equations)


def _called(expr: Expr, opened: Mapping[str, str]) -> Expr:
    if not isinstance(expr, Call):
        return expr
    args = tuple([_called(arg, opened) for arg in expr.args])
    own = opened.get(fold(expr.function))
    if own is None and expr.function == "lookup" and isinstance(args[0], Ref):
        own = opened.get(fold(args[0].name))
        args = args if own is None else args[1:]
    if own is None:
        return Call(expr.function, args)
    first, marked = f"{own} · 1", f"{own} · from!"
    way = div(sub(args[0], Ref(f"{own} · x", (marked,))), Ref(f"{own} · dx", (marked,)))
    part = mul(Ref(f"{own} · dy", (marked,)), most(ZERO, least(ONE, way)))
    return add(Ref(f"{own} · y", (first,)), total(part))
