"""What a model holds, and one variable explained: equation, unit, source, users; as documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sdengine.model.describe import equations, levers, limits_text, reads, used_by, value_text
from sdengine.syntax import Model, Variable
from sdensemble.inputs.naming import element_label, model_label
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.table import Heads, Table, table_from

cell = Heads("describe.")
Unit = Callable[[str], Words]
"""Writes a unit of the model as people do."""


def overview(model: Model, unit: Unit = str) -> Document:
    """Return a model's size, clock, ranges and levers; ``unit`` writes units."""
    kinds = Counter(v.kind.value for v in model.variables.values())
    counts = [_said("count", n=n, kind=_said(kind)) for kind, n in kinds.most_common()]
    clock = {**vars(model.clock), "unit": unit(model.clock.unit)}
    constants = model.constants()
    labels = {r: [element_label(model, r, e) for e in own] for r, own in model.ranges.items()}
    lines = [
        _said("size", file=model.path.name, n=len(model.variables), kinds=joined(counts)),
        _said("clock", **clock),
        *(
            _said("range", name=name, n=len(own), labels=joined(own))
            for name, own in labels.items()
        ),
        _said("assumed", n=len(constants), assumed=sum(v.note.assumption for v in constants)),
    ]
    table = lever_table(model, unit)
    blocks: list[Block] = [Paragraph(line, "line") for line in lines]
    return Document("overview", "", (*blocks, *((table,) if table.rows else ())))


def lever_table(model: Model, unit: Unit = str) -> Table:
    """Return a row for each lever: name, label, value, limits, unit."""
    return table_from(
        "levers",
        "",
        levers(model),
        cell("name", "name"),
        cell("label", lambda v: model_label(model, v.name)),
        cell("now", lambda v: value_text(v) or _said("computed")),
        cell("limits", limits_text),
        cell("unit", lambda v: unit(v.unit)),
    )


def variable_table(model: Model, unit: Unit = str) -> Table:
    """Return a row for each variable: name, kind, unit, label."""
    return table_from(
        "variables",
        "",
        model.variables.values(),
        cell("name", _dimensioned),
        cell("kind", lambda v: _said(v.kind.value)),
        cell("unit", lambda v: unit(v.unit)),
        cell("label", lambda v: model_label(model, v.name)),
    )


def explain(model: Model, name: str, unit: Unit = str) -> Document:
    """Return one variable explained: labels, kind, unit, limits, equation, source, users."""
    variable, item = model[name], cell("item", lambda fact: _said(fact[0]))
    facts = _facts(model, variable, unit)
    table = table_from("variable", "", facts, item, cell("says", lambda fact: fact[1]))
    return Document("variable", _dimensioned(variable), (table,))


def _facts(model: Model, variable: Variable, unit: Unit) -> Iterator[tuple[str, Words]]:
    note = variable.note
    if note.zh or note.en:
        yield "label", model_label(model, variable.name)
    yield "kind", _said(variable.kind.value)
    yield "unit", unit(variable.unit) or _said("none")
    if variable.limits != (None, None):
        yield "limits", limits_text(variable)
    yield from (("equation", one) for one in equations(variable))
    if note.source:
        known = _said("known", date=note.known_on) if note.known_on else ""
        yield "source", joined([note.source, known], "nothing")
    if note.assumption and "ASSUMPTION" not in note.source:
        yield "source", _said("assumption")
    yield "reads", _names(model, reads(variable))
    yield "used_by", _names(model, used_by(model, variable.name))


def _said(key: str, **values: object) -> Words:
    return phrase(f"describe.{key}", **values)


def _dimensioned(variable: Variable) -> str:
    return f"{variable.name}[{', '.join(variable.dims)}]" if variable.dims else variable.name


def _names(model: Model, names: Sequence[str]) -> Words:
    """Return names as the model writes them, with labels where the language names them apart."""
    own = [name for name in map(model.name_of, names) if name]
    shown = [_said("named", name=name, label=model_label(model, name)) for name in own]
    return joined(shown) if shown else _said("nothing")
