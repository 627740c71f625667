"""Functions over a whole vector: sorting, ranking, reordering and selecting its elements.

The vector is what its last subscript runs over. Everything is comparisons and sums over it, so
that members need no branches of their own; the work grows with the square of its length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, inside_vector, op, places, whole
from sdengine.functions.record import Builder, Example, Function
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Fold, Load, Node, Slots, Time, Values, nodes
from sdengine.syntax import NA, Call, Expr, Ref, walk


@dataclass(frozen=True, eq=False)
class Across:
    """The vectors that the points of a scope are taken from.

    ``outer`` has one point per vector, ``inner`` (vector, element). ``vector`` and ``place``
    say, for each point of the scope, which vector it belongs to and where in it it stands.
    """

    outer: Scope
    inner: Scope
    vector: NDArray[np.int64]
    place: NDArray[np.int64]
    width: int


def across(builder: Builder, subscript: str, scope: Scope) -> Across:
    """Return the vectors over ``subscript`` that the points of a scope lie in."""
    if len(scope.shape) != 1:
        raise LoweringError(Message("a function of whole vectors cannot stand inside a sum"))
    key, elements = builder.names.follow(subscript, scope)
    others = {name: axis for name, axis in scope.axes.items() if name != key}
    rows = np.stack([*others.values(), np.zeros(scope.shape, np.int64)], axis=1)
    _, first, vector = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    members = builder.names.elements(subscript)
    outer_axes = {name: axis[first] for name, axis in others.items()}
    inner_axes = {name: axis[:, None] for name, axis in outer_axes.items()}
    count, width = len(first), len(members)
    allowed(2 * count * width * width)
    position = np.full(len(builder.names.element), -1, np.int64)
    position[members] = np.arange(width)
    return Across(
        outer=Scope((count,), outer_axes),
        inner=Scope((count, width), {**inner_axes, builder.names.key(subscript): members}),
        vector=vector.reshape(-1),
        place=position[elements],
        width=width,
    )


def last_subscript(expr: Expr) -> str:
    """Return the subscript an argument's vector runs over."""
    for part in walk(expr):
        if isinstance(part, Ref) and part.subscripts:
            return part.subscripts[-1].removesuffix("!").strip()
    raise LoweringError(Message("needs an argument with a subscript"))


def _ranks(builder: Builder, values: Slots, inner: Scope) -> Slots:
    """Return slots of each element's rank in its vector, from 0, smallest first."""
    count, width = inner.shape
    cube = (count, width, width)
    own = Load(np.broadcast_to(values[:, :, None], cube))
    other = Load(np.broadcast_to(values[:, None, :], cube))
    earlier = np.tril(np.ones((width, width)), -1)
    first = Values(np.broadcast_to(earlier, cube).copy())
    before = chosen(
        op("lt", other, own), Const(1.0), chosen(op("eq", other, own), first, Const(0.0))
    )
    return builder.statements.keep(Fold("sum", width, (before,)), "rank", inner)


def _vector(builder: Builder, call: Call, scope: Scope) -> tuple[Across, Slots]:
    group = across(builder, last_subscript(call.args[0]), scope)
    return group, builder.statements.keep(
        builder.node(call.args[0], group.inner), "vector", group.inner
    )


def sort_order(builder: Builder, call: Call, scope: Scope) -> Node:
    """VECTOR SORT ORDER: the number, from 0, of the element that comes at this place."""
    group, values = _vector(builder, call, scope)
    ranks = _ranks(builder, values, group.inner)
    inside = inside_vector(scope, group.width)
    place = np.broadcast_to(group.place[:, None], inside.shape).astype(float)
    upward = op("gt", builder.node(call.args[1], inside), Const(0.0))
    wanted = chosen(upward, Values(place), Values(group.width - 1 - place))
    number = places(inside.shape)
    here = op("eq", Load(ranks[group.vector]), wanted)
    return Fold("sum", group.width, (chosen(here, number, Const(0.0)),))


def rank(builder: Builder, call: Call, scope: Scope) -> Node:
    """VECTOR RANK: the place of this element in the sorted vector, from 1."""
    group, values = _vector(builder, call, scope)
    own = Load(_ranks(builder, values, group.inner)[group.vector, group.place])
    upward = op("gt", builder.node(call.args[1], scope), Const(0.0))
    down = op("sub", Const(float(group.width)), own)
    return chosen(upward, op("add", own, Const(1.0)), down)


def ranked(builder: Builder, call: Call, scope: Scope) -> Node:
    """RANK: the number, from 1, of the element that comes at a place when sorted upwards."""
    inner, width = builder.inside_marks(call.args[:1], scope)
    if not width or len(inner.shape) != 2:
        raise LoweringError(Message("RANK needs an array, and cannot stand inside a sum"))
    allowed(2 * inner.shape[0] * width * width)
    values = builder.statements.keep(builder.node(call.args[0], inner), "vector", inner)
    ranks = Load(_ranks(builder, values, inner))
    here = op("eq", op("add", ranks, Const(1.0)), builder.node(call.args[1], inner))
    number = op("add", places(inner.shape), Const(1.0))
    return Fold("sum", width, (chosen(here, number, Const(0.0)),))


def reorder(builder: Builder, call: Call, scope: Scope) -> Node:
    """VECTOR REORDER: the element of the vector whose number, from 0, is given."""
    group, values = _vector(builder, call, scope)
    inside = inside_vector(scope, group.width)
    number = places(inside.shape)
    here = op("eq", number, builder.node(call.args[1], inside))
    return Fold("sum", group.width, (chosen(here, Load(values[group.vector]), Const(0.0)),))


# What VECTOR SELECT does to what is selected: (reduction, neutral value, form, whether a mean).
_ACTIONS: dict[int, tuple[str, float, str, bool]] = {
    0: ("sum", 0.0, "weighted", False),
    1: ("prod", 1.0, "weighted", False),
    2: ("vmin", np.inf, "weighted", False),
    3: ("vmax", -np.inf, "weighted", False),
    4: ("sum", 0.0, "weighted", True),
    5: ("prod", 1.0, "power", False),
    6: ("sum", 0.0, "plain", False),
    7: ("prod", 1.0, "plain", False),
    8: ("vmin", np.inf, "plain", False),
    9: ("vmax", -np.inf, "plain", False),
    10: ("sum", 0.0, "plain", True),
}


def select(builder: Builder, call: Call, scope: Scope) -> Node:
    """VECTOR SELECT: one number from the elements whose selection is not 0.

    Where its last argument calls for an error, the value is not a number.
    """
    selection, expression, missing, action, fault = call.args
    kind = builder.constants.value(builder.node(action, scope))
    strict = builder.constants.value(builder.node(fault, scope))
    if kind is None or strict is None or whole(kind) not in _ACTIONS:
        raise LoweringError(
            Message("VECTOR SELECT needs constants for its actions, 0 to 10 and 0 to 3")
        )
    fold_name, neutral, form, mean = _ACTIONS[whole(kind)]
    inner, width = builder.inside_marks((selection, expression), scope)
    if not width:
        raise LoweringError(Message('VECTOR SELECT needs a subscript marked "!"'))
    chose, value = builder.node(selection, inner), builder.node(expression, inner)
    is_in = op("ne", chose, Const(0.0))
    forms = {"weighted": op("mul", chose, value), "power": op("pow", value, chose), "plain": value}
    count = Fold("sum", width, (is_in,))
    out: Node = Fold(fold_name, width, (chosen(is_in, forms[form], Const(neutral)),))
    if mean:
        out = op("div", out, count)
    out = chosen(op("eq", count, Const(0.0)), builder.node(missing, scope), out)
    level = whole(strict)
    if level in (1, 3):
        out = chosen(op("eq", count, Const(0.0)), Const(np.nan), out)
    if level in (2, 3):
        out = chosen(op("gt", count, Const(1.0)), Const(np.nan), out)
    return out


def element_map(builder: Builder, call: Call, scope: Scope) -> Node:
    """VECTOR ELM MAP: the value so many places after an element in its variable's own order.

    Outside the variable the value is :NA:.
    """
    vector, shift = call.args
    if not isinstance(vector, Ref) or not vector.subscripts:
        raise LoweringError(
            Message("VECTOR ELM MAP needs an element of an array for its first argument")
        )
    start = builder.node(vector, scope)
    if not isinstance(start, Load):
        raise LoweringError(Message("VECTOR ELM MAP needs a variable for its first argument"))
    slots = builder.statements.where(builder.names.variable(vector.name).name).ravel()
    step = 1 if slots[0] >= 0 else -2
    place = (start.slots - slots[0]) // step
    offset = builder.node(shift, scope)
    if not any(isinstance(part, Load | Time) for part in nodes(offset)):
        value = builder.constants.value(offset)
        if value is not None and np.isfinite(value).all():
            wanted = place + np.rint(np.broadcast_to(value, place.shape)).astype(int)
            return _at(builder, slots, wanted)
    inside = inside_vector(scope, len(slots))
    allowed(int(np.prod(inside.shape)))
    wanted = op("integer", op("add", op("add", Values(place.astype(float)), offset), Const(0.5)))
    kept = Load(builder.statements.keep(wanted, "place", scope))
    spread = Load(np.broadcast_to(kept.slots[..., None], inside.shape))
    found = chosen(
        op("eq", places(inside.shape), spread),
        Load(np.broadcast_to(slots, inside.shape)),
        Const(0.0),
    )
    total = Fold("sum", len(slots), (found,))
    known = op("and", op("ge", kept, Const(0.0)), op("lt", kept, Const(float(len(slots)))))
    return chosen(known, total, Const(NA))


def _at(builder: Builder, slots: Slots, place: NDArray[np.int64]) -> Node:
    """Return the values at these places of a variable, :NA: outside it, where none is read."""
    outside = (place < 0) | (place >= len(slots))
    if not outside.any():
        return Load(slots[place])
    nothing = builder.statements.keep(Const(NA), "nothing", Scope((1,)))
    inside = slots[np.clip(place, 0, len(slots) - 1)]
    return Load(np.where(outside, nothing[0], inside))


_ARRAY = "e: e1,e2,e3~~|\nv[e]=20,50,30~~|\n"

RECORDS = (
    Function(
        name="vector_sort_order",
        spellings=("VECTOR SORT ORDER",),
        arity=(2,),
        unit=rule("x ? -> 1"),
        lower=sort_order,
        example=Example("w[e3]", 1, _ARRAY + "w[e]=VECTOR SORT ORDER(v[e],1)~~|"),
    ),
    Function(
        name="vector_rank",
        spellings=("VECTOR RANK",),
        arity=(2,),
        unit=rule("x ? -> 1"),
        lower=rank,
        example=Example("w[e3]", 2, _ARRAY + "w[e]=VECTOR RANK(v[e],1)~~|"),
    ),
    Function(
        name="rank",
        spellings=("RANK",),
        arity=(2,),
        unit=rule("x ? -> 1"),
        lower=ranked,
        reduces=True,
        example=Example("RANK(v,2)", 3, "v[e]=2,5,3", xmile=True),
    ),
    Function(
        name="vector_reorder",
        spellings=("VECTOR REORDER",),
        arity=(2,),
        unit=rule("x 1 -> x"),
        lower=reorder,
        example=Example("w[e3]", 20, _ARRAY + "o[e]=2,1,0~~|\nw[e]=VECTOR REORDER(v[e],o[e])~~|"),
    ),
    Function(
        name="vector_select",
        spellings=("VECTOR SELECT",),
        arity=(5,),
        unit=rule("1 x x ? ? -> x"),
        lower=select,
        reduces=True,
        example=Example("VECTOR SELECT(c[e!],v[e!],0,0,0)", 50, _ARRAY + "c[e]=1,0,1~~|"),
    ),
    Function(
        name="vector_elm_map",
        spellings=("VECTOR ELM MAP",),
        arity=(2,),
        unit=rule("x 1 -> x"),
        lower=element_map,
        example=Example("VECTOR ELM MAP(v[e1],1)", 50, _ARRAY),
    ),
)
