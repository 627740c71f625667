"""What was earlier: fixed delays, samples, and values of the step before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, op, places
from sdengine.functions.record import Builder, Example, Function, of_nodes
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Load, Node, Time, Values, nodes, reshaped
from sdengine.syntax import Call

LONGEST = 4000  # steps a delay of material may be spread over


def _steps(builder: Builder, time: Node) -> Node:
    """Return a delay in whole steps, at least one."""
    steps = op("div", time, Const(builder.model.clock.step))
    rounded = op("integer", op("add", steps, Const(0.5 + 1e-6)))
    return op("max", rounded, Const(1.0))


def delay_fixed(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY FIXED: the input of so many whole steps ago, at least one."""
    inflow, time, initial = args
    return builder.statements.pipeline(inflow, _steps(builder, time), initial, scope)


def delay_material(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY MATERIAL: what went in leaves after the delay that held then; nothing is lost.

    What leaves at one step is added up; where nothing does, the value is the last argument.
    Each step ahead has a place of its own, as many as the run has steps.
    """
    inflow, time, initial, missing = args
    if builder.constants.value(time) is not None:
        return delay_fixed(builder, (inflow, time, initial), scope)
    ahead = _places_ahead(builder, "DELAY MATERIAL", scope)
    steps, entering = _entering(builder, time, inflow, ahead)
    number = places(ahead.shape)
    arriving = op("eq", op("add", number, Const(1.0)), steps)
    first = op("lt", number, spread(_steps(builder, time), ahead.shape[1]))
    end = np.zeros(ahead.shape)
    end[:, -1] = 1.0

    def added(what: Node) -> Callable[[Node], Node]:
        return lambda later: op("add", chosen(Values(end), Const(0.0), later), what)

    material = added(chosen(arriving, entering, Const(0.0)))
    there = chosen(first, spread(initial, ahead.shape[1]), Const(0.0))
    leaving = _moving(builder, material, there, ahead)
    some = _moving(builder, added(arriving), first, ahead)
    return chosen(op("gt", some, Const(0.0)), leaving, missing)


def delay_information(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """DELAY INFORMATION: the input of so many steps ago, by the delay when it went in.

    Whatever would come out after it is given up for it; where nothing comes, the last value holds.
    """
    inflow, time, initial = args
    if builder.constants.value(time) is not None:
        return delay_fixed(builder, args, scope)
    ahead = _places_ahead(builder, "DELAY INFORMATION", scope)
    steps, entering = _entering(builder, time, inflow, ahead)
    behind = op("ge", op("add", places(ahead.shape), Const(1.0)), steps)
    return _moving(
        builder,
        lambda later: chosen(behind, entering, later),
        spread(initial, ahead.shape[1]),
        ahead,
    )


def _places_ahead(builder: Builder, name: str, scope: Scope) -> Scope:
    """Return a scope with one place for each step that is still to come."""
    count = builder.model.clock.steps + 2
    if count > LONGEST or len(scope.shape) != 1:
        raise LoweringError(
            Message(
                "{name} with a delay that varies takes at most {most:,} steps, "
                "and an equation without a sum around it",
                name=name,
                most=LONGEST,
            )
        )
    allowed(4 * scope.shape[0] * count)
    return Scope((scope.shape[0], count))


def _entering(builder: Builder, time: Node, inflow: Node, ahead: Scope) -> tuple[Load, Load]:
    """Return at each place how many steps ahead what goes in now will be, and what that is."""
    scope = Scope(ahead.shape[:1])
    steps, entering = (
        Load(np.broadcast_to(builder.statements.keep(node, what, scope)[:, None], ahead.shape))
        for node, what in ((_steps(builder, time), "steps"), (inflow, "entering"))
    )
    return steps, entering


def _moving(builder: Builder, change: Callable[[Node], Node], initial: Node, ahead: Scope) -> Node:
    """Return what stands at the first of many places, from which all move on by one a step.

    ``change`` gives what a place holds next, from what the place behind it holds now.
    """
    seen: list[Node] = []

    def update(last: Node) -> Node:
        assert isinstance(last, Load)
        seen.append(Load(last.slots[:, 0]))
        behind = np.append(last.slots[:, 1:], last.slots[:, -1:], axis=1)
        return change(Load(behind))

    builder.statements.memory(update, initial, ahead)
    return seen[0]


def spread(node: Node, count: int) -> Node:
    """Return a node over points as one over so many places at each of them."""
    return reshaped(node, lambda cells: np.repeat(cells[:, None], count, axis=1))


def sample_if_true(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """SAMPLE IF TRUE: the input while the condition holds, else what it last was."""
    condition, value, initial = args

    def update(last: Node) -> Node:
        out = chosen(condition, value, last)
        if builder.model.clock.method == "euler":
            return out
        at_step = op(
            "eq", Time(), builder.statements.step_time()
        )  # Runge-Kutta's later stages hold it
        return chosen(at_step, out, last)

    return builder.statements.memory(update, initial, scope)


def previous(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """PREVIOUS: the value of one step ago, at first another."""
    value, first = args
    return builder.statements.previous(value, first, scope)


def history(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """HISTORY: the value at an earlier time, its first one before the start.

    The time may hang on the time itself and on constants, so that it is known a step ahead.
    """
    value, when = args
    step = Const(builder.model.clock.step)
    loads = [part for part in nodes(when) if isinstance(part, Load)]
    if any(builder.constants.value(load) is None for load in loads):
        raise LoweringError(
            Message("HISTORY needs a time that hangs on the time and constants alone")
        )
    later = _after(when, step)
    ago = op("div", op("sub", op("add", Time(), step), later), step)
    steps = op("max", op("integer", op("add", ago, Const(0.5))), Const(1.0))
    earlier = builder.statements.pipeline(value, steps, value, scope, follows=True)
    now = op("ge", when, op("sub", Time(), op("mul", step, Const(0.5))))
    return chosen(now, value, earlier)


def _after(node: Node, step: Const) -> Node:
    """Return a node as it will be one step later."""
    if isinstance(node, Time):
        return op("add", node, step)
    if not node.parts:
        return node
    return replace(node, parts=tuple(_after(part, step) for part in node.parts))  # type: ignore[type-var]


def counter(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """COUNTER: from a start up by the step at each step, and again once it reaches the end."""
    start, end = args
    step = builder.model.clock.step
    gone = op("sub", builder.statements.step_time(), Const(builder.model.clock.start))
    span = op("sub", end, start)
    rounds = op("quantum", op("add", gone, Const(1e-6 * step)), span)
    return op("add", start, op("max", op("sub", gone, rounds), Const(0.0)))


def endval(builder: Builder, call: Call, scope: Scope) -> Node:
    """ENDVAL: the value at the end of the run before; a member has none: what is given, or 0."""
    return builder.node(call.args[1], scope) if len(call.args) > 1 else Const(0.0)


RECORDS = (
    Function(
        name="delay_fixed",
        spellings=("DELAY FIXED", "DELAY"),
        arity=(3,),
        unit=rule("x time x -> x"),
        lower=of_nodes(delay_fixed),
        example=Example("DELAY FIXED(Time,3,7)", 1),
    ),
    Function(
        name="delay_material",
        spellings=("DELAY MATERIAL",),
        arity=(4,),
        unit=rule("x time x x -> x"),
        lower=of_nodes(delay_material),
        example=Example("DELAY MATERIAL(Time,1+STEP(1,3),7,9)", 9),
    ),
    Function(
        name="delay_information",
        spellings=("DELAY INFORMATION",),
        arity=(3,),
        unit=rule("x time x -> x"),
        lower=of_nodes(delay_information),
        example=Example("DELAY INFORMATION(Time,2-STEP(1,2),0)", 3),
    ),
    Function(
        name="sample_if_true",
        spellings=("SAMPLE IF TRUE",),
        arity=(3,),
        unit=rule("? x x -> x"),
        lower=of_nodes(sample_if_true),
        example=Example("SAMPLE IF TRUE(Time<3,Time,0)", 2),
    ),
    Function(
        name="initial",
        spellings=("INITIAL", "INIT", "REINITIAL"),
        arity=(1,),
        unit=rule("x -> x"),
        lower=lambda builder, call, scope: builder.statements.frozen(
            builder.node(call.args[0], scope), scope
        ),
        example=Example("INITIAL(Time+2)", 2),
    ),
    Function(
        name="previous",
        spellings=("PREVIOUS",),
        arity=(2,),
        unit=rule("x x -> x"),
        lower=of_nodes(previous),
        example=Example("PREVIOUS(TIME,7)", 3, xmile=True),
    ),
    Function(
        name="history",
        spellings=("HISTORY",),
        arity=(2,),
        unit=rule("x time -> x"),
        lower=of_nodes(history),
        example=Example("HISTORY(TIME*TIME,TIME-3)", 1, xmile=True),
    ),
    Function(
        name="counter",
        spellings=("COUNTER",),
        arity=(2,),
        unit=rule("time time -> time"),
        lower=of_nodes(counter),
        example=Example("COUNTER(5,8)", 6, xmile=True),
    ),
    Function(
        name="endval",
        spellings=("ENDVAL",),
        arity=(1, 2),
        unit=rule("x x -> x"),
        lower=endval,
        example=Example("ENDVAL(TIME,3)", 3, xmile=True),
    ),
)
