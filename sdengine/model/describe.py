"""What a model holds: levers, who reads whom, equations as Vensim writes them, what is missing."""

from __future__ import annotations

from datetime import date

from sdengine.syntax import (
    Array,
    Call,
    Equation,
    Expr,
    Kind,
    Model,
    Number,
    Ref,
    Series,
    Table,
    Variable,
    fold,
    walk,
)

EXECUTION = " execution"  # "x execution" is how much of lever "x" is carried out

_INFIX = {
    "add": ("+", 4),
    "sub": ("-", 4),
    "mul": ("*", 5),
    "div": ("/", 5),
    "pow": ("^", 6),
    "eq": ("=", 3),
    "ne": ("<>", 3),
    "lt": ("<", 3),
    "gt": (">", 3),
    "le": ("<=", 3),
    "ge": (">=", 3),
    "and": (":AND:", 2),
    "or": (":OR:", 1),
}


def levers(model: Model) -> tuple[Variable, ...]:
    """Return the constants a policy may move: those with a companion "… execution"."""
    return tuple(v for v in model.constants() if f"{v.name}{EXECUTION}" in model)


def used_by(model: Model, name: str) -> tuple[str, ...]:
    """Return the variables whose equations read a variable, in file order."""
    wanted = fold(name)
    return tuple(
        variable.name
        for variable in model.variables.values()
        if any(wanted in references(equation.expr) for equation in variable.equations)
    )


def reads(variable: Variable) -> tuple[str, ...]:
    """Return the names a variable's equations read, sorted."""
    names = (references(equation.expr) for equation in variable.equations)
    return tuple(sorted(set().union(*names)))


def references(expr: Expr) -> set[str]:
    """Return the folded names an expression refers to, graphical functions included."""
    names = {fold(e.name) for e in walk(expr) if isinstance(e, Ref) and e.name}
    return names | {fold(e.function) for e in walk(expr) if isinstance(e, Call)}


def value_text(variable: Variable) -> str:
    """Return a variable's value, or its ends where it has elements; empty where it is computed."""
    value = variable.value
    if value is None:
        return ""
    return f"{float(value):g}" if value.ndim == 0 else f"{value.min():g} … {value.max():g}"


def limits_text(variable: Variable) -> str:
    """Return a variable's limits as an interval; empty where it has none."""
    low, high = variable.limits
    if low is None and high is None:
        return ""
    ends = ("-∞" if low is None else f"{low:g}", "∞" if high is None else f"{high:g}")
    return f"[{', '.join(ends)}]"


def equations(variable: Variable) -> tuple[str, ...]:
    """Return a variable's equations as Vensim writes them, one line each."""
    return tuple(_equation(variable.name, equation) for equation in variable.equations)


def _equation(name: str, equation: Equation) -> str:
    left = f"{name}[{','.join(equation.subscripts)}]" if equation.subscripts else name
    for excepted in equation.excepts:
        left += f" :EXCEPT: [{','.join(excepted)}]"
    return f"{left} = {text(equation.expr)}"


def text(expr: Expr, outer: int = 0) -> str:
    """Return an expression in Vensim's notation."""
    if isinstance(expr, Number):
        return f"{expr.value:g}"
    if isinstance(expr, Array):
        return ", ".join(f"{value:g}" for value in expr.values.ravel())
    if isinstance(expr, Ref):
        return expr.name + (f"[{','.join(expr.subscripts)}]" if expr.subscripts else "")
    if isinstance(expr, Table):
        return ", ".join(f"({x:g},{y:g})" for x, y in zip(expr.x, expr.y, strict=True))
    if isinstance(expr, Series):
        return f"data at {len(expr.times)} times" if len(expr.times) else "data to be given"
    assert isinstance(expr, Call)
    if expr.function in _INFIX:
        sign, rank = _INFIX[expr.function]
        left, right = text(expr.args[0], rank), text(expr.args[1], rank + 1)
        if expr.function == "pow" and left.startswith("-"):  # -2 ^ 2 would be -(2 ^ 2)
            left = f"({left})"
        out = f"{left} {sign} {right}"
        return f"({out})" if rank < outer else out
    if expr.function == "neg":
        return f"-{text(expr.args[0], 6)}"
    name = expr.function.replace("_", " ").upper()
    return f"{name}({', '.join(text(arg) for arg in expr.args)})"


def documents(model: Model) -> bool:
    """Return whether a model file says of any variable what only the conventions here ask for.

    A label in a language, a source or the word ASSUMPTION. A file from elsewhere says none.
    """
    notes = [variable.note for variable in model.variables.values()]
    return any(note.zh or note.en or note.source or note.assumption for note in notes)


def undocumented(model: Model) -> tuple[str, ...]:
    """Return one line for each variable that lacks a label, or a constant that lacks limits,
    or both a source and the word ASSUMPTION.

    Labels are asked for in the languages the file has any in, one at least.
    """
    found = []
    every = [variable.note for variable in model.variables.values()]
    chinese, english = any(note.zh for note in every), any(note.en for note in every)
    form = "中文: …; EN: …" if chinese == english else "中文: …" if chinese else "EN: …"
    for variable in model.variables.values():
        note, missing = variable.note, []
        if not (note.zh or note.en) or (chinese and not note.zh) or (english and not note.en):
            missing.append(f"label ({form})")
        if variable.kind is Kind.CONSTANT:
            if None in variable.limits:
                missing.append("limits [min, max]")
            if not note.source and not note.assumption:
                missing.append("source or the word ASSUMPTION")
            elif not note.known_on and not note.assumption:
                missing.append("known_on")
        if missing:
            found.append(f'"{variable.name}": has no {", no ".join(missing)}')
    return tuple(found)


def outside_limits(model: Model) -> tuple[str, ...]:
    """Return one line for each constant whose value lies outside its own limits."""
    found = []
    for variable in model.constants():
        low, high = variable.limits
        assert variable.value is not None
        if (low is not None and (variable.value < low).any()) or (
            high is not None and (variable.value > high).any()
        ):
            found.append(
                f'"{variable.name}": {value_text(variable)} is outside {limits_text(variable)}'
            )
    return tuple(found)


def late_constants(model: Model, as_of: date | str) -> tuple[str, ...]:
    """Return the constants whose ``known_on`` is later than a date, in file order."""
    day = as_of if isinstance(as_of, str) else as_of.isoformat()
    return tuple(v.name for v in model.constants() if v.note.known_on and v.note.known_on > day)
