"""Writing LLVM assembly: literals, constant arrays, and function bodies of vector operations."""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from sdengine.ir import Slots

T = TypeVar("T")


class Tables:
    """Constant arrays of the module, each stored once."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, bytes], str] = {}
        self.lines: list[str] = []

    def add(self, kind: str, values: Sequence[float] | np.ndarray) -> str:
        """Return the name of a constant array of ``kind`` (i64 or double)."""
        data = np.ascontiguousarray(values, np.int64 if kind == "i64" else np.float64)
        key = (kind, data.tobytes())
        if key not in self.names:
            name = self.names[key] = f"@table{len(self.names)}"
            cells = ", ".join(f"{kind} {_scalar(kind, v)}" for v in data)
            self.lines.append(
                f"{name} = private unnamed_addr constant [{len(data)} x {kind}] [{cells}]"
            )
        return self.names[key]

    def variable(self, value: float) -> str:
        """Return the name of a number, twice, that the compiler must read from memory."""
        key = ("variable", literal(value).encode())
        if key not in self.names:
            name = self.names[key] = f"@number{len(self.names)}"
            both = ", ".join([f"double {literal(value)}"] * 2)
            self.lines.append(f"{name} = global <2 x double> <{both}>, align 16")
        return self.names[key]

    def text(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines) + "\n"


def _scalar(kind: str, value: float) -> str:
    return str(int(value)) if kind == "i64" else literal(float(value))


def alignment(lanes: int) -> int:
    """Return the bytes on whose multiples a vector in the workspace lies."""
    return min(64, 8 * lanes)


def literal(value: float) -> str:
    """Return a double as LLVM writes it, bit for bit."""
    return "0x" + struct.pack(">d", value).hex().upper()


@dataclass(frozen=True)
class Processor:
    """What the text may make use of: ``fused``, a multiply-add with one rounding, which changes
    the last bits of exp, log and pow, and without which they split products; ``permutes``, the
    instruction of AVX-512 that looks up eight entries of a table of sixteen at once, which
    changes no bit; ``divides``, quick division: one costs less than getting it back from a kept
    reciprocal; ``webassembly``, that it is none: the text is for a browser (see
    ``native.narrow``), which changes last bits of pow. ``doubles`` stand in one register, which
    decides how many members run side by side and no bit."""

    fused: bool
    permutes: bool
    divides: bool = False
    webassembly: bool = False
    doubles: int = 8


class Body:
    """The text of one function: fresh names, blocks, and the values already at hand."""

    def __init__(self, lanes: int, tables: Tables, processor: Processor):
        self.lanes = lanes
        self.processor = processor
        self.vector = f"<{lanes} x double>"
        self.whole_vector = f"<{lanes} x i64>"
        self.mask = f"<{lanes} x i1>"
        self.tables = tables
        self.lines: list[str] = []
        self.ahead: list[str] = []  # what stands before the loop over points
        self.count = 0
        self.block = "entry"
        self.known: dict[Hashable, Any] = {}

    def new(self, text: str) -> str:
        """Append ``%name = text`` and return the name."""
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self, name: str) -> None:
        """Begin a block of this name."""
        self.lines.append(f"{name}:")
        self.block = name

    def around(self) -> tuple[str, str]:
        """Return what stands in a function before its statements and after them."""
        return "entry:\n", ""

    def begin_loop(self, written: Slots) -> None:
        """Begin the loop over points, which writes these slots."""
        self.lines.append("  br label %loop")
        self.block = "loop"

    def fresh(self, stem: str) -> str:
        """Return a name not used before."""
        self.count += 1
        return f"{stem}{self.count}"

    # ── vector operations ──────────────────────────────────────────────────────────────────

    def splat(self, kind: str, value: str) -> str:
        """Return a vector constant with one value in every lane."""
        return "<" + ", ".join(f"{kind} {value}" for _ in range(self.lanes)) + ">"

    def number(self, value: float) -> str:
        """Return a number in every lane."""
        return self.splat("double", literal(value))

    def whole(self, value: int) -> str:
        """Return a whole number in every lane."""
        return self.splat("i64", str(value))

    def exact(self, op: str, *args: str) -> str:
        """Float operation, rounded once, as IEEE 754 says."""
        return self.new(f"{op} {self.vector} {', '.join(args)}")

    def integer(self, op: str, *args: str) -> str:
        """Return the result of an operation on whole numbers."""
        return self.new(f"{op} {self.whole_vector} {', '.join(args)}")

    def compare(self, how: str, a: str, b: str) -> str:
        """Return the mask of an ordered comparison, such as "olt"."""
        return self.new(f"fcmp {how} {self.vector} {a}, {b}")

    def both(self, a: str, b: str) -> str:
        """Return the mask of lanes in which both hold."""
        return self.new(f"and {self.mask} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        """Return ``a`` in the lanes of the mask and ``b`` in the others."""
        return self.new(f"select {self.mask} {mask}, {self.vector} {a}, {self.vector} {b}")

    def fma(self, a: str, b: str, c: str) -> str:
        """Return a × b + c, fused where the machine can."""
        v = self.vector
        return self.new(f"call {v} @llvm.fmuladd.v{self.lanes}f64({v} {a}, {v} {b}, {v} {c})")

    def quotient(self, a: str, d: str, one_over_d: str) -> str:
        """Return a / d, correctly rounded, from a correctly rounded reciprocal of d.

        The remainder of a first guess is exact in a fused multiply-add, and its share added
        rounds the quotient correctly (Markstein 1990; Muller et al., Handbook of
        Floating-Point Arithmetic, 4.7). Where that breaks down (a zero or infinite divisor, an
        infinite a) the guess is the answer. Four cheap operations for a slow one.
        """
        if not self.processor.fused:
            return self.exact("fdiv", a, d)
        v = self.vector
        guess = self.exact("fmul", a, one_over_d)
        minus = self.exact("fneg", guess)
        fma = f"call {v} @llvm.fma.v{self.lanes}f64"
        rest = self.new(f"{fma}({v} {minus}, {v} {d}, {v} {a})")
        better = self.new(f"{fma}({v} {rest}, {v} {one_over_d}, {v} {guess})")
        return self.select(self.compare("uno", better, better), guess, better)

    def unary(self, intrinsic: str, a: str) -> str:
        """Return an intrinsic of one vector."""
        return self.new(f"call {self.vector} @llvm.{intrinsic}.v{self.lanes}f64({self.vector} {a})")

    def branch(self, condition: str, likely: str, otherwise: Callable[[], str]) -> str:
        """Return ``likely``, a value at hand, where the condition (one bit) holds, else
        ``otherwise()``."""
        stem, before = self.fresh("b"), self.block
        self.lines.append(f"  br i1 {condition}, label %{stem}.join, label %{stem}.no, !prof !0")
        known = dict(self.known)
        self.label(f"{stem}.no")
        other = otherwise()
        rare = self.block
        self.lines.append(f"  br label %{stem}.join")
        self.known = known
        self.label(f"{stem}.join")
        return self.new(f"phi {self.vector} [ {likely}, %{before} ], [ {other}, %{rare} ]")

    def usual(self, x: str, k: str, t: str) -> str:
        """Return one bit: whether x = 2^k m is a positive number in every lane, normal and finite,
        and |t| < 1022 there. It may be 0 where k or t is near the limit."""
        positive = self.both(
            self.compare("oge", x, self.number(2.0**-1022)),
            self.compare("olt", x, self.number(float("inf"))),
        )
        near = self.compare("olt", self.unary("fabs", t), self.number(1022.0))
        return self.every(self.both(positive, near))

    def or_nan(self, a: str, out: str) -> str:
        """Return ``out``, but NaN in the lanes in which ``a`` is."""
        return self.select(self.compare("uno", a, a), a, out)

    def either(
        self, condition: str, seldom: Callable[[], None], mostly: Callable[[], None] | None = None
    ) -> None:
        """Do one thing where the condition (one bit) holds, which is seldom, else another."""
        stem, known = self.fresh("e"), dict(self.known)
        no = "past" if mostly is None else "no"
        self.lines.append(f"  br i1 {condition}, label %{stem}.yes, label %{stem}.{no}")
        for name, act in (("yes", seldom), ("no", mostly)):
            if act is not None:
                self.label(f"{stem}.{name}")
                act()
                self.lines.append(f"  br label %{stem}.past")
                self.known = dict(known)
        self.label(f"{stem}.past")

    def every(self, mask: str) -> str:
        """Return one bit: whether all lanes are in the mask."""
        bits = self.new(f"bitcast {self.mask} {mask} to i{self.lanes}")
        return self.new(f"icmp eq i{self.lanes} {bits}, -1")

    def eights(self, a: str, kind: str) -> list[str]:
        """Return a vector in pieces of eight lanes."""
        whole = f"<{self.lanes} x {kind}>"
        if self.lanes == 8:
            return [a]
        out = []
        for first in range(0, self.lanes, 8):
            lanes = ", ".join(f"i32 {first + lane}" for lane in range(8))
            pair = f"{whole} {a}, {whole} poison"
            out.append(self.new(f"shufflevector {pair}, <8 x i32> <{lanes}>"))
        return out

    def joined(self, parts: list[str], width: int = 8) -> str:
        """Return vectors of ``width`` doubles as one vector."""
        while len(parts) > 1:
            half = f"<{width} x double>"
            lanes = ", ".join(f"i32 {lane}" for lane in range(2 * width))
            parts = [
                self.new(f"shufflevector {half} {x}, {half} {y}, <{2 * width} x i32> <{lanes}>")
                for x, y in zip(parts[::2], parts[1::2], strict=True)
            ]
            width *= 2
        return parts[0]

    def lookup(self, table: Sequence[float], index: str) -> str:
        """Return entries of a table of 2^n numbers; the low n bits of whole numbers choose them."""
        if self.processor.permutes and self.lanes >= 8 and len(table) == 16:
            eight = "<8 x double>"
            halves = [
                "<" + ", ".join(f"double {literal(v)}" for v in half) + ">"
                for half in (table[:8], table[8:])
            ]
            how = f"call {eight} @llvm.x86.avx512.vpermi2var.pd.512"
            return self.joined(
                [
                    self.new(f"{how}({eight} {halves[0]}, <8 x i64> {i}, {eight} {halves[1]})")
                    for i in self.eights(index, "i64")
                ]
            )
        name = self.tables.add("double", table)
        low, out = self.integer("and", index, self.whole(len(table) - 1)), "poison"
        for lane in range(self.lanes):
            at = self.new(f"extractelement {self.whole_vector} {low}, i64 {lane}")
            entry = self.new(f"getelementptr inbounds double, ptr {name}, i64 {at}")
            value = self.new(f"load double, ptr {entry}")
            out = self.new(f"insertelement {self.vector} {out}, double {value}, i64 {lane}")
        return out

    def entries(self, tables: Sequence[Sequence[float]], bits: str, shift: int) -> list[str]:
        """Return an entry of each of several tables of 2^n numbers; the n bits of whole numbers
        from bit ``shift`` on choose it."""
        index = self.integer("lshr", bits, self.whole(shift)) if shift else bits
        return [self.lookup(table, index) for table in tables]

    def call(self, function: str, *args: str) -> str:
        """Call a function of this module on vectors."""
        return self.new(
            f"call {self.vector} @{function}({', '.join(f'{self.vector} {a}' for a in args)})"
        )

    def library(self, function: str, a: str) -> str:
        """Call a scalar function of the C library once a lane."""
        out = "poison"
        for lane in range(self.lanes):
            x = self.new(f"extractelement {self.vector} {a}, i64 {lane}")
            y = self.new(f"call double @{function}(double {x})")
            out = self.new(f"insertelement {self.vector} {out}, double {y}, i64 {lane}")
        return out

    def bits(self, a: str) -> str:
        """Return the bits of numbers as whole numbers."""
        return self.new(f"bitcast {self.vector} {a} to {self.whole_vector}")

    def floats(self, a: str) -> str:
        """Return the numbers that bits stand for."""
        return self.new(f"bitcast {self.whole_vector} {a} to {self.vector}")

    def broadcast(self, scalar: str) -> str:
        """Return a vector with one double in every lane."""
        first = self.new(f"insertelement {self.vector} poison, double {scalar}, i64 0")
        zeros = "<" + ", ".join(["i32 0"] * self.lanes) + ">"
        pair = f"{self.vector} {first}, {self.vector} poison"
        return self.new(f"shufflevector {pair}, <{self.lanes} x i32> {zeros}")

    # ── memory ─────────────────────────────────────────────────────────────────────────────

    def pointer(self, slots: Slots, index: str | None) -> str:
        """Return the address of the slot at point ``index``; ``slots`` has one entry a point."""
        if index is None or bool((slots == slots[0]).all()):
            offset = str(int(slots[0]) * self.lanes)
        else:
            stride = int(slots[1] - slots[0])
            if bool((np.diff(slots) == stride).all()):
                scaled = self.cached(
                    ("scaled", index, stride),
                    lambda: self.new(f"mul i64 {index}, {stride * self.lanes}"),
                )
                offset = self.new(f"add i64 {scaled}, {int(slots[0]) * self.lanes}")
            else:
                offset = self.entry("i64", slots * self.lanes, index)
        return self.new(f"getelementptr inbounds double, ptr %W, i64 {offset}")

    def entry(self, kind: str, values: np.ndarray, index: str) -> str:
        """Return the entry of a constant array at ``index``."""
        table = self.tables.add(kind, values)
        at = self.new(f"getelementptr inbounds {kind}, ptr {table}, i64 {index}")
        return self.new(f"load {kind}, ptr {at}")

    def load(self, slots: Slots, index: str | None) -> str:
        """Return a vector read from a slot."""
        pointer = self.pointer(slots, index)
        return self.new(f"load {self.vector}, ptr {pointer}, align {alignment(self.lanes)}")

    def store(self, slots: Slots, index: str | None, value: str) -> None:
        """Write a vector to a slot."""
        pointer = self.pointer(slots, index)
        self.lines.append(
            f"  store {self.vector} {value}, ptr {pointer}, align {alignment(self.lanes)}"
        )

    def cached(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value (or values) of ``key``, making it the first time."""
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]
