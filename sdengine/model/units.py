"""Dimensional analysis: does every equation have the unit its variable states?

PySD reads units and does not check them. The algebra of units is pint's; the rules for
system-dynamics functions are here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sdengine.syntax import Array, Call, Expr, Kind, Model, Number, Ref, Table, Variable, fold

_DIMENSIONLESS = {"", "1", "dmnl", "dimensionless", "unitless", "fraction"}
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
        if isinstance(expr, Call) and expr.function == "integ":
            flow, initial = (self.of(arg) for arg in expr.args)
            self._same([stated, initial], "initial value of the stock")
            self._same([stated, self._product(flow, self.time)], "net flow × time")
            return
        found = self.of(expr)
        if found is not None and found != stated:
            raise _Mismatch(
                f"the equation gives {self.show(found)}, the unit says {self.show(stated)}"
            )

    def _product(self, a: Any, b: Any) -> Any:
        return None if a is None else a * b

    def _same(self, units: Sequence[Any], where: str) -> Any:
        known = [u for u in units if u is not None]
        for unit in known[1:]:
            if unit != known[0]:
                shown = " against ".join(self.show(u) for u in known)
                raise _Mismatch(f"{where}: {shown}")
        return known[0] if known else None

    def of(self, expr: Expr) -> Any:
        """Return the unit of an expression, None for a bare number."""
        if isinstance(expr, Number | Array | Table):
            return None
        if isinstance(expr, Ref):
            if fold(expr.name) in self.units:
                return self.units[fold(expr.name)]
            clock = ("time", "time step", "initial time", "final time", "saveper")
            return self.time if fold(expr.name) in clock else self.none
        assert isinstance(expr, Call)
        if fold(expr.function) in self.units:  # a graphical function
            return self.units[fold(expr.function)]
        rule = _RULES.get(expr.function)
        if rule is None:
            raise _Mismatch(f'no unit rule for function "{expr.function}"')
        return rule(self, expr)

    # ── rules ──────────────────────────────────────────────────────────────────────────────

    def alike(self, call: Call, keep: slice = slice(None)) -> Any:
        return self._same([self.of(a) for a in call.args[keep]], call.function.upper())

    def compared(self, call: Call) -> Any:
        self._same([self.of(a) for a in call.args], "comparison")
        return self.none

    def product(self, call: Call) -> Any:
        a, b = (self.of(arg) for arg in call.args)
        a, b = (self.none if u is None else u for u in (a, b))
        return a * b if call.function == "mul" else a / b

    def quotient(self, call: Call) -> Any:
        out = self.product(Call("div", call.args[:2]))
        return self._same([out, self.of(call.args[2])], "XIDZ") if len(call.args) > 2 else out

    def power(self, call: Call) -> Any:
        base, exponent = self.of(call.args[0]), call.args[1]
        if isinstance(exponent, Number) and base is not None:
            return base**exponent.value
        self._same([base, self.none], "base of a power")
        self._same([self.of(exponent), self.none], "exponent")
        return self.none

    def pure(self, call: Call) -> Any:
        self._same([*(self.of(a) for a in call.args), self.none], call.function.upper())
        return self.none

    def root(self, call: Call) -> Any:
        unit = self.of(call.args[0])
        return None if unit is None else unit**0.5

    def choice(self, call: Call) -> Any:
        self.of(call.args[0])
        return self.alike(call, slice(1, 3))

    def smoothed(self, call: Call) -> Any:
        self._same([self.of(call.args[1]), self.time], f"{call.function} time")
        return self._same([self.of(call.args[0]), self.of(call.args[2])], call.function)

    def timed(self, call: Call) -> Any:
        """STEP and RAMP: a size, then times."""
        for arg in call.args[1:]:
            self._same([self.of(arg), self.time], f"time in {call.function.upper()}")
        unit = self.of(call.args[0])
        return self._product(unit, self.time) if call.function == "ramp" else unit

    def times(self, call: Call) -> Any:
        """PULSE and its like: only times."""
        for arg in call.args:
            self._same([self.of(arg), self.time], f"time in {call.function.upper()}")
        return self.none

    def growth(self, call: Call) -> Any:
        self._same([self.of(call.args[1]), self.time], "averaging time")
        rate = self.none / self.time
        self._same([self.of(call.args[-1]), rate], "initial trend")
        return rate if call.function == "trend" else self.of(call.args[0])

    def looked_up(self, call: Call) -> Any:
        return self.of(call.args[0])


_RULES: dict[str, Any] = {
    **dict.fromkeys(
        ("add", "sub", "min", "max", "neg", "abs", "sum", "vmin", "vmax", "integer", "initial"),
        _Checker.alike,
    ),
    **dict.fromkeys(("active_initial", "modulo", "quantum"), _Checker.alike),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), _Checker.compared),
    **dict.fromkeys(("and", "or", "not"), lambda self, call: self.none),
    **dict.fromkeys(("mul", "div"), _Checker.product),
    **dict.fromkeys(("zidz", "xidz"), _Checker.quotient),
    **dict.fromkeys(("exp", "ln", "prod"), _Checker.pure),
    **dict.fromkeys(("smooth", "delay"), _Checker.smoothed),
    **dict.fromkeys(("step", "ramp"), _Checker.timed),
    **dict.fromkeys(("pulse", "pulse_train"), _Checker.times),
    **dict.fromkeys(("trend", "forecast"), _Checker.growth),
    "pow": _Checker.power,
    "sqrt": _Checker.root,
    "if_then_else": _Checker.choice,
    "lookup": _Checker.looked_up,
    "elmcount": lambda self, call: self.none,
}
