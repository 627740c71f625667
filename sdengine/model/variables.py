"""The elements of a section → variables: their ranges, their kind, the values of constants."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sdengine.errors import Message, Problems, did_you_mean
from sdengine.functions import STOCKS
from sdengine.limits import at_most, limit
from sdengine.model.cells import OutsideError
from sdengine.model.external import Outside, Points, Source
from sdengine.model.notes import read_note
from sdengine.model.points import table_of
from sdengine.model.ranges import Ranges
from sdengine.model.sections import Element
from sdengine.syntax import (
    Array,
    Call,
    Equation,
    Expr,
    Kind,
    Number,
    Ref,
    Series,
    Table,
    Variable,
    fold,
    walk,
)


def variable_of(
    element: Element, ranges: Ranges, file: str, problems: Problems, outside: Outside
) -> Variable | None:
    """Return what an element says as a Variable; None, and what is wrong in ``problems``, where
    it does not make one."""
    where = f'{file} "{element.name}"'
    if not element.equations:
        return None
    dims = _dims(element, ranges, where, problems)
    if dims is None:
        return None
    size = ranges.size(dims)
    if size > limit("ELEMENTS"):
        problems.add(
            where, Message("has {size:,} elements; {most}", size=size, most=at_most("ELEMENTS"))
        )
        return None
    if _twice(element.equations, ranges):
        problems.add(where, Message("is defined twice"))
        return None
    try:
        equations = tuple(
            made
            for equation in element.equations
            for made in _told(equation, element, ranges, outside)
        )
    except OutsideError as error:
        problems.add(where, error.args[0])
        return None
    variable = Variable(
        name=element.name,
        kind=kind_of(equations),
        dims=dims,
        unit=element.unit,
        limits=element.limits,
        note=read_note(element.text),
        equations=equations,
    )
    if variable.kind is not Kind.CONSTANT:
        return variable
    try:
        value = constant_value(variable, ranges)
    except ValueError as error:
        problems.add(where, error.args[0])
        return None
    if value is None:  # the elements are not all given: let the equations speak
        return variable
    return dataclasses.replace(variable, value=value)


def kind_of(equations: tuple[Equation, ...]) -> Kind:
    """Return what a variable with these equations is to the modeller."""
    exprs = [equation.expr for equation in equations]
    if all(isinstance(e, Number | Array) for e in exprs):
        return Kind.CONSTANT
    if all(isinstance(e, Table) for e in exprs):
        return Kind.LOOKUP
    if all(isinstance(e, Series) for e in exprs):
        return Kind.DATA
    if any(isinstance(e, Call) and e.function in STOCKS for e in exprs):
        return Kind.STOCK
    return Kind.AUXILIARY


def _twice(equations: tuple[Equation, ...], ranges: Ranges) -> bool:
    """Whether two equations define the same element."""
    if len(equations) == 1:
        return False
    seen: set[tuple[str, ...]] = set()
    for equation in equations:
        own = set(ranges.points(equation.subscripts))
        for excepted in equation.excepts:
            own -= set(ranges.points(excepted))
        if not seen.isdisjoint(own):
            return True
        seen |= own
    return False


def _dims(
    element: Element, ranges: Ranges, where: str, problems: Problems
) -> tuple[str, ...] | None:
    """Return the smallest ranges that hold every subscript the variable is written with."""
    equations = element.equations
    ranks = {len(equation.subscripts) for equation in equations}
    ranks |= {len(excepted) for equation in equations for excepted in equation.excepts}
    if len(ranks) != 1:
        problems.add(where, Message("is written with different numbers of subscripts"))
        return None
    dims = []
    for position in range(ranks.pop()):
        subscripts = dict.fromkeys(equation.subscripts[position] for equation in equations)
        used = [name for subscript in subscripts for name in ranges.names(subscript)]
        dim = ranges.covering(used, [ranges.name(subscript) for subscript in subscripts])
        if dim is None:
            shown = sorted(set(used))
            more = Message(" and {n} more", n=len(shown) - 20) if len(shown) > 20 else ""
            problems.add(
                where,
                Message("no range holds the elements {value}{more}", value=shown[:20], more=more),
            )
            return None
        dims.append(dim)
    return tuple(dims)


def constant_value(variable: Variable, ranges: Ranges) -> Any:
    """Return the array of a constant, None where not every element has a number.

    Raises ValueError where more or fewer numbers stand than are needed.
    """
    shape = tuple(len(ranges.elements[dim]) for dim in variable.dims)
    value = np.full(shape, np.nan)
    for equation in variable.equations:
        index = _places(variable, equation.subscripts, ranges)
        literal: Any = equation.expr
        data = literal.values if isinstance(literal, Array) else literal.value
        spot = np.ix_(*index) if index else ()
        wanted = value[spot].shape
        if np.ndim(data) and np.size(data) != math.prod(wanted):
            size = " × ".join(map(str, wanted or (1,)))
            told = "{n} numbers stand where {size} are needed"
            raise ValueError(Message(told, n=np.size(data), size=size))
        before = value.copy() if equation.excepts else value
        value[spot] = np.reshape(data, wanted) if np.ndim(data) else data
        for excepted in equation.excepts:
            gap = np.ix_(*_places(variable, excepted, ranges))
            value[gap] = before[gap]
    value.setflags(write=False)
    return None if np.isnan(value).any() else value


def _places(variable: Variable, subscripts: tuple[str, ...], ranges: Ranges) -> list[list[int]]:
    """Return, for each of a variable's ranges, the places that a subscript stands for."""
    index = []
    for dim, subscript in zip(variable.dims, subscripts, strict=True):
        order, names = ranges.places(dim), ranges.names(subscript)
        for name in names:
            if fold(name) not in order:
                near = did_you_mean(name, ranges.elements[dim])
                raise ValueError(
                    Message('"{name}" is not in range "{dim}"{near}', name=name, dim=dim, near=near)
                )
        index.append([order[fold(name)] for name in names])
    return index


# ── numbers from files ─────────────────────────────────────────────────────────────────────


def _told(
    equation: Equation, element: Element, ranges: Ranges, outside: Outside
) -> Iterator[Equation]:
    """Yield an equation with the numbers in place of the file it reads them from."""
    source = equation.expr
    if isinstance(source, Series):
        yield dataclasses.replace(equation, expr=dataclasses.replace(source, rule=element.rule))
        return
    if not isinstance(source, Source):
        if any(isinstance(part, Source) for part in walk(source)):
            raise OutsideError(
                Message("numbers from a file inside a larger expression: not supported")
            )
        yield equation
        return
    lists = [ranges.names(subscript) for subscript in equation.subscripts]
    shape = [len(names) for names in lists]
    if source.kind == "constants":
        values = outside.constants(source, shape)
        expr = Array(values) if shape else Number(float(values))
        yield dataclasses.replace(equation, expr=expr)
        return
    if sum(n > 1 for n in shape) > 1:
        raise OutsideError(Message("a series from a file has at most one dimension"))
    size = int(np.prod(shape, dtype=int))
    rule = element.rule if source.kind == "data" else "lookup"
    read = outside.raw_points if rule == "raw" else outside.points
    for names, points in zip(itertools.product(*lists), read(source, size), strict=True):
        yield Equation(tuple(names), _series(points, rule), equation.excepts)


def _series(points: Points, rule: str) -> Expr:
    x, y = points
    return table_of(x.tolist(), y.tolist()) if rule == "lookup" else Series(x, y, rule)


def spelled(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """Return the variables with every reference spelled as its variable is."""
    written = {fold(name): name for name in variables}

    def spell(expr: Expr) -> Expr:
        if isinstance(expr, Ref):
            name = written.get(fold(expr.name), expr.name)
            return expr if name == expr.name else Ref(name, expr.subscripts)
        if isinstance(expr, Call):
            args = [spell(arg) for arg in expr.args]
            alike = all(a is b for a, b in zip(args, expr.args, strict=True))
            return expr if alike else Call(expr.function, tuple(args))
        return expr

    return {
        name: dataclasses.replace(
            variable,
            equations=tuple(dataclasses.replace(e, expr=spell(e.expr)) for e in variable.equations),
        )
        for name, variable in variables.items()
    }
