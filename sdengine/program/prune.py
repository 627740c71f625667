"""Program → the part of it that some variables hang on: less to compute where little is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from sdengine.ir import Noise, Program, Slots


def pruned(program: Program, names: Iterable[str]) -> Program:
    """Return the program without what no variable in ``names`` hangs on, through stocks too.

    Slots keep their numbers and statements their order and arithmetic, so what is left has the
    same bits. A stock that nothing needs stays at its first value. ``slots`` holds only what
    still has a value, and ``kept`` the slots of ``names``: no other is looked at after a step.
    """
    names = tuple(names)
    parts = [np.empty(0, np.int64), *(program.where(name).ravel() for name in names)]
    kept = np.unique(np.concatenate(parts))
    needed = _needed(program, kept)
    dynamic = tuple(s for s in program.dynamic if needed[s.target].any())
    lost = np.zeros(program.size, bool)
    for statement in program.dynamic:
        lost[statement.target] = True
    for statement in dynamic:
        lost[statement.target] = False
    defaults = program.defaults.copy()
    rates = slice(program.stocks, 2 * program.stocks)
    defaults[rates][lost[rates]] = 0.0
    lost[: program.stocks] = ~needed[: program.stocks]
    slots = {n: at for n, at in program.slots.items() if not lost[program.where(n)].any()}
    return replace(
        program,
        slots=slots,
        defaults=defaults,
        dynamic=dynamic,
        copies=program.copies[needed[program.copies[:, 0]]],
        fixed=program.fixed[needed[program.fixed[:, 0]]],
        noises=tuple(noise for noise in program.noises if _used(noise, needed)),
        kept=kept,
        still=np.flatnonzero(~needed[: program.stocks]),
    )


def _used(noise: Noise, needed: np.ndarray) -> bool:
    return bool(needed[noise.slots].any())


def _needed(program: Program, kept: Slots) -> np.ndarray:
    """Return which slots the kept ones hang on, themselves included."""
    sources: dict[int, Slots] = {}
    for statement in program.dynamic:
        reads = np.union1d(statement.reads, statement.target)  # computed whole or not at all
        sources |= dict.fromkeys(statement.target.tolist(), reads)
    for stock in range(program.stocks):
        sources[stock] = np.array([stock + program.stocks])
    for rows in (program.copies, program.fixed):
        for state, *behind in rows.tolist():
            sources[state] = np.union1d(sources[state], behind)
    needed = np.zeros(program.size, bool)
    todo = kept.tolist()
    while todo:
        slot = todo.pop()
        if not needed[slot]:
            needed[slot] = True
            todo += sources.get(slot, kept[:0]).tolist()
    return needed
