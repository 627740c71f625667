"""Random numbers: a stream of its own for each call and element; the normal distribution.

A call gets slots that are fed one number in (0, 1) at every step and member; what the function
makes of it is algebra, the inverse of its distribution. The numbers hang on the seed, on the
name of the variable and on which call in it this is, so that editing another equation moves
none. They follow Vensim's distributions, not its sequence of numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, op, whole
from sdengine.functions.record import Builder, Example, Function, of_nodes
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Load, Node

# The quantile of the normal distribution: Wichura (1988), algorithm AS 241, PPND16. Each pair
# is a quotient of polynomials, lowest power first.
_MIDDLE = (
    (
        *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3),
        *(1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4),
        *(3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
        *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4),
        5.2264952788528545610e3,
    ),
)
_TAIL = (
    (
        *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0),
        *(3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1),
        *(2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4),
        1.05075007164441684324e-9,
    ),
)
_FAR = (
    (
        *(6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0),
        *(2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3),
        *(2.71155556874348757815e-5, 2.01033439929228813265e-7),
    ),
    (
        *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
        *(7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7),
        2.04426310338993978564e-15,
    ),
)


def _polynomial(coefficients: tuple[float, ...], x: Node) -> Node:
    out: Node = Const(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        out = op("add", op("mul", out, x), Const(coefficient))
    return out


def _quotient(pair: tuple[tuple[float, ...], tuple[float, ...]], x: Node) -> Node:
    return op("div", _polynomial(pair[0], x), _polynomial(pair[1], x))


def quantile(builder: Builder, p: Node, scope: Scope) -> Node:
    """Return the standard normal number below which the share ``p`` lies."""
    off = Load(builder.statements.keep(op("sub", p, Const(0.5)), "off", scope))
    near = Load(
        builder.statements.keep(op("sub", Const(0.180625), op("mul", off, off)), "near", scope)
    )
    middle = op("mul", off, _quotient(_MIDDLE, near))
    rest = op("min", p, op("sub", Const(1.0), p))
    far = Load(builder.statements.keep(op("sqrt", op("neg", op("ln", rest))), "far", scope))
    tail = chosen(
        op("le", far, Const(5.0)),
        _quotient(_TAIL, op("sub", far, Const(1.6))),
        _quotient(_FAR, op("sub", far, Const(5.0))),
    )
    signed = chosen(op("lt", off, Const(0.0)), op("neg", tail), tail)
    return chosen(op("le", op("abs", off), Const(0.425)), middle, signed)


def _below(z: Node) -> Node:
    """Return the share of the standard normal distribution below ``z``."""
    return op("mul", Const(0.5), op("erfc", op("mul", z, Const(-float(np.sqrt(0.5))))))


def normal_share(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """NORMALCDF: the share of the standard normal distribution between two numbers."""
    low, high = args
    mirrored = op("gt", low, Const(0.0))  # shares near 1 are coarse: take them from below
    first, last = (chosen(mirrored, op("neg", z), z) for z in (low, high))
    share = op("sub", _below(last), _below(first))
    return chosen(mirrored, op("neg", share), share)


def normal_quantile(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """INVNORM: the standard normal number below which a share lies."""
    return quantile(builder, args[0], scope)


def _between(u: Node, low: Node, high: Node) -> Node:
    return op("add", low, op("mul", u, op("sub", high, low)))


def _uniform(builder: Builder, seed: Node | None, scope: Scope) -> Load:
    """Return random numbers in (0, 1): by the call's own seed, else the model's NOISE SEED."""
    said = None if seed is None else builder.constants.fixed(seed)
    one = said is not None and np.unique(said).size == 1 and bool(np.isfinite(said).all())
    if seed is not None and not one:
        raise LoweringError(Message("the seed of a random function must be one constant"))
    number = 0 if said is None else whole(said)
    common = builder.names.variables.get("noise seed")
    if number == 0 and common is not None and common.value is not None:
        builder.constants.structural.add(common.name)
        number = whole(common.value)
    return builder.statements.noise(number, scope)


def uniform_0_1(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM 0 1: uniform between 0 and 1."""
    return _uniform(builder, None, scope)


def uniform(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM UNIFORM: uniform between two values."""
    low, high, seed = args
    return _between(_uniform(builder, seed, scope), low, high)


def normal(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM NORMAL: normal, cut off at two values."""
    low, high, mean, spread, seed = args
    a, b = (op("div", op("sub", end, mean), spread) for end in (low, high))
    mirrored = op("gt", a, Const(0.0))  # shares near 1 are coarse: take them from below
    first = _below(chosen(mirrored, op("neg", b), a))
    last = _below(chosen(mirrored, op("neg", a), b))
    share = drawn(builder, seed, first, last, scope)
    found = quantile(builder, share, scope)
    number = chosen(mirrored, op("neg", found), found)
    inside = op("min", op("max", op("add", mean, op("mul", spread, number)), low), high)
    return chosen(op("gt", spread, Const(0.0)), inside, mean)


def exponential(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM EXPONENTIAL: exponential from a start, stretched, cut off at two values."""
    low, high, start, stretch, seed = args

    def above(end: Node) -> Node:
        z = op("max", op("div", op("sub", end, start), stretch), Const(0.0))
        return op("exp", op("neg", z))

    share = _between(_uniform(builder, seed, scope), above(low), above(high))
    return op("sub", start, op("mul", stretch, op("ln", share)))


def drawn(builder: Builder, seed: Node, low: Node, high: Node, scope: Scope) -> Load:
    """Return a number between two shares of a distribution."""
    share = _between(_uniform(builder, seed, scope), low, high)
    return Load(builder.statements.keep(share, "share", scope))


def triangular(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM TRIANGULAR: from a start over a peak to a stop, cut off at two values."""
    low, high, start, peak, stop, seed = args
    width, left, right = (op("sub", a, b) for a, b in ((stop, start), (peak, start), (stop, peak)))

    def below(end: Node) -> Node:
        up, down = (
            op("max", op("sub", end, start), Const(0.0)),
            op("max", op("sub", stop, end), Const(0.0)),
        )
        rising = op("div", op("mul", up, up), op("mul", width, left))
        falling = op("div", op("mul", down, down), op("mul", width, right))
        return chosen(op("lt", end, peak), rising, op("sub", Const(1.0), falling))

    first, last = (
        op(
            "min",
            op("max", chosen(op("ge", end, stop), Const(1.0), below(end)), Const(0.0)),
            Const(1.0),
        )
        for end in (low, high)
    )
    share = drawn(builder, seed, first, last, scope)
    rising = op("add", start, op("sqrt", op("mul", share, op("mul", width, left))))
    rest = op("sub", Const(1.0), share)
    falling = op("sub", stop, op("sqrt", op("mul", rest, op("mul", width, right))))
    return chosen(op("lt", share, op("div", left, width)), rising, falling)


def weibull(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM WEIBULL: by its shape from a shift, stretched, cut off at two values."""
    low, high, shape, shift, stretch, seed = args

    def above(end: Node) -> Node:
        z = op("max", op("div", op("sub", end, shift), stretch), Const(0.0))
        return op("exp", op("neg", op("pow", z, shape)))

    share = drawn(builder, seed, above(low), above(high), scope)
    scaled = op("pow", op("neg", op("ln", share)), op("div", Const(1.0), shape))
    return op("min", op("max", op("add", shift, op("mul", stretch, scaled)), low), high)


def random_record(
    spelling: str, counts: int, unit: str, lower: Callable[..., Node], example: Example
) -> Function:
    """Return the record of a function that draws numbers."""
    return Function(
        name=spelling.casefold().replace(" ", "_"),
        spellings=(spelling,),
        arity=(counts,),
        unit=rule(unit),
        lower=of_nodes(lower),
        example=example,
    )


# What a draw is hangs on its name and seed; that its place in a distribution of no width is
# that width's one value does not.
RECORDS = (
    Function(
        name="normal_share",
        spellings=("NORMALCDF",),
        arity=(2,),
        unit=rule("1 1 -> 1"),
        lower=of_nodes(normal_share),
        example=Example("NORMALCDF(-1,1)", 0.6826894921370859, xmile=True),
    ),
    Function(
        name="normal_quantile",
        spellings=("INVNORM",),
        arity=(1,),
        unit=rule("1 -> 1"),
        lower=of_nodes(normal_quantile),
        example=Example("INVNORM(0.975)", 1.959963984540054, xmile=True),
    ),
    random_record(
        "RANDOM 0 1",
        0,
        "-> 1",
        uniform_0_1,
        Example("IF THEN ELSE(r>0:AND:r<1,1,0)", 1, "r=RANDOM 0 1()~~|"),
    ),
    random_record("RANDOM UNIFORM", 3, "x x ? -> x", uniform, Example("RANDOM UNIFORM(3,3,1)", 3)),
    random_record(
        "RANDOM NORMAL", 5, "x x x x ? -> x", normal, Example("RANDOM NORMAL(0,9,3,0,1)", 3)
    ),
    random_record(
        "RANDOM EXPONENTIAL",
        5,
        "x x x x ? -> x",
        exponential,
        Example("RANDOM EXPONENTIAL(0,9,3,0.0000001,1)", 3),
    ),
    random_record(
        "RANDOM TRIANGULAR",
        6,
        "x x x x x ? -> x",
        triangular,
        Example("RANDOM TRIANGULAR(2.9999999,3.0000001,0,3,6,1)", 3),
    ),
    random_record(
        "RANDOM WEIBULL",
        6,
        "x x 1 x x ? -> x",
        weibull,
        Example("RANDOM WEIBULL(0,9,2,3,0.0000001,1)", 3),
    ),
)
