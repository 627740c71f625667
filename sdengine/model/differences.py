"""Where Vensim, Stella and PySD are known to give other numbers, and which one is followed.

A model that uses one of these is told so when it is read, once, by the names of the variables.
``docs/differences.md`` is written from the same table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sdengine.errors import Message
from sdengine.model.clock import constant_of
from sdengine.syntax import Call, Expr, Kind, Model, Number, Variable

SHOWN = 5  # names in a remark


@dataclass(frozen=True)
class Difference:
    """One difference: what is done, what others do, and which variables have it."""

    title: str
    follows: str
    done: str
    others: str
    has: Callable[[Model, Variable], bool]

    def remark(self, names: Iterable[str]) -> str:
        """Return one line on the variables of a model that have it."""
        listed = list(names)
        shown = ", ".join(f'"{name}"' for name in listed[:SHOWN])
        left = len(listed) - SHOWN
        more = Message(" and {n} more", n=left) if left > 0 else ""
        words = {key: Message(getattr(self, key)) for key in ("title", "follows", "done", "others")}
        return Message(
            "{title} ({shown}{more}): as in {follows}, {done}; {others}"
            if self.follows != "none"
            else "{title} ({shown}{more}): {done}; {others}",
            shown=shown,
            more=more,
            **words,
        )


def differences(model: Model) -> Iterator[str]:
    """Yield a remark for each difference a model has, with the names of its variables."""
    for difference in DIFFERENCES:
        names = [v.name for v in model.variables.values() if difference.has(model, v)]
        if names:
            yield difference.remark(names)


def _calls(
    *functions: str, where: Callable[[Model, Call], bool] | None = None
) -> Callable[[Model, Variable], bool]:
    """Return a test for variables that call one of some functions."""

    def has(model: Model, variable: Variable) -> bool:
        return any(
            call.function in functions and (where is None or where(model, call))
            for call in variable.calls
        )

    return has


def _xmile(model: Model) -> bool:
    return model.path.suffix.lower() != ".mdl"


def _in(language: str) -> Callable[[Model, Call], bool]:
    return lambda model, _: _xmile(model) == (language == "xmile")


def _floor(model: Model, variable: Variable) -> bool:
    """Whether a variable takes whole numbers in Stella's way, downwards."""
    return _xmile(model) and any(
        call.function == "sub"
        and isinstance(call.args[0], Call)
        and call.args[0].function == "integer"
        and isinstance(call.args[1], Call)
        and call.args[1].function == "lt"
        for call in variable.calls
    )


def _power_of_minus(model: Model, variable: Variable) -> bool:
    return any(
        call.function == "neg"
        and isinstance(call.args[0], Call)
        and call.args[0].function == "pow"
        and not isinstance(call.args[0].args[0], Number)
        for call in variable.calls
    )


def _not_first(model: Model, call: Call) -> bool:
    first = call.args[0]
    return _xmile(model) and isinstance(first, Call) and first.function == "not"


def _both_logics(model: Model, variable: Variable) -> bool:
    return any(
        call.function == "or"
        and any(isinstance(a, Call) and a.function == "and" for a in call.args)
        for call in variable.calls
    )


def _first_stock(model: Model, variable: Variable) -> bool:
    own = model.clock.method != "euler" and variable.kind is Kind.STOCK
    return own and variable is next(v for v in model.variables.values() if v.kind is Kind.STOCK)


def _short_stages(model: Model, call: Call) -> bool:
    """Whether a stage of a delay is shorter than a step, as far as constants tell."""

    def found(name: str) -> list[Expr] | None:
        own = model.name_of(name)
        return None if own is None else [e.expr for e in model[own].equations]

    time, order = (constant_of(arg, found) for arg in (call.args[1], call.args[3]))
    return time is not None and order is not None and time < order * model.clock.step


def _end_between_steps(model: Model, variable: Variable) -> bool:
    """Whether no step meets the end of the run; said of the first variable."""
    clock = model.clock
    if math.isnan(clock.stop) or variable is not next(iter(model.variables.values())):
        return False
    return abs((clock.stop - clock.start) / clock.step - clock.steps) > 1e-6 * clock.steps + 1e-6


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "integration by Runge-Kutta",
        "Vensim and Stella",
        "stocks are integrated by the method the file asks for",
        "PySD runs Euler whatever the file says",
        _first_stock,
    ),
    Difference(
        "ACTIVE INITIAL",
        "Vensim and Stella",
        "the second equation holds at the start only",
        "PySD leaves <init_eqn> of an XMILE file out",
        _calls("active_initial", where=_in("xmile")),
    ),
    Difference(
        "INT and MOD of a negative number",
        "Stella",
        "INT goes down (INT(-1.5) is -2) and MOD has the sign of the divisor (-7 MOD 3 is 2) in an "
        "XMILE file; Vensim's INTEGER goes towards 0 and its MODULO has the sign of the dividend",
        "PySD's INT goes towards 0 in both, its MODULO has the sign of the divisor",
        _floor,
    ),
    Difference(
        "PULSE TRAIN",
        "Vensim",
        "a pulse that begins at the end time still shows, and a width of 0 is one step",
        "PySD leaves both out",
        _calls("pulse_train"),
    ),
    Difference(
        "PULSE and STEP",
        "Vensim",
        "they look half a step ahead, so that rounding of the time does not move them",
        "PySD compares the time as it is",
        _calls("pulse", "xpulse", "xpulse_train"),
    ),
    Difference(
        "ALLOCATE AVAILABLE",
        "the exact solution",
        "the allocation is solved to rounding",
        "Vensim takes the normal curve from a table (up to 5e-5 of a request), PySD stops at 1e-8",
        _calls("allocate_available"),
    ),
    Difference(
        "delays with stages shorter than a step",
        "Vensim",
        "DELAY1 and DELAY3 keep their stages",
        "PySD leaves stages out until a step is shorter",
        _calls("delay", where=_short_stages),
    ),
    Difference(
        "power of what has a minus",
        "Vensim and Stella",
        "-x^2 is -(x^2)",
        "older PySD takes (-x)^2",
        _power_of_minus,
    ),
    Difference(
        ":AND: beside :OR:",
        "Vensim and Stella",
        ":AND: binds before :OR:",
        "PySD takes them from left to right",
        _both_logics,
    ),
    Difference(
        "NOT before a comparison",
        "the specification of XMILE",
        "NOT binds like a sign in an XMILE file: NOT a = b is (NOT a) = b; Vensim's :NOT: takes "
        "the whole comparison",
        "PySD's NOT takes the whole comparison in both",
        _calls("eq", "ne", "lt", "le", "gt", "ge", where=_not_first),
    ),
    Difference(
        "non-negative stocks",
        "Stella",
        "outflows take no more than the stock holds, the first one first",
        "PySD holds the stock at 0 and lets the outflows run, which makes matter",
        _calls("integ_non_negative"),
    ),
    Difference(
        "random numbers",
        "none",
        "each call, element and member has a stream of its own from the seed",
        "Vensim, Stella and PySD draw other numbers of the same distribution",
        lambda model, v: any(call.function.startswith("random_") for call in v.calls),
    ),
    Difference(
        "FINAL TIME between two steps",
        "SDEverywhere",
        "a run ends at the step nearest to it",
        "PySD goes on to the step after it",
        _end_between_steps,
    ),
    Difference(
        "data outside their times",
        "PySD",
        "the first or last value holds",
        "Vensim writes no value there",
        lambda model, v: v.kind is Kind.DATA,
    ),
)


def table() -> str:
    """Return the differences as a table in Markdown, for the page."""
    head = "| what | follows | what is done | what others do |\n|---|---|---|---|"
    rows = (f"| {d.title} | {d.follows} | {d.done} | {d.others} |" for d in DIFFERENCES)
    return "\n".join([head, *rows])
