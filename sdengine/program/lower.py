"""Model → Program: every subscript becomes an index array, every delay a chain of stocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError, did_you_mean
from sdengine.functions.table import ALIASES, ARITY, FOLDS, TIMED
from sdengine.model.equation import wide_signs
from sdengine.program.allocate import ALLOCATIONS
from sdengine.program.constants import Known
from sdengine.program.final_time import stops_by_equation, upstream
from sdengine.program.ir import (
    Const,
    Curve,
    Feed,
    Fold,
    Load,
    Node,
    Op,
    Program,
    Slots,
    Statement,
    Time,
    Values,
)
from sdengine.program.lookups import DATA, LOOKUPS, Choice
from sdengine.program.matrix import MATRICES
from sdengine.program.noise import NOISE, lower_noise
from sdengine.program.numbering import finish
from sdengine.program.scope import LoweringError, Scope, allowed
from sdengine.program.stateful import STATEFUL, STATEFUL_ARITY
from sdengine.program.vectors import VECTORS
from sdengine.recursion import deeply
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

SUPPORTED = {*ARITY, *STATEFUL, *FOLDS, *VECTORS, *ALLOCATIONS, *NOISE, *LOOKUPS, *MATRICES, *DATA}


def lower(model: Model) -> Program:
    """Return the Program of a model.

    Raises SDError naming every unknown name, unsupported function and every loop without a
    stock, all in one message.
    """
    try:
        return deeply(_lower, model)
    except RecursionError:
        raise SDError(f"{model.path.name}: an equation is nested too deeply") from None


def _lower(model: Model) -> Program:
    builder = Builder(model)
    for variable in model.variables.values():
        if variable.kind is Kind.DATA:
            builder.feed(variable)
        elif variable.kind is not Kind.LOOKUP and variable.value is None:
            for equation in variable.equations:
                builder.add(variable, equation)
    if model.clock.method != "euler":
        for name in sorted(builder.lagging):
            builder.problems.add(
                f'{model.path.name} "{name}"',
                f"DELAY N with a delay time that varies is not supported under "
                f"{model.clock.method}, which the model asks for: run it with Euler",
            )
    builder.structural |= model.bound
    if stops_by_equation(model):
        builder.structural |= upstream(model, "FINAL TIME")
    builder.problems.raise_if_any()
    return finish(builder)


_AGAINST_NA = ("eq", "ne", "lt", "le", "gt", "ge")
_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_REDUCING = {*FOLDS, "vmin_xmile", "vmax_xmile", "vector_select"}


def _reduced_here(expr: Expr) -> Iterator[Ref]:
    """Yield the references of an expression but for those that a reduction inside it reduces."""
    if isinstance(expr, Ref):
        yield expr
    elif isinstance(expr, Call) and fold(expr.function).replace(" ", "_") not in _REDUCING:
        for arg in expr.args:
            yield from _reduced_here(arg)


def _counted(call: Call, count: int) -> None:
    """Raise where a call has another number of arguments."""
    if len(call.args) != count:
        raise LoweringError(f"{call.function} takes {count} arguments, not {len(call.args)}")


class Builder(Known):
    """Lowers the equations of a model: expressions become nodes over the points of a scope."""

    def add(self, variable: Variable, equation: Equation) -> None:
        """Lower one equation into statements; a problem is noted, not raised."""
        self.current = variable.name
        try:
            scope, target = self.points(variable, equation)
            self._statements(variable, equation.expr, scope, target)
        except LoweringError as error:
            self.problems.add(f'{self.model.path.name} "{variable.name}"', str(error))
        except (ValueError, IndexError, KeyError, AttributeError) as error:
            what = f"cannot be compiled ({type(error).__name__}: {error})"
            self.problems.add(f'{self.model.path.name} "{variable.name}"', what)

    def feed(self, variable: Variable) -> None:
        """Note which data series fills which slot of a data variable."""
        parts: list[tuple[Slots, Series]] = []
        for equation in variable.equations:
            assert isinstance(equation.expr, Series)
            parts += [(slot, equation.expr) for slot in self.points(variable, equation)[1]]
        if any(not len(series.times) for _, series in parts):
            self.unfed.append(variable.name)
            return
        slots = np.array([slot for slot, _ in parts], np.int64)
        series = tuple((s.times, s.values) for _, s in parts)
        self.feeds.append(Feed(variable.name, slots, series, parts[0][1].rule))

    def _statements(self, variable: Variable, expr: Expr, scope: Scope, target: Slots) -> None:
        if isinstance(expr, Call) and expr.function in ("integ", "integ_non_negative"):
            flow, initial = expr.args
            if expr.function == "integ_non_negative":
                self.non_negative.append(target)
            self.rates.append(Statement(variable.name, target - 1, self.node(flow, scope)))
            self.initial.append(Statement(variable.name, target, self.node(initial, scope)))
        elif isinstance(expr, Call) and expr.function == "active_initial":
            running, initial = expr.args
            self.dynamic.append(Statement(variable.name, target, self.node(running, scope)))
            self.initial.append(Statement(variable.name, target, self.node(initial, scope)))
        else:
            self.dynamic.append(Statement(variable.name, target, self.node(expr, scope)))

    def node(self, expr: Expr, scope: Scope) -> Node:
        """Return an expression over the points of ``scope``."""
        if isinstance(expr, Number):
            return Const(expr.value)
        if isinstance(expr, Array):
            return Values(np.broadcast_to(expr.values.reshape(-1), scope.shape).astype(float))
        if isinstance(expr, Ref):
            return self._reference(expr, scope)
        if isinstance(expr, Call):
            return self._call(expr, scope)
        raise LoweringError("a graphical function stands where a number is expected")

    def _reference(self, ref: Ref, scope: Scope) -> Node:
        name = fold(ref.name)
        clock = self.model.clock
        builtin = {
            "time": None,
            "time step": clock.step,
            "initial time": clock.start,
            "final time": clock.stop,
            "saveper": clock.save,
        }
        if name in builtin and name not in self.variables:
            value = builtin[name]
            return Time() if value is None else Const(value)
        if name not in self.variables:
            if name.endswith("!") and name[:-1].strip() in self.ranges:
                numbers = self.numbers(name[:-1].strip())[self.axis(f"{name[:-1].strip()}!", scope)]
                return Values(np.broadcast_to(numbers, scope.shape).astype(float))
            if name in self.ranges:
                numbers = self.numbers(name)[self.axis(ref.name, scope)]
                return Values(np.broadcast_to(numbers, scope.shape).astype(float))
            if name in self.element:
                holder = next(r for r, p in self.position.items() if p[self.element[name]] >= 0)
                return Const(float(self.numbers(holder)[self.element[name]]))
            raise LoweringError(
                f'no variable "{ref.name}"{wide_signs(ref.name)}'
                f"{did_you_mean(ref.name, self.model.variables)}"
            )
        variable = self.variables[name]
        if variable.kind is Kind.LOOKUP:
            raise LoweringError(f'graphical function "{ref.name}" needs an argument')
        return Load(np.broadcast_to(self._slots(variable, ref.subscripts, scope), scope.shape))

    def _slots(self, variable: Variable, subscripts: tuple[str, ...], scope: Scope) -> Slots:
        if not subscripts and all(fold(dim) in scope.axes for dim in variable.dims):
            subscripts = variable.dims  # XMILE leaves out subscripts that are the target's own
        if len(subscripts) != len(variable.dims):
            raise LoweringError(
                f'"{variable.name}" has {len(variable.dims)} subscripts, is used with '
                f"{len(subscripts)}"
            )
        positions = [self.position[fold(dim)] for dim in variable.dims]
        return self.pick(variable, positions, [self.axis(s, scope) for s in subscripts])

    def _call(self, call: Call, scope: Scope) -> Node:
        name = fold(call.function).replace(" ", "_")
        name = ALIASES.get(name, name)
        variable = self.variables.get(fold(call.function))
        if variable is not None and variable.kind is Kind.LOOKUP:
            return self._interp(Ref(call.function), call.args, scope)
        if name == "lookup":
            return self._interp(call.args[0], call.args[1:], scope)
        if name in FOLDS or name in ("vmin_xmile", "vmax_xmile"):
            return self._fold(name, call.args, scope)
        if name == "pi":
            return Const(np.pi)
        if name in ("elmcount", "size") and isinstance(call.args[0], Ref):
            return Const(float(len(self.elements(call.args[0].name))))
        if name == "initial":
            return self.frozen(self.node(call.args[0], scope), scope)
        for table in (VECTORS, ALLOCATIONS, MATRICES, DATA):
            if name in table:
                count, function = table[name]
                _counted(call, count)
                return function(self, call, scope)
        if name in LOOKUPS:
            count, shape = LOOKUPS[name]
            _counted(call, count)
            curves = self._curves(call.args[0], scope)
            return shape(curves, *(self.node(arg, scope) for arg in call.args[1:]))
        if name in NOISE:
            return lower_noise(self, name, call, scope)
        if name == "get_time_value":
            return self._time_value(call, scope)
        if name in STATEFUL:
            _counted(call, STATEFUL_ARITY[name])
            args = tuple(self.node(arg, scope) for arg in call.args)
            return STATEFUL[name](self, args, scope)
        if name not in ARITY:
            if name == "a_function_of":
                raise LoweringError("has no equation yet, only A FUNCTION OF what it hangs on")
            near = did_you_mean(name, SUPPORTED)
            raise LoweringError(f'function "{call.function}" is not supported{near}')
        if len(call.args) not in ARITY[name]:
            counts = " or ".join(map(str, ARITY[name]))
            raise LoweringError(f"{call.function} takes {counts} arguments, not {len(call.args)}")
        if name in _AGAINST_NA and any(map(self._is_missing, call.args)):
            return self._against_missing(name, call.args, scope)
        args = tuple(self.node(arg, scope) for arg in call.args)
        if name in TIMED:
            args = (self.step_time(), Const(self.model.clock.step), *args)
        elif name == "ramp":
            args = (Time(), *args)
        return Op(name, args)

    def _is_missing(self, expr: Expr) -> bool:
        """Whether an expression is :NA:, or a variable that is always :NA:."""
        if isinstance(expr, Number):
            return math.isnan(expr.value)
        variable = self.variables.get(fold(expr.name)) if isinstance(expr, Ref) else None
        return variable is not None and all(
            isinstance(e.expr, Number) and math.isnan(e.expr.value) for e in variable.equations
        )

    def _against_missing(self, name: str, args: tuple[Expr, ...], scope: Scope) -> Node:
        """Return a comparison with :NA:, which in Vensim is a number far below all others."""
        first, second = args
        if self._is_missing(first):
            if self._is_missing(second):
                return Const(float(name in ("eq", "le", "ge")))
            first, name = second, _MIRRORED.get(name, name)
        value = self.node(first, scope)
        kinds = {"eq": "ne", "le": "ne", "ne": "eq", "gt": "eq"}  # only NaN differs from itself
        if name in kinds:
            return Op(kinds[name], (value, value))
        return Const(float(name == "ge"))

    def _time_value(self, call: Call, scope: Scope) -> Node:
        relative, offset, measure = (self.node(arg, scope) for arg in call.args)
        origin, unit = self.constant(relative), self.constant(measure)
        if origin is None or unit is None or np.any(unit != 0) or not np.isin(origin, (0, 1)).all():
            raise LoweringError(
                "GET TIME VALUE is supported for the model's own time unit only (its third "
                "argument 0), relative to now or to the start (its first argument 0 or 1)"
            )
        since = Time() if np.all(origin == 0) else Const(self.model.clock.start)
        return Op("add", (since, offset))

    def series_of(self, ref: Expr, scope: Scope) -> tuple[Choice, str]:
        """Return the data series a reference means at each point, which no run can set, and the
        rule that holds between their times."""
        variable = self.variables.get(fold(ref.name)) if isinstance(ref, Ref) else None
        if variable is None or variable.kind is not Kind.DATA or not isinstance(ref, Ref):
            name = ref.name if isinstance(ref, Ref) else "an expression"
            raise LoweringError(f'"{name}" is no data variable')
        exprs, which = self._equations_at(variable, ref, scope)
        series = [expr for expr in exprs if isinstance(expr, Series) and len(expr.times)]
        if len(series) < len(exprs):
            raise LoweringError(f'data "{variable.name}" have no source')
        self.structural.add(variable.name)
        curves = tuple(Curve.of(one.times, one.values) for one in series)
        return Choice(curves, which), series[0].rule

    def _curves(self, ref: Expr, scope: Scope) -> Choice:
        """Return the graphical function a reference means at each point."""
        if isinstance(ref, Table):
            return Choice((Curve.of(ref.x, ref.y, ref.mode),), np.zeros(scope.shape, np.int64))
        variable = self.variables.get(fold(ref.name)) if isinstance(ref, Ref) else None
        if variable is None or variable.kind is not Kind.LOOKUP or not isinstance(ref, Ref):
            name = ref.name if isinstance(ref, Ref) else "an expression"
            raise LoweringError(f'no graphical function "{name}"')
        exprs, which = self._equations_at(variable, ref, scope)
        tables = [expr for expr in exprs if isinstance(expr, Table)]
        if len(tables) < len(exprs):
            raise LoweringError(f'"{variable.name}" is no graphical function')
        return Choice(tuple(Curve.of(t.x, t.y, t.mode) for t in tables), which)

    def _equations_at(
        self, variable: Variable, ref: Ref, scope: Scope
    ) -> tuple[list[Expr], NDArray[np.int64]]:
        """Return the right-hand sides a reference means, and the number of each point's."""
        subscripts = ref.subscripts
        if not subscripts and all(fold(dim) in scope.axes for dim in variable.dims):
            subscripts = variable.dims
        if len(subscripts) != len(variable.dims):
            raise LoweringError(
                f'"{variable.name}" has {len(variable.dims)} subscripts, is used with '
                f"{len(subscripts)}"
            )
        wanted = [self.axis(subscript, scope) for subscript in subscripts]
        which = np.full(scope.shape, -1, np.int64)
        for number, equation in enumerate(variable.equations):
            lists = [self.elements(s) for s in equation.subscripts]
            here = which < 0
            for axis, elements in zip(wanted, lists, strict=True):
                here &= np.isin(axis, elements)
            which[here] = number
        if (which < 0).any():
            raise LoweringError(f'"{variable.name}" has no equation for this element')
        used, numbers = np.unique(which, return_inverse=True)
        return [variable.equations[n].expr for n in used], numbers.reshape(scope.shape)

    def _interp(self, table: Expr, args: tuple[Expr, ...], scope: Scope) -> Node:
        if len(args) != 1:
            raise LoweringError("a graphical function takes one argument")
        return self._curves(table, scope).read(self.node(args[0], scope))

    def _fold(self, name: str, args: tuple[Expr, ...], scope: Scope) -> Node:
        if len(args) != 1:
            raise LoweringError(f"{name.upper()} takes one argument")
        (arg,) = args
        arg = self._whole_array(arg)
        if name.endswith("_xmile"):  # XMILE reduces over every subscript left open
            name, arg = name.removesuffix("_xmile"), self._reduced(arg, scope)
        inner, width = self.inside_marks((arg,), scope)
        if not width:
            return self.node(arg, scope)
        return Fold(name, width, (self.node(arg, inner),))

    def inside_marks(self, exprs: Sequence[Expr], scope: Scope) -> tuple[Scope, int]:
        """Return the scope inside a reduction over the subscripts marked "!", and its width."""
        refs = [ref for expr in exprs for ref in _reduced_here(expr)]
        marked = dict.fromkeys(s for ref in refs for s in ref.subscripts if s.endswith("!"))
        lists = [self.elements(s[:-1].strip()) for s in marked]
        if not lists:
            return scope, 0
        allowed(math.prod(scope.shape) * math.prod(map(len, lists)))
        grid = [axis.ravel() for axis in np.meshgrid(*lists, indexing="ij")]
        width = len(grid[0])
        axes = {k: v[..., None] for k, v in scope.axes.items()}
        axes |= {fold(s): column for s, column in zip(marked, grid, strict=True)}
        return Scope((*scope.shape, width), axes), width

    def _whole_array(self, arg: Expr) -> Expr:
        """Return a bare reference to an array (XMILE: MIN(x)) with all its subscripts reduced."""
        if isinstance(arg, Ref) and not arg.subscripts:
            variable = self.variables.get(fold(arg.name))
            if variable is not None and variable.dims:
                return Ref(arg.name, tuple(f"{dim}!" for dim in variable.dims))
        return arg

    def _reduced(self, expr: Expr, scope: Scope) -> Expr:
        """Return an expression with every range that is not on the left-hand side marked "!"."""
        if isinstance(expr, Ref):
            return Ref(
                expr.name,
                tuple(
                    f"{s}!" if fold(s) in self.ranges and fold(s) not in scope.axes else s
                    for s in expr.subscripts
                ),
            )
        if isinstance(expr, Call):
            return Call(expr.function, tuple(self._reduced(arg, scope) for arg in expr.args))
        return expr
