"""Model → Program: every subscript becomes an index array, every delay a chain of stocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, Problems, SDError, did_you_mean, either
from sdengine.functions import FUNCTIONS, Function, named
from sdengine.functions.lookups import Choice
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.ir import (
    Const,
    Curve,
    Feed,
    Load,
    Node,
    Program,
    Slots,
    Time,
    Values,
)
from sdengine.model.tokens import wide_signs
from sdengine.program.constants import Constants, behind_final_time
from sdengine.program.names import Names
from sdengine.program.numbering import finish
from sdengine.program.statements import Statements
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


def lower(model: Model) -> Program:
    """Return the Program of a model.

    Raises SDError naming every unknown name, unsupported function and every loop without a
    stock, all in one message.
    """
    try:
        return deeply(_lower, model)
    except RecursionError:
        raise SDError(
            Message("{file}: an equation is nested too deeply", file=model.path.name)
        ) from None


def _lower(model: Model) -> Program:
    builder = Builder(model)
    for variable in model.variables.values():
        if variable.kind is Kind.DATA:
            builder.feed(variable)
        elif variable.kind is not Kind.LOOKUP and variable.value is None:
            for equation in variable.equations:
                builder.add(variable, equation)
    if model.clock.method != "euler":
        for name in sorted(builder.statements.lagging):
            builder.problems.add(
                f'{model.path.name} "{name}"',
                Message(
                    "DELAY N with a delay time that varies is not supported under "
                    "{method}, which the model asks for: run it with Euler",
                    method=model.clock.method,
                ),
            )
    structural = builder.constants.structural | model.bound | behind_final_time(model)
    builder.problems.raise_if_any()
    return finish(model, builder.statements, structural)


def _reduced_here(expr: Expr) -> Iterator[Ref]:
    """Yield the references of an expression but for those that a reduction inside it reduces."""
    if isinstance(expr, Ref):
        yield expr
    elif isinstance(expr, Call) and not _reduces(expr):
        for arg in expr.args:
            yield from _reduced_here(arg)


def _reduces(call: Call) -> bool:
    record = FUNCTIONS.get(named(call.function))
    return record is not None and record.reduces


class Builder:
    """Lowers the equations of a model: expressions become nodes over the points of a scope."""

    def __init__(self, model: Model):
        self.model = model
        self.problems = Problems()
        self.names = Names(model)
        self.statements = Statements(model, self.names)
        self.constants = Constants(model, self.names, self.statements, self.node)

    def add(self, variable: Variable, equation: Equation) -> None:
        """Lower one equation into statements; a problem is noted, not raised."""
        self.statements.current = variable.name
        try:
            scope, target = self.statements.points(variable, equation)
            self._statements(variable, equation.expr, scope, target)
        except LoweringError as error:
            self.problems.add(f'{self.model.path.name} "{variable.name}"', error.args[0])
        except (ValueError, IndexError, KeyError, AttributeError) as error:
            what = f"cannot be compiled ({type(error).__name__}: {error})"
            self.problems.add(f'{self.model.path.name} "{variable.name}"', what)

    def feed(self, variable: Variable) -> None:
        """Note which data series fills which slot of a data variable."""
        parts: list[tuple[Slots, Series]] = []
        for equation in variable.equations:
            assert isinstance(equation.expr, Series)
            parts += [
                (slot, equation.expr) for slot in self.statements.points(variable, equation)[1]
            ]
        if any(not len(series.times) for _, series in parts):
            self.statements.unfed.append(variable.name)
            return
        slots = np.array([slot for slot, _ in parts], np.int64)
        series = tuple((s.times, s.values) for _, s in parts)
        self.statements.feeds.append(Feed(variable.name, slots, series, parts[0][1].rule))

    def _statements(self, variable: Variable, expr: Expr, scope: Scope, target: Slots) -> None:
        record = FUNCTIONS.get(named(expr.function)) if isinstance(expr, Call) else None
        if record is not None and record.stands is not None and isinstance(expr, Call):
            record.stands(self, self._counted(record, expr), scope, target)
        else:
            self.statements.at_every_step(target, self.node(expr, scope))

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
        raise LoweringError(Message("a graphical function stands where a number is expected"))

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
        if name in builtin and name not in self.names.variables:
            value = builtin[name]
            return Time() if value is None else Const(value)
        if name not in self.names.variables:
            if name.endswith("!") and name[:-1].strip() in self.names.ranges:
                numbers = self.names.numbers(name[:-1].strip())[
                    self.names.axis(f"{name[:-1].strip()}!", scope)
                ]
                return Values(np.broadcast_to(numbers, scope.shape).astype(float))
            if name in self.names.ranges:
                numbers = self.names.numbers(name)[self.names.axis(ref.name, scope)]
                return Values(np.broadcast_to(numbers, scope.shape).astype(float))
            if name in self.names.element:
                holder = next(
                    r for r, p in self.names.position.items() if p[self.names.element[name]] >= 0
                )
                return Const(float(self.names.numbers(holder)[self.names.element[name]]))
            wide, hint = wide_signs(ref.name), did_you_mean(ref.name, self.model.variables)
            told = 'no variable "{name}"{wide}{hint}'
            raise LoweringError(Message(told, name=ref.name, wide=wide, hint=hint))
        variable = self.names.variables[name]
        if variable.kind is Kind.LOOKUP:
            raise LoweringError(
                Message('graphical function "{name}" needs an argument', name=ref.name)
            )
        return Load(np.broadcast_to(self._slots(variable, ref.subscripts, scope), scope.shape))

    def _slots(self, variable: Variable, subscripts: tuple[str, ...], scope: Scope) -> Slots:
        if not subscripts:
            subscripts = self._own(variable, scope)
        if len(subscripts) != len(variable.dims):
            raise LoweringError(_miscounted(variable, len(subscripts)))
        return self.statements.pick(variable, [self.names.axis(s, scope) for s in subscripts])

    def _own(self, variable: Variable, scope: Scope) -> tuple[str, ...]:
        """Return the subscripts that XMILE leaves out where they are the target's own: none
        where it lacks one. A range that stands twice is met at both places of the target."""
        free, found = [*scope.axes], []
        for dim in map(fold, variable.dims):
            alike = (name for name in free if self.names.ranges.get(name) == self.names.ranges[dim])
            name = dim if dim in free else next(alike, "") if dim in found else ""
            if not name:
                return ()
            free.remove(name)
            found.append(name)
        return tuple(found)

    def _call(self, call: Call, scope: Scope) -> Node:
        variable = self.names.variables.get(fold(call.function))
        if variable is not None and variable.kind is Kind.LOOKUP:
            if len(call.args) != 1:
                raise LoweringError(Message("a graphical function takes one argument"))
            return self.curves(Ref(call.function), scope).read(self.node(call.args[0], scope))
        name = named(call.function)
        if name == "a_function_of":
            raise LoweringError(Message("has no equation yet, only A FUNCTION OF what it hangs on"))
        record = FUNCTIONS.get(name)
        if record is None:
            near = did_you_mean(name, FUNCTIONS)
            raise LoweringError(
                Message(
                    'function "{function}" is not supported{near}',
                    function=call.function,
                    near=near,
                )
            )
        counted = self._counted(record, call)
        if record.lower is None:
            told = "{function} must stand directly behind the equation sign"
            raise LoweringError(Message(told, function=record.spellings[0]))
        return record.lower(self, counted, scope)

    def _counted(self, record: Function, call: Call) -> Call:
        """Return a call by its own name; raise where its arguments are too many or too few."""
        if len(call.args) not in record.arity:
            counts = either(map(str, record.arity))
            raise LoweringError(
                Message(
                    "{function} takes {counts} arguments, not {n}",
                    function=call.function,
                    counts=counts,
                    n=len(call.args),
                )
            )
        return Call(record.name, call.args)

    def series_of(self, ref: Expr, scope: Scope) -> tuple[Choice, str]:
        """Return the data series a reference means at each point, which no run can set, and the
        rule that holds between their times."""
        variable = self.names.variables.get(fold(ref.name)) if isinstance(ref, Ref) else None
        if variable is None or variable.kind is not Kind.DATA or not isinstance(ref, Ref):
            name = ref.name if isinstance(ref, Ref) else "an expression"
            raise LoweringError(Message('"{name}" is no data variable', name=name))
        exprs, which = self._equations_at(variable, ref, scope)
        series = [expr for expr in exprs if isinstance(expr, Series) and len(expr.times)]
        if len(series) < len(exprs):
            raise LoweringError(Message('data "{name}" have no source', name=variable.name))
        self.constants.structural.add(variable.name)
        curves = tuple(Curve.of(one.times, one.values) for one in series)
        return Choice(curves, which), series[0].rule

    def curves(self, ref: Expr, scope: Scope) -> Choice:
        """Return the graphical function a reference means at each point."""
        if isinstance(ref, Table):
            return Choice((Curve.of(ref.x, ref.y, ref.mode),), np.zeros(scope.shape, np.int64))
        variable = self.names.variables.get(fold(ref.name)) if isinstance(ref, Ref) else None
        if variable is None or variable.kind is not Kind.LOOKUP or not isinstance(ref, Ref):
            name = ref.name if isinstance(ref, Ref) else "an expression"
            raise LoweringError(Message('no graphical function "{name}"', name=name))
        exprs, which = self._equations_at(variable, ref, scope)
        tables = [expr for expr in exprs if isinstance(expr, Table)]
        if len(tables) < len(exprs):
            raise LoweringError(Message('"{name}" is no graphical function', name=variable.name))
        return Choice(tuple(Curve.of(t.x, t.y, t.mode) for t in tables), which)

    def _equations_at(
        self, variable: Variable, ref: Ref, scope: Scope
    ) -> tuple[list[Expr], NDArray[np.int64]]:
        """Return the right-hand sides a reference means, and the number of each point's."""
        subscripts = ref.subscripts or self._own(variable, scope)
        if len(subscripts) != len(variable.dims):
            raise LoweringError(_miscounted(variable, len(subscripts)))
        wanted = [self.names.axis(subscript, scope) for subscript in subscripts]
        which = np.full(scope.shape, -1, np.int64)
        for number, equation in enumerate(variable.equations):
            lists = [self.names.elements(s) for s in equation.subscripts]
            here = which < 0
            for axis, elements in zip(wanted, lists, strict=True):
                here &= np.isin(axis, elements)
            which[here] = number
        if (which < 0).any():
            raise LoweringError(
                Message('"{name}" has no equation for this element', name=variable.name)
            )
        used, numbers = np.unique(which, return_inverse=True)
        return [variable.equations[n].expr for n in used], numbers.reshape(scope.shape)

    def inside_marks(self, exprs: Sequence[Expr], scope: Scope) -> tuple[Scope, int]:
        """Return the scope inside a reduction over the subscripts marked "!", and its width."""
        refs = [ref for expr in exprs for ref in _reduced_here(expr)]
        marked = dict.fromkeys(s for ref in refs for s in ref.subscripts if s.endswith("!"))
        lists = [self.names.elements(s[:-1].strip()) for s in marked]
        if not lists:
            return scope, 0
        allowed(math.prod(scope.shape) * math.prod(map(len, lists)))
        grid = [axis.ravel() for axis in np.meshgrid(*lists, indexing="ij")]
        width = len(grid[0])
        axes = {k: v[..., None] for k, v in scope.axes.items()}
        axes |= {fold(s): column for s, column in zip(marked, grid, strict=True)}
        return Scope((*scope.shape, width), axes), width


def _miscounted(variable: Variable, count: int) -> Message:
    told = '"{name}" has {own} subscripts, is used with {count}'
    return Message(told, name=variable.name, own=len(variable.dims), count=count)
