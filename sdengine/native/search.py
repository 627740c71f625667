"""Curves that are searched: where a curve lies in memory and the functions that read it.

A curve is cut into pieces, each a line from its start on. The piece of an argument is found from
where it would be if all pieces were equally long. Where they are, that is it; else a table gives
the first piece it can be, and a few halvings the right one. Which piece is found hangs on
comparisons with the starts alone, and a line is rounded as NumPy's ``interp`` rounds it, so that
a value does not show whether a curve was searched or written out (``emit``).

Members with one argument, or in one piece, share a load; others gather, which a processor
without that instruction does lane by lane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdengine.ir import Curve
from sdengine.native.llvm import Body, Processor, Tables, literal

Doubles = NDArray[np.float64]

LOW, HIGH, FIRST, PER_PIECE, LAST, LENGTH, STARTS, GUESSES, HEAD = range(9)
"""Where a curve's own numbers stand in memory; its lines follow."""
FEW = 18  # pieces that are compared with one by one
FINER = (1, 2, 4, 8)  # guesses a piece, tried until one halving is enough


@dataclass(frozen=True)
class Shape:
    """How the piece of an argument is found: by a guess, then ``count`` halvings of what it can
    be; or in a curve of ``few`` pieces, ``count`` at most, by comparing with each.

    Where pieces are ``even``, equally long, a quotient is the guess: the piece itself, or at one
    halving perhaps the one after it. Where they are ``uneven`` it is read from memory.
    """

    kind: str
    count: int

    @property
    def name(self) -> str:
        """What its function is called by."""
        return f"{self.kind}_{self.count}"


@dataclass(frozen=True, eq=False)
class Pieces:
    """The lines of a curve: value(x) = slope · (x − start) + level, x held between the ends."""

    start: Doubles
    level: Doubles
    slope: Doubles
    low: float
    high: float

    @classmethod
    def of(cls, curve: Curve) -> Pieces:
        """Return a curve's pieces. A slope of −0 keeps a level's own zero as it is."""
        x, y = curve.x, curve.y
        if curve.mode == "discrete" or len(x) == 1:
            slope, low = np.full(len(x), -0.0), x[0]
            if len(x) > 1 and x[0] == x[1]:  # then the first piece lies before the first point
                slope[0], low = 0.0, np.nextafter(x[0], -np.inf)
            return cls(x, y, slope, low, x[-1])
        width = np.diff(x)
        rising = width > 0
        start, level = x[:-1][rising], y[:-1][rising]
        slope = np.diff(y)[rising] / width[rising]
        if curve.mode == "extrapolate":
            return cls(start, level, slope, -np.inf, np.inf)
        start, level = np.append(start, x[-1]), np.append(level, y[-1])
        return cls(start, level, np.append(slope, -0.0), x[0], x[-1])

    def guessed(self, x: Doubles, per_piece: float, last: int) -> Doubles:
        """Return the guess at ``x``, as the machine rounds it."""
        with np.errstate(all="ignore"):
            return np.trunc(np.clip((x - self.start[0]) * per_piece, 0.0, last))

    @property
    def before_next(self) -> Doubles:
        """The largest argument in each piece but the last."""
        return np.nextafter(self.start[1:], -np.inf)


def evenly(pieces: Pieces) -> tuple[float, float, int] | None:
    """Return (length, pieces per unit, halvings) where pieces are equally long, to the last bit."""
    start, last = pieces.start, len(pieces.start) - 1
    if not last:
        return 1.0, 1.0, 0
    length = float(start[1] - start[0])
    number = np.arange(len(start), dtype=float)
    if not (start[0] + number * length == start).all():
        return None
    per_piece = 1.0 / length
    for _ in range(4):  # never the piece before
        lowest = pieces.guessed(start, per_piece, last)
        highest = pieces.guessed(pieces.before_next, per_piece, last)
        if (lowest >= number).all() and (highest <= number[1:]).all():
            exact = (lowest == number).all() and (highest == number[:-1]).all()
            return length, per_piece, 0 if exact else 1
        per_piece = float(np.nextafter(per_piece, np.inf))
    return None


def guesses(pieces: Pieces) -> tuple[float, NDArray[np.int64], int]:
    """Return (guesses per unit, the first piece at each guess, halvings after it)."""
    start = pieces.start
    span = float(start[-1] - start[0])
    best: tuple[float, NDArray[np.int64], int] | None = None
    for finer in FINER:
        last = finer * len(start) - 1
        per_unit = last / span if span > 0 and np.isfinite(last / span) else 0.0
        first = pieces.guessed(start, per_unit, last)
        final = np.append(pieces.guessed(pieces.before_next, per_unit, last), last)
        every = np.arange(last + 1)
        lowest = np.searchsorted(final, every, "left")
        highest = np.searchsorted(first, every, "right") - 1
        halvings = int((highest - lowest).max()).bit_length()
        if best is None or halvings < best[2]:
            best = per_unit, lowest.astype(np.int64), halvings
        if halvings <= 1:
            break
    assert best is not None
    return best


class Curves:
    """The curves that a module searches, each stored once, and the functions that search them."""

    def __init__(self) -> None:
        self.places: dict[tuple[object, Shape], int] = {}
        self.cells: list[str] = []
        self.shapes: dict[Shape, None] = {}

    def shape_of(self, curves: tuple[Curve, ...]) -> Shape:
        """Return the one way of searching that serves all these curves."""
        pieces = [Pieces.of(curve) for curve in curves]
        longest = max(len(one.start) for one in pieces)
        if longest <= FEW:
            return Shape("few", longest)
        even = [found[2] for one in pieces if (found := evenly(one))]
        if len(even) == len(pieces):
            return Shape("even", max(even))
        return Shape("uneven", max(guesses(one)[2] for one in pieces))

    def add(self, curve: Curve, shape: Shape) -> int:
        """Return where a curve stands among the doubles of @curves."""
        key = curve.key, shape
        self.shapes[shape] = None
        if key not in self.places:
            self.places[key] = len(self.cells)
            self.cells += _cells(Pieces.of(curve), shape)
        return self.places[key]

    def text(self, lanes: int, tables: Tables, processor: Processor) -> str:
        """Return the data and the functions; nothing where no curve is searched."""
        if not self.cells:
            return ""
        cells = ", ".join(f"double {cell}" for cell in self.cells)
        count = len(self.cells)
        lines = [
            f"@curves = private unnamed_addr constant [{count} x double] [{cells}], align 64\n"
        ]
        for width in (1, lanes) if lanes > 1 else (1,):
            v = f"<{width} x double>"
            lines.append(
                f"declare {v} @llvm.masked.gather.v{width}f64.v{width}p0(<{width} x ptr>, i32, "
                f"<{width} x i1>, {v})\n"
                f"declare <{width} x i64> @llvm.masked.gather.v{width}i64.v{width}p0"
                f"(<{width} x ptr>, i32, <{width} x i1>, <{width} x i64>)\n"
            )
            for shape in self.shapes:
                body = _Search(width, tables, processor)
                value = getattr(body, shape.kind)(shape)
                text = "\n".join(body.lines)
                lines.append(
                    f"define internal {v} @curve_{shape.name}_{width}({v} %x, ptr %at) #0 {{\n"
                    f"entry:\n{text}\n  ret {v} {value}\n}}\n"
                )
        return "".join(lines)


def _cells(pieces: Pieces, shape: Shape) -> list[str]:
    """Return a curve as literals: its head, its lines and, where halved, starts and guesses."""
    count = len(pieces.start)
    lines = np.stack([pieces.level, pieces.slope], axis=1).ravel()
    starts = HEAD + len(lines)
    if shape.kind == "few":
        every = np.stack([pieces.start, pieces.level, pieces.slope], axis=1)
        padded = np.concatenate([every, np.repeat(every[-1:], shape.count - count, axis=0)])
        return [literal(float(v)) for v in (pieces.low, pieces.high, *padded.ravel())]
    if shape.kind == "even":
        found = evenly(pieces)
        assert found is not None
        length, per_piece, _ = found
        head = [pieces.low, pieces.high, pieces.start[0], per_piece, count - 1.0, length, 0.0, 0.0]
        return [literal(float(v)) for v in (*head, *lines)]
    per_unit, lowest, _ = guesses(pieces)
    padded = np.append(pieces.start, np.full(2**shape.count, np.inf))
    head = [pieces.low, pieces.high, pieces.start[0], per_unit, len(lowest) - 1.0, 0.0]
    floats = [literal(float(v)) for v in (*lines, *padded)]
    whole = [f"0x{int(v):016X}" for v in (starts, starts + len(padded), *lowest)]
    return [literal(float(v)) for v in head] + whole[:2] + floats + whole[2:]


class _Search(Body):
    """The text of a function that reads the curve at %at for a vector %x."""

    def _head(self, place: int) -> str:
        """Return one of the curve's own numbers in every lane."""
        at = self.new(f"getelementptr inbounds double, ptr %at, i64 {place}")
        return self.broadcast(self.new(f"load double, ptr {at}"))

    def _part(self, place: int) -> str:
        """Return the address of a part of the curve, whose distance stands in its head."""
        at = self.new(f"getelementptr inbounds double, ptr %at, i64 {place}")
        distance = self.new(f"load i64, ptr {at}")
        return self.new(f"getelementptr inbounds double, ptr %at, i64 {distance}")

    def _held(self) -> str:
        """Return the argument, held between the ends; NaN passes."""
        low, high = self._head(LOW), self._head(HIGH)
        x = self.select(self.compare("olt", high, "%x"), high, "%x")
        return self.select(self.compare("ogt", low, x), low, x)

    def _guess(self, x: str) -> str:
        """Return the whole number from 0 to LAST that stands for where x lies; NaN has 0."""
        off = self.exact("fsub", x, self._head(FIRST))
        guess, zero = self.exact("fmul", off, self._head(PER_PIECE)), self.number(0.0)
        last = self._head(LAST)
        guess = self.select(self.compare("ogt", guess, zero), guess, zero)
        guess = self.select(self.compare("olt", guess, last), guess, last)
        return self.unary("trunc", guess)

    def _whole(self, a: str) -> str:
        return self.new(f"fptosi {self.vector} {a} to <{self.lanes} x i32>")

    def _gathered(self, base: str, index: str, kind: str = "double") -> str:
        """Return what stands at ``base`` plus so many doubles in each lane."""
        n, v = self.lanes, f"<{self.lanes} x {kind}>"
        where = self.new(f"getelementptr inbounds double, ptr {base}, <{n} x i32> {index}")
        name = f"@llvm.masked.gather.v{n}{'f64' if kind == 'double' else kind}.v{n}p0"
        mask = self.splat("i1", "true")
        return self.new(
            f"call {v} {name}(<{n} x ptr> {where}, i32 8, {self.mask} {mask}, {v} poison)"
        )

    def _line(self, x: str, start: str, level: str, slope: str) -> str:
        return self.exact("fadd", self.exact("fmul", slope, self.exact("fsub", x, start)), level)

    def _lines(self, piece: str) -> tuple[str, str]:
        """Return level and slope of each lane's piece."""
        base = self.new(f"getelementptr inbounds double, ptr %at, i64 {HEAD}")
        two = self.splat("i32", "2")
        twice = self.new(f"mul <{self.lanes} x i32> {piece}, {two}")
        after = self.new(f"getelementptr inbounds double, ptr {base}, i64 1")
        return self._gathered(base, twice), self._gathered(after, twice)

    def few(self, shape: Shape) -> str:
        """Write the choice among a curve's few pieces; return its value."""
        x, out = self._held(), ""
        for piece in range(shape.count):
            start, level, slope = (self._head(2 + 3 * piece + part) for part in range(3))
            line = self._line(x, start, level, slope)
            out = line if not out else self.select(self.compare("olt", x, start), out, line)
        return out

    def even(self, shape: Shape) -> str:
        """Write the search of a curve whose pieces are equally long; return its value."""
        x = self._held()
        guess, first, length = self._guess(x), self._head(FIRST), self._head(LENGTH)
        start = self.exact("fadd", self.exact("fmul", guess, length), first)
        if shape.count:
            before = self.exact("fsub", guess, self.number(1.0))
            one_less = self.select(self.compare("olt", x, start), before, guess)
            zero = self.number(0.0)
            guess = self.select(self.compare("ogt", one_less, zero), one_less, zero)
            start = self.exact("fadd", self.exact("fmul", guess, length), first)
        piece = self._whole(guess)
        if self.lanes == 1:
            return self._line(x, start, *self._lines(piece))
        wide, zeros = f"<{self.lanes} x i32>", f"<{self.lanes} x i32> zeroinitializer"
        same = self.new(f"shufflevector {wide} {piece}, {wide} poison, {zeros}")
        alike = self.every(self.new(f"icmp eq {wide} {piece}, {same}"))
        self.lines.append(f"  br i1 {alike}, label %one, label %many")
        self.label("one")
        number = self.new(f"extractelement {wide} {piece}, i64 0")
        twice = self.new(f"mul i32 {number}, 2")
        base = self.new(f"getelementptr inbounds double, ptr %at, i64 {HEAD}")
        level_at = self.new(f"getelementptr inbounds double, ptr {base}, i32 {twice}")
        slope_at = self.new(f"getelementptr inbounds double, ptr {level_at}, i64 1")
        one = [self.broadcast(self.new(f"load double, ptr {at}")) for at in (level_at, slope_at)]
        self.lines.append("  br label %join")
        self.label("many")
        many = self._lines(piece)
        self.lines.append("  br label %join")
        self.label("join")
        level, slope = (
            self.new(f"phi {self.vector} [ {a}, %one ], [ {b}, %many ]")
            for a, b in zip(one, many, strict=True)
        )
        return self._line(x, start, level, slope)

    def uneven(self, shape: Shape) -> str:
        """Write the search of any curve; return its value."""
        if self.lanes == 1:
            return self._uneven(shape)
        same = self.broadcast(self.new(f"extractelement {self.vector} %x, i64 0"))
        alike = self.every(self.compare("oeq", "%x", same))
        self.lines.append(f"  br i1 {alike}, label %one, label %many")
        self.label("one")
        scalar = self.new(f"extractelement {self.vector} %x, i64 0")
        single = self.new(f"insertelement <1 x double> poison, double {scalar}, i64 0")
        found = self.new(f"call <1 x double> @curve_{shape.name}_1(<1 x double> {single}, ptr %at)")
        one = self.broadcast(self.new(f"extractelement <1 x double> {found}, i64 0"))
        self.lines.append("  br label %join")
        self.label("many")
        many = self._uneven(shape)
        self.lines.append("  br label %join")
        self.label("join")
        return self.new(f"phi {self.vector} [ {one}, %one ], [ {many}, %many ]")

    def _uneven(self, shape: Shape) -> str:
        n = self.lanes
        x = self._held()
        starts = self._part(STARTS)
        guess = self._gathered(self._part(GUESSES), self._whole(self._guess(x)), "i64")
        piece = self.new(f"trunc <{n} x i64> {guess} to <{n} x i32>")
        for halving in reversed(range(shape.count)):
            further = self.new(f"add <{n} x i32> {piece}, {self.splat('i32', str(2**halving))}")
            beyond = self.compare("oge", x, self._gathered(starts, further))
            piece = self.new(
                f"select {self.mask} {beyond}, <{n} x i32> {further}, <{n} x i32> {piece}"
            )
        return self._line(x, self._gathered(starts, piece), *self._lines(piece))
