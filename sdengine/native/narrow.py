"""Function bodies for WebAssembly, whose vectors hold two doubles and which an engine such as V8
translates one instruction at a time.

What was measured there: a number written into the code takes four instructions to make, one read
from memory and spread over a vector two, one that stands there twice takes one; an address that is
added up takes an instruction for each access, one whose known part stands in the access takes none;
a mask of four lanes is packed and unpacked. Code that is met for the first time in a step takes
several times as long as the next time: so each loop runs over strips of a few lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from sdengine.ir import Slots
from sdengine.native.llvm import Body, Processor, Tables

TWO, WHOLES, MASK = "<2 x double>", "<2 x i64>", "<2 x i1>"
AT_ONCE = 4  # lanes of a strip
SHIFTS = 64  # whole numbers below may count the bits of a shift, which must stand in the code
BITS = f"declare i32 @llvm.wasm.bitmask.v2i64({WHOLES})\n"
FUSED = f"declare {TWO} @llvm.fmuladd.v2f64({TWO}, {TWO}, {TWO})\n"


class NarrowBody(Body):
    """The text of one function for WebAssembly; the lanes are even in number."""

    def __init__(self, lanes: int, tables: Tables, processor: Processor):
        """Write for ``lanes`` members in the workspace, of which a few are computed at once."""
        super().__init__(min(lanes, AT_ONCE), tables, processor)
        self.stride = lanes
        self.held: dict[Hashable, str] = {}
        self.written: Slots | None = None  # by the loop over points

    def around(self) -> tuple[str, str]:
        """Return the two ends of a loop over strips of the workspace; a strip begins at %V."""
        self.block = "strip"
        return (
            "entry:\n  br label %strip\nstrip:\n"
            "  %strip.number = phi i64 [ 0, %entry ], [ %strip.next, %strip.done ]\n"
            f"  %strip.lane = mul nuw nsw i64 %strip.number, {self.lanes}\n"
            "  %strip.held = freeze i64 %strip.lane\n"
            "  %V = getelementptr inbounds nuw double, ptr %W, i64 %strip.held\n",
            "  br label %strip.done\nstrip.done:\n"
            "  %strip.next = add nuw nsw i64 %strip.number, 1\n"
            f"  %strip.last = icmp eq i64 %strip.next, {self.stride // self.lanes}\n"
            "  br i1 %strip.last, label %strip.out, label %strip\nstrip.out:\n",
        )

    def begin_loop(self, written: Slots) -> None:
        super().begin_loop(written)
        self.written = written

    def _once(self, key: Hashable, make: Callable[[], str]) -> str:
        """Return a value that is the same at every point: made before the loop, if there is one."""
        if self.written is None:
            return make()
        if key not in self.held:
            lines, self.lines = self.lines, self.ahead
            self.held[key] = make()
            self.lines = lines
        return self.held[key]

    def load(self, slots: Slots, index: str | None) -> str:
        """Return a vector read from a slot."""
        first = int(slots[0])
        if self.written is None or (slots != first).any() or first in self.written:
            return super().load(slots, index)
        return self._once(("slot", first), lambda: super(NarrowBody, self).load(slots[:1], None))

    def number(self, value: float) -> str:
        """Return a number in every lane, read from memory."""
        return super().number(value) if value == 0 else self._read(value)

    def whole(self, value: int) -> str:
        """Return a whole number in every lane, read from memory unless it may count bits."""
        if 0 <= value < SHIFTS:
            return super().whole(value)
        return self.bits(self._read(float(np.int64(value).view(np.float64))))

    def _read(self, value: float) -> str:
        return self.joined([self._pair(value)] * (self.lanes // 2), 2)

    def _pair(self, value: float) -> str:
        """Return a number in both lanes of a vector of two."""
        name = self.tables.variable(value)
        return self._once(name, lambda: self.new(f"load {TWO}, ptr {name}, align 16"))

    def fma(self, a: str, b: str, c: str) -> str:
        """Return a × b + c: vectors of two alone are fused."""
        return self._by_pairs(self._fused, a, b, c)

    def _fused(self, a: str, b: str, c: str) -> str:
        return self.new(f"call {TWO} @llvm.fmuladd.v2f64({TWO} {a}, {TWO} {b}, {TWO} {c})")

    def or_nan(self, a: str, out: str) -> str:
        """Return ``out``, but NaN in the lanes in which ``a`` is: all bits set are one."""
        return self._by_pairs(self._or_nan, a, out)

    def _or_nan(self, a: str, out: str) -> str:
        mask = self.new(f"sext {MASK} {self.new(f'fcmp uno {TWO} {a}, {a}')} to {WHOLES}")
        bits = self.new(f"or {WHOLES} {mask}, {self.new(f'bitcast {TWO} {out} to {WHOLES}')}")
        return self.new(f"bitcast {WHOLES} {bits} to {TWO}")

    def below(self, parts: Sequence[str], most: float) -> str:
        """Return one bit: whether all parts are less than ``most`` from 0 in every lane; it may
        be 0 where some come near. The squares of all are one sum."""
        total = self._pair(0.0)
        for pair in (pair for part in parts for pair in self._pairs(part)):
            total = self._fused(pair, pair, total)
        low = self.new(f"fcmp olt {TWO} {total}, {self._pair(most**2)}")
        mask = self.new(f"sext {MASK} {low} to {WHOLES}")
        bits = self.new(f"call i32 @llvm.wasm.bitmask.v2i64({WHOLES} {mask})")
        return self.new(f"icmp eq i32 {bits}, 3")

    def upper(self, whole: str) -> str:
        """Return the upper twelve bits of whole numbers, with their sign, as numbers."""
        return self.joined([self._upper(pair) for pair in self._pairs(whole, "i64")], 2)

    def _upper(self, whole: str) -> str:
        words = self.new(f"bitcast {WHOLES} {whole} to <4 x i32>")
        chosen = "<2 x i32> <i32 1, i32 3>"
        high = self.new(f"shufflevector <4 x i32> {words}, <4 x i32> poison, {chosen}")
        moved = self.new(f"ashr <2 x i32> {high}, <i32 20, i32 20>")
        return self.new(f"sitofp <2 x i32> {moved} to {TWO}")

    def entries(self, tables: Sequence[Sequence[float]], bits: str, shift: int) -> list[str]:
        """Return an entry of each of one or two tables, which stand in turn: the chosen bits are
        moved to where they count bytes, and one access fetches what belongs to a lane."""
        size, width = len(tables[0]), 8 * len(tables)
        name = self.tables.add("double", np.array(tables).T.ravel())
        move = shift - (width.bit_length() - 1)
        if move:
            bits = self.integer("lshr" if move > 0 else "shl", bits, self.whole(abs(move)))
        kind, most = TWO if width > 8 else "double", (size - 1) * width
        lanes = [self._entry(kind, name, bits, lane, most) for lane in range(self.lanes)]
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

    def _entry(self, kind: str, table: str, bits: str, lane: int, mask: int) -> str:
        whole = self.new(f"extractelement {self.whole_vector} {bits}, i64 {lane}")
        word = self.new(f"trunc i64 {whole} to i32")
        offset = self.new(f"and i32 {word}, {mask}")
        place = self.new(f"getelementptr inbounds nuw i8, ptr {table}, i32 {offset}")
        return self.new(f"load {kind}, ptr {place}, align 8")

    def _two(self, low: str, high: str) -> str:
        first = self.new(f"insertelement {TWO} poison, double {low}, i64 0")
        return self.new(f"insertelement {TWO} {first}, double {high}, i64 1")

    def _by_pairs(self, how: Callable[..., str], *args: str) -> str:
        pairs = zip(*(self._pairs(a) for a in args), strict=True)
        return self.joined([how(*pair) for pair in pairs], 2)

    def _pairs(self, a: str, kind: str = "double") -> list[str]:
        """Return a vector in pieces of two lanes."""
        if self.lanes == 2:
            return [a]

        def piece(lane: int) -> str:
            lanes, whole = f"<2 x i32> <i32 {lane}, i32 {lane + 1}>", f"<{self.lanes} x {kind}>"
            return self.new(f"shufflevector {whole} {a}, {whole} poison, {lanes}")

        return [
            self.cached(("pair", a, lane), lambda lane=lane: piece(lane))  # type: ignore[misc]
            for lane in range(0, self.lanes, 2)
        ]

    def pointer(self, slots: Slots, index: str | None) -> str:
        """Return the address of the slot at point ``index``, its known part in the access."""
        base, offset = "%V", str(int(slots[0]) * self.stride)
        steps = np.unique(np.diff(slots)).tolist() if index else []
        if len(steps) == 1 and steps[0] > 0:
            stride = steps[0]
            base = self.cached(("base", index, stride), lambda: self._base(str(index), stride))
        elif any(steps):
            offset = self.entry("i64", slots * self.stride, str(index))
        return self.new(f"getelementptr inbounds nuw double, ptr {base}, i64 {offset}")

    def _base(self, index: str, stride: int) -> str:
        """Return where the slots of a point begin; ``freeze`` keeps the compiler from counting
        an address of its own along, which would be added up at each access."""
        scaled = self.new(f"mul nuw nsw i64 {index}, {stride * self.stride}")
        held = self.new(f"freeze i64 {scaled}")
        return self.new(f"getelementptr inbounds nuw double, ptr %V, i64 {held}")
