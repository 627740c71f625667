"""What is taken out of the step, and what is computed in a loop of its own.

What only constants reach is computed once, and again when a constant changes; with it what hangs
on time only through comparisons, which change now and then; what is the same at every point of a
loop, once per loop instead of once per point; and, where the processor divides slowly, the
reciprocals of divisors of either kind, or of those that many points share (a quotient is got back
from one, to the last bit: ``llvm.Body.quotient``).

A power is computed in two loops, the logarithm of its base and then the rest: the processor
works ahead by a few hundred operations, and two short chains of them fit where a long one that
waits for itself does not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sdengine.functions import MEANINGS, OPERATIONS
from sdengine.functions.arithmetic import WRITTEN_OUT
from sdengine.ir import (
    Const,
    Fold,
    Interp,
    Key,
    Load,
    Node,
    Op,
    Program,
    Slots,
    Statement,
    Time,
    Values,
    interp,
    nodes,
    reshaped,
)


class Hoister:
    """Splits statements into an invariant and a dynamic part, sharing temporaries."""

    def __init__(self, program: Program, reciprocals: bool):
        self.program = program
        self.reciprocals = reciprocals
        self.size = program.size
        self.invariant: list[Statement] = []
        self.dynamic: list[Statement] = []
        self.asked: dict[int, tuple[Node, bool]] = {}
        self.temporaries: dict[tuple[Key, int], Slots] = {}
        self.frozen = np.zeros(program.size, bool)
        for statement in program.initial:
            self.frozen[statement.target] = True
        self.frozen[: 2 * program.stocks] = False
        for statement in program.dynamic:
            self.frozen[statement.target] = False
        self.constant = np.isfinite(program.defaults) | self.frozen
        self.switch: list[Statement] = []
        self.switches: dict[Key, tuple[int, int]] = {}  # slots (now, before)
        self.switched = np.zeros(program.size, bool)  # slots that hang on a switch

    def add(self, statement: Statement) -> None:
        """Place one statement, with what can be taken out of it taken out."""
        self.asked.clear()
        if self._is_invariant(statement.expr):
            self.constant[statement.target] = True
            self._settle(statement)
            return
        expr = self._inside(statement.expr, statement.points)
        self.dynamic.append(replace(statement, expr=expr))

    def _is_invariant(self, node: Node) -> bool:
        """Whether only constants reach a node; asked at every level, so remembered."""
        if id(node) not in self.asked:
            self.asked[id(node)] = node, self._reached_by_constants(node)
        return self.asked[id(node)][1]

    def _reached_by_constants(self, node: Node) -> bool:
        if isinstance(node, Time):
            return False
        if self._is_switch(node):
            return True
        if isinstance(node, Load):
            return bool(_marked(self.constant, node.slots).all())
        return all(self._is_invariant(part) for part in node.parts)

    def _is_switch(self, node: Node) -> bool:
        """Whether a node is a number that time alone changes, and that only now and then.

        Between the stages of a Runge-Kutta step there is nobody to look, so there are none then.
        """
        return (
            isinstance(node, Op)
            and OPERATIONS[node.name].seldom
            and node.uniform
            and self.program.method == "euler"
            and any(isinstance(part, Time) for part in nodes(node))
            and all(self._is_steady(part) for part in nodes(node) if not part.parts)
        )

    def _is_steady(self, leaf: Node) -> bool:
        if not isinstance(leaf, Load):
            return True
        slots = leaf.slots
        return bool(_marked(self.constant, slots).all()) and not self.hangs_on_switch(slots)

    def hangs_on_switch(self, slots: Slots) -> bool:
        """Whether what only switches and constants reach is in one of the slots."""
        return bool(_marked(self.switched, slots).any())

    def _settle(self, statement: Statement) -> None:
        """Place an invariant statement, reading what switches were."""
        expr = self._with_switches(statement.expr, (statement.points,))
        if any(isinstance(n, Load) and self.hangs_on_switch(n.slots) for n in nodes(expr)):
            self.switched = _mark(self.switched, statement.target)
        self.invariant.append(replace(statement, expr=expr))

    def _with_switches(self, node: Node, shape: tuple[int, ...]) -> Node:
        if self._is_switch(node):
            return Load(np.full(shape, self._before(_first(node)), np.int64))
        if not node.parts:
            return node
        inner = (*shape, node.width) if isinstance(node, Fold) else shape
        return replace(node, parts=tuple(self._with_switches(p, inner) for p in node.parts))  # type: ignore[type-var]

    def _before(self, node: Node) -> int:
        """Return the slot of what a switch was when last looked at."""
        if node.key not in self.switches:
            now, before = self.size, self.size + 1
            self.size += 2
            self.switches[node.key] = now, before
            self.switch.append(Statement("·", np.array([now]), node))
            self.constant = _mark(self.constant, np.array([before]))
            self.switched = _mark(self.switched, np.array([before]))
        return self.switches[node.key][1]

    def _inside(self, node: Node, points: int) -> Node:
        """Return ``node`` with its hoistable parts replaced by loads; never hoists itself."""
        if isinstance(node, Fold):
            return replace(node, parts=(self._take(node.parts[0], points, node.width),))
        if isinstance(node, Op) and node.name == "pow" and points > 1:
            return self._power(node, points)
        if isinstance(node, Op) and node.name == "div" and self.reciprocals:
            above, below = node.parts
            if self._cheap_reciprocal(below, points):
                one_over = Op("div", (Const(1.0), below))
                return Op(
                    "quotient",
                    tuple(self._take(part, points) for part in (above, below, one_over)),
                )
            if few := _distinct(below, points):
                return self._by_few(self._take(above, points), below, *few)
        if not node.parts:
            return node
        return replace(node, parts=tuple(self._take(p, points) for p in node.parts))  # type: ignore[type-var]

    def _by_few(self, above: Node, below: Node, first: Slots, which: Slots) -> Node:
        """Return a quotient whose divisor is computed, and its reciprocal too, at its distinct
        points alone."""
        few = reshaped(below, lambda cells: cells[first])
        divisors = few.slots if isinstance(few, Load) else self._temporary(few, len(first), False)
        one_over = Op("div", (Const(1.0), Load(divisors)))
        reciprocals = self._temporary(one_over, len(first), False)
        return Op("quotient", (above, Load(divisors[which]), Load(reciprocals[which])))

    def _power(self, node: Op, points: int) -> Node:
        """Return a power with the logarithm of its base as a temporary."""
        base, exponent = self._slot(node.parts[0], points), self._take(node.parts[1], points)
        written_out = isinstance(exponent, Const) and exponent.value in WRITTEN_OUT
        if written_out or not isinstance(base, Load):
            return Op("pow", (base, exponent))
        logarithm = self._slot(Op("log2_mantissa", (base,)), points)
        return Op("power_of", (base, exponent, logarithm))

    def _slot(self, node: Node, points: int) -> Node:
        """Return a load of ``node``'s value, which is kept in a temporary, or a literal."""
        if not node.parts or node.uniform or self._is_invariant(node):
            return self._take(node, points)
        return Load(self._temporary(node, points, False))

    def _cheap_reciprocal(self, node: Node, points: int) -> bool:
        if isinstance(node, Const):
            return np.isfinite(node.value) and node.value != 0
        return self._is_invariant(node) or (points > 1 and node.uniform)

    def _take(self, node: Node, points: int, width: int = 0) -> Node:
        """Return a load of a temporary in place of ``node`` where that saves work.

        ``width`` is that of the reduction the node stands in, 0 outside reductions.
        """
        if isinstance(node, Op) and all(isinstance(p, Const) for p in node.parts):
            return _folded_constant(node)
        if self._is_switch(node):
            return self._with_switches(node, (points, width) if width else (points,))
        if not node.parts or (width and isinstance(node, Fold)):
            return node
        invariant = self._is_invariant(node)
        if node.uniform and (invariant or points > 1 or width):
            slots = self._temporary(_first(node), 1, invariant)
            shape = (points, width) if width else (points,)
            return Load(np.full(shape, slots[0], np.int64))
        if width:
            parts = tuple(self._take(p, points, width) for p in node.parts)
            return replace(node, parts=parts)  # type: ignore[type-var]
        return (
            Load(self._temporary(node, points, True)) if invariant else self._inside(node, points)
        )

    def _temporary(self, node: Node, points: int, invariant: bool) -> Slots:
        key = (node.key, points)
        if key not in self.temporaries:
            slots = np.arange(self.size, self.size + points, dtype=np.int64)
            self.size += points
            self.temporaries[key] = slots
            if invariant:
                self.constant = _mark(self.constant, slots)
                self._settle(Statement("·", slots, node))
            else:
                self.dynamic.append(Statement("·", slots, self._inside(node, points)))
        return self.temporaries[key]


def _distinct(node: Node, points: int) -> tuple[Slots, Slots] | None:
    """Return the points at which a node is not the same as at one before, and for each point
    which of those it is like; None where they are more than half."""
    columns = []
    for part in nodes(node):
        for array in (getattr(part, name, None) for name in ("slots", "values", "which")):
            if array is not None:
                columns.append(array.reshape(points, -1))
                if 2 * len(set(columns[-1][:, 0].tolist())) > points:
                    return None
    every = np.concatenate([*columns, np.zeros((points, 1))], axis=1)
    _, first, which = np.unique(every, axis=0, return_index=True, return_inverse=True)
    return (first, which.ravel()) if 2 * len(first) <= points else None


def _marked(mask: np.ndarray, slots: Slots) -> np.ndarray:
    """Return which slots are marked; those a mask does not reach are not."""
    return (slots < len(mask)) & mask[np.minimum(slots, len(mask) - 1)]


def _mark(mask: np.ndarray, slots: Slots) -> np.ndarray:
    grown = np.zeros(max(len(mask), slots.max() + 1), bool)
    grown[: len(mask)] = mask
    grown[slots] = True
    return grown


def _first(node: Node) -> Node:
    """Return a uniform node as one over a single point."""
    if isinstance(node, Load):
        return Load(node.slots.reshape(-1)[:1])
    if isinstance(node, Values):
        return Const(float(node.values.flat[0]))
    if isinstance(node, Interp) and node.which is not None:
        return interp(node.curves, node.which.reshape(-1)[:1], _first(node.parts[0]))
    if node.parts:
        return replace(node, parts=tuple(_first(p) for p in node.parts))  # type: ignore[type-var]
    return node


def _folded_constant(node: Op) -> Const:
    with np.errstate(all="ignore"):
        return Const(float(MEANINGS[node.name](*(np.float64(p.value) for p in node.parts))))  # type: ignore[attr-defined]
