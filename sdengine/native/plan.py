"""Program → Plan: what is computed when, and which statements share a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdengine.ir import Load, Program, Slots, Statement, nodes
from sdengine.native.hoist import Hoister
from sdengine.native.layout import Layout
from sdengine.native.loops import BODY, Loop, group
from sdengine.program.order import sort_statements


@dataclass(frozen=True, eq=False)
class Plan:
    """The loops of a kernel: ``initial`` at the start, ``invariant`` whenever constants or
    switches have changed, ``switch`` and ``dynamic`` at every step. ``size`` counts slots,
    temporaries included. ``stored`` marks the slots that anything beyond the dynamic loop that
    computes them looks at at every step, ``kept`` those that are looked at where a step is saved.
    Each row (now, before) of ``switches`` is a switch: the slot the switch loops write at every
    step, and the one that holds what the others have seen. Stocks in ``early`` are moved on by
    the dynamic loop that computes their rate, those in ``swift`` too where the step is not saved,
    all others after the loops."""

    program: Program
    initial: tuple[Loop, ...]
    invariant: tuple[Loop, ...]
    switch: tuple[Loop, ...]
    dynamic: tuple[Loop, ...]
    size: int
    stored: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    switches: NDArray[np.int64]
    early: NDArray[np.bool_]
    swift: NDArray[np.bool_]

    def moves(self, statement: Statement, stocks: NDArray[np.bool_]) -> bool:
        """Whether this is the rate of some of these stocks."""
        return bool(stocks[_stocks_moved(statement, self.program)].any())

    @property
    def layout(self) -> Layout:
        """What a run has to know of it."""
        loops = (tuple((s.target, s.reads) for s in loop.statements) for loop in self.invariant)
        return Layout(self.size, self.switches, tuple(loops))


def make_plan(program: Program, *, reciprocals: bool = True, body: int = BODY) -> Plan:
    """Return the Plan of a Program; ``reciprocals`` says whether divisors' are kept, ``body`` how
    much work stands in a loop."""
    hoister = Hoister(program, reciprocals)
    for statement in program.dynamic:
        hoister.add(statement)
    constant = np.isfinite(program.defaults)  # data are not: they change with time
    fixed = np.zeros(hoister.size, bool)
    fixed[: program.size] = constant | hoister.frozen[: program.size]
    before_step = fixed.copy()
    before_step[: program.stocks] = True
    before_step[program.fed] = True
    for statement in hoister.invariant:
        before_step[statement.target] = True
    switches = np.array([*hoister.switches.values()], np.int64).reshape(-1, 2)
    before_step[switches.ravel()] = True
    fixed[switches[:, 1]] = True
    start = np.zeros(hoister.size, bool)
    start[: program.size] = constant
    start[program.fed] = True
    where = program.name
    dynamic = group(sort_statements(hoister.dynamic, before_step, where), before_step, body)
    kept, always = _kept(program, hoister.size), program.save_every == 1
    early, swift = _moved_in_loops(program, dynamic)
    swift &= not always
    # what hangs on a switch stands behind all that does not, in loops of its own
    invariant = sort_statements(hoister.invariant, fixed, where)
    steady = [s for s in invariant if not hoister.hangs_on_switch(s.target)]
    switched = [s for s in invariant if hoister.hangs_on_switch(s.target)]
    settled = fixed.copy()  # what stands when the switched ones are computed: none of themselves
    for statement in steady:
        settled[statement.target] = True
    return Plan(
        program=program,
        initial=group(program.initial, start, body),
        invariant=group(steady, fixed, body) + group(switched, settled, body),
        switch=group(hoister.switch, before_step, body),
        dynamic=dynamic,
        size=hoister.size,
        stored=before_step | _stored(program, dynamic, hoister.size) | (kept & always),
        kept=kept,
        switches=switches,
        early=early,
        swift=swift,
    )


def _moved_in_loops(
    program: Program, loops: Sequence[Loop]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the stocks that the loops move on at every step, and those they move on where the
    step is not saved: a run may be asked to keep them."""
    early = _unread(program, loops)
    swift = early & _kept(program, program.size)[: program.stocks]
    for statement in (s for loop in loops for s in loop.statements):  # all of its stocks or none
        moved = _stocks_moved(statement, program)
        early[moved] = early[moved].all()
        swift[moved] = early[moved] & swift[moved].any()
    return early & ~swift, swift


def _unread(program: Program, loops: Sequence[Loop]) -> NDArray[np.bool_]:
    """Return the stocks that nothing in a step reads once their rate is known.

    Whoever reads one stands in an earlier loop, or reads it at its own point of the same loop.
    """
    early = np.zeros(program.stocks, bool)
    if program.method != "euler":
        return early
    where = np.full(program.stocks, -1)
    for number, loop in enumerate(loops):
        for statement in loop.statements:
            where[_stocks_moved(statement, program)] = number
    early |= where >= 0
    between = np.concatenate([program.copies[:, 1], program.fixed[:, 1]])
    early[between[between < program.stocks]] = False
    for number, loop in enumerate(loops):
        own = {Load(s.target - program.stocks).key for s in loop.statements}
        for node in (n for s in loop.statements for n in nodes(s.expr) if isinstance(n, Load)):
            read = node.slots[node.slots < program.stocks]
            early[read[where[read] < number]] = False
            if node.key not in own:
                early[read[where[read] == number]] = False
            rates = node.slots[(node.slots >= program.stocks) & (node.slots < 2 * program.stocks)]
            early[rates - program.stocks] = False
    return early


def _stocks_moved(statement: Statement, program: Program) -> Slots:
    """Return the stocks whose rates a statement computes: none, or one at each point."""
    stocks = statement.target - program.stocks
    is_rate = (stocks >= 0) & (stocks < program.stocks)
    return stocks if is_rate.all() else stocks[:0]


def _kept(program: Program, size: int) -> NDArray[np.bool_]:
    """Return the slots that a run may be asked to keep."""
    out = np.zeros(size, bool)
    out[slice(program.size) if program.kept is None else program.kept] = True
    return out


def _stored(program: Program, loops: Sequence[Loop], size: int) -> NDArray[np.bool_]:
    """Return the slots read by a loop other than their own, in a reduction, or after a step."""
    out = np.zeros(size, bool)
    out[: 2 * program.stocks] = True
    out[program.copies.ravel()] = True
    out[program.fixed.ravel()] = True
    owner = np.full(size, -1)
    for number, loop in enumerate(loops):
        for statement in loop.statements:
            owner[statement.target] = number
            for node in nodes(statement.expr):
                if isinstance(node, Load):
                    reduced = node.slots.ndim > 1
                    out[node.slots] |= reduced | (owner[node.slots] != number)
    return out
