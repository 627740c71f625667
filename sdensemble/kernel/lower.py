"""Model → Program: every subscript becomes an index array, every delay a chain of stocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sdensemble.errors import Problems, SDError, did_you_mean
from sdensemble.kernel.allocate import ALLOCATIONS
from sdensemble.kernel.functions import ALIASES, ARITY, FOLDS, TABLE, TIMED
from sdensemble.kernel.noise import NOISE, lower_noise
from sdensemble.kernel.order import sort_statements
from sdensemble.kernel.program import (
    Const,
    Feed,
    Fold,
    Interp,
    Load,
    Node,
    Noise,
    Op,
    Program,
    Slots,
    Statement,
    Time,
    Values,
    nodes,
)
from sdensemble.kernel.scope import LoweringError, Scope, allowed
from sdensemble.kernel.stateful import STATEFUL
from sdensemble.kernel.stop import stops_by_equation, upstream
from sdensemble.kernel.vectors import VECTORS
from sdensemble.model.deep import deeply
from sdensemble.model.types import (
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
    walk,
)

SUPPORTED = {*ARITY, *STATEFUL, *FOLDS, *VECTORS, *ALLOCATIONS, *NOISE}


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
    if model.clock.method != "euler" and (builder.copies or builder.fixed):
        builder.problems.add(
            model.path.name,
            f"the model asks for {model.clock.method}, under which DELAY FIXED, DELAY N and "
            "SAMPLE IF TRUE are not supported: run it with Euler",
        )
    if stops_by_equation(model):
        builder.structural |= upstream(model, "FINAL TIME")
    builder.problems.raise_if_any()
    return builder.finish()


class _ApartError(Exception):
    """The equation needs another graphical function at each point: lower them one by one."""


@dataclass
class Builder:
    """Collects slots and statements while the equations are walked."""

    model: Model
    problems: Problems = field(default_factory=Problems)

    def __post_init__(self) -> None:
        model = self.model
        self.ranges = {fold(name): elements for name, elements in model.ranges.items()}
        names = dict.fromkeys(fold(e) for es in model.ranges.values() for e in es)
        self.element = {name: number for number, name in enumerate(names)}
        self.variables = {fold(name): v for name, v in model.variables.items()}
        self.position = {name: self._positions(elements) for name, elements in self.ranges.items()}
        self.stock_slots = 0
        self.plain_slots = 0
        self.slots: dict[str, tuple[int, tuple[int, ...]]] = {}
        for kind_is_stock in (True, False):
            for variable in model.variables.values():
                if variable.kind is Kind.LOOKUP or (variable.kind is Kind.STOCK) != kind_is_stock:
                    continue
                self._allocate(variable.name, model.shape(variable), stock=kind_is_stock)
        self.copies: list[tuple[Slots, Slots]] = []
        self.fixed: list[tuple[Slots, Slots, Slots, Slots]] = []
        self.non_negative: list[Slots] = []
        self.feeds: list[Feed] = []
        self.noises: list[Noise] = []
        self.unfed: list[str] = []
        self.structural: set[str] = set()
        self.visited: list[str] = []
        self.at_start = False  # whether Time counts as known: the order of a delay is set once
        self.initial: list[Statement] = []
        self.rates: list[Statement] = []
        self.dynamic: list[Statement] = []
        self.current = ""
        self.hidden = 0

    def _positions(self, elements: tuple[str, ...]) -> np.ndarray:
        out = np.full(len(self.element), -1, np.int64)
        for position, name in enumerate(elements):
            out[self.element[fold(name)]] = position
        return out

    # Slots are negative for stocks and rates while the number of stocks still grows:
    # stock s is -1-2s, its rate -2-2s; ``finish`` renumbers.
    def _allocate(self, name: str, shape: tuple[int, ...], *, stock: bool) -> Slots:
        count = int(np.prod(shape, dtype=int))
        if stock:
            numbers = np.arange(self.stock_slots, self.stock_slots + count)
            self.stock_slots += count
            out = -1 - 2 * numbers
            self.slots[name] = (int(out[0]) if count else 0, shape)
            return out.reshape(shape)
        first = self.plain_slots
        self.plain_slots += count
        self.slots[name] = (first, shape)
        return np.arange(first, first + count).reshape(shape)

    def where(self, name: str) -> Slots:
        first, shape = self.slots[name]
        count = int(np.prod(shape, dtype=int))
        step = 1 if first >= 0 else -2
        return (first + step * np.arange(count, dtype=np.int64)).reshape(shape)

    # ── equations ──────────────────────────────────────────────────────────────────────────

    def add(self, variable: Variable, equation: Equation) -> None:
        """Lower one equation into statements; a problem is noted, not raised."""
        self.current = variable.name
        try:
            scope, target = self._points(variable, equation)
            try:
                self._statements(variable, equation.expr, scope, target)
            except _ApartError:
                for point in range(len(target)):
                    one = Scope((1,), {k: v[point : point + 1] for k, v in scope.axes.items()})
                    self._statements(variable, equation.expr, one, target[point : point + 1])
        except LoweringError as error:
            self.problems.add(f'{self.model.path.name} "{variable.name}"', str(error))

    def feed(self, variable: Variable) -> None:
        """Note which data series fills which slot of a data variable."""
        parts: list[tuple[Slots, Series]] = []
        for equation in variable.equations:
            assert isinstance(equation.expr, Series)
            parts += [(slot, equation.expr) for slot in self._points(variable, equation)[1]]
        if any(not len(series.times) for _, series in parts):
            self.unfed.append(variable.name)
            return
        slots = np.array([slot for slot, _ in parts], np.int64)
        series = tuple((s.times, s.values) for _, s in parts)
        self.feeds.append(Feed(variable.name, slots, series, parts[0][1].rule))

    def _points(self, variable: Variable, equation: Equation) -> tuple[Scope, Slots]:
        """Return the equation's points as a scope, and the slot each of them writes."""
        lists = [self.elements(subscript) for subscript in equation.subscripts]
        grid = np.meshgrid(*lists, indexing="ij") if lists else []
        columns = [axis.ravel() for axis in grid]
        keep = np.ones(columns[0].shape if columns else (1,), bool)
        for excepted in equation.excepts:
            inside = np.ones_like(keep)
            for column, subscript in zip(columns, excepted, strict=True):
                inside &= np.isin(column, self.elements(subscript))
            keep &= ~inside
        columns = [column[keep] for column in columns]
        axes = {
            fold(subscript): column
            for subscript, column in zip(equation.subscripts, columns, strict=True)
            if fold(subscript) in self.ranges
        }
        scope = Scope((int(keep.sum()),), axes)
        return scope, self._pick(variable, [self.position[fold(d)] for d in variable.dims], columns)

    def elements(self, subscript: str) -> np.ndarray:
        name = fold(subscript)
        if name in self.ranges:
            return np.array([self.element[fold(e)] for e in self.ranges[name]], np.int64)
        if name in self.element:
            return np.array([self.element[name]], np.int64)
        known = [*self.ranges, *self.element]
        raise LoweringError(f'unknown subscript "{subscript}"{did_you_mean(subscript, known)}')

    def _pick(self, variable: Variable, positions: list, columns: list) -> Slots:
        """Return the slot of ``variable`` at the elements in ``columns``, one per dimension."""
        slots = self.where(variable.name)
        if not columns:
            return np.broadcast_to(slots, (1,)).copy()
        index = []
        for dim, position, column in zip(variable.dims, positions, columns, strict=True):
            at = position[column]
            if (at < 0).any():
                raise LoweringError(f'"{variable.name}" has no such element in range "{dim}"')
            index.append(at)
        return slots[tuple(np.broadcast_arrays(*index))]

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

    # ── expressions ────────────────────────────────────────────────────────────────────────

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
            if name in self.ranges:
                numbers = self._numbers(name)[self._axis(ref.name, scope)]
                return Values(np.broadcast_to(numbers, scope.shape).astype(float))
            if name in self.element:
                holder = next(r for r, p in self.position.items() if p[self.element[name]] >= 0)
                return Const(float(self._numbers(holder)[self.element[name]]))
            raise LoweringError(
                f'no variable "{ref.name}"{did_you_mean(ref.name, self.model.variables)}'
            )
        variable = self.variables[name]
        if variable.kind is Kind.LOOKUP:
            raise LoweringError(f'graphical function "{ref.name}" needs an argument')
        return Load(np.broadcast_to(self._slots(variable, ref.subscripts, scope), scope.shape))

    def _numbers(self, name: str) -> np.ndarray:
        """Return the number of each element of a range: 1, 2, 3 … in the widest range around it."""
        inside = self.position[name] >= 0
        around = [p for p in self.position.values() if (p[inside] >= 0).all()]
        return max(around, key=lambda p: int((p >= 0).sum())) + 1

    def _slots(self, variable: Variable, subscripts: tuple[str, ...], scope: Scope) -> Slots:
        if not subscripts and all(fold(dim) in scope.axes for dim in variable.dims):
            subscripts = variable.dims  # XMILE leaves out subscripts that are the target's own
        if len(subscripts) != len(variable.dims):
            raise LoweringError(
                f'"{variable.name}" has {len(variable.dims)} subscripts, is used with '
                f"{len(subscripts)}"
            )
        positions = [self.position[fold(dim)] for dim in variable.dims]
        return self._pick(variable, positions, [self._axis(s, scope) for s in subscripts])

    def _axis(self, subscript: str, scope: Scope) -> np.ndarray:
        """Return the element a subscript stands for at each point."""
        name = fold(subscript)
        if name in scope.axes:
            return scope.axes[name]
        if name in self.element and name not in self.ranges:
            return np.array(self.element[name])
        if name not in self.ranges:
            raise LoweringError(f'unknown subscript "{subscript}"')
        return self.follow(subscript, scope)[1]

    def follow(self, subscript: str, scope: Scope) -> tuple[str, np.ndarray]:
        """Return the range of the left-hand side that a range stands for, itself or by a
        mapping, and its element at each point."""
        name = fold(subscript)
        if name in scope.axes:
            return name, scope.axes[name]
        if name not in self.ranges:
            raise LoweringError(f'"{subscript}" is not a subscript range')
        for source, target in self.model.mappings:
            for here, there in ((source, target), (target, source)):
                if fold(here) != name or fold(there) not in scope.axes:
                    continue
                elements = self.elements(here)
                return fold(there), elements[self.position[fold(there)][scope.axes[fold(there)]]]
        for axis_name, axis in scope.axes.items():  # a range whose elements are all in ``name``
            if np.isin(axis, self.elements(name)).all() and not axis_name.endswith("!"):
                return axis_name, axis
        raise LoweringError(
            f'subscript "{subscript}" is used without "!" but is not on the left-hand side'
        )

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
        for table in (VECTORS, ALLOCATIONS):
            if name in table:
                count, function = table[name]
                if len(call.args) != count:
                    raise LoweringError(f"{call.function} takes {count} arguments")
                return function(self, call, scope)
        if name in NOISE:
            return lower_noise(self, name, call, scope)
        if name == "get_time_value":
            return self._time_value(call, scope)
        if name in STATEFUL:
            args = tuple(self.node(arg, scope) for arg in call.args)
            return STATEFUL[name](self, args, scope)
        if name not in ARITY:
            raise LoweringError(
                f'function "{call.function}" is not supported; '
                f"supported: {', '.join(sorted(SUPPORTED))}"
            )
        if len(call.args) not in ARITY[name]:
            raise LoweringError(f"{call.function} takes {ARITY[name]} arguments")
        args = tuple(self.node(arg, scope) for arg in call.args)
        if name in TIMED:
            args = (Time(), Const(self.model.clock.step), *args)
        elif name == "ramp":
            args = (Time(), *args)
        return Op(name, args)

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

    def _table_of(self, ref: Ref, scope: Scope) -> Expr:
        """Return the one table a graphical function's reference means at these points."""
        variable = self.variables.get(fold(ref.name))
        if variable is None or variable.kind is not Kind.LOOKUP:
            raise LoweringError(f'no graphical function "{ref.name}"')
        if not variable.dims:
            return variable.equations[0].expr
        if scope.shape != (1,):
            raise _ApartError
        wanted = [int(np.ravel(self._axis(s, scope))[0]) for s in ref.subscripts]
        for equation in variable.equations:
            lists = [self.elements(s) for s in equation.subscripts]
            if all(w in elements for w, elements in zip(wanted, lists, strict=True)):
                return equation.expr
        raise LoweringError(f'graphical function "{ref.name}" has no table for this element')

    def _interp(self, table: Expr, args: tuple[Expr, ...], scope: Scope) -> Node:
        if isinstance(table, Ref):
            table = self._table_of(table, scope)
        if not isinstance(table, Table) or len(args) != 1:
            raise LoweringError("a graphical function takes one argument")
        return Interp((table.x, table.y, table.mode), (self.node(args[0], scope),))

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
        refs = [e for expr in exprs for e in walk(expr) if isinstance(e, Ref)]
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

    # ── stocks that the file does not name ─────────────────────────────────────────────────

    def frozen(self, value: Node, scope: Scope) -> Load:
        """Return a load of ``value`` as it is at the start."""
        self.hidden += 1
        slots = self._allocate(f"{self.current} · initial {self.hidden}", scope.shape, stock=False)
        self.initial.append(Statement(self.current, slots.ravel(), _flat(value, scope.shape)))
        return Load(slots)

    def stock(self, what: str, initial: Node, scope: Scope) -> Load:
        """Allocate a hidden stock per point, starting at ``initial``."""
        self.hidden += 1
        slots = self._allocate(f"{self.current} · {what} {self.hidden}", scope.shape, stock=True)
        self.initial.append(Statement(self.current, slots.ravel(), _flat(initial, scope.shape)))
        return Load(slots)

    def _slot_of(self, value: Node, what: str, scope: Scope, *, at_start: bool) -> Slots:
        """Return slots that hold ``value``: at the start only, or at every step."""
        self.hidden += 1
        slots = self._allocate(f"{self.current} · {what} {self.hidden}", scope.shape, stock=False)
        statement = Statement(self.current, slots.ravel(), _flat(value, scope.shape))
        (self.initial if at_start else self.dynamic).append(statement)
        return slots

    def keep(self, value: Node, what: str, scope: Scope) -> Slots:
        """Return slots that hold ``value`` at every step, in the scope's shape."""
        return self._slot_of(value, what, scope, at_start=False).reshape(scope.shape)

    def key(self, name: str) -> str:
        """Return a name of a range or element as scopes know it."""
        return fold(name)

    def variable(self, name: str) -> Variable:
        """Return a variable of the model by its name in an equation."""
        if fold(name) not in self.variables:
            raise LoweringError(f'no variable "{name}"{did_you_mean(name, self.model.variables)}')
        return self.variables[fold(name)]

    def noise(self, seed: Node | None, scope: Scope) -> Load:
        """Return a load of random numbers in (0, 1): of this call, each element its own.

        The seed is the call's own, else the model's NOISE SEED, else 0.
        """
        said = None if seed is None else self.fixed_value(seed)
        if seed is not None and (said is None or np.unique(said).size != 1):
            raise LoweringError("the seed of a random function must be one constant")
        number = 0 if said is None else int(np.ravel(said)[0])
        common = self.variables.get("noise seed")
        if number == 0 and common is not None and common.value is not None:
            self.structural.add(common.name)
            number = int(np.ravel(common.value)[0])
        calls = sum(noise.name.rpartition(" ")[0] == self.current for noise in self.noises)
        name = f"{self.current} {calls + 1}"
        slots = self._allocate(f"{self.current} · noise {calls + 1}", scope.shape, stock=False)
        self.noises.append(Noise(name, slots.ravel(), number))
        return Load(slots)

    def memory(self, update: Callable[[Node], Node], initial: Node, scope: Scope) -> Node:
        """Return ``update(last)``, where last is what this was one step ago."""
        last = self.stock("memory", initial, scope)
        self.rate(last, Const(0.0), scope)
        now = Load(self._slot_of(update(last), "sample", scope, at_start=False))
        self.copies.append((last.slots.ravel(), now.slots.ravel()))
        return now

    def lagged(self, value: Node, initial: Node, scope: Scope) -> Node:
        """Return ``value`` of one step ago, at first ``initial``."""
        last = self.stock("lag", initial, scope)
        self.rate(last, Const(0.0), scope)
        now = self._slot_of(value, "lag", scope, at_start=False)
        self.copies.insert(0, (last.slots.ravel(), now.ravel()))
        return last

    def pipeline(self, inflow: Node, steps: Node, initial: Node, scope: Scope) -> Node:
        """Return ``inflow`` of so many steps ago (as they are at the start)."""
        out = self.stock("pipeline", initial, scope)
        self.rate(out, Const(0.0), scope)
        source = self._slot_of(inflow, "inflow", scope, at_start=False)
        order = self._slot_of(steps, "order", scope, at_start=True)
        first = self._slot_of(initial, "first", scope, at_start=True)
        parts = (out.slots, source, order, first)
        self.fixed.append(tuple(part.ravel() for part in parts))  # type: ignore[arg-type]
        return out

    def whole_number(self, node: Node) -> int:
        """Return the order of a delay or smooth; a constant that gives it can no longer move."""
        self.at_start = True
        value = self.constant(node)
        self.at_start = False
        if value is None or np.unique(value).size != 1 or float(np.ravel(value)[0]) < 1:
            raise LoweringError("the order of a delay or smooth must be a constant of at least 1")
        self._bind(node)
        return int(np.ravel(value)[0])

    def fixed_value(self, node: Node) -> np.ndarray | None:
        """Return a node's value where constants give it, which can then no longer move."""
        value = self.constant(node)
        if value is not None:
            self._bind(node)
        return value

    def _bind(self, node: Node) -> None:
        """Take the constants a node reads out of what a run may set."""
        for part in nodes(node):
            if isinstance(part, Load):
                for variable in self.variables.values():
                    self._bind_variable(variable, part.slots)

    def _bind_variable(self, variable: Variable, slots: Slots) -> None:
        if variable.name not in self.slots or variable.name in self.visited:
            return
        own = self.where(variable.name)
        if not np.isin(own, slots).any():
            return
        if variable.value is not None:
            self.structural.add(variable.name)
            return
        self.visited.append(variable.name)  # an auxiliary: what it is computed from
        try:
            for equation in variable.equations:
                scope, target = self._points(variable, equation)
                if np.isin(target, slots).any():
                    for ref in (e for e in walk(equation.expr) if isinstance(e, Ref)):
                        if fold(ref.name) in self.variables:
                            self._bind(self.node(ref, scope))
        finally:
            self.visited.pop()

    def constant(self, node: Node) -> np.ndarray | None:
        """Return a node's value where constants of the file alone give it, else None."""
        if isinstance(node, Const):
            return np.asarray(node.value)
        if isinstance(node, Time) and self.at_start:
            return np.asarray(self.model.clock.start)
        if isinstance(node, Load):
            return self._constant_slots(node.slots)
        if not isinstance(node, Op):
            return None
        parts = [self.constant(part) for part in node.parts]
        with np.errstate(all="ignore"):
            return None if any(p is None for p in parts) else TABLE[node.name](*parts)

    def _constant_slots(self, slots: Slots) -> np.ndarray | None:
        for variable in self.variables.values():
            if variable.name not in self.slots:
                continue
            own = self.where(variable.name)
            if np.isin(slots, own).all():
                values = self._constant_variable(variable, slots)
                step = 1 if own.flat[0] >= 0 else -2
                return None if values is None else values.ravel()[(slots - own.flat[0]) // step]
        return None

    def _constant_variable(self, variable: Variable, wanted: Slots) -> np.ndarray | None:
        """Return a variable's array where its equations for the ``wanted`` slots are arithmetic
        on constants."""
        if variable.value is not None:
            return variable.value
        if variable.kind is not Kind.AUXILIARY or variable.name in self.visited:
            return None
        out = np.full(self.model.shape(variable), np.nan)
        first = self.where(variable.name).flat[0]
        self.visited.append(variable.name)
        try:
            for equation in variable.equations:
                scope, target = self._points(variable, equation)
                if not np.isin(target, wanted).any():
                    continue
                if any(
                    isinstance(e, Call) and e.function not in TABLE for e in walk(equation.expr)
                ):
                    return None
                value = self.constant(self.node(equation.expr, scope))
                if value is None:
                    return None
                out.reshape(-1)[target - first] = value
        finally:
            self.visited.pop()
        return out

    def rate(self, stock: Load, flow: Node, scope: Scope) -> None:
        """State the net flow of a hidden stock."""
        self.rates.append(
            Statement(self.current, stock.slots.ravel() - 1, _flat(flow, scope.shape))
        )

    # ── the end ────────────────────────────────────────────────────────────────────────────

    def _defaults(
        self,
        constants: Sequence[Variable],
        slots: Mapping[str, tuple[int, tuple[int, ...]]],
        size: int,
    ) -> np.ndarray:
        out = np.full(size, np.nan)
        for variable in constants:
            first, value = slots[variable.name][0], np.ravel(variable.value)  # type: ignore[arg-type]
            out[first : first + value.size] = value
        return out

    def finish(self) -> Program:
        """Number the slots for good, order the statements, and return the Program."""
        stocks, model, clock = self.stock_slots, self.model, self.model.clock
        table = _Renumber(stocks)
        size = 2 * stocks + self.plain_slots
        slots = {n: (int(table(np.array(f))), s) for n, (f, s) in self.slots.items()}
        constants = [v for v in model.variables.values() if v.value is not None]
        defaults = self._defaults(constants, slots, size)
        feeds = tuple(replace(feed, slots=table(feed.slots)) for feed in self.feeds)
        noises = tuple(replace(noise, slots=table(noise.slots)) for noise in self.noises)
        dynamic = [table.statement(s) for s in (*self.dynamic, *self.rates)]
        initial = [table.statement(s) for s in self.initial]
        given = np.isfinite(defaults)
        for fed in [*(feed.slots for feed in feeds), *(noise.slots for noise in noises)]:
            given[fed] = True
        for first, shape in (slots[name] for name in self.unfed):
            given[first : first + math.prod(shape)] = True
        void = ~given
        for statement in (*initial, *dynamic):
            void[statement.target] = False
        before_step = given.copy()
        before_step[:stocks] = ~void[:stocks]
        for statement in initial:
            before_step[statement.target] = True
        for statement in dynamic:
            before_step[statement.target] = False
        defaults[: 2 * stocks][void[: 2 * stocks]] = 0.0
        return Program(
            name=model.path.name,
            digest=model.digest,
            start=clock.start,
            step=clock.step,
            steps=clock.steps,
            save_every=clock.save_every,
            stocks=stocks,
            size=size,
            slots=slots,
            defaults=defaults,
            initial=sort_statements(_first_pass(initial, dynamic, size), given, model.path.name),
            dynamic=sort_statements(dynamic, before_step, model.path.name),
            method=clock.method,
            settable=frozenset(v.name for v in constants) - self.structural
            | {feed.name for feed in feeds}
            | set(self.unfed),
            feeds=feeds,
            unfed=frozenset(self.unfed),
            noises=noises,
            void=np.flatnonzero(void),
            copies=_columns(self.copies, 2, table),
            fixed=_columns(self.fixed, 4, table),
            non_negative=table(np.concatenate([*self.non_negative, np.empty(0, np.int64)])),
        )


def _columns(
    rows: Sequence[tuple[Slots, ...]], width: int, renumber: Callable[[Slots], Slots]
) -> Slots:
    """Return groups of parallel slot arrays as one array of rows, in order."""
    parts = [np.stack([renumber(column) for column in row], axis=1) for row in rows]
    return np.concatenate(parts) if parts else np.empty((0, width), np.int64)


def _first_pass(initial: list[Statement], dynamic: list[Statement], size: int) -> list[Statement]:
    """Return the initial statements and those of the dynamic ones they need."""
    owner: list[Statement | None] = [None] * size
    for statement in (*dynamic, *initial):  # an initial equation wins over the running one
        for slot in statement.target:
            owner[slot] = statement
    needed = {id(statement): statement for statement in initial}
    todo = list(initial)
    while todo:
        for slot in todo.pop().reads:
            found = owner[slot]
            if found is not None and id(found) not in needed:
                needed[id(found)] = found
                todo.append(found)
    return list(needed.values())


class _Renumber:
    """Maps the builder's slot numbers to the final ones."""

    def __init__(self, stocks: int):
        self.stocks = stocks

    def __call__(self, slots: np.ndarray) -> np.ndarray:
        stock, rate = (-1 - slots) // 2, (-2 - slots) // 2 + self.stocks
        negative = np.where(slots % 2 == 1, stock, rate)
        return np.where(slots >= 0, slots + 2 * self.stocks, negative).astype(np.int64)

    def statement(self, statement: Statement) -> Statement:
        return replace(statement, target=self(statement.target), expr=self.expr(statement.expr))

    def expr(self, node: Node) -> Node:
        if isinstance(node, Load):
            return Load(np.ascontiguousarray(self(node.slots)))
        if node.parts:
            return replace(node, parts=tuple(self.expr(part) for part in node.parts))  # type: ignore[type-var]
        return node


def _flat(node: Node, shape: tuple[int, ...]) -> Node:
    """Return a node over (n, width) points as one over n × width points."""
    if len(shape) == 1:
        return node
    if isinstance(node, Load):
        return Load(node.slots.reshape(-1, *node.slots.shape[len(shape) :]))
    if isinstance(node, Values):
        return Values(node.values.reshape(-1, *node.values.shape[len(shape) :]))
    if node.parts:
        return replace(node, parts=tuple(_flat(p, shape) for p in node.parts))  # type: ignore[type-var]
    return node
