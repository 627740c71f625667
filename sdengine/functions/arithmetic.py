"""Arithmetic, roots and powers, trigonometry, rounding, and quotients that mind a zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sdengine.functions import narrow_powers, vmath
from sdengine.functions.record import (
    Builder,
    Doubles,
    Emission,
    Example,
    Function,
    Operation,
    Writer,
    of_values,
)
from sdengine.functions.scope import Scope
from sdengine.functions.unit_rules import Units, product, quotient, rule
from sdengine.ir import Const, Curve, Interp, Node, Op
from sdengine.syntax import Call, Number

SMALL = 1e-6  # what Vensim takes for zero in ZIDZ, XIDZ and its pulse tests
WRITTEN_OUT = (0.0, 0.5, 2.0, 3.0, 4.0)
"""Exponents that need no logarithm."""
LIBRARY = {
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan"},
    "gamma_ln": "lgamma",
}  # called once a lane: rare in ensembles, so not worth vector code


def _exact(op: str) -> Emission:
    return of_values(lambda b, *parts: b.exact(op, *parts))


def _special(name: str) -> Callable[[Doubles], Doubles]:
    """Return a function of SciPy, which is loaded only when one is called."""

    def meaning(x: Doubles) -> Doubles:
        import scipy.special

        return getattr(scipy.special, name)(x)

    return meaning


def _unary(intrinsic: str) -> Emission:
    return of_values(lambda b, a: b.unary(intrinsic, a))


# ── powers and logarithms ──────────────────────────────────────────────────────────────────


def powers(b: Any) -> Any:
    """Return what writes the powers of a body."""
    return narrow_powers if b.processor.webassembly else vmath


def _power(writer: Writer, node: Op, index: str | None) -> str:
    base, exponent = node.parts
    b, x = writer.body, writer.value(base, index)
    if not isinstance(exponent, Const):
        return powers(b).power(b, x, writer.value(exponent, index))
    y = exponent.value
    if y not in WRITTEN_OUT:
        return powers(b).power(b, x, b.number(y))
    if y in (2.0, 3.0, 4.0):
        square = b.exact("fmul", x, x)
        return {2.0: square}.get(y) or b.exact("fmul", square, x if y == 3.0 else square)
    if y == 0.5:
        return b.unary("sqrt", x)
    return b.number(1.0)


def _power_of(writer: Writer, node: Op, index: str | None) -> str:
    base, exponent, log = node.parts
    b = writer.body
    if b.processor.webassembly:
        y, log2 = writer.value(exponent, index), writer.value(log, index)
        return narrow_powers.power_of(b, lambda: writer.value(base, index), y, log2)
    return vmath.power_of(b, *(writer.value(part, index) for part in node.parts))


def _unit_of_power(units: Units, call: Call) -> Any:
    """A base to a number has its unit to that number; any other power has none."""
    base, exponent = units.of(call.args[0]), call.args[1]
    if isinstance(exponent, Number) and base is not None:
        return base**exponent.value
    units.same([base, units.none], "base of a power")
    units.same([units.of(exponent), units.none], "exponent")
    return units.none


def _unit_of_root(units: Units, call: Call) -> Any:
    """The square root of the argument's."""
    unit = units.of(call.args[0])
    return None if unit is None else unit**0.5


def _logarithm(b: Any, a: str, base: str) -> str:
    return b.exact("fdiv", vmath.log(b, a), vmath.log(b, base))


# ── the smaller and the larger ─────────────────────────────────────────────────────────────


def _extreme(how: str) -> Emission:
    """Return what writes the smaller or larger part, and NaN where either is NaN."""

    def emit(writer: Writer, node: Op, index: str | None) -> str:
        first, second = node.parts
        if writer.is_number(second):
            first, second = second, first
        b, x, y = writer.body, writer.value(first, index), writer.value(second, index)
        out = b.select(b.compare(how, x, y), x, y)  # y where either is NaN
        return out if writer.is_number(first) else b.or_nan(x, out)

    return emit


# ── zero and whole numbers ─────────────────────────────────────────────────────────────────


def quantum(a: Doubles, b: Doubles) -> Doubles:
    """Return the multiple of ``b`` that is nearest to ``a`` on the side of 0."""
    with np.errstate(all="ignore"):
        return np.where(b < SMALL, a, b * np.trunc(a / b))


def quantised(b: Any, a: str, q: str) -> str:
    """Write QUANTUM."""
    whole = b.exact("fmul", q, b.unary("trunc", b.exact("fdiv", a, q)))
    return b.select(b.compare("olt", q, b.number(SMALL)), a, whole)


def _factorial(builder: Builder, call: Call, scope: Scope) -> Node:
    """FACTORIAL: the product of the whole numbers up to one, endless beyond 170."""
    return Interp((_FACTORIALS,), (builder.node(call.args[0], scope),))


_FACTORIALS = Curve.of(
    range(172), [*(float(math.factorial(n)) for n in range(171)), math.inf], "discrete"
)


def _xidz(a: Doubles, b: Doubles, x: Any) -> Doubles:
    with np.errstate(all="ignore"):
        return np.where(np.abs(b) < SMALL, x, a / b)


def _guarded(b: Any, a: str, d: str, otherwise: str) -> str:
    small = b.compare("olt", b.unary("fabs", d), b.number(SMALL))
    return b.select(small, otherwise, b.exact("fdiv", a, d))


# ── records ────────────────────────────────────────────────────────────────────────────────


def _library(
    name: str, spelling: str, meaning: Callable[..., Any], example: tuple[str, float]
) -> Function:
    """Return the record of a function that the C library computes."""
    return Function(
        name=name,
        spellings=(spelling,),
        arity=(1,),
        unit=rule("1 -> 1"),
        meaning=meaning,
        emit=of_values(lambda b, a: b.library(LIBRARY[name], a)),
        example=Example(*example),
    )


RECORDS = (
    Function(
        name="add",
        spellings=("+",),
        arity=(2,),
        unit=rule("x x -> x"),
        meaning=np.add,
        emit=_exact("fadd"),
        example=Example("1+2", 3),
    ),
    Function(
        name="sub",
        spellings=("-",),
        arity=(2,),
        unit=rule("x x -> x"),
        meaning=np.subtract,
        emit=_exact("fsub"),
        example=Example("1-3", -2),
    ),
    Function(
        name="mul",
        spellings=("*",),
        arity=(2,),
        unit=product,
        meaning=np.multiply,
        emit=_exact("fmul"),
        example=Example("3*4", 12),
    ),
    Function(
        name="div",
        spellings=("/",),
        arity=(2,),
        unit=quotient,
        meaning=np.divide,
        emit=_exact("fdiv"),
        cost=8,
        example=Example("3/4", 0.75),
    ),
    Function(
        name="pow",
        spellings=("^", "POWER"),
        arity=(2,),
        unit=_unit_of_power,
        meaning=np.power,
        emit=_power,
        cost=55,
        example=Example("2^3.5", 2**3.5),
    ),
    Function(
        name="neg",
        spellings=("-",),
        arity=(1,),
        unit=rule("x -> x"),
        meaning=np.negative,
        emit=_exact("fneg"),
        example=Example("-(1+1)", -2),
    ),
    Function(
        name="abs",
        spellings=("ABS",),
        arity=(1,),
        unit=rule("x -> x"),
        meaning=np.abs,
        emit=_unary("fabs"),
        example=Example("ABS(-3)", 3),
    ),
    Function(
        name="exp",
        spellings=("EXP",),
        arity=(1,),
        unit=rule("1 -> 1"),
        meaning=np.exp,
        emit=of_values(vmath.exp),
        cost=20,
        example=Example("EXP(1)", np.e),
    ),
    Function(
        name="ln",
        spellings=("LN",),
        arity=(1,),
        unit=rule("1 -> 1"),
        meaning=np.log,
        emit=of_values(vmath.log),
        cost=30,
        example=Example("LN(10)", np.log(10)),
    ),
    Function(
        name="log",
        spellings=("LOG",),
        arity=(2,),
        unit=rule("1 1 -> 1"),
        meaning=lambda a, base: np.log(a) / np.log(base),
        emit=of_values(_logarithm),
        example=Example("LOG(8,2)", 3),
    ),
    Function(
        name="sqrt",
        spellings=("SQRT",),
        arity=(1,),
        unit=_unit_of_root,
        meaning=np.sqrt,
        emit=_unary("sqrt"),
        cost=8,
        example=Example("SQRT(2)", 2**0.5),
    ),
    _library("sin", "SIN", np.sin, ("SIN(1)", np.sin(1))),
    _library("cos", "COS", np.cos, ("COS(1)", np.cos(1))),
    _library("tan", "TAN", np.tan, ("TAN(1)", np.tan(1))),
    _library("sinh", "SINH", np.sinh, ("SINH(1)", np.sinh(1))),
    _library("cosh", "COSH", np.cosh, ("COSH(1)", np.cosh(1))),
    _library("tanh", "TANH", np.tanh, ("TANH(1)", np.tanh(1))),
    _library("arcsin", "ARCSIN", np.arcsin, ("ARCSIN(0.5)", np.pi / 6)),
    _library("arccos", "ARCCOS", np.arccos, ("ARCCOS(0.5)", np.pi / 3)),
    _library("arctan", "ARCTAN", np.arctan, ("ARCTAN(1)", np.pi / 4)),
    _library("gamma_ln", "GAMMA LN", _special("gammaln"), ("GAMMA LN(5)", np.log(24))),
    Function(
        name="factorial",
        spellings=("FACTORIAL",),
        arity=(1,),
        unit=rule("1 -> 1"),
        lower=_factorial,
        example=Example("FACTORIAL(5)", 120, xmile=True),
    ),
    Function(
        name="min",
        spellings=("MIN",),
        arity=(2,),
        unit=rule("x x -> x"),
        meaning=np.minimum,
        emit=_extreme("olt"),
        example=Example("MIN(3,2)", 2),
    ),
    Function(
        name="max",
        spellings=("MAX",),
        arity=(2,),
        unit=rule("x x -> x"),
        meaning=np.maximum,
        emit=_extreme("ogt"),
        example=Example("MAX(3,2)", 3),
    ),
    Function(
        name="integer",
        spellings=("INTEGER", "INT"),
        arity=(1,),
        unit=rule("x -> x"),
        meaning=np.trunc,
        emit=_unary("trunc"),
        example=Example("INTEGER(-2.7)", -2),
    ),
    Function(
        name="quantum",
        spellings=("QUANTUM",),
        arity=(2,),
        unit=rule("x x -> x"),
        meaning=quantum,
        emit=of_values(quantised),
        cost=12,
        example=Example("QUANTUM(7.3,2)", 6),
    ),
    Function(
        name="modulo",
        spellings=("MODULO", "MOD"),
        arity=(2,),
        unit=rule("x x -> x"),
        meaning=lambda a, b: a - quantum(a, b),
        emit=of_values(lambda b, a, q: b.exact("fsub", a, quantised(b, a, q))),
        cost=12,
        example=Example("MODULO(7.5,2)", 1.5),
    ),
    Function(
        name="zidz",
        spellings=("ZIDZ",),
        arity=(2,),
        unit=quotient,
        meaning=lambda a, b: _xidz(a, b, 0.0),
        emit=of_values(lambda b, a, d: _guarded(b, a, d, b.number(0.0))),
        example=Example("ZIDZ(3,0)+ZIDZ(3,2)", 1.5),
    ),
    Function(
        name="xidz",
        spellings=("XIDZ", "SAFEDIV", "//"),
        arity=(3,),
        unit=quotient,
        meaning=_xidz,
        emit=of_values(_guarded),
        example=Example("XIDZ(3,0,7)+XIDZ(3,2,7)", 8.5),
    ),
)

# Operations that no model file writes: other functions' lowering and the plan use them.
INNER = (
    Operation(name="erfc", meaning=_special("erfc"), emit=of_values(vmath.erfc), cost=70),
    Operation(
        name="quotient",
        meaning=lambda a, d, one_over_d: a / d,
        emit=of_values(lambda b, *parts: b.quotient(*parts)),
        cost=4,
    ),
    Operation(name="log2_mantissa", emit=of_values(lambda b, x: powers(b).log2(b, x)), cost=25),
    Operation(name="power_of", emit=_power_of, cost=30),
)
