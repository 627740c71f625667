"""The functions a kernel knows, each with its NumPy meaning.

This table is the definition: the reference evaluator calls it, and the native kernel is
tested against it. To support a further elementwise function, add it here and to
``sdengine/native/emit.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, gammaln

Values = NDArray[np.float64]
Number = float | Values

SMALL = 1e-6  # what Vensim takes for zero in ZIDZ, XIDZ and its pulse tests


def _truth(condition: Any) -> Values:
    return np.asarray(condition, dtype=float)


def _where(condition: Values, yes: Values, no: Values) -> Values:
    return np.where(condition != 0, yes, no)


def _quantum(a: Values, b: Values) -> Values:
    with np.errstate(all="ignore"):
        return np.where(b < SMALL, a, b * np.trunc(a / b))


def _xidz(a: Values, b: Values, x: Number) -> Values:
    with np.errstate(all="ignore"):
        return np.where(np.abs(b) < SMALL, x, a / b)


def _ramp(t: Values, slope: Values, start: Values, finish: Values | None = None) -> Values:
    end = t if finish is None else np.minimum(finish, t)
    return (t + SMALL > start) * slope * (end - start)


def _pulse(t: Values, dt: Values, start: Values, width: Values) -> Values:
    # half a step later than now lies inside; no width is one step, as Vensim has it
    late, wide = t + dt / 2, np.where(width == 0, dt, width)
    return _truth((late > start) & (late < start + wide))


def _pulse_train(
    t: Values, dt: Values, start: Values, every: Values, width: Values, end: Values
) -> Values:
    # a pulse lasts one step at least; one that begins at ``end`` still shows
    since = t + dt / 2 - start
    phase = since - _quantum(since, every)
    return _truth((since > 0) & (t <= end + SMALL) & (phase < np.maximum(width, dt)))


def _xmile_pulse(t: Values, dt: Values, start: Values, magnitude: Values) -> Values:
    return magnitude / dt * _truth((t >= start - SMALL) & (t < start + dt / 2))


def _xmile_pulse_train(
    t: Values, dt: Values, start: Values, every: Values, magnitude: Values
) -> Values:
    once = _truth((t >= start - SMALL) & (t < start + dt / 2))
    phase = (t - start + SMALL) - _quantum(t - start + SMALL, every)
    again = _truth((t >= start) & (phase < dt / 2))
    return magnitude / dt * np.where(every == 0, once, again)


TRIGONOMETRY = ("sin", "cos", "tan", "sinh", "cosh", "tanh")

TABLE: dict[str, Callable[..., Values]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "neg": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    **{name: getattr(np, name) for name in TRIGONOMETRY},
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "erfc": erfc,
    "gamma_ln": gammaln,
    "log": lambda a, base: np.log(a) / np.log(base),
    "min": np.minimum,
    "max": np.maximum,
    "integer": np.trunc,
    "modulo": lambda a, b: a - _quantum(a, b),
    "quantum": _quantum,
    "eq": lambda a, b: _truth(a == b),
    "ne": lambda a, b: _truth(a != b),
    "lt": lambda a, b: _truth(a < b),
    "le": lambda a, b: _truth(a <= b),
    "gt": lambda a, b: _truth(a > b),
    "ge": lambda a, b: _truth(a >= b),
    "and": lambda a, b: _truth((a != 0) & (b != 0)),
    "or": lambda a, b: _truth((a != 0) | (b != 0)),
    "not": lambda a: _truth(a == 0),
    "if_then_else": _where,
    "zidz": lambda a, b: _xidz(a, b, 0.0),
    "xidz": _xidz,
    "step": lambda t, dt, height, start: height * (t + dt / 2 > start),
    "ramp": _ramp,
    "pulse": _pulse,
    "pulse_train": _pulse_train,
    "xpulse": _xmile_pulse,
    "xpulse_train": _xmile_pulse_train,
}

# How many arguments each takes in a model file, where time and step are not written.
ARITY: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("neg", "abs", "exp", "ln", "sqrt", "integer", "not", "gamma_ln"), (1,)),
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "min", "max", "modulo"), (2,)),
    **dict.fromkeys(("quantum", "eq", "ne", "lt", "le", "gt", "ge", "and", "or"), (2,)),
    **dict.fromkeys((*TRIGONOMETRY, "arcsin", "arccos", "arctan"), (1,)),
    **dict.fromkeys(("zidz", "step", "pulse", "xpulse", "log"), (2,)),
    **dict.fromkeys(("if_then_else", "xidz", "xpulse_train"), (3,)),
    "pulse_train": (4,),
    "ramp": (2, 3),
}

ALIASES = {"power": "pow", "xramp": "ramp"}

TIMED = ("step", "pulse", "pulse_train", "xpulse", "xpulse_train")  # take time and step first

FOLDS: dict[str, Callable[..., Values]] = {
    "sum": np.add,
    "prod": np.multiply,
    "vmin": np.minimum,
    "vmax": np.maximum,
}


def data_at(x: Values, y: Values, rule: str, when: Values, step: float) -> Values:
    """Return a data series at the times ``when``; before and after it, its first and last.

    A time within a millionth of a step of one in the series is that one. Under "raw" there is
    no value at any other.
    """
    near = 1e-6 * step
    last = len(x) - 1
    at = np.clip(np.searchsorted(x, when + near, side="right") - 1, 0, last)
    hit = np.abs(x[at] - when) <= near
    if rule == "raw":
        return np.where(hit, y[at], np.nan)
    if rule == "hold_backward":
        return y[at]
    if rule == "look_forward":
        return y[np.clip(np.searchsorted(x, when - near), 0, last)]
    return np.where(hit, y[at], np.interp(when, x, y))


def interpolate(x: Values, xs: Values, ys: Values, mode: str) -> Values:
    """Return a graphical function's value at ``x``; the ends are held in mode "hold"."""
    if mode == "discrete":
        at = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 1)
        return np.where(np.isnan(x), np.nan, ys[at])
    inside = np.interp(x, xs, ys)
    if mode == "hold" or len(xs) < 2:
        return inside
    low = ys[0] + (x - xs[0]) * (ys[1] - ys[0]) / (xs[1] - xs[0])
    high = ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    return np.where(x < xs[0], low, np.where(x > xs[-1], high, inside))
