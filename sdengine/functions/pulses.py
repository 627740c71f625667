"""Functions of time: steps, ramps, pulses and the time itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import op
from sdengine.functions.arithmetic import SMALL, quantised, quantum
from sdengine.functions.logic import one_where, truth
from sdengine.functions.record import Builder, Doubles, Example, Function, of_values
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Node, Op, Time
from sdengine.syntax import Call


def _timed(builder: Builder, call: Call, scope: Scope) -> Node:
    """Lower to the operation of its name, which takes time and step first."""
    args = (builder.node(arg, scope) for arg in call.args)
    return Op(
        call.function, (builder.statements.step_time(), Const(builder.model.clock.step), *args)
    )


def _of_time(builder: Builder, call: Call, scope: Scope) -> Node:
    """Lower to the operation of its name, which takes the time first."""
    return Op(call.function, (Time(), *(builder.node(arg, scope) for arg in call.args)))


def _step(b: Any, t: str, dt: str, height: str, start: str) -> str:
    late = b.exact("fadd", t, b.exact("fmul", dt, b.number(0.5)))
    # 0 times an infinite height would be NaN, as it is in the definition
    return b.exact("fmul", height, one_where(b, b.compare("ogt", late, start)))


def _ramp_meaning(
    t: Doubles, slope: Doubles, start: Doubles, finish: Doubles | None = None
) -> Doubles:
    end = t if finish is None else np.minimum(finish, t)
    return (t + SMALL > start) * slope * (end - start)


def _ramp(b: Any, t: str, slope: str, start: str, *finish: str) -> str:
    end = t
    if finish:
        end = b.select(b.compare("olt", t, finish[0]), t, finish[0])
    on = one_where(b, b.compare("ogt", b.exact("fadd", t, b.number(SMALL)), start))
    return b.exact("fmul", b.exact("fmul", on, slope), b.exact("fsub", end, start))


def _pulse_meaning(t: Doubles, dt: Doubles, start: Doubles, width: Doubles) -> Doubles:
    # half a step later than now lies inside; no width is one step, as Vensim has it
    late, wide = t + dt / 2, np.where(width == 0, dt, width)
    return truth((late > start) & (late < start + wide))


def _pulse(b: Any, t: str, dt: str, start: str, width: str) -> str:
    late = b.exact("fadd", t, b.exact("fmul", dt, b.number(0.5)))
    wide = b.select(b.compare("oeq", width, b.number(0.0)), dt, width)
    inside = b.compare("olt", late, b.exact("fadd", start, wide))
    return one_where(b, b.both(b.compare("ogt", late, start), inside))


def _train_meaning(
    t: Doubles, dt: Doubles, start: Doubles, every: Doubles, width: Doubles, end: Doubles
) -> Doubles:
    # a pulse lasts one step at least; one that begins at ``end`` still shows
    since = t + dt / 2 - start
    phase = since - quantum(since, every)
    return truth((since > 0) & (t <= end + SMALL) & (phase < np.maximum(width, dt)))


def _train(b: Any, t: str, dt: str, start: str, every: str, width: str, end: str) -> str:
    late = b.exact("fadd", t, b.exact("fmul", dt, b.number(0.5)))
    since = b.exact("fsub", late, start)
    phase = b.exact("fsub", since, quantised(b, since, every))
    wide = b.select(b.compare("ogt", dt, width), dt, width)
    begun = b.both(b.compare("ogt", since, b.number(0.0)), b.compare("olt", phase, wide))
    going = b.compare("ole", t, b.exact("fadd", end, b.number(SMALL)))
    return one_where(b, b.both(begun, going))


# ── as XMILE has pulses: a magnitude within one step ───────────────────────────────────────


def _xpulse_meaning(t: Doubles, dt: Doubles, start: Doubles, magnitude: Doubles) -> Doubles:
    return magnitude / dt * truth((t >= start - SMALL) & (t < start + dt / 2))


def _xpulse(b: Any, t: str, dt: str, start: str, magnitude: str) -> str:
    on = _during(b, t, start, b.exact("fmul", dt, b.number(0.5)))
    return b.exact("fmul", b.exact("fdiv", magnitude, dt), one_where(b, on))


def _during(b: Any, t: str, start: str, width: str) -> str:
    after = b.compare("oge", t, b.exact("fsub", start, b.number(SMALL)))
    return b.both(after, b.compare("olt", t, b.exact("fadd", start, width)))


def _repeated(b: Any, t: str, start: str, every: str, width: str) -> str:
    since = b.exact("fadd", b.exact("fsub", t, start), b.number(SMALL))
    phase = b.exact("fsub", since, quantised(b, since, every))
    return b.both(b.compare("oge", t, start), b.compare("olt", phase, width))


def _xtrain_meaning(
    t: Doubles, dt: Doubles, start: Doubles, every: Doubles, magnitude: Doubles
) -> Doubles:
    once = truth((t >= start - SMALL) & (t < start + dt / 2))
    phase = (t - start + SMALL) - quantum(t - start + SMALL, every)
    again = truth((t >= start) & (phase < dt / 2))
    return magnitude / dt * np.where(every == 0, once, again)


def _xtrain(b: Any, t: str, dt: str, start: str, every: str, magnitude: str) -> str:
    half = b.exact("fmul", dt, b.number(0.5))
    once = one_where(b, _during(b, t, start, half))
    again = one_where(b, _repeated(b, t, start, every, half))
    on = b.select(b.compare("oeq", every, b.number(0.0)), once, again)
    return b.exact("fmul", b.exact("fdiv", magnitude, dt), on)


def _time_value(builder: Builder, call: Call, scope: Scope) -> Node:
    relative, offset, measure = (builder.node(arg, scope) for arg in call.args)
    origin, unit = builder.constants.value(relative), builder.constants.value(measure)
    if origin is None or unit is None or np.any(unit != 0) or not np.isin(origin, (0, 1)).all():
        raise LoweringError(
            Message(
                "GET TIME VALUE is supported for the model's own time unit "
                "only (its third argument 0), relative to now or to the start "
                "(its first argument 0 or 1)"
            )
        )
    since = Time() if np.all(origin == 0) else Const(builder.model.clock.start)
    return op("add", since, offset)


RECORDS = (
    Function(
        name="step",
        spellings=("STEP",),
        arity=(2,),
        unit=rule("x time -> x"),
        lower=_timed,
        meaning=lambda t, dt, height, start: height * (t + dt / 2 > start),
        emit=of_values(_step),
        seldom=True,
        example=Example("STEP(5,4)", 5),
    ),
    Function(
        name="ramp",
        spellings=("RAMP",),
        arity=(2, 3),
        unit=rule("x/time time time -> x"),
        lower=_of_time,
        meaning=_ramp_meaning,
        emit=of_values(_ramp),
        example=Example("RAMP(2,1,3)", 4),
    ),
    Function(
        name="pulse",
        spellings=("PULSE",),
        arity=(2,),
        unit=rule("time time -> 1"),
        lower=_timed,
        meaning=_pulse_meaning,
        emit=of_values(_pulse),
        seldom=True,
        example=Example("PULSE(3,2)", 1),
    ),
    Function(
        name="pulse_train",
        spellings=("PULSE TRAIN",),
        arity=(4,),
        unit=rule("time time time time -> 1"),
        lower=_timed,
        meaning=_train_meaning,
        emit=of_values(_train),
        seldom=True,
        example=Example("PULSE TRAIN(1,3,1,9)", 1),
    ),
    Function(
        name="xpulse",
        spellings=("PULSE",),
        arity=(2,),
        unit=rule("time x*time -> x"),
        lower=_timed,
        meaning=_xpulse_meaning,
        emit=of_values(_xpulse),
        example=Example("PULSE(6,4)", 6, xmile=True),
    ),
    Function(
        name="xpulse_train",
        spellings=("PULSE",),
        arity=(3,),
        unit=rule("time time x*time -> x"),
        lower=_timed,
        meaning=_xtrain_meaning,
        emit=of_values(_xtrain),
        example=Example("PULSE(6,2,1)", 6, xmile=True),
    ),
    Function(
        name="get_time_value",
        spellings=("GET TIME VALUE",),
        arity=(3,),
        unit=rule("? time ? -> time"),
        lower=_time_value,
        example=Example("GET TIME VALUE(0,2,0)", 6),
    ),
    Function(
        name="pi",
        spellings=("PI",),
        arity=(0,),
        unit=rule("-> 1"),
        lower=lambda builder, call, scope: Const(np.pi),
        example=Example("PI", np.pi, xmile=True),
    ),
)
