"""Dimensional analysis: does every equation have the unit its variable states?

PySD reads units and does not check them. The algebra of units is pint's; the rule of each
function stands in its record (``functions``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sdengine.functions import FUNCTIONS, named
from sdengine.syntax import (
    Array,
    Call,
    Expr,
    Kind,
    Model,
    Number,
    Ref,
    Series,
    Table,
    Variable,
    fold,
)

_DIMENSIONLESS = {"", "1", "dmnl", "dimensionless", "unitless", "fraction"}
_SAME = {
    other: words[0]
    for words in (
        ("$", "dollar", "dollars"),
        ("person", "people", "persons"),
        *((one, f"{one}s") for one in ("second", "minute", "hour", "day", "week", "month")),
        *((one, f"{one}s") for one in ("quarter", "year", "unit")),
    )
    for other in words[1:]
}
"""Words for one unit: those a new Vensim model holds as equal, and the other units of time."""
_ALLOWED_NUMBERS = (0.0, 1.0, -1.0)


def check_units(model: Model) -> tuple[str, ...]:
    """Return one line for each inconsistent equation, in file order; empty when all agree."""
    checker = _Checker(model)
    found = []
    for variable in model.variables.values():
        if not variable.unit:
            found.append(f'"{variable.name}": has no unit')
            continue
        for equation in variable.equations:
            try:
                checker.check(variable, equation.expr)
            except _Mismatch as error:
                found.append(f'"{variable.name}": {error}')
    return tuple(found)


def bare_numbers(model: Model) -> tuple[str, ...]:
    """Return one line for each equation with a number other than 0, 1 and exponents.

    A number inside an equation has no unit, limits or source; it should be a named constant.
    """
    found = []
    for variable in model.variables.values():
        if variable.kind in (Kind.CONSTANT, Kind.LOOKUP):
            continue
        numbers = {n for e in variable.equations for n in _numbers(e.expr)}
        if numbers:
            shown = ", ".join(f"{n:g}" for n in sorted(numbers))
            found.append(f'"{variable.name}": bare number {shown}: name it, with its unit')
    return tuple(found)


def _numbers(expr: Expr) -> list[float]:
    if isinstance(expr, Number):
        return [] if expr.value in _ALLOWED_NUMBERS else [expr.value]
    if not isinstance(expr, Call):
        return []
    args: Sequence[Expr] = expr.args
    if expr.function == "pow":
        args = args[:1] if isinstance(args[1], Number) else args
    elif expr.function in ("smooth", "delay"):
        args = args[:3]  # the order is a whole number by nature
    return [n for arg in args for n in _numbers(arg)]


class _Mismatch(Exception):
    """What does not fit, in words."""


class _Checker:
    """Units of the model's expressions; None stands for a bare number, which fits anything."""

    def __init__(self, model: Model):
        import pint

        self.registry: Any = pint.UnitRegistry(None)
        self.names: dict[str, str] = {}
        self.model = model
        self.none = self.registry.Unit("")
        self.time = self.parse(model.clock.unit)
        self.units = {fold(name): self.parse(v.unit) for name, v in model.variables.items()}

    def parse(self, text: str) -> Any:
        """Return a unit; every word in it is a base unit of its own."""
        if text.strip().casefold() in _DIMENSIONLESS:
            return self.none
        word = re.compile(r"[^\W\d](?:[\w ]*\w)?|\$")
        code = word.sub(lambda match: self._base(match.group(0)), text)
        try:
            return self.registry.parse_units(code.replace("^", "**"))
        except Exception:  # °C, or words: a unit of its own
            return self.registry.parse_units(self._base(text))

    def _base(self, name: str) -> str:
        key = " ".join(name.split()).casefold()
        key = _SAME.get(key, key)
        if key in _DIMENSIONLESS:
            return "1"
        if key not in self.names:
            self.names[key] = f"u{len(self.names)}"
            self.registry.define(f"{self.names[key]} = [{self.names[key]}]")
        return self.names[key]

    def show(self, unit: Any) -> str:
        """Return a unit in the model's own words."""
        text = f"{unit:~C}" if unit != self.none else "Dmnl"
        back = {code: name for name, code in self.names.items()}
        written = {
            fold(word): word
            for v in self.model.variables.values()
            for word in re.findall(r"[^\W\d]\w*", v.unit)
        }
        return re.sub(r"u\d+", lambda m: written.get(back[m.group(0)], back[m.group(0)]), text)

    def check(self, variable: Variable, expr: Expr) -> None:
        """Raise _Mismatch when an equation's unit is not its variable's."""
        stated = self.units[fold(variable.name)]
        found = self.of(expr)
        if found is not None and found != stated:
            raise _Mismatch(
                f"the equation gives {self.show(found)}, the unit says {self.show(stated)}"
            )

    def same(self, units: Sequence[Any], where: str) -> Any:
        """Return the unit all have that are known; raise _Mismatch naming ``where`` if not."""
        known = [u for u in units if u is not None]
        for unit in known[1:]:
            if unit != known[0]:
                shown = " against ".join(self.show(u) for u in known)
                raise _Mismatch(f"{where}: {shown}")
        return known[0] if known else None

    def of(self, expr: Expr) -> Any:
        """Return the unit of an expression, None for a bare number."""
        if isinstance(expr, Number | Array | Table | Series):
            return None
        if isinstance(expr, Ref):
            if fold(expr.name) in self.units:
                return self.units[fold(expr.name)]
            clock = ("time", "time step", "initial time", "final time", "saveper")
            return self.time if fold(expr.name) in clock else self.none
        assert isinstance(expr, Call)
        if fold(expr.function) in self.units:  # a graphical function
            return self.units[fold(expr.function)]
        record = FUNCTIONS.get(named(expr.function))
        if record is None:
            raise _Mismatch(f'no function "{expr.function}" is known')
        return record.unit(self, expr)
