"""Where a kernel's time goes, loop by loop: ``python -m benchmarks.loops MODEL.mdl``.

The processor's counter of time is read before and after every loop of a step, and around what
the driver does between two steps. Beside each loop stand its operations, what it reads and writes,
and the time its arithmetic alone would take (``limit``): a loop far above that waits for memory,
for gathers from long curves, or for results of its own. What takes more than a tenth of a
millisecond is left out, since then another program had the processor.
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.limit import SIMPLE, SLOW, throughput
from benchmarks.speed import drawn, stocks
from sdengine.native.emit import emit
from sdengine.native.jit import Native, compile_text, processor
from sdengine.native.plan import make_plan
from sdensemble import compile_model, read_model

WIDE = 'nounwind noinline "prefer-vector-width"="512" "min-legal-vector-width"="512"'
BETWEEN = re.compile(r"  (?:%\w+ = )?call \S+(?: x \w+>)? @(\w+)\([^)]*\)\n")
LOOPS = re.compile(r"  call void @(dynamic_\d+)\([^)]*\)\n")
LONGEST = 1e-4  # seconds


@dataclass(frozen=True)
class Row:
    """One loop: seconds a step, seconds of its arithmetic alone, and what it does at a point."""

    name: str
    seconds: float
    least: float
    points: int
    simple: int
    slow: int
    loads: int
    stores: int
    curves: int


def timed(text: str, calls: re.Pattern[str], spent: np.ndarray, longest: int) -> tuple[str, list]:
    """Return a function's text with every call timed into the next place of ``spent``."""
    names: list[str] = []

    def around(call: re.Match[str]) -> str:
        n, at = len(names), f"inttoptr (i64 {spent.ctypes.data + 8 * len(names)} to ptr)"
        names.append(call[1])
        return (
            f"  %begun{n} = call i64 @llvm.readcyclecounter()\n{call[0]}"
            f"  %ended{n} = call i64 @llvm.readcyclecounter()\n"
            f"  %took{n} = sub i64 %ended{n}, %begun{n}\n"
            f"  %own{n} = icmp ult i64 %took{n}, {longest}\n"
            f"  %some{n} = select i1 %own{n}, i64 %took{n}, i64 0\n"
            f"  %so.far{n} = load i64, ptr {at}\n"
            f"  %total{n} = add i64 %so.far{n}, %some{n}\n  store i64 %total{n}, ptr {at}\n"
        )

    return calls.sub(around, text), names


def measured(path: Path, members: int) -> tuple[list[Row], dict[str, float]]:
    """Return the loops of a model's kernel, and seconds a step of what else a step does."""
    model = read_model(path)
    kernel = compile_model(model)
    plan = make_plan(kernel.program, reciprocals=not processor().divides)
    rates = throughput()
    text = emit(plan, kernel.lanes, processor())
    spent, per_second = np.zeros(len(plan.dynamic) + 64, np.int64), _counts_a_second()
    longest, names = round(LONGEST * per_second), []
    whole = text + "\ndeclare i64 @llvm.readcyclecounter()\n"
    for head, calls in (("define internal void @dynamic(", LOOPS), ("define void @run(", BETWEEN)):
        start = whole.index(head)
        end = whole.index("\n}\n", start)
        part, found = timed(whole[start:end], calls, spent[len(names) :], longest)
        whole, names = whole[:start] + part + whole[end:], names + found
    whole = re.sub(r"(define internal void @dynamic_\d+\([^)]*\)) #0", r"\1 #9", whole)
    whole += f"attributes #9 = {{ {WIDE} }}\n"
    native = Native(compile_text(whole), "timed")
    timing = replace(kernel, made=replace(kernel.made, native=native))
    constants, kept = drawn(kernel, members), stocks(model)
    for _ in range(2):  # the first is not counted
        spent[:] = 0
        timing.run(constants, report=kept, threads=1)
    steps = (kernel.program.steps + 1) * -(-members // kernel.lanes)
    seconds = spent / per_second / steps
    rows = []
    for n, loop in enumerate(plan.dynamic):
        start = text.index(f"@dynamic_{n}(")
        lines = text[start : text.index("\n}\n", start)].splitlines()
        slow = sum(bool(SLOW.search(line)) for line in lines)
        simple = sum(bool(SIMPLE.search(line)) and "<" in line for line in lines)
        least = max(simple / rates[0], slow / rates[1]) * kernel.lanes * loop.points
        counts = (
            sum(what in line for line in lines) for what in ("= load <", "store <", "@curve_")
        )
        rows.append(Row(names[n], seconds[n], least, loop.points, simple, slow, *counts))
    between: dict[str, float] = {}
    for name, took in zip(names[len(rows) :], seconds[len(rows) :], strict=False):
        if name != "dynamic":
            between[name] = between.get(name, 0.0) + took
    return rows, between


def _counts_a_second() -> float:
    """Return how fast the processor's counter runs."""
    from sdengine.native.jit import loaded

    text = (
        "declare i64 @llvm.readcyclecounter()\ndefine void @run(ptr %p) {\n"
        "  %t = call i64 @llvm.readcyclecounter()\n  store i64 %t, ptr %p\n  ret void\n}\n"
    )
    read, at = loaded(text, "p"), np.zeros(1, np.int64)
    ends = []
    for _ in range(2):
        read(at.ctypes.data)
        ends.append((int(at[0]), time.perf_counter()))
        time.sleep(0.2)
    return (ends[1][0] - ends[0][0]) / (ends[1][1] - ends[0][1])


def main() -> None:
    """Print the loops of a kernel, the longest first, and what a step does beside them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--members", type=int, default=512)
    parser.add_argument("--most", type=int, default=30, help="loops shown")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rows, between = measured(args.model, args.members)
    print("loop          ns a step  limit  times  points  simple  slow  reads  writes  curves")
    for row in sorted(rows, key=lambda row: -row.seconds)[: args.most]:
        print(
            f"{row.name:13s} {row.seconds * 1e9:9.0f} {row.least * 1e9:6.0f} "
            f"{row.seconds / max(row.least, 1e-12):6.1f} {row.points:7d} {row.simple:7d} "
            f"{row.slow:5d} {row.loads:6d} {row.stores:7d} {row.curves:7d}"
        )
    total, least = (sum(getattr(row, key) for row in rows) for key in ("seconds", "least"))
    print(f"{len(rows)} loops  {total * 1e9:7.0f} {least * 1e9:6.0f} {total / least:6.1f}")
    for name, took in sorted(between.items(), key=lambda item: -item[1])[:6]:
        print(f"{name:13s} {took * 1e9:9.0f}")


if __name__ == "__main__":
    main()
