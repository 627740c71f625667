"""Graphical functions: read as drawn, beyond their ends, backwards, and by area."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, inside_vector, op, places, whole
from sdengine.functions.record import Builder, Example, Function, Lowering
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Curve, Fold, Load, Node, Values, interp
from sdengine.syntax import Call, Ref


@dataclass(frozen=True, eq=False)
class Choice:
    """One of some curves at each point of a scope; ``which`` has its number, in their shape."""

    curves: tuple[Curve, ...]
    which: NDArray[np.int64]

    def read(self, at: Node) -> Node:
        """Return each point's curve at an argument."""
        return interp(self.curves, self.which, at)

    def turned(self, change: Callable[[Curve], Curve]) -> Choice:
        """Return the choice among changed curves."""
        return Choice(tuple(change(curve) for curve in self.curves), self.which)

    def each(self, number: Callable[[Curve], float]) -> Node:
        """Return a number of each point's curve."""
        numbers = np.array([number(curve) for curve in self.curves], float)
        return Const(float(numbers[0])) if len(numbers) == 1 else Values(numbers[self.which])


def extrapolate(curves: Choice, at: Node) -> Node:
    """LOOKUP EXTRAPOLATE: the outer lines go on beyond the ends."""
    return curves.turned(lambda c: replace(c, mode="extrapolate")).read(at)


def backward(curves: Choice, at: Node) -> Node:
    """LOOKUP BACKWARD: the last point that is not after the argument."""
    return curves.turned(lambda c: replace(c, mode="discrete")).read(at)


def forward(curves: Choice, at: Node) -> Node:
    """LOOKUP FORWARD: the first point that is not before the argument."""
    turned = curves.turned(lambda c: Curve(-c.x[::-1], c.y[::-1].copy(), "discrete"))
    return turned.read(op("neg", at))


def invert(curves: Choice, at: Node) -> Node:
    """LOOKUP INVERT: the argument at which the lookup has a value; its ends beyond those."""
    return curves.turned(_inverted).read(at)


def _inverted(curve: Curve) -> Curve:
    steps = np.diff(curve.y)
    if not steps.any():  # flat: a step from one end to the other
        return Curve.of(curve.y[0] - [1.0, 0.0], curve.x[[0, -1]], "discrete")
    if (steps >= 0).all():
        return Curve.of(curve.y, curve.x)
    if (steps <= 0).all():
        return Curve.of(curve.y[::-1].copy(), curve.x[::-1].copy())
    raise LoweringError(Message("LOOKUP INVERT needs a lookup that only rises or only falls"))


def slope(curves: Choice, at: Node, side: Node) -> Node:
    """LOOKUP SLOPE: the slope after the argument, before it (side < 0), or their mean (side 0).

    They differ at points alone. Beyond the ends, where a lookup is flat, it is 0.
    """
    low, high = curves.each(lambda c: c.x[0]), curves.each(lambda c: c.x[-1])
    rises = curves.turned(lambda c: Curve(c.x, _rises(c), "discrete"))
    mirrored = curves.turned(
        lambda c: Curve(-c.x[::-1], np.append(_rises(c)[:-1][::-1], 0.0), "discrete")
    )
    after = chosen(op("ge", at, low), rises.read(at), Const(0.0))
    before = chosen(op("le", at, high), mirrored.read(op("neg", at)), Const(0.0))
    mean = op("mul", Const(0.5), op("add", before, after))
    both = chosen(op("lt", side, Const(0.0)), before, mean)
    return chosen(op("gt", side, Const(0.0)), after, both)


def area(curves: Choice, start: Node, end: Node) -> Node:
    """LOOKUP AREA: the integral of the lookup between two arguments."""
    return op("sub", _integral(curves, end), _integral(curves, start))


def area_inside(curves: Choice, start: Node, end: Node) -> Node:
    """LOOKUPAREA of Stella: the same, whichever comes first, with nothing beyond the ends."""
    return area(curves, *_inside(curves, start, end))


def mean_place(curves: Choice, start: Node, end: Node) -> Node:
    """LOOKUPMEAN of Stella: the mean x of a lookup that is taken for a density."""
    first, last = _inside(curves, start, end)
    moment = op("sub", _moment(curves, last), _moment(curves, first))
    return op("div", moment, area(curves, first, last))


def _inside(curves: Choice, start: Node, end: Node) -> tuple[Node, Node]:
    """Return two arguments in their order, none beyond the ends of a lookup."""
    low, high = curves.each(lambda c: c.x[0]), curves.each(lambda c: c.x[-1])
    a, b = (op("min", op("max", at, low), high) for at in (start, end))
    return op("min", a, b), op("max", a, b)


def _moment(curves: Choice, at: Node) -> Node:
    """Return the integral of x times the lookup from the first point to ``at`` inside it."""
    begun, level, rise, so_far = (
        curves.turned(lambda c, part=part: Curve(c.x, part(c), "discrete")).read(at)  # type: ignore[misc]
        for part in (lambda c: c.x, lambda c: c.y, _rises, _moments)
    )
    way = op("sub", at, begun)
    half = op("mul", Const(0.5), op("mul", way, way))
    flat = op("add", op("mul", level, way), op("mul", rise, half))
    third = op("mul", Const(2 / 3), op("mul", rise, op("mul", half, way)))
    return op(
        "add", so_far, op("add", op("mul", begun, flat), op("add", op("mul", level, half), third))
    )


def _integral(curves: Choice, at: Node) -> Node:
    """Return the integral from the first point to ``at``, the ends held beyond."""
    low, high = curves.each(lambda c: c.x[0]), curves.each(lambda c: c.x[-1])
    first, last = curves.each(lambda c: c.y[0]), curves.each(lambda c: c.y[-1])
    before = op("mul", first, op("min", op("sub", at, low), Const(0.0)))
    after = op("mul", last, op("max", op("sub", at, high), Const(0.0)))
    if all(len(curve.x) < 2 for curve in curves.curves):
        return op("add", before, after)
    inside = op("min", op("max", at, low), high)
    parts = (lambda c: c.x, lambda c: c.y, _rises, _areas)
    begun, level, rise, so_far = (
        curves.turned(lambda c, part=part: Curve(c.x, part(c), "discrete")).read(inside)  # type: ignore[misc]
        for part in parts
    )
    way = op("sub", inside, begun)
    height = op("add", level, op("mul", Const(0.5), op("mul", rise, way)))
    return op("add", op("add", so_far, op("mul", height, way)), op("add", before, after))


def _rises(curve: Curve) -> NDArray[np.float64]:
    """Return the slope after each point."""
    width = np.diff(curve.x)
    slope = np.divide(np.diff(curve.y), width, out=np.zeros(len(width)), where=width > 0)
    return np.append(slope, 0.0)


def area_up_to(curve: Curve, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of a curve from its first point to each of some arguments inside it."""
    piece = np.clip(np.searchsorted(curve.x, at, side="right") - 1, 0, len(curve.x) - 1)
    way = at - curve.x[piece]
    return _areas(curve)[piece] + way * (curve.y[piece] + 0.5 * _rises(curve)[piece] * way)


def _areas(curve: Curve) -> NDArray[np.float64]:
    """Return the integral up to each point."""
    y = curve.y
    return np.append(0.0, np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(curve.x)))


def _moments(curve: Curve) -> NDArray[np.float64]:
    """Return the integral of x times y up to each point."""
    x, y, width = curve.x, curve.y, np.diff(curve.x)
    rise = np.diff(y)
    pieces = x[:-1] * width * (y[:-1] + rise / 2) + width**2 * (y[:-1] / 2 + rise / 3)
    return np.append(0.0, np.cumsum(pieces))


# ── the same of a variable's elements ──────────────────────────────────────────────────────


def vector_lookup(builder: Builder, call: Call, scope: Scope) -> Node:
    """VECTOR LOOKUP: a lookup whose y are the elements of an array, evenly spaced in x."""
    vector, x, low, high, mode = call.args
    if not isinstance(vector, Ref) or not vector.subscripts:
        raise LoweringError(Message("VECTOR LOOKUP needs the first element of an array"))
    kind = builder.constants.fixed(builder.node(mode, scope))
    if kind is None or np.unique(kind).size != 1 or float(np.ravel(kind)[0]) not in (0, 1, 2, 3, 4):
        raise LoweringError(Message("VECTOR LOOKUP needs a constant from 0 to 4 for its mode"))
    first = builder.node(vector, scope)
    slots = builder.statements.where(builder.names.variable(vector.name).name)
    count = slots.shape[-1]
    if not isinstance(first, Load) or count < 2:
        raise LoweringError(Message("VECTOR LOOKUP needs an array of at least two elements"))
    along = int(slots.flat[1] - slots.flat[0]) * np.arange(count)
    allowed(int(np.prod(scope.shape)) * count)
    y = Load(first.slots[..., None] + along)
    start, width = (
        builder.node(low, scope),
        op("sub", builder.node(high, scope), builder.node(low, scope)),
    )
    step = op("div", width, Const(count - 1.0))
    place = op("div", op("sub", builder.node(x, scope), start), step)
    how = _VECTOR_MODES[whole(kind)]
    return how(builder, y, place, step, scope, count)


def _spread_place(builder: Builder, place: Node, scope: Scope, count: int) -> tuple[Node, Values]:
    """Return a place, and each element's number, at every element."""
    inside = inside_vector(scope, count)
    kept = builder.statements.keep(place, "place", scope)
    return Load(np.broadcast_to(kept[..., None], inside.shape)), places(inside.shape)


def _between(place: Node, count: int) -> Node:
    return op("min", op("max", place, Const(0.0)), Const(count - 1.0))


def _linear(builder: Builder, y: Load, place: Node, step: Node, scope: Scope, count: int) -> Node:
    at, number = _spread_place(builder, _between(place, count), scope, count)
    near = op("max", op("sub", Const(1.0), op("abs", op("sub", at, number))), Const(0.0))
    return Fold("sum", count, (op("mul", y, near),))


def _onward(builder: Builder, y: Load, place: Node, step: Node, scope: Scope, count: int) -> Node:
    held = _linear(builder, y, place, step, scope, count)
    below, above = (
        op("sub", Load(y.slots[..., b]), Load(y.slots[..., a])) for a, b in ((0, 1), (-2, -1))
    )
    before = op("mul", below, op("min", place, Const(0.0)))
    after = op("mul", above, op("max", op("sub", place, Const(count - 1.0)), Const(0.0)))
    return op("add", held, op("add", before, after))


def _at_step(shift: float) -> Callable[..., Node]:
    def read(builder: Builder, y: Load, place: Node, step: Node, scope: Scope, count: int) -> Node:
        whole = op("integer", op("add", _between(place, count), Const(shift)))
        at, number = _spread_place(builder, _between(whole, count), scope, count)
        return Fold("sum", count, (chosen(op("eq", at, number), y, Const(0.0)),))

    return read


def _area_so_far(
    builder: Builder, y: Load, place: Node, step: Node, scope: Scope, count: int
) -> Node:
    """Return the integral from the first element to a place, the ends held beyond."""
    at, number = _spread_place(builder, _between(place, count), scope, count)
    off = op("sub", at, number)
    way = op("min", op("max", off, Const(-1.0)), Const(1.0))
    rising, falling = op("add", Const(1.0), way), op("sub", Const(1.0), way)
    half = Const(0.5)
    part = chosen(
        op("lt", way, Const(0.0)),
        op("mul", half, op("mul", rising, rising)),
        op("sub", Const(1.0), op("mul", half, op("mul", falling, falling))),
    )
    own = op("sub", part, chosen(op("eq", number, Const(0.0)), half, Const(0.0)))
    inside = Fold("sum", count, (op("mul", y, own),))
    beyond = op("max", op("sub", place, Const(count - 1.0)), Const(0.0))
    before = op("mul", Load(y.slots[..., 0]), op("min", place, Const(0.0)))
    after = op("mul", Load(y.slots[..., -1]), beyond)
    return op("mul", step, op("add", inside, op("add", before, after)))


_VECTOR_MODES: tuple[Callable[..., Node], ...] = (
    _linear,
    _area_so_far,
    _at_step(0.0),
    _onward,
    _at_step(1.0 - 1e-9),
)


# ── records ────────────────────────────────────────────────────────────────────────────────


def _of_curves(shape: Callable[..., Node]) -> Lowering:
    """Return the lowering of a function of a graphical function and numbers."""

    def lower(builder: Builder, call: Call, scope: Scope) -> Node:
        curves = builder.curves(call.args[0], scope)
        return shape(curves, *(builder.node(arg, scope) for arg in call.args[1:]))

    return lower


_LOOK = "look((0,1),(1,1),(2,2),(4,4))~~|"


def _record(
    spelling: str, formula: str, value: float, lower: Callable[..., Node], unit: str, count: int = 2
) -> Function:
    return Function(
        name=spelling.casefold().replace(" ", "_"),
        spellings=(spelling,),
        arity=(count,),
        unit=rule(unit),
        lower=_of_curves(lower),
        example=Example(formula, value, _LOOK),
    )


RECORDS = (
    Function(
        name="lookup",
        spellings=("WITH LOOKUP", "LOOKUP", "GRAPH"),
        arity=(2,),
        unit=rule("x ? -> x"),
        lower=_of_curves(lambda curves, at: curves.read(at)),
        example=Example("WITH LOOKUP(Time,([(0,0)-(9,9)],(0,0),(8,4)))", 2),
    ),
    _record("LOOKUP EXTRAPOLATE", "LOOKUP EXTRAPOLATE(look,5)", 5, extrapolate, "x ? -> x"),
    _record("LOOKUP FORWARD", "LOOKUP FORWARD(look,1.5)", 2, forward, "x ? -> x"),
    _record("LOOKUP BACKWARD", "LOOKUP BACKWARD(look,1.5)", 1, backward, "x ? -> x"),
    _record("LOOKUP AREA", "LOOKUP AREA(look,0.5,2.5)", 0.5 + 1.5 + 1.125, area, "x ? ? -> ?", 3),
    _record(
        "LOOKUP AREA INSIDE", "LOOKUP AREA INSIDE(look,5,3)", 3.5, area_inside, "x ? ? -> ?", 3
    ),
    _record(
        "LOOKUP MEAN PLACE", "LOOKUP MEAN PLACE(look,0,9)", 43 / 17, mean_place, "? x x -> x", 3
    ),
    _record("LOOKUP SLOPE", "LOOKUP SLOPE(look,3.5,0)", 1, slope, "x ? ? -> ?", 3),
    Function(
        name="lookup_invert",
        spellings=("LOOKUP INVERT",),
        arity=(2,),
        unit=rule("x x -> ?"),
        lower=_of_curves(invert),
        example=Example("LOOKUP INVERT(down,3)", 3, "down((0,9),(4,1))~~|"),
    ),
    Function(
        name="vector_lookup",
        spellings=("VECTOR LOOKUP",),
        arity=(5,),
        unit=rule("x ? ? ? ? -> x"),
        lower=vector_lookup,
        example=Example("VECTOR LOOKUP(v[e1],15,10,30,0)", 3, "e: e1,e2,e3~~|\nv[e]=2,4,9~~|"),
    ),
)
