"""Say in words what a model holds, and explain one variable: equation, unit, source, users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
    "add": ("+", 4), "sub": ("-", 4), "mul": ("*", 5), "div": ("/", 5), "pow": ("^", 6),
    "eq": ("=", 3), "ne": ("<>", 3), "lt": ("<", 3), "gt": (">", 3), "le": ("<=", 3),
    "ge": (">=", 3), "and": (":AND:", 2), "or": (":OR:", 1),
}  # fmt: skip


# What is said in either language; equations and names stay as the model writes them.
WORDS: Mapping[str, tuple[str, str]] = {
    "size": ("{file}：{n}个变量（{kinds}）", "{file}: {n} variables ({kinds})"),
    "count": ("{n}个{kind}", "{n} {kind}"),
    "clock": (
        "时间：{start:g}至{stop:g}，单位{unit}，步长{step:g}，每{save:g}存一次",
        "clock: {start:g} to {stop:g} {unit}, step {step:g}, saved every {save:g}",
    ),
    "range": ("下标 {name}（{n}个）：{labels}", "range {name} ({n}): {labels}"),
    "assumed": (
        "常量：{n}个，其中标为假设的{assumed}个",
        "constants: {n}, of them marked ASSUMPTION: {assumed}",
    ),
    "levers": ("政策工具：", "levers:"),
    "lever": (
        "  {label}（{name}）：现值{now}，界限{limits}，单位{unit}",
        "  {name}: {label}; now {now} {limits} {unit}",
    ),
    "kind": ("类型", "kind"),
    "unit": ("单位", "unit"),
    "limits": ("界限", "limits"),
    "equation": ("方程", "equation"),
    "source": ("来源", "source"),
    "known": ("（所述时期截至{date}）", " (known on {date})"),
    "assumption": ("假设（ASSUMPTION）", "ASSUMPTION"),
    "reads": ("读取", "reads"),
    "used by": ("用于", "used by"),
    "nothing": ("（无）", "(nothing)"),
    "none": ("（无）", "(none)"),
    "computed": ("由方程算出", "computed"),
    "stock": ("存量", "stock"),
    "auxiliary": ("辅助变量", "auxiliary"),
    "constant": ("常量", "constant"),
    "lookup": ("表函数", "lookup"),
    "data": ("数据", "data"),
}

Unit = Callable[[str], str]
"""Writes a unit of the model as people do."""


def _say(key: str, lang: str, **values: object) -> str:
    return WORDS[key][lang == "en"].format(**values)


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


def overview(model: Model, lang: str = "en", unit: Unit = str) -> str:
    """Return a model's size, clock, ranges and levers as text; ``unit`` writes units."""
    kinds = Counter(v.kind.value for v in model.variables.values())
    comma = "、" if lang == "zh" else ", "
    counts = [_say("count", lang, n=n, kind=_say(kind, lang)) for kind, n in kinds.most_common()]
    size = len(model.variables)
    clock = {**vars(model.clock), "unit": unit(model.clock.unit)}
    lines = [
        _say("size", lang, file=model.path.name, n=size, kinds=comma.join(counts)),
        _say("clock", lang, **clock),
    ]
    for name, elements in model.ranges.items():
        labels = comma.join(model.element_label(name, element, lang) for element in elements)
        lines.append(_say("range", lang, name=name, n=len(elements), labels=labels))
    assumed = sum(v.note.assumption for v in model.constants())
    lines.append(_say("assumed", lang, n=len(model.constants()), assumed=assumed))
    table = lever_table(model, lang, unit)
    return "\n".join([*lines, *([_say("levers", lang), table] if table else [])])


def lever_table(model: Model, lang: str = "en", unit: Unit = str) -> str:
    """Return one line for each lever: name, label, value, limits, unit."""
    return "\n".join(
        _say(
            "lever", lang, name=v.name, label=model.label(v.name, lang), now=_value(v, lang),
            limits=_limits(v), unit=unit(v.unit),
        )
        for v in levers(model)
    )  # fmt: skip


def variable_table(model: Model, lang: str = "en", unit: Unit = str) -> str:
    """Return one line for each variable: name, kind, unit, label."""
    return "\n".join(
        f"{v.name}{list(v.dims) if v.dims else ''}  {_say(v.kind.value, lang)}  {unit(v.unit)}  "
        f"{model.label(v.name, lang)}"
        for v in model.variables.values()
    )


def explain(model: Model, name: str, lang: str = "en", unit: Unit = str) -> str:
    """Return one variable explained: labels, kind, unit, limits, equation, source, users."""
    width = 4 if lang == "zh" else 8

    def line(key: str, text: str) -> str:
        head = _say(key, lang)
        return f"  {head}{' ' * (width - len(head) + (2 if lang == 'zh' else 1))}{text}"

    variable = model[name]
    note = variable.note
    dims = f"[{', '.join(variable.dims)}]" if variable.dims else ""
    lines = [f"{variable.name}{dims}"]
    if note.zh or note.en:
        lines.append(f"  {note.zh}  {note.en}".rstrip())
    lines.append(line("kind", _say(variable.kind.value, lang)))
    lines.append(line("unit", unit(variable.unit) or _say("none", lang)))
    if variable.limits != (None, None):
        lines.append(line("limits", _limits(variable)))
    lines += [line("equation", one) for one in equations(variable)]
    if note.source:
        known = _say("known", lang, date=note.known_on) if note.known_on else ""
        lines.append(line("source", f"{note.source}{known}"))
    if note.assumption and "ASSUMPTION" not in note.source:
        lines.append(line("source", _say("assumption", lang)))
    lines.append(line("reads", _list(model, reads(variable), lang)))
    lines.append(line("used by", _list(model, used_by(model, variable.name), lang)))
    return "\n".join(lines)


def _list(model: Model, names: Sequence[str], lang: str) -> str:
    """Return names as the model writes them, in Chinese with their labels."""
    own = [name for name in map(model.name_of, names) if name]
    if lang == "zh":
        labels = ((name, model.label(name, lang)) for name in own)
        own = [name if text == name else f"{name}（{text}）" for name, text in labels]
    return ("、" if lang == "zh" else ", ").join(own) or _say("nothing", lang)


def _value(variable: Variable, lang: str = "en") -> str:
    value = variable.value
    if value is None:
        return _say("computed", lang)
    return f"{float(value):g}" if value.ndim == 0 else f"{value.min():g} … {value.max():g}"


def _limits(variable: Variable) -> str:
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
                missing.append("a source or the word ASSUMPTION")
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
            found.append(f'"{variable.name}": {_value(variable)} is outside {_limits(variable)}')
    return tuple(found)


def late_constants(model: Model, as_of: date | str) -> tuple[str, ...]:
    """Return the constants whose ``known_on`` is later than a date, in file order."""
    day = as_of if isinstance(as_of, str) else as_of.isoformat()
    return tuple(v.name for v in model.constants() if v.note.known_on and v.note.known_on > day)
