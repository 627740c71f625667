"""Powers for WebAssembly: as few operations as will do, from long tables.

``vmath`` keeps the whole part of a logarithm apart, so that the error of a power does not grow
with its base. Here the logarithm to the base of two is one number and an entry of a table, of any
length, costs the same. Relative error: below 2e-16 times (4 + |y| + |log2 of the power|). Edges
are those of ``vmath``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdengine.functions.vmath import FIRST, above_first, with_edges, within_limits

Body = Any  # what writes a function's text: ``native.llvm.Body``

LOG_BITS, EXP_BITS = 9, 10  # the tables have 2^bits entries
MOST = 1021.0  # of exponents of two, with room for rounding
ROUNDING = 1.5 * 2.0 ** (52 - EXP_BITS)  # adding it rounds to a whole number of steps


def _fitted(f: Callable[[np.ndarray], np.ndarray], reach: float, count: int) -> tuple[float, ...]:
    """Return so many coefficients of a polynomial through f at Chebyshev nodes within a reach."""
    nodes = np.cos((np.arange(count) + 0.5) * np.pi / count)
    fit = np.polynomial.polynomial.polyfit(nodes, f(nodes * reach), count - 1)
    return tuple(fit / reach ** np.arange(count))


def _log_tables() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return short numbers near to 1/m, one for each interval of m, and minus their logarithms."""
    steps = np.arange(2**LOG_BITS, dtype=np.int64)
    centres = (FIRST + ((2 * steps + 1) << (51 - LOG_BITS))).view(np.float64)
    inverse = np.round(2.0**20 / centres) / 2.0**20
    return tuple(inverse), tuple(-np.log2(inverse))


def _scales() -> tuple[float, ...]:
    """Return 2^(j / 2^bits), j taken off the exponent: adding 2^bits k + j then puts k on."""
    steps = np.arange(2**EXP_BITS, dtype=np.int64)
    roots = np.exp2(steps / 2**EXP_BITS).view(np.int64)
    return tuple((roots - (steps << (52 - EXP_BITS))).view(np.float64))


INVERSE, MINUS_LOG2 = _log_tables()
SCALES = _scales()
# log2(1 + r) / r and (2^r - 1) / r
LOG2_Q = _fitted(lambda r: np.log1p(r) / r / np.log(2.0), 2.0**-LOG_BITS / 1.8, 4)
EXP2_Q = _fitted(lambda r: np.expm1(r * np.log(2.0)) / r, 2.0**-EXP_BITS / 2, 3)


def log2(b: Body, x: str) -> str:
    """Return log2 of a positive, normal, finite x; of any other at least 1021 above or below 0."""
    return b.cached(("log2", x), lambda: _log2(b, x))


def _log2(b: Body, x: str) -> str:
    above = above_first(b, x)  # x = 2^k m
    m = b.floats(b.integer("sub", b.bits(x), b.integer("and", above, b.whole(-(2**52)))))
    near, log = b.entries([INVERSE, MINUS_LOG2], above, 52 - LOG_BITS)
    r = b.fma(m, near, b.number(-1.0))
    return b.fma(r, _polynomial(b, LOG2_Q, r), b.exact("fadd", b.upper(above), log))


def _polynomial(b: Body, coefficients: tuple[float, ...], x: str) -> str:
    total = b.number(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = b.fma(total, x, b.number(coefficient))
    return total


def power(b: Body, x: str, y: str) -> str:
    """Return x to the y, as C's pow: a negative x needs a whole y."""
    return power_of(b, lambda: x, y, log2(b, x))


def power_of(b: Body, x: Callable[[], str], y: str, log: str) -> str:
    """Return x to the y from ``log2`` of x, computed here or in an earlier loop; x is asked for
    where one lane is unusual. Ordinary lanes have the same bits then."""
    t = b.exact("fmul", y, log)
    return b.branch(b.below([log, t], MOST), _exp2(b, t), lambda: b.call("general_power", x(), y))


def _exp2(b: Body, t: str) -> str:
    """Return 2^t for |t| < 1022."""
    shifted = b.exact("fadd", t, b.number(ROUNDING))
    bits = b.bits(shifted)
    root = b.bits(b.entries([SCALES], bits, 0)[0])
    scale = b.floats(b.integer("add", root, b.integer("shl", bits, b.whole(52 - EXP_BITS))))
    r = b.exact("fsub", t, b.exact("fsub", shifted, b.number(ROUNDING)))
    return b.fma(scale, b.exact("fmul", r, _polynomial(b, EXP2_Q, r)), scale)


def general_power(b: Body, x: str, y: str) -> str:
    """Return x to the y for any x."""
    size = b.unary("fabs", x)
    t = b.exact("fmul", y, log2(b, size))
    return with_edges(b, x, y, size, within_limits(b, _exp2(b, t), t, 1023.9, -1022.0))
