"""Function bodies for WebAssembly, whose vectors hold two doubles and which an engine such as V8
translates one instruction at a time.

What was measured there: a number written into the code takes four instructions to make, one read
from memory takes one; an address that is added up takes an instruction for each access, one whose
known part stands in the access takes none; a mask of four lanes is packed and unpacked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sdengine.ir import Slots
from sdengine.native.llvm import Body, literal

TWO, WHOLES, MASK = "<2 x double>", "<2 x i64>", "<2 x i1>"
SHIFTS = 64  # whole numbers below may count the bits of a shift, which must stand in the code
MOST = 1021.0  # of exponents of two, with room for rounding
BITS = f"declare i32 @llvm.wasm.bitmask.v2i64({WHOLES})\n"
FUSED = f"declare {TWO} @llvm.fmuladd.v2f64({TWO}, {TWO}, {TWO})\n"


class NarrowBody(Body):
    """The text of one function for WebAssembly; the lanes are even in number."""

    def number(self, value: float) -> str:
        """Return a number in every lane, read from memory."""
        return super().number(value) if value == 0 else self._read(value)

    def whole(self, value: int) -> str:
        """Return a whole number in every lane, read from memory unless it may count bits."""
        if 0 <= value < SHIFTS:
            return super().whole(value)
        return self.bits(self._read(float(np.int64(value).view(np.float64))))

    def _read(self, value: float) -> str:
        first = self.new(f"load double, ptr {self.tables.variable(value)}")
        one = self.new(f"insertelement {TWO} poison, double {first}, i64 0")
        both = self.new(f"shufflevector {TWO} {one}, {TWO} poison, <2 x i32> zeroinitializer")
        return self.joined([both] * (self.lanes // 2), 2)

    def fma(self, a: str, b: str, c: str) -> str:
        """Return a × b + c: vectors of two alone are fused."""
        how = f"call {TWO} @llvm.fmuladd.v2f64"
        return self._by_pairs(
            lambda x, y, z: self.new(f"{how}({TWO} {x}, {TWO} {y}, {TWO} {z})"), a, b, c
        )

    def or_nan(self, a: str, out: str) -> str:
        """Return ``out``, but NaN in the lanes in which ``a`` is: all bits set are one."""
        return self._by_pairs(self._or_nan, a, out)

    def _or_nan(self, a: str, out: str) -> str:
        mask = self.new(f"sext {MASK} {self.new(f'fcmp uno {TWO} {a}, {a}')} to {WHOLES}")
        bits = self.new(f"or {WHOLES} {mask}, {self.new(f'bitcast {TWO} {out} to {WHOLES}')}")
        return self.new(f"bitcast {WHOLES} {bits} to {TWO}")

    def usual(self, x: str, k: str, t: str) -> str:
        """Return one bit: whether k and t are within bounds in every lane; k is not where x is
        no positive number, normal and finite. The squares of all are one sum."""
        total = ""
        for part in (*self._pairs(k), *self._pairs(t)):
            square = self.new(f"fmul {TWO} {part}, {part}")
            total = self.new(f"fadd {TWO} {total}, {square}") if total else square
        most = literal(MOST**2)
        low = self.new(f"fcmp olt {TWO} {total}, <double {most}, double {most}>")
        mask = self.new(f"sext {MASK} {low} to {WHOLES}")
        bits = self.new(f"call i32 @llvm.wasm.bitmask.v2i64({WHOLES} {mask})")
        return self.new(f"icmp eq i32 {bits}, 3")

    def entries(self, tables: Sequence[Sequence[float]], bits: str, shift: int) -> list[str]:
        """Return an entry of each of one or two tables, which stand in turn: the chosen bits are
        moved to where they count bytes, and one access fetches what belongs to a lane."""
        size, width = len(tables[0]), 8 * len(tables)
        name = self.tables.add("double", np.array(tables).T.ravel())
        move = shift - (width.bit_length() - 1)
        if move:
            bits = self.integer("lshr" if move > 0 else "shl", bits, self.whole(abs(move)))
        at = self.integer("and", bits, self.whole((size - 1) * width))
        kind = TWO if width > 8 else "double"
        lanes = [self._entry(kind, name, at, lane) for lane in range(self.lanes)]
        pairs = list(zip(lanes[::2], lanes[1::2], strict=True))
        if width == 8:
            return [self.joined([self._two(low, high) for low, high in pairs], 2)]
        return [
            self.joined(
                [
                    self.new(f"shufflevector {TWO} {low}, {TWO} {high}, <2 x i32> <{chosen}>")
                    for low, high in pairs
                ],
                2,
            )
            for chosen in ("i32 0, i32 2", "i32 1, i32 3")
        ]

    def _entry(self, kind: str, table: str, at: str, lane: int) -> str:
        offset = self.new(f"extractelement {self.whole_vector} {at}, i64 {lane}")
        place = self.new(f"getelementptr inbounds nuw i8, ptr {table}, i64 {offset}")
        return self.new(f"load {kind}, ptr {place}, align 8")

    def _two(self, low: str, high: str) -> str:
        first = self.new(f"insertelement {TWO} poison, double {low}, i64 0")
        return self.new(f"insertelement {TWO} {first}, double {high}, i64 1")

    def _by_pairs(self, how: Callable[..., str], *args: str) -> str:
        pairs = zip(*(self._pairs(a) for a in args), strict=True)
        return self.joined([how(*pair) for pair in pairs], 2)

    def _pairs(self, a: str) -> list[str]:
        """Return a vector in pieces of two lanes."""
        if self.lanes == 2:
            return [a]

        def piece(lane: int) -> str:
            lanes = f"<2 x i32> <i32 {lane}, i32 {lane + 1}>"
            return self.new(f"shufflevector {self.vector} {a}, {self.vector} poison, {lanes}")

        return [
            self.cached(("pair", a, lane), lambda lane=lane: piece(lane))  # type: ignore[misc]
            for lane in range(0, self.lanes, 2)
        ]

    def pointer(self, slots: Slots, index: str | None) -> str:
        """Return the address of the slot at point ``index``, its known part in the access."""
        base, offset = "%W", str(int(slots[0]) * self.lanes)
        steps = np.unique(np.diff(slots)).tolist() if index else []
        if len(steps) == 1 and steps[0] > 0:
            stride = steps[0]
            base = self.cached(("base", index, stride), lambda: self._base(str(index), stride))
        elif any(steps):
            offset = self.entry("i64", slots * self.lanes, str(index))
        return self.new(f"getelementptr inbounds nuw double, ptr {base}, i64 {offset}")

    def _base(self, index: str, stride: int) -> str:
        """Return where the slots of a point begin; ``freeze`` keeps the compiler from counting
        an address of its own along, which would be added up at each access."""
        scaled = self.new(f"mul nuw nsw i64 {index}, {stride * self.lanes}")
        held = self.new(f"freeze i64 {scaled}")
        return self.new(f"getelementptr inbounds nuw double, ptr %W, i64 {held}")
