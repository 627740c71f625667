"""What the constants of a file alone say, where an equation needs it before any run."""

from __future__ import annotations

import numpy as np

from sdengine.functions import MEANINGS
from sdengine.functions.scope import LoweringError, Scope
from sdengine.ir import Const, Load, Node, Noise, Op, Slots, StepTime, Time, Values, nodes
from sdengine.limits import at_most, limit
from sdengine.program.slots import Ledger
from sdengine.syntax import Call, Expr, Kind, Model, Ref, Variable, fold, walk


class Known(Ledger):
    """Adds the values that give a program its shape: orders of delays, seeds, origins of time.

    A constant such a value hangs on can no longer be set for a run: it is ``structural``.
    """

    def __init__(self, model: Model):
        super().__init__(model)
        self.visited: list[str] = []
        self.held_time: Slots | None = None
        self.at_start = False  # whether Time counts as known: the order of a delay is set once

    def node(self, expr: Expr, scope: Scope) -> Node:
        """Return an expression over the points of ``scope``."""
        raise NotImplementedError

    def whole_number(self, node: Node) -> int:
        """Return the order of a delay or smooth; a constant that gives it can no longer move."""
        self.at_start = True
        value = self.constant(node)
        self.at_start = False
        if value is None or np.unique(value).size != 1 or float(np.ravel(value)[0]) < 1:
            raise LoweringError("the order of a delay or smooth must be a constant of at least 1")
        order = float(np.ravel(value)[0])
        if not order <= limit("ORDER"):
            raise LoweringError(
                f"has a delay or smooth of {order:,.0f} stages; {at_most('ORDER', 'taken')}"
            )
        self._bind(node)
        return int(order)

    def fixed_value(self, node: Node) -> np.ndarray | None:
        """Return a node's value where constants give it, which can then no longer move."""
        value = self.constant(node)
        if value is not None:
            self._bind(node)
        return value

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
        slots = self.allocate(f"{self.current} · noise {calls + 1}", scope.shape, stock=False)
        self.noises.append(Noise(name, slots.ravel(), number))
        return Load(slots)

    def step_time(self) -> Node:
        """Return the time at the start of a step, which Runge-Kutta's stages leave alone."""
        if self.model.clock.method == "euler":
            return Time()
        if self.held_time is None:
            self.held_time = self.allocate(" · step time", (1,), stock=False)
            self.feeds.append(StepTime(" · step time", self.held_time, (), ""))
        return Load(self.held_time)

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
                scope, target = self.points(variable, equation)
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
        if isinstance(node, Values):
            return node.values
        if isinstance(node, Time) and self.at_start:
            return np.asarray(self.model.clock.start)
        if isinstance(node, Load):
            return self._constant_slots(node.slots)
        if not isinstance(node, Op):
            return None
        parts = [self.constant(part) for part in node.parts]
        with np.errstate(all="ignore"):
            return None if any(p is None for p in parts) else MEANINGS[node.name](*parts)

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
                scope, target = self.points(variable, equation)
                if not np.isin(target, wanted).any():
                    continue
                if any(
                    isinstance(e, Call) and e.function not in MEANINGS for e in walk(equation.expr)
                ):
                    return None
                value = self.constant(self.node(equation.expr, scope))
                if value is None:
                    return None
                out.reshape(-1)[target - first] = value
        finally:
            self.visited.pop()
        return out
