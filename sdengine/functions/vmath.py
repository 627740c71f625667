"""exp, log, pow and erfc as straight-line vector code, so that no vector-math library is needed.

Each takes a ``Body`` and names of vector values and returns the name of the result. Relative
error against the true value is below 4e-16 for exp and log, below 1e-15 for erfc, and for pow
below 2e-16 times (2 + |y|), whatever the size of x (``tests/engine/functions/test_vmath.py``);
NaN propagates, infinities are exact, results below 2.3e-308 become 0 and results above 1.6e308
infinity.

Method (Tang 1989 and 1990, table-driven exp and log; the layout of the tables follows Arm's
optimized routines): x = 2^k m with m in one of sixteen intervals, each with a number c near 1/m
in ``INVERSE``, so that log x = k log 2 - log c + log(1 + r), r = m c - 1, |r| < 0.03. A power is
2^(y k + y log2 m); the whole part of the exponent is taken off before the sum is rounded, so
that a large x costs no digits. 2^t = 2^k 2^(j/16) 2^r, |r| <= 1/32. Polynomials are interpolated
at Chebyshev nodes; their errors are below 3e-17.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Body = Any  # what writes a function's text: ``native.llvm.Body``

LOG2E = 1.4426950408889634
LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
# Adding it rounds to a whole number of sixteenths, kept in the low bits: 1.5 × 2^52 / 16.
SIXTEENTHS = 6755399441055744.0 / 16

FIRST = 0x3FE6600000000000  # where the sixteen intervals of a mantissa begin: 0.699
INVERSE = (
    1.3989071038251366, 1.3403141361256545, 1.2864321608040201, 1.2367149758454106,
    1.1906976744186046, 1.147982062780269, 1.1082251082251082, 1.0711297071129706,
    1.0364372469635628, 1.0, 0.9481481481481482, 0.8951048951048951,
    0.847682119205298, 0.8050314465408805, 0.7664670658682635, 0.7314285714285714,
)  # fmt: skip
# minus the logarithms of those numbers, natural and to the base of two
MINUS_LOG = (
    -0.33569129163814154, -0.2929040164329327, -0.2518726197550701, -0.21245865121419336,
    -0.17453941635189965, -0.1380056730194437, -0.10275973395776894, -0.06871389254805173,
    -0.03578910785158529, 0.0, 0.05324451451881224, 0.11081436634029011,
    0.16524957289530717, 0.2168739383006143, 0.2659635484971379, 0.3127557100038969,
)  # fmt: skip
MINUS_LOG2 = (
    -0.4843001617159575, -0.4225711719642514, -0.3633753794563512, -0.3065130425006747,
    -0.2518071504105397, -0.19910010007969525, -0.14825095858394247, -0.09913319201925132,
    -0.05163276841532236, 0.0, 0.07681559705083084, 0.1598713367783894,
    0.2384047393250789, 0.3128829552843553, 0.38370429247405213, 0.4512111118323288,
)  # fmt: skip
# The same with numbers of 21 bits: half of a mantissa times one of them is exact, so that a
# processor without a fused multiply-add loses nothing where 1 is taken away.
SHORT_INVERSE = (
    1.3989067077636719, 1.3403139114379883, 1.2864322662353516, 1.236715316772461,
    1.1906976699829102, 1.1479816436767578, 1.108224868774414, 1.0711297988891602,
    1.0364370346069336, 1.0, 0.9481477737426758, 0.8951053619384766,
    0.847681999206543, 0.8050317764282227, 0.7664670944213867, 0.7314281463623047,
)  # fmt: skip
SHORT_MINUS_LOG = (
    -0.3356910085160388, -0.2929038487948551, -0.25187270171145326, -0.2124589268856375,
    -0.17453941262660938, -0.13800530794092783, -0.10275951789090829, -0.068713978229725,
    -0.035788902960597876, 0.0, 0.05324490939966189, 0.11081384479978433,
    0.16524971445634853, 0.21687352851876548, 0.2659635112442357, 0.31275629114935233,
)  # fmt: skip
SHORT_MINUS_LOG2 = (
    -0.48429975325710395, -0.4225709301136283, -0.3633754976944188, -0.3065134402105001,
    -0.25180714503608187, -0.19909957338273085, -0.14825064686535408, -0.09913331563177645,
    -0.051632472820110895, 0.0, 0.07681616674347436, 0.1598705843544881,
    0.23840494355449127, 0.31288236409411413, 0.38370423872947484, 0.4512119502479954,
)  # fmt: skip
ROOTS = (
    1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916,
    1.189207115002721, 1.241857812073484, 1.2968395546510096, 1.3542555469368927,
    1.4142135623730951, 1.4768261459394993, 1.5422108254079407, 1.6104903319492543,
    1.681792830507429, 1.7562521603732995, 1.8340080864093424, 1.9152065613971474,
)  # 2^(j/16)  # fmt: skip
# The same with j taken off the exponent in sixteenths, so that adding k × 16 + j puts it back.
SCALES = tuple(
    (np.array(ROOTS).view(np.int64) - (np.arange(16, dtype=np.int64) << 48)).view(np.float64)
)

# (log(1 + r) - r) / r², log2(1 + r) / r, (2^r - 1) / r and (exp(r) - 1 - r) / r²
LOG_Q = (
    -0.49999999999999956,
    0.3333333333333329,
    -0.2500000000169404,
    0.2000000000154007,
    -0.16666657019783881,
    0.14285705515643102,
    -0.1251757597743005,
    0.11127089519822714,
)
LOG2_Q = (
    1.4426950408889634,
    -0.7213475204444787,
    0.48089834696298506,
    -0.3606737602680724,
    0.2885390082194587,
    -0.24044898557142466,
    0.20609912072443703,
    -0.1806221699387559,
    0.16055880775751152,
)
EXP2_Q = (
    0.6931471805599457,
    0.24022650695910075,
    0.0555041086566393,
    0.009618129106919537,
    0.0013333781576784268,
    0.00015403723980749256,
)
EXP_Q = (0.5, 0.16666666665296223, 0.04166666666495362, 0.008333449934107185, 0.0013889034639665864)
# (1 + 2a) e^(a²) erfc a in (a - 4) / (a + 4): Shepherd and Laframboise (1981), Mathematics of
# Computation 36, 249-253
ERFC_Q = (
    1.2329951186255526,
    -0.1396211168405625,
    0.015379652102610162,
    0.0680970542546862,
    -0.10103906603585294,
    0.09373283499865172,
    -0.06633036582050367,
    0.0371675155318432,
    -0.01619773397992426,
    0.005031970032548695,
    -0.0007577737141838885,
    -0.00019925700412184815,
    0.0001506231178516207,
    -2.439811794207995e-05,
    -1.1225140354449658e-05,
    5.707239573693257e-06,
    2.980596055322769e-07,
    -8.218020654813044e-07,
    7.111912428010423e-08,
    1.0683442926744586e-07,
    -1.6357383982124768e-08,
    -1.2544825403855518e-08,
    1.5712153638319064e-09,
    9.655408225482863e-10,
)


@dataclass(frozen=True)
class _Steps:
    """The tables a power looks things up in: 2^bits intervals of a mantissa and as many of an
    exponent's fraction, and the polynomials for what is left over."""

    bits: int
    inverse: tuple[float, ...]
    minus_log2: tuple[float, ...]
    scales: tuple[float, ...]
    log2_q: tuple[float, ...]
    exp2_q: tuple[float, ...]


NARROW = _Steps(4, INVERSE, MINUS_LOG2, SCALES, LOG2_Q, EXP2_Q)
SHORT = replace(NARROW, inverse=SHORT_INVERSE, minus_log2=SHORT_MINUS_LOG2)


def _steps(b: Body) -> _Steps:
    return SHORT if _splits(b) else NARROW


def exp(b: Body, x: str) -> str:
    """Return e to the x."""
    shifted = b.fma(x, b.number(LOG2E), b.number(SIXTEENTHS))
    k = b.exact("fsub", shifted, b.number(SIXTEENTHS))
    r = b.fma(k, b.number(-LN2_HI), x)
    r = b.fma(k, b.number(-LN2_LO), r)
    grown = b.fma(b.exact("fmul", r, r), _polynomial(b, EXP_Q, r), r)
    return within_limits(b, _times_power_of_two(b, NARROW, shifted, grown), x, 709.4, -708.39)


def within_limits(b: Body, out: str, t: str, most: float, least: float) -> str:
    """Return ``out``, but infinity where t > most, 0 where t < least."""
    out = b.select(b.compare("ogt", t, b.number(most)), b.number(float("inf")), out)
    return b.select(b.compare("olt", t, b.number(least)), b.number(0.0), out)


def _times_power_of_two(b: Body, steps: _Steps, shifted: str, grown: str) -> str:
    """Return 2^k 2^(j/16) (1 + grown), with k and j in the low bits of ``shifted``; 16 stands for
    the number of steps."""
    bits = b.bits(shifted)
    root = b.bits(b.entries([steps.scales], bits, 0)[0])
    scale = b.floats(b.integer("add", root, b.integer("shl", bits, b.whole(52 - steps.bits))))
    return b.fma(scale, grown, scale)


def _polynomial(b: Body, coefficients: tuple[float, ...], x: str) -> str:
    """Return a polynomial as two interleaved ones in x²: half the chain of Horner's."""
    square = b.exact("fmul", x, x)
    halves = []
    for part in (coefficients[0::2], coefficients[1::2]):
        total = b.number(part[-1])
        for coefficient in part[-2::-1]:
            total = b.fma(total, square, b.number(coefficient))
        halves.append(total)
    return b.fma(halves[1], x, halves[0])


def above_first(b: Body, x: str) -> str:
    """Return how far the bits of a positive, normal, finite x lie above the first interval."""
    return b.cached(("above", x), lambda: b.integer("sub", b.bits(x), b.whole(FIRST)))


def _exponent(b: Body, above: str) -> str:
    """Return k of x = 2^k m."""
    return b.cached(("exponent", above), lambda: _new_exponent(b, above))


def _new_exponent(b: Body, above: str) -> str:
    if b.processor.permutes:  # AVX-512 alone makes doubles of such whole numbers by itself
        shifted = b.integer("ashr", above, b.whole(52))
        return b.new(f"sitofp {b.whole_vector} {shifted} to {b.vector}")
    raised = b.integer("add", above, b.whole(1023 << 52))  # k + 1023 in the low bits of 2^52
    low = b.integer("or", b.integer("lshr", raised, b.whole(52)), b.whole(1075 << 52))
    return b.exact("fsub", b.floats(low), b.number(2.0**52 + 1023))


def _fraction(
    b: Body, bits: int, inverse: Sequence[float], logs: Sequence[float], x: str, above: str
) -> tuple[str, str]:
    """Return r and minus the logarithm of c; 2^bits intervals of m."""
    near, log = b.entries([inverse, logs], above, 52 - bits)
    power = b.integer("and", above, b.whole(-(2**52)))
    m = b.floats(b.integer("sub", b.bits(x), power))
    if not _splits(b):
        return b.fma(m, near, b.number(-1.0)), log
    high, low = _halves(b, m)
    whole = b.exact("fsub", b.exact("fmul", high, near), b.number(1.0))
    return b.exact("fadd", whole, b.exact("fmul", low, near)), log


def _halves(b: Body, x: str) -> tuple[str, str]:
    """Return the upper 26 bits of x and the rest: a product of either with a short number is
    exact (Veltkamp and Dekker 1971, by the bits)."""
    high = b.floats(b.integer("and", b.bits(x), b.whole(-(1 << 27))))
    return high, b.exact("fsub", x, high)


def _log_positive(b: Body, x: str) -> str:
    """Return the logarithm of a positive, normal, finite x."""
    above = above_first(b, x)
    steps, logs = (SHORT, SHORT_MINUS_LOG) if _splits(b) else (NARROW, MINUS_LOG)
    k, (r, log_c) = _exponent(b, above), _fraction(b, steps.bits, steps.inverse, logs, x, above)
    rest = b.exact("fmul", b.exact("fmul", r, r), _polynomial(b, LOG_Q, r))
    whole = b.fma(k, b.number(LN2_HI), log_c)
    head = b.exact("fadd", whole, r)
    lost = b.exact("fadd", b.exact("fsub", whole, head), r)  # what rounding took from the head
    rest = b.exact("fadd", rest, lost)
    return b.exact("fadd", head, b.fma(k, b.number(LN2_LO), rest))


def log(b: Body, x: str) -> str:
    """Return the natural logarithm: -inf at 0, NaN below."""
    below = b.compare("olt", x, b.number(0.0))
    other = b.select(below, b.number(float("nan")), x)  # inf and NaN stay
    other = b.select(b.compare("oeq", x, b.number(0.0)), b.number(float("-inf")), other)
    return b.select(_ordinary(b, x), _log_positive(b, x), other)


def erfc(b: Body, x: str) -> str:
    """Return what is left of the error function up to 1: 2 far below 0, 0 above 26.6."""
    size, end = b.unary("fabs", x), b.number(28.0)
    a = b.select(b.compare("olt", size, end), size, end)
    four = b.number(4.0)
    t = b.exact("fdiv", b.exact("fsub", a, four), b.exact("fadd", a, four))
    divisor = b.exact("fadd", b.exact("fadd", a, a), b.number(1.0))
    part = b.exact("fdiv", _polynomial(b, ERFC_Q, t), divisor)
    square = b.exact("fmul", a, a)
    tail = b.exact("fmul", exp(b, b.exact("fneg", square)), part)
    tail = b.fma(b.exact("fneg", tail), _lost(b, a, square), tail)
    out = b.select(b.compare("olt", x, b.number(0.0)), b.exact("fsub", b.number(2.0), tail), tail)
    return b.select(b.compare("uno", x, x), x, out)


def _lost(b: Body, x: str, square: str) -> str:
    """Return what rounding took from the square of x."""
    if not _splits(b):
        return b.fma(x, x, b.exact("fneg", square))
    high, low = _halves(b, x)
    head = b.exact("fsub", b.exact("fmul", high, high), square)
    middle = b.exact("fmul", b.exact("fadd", high, high), low)
    return b.exact("fadd", b.exact("fadd", head, middle), b.exact("fmul", low, low))


def power(b: Body, x: str, y: str) -> str:
    """Return x to the y, as C's pow: a negative x needs a whole y.

    Where every lane holds a positive finite x, which is nearly always, nothing else is looked
    at; one lane that does not sends the vector to ``general_power``, whose ordinary lanes are
    computed the same way and so have the same bits.
    """
    return power_of(b, x, y, log2(b, x))


def power_of(b: Body, x: str, y: str, log2_m: str) -> str:
    """Return x to the y from ``log2`` of x, computed here or in an earlier loop."""
    t, shifted, grown = _power_parts(b, x, y, log2_m)
    usual = b.usual(x, _exponent(b, above_first(b, x)), t)
    likely = _times_power_of_two(b, _steps(b), shifted, grown)
    return b.branch(usual, likely, lambda: b.call("general_power", x, y))


def log2(b: Body, x: str) -> str:
    """Return log2 m of a positive, normal, finite x = 2^k m."""
    return b.cached(("log2", x), lambda: _log2_mantissa(b, x))


def _log2_mantissa(b: Body, x: str) -> str:
    steps = _steps(b)
    r, log_c = _fraction(b, steps.bits, steps.inverse, steps.minus_log2, x, above_first(b, x))
    return b.fma(r, _polynomial(b, steps.log2_q, r), log_c)


def _power_parts(b: Body, x: str, y: str, log2_m: str) -> tuple[str, str, str]:
    """Return t = log2 of x^y, t in steps, and what 2 to the rest of it exceeds 1 by."""
    k = _exponent(b, above_first(b, x))
    part = b.exact("fmul", y, log2_m)
    t = b.fma(y, k, part)
    steps = _steps(b)
    rounding = b.number(SIXTEENTHS * 2.0 ** (4 - steps.bits))
    shifted = b.exact("fadd", t, rounding)
    r = b.exact("fadd", _beyond(b, y, k, shifted, rounding), part)
    return t, shifted, b.exact("fmul", r, _polynomial(b, steps.exp2_q, r))


def _beyond(b: Body, y: str, k: str, shifted: str, rounding: str) -> str:
    """Return y k less the whole number of steps in ``shifted``, which is close to it, rounded
    once; k is a whole number of 11 bits."""
    if not _splits(b):
        return b.fma(y, k, b.exact("fsub", rounding, shifted))
    near = b.exact("fsub", shifted, rounding)
    high, low = _halves(b, y)
    rest = b.exact("fsub", b.exact("fmul", high, k), near)
    return b.exact("fadd", rest, b.exact("fmul", low, k))


def _splits(b: Body) -> bool:
    """Whether products are split to be exact."""
    return not b.processor.fused


def _ordinary(b: Body, x: str) -> str:
    return b.both(b.compare("ogt", x, b.number(0.0)), b.compare("olt", x, b.number(float("inf"))))


def general_power(b: Body, x: str, y: str) -> str:
    """Return x to the y for any x."""
    size = b.unary("fabs", x)
    t, shifted, grown = _power_parts(b, size, y, log2(b, size))
    out = within_limits(b, _times_power_of_two(b, _steps(b), shifted, grown), t, 1023.9, -1022.0)
    return with_edges(b, x, y, size, out)


def with_edges(b: Body, x: str, y: str, size: str, out: str) -> str:
    """Return x to the y where ``out`` is that of a positive, normal, finite ``size`` of x."""
    rises = b.compare("ogt", y, b.number(0.0))
    at_zero = b.select(rises, b.number(0.0), b.number(float("inf")))
    at_infinity = b.select(rises, b.number(float("inf")), b.number(0.0))
    out = b.select(b.compare("oeq", size, b.number(0.0)), at_zero, out)
    out = b.select(b.compare("oeq", size, b.number(float("inf"))), at_infinity, out)
    is_whole = b.compare("oeq", b.unary("trunc", y), y)
    half = b.exact("fmul", y, b.number(0.5))
    is_odd = b.compare("une", b.unary("trunc", half), half)
    signed = b.select(is_odd, b.exact("fneg", out), out)
    signed = b.select(is_whole, signed, b.number(float("nan")))
    out = b.select(b.compare("olt", x, b.number(0.0)), signed, out)
    out = b.select(b.compare("uno", x, y), b.exact("fadd", x, y), out)
    return b.select(b.compare("oeq", y, b.number(0.0)), b.number(1.0), out)
