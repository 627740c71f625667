"""exp, log and pow as straight-line vector code, so that no vector-math library is needed.

Each takes a ``Body`` and names of vector values and returns the name of the result. Relative
error against the correctly rounded value is below 1e-15 (``tests/kernel/test_vmath.py``); NaN
propagates, infinities are exact, results below 2.3e-308 become 0 and results above 1.26e308
infinity. Methods: exp after Cody and Waite with a polynomial of degree 11; log after
fdlibm's e_log.c (its seven coefficients); pow as exp(y log x).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdensemble.kernel.llvm import Body

LOG2E = 1.4426950408889634
LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
MAGIC = 6755399441055744.0  # 1.5 × 2^52: adding it rounds to a whole number, kept in the low bits

# (exp(r) - 1 - r) / r² on |r| ≤ ln2/2, interpolated at Chebyshev nodes; error 1.6e-17 of exp(r)
EXP_Q = (
    0.5000000000000001,
    0.16666666666666669,
    0.04166666666662399,
    0.008333333333330051,
    0.0013888888917281794,
    0.00019841269863105968,
    2.480152119021773e-05,
    2.7557268378684192e-06,
    2.7620138719733994e-07,
    2.5100424157005067e-08,
)
# 1 / d = (1 - T4(d)) / d with the Chebyshev polynomial T4 of [1.70710, 2.41422], scaled to 1 at 0
RECIPROCAL = (1.970343018779422, -1.4485399907899479, 0.47094354524959203, -0.057135032706876566)
LOG_L = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)


def exp(b: Body, x: str) -> str:
    """Return e to the x."""
    # the order of the comparisons lets NaN through
    x = b.select(b.compare("olt", b.number(710.0), x), b.number(710.0), x)
    x = b.select(b.compare("ogt", b.number(-709.0), x), b.number(-709.0), x)
    shifted = b.fma(x, b.number(LOG2E), b.number(MAGIC))
    k = b.exact("fsub", shifted, b.number(MAGIC))
    r = b.fma(k, b.number(-LN2_HI), x)
    r = b.fma(k, b.number(-LN2_LO), r)
    q = _estrin(b, EXP_Q, r)
    p = b.exact("fadd", b.fma(q, b.exact("fmul", r, r), r), b.number(1.0))
    bits = b.integer("add", b.bits(shifted), b.whole(1023))
    scale = b.floats(b.integer("shl", bits, b.whole(52)))
    return b.exact("fmul", p, scale)


def _estrin(b: Body, coefficients: tuple[float, ...], x: str) -> str:
    """Return a polynomial by Estrin's scheme: a shorter chain than Horner's."""
    terms = [b.number(c) for c in coefficients]
    power = x
    while len(terms) > 1:
        pairs = [b.fma(terms[i + 1], power, terms[i]) for i in range(0, len(terms) - 1, 2)]
        if len(terms) % 2:
            pairs.append(terms[-1])
        terms = pairs
        if len(terms) > 1:
            power = b.exact("fmul", power, power)
    return terms[0]


def _log_positive(b: Body, x: str) -> str:
    """Return the logarithm of a positive, normal, finite x."""
    bits = b.bits(x)
    k = b.integer("ashr", b.integer("sub", bits, b.whole(0x3FE6A09E667F3BCD)), b.whole(52))
    m = b.floats(b.integer("sub", bits, b.integer("shl", k, b.whole(52))))
    kf = b.floats(b.integer("add", k, b.whole(0x4338000000000000)))
    kf = b.exact("fsub", kf, b.number(MAGIC))
    f = b.exact("fsub", m, b.number(1.0))
    s = b.exact("fmul", f, _reciprocal(b, b.exact("fadd", b.number(2.0), f)))
    z = b.exact("fmul", s, s)
    r = b.exact("fmul", _estrin(b, LOG_L, z), z)
    half = b.exact("fmul", b.exact("fmul", b.number(0.5), f), f)
    inner = b.fma(s, b.exact("fadd", half, r), b.exact("fmul", kf, b.number(LN2_LO)))
    rest = b.exact("fsub", b.exact("fsub", half, inner), f)
    return b.fma(kf, b.number(LN2_HI), b.exact("fneg", rest))


def _reciprocal(b: Body, d: str) -> str:
    """Return 1 / d to a last bit or two, for d from 1.70 to 2.42; faster than a division.

    A cubic with error 1.1e-4, then Newton's method twice.
    """
    r = b.number(RECIPROCAL[-1])
    for coefficient in RECIPROCAL[-2::-1]:
        r = b.fma(r, d, b.number(coefficient))
    minus = b.exact("fneg", d)
    for _ in range(2):
        r = b.fma(r, b.fma(minus, r, b.number(1.0)), r)
    return r


def log(b: Body, x: str) -> str:
    """Return the natural logarithm: -inf at 0, NaN below."""
    below = b.compare("olt", x, b.number(0.0))
    other = b.select(below, b.number(float("nan")), x)  # inf and NaN stay
    other = b.select(b.compare("oeq", x, b.number(0.0)), b.number(float("-inf")), other)
    return b.select(_ordinary(b, x), _log_positive(b, x), other)


def power(b: Body, x: str, y: str) -> str:
    """Return x to the y, as C's pow: a negative x needs a whole y.

    Where every lane holds a positive finite x, which is nearly always, nothing else is looked
    at; one lane that does not sends the vector to ``general_power``, whose ordinary lanes are
    computed the same way and so have the same bits.
    """
    return b.branch(
        _ordinary(b, x),
        lambda: exp(b, b.exact("fmul", y, _log_positive(b, x))),
        lambda: b.call("general_power", x, y),
    )


def _ordinary(b: Body, x: str) -> str:
    return b.both(b.compare("ogt", x, b.number(0.0)), b.compare("olt", x, b.number(float("inf"))))


def general_power(b: Body, x: str, y: str) -> str:
    """Return x to the y for any x."""
    out = exp(b, b.exact("fmul", y, log(b, b.unary("fabs", x))))
    is_whole = b.compare("oeq", b.unary("trunc", y), y)
    half = b.exact("fmul", y, b.number(0.5))
    is_odd = b.compare("une", b.unary("trunc", half), half)
    signed = b.select(is_odd, b.exact("fneg", out), out)
    signed = b.select(is_whole, signed, b.number(float("nan")))
    out = b.select(b.compare("olt", x, b.number(0.0)), signed, out)
    return b.select(b.compare("oeq", y, b.number(0.0)), b.number(1.0), out)
