"""Set anything in a model: a formula, an auxiliary, a table, a first value, a series.

Each function returns another Model. What is set becomes a constant (its equation is cut), so
that a run may give it another value for each member; a series becomes data through time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.functions import STOCKS
from sdengine.model.change import Change
from sdengine.model.points import table_of
from sdengine.model.variables import kind_of
from sdengine.syntax import (
    Array,
    Call,
    Equation,
    Expr,
    Kind,
    Model,
    Number,
    Ref,
    Series,
    Variable,
    fold,
)

Points = Sequence[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Through:
    """Values through time, between which a variable goes in straight lines.

    ``times`` ascend; ``values`` have shape (time,) or (time, *dims), NaN where nothing is known.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]


def initial_name(stock: str) -> str:
    """Return the name of the constant that holds a stock's first value once that is set.

    >>> initial_name("water")
    'INITIAL water'
    """
    return f"INITIAL {stock}"


def with_settings(
    model: Model,
    values: Mapping[str, ArrayLike] | None = None,
    *,
    tables: Mapping[str, Points] | None = None,
    initial: Mapping[str, ArrayLike] | None = None,
    series: Mapping[str, Through] | None = None,
) -> Model:
    """Return a model in which variables are what the caller says, whatever their equations say.

    ``values`` maps constants, formulas and auxiliaries to numbers, shape () or (*dims,); NaN
    leaves an element its equation. ``tables`` maps graphical functions to points (x, y).
    ``initial`` maps stocks to first values; in a run they are set as "INITIAL stock".
    ``series`` maps variables, or data without a source, to values through time. Raises SDError
    with every unknown name and every wrong shape.

    >>> from sdensemble import compile_model, read_model
    >>> model = read_model("examples/teacup/model/teacup.mdl")
    >>> hot = with_settings(model, initial={"teacup temperature": 95})
    >>> run = compile_model(hot).run({"INITIAL Teacup Temperature": [95, 60]},
    ...                              report=["teacup temperature"])
    >>> run.values["teacup temperature"][0].tolist()
    [95.0, 60.0]
    """
    change = Change(model)
    for name, number in _numbers(change, values or {}):
        _cut(change, name, number)
    for name, points in (tables or {}).items():
        _table(change, name, points)
    for name, number in _numbers(change, initial or {}):
        _first(change, name, number)
    for name, through in (series or {}).items():
        _series(change, name, through)
    return change.model()


def _numbers(
    change: Change, given: Mapping[str, ArrayLike]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield what is given as numbers; note what is none."""
    for name, value in given.items():
        try:
            yield name, np.asarray(value, dtype=float)
        except (TypeError, ValueError, OverflowError):
            change.note(f'"{name}" is given what is not a number')


def _cut(change: Change, name: str, value: NDArray[np.float64]) -> None:
    """Give a variable a value in the place of its equation."""
    variable = change.find(name)
    if variable is None:
        return
    if variable.kind in (Kind.STOCK, Kind.LOOKUP):
        how = "its first value" if variable.kind is Kind.STOCK else "its points"
        what = f'"{variable.name}" is a {variable.kind.value}: set {how}'
        change.note(what)
        return
    full = change.shaped(variable, value)
    if full is None:
        return
    if not np.isinf(full).any() and not np.isnan(full).all():
        change.put(_with_values(change, variable, full), full.tolist())
    else:
        what = f'"{variable.name}" is given a value that is not finite'
        change.note(what)


def _with_values(change: Change, variable: Variable, full: NDArray[np.float64]) -> Variable:
    if not np.isnan(full).any():
        full.setflags(write=False)
        expr: Expr = Array(full) if full.ndim else Number(float(full))
        return dataclasses.replace(
            variable,
            kind=Kind.CONSTANT,
            equations=(Equation(variable.dims, expr),),
            value=full,
        )
    own: list[Equation] = []  # the elements that are given, and the rest as the file says
    given: list[tuple[str, ...]] = []
    for cell in np.argwhere(~np.isnan(full)):
        names = tuple(
            change.ranges[dim][place] for dim, place in zip(variable.dims, cell, strict=True)
        )
        given.append(names)
        own.append(Equation(names, Number(float(full[tuple(cell)]))))
    rest = [left for e in variable.equations for left in _around(change, e, variable, given)]
    equations = (*rest, *own)
    return dataclasses.replace(variable, kind=kind_of(equations), equations=equations, value=None)


def _around(
    change: Change, equation: Equation, variable: Variable, given: Sequence[tuple[str, ...]]
) -> list[Equation]:
    """Return an equation without the given elements, a list of numbers as single ones."""
    if variable.value is not None:
        return [
            Equation(names, Number(float(variable.value[cell])))
            for cell in np.ndindex(variable.value.shape)
            if (names := change.names(variable, cell)) not in given
            and _holds(change, equation, names)
        ]
    inside = [names for names in given if _holds(change, equation, names)]
    if inside and inside == [equation.subscripts]:
        return []
    return [dataclasses.replace(equation, excepts=(*equation.excepts, *inside))]


def _holds(change: Change, equation: Equation, names: tuple[str, ...]) -> bool:
    def inside(subscripts: tuple[str, ...]) -> bool:
        folded = {fold(r): es for r, es in change.ranges.items()}
        return all(
            fold(name) in {fold(e) for e in folded.get(fold(s), (s,))}
            for name, s in zip(names, subscripts, strict=True)
        )

    return inside(equation.subscripts) and not any(map(inside, equation.excepts))


def _first(change: Change, name: str, value: NDArray[np.float64]) -> None:
    """Give a stock a first value, as a constant of its own."""
    variable = change.find(name)
    if variable is None:
        return
    full = change.shaped(variable, value)
    if full is None:
        return
    if variable.kind is not Kind.STOCK:
        what = f'"{variable.name}" is no stock, so it has no first value to set'
        change.note(what)
        return
    if not np.isfinite(full).all():
        what = f'"{variable.name}" is given a first value that is not finite'
        change.note(what)
        return
    own = initial_name(variable.name)
    full.setflags(write=False)
    expr: Expr = Array(full) if full.ndim else Number(float(full))
    constant = dataclasses.replace(
        variable,
        name=own,
        kind=Kind.CONSTANT,
        equations=(Equation(variable.dims, expr),),
        value=full,
    )
    change.put(constant, full.tolist())
    equations = []
    for equation in variable.equations:
        expr = equation.expr
        if isinstance(expr, Call) and expr.function in STOCKS:
            expr = Call(expr.function, (expr.args[0], Ref(own, equation.subscripts)))
        equations.append(dataclasses.replace(equation, expr=expr))
    change.put(dataclasses.replace(variable, equations=tuple(equations)))


def _table(change: Change, name: str, points: Points) -> None:
    """Give a graphical function, or an auxiliary's own, other points."""
    found = change.table_of(name)
    pairs = np.asarray(list(points), dtype=float)
    if pairs.ndim != 2 or pairs.shape[1:] != (2,) or not np.isfinite(pairs).all():
        change.note(f'"{name}" needs points (x, y), finite numbers')
        return
    if found is None:
        return
    variable, table = found
    made = table_of(pairs[:, 0].tolist(), pairs[:, 1].tolist(), table.mode)
    (equation,) = variable.equations
    expr = made if equation.expr is table else Call("lookup", (made, *_rest(equation.expr)))
    own = dataclasses.replace(equation, expr=expr)
    change.put(dataclasses.replace(variable, equations=(own,)), pairs.tolist())


def _series(change: Change, name: str, through: Through) -> None:
    """Make a variable data through time."""
    variable = change.find(name)
    if variable is None:
        return
    shape = change.old.shape(variable)
    times = np.asarray(through.times, float)
    values = np.asarray(through.values, float)
    if variable.kind in (Kind.STOCK, Kind.LOOKUP):
        what = f'"{variable.name}" is a {variable.kind.value}: no series can take its place'
        change.note(what)
        return
    if values.shape not in ((len(times),), (len(times), *shape)) or not len(times):
        what = f'"{variable.name}" needs values of shape (time, {", ".join(variable.dims)})'
        change.note(what)
        return
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        change.note(f'the times of "{variable.name}" must ascend')
        return
    full = np.broadcast_to(
        values.reshape(len(times), *([1] * (len(shape) + 1 - values.ndim)), *values.shape[1:]),
        (len(times), *shape),
    )
    equations = []
    for cell in np.ndindex(shape):
        column = full[(slice(None), *cell)]
        known = np.isfinite(column)
        if not known.any():
            label = f"[{', '.join(change.names(variable, cell))}]" if cell else ""
            what = f'"{variable.name}{label}" is given no number'
            change.note(what)
            continue
        made = Series(times[known], np.ascontiguousarray(column[known]))
        equations.append(Equation(change.names(variable, cell), made))
    changed = dataclasses.replace(variable, kind=Kind.DATA, equations=tuple(equations), value=None)
    change.put(changed, times.tolist(), full.tolist())


def _rest(expr: Expr) -> tuple[Expr, ...]:
    assert isinstance(expr, Call)
    return expr.args[1:]
