"""Units of functions: what goes in, what comes out, written as one reads it.

A rule such as "x time x 1 -> x" names the unit of each argument and of the value: ``x`` is any
unit, the same throughout; ``time`` the model's; ``1`` none; ``?`` is not looked at, and as a
value fits anything. Products and quotients are ``x*time``, ``x/time``, ``1/x``. "..." repeats
the argument before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sdengine.syntax import Call, Expr


class Units(Protocol):
    """The units of a model's expressions; None stands for a bare number, which fits anything."""

    none: Any
    time: Any

    def of(self, expr: Expr) -> Any:
        """Return the unit of an expression."""

    def same(self, units: Sequence[Any], where: str) -> Any:
        """Return the unit all have that are known; raise naming ``where`` if they differ."""


UnitRule = Callable[[Units, Call], Any]

_TERM = re.compile(r"\?|(1|x|time)([*/](x|time))*")


def rule(text: str) -> UnitRule:
    """Return the rule that a text states."""
    head, _, value = (part.strip() for part in text.partition("->"))
    terms = head.split()
    for term in (*terms, value):
        if term != "..." and not _TERM.fullmatch(term):
            raise ValueError(f"{text!r}: {term!r} is no unit of a rule")

    def check(units: Units, call: Call) -> Any:
        name = call.function.upper()
        found = [units.of(arg) for arg in call.args]
        wanted = list(terms)
        if wanted and wanted[-1] == "...":
            wanted = wanted[:-2] + [wanted[-2]] * (len(found) - len(wanted) + 2)
        shared: list[Any] = []
        for term, unit in zip(wanted, found, strict=False):
            if unit is None or term == "?":
                continue
            factor, rest = _split(term, units)
            if rest == "x":
                shared.append(unit / factor)
            elif rest == "1/x":
                shared.append(factor / unit)
            else:
                what = "time in " if factor == units.time else ""
                units.same([unit, factor], f"{what}{name}")
        x = units.same(shared, name)
        return _value(value, x, units)

    check.__doc__ = text
    return check


def _split(term: str, units: Units) -> tuple[Any, str]:
    """Return (its part in the model's time, the rest: "x", "1/x" or "")."""
    factor, rest = units.none, ""
    for place, part in enumerate(term.replace("*", " * ").replace("/", " / ").split()):
        if part in "*/":
            sign = part
            continue
        below = place > 0 and sign == "/"
        if part == "time":
            factor = factor / units.time if below else factor * units.time
        elif part == "x":
            rest = "1/x" if below else "x"
    return factor, rest


def _value(term: str, x: Any, units: Units) -> Any:
    if term == "?":
        return None
    factor, rest = _split(term, units)
    if not rest:
        return factor
    if x is None:
        return None
    return factor * x if rest == "x" else factor / x


def product(units: Units, call: Call) -> Any:
    """The product of two units; of three or more for a repeated product."""
    a, b = (_known(units, arg) for arg in call.args)
    return a * b


def quotient(units: Units, call: Call) -> Any:
    """The quotient of two units, which a third argument must have as well."""
    a, b = (_known(units, arg) for arg in call.args[:2])
    if len(call.args) < 3:
        return a / b
    return units.same([a / b, units.of(call.args[2])], call.function.upper())


def _known(units: Units, arg: Expr) -> Any:
    found = units.of(arg)
    return units.none if found is None else found
