"""The table of a model's variables, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial
from typing import Any

from sdengine.syntax import Variable
from sdensemble.pages.content import Content


def table(content: Content) -> str:
    """Return the csv of all variables, a row each."""
    model, graph, source = content.model, content.graph, content.source
    columns: dict[str, Callable[[Variable], str]] = {
        "variable": lambda v: v.name,
        "zh": lambda v: v.note.zh,
        "en": lambda v: v.note.en,
        "kind": lambda v: content.kind(v.name),
        "unit": lambda v: v.unit,
        "dimensions": lambda v: ", ".join(v.dims),
        "min": lambda v: _end(v.limits[0]),
        "max": lambda v: _end(v.limits[1]),
        "value": value,
        "equation": lambda v: source.equation(model, v.name),
        "view": lambda v: graph.view[v.name],
        "view_zh": lambda v: content.view_label(graph.view[v.name], "zh"),
        "heading": lambda v: source.headings.get(v.name, ""),
        "assumption": lambda v: "ASSUMPTION" if v.note.assumption else "",
        "source": lambda v: v.note.source,
        "known_on": lambda v: v.note.known_on,
        **{f"prior_{s}": partial(_prior, content, s) for s in content.priors},
        "reads": lambda v: ", ".join(graph.acts[v.name]),
        "reads_at_start": lambda v: ", ".join(graph.starts[v.name]),
        "used_by": lambda v: ", ".join(content.users[v.name]),
    }
    out = io.StringIO()
    write: Any = csv.writer(out, lineterminator="\r\n")
    write.writerow(columns)
    for v in model.variables.values():
        write.writerow([_plain(shown(v)) for shown in columns.values()])
    return out.getvalue()


def _prior(content: Content, prior_set: str, variable: Variable) -> str:
    return content.prior_texts(variable.name).get(prior_set, "")


def _end(limit: float | None) -> str:
    return "" if limit is None else f"{limit:g}"


def _plain(cell: str) -> str:
    """Return a cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "@") else cell


def value(variable: Variable) -> str:
    """Return a constant's value, one number for each element."""
    numbers = variable.value
    return "" if numbers is None else ", ".join(f"{x:g}" for x in numbers.ravel())
