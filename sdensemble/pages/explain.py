"""Say in words what a model holds, and explain one variable: equation, unit, source, users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from sdengine.model.describe import (
    equations,
    levers,
    limits_text,
    reads,
    used_by,
    value_text,
)
from sdengine.syntax import Model, Variable
from sdensemble.lang import joined, say, tell
from sdensemble.outputs.text import width

Unit = Callable[[str], str]
"""Writes a unit of the model as people do."""


def _say(key: str, lang: str, **values: object) -> str:
    return say(f"describe.{key}", lang, **values)


def overview(model: Model, lang: str = "en", unit: Unit = str) -> str:
    """Return a model's size, clock, ranges and levers as text; ``unit`` writes units."""
    kinds = Counter(v.kind.value for v in model.variables.values())
    counts = [_say("count", lang, n=n, kind=_say(kind, lang)) for kind, n in kinds.most_common()]
    clock = {**vars(model.clock), "unit": unit(model.clock.unit)}
    file, size = model.path.name, len(model.variables)
    lines = [
        _say("size", lang, file=file, n=size, kinds=joined(counts)),
        _say("clock", lang, **clock),
    ]
    for name, elements in model.ranges.items():
        labels = joined([model.element_label(name, element, lang) for element in elements])
        lines.append(_say("range", lang, name=name, n=len(elements), labels=labels))
    assumed = sum(v.note.assumption for v in model.constants())
    lines.append(_say("assumed", lang, n=len(model.constants()), assumed=assumed))
    table = lever_table(model, lang, unit)
    return "\n".join([*lines, *([_say("levers", lang), table] if table else [])])


def lever_table(model: Model, lang: str = "en", unit: Unit = str) -> str:
    """Return one line for each lever: name, label, value, limits, unit."""
    return "\n".join(
        _say(
            "lever",
            lang,
            name=v.name,
            label=model.label(v.name, lang),
            now=_value(v, lang),
            limits=limits_text(v),
            unit=unit(v.unit),
        )
        for v in levers(model)
    )


def variable_table(model: Model, lang: str = "en", unit: Unit = str) -> str:
    """Return one line for each variable: name, kind, unit, label."""
    return "\n".join(
        f"{v.name}{list(v.dims) if v.dims else ''}  {_say(v.kind.value, lang)}  {unit(v.unit)}  "
        f"{model.label(v.name, lang)}"
        for v in model.variables.values()
    )


HEADS = ("kind", "unit", "limits", "equation", "source", "reads", "used_by")


def explain(model: Model, name: str, lang: str = "en", unit: Unit = str) -> str:
    """Return one variable explained: labels, kind, unit, limits, equation, source, users."""
    wide = max(width(_say(key, lang)) for key in HEADS) + 1

    def line(key: str, text: str) -> str:
        head = _say(key, lang)
        return f"  {head}{' ' * (wide - width(head))}{text}"

    variable = model[name]
    note = variable.note
    dims = f"[{', '.join(variable.dims)}]" if variable.dims else ""
    lines = [f"{variable.name}{dims}"]
    if note.zh or note.en:
        lines.append(f"  {note.zh}  {note.en}".rstrip())
    lines.append(line("kind", _say(variable.kind.value, lang)))
    lines.append(line("unit", unit(variable.unit) or _say("none", lang)))
    if variable.limits != (None, None):
        lines.append(line("limits", limits_text(variable)))
    lines += [line("equation", one) for one in equations(variable)]
    if note.source:
        known = _say("known", lang, date=note.known_on) if note.known_on else ""
        lines.append(line("source", f"{note.source}{known}"))
    if note.assumption and "ASSUMPTION" not in note.source:
        lines.append(line("source", _say("assumption", lang)))
    lines.append(line("reads", _list(model, reads(variable), lang)))
    lines.append(line("used_by", _list(model, used_by(model, variable.name), lang)))
    return "\n".join(lines)


def _list(model: Model, names: Sequence[str], lang: str) -> str:
    """Return names as the model writes them, with labels where the language names them apart."""
    own = [name for name in map(model.name_of, names) if name]
    shown = [_say("named", lang, name=name, label=model.label(name, lang)) for name in own]
    return tell(joined(shown), lang) or _say("nothing", lang)


def _value(variable: Variable, lang: str) -> str:
    return value_text(variable) or _say("computed", lang)
