"""QUEUE AGE …: how long what stands in a queue has waited, first in, first out.

What was in the queue i steps ago and has not left is what had entered by then, less all that left
since: so the amounts that had entered by each earlier step, which move on by a place a step, and
what has left tell every age. An entry is one step old at the step after it came in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, op, places
from sdengine.functions.lookups import area_up_to
from sdengine.functions.memory import LONGEST, spread
from sdengine.functions.record import Builder, Example, Function
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Curve, Fold, Load, Node, Values
from sdengine.syntax import NA, Call

NOTHING = 1e-10  # of all that entered, below which nothing is left of an entry
_ZERO = Const(0.0)


def _standing(builder: Builder, call: Call, scope: Scope) -> tuple[Node, int]:
    """Return how much of what stands there is more than i steps old, for each i from 0 on."""
    entered, left = (builder.node(arg, scope) for arg in call.args[:2])
    curves = builder.curves(call.args[2], scope).curves
    step = builder.model.clock.step
    span = builder.constants.fixed(builder.node(call.args[3], scope))
    if len(curves) != 1 or span is None or np.unique(span).size != 1 or len(scope.shape) != 1:
        raise LoweringError(
            Message("ages of a queue need one profile, and a constant for the range of first ages")
        )
    first = float(np.ravel(span)[0]) / step
    count = builder.model.clock.steps + 2 + int(min(max(first, 0.0), 1e9))
    if count > LONGEST:
        raise LoweringError(Message("ages of a queue take at most {most:,} steps", most=LONGEST))
    allowed(4 * scope.shape[0] * count)
    shape = (scope.shape[0], count)
    older = _older(curves[0], first, count)
    newest = places(shape)

    def update(last: Node) -> Node:
        assert isinstance(last, Load)
        before = np.append(last.slots[:, :1], last.slots[:, :-1], axis=1)
        return chosen(op("gt", newest, _ZERO), Load(before), spread(entered, count))

    shares = Values(np.broadcast_to(older, shape).copy())
    begun = op("mul", spread(builder.statements.frozen(entered, scope), count), shares)
    entered_by = builder.statements.memory(update, begun, Scope(shape))
    gone = op("add", spread(left, count), op("mul", spread(entered, count), Const(NOTHING)))
    there = op("sub", entered_by, spread(left, count))
    return chosen(op("gt", entered_by, gone), there, _ZERO), count


def _older(curve: Curve, first: float, count: int) -> np.ndarray:
    """Return the share of what stands there at first that is more than 1, 2, 3 … steps old."""
    at = np.minimum(np.arange(1.0, count + 1.0) / max(first, 1e-300), 1.0)
    whole = area_up_to(curve, np.array([curve.x[-1]]))[0]
    if not whole > 0 or (curve.y < 0).any():
        raise LoweringError(
            Message("ages of a queue need a profile without negative values and not all 0")
        )
    below = area_up_to(curve, curve.x[0] + at * (curve.x[-1] - curve.x[0]))
    return 1.0 - below / whole


def _all(standing: Node, count: int) -> Fold:
    """Return the largest of them: all that stands there."""
    return Fold("vmax", count, (standing,))


def average(builder: Builder, call: Call, scope: Scope) -> Node:
    """QUEUE AGE AVERAGE: the mean age of so many that came first, of all where it says 0."""
    standing, count = _standing(builder, call, scope)
    total = Load(builder.statements.keep(_all(standing, count), "standing", scope))
    wanted = builder.node(call.args[4], scope)
    all_ = op("or", op("le", wanted, _ZERO), op("gt", wanted, total))
    some = Load(builder.statements.keep(chosen(all_, total, wanted), "wanted", scope))
    ages = Fold("sum", count, (op("min", standing, spread(some, count)),))
    return op("mul", op("zidz", ages, some), Const(builder.model.clock.step))


def oldest(builder: Builder, call: Call, scope: Scope) -> Node:
    """QUEUE AGE OLDEST: the age of what came first."""
    standing, count = _standing(builder, call, scope)
    steps = Fold("sum", count, (op("gt", standing, _ZERO),))
    return op("mul", steps, Const(builder.model.clock.step))


def in_range(builder: Builder, call: Call, scope: Scope) -> Node:
    """QUEUE AGE IN RANGE: how much is no younger than one age and no older than another."""
    standing, count = _standing(builder, call, scope)
    youngest, eldest = (builder.node(arg, scope) for arg in call.args[4:])
    step = Const(builder.model.clock.step)
    number = places((scope.shape[0], count))

    def above(steps: Node) -> Node:
        """Return how much is more than so many steps old."""
        held = op("min", op("max", steps, _ZERO), Const(float(count)))
        at = Load(builder.statements.keep(op("integer", held), "age", scope))
        here = op("eq", number, spread(at, count))
        return Fold("sum", count, (chosen(here, standing, _ZERO),))

    least = op("sub", op("div", youngest, step), Const(1e-6))
    most = op("add", op("div", eldest, step), Const(1e-6))
    least = chosen(op("eq", youngest, Const(NA)), _ZERO, least)
    most = chosen(op("eq", eldest, Const(NA)), Const(float(count)), most)
    return op("sub", above(least), above(most))


_GIVEN = "flat((0,1),(1,1))~~|\nq=QUEUE FIFO(2,1,flat,4,2)~~|"


def _record(
    spelling: str, formula: str, value: float, lower: Callable[..., Node], unit: str
) -> Function:
    return Function(
        name=spelling.casefold().replace(" ", "_"),
        spellings=(spelling,),
        arity=(len(formula.split(",")) + 3,),
        unit=rule(unit),
        lower=lower,
        example=Example(formula, value, _GIVEN),
    )


RECORDS = (
    _record("QUEUE AGE AVERAGE", "QUEUE AGE AVERAGE(q,0)", 2.5, average, "x x ? ? x -> time"),
    _record("QUEUE AGE OLDEST", "QUEUE AGE OLDEST(q)", 4, oldest, "x x ? ? -> time"),
    _record(
        "QUEUE AGE IN RANGE", "QUEUE AGE IN RANGE(q,2,3)", 4, in_range, "x x ? ? time time -> x"
    ),
)
