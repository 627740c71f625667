"""What the constants of a file alone say, where an equation needs it before any run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sdengine.errors import Message
from sdengine.functions import MEANINGS
from sdengine.functions.scope import LoweringError, Scope
from sdengine.ir import Const, Load, Node, Op, Slots, Time, Values, nodes
from sdengine.limits import at_most, limit
from sdengine.program.names import Names
from sdengine.program.statements import Statements
from sdengine.syntax import Call, Expr, Kind, Model, Ref, Variable, fold, walk

Lower = Callable[[Expr, Scope], Node]


class Constants:
    """The values that give a program its shape: orders of delays, seeds, origins of time.

    A constant such a value hangs on can no longer be set for a run: it is ``structural``.
    ``lower`` makes an expression of an equation the value hangs on.
    """

    def __init__(self, model: Model, names: Names, statements: Statements, lower: Lower):
        self.model, self.variables, self.statements = model, names.variables, statements
        self.lower = lower
        self.structural: set[str] = set()
        self.visited: list[str] = []
        self.at_start = False  # whether Time counts as known: the order of a delay is set once

    def whole_number(self, node: Node) -> int:
        """Return the order of a delay or smooth; a constant that gives it can no longer move."""
        self.at_start = True
        value = self.value(node)
        self.at_start = False
        if value is None or np.unique(value).size != 1 or float(np.ravel(value)[0]) < 1:
            raise LoweringError(
                Message("the order of a delay or smooth must be a constant of at least 1")
            )
        order = float(np.ravel(value)[0])
        if not order <= limit("ORDER"):
            raise LoweringError(
                Message(
                    "has a delay or smooth of {order:,.0f} stages; {most}",
                    order=order,
                    most=at_most("ORDER", "taken"),
                )
            )
        self._bind(node)
        return int(order)

    def fixed(self, node: Node) -> np.ndarray | None:
        """Return a node's value where constants give it, which can then no longer move."""
        value = self.value(node)
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
        if variable.name not in self.statements.slots or variable.name in self.visited:
            return
        own = self.statements.where(variable.name)
        if not np.isin(own, slots).any():
            return
        if variable.value is not None:
            self.structural.add(variable.name)
            return
        self.visited.append(variable.name)  # an auxiliary: what it is computed from
        try:
            for equation in variable.equations:
                scope, target = self.statements.points(variable, equation)
                if np.isin(target, slots).any():
                    for ref in (e for e in walk(equation.expr) if isinstance(e, Ref)):
                        if fold(ref.name) in self.variables:
                            self._bind(self.lower(ref, scope))
        finally:
            self.visited.pop()

    def value(self, node: Node) -> np.ndarray | None:
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
        parts = [self.value(part) for part in node.parts]
        with np.errstate(all="ignore"):
            return None if any(p is None for p in parts) else MEANINGS[node.name](*parts)

    def _constant_slots(self, slots: Slots) -> np.ndarray | None:
        for variable in self.variables.values():
            if variable.name not in self.statements.slots:
                continue
            own = self.statements.where(variable.name)
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
        first = self.statements.where(variable.name).flat[0]
        self.visited.append(variable.name)
        try:
            for equation in variable.equations:
                scope, target = self.statements.points(variable, equation)
                if not np.isin(target, wanted).any():
                    continue
                if any(
                    isinstance(e, Call) and e.function not in MEANINGS for e in walk(equation.expr)
                ):
                    return None
                value = self.value(self.lower(equation.expr, scope))
                if value is None:
                    return None
                out.reshape(-1)[target - first] = value
        finally:
            self.visited.pop()
        return out


def behind_final_time(model: Model) -> set[str]:
    """Return what FINAL TIME is computed from, however far, where it is an equation."""
    todo = [name for name in model.variables if fold(name) == "final time"]
    found: set[str] = set()
    while todo:
        for equation in model[todo.pop()].equations:
            refs = (part for part in walk(equation.expr) if isinstance(part, Ref))
            names = {model.name_of(ref.name) for ref in refs} - found - {None}
            new = {str(name) for name in names}
            found |= new
            todo += new
    return found
