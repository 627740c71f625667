"""Random numbers by the inverse of a sum: counts, and the gamma and beta distributions.

A whole number is counted up from one far below the mean, whose probability is known, until the
share drawn is reached (``series``). Gamma and beta are halved to the number that has the share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, halved, op
from sdengine.functions.lookups import area
from sdengine.functions.noise import drawn, normal, random_record
from sdengine.functions.record import Builder, Example, Function
from sdengine.functions.scope import LoweringError, Scope
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Load, Node
from sdengine.syntax import Call

REACH = 9.0  # standard deviations below the mean beyond which nothing is counted: 2e-18
TINY = 1e-300
ENDLESS = Const(float("inf"))
_ZERO, _ONE, _HALF = Const(0.0), Const(1.0), Const(0.5)


def _log(x: Node) -> Node:
    return op("ln", op("max", x, Const(TINY)))


def _log_factorial(x: Node) -> Node:
    return op("gamma_ln", op("add", x, _ONE))


def _down(x: Node) -> Node:
    """Return the whole number below, -1 where it is less."""
    return op("sub", op("integer", op("add", op("max", x, Const(-1.0)), _ONE)), _ONE)


@dataclass(frozen=True, eq=False)
class _Counts:
    """A distribution of whole numbers from ``start`` on: the probability of that, and the lines
    whose ratio leads from each to the next (``series``)."""

    start: Node
    first: Node
    a: Node
    b: Node

    def below(self, number: Node) -> Node:
        """Return the share up to a number."""
        count = op("add", op("sub", number, self.start), _ONE)
        return op("summed", self.first, self.a, self.b, self.start, count)

    def at(self, share: Node) -> Node:
        """Return the number at which a share is reached."""
        steps = op("reached", self.first, self.a, self.b, self.start, share)
        return op("add", self.start, steps)


def _counts(
    builder: Builder, mean: Node, spread: Node, scope: Scope, parts: Callable[..., tuple[Node, ...]]
) -> _Counts:
    low = op("sub", mean, op("mul", Const(REACH), spread))
    kept = builder.statements.keep
    start = Load(kept(op("integer", op("max", low, _ZERO)), "start", scope))
    logarithm, a, b = parts(start)
    return _Counts(start, Load(kept(op("exp", logarithm), "first", scope)), a, b)


def _poisson(builder: Builder, mean: Node, scope: Scope) -> _Counts:
    mean = op("max", mean, _ZERO)

    def parts(start: Node) -> tuple[Node, ...]:
        power = op("sub", op("mul", start, _log(mean)), _log_factorial(start))
        return op("sub", power, mean), mean, _ZERO

    return _counts(builder, mean, op("sqrt", mean), scope, parts)


def _binomial(builder: Builder, trials: Node, chance: Node, scope: Scope) -> _Counts:
    """Successes; a chance of a half at most keeps the first probability in range."""

    def parts(start: Node) -> tuple[Node, ...]:
        left, odds = op("sub", trials, start), op("div", chance, op("sub", _ONE, chance))
        ways = op("sub", _log_factorial(trials), _log_factorial(start))
        ways = op("sub", ways, _log_factorial(left))
        power = op("mul", start, _log(chance))
        power = op("add", power, op("mul", left, _log(op("sub", _ONE, chance))))
        above = op("mul", odds, op("add", left, _ONE))
        return op("add", ways, power), above, op("neg", odds)

    mean = op("mul", trials, chance)
    return _counts(builder, mean, op("sqrt", mean), scope, parts)


def _failures(builder: Builder, wanted: Node, chance: Node, scope: Scope) -> _Counts:
    """How often it fails before so many successes: a negative binomial number."""
    fails = op("sub", _ONE, chance)

    def parts(start: Node) -> tuple[Node, ...]:
        before = op("sub", op("add", start, wanted), _ONE)
        ways = op("sub", op("gamma_ln", op("add", start, wanted)), op("gamma_ln", wanted))
        ways = op("sub", ways, _log_factorial(start))
        power = op("add", op("mul", wanted, _log(chance)), op("mul", start, _log(fails)))
        return op("add", ways, power), op("mul", fails, before), fails

    mean = op("div", op("mul", wanted, fails), chance)
    return _counts(builder, mean, op("div", op("sqrt", wanted), chance), scope, parts)


def _cut(
    builder: Builder, ends: tuple[Node, ...], counts: _Counts, seed: Node, scope: Scope
) -> Node:
    """Return a number of counts that is moved and stretched and lies between two values."""
    low, high, shift, stretch = ends
    least, most = (op("div", op("sub", end, shift), stretch) for end in (low, high))
    first: Node = _ZERO
    if not (isinstance(low, Const) and isinstance(shift, Const) and low.value <= shift.value):
        whole = op("integer", op("max", least, _ZERO))
        up = op("add", whole, op("lt", whole, least))
        first = counts.below(op("sub", up, _ONE))
    last = counts.below(_down(most))
    return counts.at(drawn(builder, seed, first, last, scope))


def _stretched(ends: tuple[Node, ...], number: Node) -> Node:
    low, high, shift, stretch = ends
    value = op("add", shift, op("mul", stretch, number))
    return op("min", op("max", value, low), high)


def poisson(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM POISSON: a count of this mean, cut off at two values, shifted and stretched."""
    low, high, mean, shift, stretch, seed = args
    ends = (low, high, shift, stretch)
    return _stretched(ends, _cut(builder, ends, _poisson(builder, mean, scope), seed, scope))


def binomial(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM BINOMIAL: successes in so many trials, cut off at two values, shifted, stretched.

    A chance above a half is turned round: failures are counted, from the other end.
    """
    low, high, chance, trials, shift, stretch, seed = args
    trials = op("integer", op("add", op("max", trials, _ZERO), _HALF))
    chance = op("min", op("max", chance, _ZERO), _ONE)
    often = op("gt", chance, _HALF)
    rare = chosen(often, op("sub", _ONE, chance), chance)
    turned = op("add", shift, op("mul", stretch, trials))
    ends = (
        chosen(often, op("sub", turned, high), op("sub", low, shift)),
        chosen(often, op("sub", turned, low), op("sub", high, shift)),
        _ZERO,
        stretch,
    )
    found = _cut(builder, ends, _binomial(builder, trials, rare, scope), seed, scope)
    number = op("min", found, trials)
    right = chosen(often, op("sub", trials, number), number)
    return _stretched((low, high, shift, stretch), right)


def negative_binomial(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM NEGATIVE BINOMIAL: trials until so many succeed, cut off, shifted, stretched."""
    low, high, chance, wanted, shift, stretch, seed = args
    wanted = op("max", op("integer", op("add", wanted, _HALF)), _ONE)
    ends = (low, high, op("add", shift, op("mul", stretch, wanted)), stretch)
    counts = _failures(builder, wanted, op("max", chance, Const(1e-9)), scope)
    return _stretched(ends, _cut(builder, ends, counts, seed, scope))


# ── gamma and beta ─────────────────────────────────────────────────────────────────────────


LARGEST = 1e7  # shape: the terms of its series are as many as its root, times the halvings


def _require_quick(function: str, *shapes: Node) -> None:
    """Raise for a number as a shape that would take minutes for each number drawn."""
    for shape in shapes:
        if isinstance(shape, Const) and shape.value > LARGEST:
            told = "{function} takes shapes up to {largest:,.0f}, is given {shape:g}"
            raise LoweringError(
                Message(told, function=function, largest=LARGEST, shape=shape.value)
            )


def _gamma_share(shape: Node, x: Node) -> Node:
    """Return the share of a gamma distribution below ``x``: its regularised integral."""
    power = op("sub", op("mul", shape, _log(x)), x)
    first = op("exp", op("sub", power, op("gamma_ln", op("add", shape, _ONE))))
    total = op("summed", first, x, _ZERO, shape, ENDLESS)
    far = op("add", shape, op("mul", Const(12.0), op("sqrt", shape)))
    share = chosen(op("gt", x, op("add", far, Const(100.0))), _ONE, op("min", total, _ONE))
    return chosen(op("gt", x, _ZERO), share, _ZERO)  # far above the mean the terms underflow


def gamma(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM GAMMA: by its order, cut off at two values, shifted and stretched."""
    low, high, shape, shift, stretch, seed = args
    _require_quick("RANDOM GAMMA", shape)
    top = op("add", op("mul", Const(2.0), shape), op("mul", Const(20.0), op("sqrt", shape)))
    top = op("add", top, Const(50.0))
    ends = (low, high, shift, stretch)
    return _at_share(builder, ends, seed, (_ZERO, top), lambda x: _gamma_share(shape, x), scope)


def _at_share(
    builder: Builder,
    ends: tuple[Node, ...],
    seed: Node,
    span: tuple[Node, Node],
    share: Callable[[Node], Node],
    scope: Scope,
) -> Node:
    """Return the number within a span that has a share drawn, moved and stretched."""
    low, high, shift, stretch = ends
    first, last = (
        op("min", op("max", op("div", op("sub", end, shift), stretch), span[0]), span[1])
        for end in (low, high)
    )
    wanted = drawn(builder, seed, share(first), share(last), scope)
    found = halved(builder, (first, last), lambda x: op("lt", share(Load(x)), wanted), scope)
    return _stretched(ends, Load(found))


def _beta_share(a: Node, b: Node, x: Node) -> Node:
    """Return the share of a beta distribution below ``x``, from the nearer end."""
    far = op("gt", x, op("div", a, op("add", a, b)))
    p, q = chosen(far, b, a), chosen(far, a, b)
    y = chosen(far, op("sub", _ONE, x), x)
    whole = op("add", p, q)
    power = op("add", op("mul", p, _log(y)), op("mul", q, _log(op("sub", _ONE, y))))
    scale = op("sub", op("gamma_ln", whole), op("gamma_ln", op("add", p, _ONE)))
    first = op("exp", op("add", op("sub", scale, op("gamma_ln", q)), power))
    slope = op("mul", y, op("sub", whole, _ONE))
    total = op("min", op("summed", first, slope, y, p, ENDLESS), _ONE)
    share = chosen(op("gt", y, _ZERO), total, _ZERO)
    return chosen(far, op("sub", _ONE, share), share)


def beta(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM BETA: by two shapes, cut off at two values, shifted and stretched."""
    low, high, a, b, shift, stretch, seed = args
    _require_quick("RANDOM BETA", a, b)
    ends = (low, high, shift, stretch)
    return _at_share(builder, ends, seed, (_ZERO, _ONE), lambda x: _beta_share(a, b, x), scope)


def from_lookup(builder: Builder, call: Call, scope: Scope) -> Node:
    """RANDOM LOOKUP: by the shape of a lookup, cut off at two values, shifted and stretched."""
    curves = builder.curves(call.args[0], scope)
    *ends, seed = (builder.node(arg, scope) for arg in call.args[1:])
    low, high = curves.each(lambda c: c.x[0]), curves.each(lambda c: c.x[-1])
    whole = area(curves, low, high)

    def share(x: Node) -> Node:
        return op("div", area(curves, low, x), whole)

    return _at_share(builder, tuple(ends), seed, (low, high), share, scope)


def pink_noise(builder: Builder, args: tuple[Node, ...], scope: Scope) -> Node:
    """RANDOM PINK NOISE: white noise that is smoothed, with a mean and deviation of its own."""
    mean, spread, time, seed = args
    reach = Const(6.0)
    white = normal(builder, (op("neg", reach), reach, _ZERO, _ONE, seed), scope)
    pace = op("div", Const(builder.model.clock.step), time)
    scale = op("sqrt", op("div", op("sub", Const(2.0), pace), pace))
    start = op("add", mean, op("mul", spread, white))
    stock = builder.statements.stock("pink noise", start, scope)
    wanted = op("add", mean, op("mul", op("mul", white, spread), scale))
    builder.statements.rate(stock, op("div", op("sub", wanted, stock), time), scope)
    return stock


RECORDS = (
    random_record(
        "RANDOM POISSON", 6, "x x 1 x x ? -> x", poisson, Example("RANDOM POISSON(3,3,2,0,1,1)", 3)
    ),
    random_record(
        "RANDOM BINOMIAL",
        7,
        "x x 1 1 x x ? -> x",
        binomial,
        Example("RANDOM BINOMIAL(0,9,1,3,0,1,1)", 3),
    ),
    random_record(
        "RANDOM NEGATIVE BINOMIAL",
        7,
        "x x 1 1 x x ? -> x",
        negative_binomial,
        Example("RANDOM NEGATIVE BINOMIAL(0,9,1,3,0,1,1)", 3),
    ),
    random_record(
        "RANDOM GAMMA",
        6,
        "x x 1 x x ? -> x",
        gamma,
        Example("RANDOM GAMMA(0,9,2,3,0.0000001,1)", 3),
    ),
    random_record(
        "RANDOM BETA",
        7,
        "x x 1 1 x x ? -> x",
        beta,
        Example("RANDOM BETA(0,9,2,3,3,0.0000001,1)", 3),
    ),
    Function(
        name="random_lookup",
        spellings=("RANDOM LOOKUP",),
        arity=(6,),
        unit=rule("? x x x x ? -> x"),
        lower=from_lookup,
        example=Example("RANDOM LOOKUP(pdf,0,9,3,0.0000001,1)", 3, "pdf((0,1),(1,0))~~|"),
    ),
    random_record(
        "RANDOM PINK NOISE",
        4,
        "x x time ? -> x",
        pink_noise,
        Example("RANDOM PINK NOISE(3,0,2,1)", 3),
    ),
)
