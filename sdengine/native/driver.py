"""The one exported function of a kernel: run a block of members from start to stop."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sdengine.native.llvm import Tables, alignment, literal
from sdengine.native.plan import Plan

# Argument order of @run, shared with ``native``.
SIGNATURE = (
    "W",  # workspace: slots × lanes doubles
    "history",  # inputs of fixed delays: steps × fixed × lanes doubles of scratch
    "defaults",  # one double per program slot
    "rows",  # values that differ between the members of this block: rows × lanes doubles
    "stride",  # members kept side by side, padded
    "m0",  # first member of this block
    "events",  # (step, slot, row or -1) per change of a constant, ascending in step
    "event_values",  # the value where row is -1
    "n_events",
    "feeds",  # the same for data, on which nothing kept between steps depends
    "feed_values",
    "n_feeds",
    "feed_rows",  # random numbers of this block: rows × lanes doubles
    "flags",  # an integer for each invariant loop: bit 1 where a constant held through time
    # reaches it, bit 2 where a switch does
    "report",  # slots kept at every saved time
    "n_report",
    "totals",  # slots integrated between saved times
    "n_totals",
    "sums",  # n_totals × lanes doubles of scratch
    "out",  # saved × n_report × stride doubles, from a boundary of 64 bytes
    "out_totals",  # saved × n_totals × stride doubles, likewise
    "bad",  # first saved time with a value that is not finite, or -1: stride integers
    "steps",
    "saves",  # steps that are saved, ascending, and -1 behind them
    "begin",  # the step a run begins at: 0 unless it goes on from a state
    "state",  # (0, slot, row) per slot of that state
    "n_state",
    "state_rows",  # the state of this block: rows × lanes doubles
)

LINE = 8  # doubles in a line of a cache
_TEXT = Path(__file__).with_name("driver.ll").read_text(encoding="utf-8")


def driver(plan: Plan, lanes: int, tables: Tables) -> str:
    """Return the driver's text for a plan; its constant arrays go into ``tables``.

    Runge-Kutta keeps two values a stock behind the slots in use.
    """
    program, size = plan.program, plan.size
    moving = np.setdiff1d(program.moving, np.flatnonzero(plan.early | plan.swift))
    swift = np.flatnonzero(plan.swift)

    def splat(value: float) -> str:
        return "<" + ", ".join(f"double {literal(value)}" for _ in range(lanes)) + ">"

    words = {
        "ANY_BIT": f"llvm.vector.reduce.or.v{lanes}i64",
        "N_MOVING": str(len(moving)),
        "N_SWITCHES": str(len(plan.switches)),
        "MOVING": tables.add("i64", [*moving, 0]),
        "N_SWIFT": str(len(swift)),
        "SWIFT": tables.add("i64", [*swift, 0]),
        "SWITCHES": tables.add("i64", [*plan.switches.ravel(), 0]),
        "N_RAISED": str(len(program.non_negative)),
        "N_COPIES": str(len(program.copies)),
        "N_FIXED": str(len(program.fixed)),
        "RAISED": tables.add("i64", [*program.non_negative, 0]),
        "COPIES": tables.add("i64", [*program.copies.ravel(), 0]),
        "FIXED": tables.add("i64", [*program.fixed.ravel(), 0]),
        "IVEC": f"<{lanes} x i64>",
        "MVEC": f"<{lanes} x i1>",
        "VEC": f"<{lanes} x double>",
        "ZEROS": f"<{lanes} x i32> zeroinitializer",
        "LANES": str(lanes),
        "ALIGN": str(alignment(lanes)),
        "STREAMED": "align 64, !nontemporal !{i32 1}" if lanes >= LINE else "align 8",
        "SIZE": str(program.size),
        "STOCKS": str(program.stocks),
        "RATES": str(program.stocks * lanes),
        "STARTS": str(size * lanes),
        "SUMS": str((size + program.stocks) * lanes),
        "METHOD": program.method,
        "STEP_HALF": literal(program.step / 2),
        "STEP_SIXTH": literal(program.step / 6),
        "ONE": literal(1.0),
        "TWO": literal(2.0),
        "STEPS": splat(program.step),
        "HALF": splat(program.step / 2),
        "STEP": literal(program.step),
        "START": literal(program.start),
    }
    pattern = "|".join(sorted(words, key=len, reverse=True))
    return re.sub(rf"\b({pattern})\b|(?<=_)METHOD", lambda m: words[m.group(0)], _TEXT)
