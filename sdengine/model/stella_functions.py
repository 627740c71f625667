"""Stella's functions in the engine's own forms: ``FUNCTIONS`` by name and number of arguments."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sdengine.errors import Message
from sdengine.model.build import (
    ONE,
    STEP,
    TIME,
    ZERO,
    add,
    before,
    div,
    mul,
    sub,
    test,
    when,
)
from sdengine.model.forms import Form, ordered, same, starting
from sdengine.model.points import EquationError
from sdengine.syntax import Call, Expr, Number, Ref

_START = Ref("initial_time")
RUNS = dict.fromkeys(("runcount", "sensiruncount", "sensiruntotal"), ZERO)
"""What Stella says of the runs before this one: a member has none."""
_BEGINNING, _ENDLESS = Number(-1e300), Number(1e300)  # where nothing is cut off


def _call(function: str, *args: Expr) -> Expr:
    return Call(function, args)


def below(x: Expr) -> Expr:
    """Return the largest whole number that is not above ``x``."""
    whole = _call("integer", x)
    return sub(whole, _call("lt", x, whole))


def _remainder(a: Expr, b: Expr) -> Expr:
    """Return what is left of ``a`` above the multiple of ``b`` below it."""
    return sub(a, mul(b, below(div(a, b))))


def _wave(function: str) -> Form:
    def made(size: Expr, period: Expr) -> Expr:
        return mul(size, _call(function, div(mul(Number(2 * math.pi), TIME), period)))

    return made


# ── numbers drawn: the seed is the last argument ───────────────────────────────────────────


def _spread(mean: Expr, spread: Expr, seed: Expr) -> Expr:
    reach = mul(Number(12.0), spread)
    return _call("random_normal", sub(mean, reach), add(mean, reach), mean, spread, seed)


def _log_normal(mean: Expr, spread: Expr, seed: Expr) -> Expr:
    """Return a number whose own mean and standard deviation are these."""
    share = div(spread, mean)
    wide = _call("ln", add(ONE, mul(share, share)))
    middle = sub(_call("ln", mean), div(wide, Number(2.0)))
    return _call("exp", _spread(middle, _call("sqrt", wide), seed))


def _pareto(shape: Expr, scale: Expr, seed: Expr) -> Expr:
    share = _call("random_uniform", ZERO, ONE, seed)
    return mul(scale, _call("pow", share, div(Number(-1.0), shape)))


def _poisson(mean: Expr, seed: Expr) -> Expr:
    return _call("random_poisson", ZERO, _ENDLESS, mean, ZERO, ONE, seed)


def _binomial(trials: Expr, chance: Expr, seed: Expr) -> Expr:
    """Successes; a chance that is none counts as 1."""
    known = test("and", test("ge", chance, ZERO), test("le", chance, ONE))
    safe = when(known, chance, ONE)
    return _call("random_binomial", ZERO, _ENDLESS, safe, trials, ZERO, ONE, seed)


def _failures(successes: Expr, chance: Expr, seed: Expr) -> Expr:
    """Return how often it fails before so many successes."""
    args = (ZERO, _ENDLESS, chance, successes, mul(Number(-1.0), successes), ONE, seed)
    return _call("random_negative_binomial", *args)


def _gamma(shape: Expr, scale: Expr, seed: Expr) -> Expr:
    return _call("random_gamma", ZERO, _ENDLESS, shape, ZERO, scale, seed)


def _beta(a: Expr, b: Expr, seed: Expr) -> Expr:
    return _call("random_beta", ZERO, ONE, a, b, ZERO, ONE, seed)


def _logistic(mean: Expr, scale: Expr, seed: Expr) -> Expr:
    share = _call("random_uniform", ZERO, ONE, seed)
    return sub(mean, mul(scale, _call("ln", sub(div(ONE, share), ONE))))


def _happens(percent: Expr, seed: Expr) -> Expr:
    """Return 1 where what has this probability a unit of time happens within the step."""
    return _call("lt", _call("random_uniform", ZERO, Number(100.0), seed), mul(percent, STEP))


_DRAWS: Mapping[str, tuple[int, Form]] = {
    "random": (2, same("random_uniform")),
    "uniform": (2, same("random_uniform")),
    "normal": (2, _spread),
    "lognormal": (2, _log_normal),
    "exprnd": (
        1,
        lambda mean, seed: _call("random_exponential", ZERO, _ENDLESS, ZERO, mean, seed),
    ),
    "triangular": (
        3,
        lambda low, peak, high, seed: _call("random_triangular", low, high, low, peak, high, seed),
    ),
    "weibull": (
        2,
        lambda shape, scale, seed: _call(
            "random_weibull", ZERO, _ENDLESS, shape, ZERO, scale, seed
        ),
    ),
    "pareto": (2, _pareto),
    "poisson": (1, _poisson),
    "binomial": (2, _binomial),
    "negbinomial": (2, _failures),
    "geometric": (1, lambda chance, seed: _failures(ONE, chance, seed)),
    "gamma": (2, _gamma),
    "beta": (2, _beta),
    "logistic": (2, _logistic),
    "normalpink": (3, same("random_pink_noise")),
    "montecarlo": (1, _happens),
}


def _unseeded(form: Form) -> Form:
    return lambda *args: form(*args, ZERO)


# ── money, and counting ────────────────────────────────────────────────────────────────────


def _payments(rate: Expr, count: Expr) -> tuple[Expr, Expr]:
    """Return what 1 grows to over so many periods, and what 1 paid at the end of each grows to."""
    growth = _call("pow", add(ONE, rate), count)
    sure = when(test("eq", rate, ZERO), ONE, rate)
    return growth, when(test("eq", rate, ZERO), count, div(sub(growth, ONE), sure))


def _future(rate: Expr, count: Expr, payment: Expr, present: Expr) -> Expr:
    growth, paid = _payments(rate, count)
    return _call("neg", add(mul(present, growth), mul(payment, paid)))


def _payment(rate: Expr, count: Expr, present: Expr, future: Expr) -> Expr:
    growth, paid = _payments(rate, count)
    return _call("neg", div(add(mul(present, growth), future), paid))


def _present(rate: Expr, count: Expr, payment: Expr, future: Expr) -> Expr:
    growth, paid = _payments(rate, count)
    return _call("neg", div(add(future, mul(payment, paid)), growth))


def _growth(percent: Expr) -> Expr:
    """Return the rate at which a stock grows by so many percent a unit of time, whatever DT."""
    grown = _call("pow", add(ONE, div(percent, Number(100.0))), STEP)
    return div(sub(grown, ONE), STEP)


def _derivative(value: Expr, order: Expr) -> Expr:
    """Return the change from step to step, as often as said; 0 before there are as many steps."""
    if not isinstance(order, Number) or order.value not in range(10):
        raise EquationError(Message("has DERIVN without a whole number for its order"))
    for _ in range(int(order.value)):
        value = div(sub(value, before(value, value)), STEP)
    gone = sub(TIME, _START)
    enough = test("gt", gone, mul(sub(order, Number(0.5)), STEP))
    return when(enough, value, ZERO)


def _over(function: str) -> Form:
    """Return a function of a graphical function up to an x and from another, or over all of it."""
    return lambda table, last=_ENDLESS, first=_BEGINNING: _call(function, table, first, last)


def _ways(ordered: bool) -> Form:
    """Return how many choices there are of so many things among others."""

    def made(all_: Expr, some: Expr) -> Expr:
        others = (sub(all_, some),) if ordered else (sub(all_, some), some)
        few = div(_call("factorial", all_), mul(*(_call("factorial", n) for n in others)))
        logs = (_call("gamma_ln", add(n, ONE)) for n in others)
        many = _call("exp", sub(_call("gamma_ln", add(all_, ONE)), *logs))
        number = when(test("le", all_, Number(170.0)), few, many)
        return _call("integer", add(number, Number(0.5)))

    return made


# ── all of them ────────────────────────────────────────────────────────────────────────────


FUNCTIONS: Mapping[tuple[str, int], Form] = {
    ("int", 1): below,
    ("mod", 2): _remainder,
    ("round", 1): lambda x: below(add(x, Number(0.5))),
    ("percent", 1): lambda x: mul(x, Number(100.0)),
    ("log10", 1): lambda x: _call("log", x, Number(10.0)),
    ("logn", 1): same("ln"),
    ("rootn", 2): lambda x, order: _call("pow", x, div(ONE, order)),
    ("gammaln", 1): same("gamma_ln"),
    ("time", 0): lambda: TIME,
    **{(name, 0): lambda: ZERO for name in RUNS},
    ("step", 1): lambda height: _call("step", height, _START),
    ("ramp", 1): lambda slope: _call("xramp", slope, _START),
    ("ramp", 2): same("xramp"),
    ("pulse", 1): lambda size: div(size, STEP),
    ("pulse", 2): lambda size, first: _call("xpulse", first, size),
    ("pulse", 3): lambda size, first, gap: _call("xpulse_train", first, gap, size),
    ("previous", 2): same("previous"),
    ("sign", 1): lambda x: sub(test("gt", x, ZERO), test("lt", x, ZERO)),
    ("fv", 4): _future,
    ("pmt", 4): _payment,
    ("pv", 4): _present,
    ("cgrowth", 1): _growth,
    ("derivn", 2): _derivative,
    ("permutations", 2): _ways(ordered=True),
    ("combinations", 2): _ways(ordered=False),
    ("lookupinv", 2): same("lookup_invert"),
    **{("lookuparea", n): _over("lookup_area_inside") for n in (1, 2, 3)},
    **{("lookupmean", n): _over("lookup_mean_place") for n in (1, 2, 3)},
    ("npv", 2): lambda stream, rate: _call("npv", stream, rate, ZERO, ONE),
    ("npv", 4): same("npv"),
    ("npv", 3): lambda stream, rate, first: _call("npv", stream, rate, first, ONE),
    ("sinwave", 2): _wave("sin"),
    ("coswave", 2): _wave("cos"),
    ("init", 1): same("initial"),
    ("delay", 2): lambda x, time: _call("delay_fixed", x, time, x),
    ("delay", 3): same("delay_fixed"),
    ("safediv", 2): same("zidz"),
    ("safediv", 3): same("xidz"),
    ("trend", 2): lambda x, time: _call("trend", x, time, ZERO),
    ("trend", 3): same("trend"),
    ("forcst", 3): lambda x, time, ahead: _call("forecast", x, time, ahead, ZERO),
    ("forcst", 4): same("forecast"),
    ("normalcdf", 2): same("normal_share"),
    ("normalcdf", 4): lambda low, high, mean, spread: _call(
        "normal_share", div(sub(low, mean), spread), div(sub(high, mean), spread)
    ),
    ("invnorm", 1): same("normal_quantile"),
    ("invnorm", 3): lambda share, mean, spread: add(
        mean, mul(spread, _call("normal_quantile", share))
    ),
    **{(f"delay{k}", n): starting("delay", k) for k in (1, 3) for n in (2, 3)},
    **{(f"smth{k}", n): starting("smooth", k) for k in (1, 3) for n in (2, 3)},
    **{("delayn", n): ordered("delay_n") for n in (3, 4)},
    **{("smthn", n): ordered("smooth") for n in (3, 4)},
    **{(name, count + 1): form for name, (count, form) in _DRAWS.items()},
    **{(name, count): _unseeded(form) for name, (count, form) in _DRAWS.items()},
}

_COMPLETE = ("if then else", 3), ("step", 2), ("ramp", 3)  # those that need no form of their own


def _counts() -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for name, count in (*FUNCTIONS, *_COMPLETE):
        found.setdefault(name, []).append(count)
    return {name: tuple(sorted(counts)) for name, counts in found.items()}


ARITY = _counts()
"""How many arguments each takes."""
