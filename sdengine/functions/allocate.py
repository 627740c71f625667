"""ALLOCATE BY PRIORITY and ALLOCATE AVAILABLE: who gets how much of what is there; markets.

Each claimant's demand falls with a price from all of its request to nothing, in the form of its
priority profile; the price is where all demands together equal the supply. With rectangular
profiles of one width demand is a broken line and the price is exact. With others the price is
found by halving, a fixed number of times, so that every member does the same work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, halved, op, whole
from sdengine.functions.record import Builder, Example, Function, Lowering
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.functions.vectors import Across, across, last_subscript
from sdengine.ir import Const, Fold, Load, Node, Slots
from sdengine.syntax import Call, Expr, Number, Ref

NO_WIDTH = 2.0**-20  # priorities this near to each other share
REACH = {1: 0.5, 2: 0.5, 3: 8.3, 4: 37.0}  # widths from the middle of a profile to its end


def _clip(node: Node) -> Node:
    return op("min", op("max", node, Const(0.0)), Const(1.0))


def _spread(slots: Slots, shape: tuple[int, ...]) -> Load:
    return Load(np.broadcast_to(slots, shape))


def _supply(builder: Builder, supply: Node, demand: Slots, group: Across) -> Slots:
    """Return slots of the supply, at least 0 and at most what is asked for in all."""
    total = Fold("sum", group.width, (Load(demand),))
    return builder.statements.keep(
        op("min", op("max", supply, Const(0.0)), total), "supply", group.outer
    )


def by_priority(builder: Builder, call: Call, scope: Scope) -> Node:
    """ALLOCATE BY PRIORITY: the higher first; closer than a width, they share."""
    request, priority, size, width, supply = call.args
    group = across(builder, last_subscript(request), scope)
    count = builder.constants.value(builder.node(size, group.outer))
    if count is None or not (np.ravel(count) == group.width).all():
        raise LoweringError(
            Message("ALLOCATE BY PRIORITY must be given the number of its claimants")
        )
    demand = builder.statements.keep(builder.node(request, group.inner), "demand", group.inner)
    top = builder.statements.keep(builder.node(priority, group.inner), "priority", group.inner)
    wide = builder.statements.keep(builder.node(width, group.outer), "width", group.outer)
    given = _supply(builder, builder.node(supply, group.outer), demand, group)
    cube = (len(wide), 2 * group.width, group.width)
    ends = builder.statements.keep(
        op("sub", Load(top), _spread(wide[:, None], group.inner.shape)), "end", group.inner
    )
    corners = np.concatenate([top, ends], axis=1)  # where the broken line bends
    bends = Scope(corners.shape, {k: v[:, None] for k, v in group.outer.axes.items()})
    part = _clip(
        op(
            "div",
            op("sub", _spread(top[:, None, :], cube), _spread(corners[:, :, None], cube)),
            _spread(wide[:, None, None], cube),
        )
    )
    taken = Fold("sum", group.width, (op("mul", _spread(demand[:, None, :], cube), part),))
    height = builder.statements.keep(taken, "taken", bends)
    price = _price(builder, corners, height, given, group)
    here = Load(top[group.vector, group.place])
    share = _clip(op("div", op("sub", here, Load(price[group.vector])), Load(wide[group.vector])))
    return op("mul", Load(demand[group.vector, group.place]), share)


def stella(builder: Builder, call: Call, scope: Scope) -> Node:
    """Stella's ALLOCATE: a supply over a dimension by demand and priority, a width and a type."""
    supply, dimension, demand, priority, *width = call.args
    if not isinstance(dimension, Ref):
        raise LoweringError(Message("ALLOCATE needs a dimension for its second argument"))
    if len(width) > 1:
        request, *profile = (
            _over(arg, dimension.name) for arg in (demand, width[1], priority, width[0])
        )
        return _shared_out(builder, request, profile, supply, scope)
    size = Number(float(len(builder.names.elements(dimension.name))))
    claims = [_over(arg, dimension.name) for arg in (demand, priority)]
    wide = Call("max", (width[0], Number(NO_WIDTH))) if width else Number(NO_WIDTH)
    return by_priority(builder, Call(call.function, (*claims, size, wide, supply)), scope)


def _over(expr: Expr, dimension: str) -> Expr:
    """Return an array's reference with its open subscript named."""
    if not isinstance(expr, Ref):
        return expr
    opened = tuple(dimension if s.strip("*! ") in ("", dimension) else s for s in expr.subscripts)
    return Ref(expr.name, opened or (dimension,))


def _price(builder: Builder, corners: Slots, height: Slots, given: Slots, group: Across) -> Slots:
    """Return slots of the price at which a falling broken line has the height of the supply."""
    bends, level = corners.shape[1], _spread(given[:, None], corners.shape)
    above, below = op("ge", Load(height), level), op("le", Load(height), level)
    least, most = Const(-np.inf), Const(np.inf)
    parts = {
        "low": ("vmax", chosen(above, Load(corners), least)),
        "high": ("vmin", chosen(below, Load(corners), most)),
        "over": ("vmin", chosen(above, Load(height), most)),
        "under": ("vmax", chosen(below, Load(height), least)),
    }
    low, high, over, under = (
        Load(builder.statements.keep(Fold(how, bends, (node,)), what, group.outer))
        for what, (how, node) in parts.items()
    )
    way = op("div", op("sub", over, Load(given)), op("sub", over, under))
    between = op("add", low, op("mul", way, op("sub", high, low)))
    return builder.statements.keep(
        chosen(op("gt", over, under), between, low), "price", group.outer
    )


def available(builder: Builder, call: Call, scope: Scope) -> Node:
    """ALLOCATE AVAILABLE: by profiles of a type, a priority and a width for each claimant."""
    request, profile, supply = call.args
    if not isinstance(profile, Ref):
        raise LoweringError(
            Message("ALLOCATE AVAILABLE needs a variable for its priority profiles")
        )
    return _shared_out(builder, request, _profile_parts(builder, profile), supply, scope)


def _shared_out(
    builder: Builder, request: Expr, profile: Sequence[Expr], supply: Expr, scope: Scope
) -> Node:
    """Return what each claimant gets by the type, priority and width of its profile."""
    group = across(builder, last_subscript(request), scope)
    types, middle, wide = (builder.node(part, group.inner) for part in profile)
    kinds = _kinds(builder, types)
    demand = builder.statements.keep(builder.node(request, group.inner), "demand", group.inner)
    kind = builder.statements.keep(types, "type", group.inner)
    centre = builder.statements.keep(middle, "priority", group.inner)
    width = builder.statements.keep(wide, "width", group.inner)
    given = _supply(builder, builder.node(supply, group.outer), demand, group)
    total = builder.statements.keep(Fold("sum", group.width, (Load(demand),)), "total", group.outer)
    claimants = _Side(demand, kind, centre, width, kinds)

    def too_low(price: Slots) -> Node:
        return op("gt", claimants.asked(price), Load(given))

    price = halved(builder, claimants.ends(), too_low, group.outer)
    own = (group.vector, group.place)
    part = _part(
        Load(price[group.vector]), kinds, Load(kind[own]), Load(centre[own]), Load(width[own])
    )
    asked, got, most = Load(demand[own]), Load(given[group.vector]), Load(total[group.vector])
    some = chosen(op("gt", got, Const(0.0)), op("mul", asked, part), Const(0.0))
    return chosen(op("ge", got, most), asked, some)


@dataclass(frozen=True, eq=False)
class _Side:
    """Who asks at each point, the claimants of a supply or one side of a market: slots in
    (point, who), and the types of their profiles that occur."""

    quantity: Slots
    kind: Slots
    centre: Slots
    width: Slots
    kinds: list[int]

    def asked(self, price: Slots) -> Node:
        """Return what all ask for at a price: the less, the higher it is."""
        at = _spread(price[:, None], self.centre.shape)
        part = _part(at, self.kinds, Load(self.kind), Load(self.centre), Load(self.width))
        return Fold("sum", self.quantity.shape[1], (op("mul", Load(self.quantity), part),))

    def ends(self) -> tuple[Node, Node]:
        """Return the prices between which anything moves."""
        reach = op("mul", Load(self.width), Const(max(REACH[k] for k in self.kinds)))
        below, above = (op(how, Load(self.centre), reach) for how in ("sub", "add"))
        count = self.quantity.shape[1]
        return Fold("vmin", count, (below,)), Fold("vmax", count, (above,))


def _profile_parts(builder: Builder, profile: Ref) -> list[Ref]:
    """Return the references to type, priority and width that stand side by side."""
    variable = builder.names.variable(profile.name)
    elements = list(builder.model.elements(variable.dims[-1])) if variable.dims else []
    keys = [builder.names.key(e) for e in elements]
    last = builder.names.key(profile.subscripts[-1]) if profile.subscripts else ""
    start = keys.index(last) if last in keys else -1
    if start < 0 or len(elements) < start + 3:
        raise LoweringError(
            Message(
                '"{name}" must end with a subscript of type, priority, width and extra',
                name=profile.name,
            )
        )
    head = profile.subscripts[:-1]
    return [Ref(profile.name, (*head, elements[start + k])) for k in range(3)]


def _kinds(builder: Builder, types: Node) -> list[int]:
    values = builder.constants.fixed(types)
    if values is None:
        raise LoweringError(Message("the types of priority profiles must be constants"))
    kinds = sorted({whole(value) for value in np.ravel(values)})
    if any(kind not in REACH for kind in kinds):
        raise LoweringError(
            Message(
                "profiles of type {kinds} are not supported; supported: 1 "
                "rectangular, 2 triangular, 3 normal, 4 exponential",
                kinds=kinds,
            )
        )
    return kinds


def _part(price: Node, kinds: list[int], kind: Node, centre: Node, width: Node) -> Node:
    """Return the part of its request a claimant still asks for at a price."""
    away = op("div", op("sub", price, centre), width)
    out = _PROFILES[kinds[-1]](away)
    for other in reversed(kinds[:-1]):
        out = chosen(op("eq", kind, Const(float(other))), _PROFILES[other](away), out)
    return out


def _rectangular(away: Node) -> Node:
    return _clip(op("sub", Const(0.5), away))


def _triangular(away: Node) -> Node:
    left = _clip(op("add", away, Const(0.5)))
    right = _clip(op("sub", Const(0.5), away))
    rising = op("sub", Const(1.0), op("mul", Const(2.0), op("mul", left, left)))
    falling = op("mul", Const(2.0), op("mul", right, right))
    return chosen(op("lt", away, Const(0.0)), rising, falling)


def _normal(away: Node) -> Node:
    return op("mul", Const(0.5), op("erfc", op("mul", away, Const(float(np.sqrt(0.5))))))


def _exponential(away: Node) -> Node:
    tail = op("mul", Const(0.5), op("exp", op("neg", op("abs", away))))
    return chosen(op("lt", away, Const(0.0)), op("sub", Const(1.0), tail), tail)


_PROFILES: dict[int, Callable[[Node], Node]] = {
    1: _rectangular,
    2: _triangular,
    3: _normal,
    4: _exponential,
}

# ── a market: both sides move with the price ───────────────────────────────────────────────


def _side(builder: Builder, quantity: Expr, profile: Expr, scope: Scope) -> _Side:
    if not isinstance(quantity, Ref) or not isinstance(profile, Ref) or len(scope.shape) != 1:
        raise LoweringError(
            Message("FIND MARKET PRICE needs variables, and cannot stand inside a sum")
        )
    dims = builder.names.variable(quantity.name).dims
    if not dims or len(quantity.subscripts) != len(dims):
        raise LoweringError(
            Message('"{name}" must have the traders as its last subscript', name=quantity.name)
        )
    every = f"{dims[-1]}!"
    parts = [
        Ref(part.name, (*part.subscripts[:-2], every, part.subscripts[-1]))
        for part in _profile_parts(builder, profile)
    ]
    exprs = (Ref(quantity.name, (*quantity.subscripts[:-1], every)), *parts)
    inner, _ = builder.inside_marks(exprs, scope)
    nodes = [builder.node(expr, inner) for expr in exprs]
    names = ("quantity", "type", "priority", "width")
    quantities, kind, centre, width = (
        builder.statements.keep(node, name, inner) for node, name in zip(nodes, names, strict=True)
    )
    return _Side(quantities, kind, centre, width, _kinds(builder, nodes[1]))


def market_price(builder: Builder, call: Call, scope: Scope) -> Node:
    """FIND MARKET PRICE: the price at which what is asked for is what is offered."""
    buyers = _side(builder, call.args[0], call.args[1], scope)
    sellers = _side(builder, call.args[2], call.args[3], scope)
    capacity = Fold("sum", sellers.quantity.shape[1], (Load(sellers.quantity),))
    (low, high), (other_low, other_high) = buyers.ends(), sellers.ends()
    ends = op("min", low, other_low), op("max", high, other_high)

    def too_low(price: Slots) -> Node:
        return op("gt", buyers.asked(price), op("sub", capacity, sellers.asked(price)))

    return Load(halved(builder, ends, too_low, scope))


def _at_price(offered: bool) -> Lowering:
    """Return the lowering of what a trader buys or sells at a price."""

    def lower(builder: Builder, call: Call, scope: Scope) -> Node:
        quantity, profile, price = call.args
        if not isinstance(profile, Ref):
            name = call.function.upper().replace("_", " ")
            raise LoweringError(Message("{name} needs a variable for its profiles", name=name))
        kind, centre, width = (
            builder.node(part, scope) for part in _profile_parts(builder, profile)
        )
        part = _part(builder.node(price, scope), _kinds(builder, kind), kind, centre, width)
        share = op("sub", Const(1.0), part) if offered else part
        return op("mul", builder.node(quantity, scope), share)

    return lower


_CLAIMS = "e: e1,e2,e3~~|\nask[e]=4,5,6~~|\nrank[e]=3,2,1~~|\n"
_PROFILED = "p: ptype,ppriority,pwidth,pextra~~|\nprofile[e,p]=1,3,.5,0;1,2,.5,0;1,1,.5,0;~~|\n"

RECORDS = (
    Function(
        name="allocate_by_priority",
        spellings=("ALLOCATE BY PRIORITY",),
        arity=(5,),
        unit=rule("x ? ? ? x -> x"),
        lower=by_priority,
        example=Example(
            "got[e2]", 3, _CLAIMS + "got[e]=ALLOCATE BY PRIORITY(ask[e],rank[e],3,0.5,7)~~|"
        ),
    ),
    Function(
        name="allocate",
        spellings=("ALLOCATE",),
        arity=(4, 5, 6),
        unit=rule("x ? x ? ? ? -> x"),
        lower=stella,
        example=Example(
            "got[e2]",
            3,
            "ask[e]=4,5,6\nrank[e]=3,2,1\ngot[e]=ALLOCATE(7,e,ask[*],rank[*])",
            xmile=True,
        ),
    ),
    Function(
        name="allocate_available",
        spellings=("ALLOCATE AVAILABLE",),
        arity=(3,),
        unit=rule("x ? x -> x"),
        lower=available,
        example=Example(
            "got[e2]",
            3,
            _CLAIMS + _PROFILED + "got[e]=ALLOCATE AVAILABLE(ask[e],profile[e,ptype],7)~~|",
        ),
    ),
    Function(
        name="find_market_price",
        spellings=("FIND MARKET PRICE",),
        arity=(4,),
        unit=rule("x ? x ? -> ?"),
        lower=market_price,
        example=Example(
            "FIND MARKET PRICE(ask[e1],profile[e1,ptype],ask[e1],profile[e1,ptype])",
            2,
            _CLAIMS.replace("4,5,6", "5,5,5") + _PROFILED,
        ),
    ),
    Function(
        name="demand_at_price",
        spellings=("DEMAND AT PRICE",),
        arity=(3,),
        unit=rule("x ? ? -> x"),
        lower=_at_price(offered=False),
        example=Example(
            "DEMAND AT PRICE(ask[e2],profile[e2,ptype],1.875)", 3.75, _CLAIMS + _PROFILED
        ),
    ),
    Function(
        name="supply_at_price",
        spellings=("SUPPLY AT PRICE",),
        arity=(3,),
        unit=rule("x ? ? -> x"),
        lower=_at_price(offered=True),
        example=Example(
            "SUPPLY AT PRICE(ask[e2],profile[e2,ptype],1.875)", 1.25, _CLAIMS + _PROFILED
        ),
    ),
)
