"""The end of lowering: slots get their final numbers, statements their order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from sdengine.ir import Load, Node, Program, Slots, Statement
from sdengine.program.order import sort_statements
from sdengine.program.statements import Statements
from sdengine.syntax import Model, Variable


def finish(model: Model, stated: Statements, structural: Set[str]) -> Program:
    """Number the slots for good, order the statements, and return the Program.

    ``structural`` names the constants that no run can set.
    """
    stocks, clock = stated.stock_slots, model.clock
    table = _Renumber(stocks)
    size = 2 * stocks + stated.plain_slots
    slots = {n: (int(table(np.array(f))), s) for n, (f, s) in stated.slots.items()}
    constants = [v for v in model.variables.values() if v.value is not None]
    defaults = _defaults(constants, slots, size)
    feeds = tuple(replace(feed, slots=table(feed.slots)) for feed in stated.feeds)
    noises = tuple(replace(noise, slots=table(noise.slots)) for noise in stated.noises)
    dynamic = [table.statement(s) for s in (*stated.dynamic, *stated.rates)]
    initial = [table.statement(s) for s in stated.initial]
    given = np.isfinite(defaults)
    for fed in [*(feed.slots for feed in feeds), *(noise.slots for noise in noises)]:
        given[fed] = True
    for first, shape in (slots[name] for name in stated.unfed):
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

    def owner_of(slot: int) -> str:
        for name, (first, shape) in slots.items():
            if name in model.variables and first <= slot < first + math.prod(shape):
                cell = np.unravel_index(slot - first, shape) if shape else ()
                dims = model.variables[name].dims
                inside = [model.ranges[d][i] for d, i in zip(dims, cell, strict=True)]
                return f'"{name}"' + (f"[{','.join(inside)}]" if inside else "")
        return ""

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
        initial=sort_statements(
            _first_pass(initial, dynamic, size), given, model.path.name, owner_of
        ),
        dynamic=sort_statements(dynamic, before_step, model.path.name, owner_of),
        method=clock.method,
        settable=(frozenset(v.name for v in constants) | {feed.name for feed in feeds}) - structural
        | set(stated.unfed),
        feeds=feeds,
        unfed=frozenset(stated.unfed),
        noises=noises,
        void=np.flatnonzero(void),
        copies=_columns(stated.copies, 2, table),
        fixed=_columns(stated.fixed, 4, table),
        non_negative=table(np.concatenate([*stated.non_negative, np.empty(0, np.int64)])),
    )


def _defaults(
    constants: Sequence[Variable],
    slots: Mapping[str, tuple[int, tuple[int, ...]]],
    size: int,
) -> np.ndarray:
    out = np.full(size, np.nan)
    for variable in constants:
        first, value = slots[variable.name][0], np.ravel(variable.value)  # type: ignore[arg-type]
        out[first : first + value.size] = value
    return out


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
        behind = -1 - slots  # a stock twice, and one more for its rate
        negative = (behind >> 1) + (behind & 1) * self.stocks
        return np.where(slots >= 0, slots + 2 * self.stocks, negative).astype(np.int64)

    def statement(self, statement: Statement) -> Statement:
        return replace(statement, target=self(statement.target), expr=self.expr(statement.expr))

    def expr(self, node: Node) -> Node:
        if isinstance(node, Load):
            return Load(np.ascontiguousarray(self(node.slots)))
        if node.parts:
            return replace(node, parts=tuple(self.expr(part) for part in node.parts))  # type: ignore[type-var]
        return node
