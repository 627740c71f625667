"""DELAY CONVEYOR and DELAY BATCH: what is put on a belt, or into a kiln, leaves after its time.

Vensim's manual gives the order within a step: what reaches the end leaves, what comes in is put
down, and a share of all that lies there leaks. What lay there at first leaves by a profile, whose
ends and area are scaled to the first transit time and the amount.
"""

from __future__ import annotations

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, op
from sdengine.functions.lookups import Choice, area_up_to
from sdengine.functions.record import Builder, Example, Function, of_nodes
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Curve, Node, Time
from sdengine.syntax import Call

TINY = Const(1e-300)


def conveyor(builder: Builder, call: Call, scope: Scope) -> Node:
    """DELAY CONVEYOR: by input, transit time, leakage, profile, first amount and first time."""
    entering, time, leak = (builder.node(arg, scope) for arg in call.args[:3])
    profile = builder.curves(call.args[3], scope)
    amount, first_time = (builder.node(arg, scope) for arg in call.args[4:])
    steps, first_steps = (_steps(builder, one) for one in (time, first_time))
    lying = op("mul", amount, _shares(builder, profile, first_steps))
    arriving = builder.statements.pipeline(entering, Const(steps), Const(0.0), scope)
    if isinstance(leak, Const) and leak.value == 0:
        return op("add", arriving, lying)
    stays = op("sub", Const(1.0), op("mul", leak, Const(builder.model.clock.step)))
    logarithm = op("ln", op("max", stays, TINY))
    lost = builder.statements.stock("leaked", Const(0.0), scope)
    builder.statements.rate(lost, op("div", logarithm, Const(builder.model.clock.step)), scope)
    since = builder.statements.pipeline(lost, Const(steps), Const(0.0), scope)
    left = op("mul", arriving, op("exp", op("sub", lost, since)))
    return op("add", left, op("mul", lying, op("exp", lost)))


def _steps(builder: Builder, time: Node) -> float:
    """Return a transit time in whole steps, one at least."""
    value = builder.constants.fixed(time)
    if value is None or np.unique(value).size != 1:
        raise LoweringError(Message("DELAY CONVEYOR needs constants for its transit times"))
    steps = float(np.ravel(value)[0]) / builder.model.clock.step
    if not np.isfinite(steps):
        raise LoweringError(Message("DELAY CONVEYOR needs constants for its transit times"))
    allowed(int(min(steps, 1e18)))
    return max(np.floor(steps + 0.5 + 1e-6), 1.0)


def _shares(builder: Builder, profile: Choice, steps: float) -> Node:
    """Return the part of the first amount that leaves at a time, per unit of time."""
    clock = builder.model.clock
    count = int(steps)

    def share(curve: Curve) -> Curve:
        parts = np.linspace(curve.x[0], curve.x[-1], count + 1)
        up_to = area_up_to(curve, parts)
        if not up_to[-1] > 0 or (curve.y < 0).any():
            raise LoweringError(
                Message("DELAY CONVEYOR needs a profile without negative values and not all 0")
            )
        y = np.diff(up_to) / up_to[-1] / clock.step
        return Curve.of(np.arange(count + 1.0), np.append(y, 0.0), "discrete")

    gone = op("div", op("sub", Time(), Const(clock.start)), Const(clock.step))
    return profile.turned(share).read(op("add", gone, Const(1e-6)))


def batches(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY BATCH: one batch at a time is worked on, once there is enough for it.

    Whatever is more than a batch waits for the next, which may begin as the one before is done.
    What is done leaves within one step.
    """
    entering, size, time, first, first_time, waiting = args
    step = Const(builder.model.clock.step)
    leaving: list[Node] = []
    begins: list[Node] = []

    def stock(batch: Node) -> Node:
        def due(end: Node) -> Node:
            soon = op("sub", end, op("mul", Const(0.5), step))
            busy = op("gt", batch, Const(0.0))
            done = op("and", busy, op("ge", Time(), soon))
            leaving.append(chosen(done, op("div", batch, step), Const(0.0)))
            free = op("or", op("not", busy), done)

            def backlog(heap: Node) -> Node:
                enough = op("ge", heap, op("mul", size, Const(1.0 - 1e-9)))
                begins.append(op("and", free, enough))
                more = op("add", heap, op("mul", entering, step))
                return op("sub", more, chosen(begins[0], size, Const(0.0)))

            builder.statements.memory(backlog, waiting, scope)
            return chosen(begins[0], op("add", Time(), time), end)

        builder.statements.memory(due, first_time, scope)
        done = op("gt", leaving[0], Const(0.0))
        return chosen(begins[0], size, chosen(done, Const(0.0), batch))

    builder.statements.memory(stock, first, scope)
    return leaving[0]


_GIVEN = "flat((0,1),(1,1))~~|"

RECORDS = (
    Function(
        name="delay_conveyor",
        spellings=("DELAY CONVEYOR",),
        arity=(6,),
        unit=rule("x time 1/time ? x*time time -> x"),
        lower=conveyor,
        example=Example("DELAY CONVEYOR(Time,3,0.5,flat,9,3)", 0.125, _GIVEN),
    ),
    Function(
        name="delay_batch",
        spellings=("DELAY BATCH",),
        arity=(6,),
        unit=rule("x x*time time x time x*time -> x"),
        lower=of_nodes(batches),
        example=Example("DELAY BATCH(1,2,2,5,1,0)", 2),
    ),
)
