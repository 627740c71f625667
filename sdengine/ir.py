"""The small form between a model and its kernel: numbered slots and pointwise statements.

Every element of every variable is one *slot*. A statement computes one value at each of its
*points* and writes it to the point's target slot; what it reads is given as an array of slots,
one per point. Subscript ranges, subranges, mappings and exceptions are therefore gone from
here: they have become index arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.streams import Stream
from sdengine.syntax import NA

Slots = NDArray[np.int64]


class Key:
    """What an expression is, as a value: hashed once, so that deep expressions stay cheap."""

    __slots__ = ("hash", "parts")

    def __init__(self, *parts: Hashable):
        self.parts = parts
        self.hash = hash(parts)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Key) and self.hash == other.hash and self.parts == other.parts
        )


class Node:
    """An expression over points. ``key`` is equal for equal expressions."""

    key: Key
    parts: tuple[Node, ...] = ()

    @cached_property
    def uniform(self) -> bool:
        """Whether the value is the same at every point, and on every folded axis."""
        return all(part.uniform for part in self.parts)


@dataclass(frozen=True, eq=False)
class Const(Node):
    """One number, the same at every point."""

    value: float

    @cached_property
    def key(self) -> Key:  # type: ignore[override]
        return Key("const", np.float64(self.value).tobytes())


@dataclass(frozen=True, eq=False)
class Values(Node):
    """One number per point."""

    values: NDArray[np.float64]

    @cached_property
    def key(self) -> Key:  # type: ignore[override]
        return Key("values", self.values.shape, self.values.tobytes())

    @cached_property
    def uniform(self) -> bool:
        return bool((self.values == self.values.flat[0]).all())


@dataclass(frozen=True, eq=False)
class Time(Node):
    """The simulated time."""

    key = Key("time")


@dataclass(frozen=True, eq=False)
class Load(Node):
    """The value of one slot per point; inside a Fold the slots have one more axis."""

    slots: Slots

    @cached_property
    def key(self) -> Key:  # type: ignore[override]
        return Key("load", self.slots.shape, self.slots.tobytes())

    @cached_property
    def uniform(self) -> bool:
        """Whether every point reads the same slot."""
        return bool((self.slots == self.slots.flat[0]).all())


@dataclass(frozen=True, eq=False)
class Op(Node):
    """An elementwise function of its parts (see ``functions.OPERATIONS``)."""

    name: str
    parts: tuple[Node, ...]

    @cached_property
    def key(self) -> Key:  # type: ignore[override]
        return Key(self.name, *(part.key for part in self.parts))


@dataclass(frozen=True, eq=False)
class Curve:
    """A graphical function: y at ascending x. ``mode`` is "hold" (flat ends) or "extrapolate" or
    "discrete" (the last point that is not after the argument)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    mode: str

    @cached_property
    def key(self) -> Key:
        """What the curve is, as a value."""
        return Key(self.mode, self.x.tobytes(), self.y.tobytes())

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at ``x``."""
        xs, ys = self.x, self.y
        if self.mode == "discrete":
            at = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 1)
            return np.where(np.isnan(x), np.nan, ys[at])
        inside = np.interp(x, xs, ys)
        if self.mode == "hold" or len(xs) < 2:
            return inside
        low = ys[0] + (x - xs[0]) * (ys[1] - ys[0]) / (xs[1] - xs[0])
        high = ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
        return np.where(x < xs[0], low, np.where(x > xs[-1], high, inside))

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, mode: str = "hold") -> Curve:
        """Return the curve through points."""
        return cls(np.asarray(x, np.float64), np.asarray(y, np.float64), mode)


@dataclass(frozen=True, eq=False)
class Interp(Node):
    """A curve's value at its part. ``which`` has the number of each point's curve in
    ``curves``; without it they have one."""

    curves: tuple[Curve, ...]
    parts: tuple[Node, ...]
    which: Slots | None = None

    @cached_property
    def key(self) -> Key:  # type: ignore[override]
        which = () if self.which is None else (self.which.shape, self.which.tobytes())
        return Key("interp", *(curve.key for curve in self.curves), which, self.parts[0].key)

    @cached_property
    def uniform(self) -> bool:
        """Whether all points have one curve, and the same argument."""
        alike = self.which is None or bool((self.which == self.which.flat[0]).all())
        return alike and self.parts[0].uniform


@dataclass(frozen=True, eq=False)
class Fold(Node):
    """A reduction (sum, prod, vmin, vmax) of its part over the part's last axis, in order."""

    name: str
    width: int
    parts: tuple[Node, ...]

    @cached_property
    def key(self) -> Key:  # type: ignore[override]
        return Key("fold", self.name, self.width, self.parts[0].key)

    @cached_property
    def uniform(self) -> bool:
        return False


@dataclass(frozen=True, eq=False)
class Statement:
    """``target[p] = expr at p`` for every point p; ``name`` is the variable it belongs to."""

    name: str
    target: Slots
    expr: Node

    @cached_property
    def points(self) -> int:
        """How many slots it writes."""
        return len(self.target)

    @cached_property
    def reads(self) -> Slots:
        """Every slot the expression reads, each once, ascending."""
        found = [node.slots.ravel() for node in nodes(self.expr) if isinstance(node, Load)]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def reshaped(node: Node, change: Callable[[NDArray], NDArray]) -> Node:
    """Return a node over other points: ``change`` is done to each of its arrays over points."""
    if isinstance(node, Load):
        return Load(np.ascontiguousarray(change(node.slots)))
    if isinstance(node, Values):
        return Values(np.ascontiguousarray(change(node.values)))
    if not node.parts:
        return node
    parts = tuple(reshaped(part, change) for part in node.parts)
    if isinstance(node, Interp) and node.which is not None:
        return interp(node.curves, np.ascontiguousarray(change(node.which)), parts[0])
    return replace(node, parts=parts)  # type: ignore[type-var]


def interp(curves: Sequence[Curve], which: Slots, at: Node) -> Interp:
    """Return the value of each point's curve, with one curve where all have the same."""
    used, number = np.unique(which, return_inverse=True)
    if len(used) == 1:
        return Interp((curves[int(used[0])],), (at,))
    return Interp(tuple(curves[n] for n in used), (at,), number.reshape(which.shape))


def nodes(expr: Node) -> Iterator[Node]:
    """Yield ``expr`` and every node inside it, outermost first."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.parts))


def data_at(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    rule: str,
    when: NDArray[np.float64],
    step: float,
) -> NDArray[np.float64]:
    """Return a data series at the times ``when``; before and after it, its first and last.

    A time within a millionth of a step of one in the series is that one. Under "raw" there is
    no value at any other: Vensim's :NA:.
    """
    near = 1e-6 * step
    last = len(x) - 1
    at = np.clip(np.searchsorted(x, when + near, side="right") - 1, 0, last)
    hit = np.abs(x[at] - when) <= near
    if rule == "raw":
        return np.where(hit & ~np.isnan(y[at]), y[at], NA)
    if rule == "hold_backward":
        return y[at]
    if rule == "look_forward":
        return y[np.clip(np.searchsorted(x, when - near), 0, last)]
    return np.where(hit, y[at], np.interp(when, x, y))


@dataclass(frozen=True, eq=False)
class Feed:
    """Data of one variable through time: a series (x, y) for each of ``slots``, and the rule
    that holds between its points (see ``data_at``)."""

    name: str
    slots: Slots
    series: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    rule: str

    def at(self, when: NDArray[np.float64], step: float) -> NDArray[np.float64]:
        """Return the values at the times ``when``, shape (time, slot)."""
        columns = [data_at(x, y, self.rule, when, step) for x, y in self.series]
        return np.stack(columns, axis=1) if columns else np.empty((len(when), 0))


@dataclass(frozen=True, eq=False)
class StepTime(Feed):
    """The time at the start of each step, for what Runge-Kutta's stages leave alone."""

    def at(self, when: NDArray[np.float64], step: float) -> NDArray[np.float64]:
        """Return the times themselves, shape (time, 1)."""
        return when[:, None]


@dataclass(frozen=True, eq=False)
class Noise:
    """Slots of one call of a random function, fed a number in (0, 1) at each step."""

    name: str
    slots: Slots
    seed: int

    def at(self, members: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
        """Return the numbers of steps 0 to ``steps``, shape (time, slot, member)."""
        stream = Stream(self.seed, self.name)
        return stream.uniform(members, steps=steps + 1, elements=len(self.slots))


@dataclass(frozen=True, eq=False)
class Program:
    """A model with its subscripts resolved.

    ``slots`` maps a variable's name to (first slot, shape). Stocks, hidden stocks of delays
    and smooths included, hold slots [0, stocks); the rate of stock s is in slot stocks + s.
    ``defaults`` has one value per slot, NaN where the slot is computed. Statements stand in an
    order that may be run: ``initial`` once at the start (constants set), ``dynamic`` at every
    step (stocks set). ``size`` counts all slots.

    Between two steps each row (state, source) of ``copies`` moves a value on, in order, before
    the stocks move. After that stocks in ``non_negative`` are raised to 0 where they fell below,
    and each row (output, input, order, initial) of ``fixed`` gives the output its input of
    ``order`` steps ago, and ``initial`` before that.

    Slots of data are computed by nobody: ``feeds`` says what they hold at every step. They may
    be set like constants; those in ``unfed`` must be, since the file names no source. The slots
    of ``noises`` hold a new random number at every step. Slots in ``void`` belong to elements
    that no equation defines: they have no value and nothing reads them. ``kept`` are the only
    slots a run may keep, or None where it may keep any, and stocks in ``still`` are left where
    they are (``prune``).
    """

    name: str
    digest: str
    start: float
    step: float
    steps: int
    save_every: int
    stocks: int
    size: int
    slots: dict[str, tuple[int, tuple[int, ...]]]
    defaults: NDArray[np.float64]
    initial: tuple[Statement, ...]
    dynamic: tuple[Statement, ...]
    method: str = "euler"
    settable: frozenset[str] = field(default_factory=frozenset)
    copies: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    fixed: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 4), np.int64))
    non_negative: Slots = field(default_factory=lambda: np.empty(0, np.int64))
    feeds: tuple[Feed, ...] = ()
    unfed: frozenset[str] = frozenset()
    noises: tuple[Noise, ...] = ()
    void: Slots = field(default_factory=lambda: np.empty(0, np.int64))
    kept: Slots | None = None
    still: Slots = field(default_factory=lambda: np.empty(0, np.int64))

    @cached_property
    def moving(self) -> Slots:
        """The stocks that have a rate."""
        return np.setdiff1d(np.arange(self.stocks), self.still)

    @cached_property
    def fed(self) -> Slots:
        """The slots whose values come from outside and change with time."""
        parts = [feed.slots for feed in self.feeds] + [noise.slots for noise in self.noises]
        parts += [self.where(name).ravel() for name in sorted(self.unfed)]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def where(self, name: str) -> Slots:
        """Return the slots of a variable, in its own shape."""
        return self._places[name]

    @cached_property
    def _places(self) -> dict[str, Slots]:
        """By name, since every run asks for all that it keeps."""
        every = np.arange(self.size)
        every.flags.writeable = False
        return {
            name: every[first : first + math.prod(shape)].reshape(shape)
            for name, (first, shape) in self.slots.items()
        }
