"""The slots and statements of a model while its equations are walked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sdengine.errors import Message
from sdengine.functions.scope import LoweringError, Scope
from sdengine.ir import Const, Feed, Load, Node, Noise, Slots, Statement, StepTime, Time, reshaped
from sdengine.program.names import Names
from sdengine.syntax import Equation, Kind, Model, Variable, fold


class Statements:
    """Gives variables their slots and collects statements, the hidden ones of delays included.

    Slots are negative for stocks and rates while the number of stocks still grows: stock s is
    -1-2s, its rate -2-2s; ``numbering`` gives them their final numbers.
    """

    def __init__(self, model: Model, names: Names):
        self.model, self.names = model, names
        self.stock_slots = 0
        self.plain_slots = 0
        self.slots: dict[str, tuple[int, tuple[int, ...]]] = {}
        for kind_is_stock in (True, False):
            for variable in model.variables.values():
                if variable.kind is Kind.LOOKUP or (variable.kind is Kind.STOCK) != kind_is_stock:
                    continue
                self.allocate(variable.name, model.shape(variable), stock=kind_is_stock)
        self.copies: list[tuple[Slots, Slots]] = []
        self.fixed: list[tuple[Slots, Slots, Slots, Slots]] = []
        self.non_negative: list[Slots] = []
        self.feeds: list[Feed] = []
        self.noises: list[Noise] = []
        self.unfed: list[str] = []
        self.lagging: set[str] = set()
        self.initial: list[Statement] = []
        self.rates: list[Statement] = []
        self.dynamic: list[Statement] = []
        self.current = ""  # the variable whose equation is being walked
        self.hidden = 0
        self.held_time: Slots | None = None

    def allocate(self, name: str, shape: tuple[int, ...], *, stock: bool) -> Slots:
        """Return new slots under a name, in this shape."""
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
        """Return the slots of a name, in its shape."""
        first, shape = self.slots[name]
        count = int(np.prod(shape, dtype=int))
        step = 1 if first >= 0 else -2
        return (first + step * np.arange(count, dtype=np.int64)).reshape(shape)

    def points(self, variable: Variable, equation: Equation) -> tuple[Scope, Slots]:
        """Return the equation's points as a scope, and the slot each of them writes."""
        lists = [self.names.elements(subscript) for subscript in equation.subscripts]
        grid = np.meshgrid(*lists, indexing="ij") if lists else []
        columns = [axis.ravel() for axis in grid]
        keep = np.ones(columns[0].shape if columns else (1,), bool)
        for excepted in equation.excepts:
            inside = np.ones_like(keep)
            for column, subscript in zip(columns, excepted, strict=True):
                inside &= np.isin(column, self.names.elements(subscript))
            keep &= ~inside
        columns = [column[keep] for column in columns]
        axes = {
            fold(subscript): column
            for subscript, column in zip(equation.subscripts, columns, strict=True)
            if fold(subscript) in self.names.ranges
        }
        return Scope((int(keep.sum()),), axes), self.pick(variable, columns)

    def pick(self, variable: Variable, columns: Sequence[np.ndarray]) -> Slots:
        """Return the slot of ``variable`` at the elements in ``columns``, one per dimension."""
        slots = self.where(variable.name)
        if not columns:
            return np.broadcast_to(slots, (1,)).copy()
        index = []
        for dim, column in zip(variable.dims, columns, strict=True):
            at = self.names.position[fold(dim)][column]
            if (at < 0).any():
                raise LoweringError(
                    Message(
                        '"{name}" has no such element in range "{dim}"', name=variable.name, dim=dim
                    )
                )
            index.append(at)
        return slots[tuple(np.broadcast_arrays(*index))]

    def frozen(self, value: Node, scope: Scope) -> Load:
        """Return a load of ``value`` as it is at the start."""
        self.hidden += 1
        slots = self.allocate(f"{self.current} · initial {self.hidden}", scope.shape, stock=False)
        self.initial.append(Statement(self.current, slots.ravel(), _flat(value, scope.shape)))
        return Load(slots)

    def stock(self, what: str, initial: Node, scope: Scope) -> Load:
        """Allocate a hidden stock per point, starting at ``initial``."""
        self.hidden += 1
        slots = self.allocate(f"{self.current} · {what} {self.hidden}", scope.shape, stock=True)
        self.initial.append(Statement(self.current, slots.ravel(), _flat(initial, scope.shape)))
        return Load(slots)

    def rate(self, stock: Load, flow: Node, scope: Scope) -> None:
        """State the net flow of a hidden stock."""
        self.rates.append(
            Statement(self.current, stock.slots.ravel() - 1, _flat(flow, scope.shape))
        )

    def _slot_of(self, value: Node, what: str, scope: Scope, *, at_start: bool) -> Slots:
        """Return slots that hold ``value``: at the start only, or at every step."""
        self.hidden += 1
        slots = self.allocate(f"{self.current} · {what} {self.hidden}", scope.shape, stock=False)
        statement = Statement(self.current, slots.ravel(), _flat(value, scope.shape))
        (self.initial if at_start else self.dynamic).append(statement)
        return slots

    def states(self, target: Slots, flow: Node, initial: Node) -> None:
        """State the net flow and first value of stocks."""
        self.rates.append(Statement(self.current, target - 1, flow))
        self.initial.append(Statement(self.current, target, initial))

    def becomes(self, target: Slots, new: Node, initial: Node, scope: Scope) -> None:
        """State what stocks are one step later, and their first value."""
        self.states(target, Const(0.0), initial)
        now = self._slot_of(new, "next", scope, at_start=False)
        self.copies.append((target, now.ravel()))

    def never_negative(self, target: Slots) -> None:
        """Raise stocks to 0 where they fall below."""
        self.non_negative.append(target)

    def at_every_step(self, target: Slots, value: Node) -> None:
        """State what slots are at every step."""
        self.dynamic.append(Statement(self.current, target, value))

    def computes(self, target: Slots, running: Node, initial: Node) -> None:
        """State what slots are at every step, and what they are while the start is computed."""
        self.at_every_step(target, running)
        self.initial.append(Statement(self.current, target, initial))

    def keep(self, value: Node, what: str, scope: Scope) -> Slots:
        """Return slots that hold ``value`` at every step, in the scope's shape."""
        return self._slot_of(value, what, scope, at_start=False).reshape(scope.shape)

    def memory(self, update: Callable[[Node], Node], initial: Node, scope: Scope) -> Node:
        """Return ``update(last)``, where last is what this was one step ago."""
        last = self.stock("memory", initial, scope)
        self.rate(last, Const(0.0), scope)
        now = Load(self._slot_of(update(last), "sample", scope, at_start=False))
        self.copies.append((last.slots.ravel(), now.slots.ravel()))
        return now

    def step_time(self) -> Node:
        """Return the time at the start of a step, which Runge-Kutta's stages leave alone."""
        if self.model.clock.method == "euler":
            return Time()
        if self.held_time is None:
            self.held_time = self.allocate(" · step time", (1,), stock=False)
            self.feeds.append(StepTime(" · step time", self.held_time, (), ""))
        return Load(self.held_time)

    def noise(self, seed: int, scope: Scope) -> Load:
        """Return random numbers in (0, 1), of this call and seed, each element its own."""
        calls = sum(noise.name.rpartition(" ")[0] == self.current for noise in self.noises)
        name = f"{self.current} {calls + 1}"
        slots = self.allocate(f"{self.current} · noise {calls + 1}", scope.shape, stock=False)
        self.noises.append(Noise(name, slots.ravel(), seed))
        return Load(slots)

    def lagged(self, value: Node, initial: Node, scope: Scope) -> Node:
        """Return ``value`` of one step ago, at first ``initial``."""
        self.lagging.add(self.current)
        return self.previous(value, initial, scope)

    def previous(self, value: Node, initial: Node, scope: Scope) -> Node:
        """Return ``value`` of one step ago, at first ``initial``, under any method."""
        last = self.stock("lag", initial, scope)
        self.rate(last, Const(0.0), scope)
        now = self._slot_of(value, "lag", scope, at_start=False)
        self.copies.insert(0, (last.slots.ravel(), now.ravel()))
        return last

    def pipeline(
        self, inflow: Node, steps: Node, initial: Node, scope: Scope, *, follows: bool = False
    ) -> Node:
        """Return ``inflow`` of so many steps ago: as many as they are at the start, or as they
        were at the step before where it ``follows``."""
        out = self.stock("pipeline", initial, scope)
        self.rate(out, Const(0.0), scope)
        source = self._slot_of(inflow, "inflow", scope, at_start=False)
        order = self._slot_of(steps, "order", scope, at_start=not follows)
        first = self._slot_of(initial, "first", scope, at_start=True)
        parts = (out.slots, source, order, first)
        self.fixed.append(tuple(part.ravel() for part in parts))  # type: ignore[arg-type]
        return out


def _flat(node: Node, shape: tuple[int, ...]) -> Node:
    """Return a node over (n, width) points as one over n × width points."""
    if len(shape) == 1:
        return node
    return reshaped(node, lambda cells: cells.reshape(-1, *cells.shape[len(shape) :]))
