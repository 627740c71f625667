"""A Model written out as a plain Vensim file, for an oracle that cannot read the file itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sdengine.syntax import (
    NA,
    Array,
    Call,
    Expr,
    Kind,
    Model,
    Number,
    Ref,
    Table,
    Variable,
    fold,
)

_INFIX = {
    **{"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^", "eq": "=", "ne": "<>"},
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "and": ":AND:", "or": ":OR:"},
}
_ORDERS: Mapping[str, Mapping[float, str]] = {
    "delay": {1.0: "DELAY1I", 3.0: "DELAY3I"},
    "smooth": {1.0: "SMOOTHI", 3.0: "SMOOTH3I"},
}


class _NoFormError(Exception):
    """A structure that a plain Vensim file cannot hold."""


def vensim_text(model: Model) -> str | None:
    """Return a model as one Vensim file with every name in quotes and every bracket set, or None
    where it holds something that has no plain form: mappings, data, XMILE's own functions."""
    if model.mappings or any(v.kind is Kind.DATA for v in model.variables.values()):
        return None
    clock = model.clock
    lines = [f"{_name(r)}: {', '.join(map(_name, es))}~~|" for r, es in model.ranges.items()]
    try:
        lines += [line for variable in model.variables.values() for line in _entries(variable)]
    except _NoFormError:
        return None
    times = {"INITIAL TIME": clock.start, "TIME STEP": clock.step, "SAVEPER": clock.save}
    if "final time" not in {fold(name) for name in model.variables}:
        times["FINAL TIME"] = clock.stop
    lines += [f"{name} = {value!r}~~|" for name, value in times.items()]
    return "{UTF-8}\n" + "\n".join(lines) + "\n"


def _entries(variable: Variable) -> list[str]:
    own = variable.name if fold(variable.name) == "final time" else _name(variable.name)
    out = []
    for equation in variable.equations:
        left = own + _subscripts(equation.subscripts)
        if equation.excepts:
            left += " :EXCEPT: " + ", ".join(map(_subscripts, equation.excepts))
        if isinstance(equation.expr, Table):
            out.append(f"{left}({_points(equation.expr)})~~|")
        else:
            out.append(f"{left} = {_text(equation.expr)}~~|")
    return out


def _name(name: str) -> str:
    return name if name.startswith('"') else f'"{name}"'


def _subscripts(names: tuple[str, ...]) -> str:
    written = (_name(n.removesuffix("!")) + ("!" if n.endswith("!") else "") for n in names)
    return f"[{', '.join(written)}]" if names else ""


def _points(table: Table) -> str:
    if table.mode != "hold":
        raise _NoFormError
    return ",".join(f"({x!r},{y!r})" for x, y in zip(table.x, table.y, strict=True))


def _text(expr: Expr) -> str:
    if isinstance(expr, Number):
        return ":NA:" if expr.value == NA else f"({expr.value!r})"
    if isinstance(expr, Array):
        rows = expr.values.reshape(-1, expr.values.shape[-1])
        listed = [",".join(map(repr, row.tolist())) for row in rows]
        return listed[0] if len(listed) == 1 else ";".join(listed) + ";"
    if isinstance(expr, Ref):
        if fold(expr.name) in _CLOCK or expr.name.endswith("!"):
            return expr.name
        return _name(expr.name) + _subscripts(expr.subscripts)
    if not isinstance(expr, Call):
        raise _NoFormError
    if expr.function in _INFIX:
        left, right = map(_text, expr.args)
        return f"({left} {_INFIX[expr.function]} {right})"
    special = _SPECIAL.get(expr.function)
    if special is not None:
        return special(expr)
    if expr.function in _FOREIGN:
        raise _NoFormError
    return _called(expr.function.replace("_", " ").upper(), *expr.args)


def _called(name: str, *args: Expr) -> str:
    return f"{name}({', '.join(map(_text, args))})"


def _lookup(call: Call) -> str:
    table, argument = call.args
    if isinstance(table, Table):
        return f"WITH LOOKUP({_text(argument)}, ({_points(table)}))"
    return f"{_text(table)}({_text(argument)})"


def _of_order(call: Call) -> str:
    *args, order = call.args
    name = _ORDERS[call.function].get(order.value) if isinstance(order, Number) else None
    if name is not None:
        return _called(name, *args)
    if call.function == "smooth":
        return _called("SMOOTH N", *call.args)
    raise _NoFormError


def _pulse_train(call: Call) -> str:
    start, interval, width, end = call.args
    return _called("PULSE TRAIN", start, width, interval, end)


_CLOCK = ("time", "time step", "initial time", "final time", "saveper")
_FOREIGN = ("xpulse", "xpulse_train", "xramp", "vmin_xmile", "vmax_xmile", "integ_non_negative")
_SPECIAL: Mapping[str, Callable[[Call], str]] = {
    "neg": lambda call: f"(-{_text(call.args[0])})",
    "not": lambda call: f"(:NOT: {_text(call.args[0])})",
    "lookup": _lookup,
    "delay": _of_order,
    "smooth": _of_order,
    "pulse_train": _pulse_train,
    "forecast": lambda call: _called("FORECAST", *call.args[:3]),
}
