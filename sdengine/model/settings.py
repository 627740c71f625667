"""Set anything in a model: a formula, an auxiliary, a table, a first value, a series.

Each function returns another Model. What is set becomes a constant (its equation is cut), so
that a run may give it another value for each member; a series becomes data through time.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Problems, did_you_mean
from sdengine.functions import STOCKS
from sdengine.model.build import ONE, ZERO, add, div, least, most, mul, sub, total
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
    Table,
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
    change = _Change(model)
    for name, value in (values or {}).items():
        change.cut(name, np.asarray(value, dtype=float))
    for name, points in (tables or {}).items():
        change.table(name, points)
    for name, value in (initial or {}).items():
        change.first(name, np.asarray(value, dtype=float))
    for name, through in (series or {}).items():
        change.series(name, through)
    return change.model()


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
    change = _Change(model)
    for name in names:
        change.open(name)
    return change.model()


class _Change:
    """A model while it is changed: its variables, ranges and mappings, and the problems met."""

    def __init__(self, model: Model):
        self.old = model
        self.problems = Problems()
        self.variables = dict(model.variables)
        self.ranges = dict(model.ranges)
        self.mappings = dict(model.mappings)
        self.opened: dict[str, str] = {}  # folded name of a table → as written
        self.said: list[bytes] = []

    def model(self) -> Model:
        """Return the changed model; raise every problem."""
        self.problems.raise_if_any()
        if not self.said:
            return self.old
        digest = hashlib.blake2b(self.old.digest.encode() + b"".join(self.said), digest_size=16)
        variables = self.variables
        if self.opened:
            variables = {name: self._without_tables(v) for name, v in variables.items()}
        return dataclasses.replace(
            self.old,
            digest=digest.hexdigest(),
            variables=variables,
            ranges=self.ranges,
            mappings=self.mappings,
        )

    def _find(self, name: str) -> Variable | None:
        written = self.old.name_of(name)
        if written is None:
            near = did_you_mean(name, self.old.variables)
            self.problems.add(self.old.path.name, f'no variable "{name}" to set{near}')
            return None
        if written in self.old.bound:
            what = f'"{written}" gives the model its shape: set it in the file'
            self.problems.add(self.old.path.name, what)
            return None
        return self.variables[written]

    def _shaped(self, variable: Variable, value: NDArray[np.float64]) -> NDArray[np.float64] | None:
        shape = self.old.shape(variable)
        if value.shape not in ((), shape):
            what = f'"{variable.name}" needs shape {shape} {variable.dims}, got {value.shape}'
            self.problems.add(self.old.path.name, what)
            return None
        return np.broadcast_to(value, shape).astype(float)

    def _put(self, variable: Variable, *said: object) -> None:
        self.variables[variable.name] = variable
        self.said.append(repr((variable.name, *said)).encode())

    # ── values ─────────────────────────────────────────────────────────────────────────────

    def cut(self, name: str, value: NDArray[np.float64]) -> None:
        """Give a variable a value in the place of its equation."""
        variable = self._find(name)
        if variable is None:
            return
        if variable.kind in (Kind.STOCK, Kind.LOOKUP):
            how = "its first value" if variable.kind is Kind.STOCK else "its points"
            what = f'"{variable.name}" is a {variable.kind.value}: set {how}'
            self.problems.add(self.old.path.name, what)
            return
        full = self._shaped(variable, value)
        if full is None:
            return
        if not np.isinf(full).any() and not np.isnan(full).all():
            self._put(self._with_values(variable, full), full.tolist())
        else:
            what = f'"{variable.name}" is given a value that is not finite'
            self.problems.add(self.old.path.name, what)

    def _with_values(self, variable: Variable, full: NDArray[np.float64]) -> Variable:
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
                self.ranges[dim][place] for dim, place in zip(variable.dims, cell, strict=True)
            )
            given.append(names)
            own.append(Equation(names, Number(float(full[tuple(cell)]))))
        rest = [left for e in variable.equations for left in self._around(e, variable, given)]
        equations = (*rest, *own)
        return dataclasses.replace(
            variable, kind=kind_of(equations), equations=equations, value=None
        )

    def _around(
        self, equation: Equation, variable: Variable, given: Sequence[tuple[str, ...]]
    ) -> list[Equation]:
        """Return an equation without the given elements, a list of numbers as single ones."""
        if variable.value is not None:
            return [
                Equation(names, Number(float(variable.value[cell])))
                for cell in np.ndindex(variable.value.shape)
                if (names := self._names(variable, cell)) not in given
                and self._holds(equation, names)
            ]
        inside = [names for names in given if self._holds(equation, names)]
        if inside and inside == [equation.subscripts]:
            return []
        return [dataclasses.replace(equation, excepts=(*equation.excepts, *inside))]

    def _names(self, variable: Variable, cell: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(self.ranges[dim][at] for dim, at in zip(variable.dims, cell, strict=True))

    def _holds(self, equation: Equation, names: tuple[str, ...]) -> bool:
        def inside(subscripts: tuple[str, ...]) -> bool:
            folded = {fold(r): es for r, es in self.ranges.items()}
            return all(
                fold(name) in {fold(e) for e in folded.get(fold(s), (s,))}
                for name, s in zip(names, subscripts, strict=True)
            )

        return inside(equation.subscripts) and not any(map(inside, equation.excepts))

    # ── first values ───────────────────────────────────────────────────────────────────────

    def first(self, name: str, value: NDArray[np.float64]) -> None:
        """Give a stock a first value, as a constant of its own."""
        variable = self._find(name)
        if variable is None:
            return
        full = self._shaped(variable, value)
        if full is None:
            return
        if variable.kind is not Kind.STOCK:
            what = f'"{variable.name}" is no stock, so it has no first value to set'
            self.problems.add(self.old.path.name, what)
            return
        if not np.isfinite(full).all():
            what = f'"{variable.name}" is given a first value that is not finite'
            self.problems.add(self.old.path.name, what)
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
        self._put(constant, full.tolist())
        equations = []
        for equation in variable.equations:
            expr = equation.expr
            if isinstance(expr, Call) and expr.function in STOCKS:
                expr = Call(expr.function, (expr.args[0], Ref(own, equation.subscripts)))
            equations.append(dataclasses.replace(equation, expr=expr))
        self._put(dataclasses.replace(variable, equations=tuple(equations)))

    # ── tables ─────────────────────────────────────────────────────────────────────────────

    def _table_of(self, name: str) -> tuple[Variable, Table] | None:
        variable = self._find(name)
        if variable is None:
            return None
        exprs = [equation.expr for equation in variable.equations]
        if len(exprs) == 1 and isinstance(exprs[0], Table):
            return variable, exprs[0]
        if len(exprs) == 1 and isinstance(exprs[0], Call) and exprs[0].function == "lookup":
            table = exprs[0].args[0]  # an auxiliary with a table of its own
            if isinstance(table, Table):
                return variable, table
        what = f'"{variable.name}" is no graphical function of one table'
        self.problems.add(self.old.path.name, what)
        return None

    def table(self, name: str, points: Points) -> None:
        """Give a graphical function, or an auxiliary's own, other points."""
        found = self._table_of(name)
        pairs = np.asarray(list(points), dtype=float)
        if pairs.ndim != 2 or pairs.shape[1:] != (2,) or not np.isfinite(pairs).all():
            self.problems.add(self.old.path.name, f'"{name}" needs points (x, y), finite numbers')
            return
        if found is None:
            return
        variable, table = found
        made = table_of(pairs[:, 0].tolist(), pairs[:, 1].tolist(), table.mode)
        (equation,) = variable.equations
        expr = made if equation.expr is table else Call("lookup", (made, *_rest(equation.expr)))
        own = dataclasses.replace(equation, expr=expr)
        self._put(dataclasses.replace(variable, equations=(own,)), pairs.tolist())

    def open(self, name: str) -> None:
        """Make the points of a graphical function constants."""
        found = self._table_of(name)
        if found is None:
            return
        variable, table = found
        if variable.kind is not Kind.LOOKUP or variable.dims or table.mode != "hold":
            what = f'"{variable.name}" has elements or no flat ends: set its points in one go'
            self.problems.add(self.old.path.name, what)
            return
        own, count = variable.name, len(table.x)
        points = tuple(f"{own} · {k}" for k in range(1, count + 1))
        dim, front, behind = (f"{own} · {what}" for what in ("points", "from", "to"))
        self.ranges |= {dim: points, front: points[:-1], behind: points[1:]}
        self.mappings[front, behind] = points[:-1]
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
            self._put(constant, value.tolist())
            step = sub(Ref(constant.name, (behind,)), Ref(constant.name, (front,)))
            self._put(
                dataclasses.replace(
                    variable,
                    name=f"{own} · d{axis}",
                    kind=Kind.AUXILIARY,
                    dims=(front,),
                    equations=(Equation((front,), step),),
                )
            )
        self.opened[fold(own)] = own

    def _without_tables(self, variable: Variable) -> Variable:
        equations = tuple(
            dataclasses.replace(e, expr=self._called(e.expr)) for e in variable.equations
        )
        return dataclasses.replace(variable, equations=equations)

    def _called(self, expr: Expr) -> Expr:
        if not isinstance(expr, Call):
            return expr
        args = tuple([self._called(arg) for arg in expr.args])
        own = self.opened.get(fold(expr.function))
        if own is None and expr.function == "lookup" and isinstance(args[0], Ref):
            own = self.opened.get(fold(args[0].name))
            args = args if own is None else args[1:]
        if own is None:
            return Call(expr.function, args)
        first, marked = f"{own} · 1", f"{own} · from!"
        way = div(sub(args[0], Ref(f"{own} · x", (marked,))), Ref(f"{own} · dx", (marked,)))
        part = mul(Ref(f"{own} · dy", (marked,)), most(ZERO, least(ONE, way)))
        return add(Ref(f"{own} · y", (first,)), total(part))

    # ── series ─────────────────────────────────────────────────────────────────────────────

    def series(self, name: str, through: Through) -> None:
        """Make a variable data through time."""
        variable = self._find(name)
        if variable is None:
            return
        shape = self.old.shape(variable)
        times = np.asarray(through.times, float)
        values = np.asarray(through.values, float)
        if variable.kind in (Kind.STOCK, Kind.LOOKUP):
            what = f'"{variable.name}" is a {variable.kind.value}: no series can take its place'
            self.problems.add(self.old.path.name, what)
            return
        if values.shape not in ((len(times),), (len(times), *shape)) or not len(times):
            what = f'"{variable.name}" needs values of shape (time, {", ".join(variable.dims)})'
            self.problems.add(self.old.path.name, what)
            return
        if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            self.problems.add(self.old.path.name, f'the times of "{variable.name}" must ascend')
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
                label = f"[{', '.join(self._names(variable, cell))}]" if cell else ""
                what = f'"{variable.name}{label}" is given no number'
                self.problems.add(self.old.path.name, what)
                continue
            made = Series(times[known], np.ascontiguousarray(column[known]))
            equations.append(Equation(self._names(variable, cell), made))
        changed = dataclasses.replace(
            variable, kind=Kind.DATA, equations=tuple(equations), value=None
        )
        self._put(changed, times.tolist(), full.tolist())


def _rest(expr: Expr) -> tuple[Expr, ...]:
    assert isinstance(expr, Call)
    return expr.args[1:]
