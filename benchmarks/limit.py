"""Where the physical limit of a kernel lies: its operations against this processor's throughput.

The operations of one step are counted in the text of the kernel itself: every arithmetic vector
instruction (our exp, log and pow included, reductions and moves between lanes left out) times
the points of its loop. The limit is the larger of two times, as if they overlapped perfectly and
loads and stores were free: simple operations at the measured throughput of independent fused
multiply-adds, and divisions and square roots at that of independent divisions. Processors that
add beside multiplying can beat the first a little.
"""

from __future__ import annotations

import ctypes
import re
import time

from sdengine.ir import Program
from sdengine.native.emit import emit
from sdengine.native.jit import loaded, processor
from sdengine.native.plan import make_plan

SIMPLE = re.compile(
    r"= (?:fadd|fsub|fmul|fneg|fcmp|select|add|sub|shl|ashr|lshr|and|sitofp|"
    r"call [^@]*@llvm\.(?:fmuladd|fma|fabs|trunc|umax|x86))"
)
SLOW = re.compile(r"= (?:fdiv|call [^@]*@llvm\.sqrt)")
WIDTH = re.compile(r"<(\d+) x (?:double|i64)>")


def limit(program: Program, rates: tuple[float, float]) -> tuple[float, dict[str, float]]:
    """Return the least microseconds a member on one core, and the operations of one step."""
    lanes = 8
    plan = make_plan(program, reciprocals=not processor().divides)
    text = emit(plan, lanes, processor())
    counts = {"simple": 0.0, "slow": 0.0}
    for number, loop in enumerate(plan.dynamic):
        start = text.index(f"@dynamic_{number}(")
        body = text[start : text.index("\n}\n", start)]
        for line in body.splitlines():
            if "<8 x" not in line and "llvm." not in line:
                continue
            if SLOW.search(line):
                counts["slow"] += loop.points
            elif SIMPLE.search(line):
                counts["simple"] += loop.points
    steps = program.steps + 1
    times = [counts[k] * steps / rate * 1e6 for k, rate in zip(counts, rates, strict=True)]
    return max(times), counts


def throughput() -> tuple[float, float]:
    """Return fused multiply-adds and divisions of doubles a second, on one core."""
    return _rate("fma"), _rate("fdiv")


def _rate(kind: str) -> float:
    chains, rounds = 24 if kind == "fma" else 8, 2_000_000
    v = "<8 x double>"
    head = "".join(
        f"  %x{c} = phi {v} [ %start, %entry ], [ %y{c}, %loop ]\n" for c in range(chains)
    )
    body = "".join(
        f"  %y{c} = call {v} @llvm.fma.v8f64({v} %x{c}, {v} %start, {v} %start)\n"
        if kind == "fma"
        else f"  %y{c} = fdiv {v} %start, %x{c}\n"
        for c in range(chains)
    )
    ends = "".join(
        f"  %s{c} = fadd {v} %y{c}, {'%s' + str(c - 1) if c else '%start'}\n" for c in range(chains)
    )
    text = (
        f"declare {v} @llvm.fma.v8f64({v}, {v}, {v})\n"
        f"define void @run(ptr %p, i64 %n) #0 {{\nentry:\n  %start = load {v}, ptr %p, align 8\n"
        f"  br label %loop\nloop:\n  %i = phi i64 [ 0, %entry ], [ %j, %loop ]\n{head}{body}"
        f"  %j = add i64 %i, 1\n  %more = icmp ult i64 %j, %n\n"
        f"  br i1 %more, label %loop, label %end\nend:\n{ends}"
        f"  store {v} %s{chains - 1}, ptr %p, align 8\n  ret void\n}}\n"
        'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }\n'
    )
    call = loaded(text, "pi")
    numbers = (ctypes.c_double * 8)(*[0.999] * 8)
    best = 1e9
    for _ in range(5):
        begun = time.process_time()
        call(ctypes.addressof(numbers), rounds)
        best = min(best, time.process_time() - begun)
        numbers[:] = [0.999] * 8
    return chains * rounds * 8 / best
