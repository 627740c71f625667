"""The table of a model's variables, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

from sdengine.syntax import Variable
from sdensemble.pages.content import Content


def table(content: Content) -> str:
    """Return the csv of all variables, a row each."""
    model, graph, sets = content.model, content.graph, tuple(content.priors)
    out = io.StringIO()
    write: Any = csv.writer(out, lineterminator="\r\n")
    write.writerow(
        [
            "variable",
            "zh",
            "en",
            "kind",
            "unit",
            "dimensions",
            "min",
            "max",
            "value",
            "equation",
            "view",
            "view_zh",
            "heading",
            "assumption",
            "source",
            "known_on",
            *(f"prior_{s}" for s in sets),
            "reads",
            "reads_at_start",
            "used_by",
        ]
    )
    for v in model.variables.values():
        low, high = v.limits
        priors = content.prior_texts(v.name)
        row = [
            v.name,
            v.note.zh,
            v.note.en,
            content.kind(v.name),
            v.unit,
            ", ".join(v.dims),
            "" if low is None else f"{low:g}",
            "" if high is None else f"{high:g}",
            value(v),
            content.source.equation(model, v.name),
            graph.view[v.name],
            content.view_label(graph.view[v.name], "zh"),
            content.source.headings.get(v.name, ""),
            "ASSUMPTION" if v.note.assumption else "",
            v.note.source,
            v.note.known_on,
            *(priors.get(s, "") for s in sets),
            ", ".join(graph.acts[v.name]),
            ", ".join(graph.starts[v.name]),
            ", ".join(content.users[v.name]),
        ]
        write.writerow([_plain(cell) for cell in row])
    return out.getvalue()


def _plain(cell: str) -> str:
    """Return a cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "@") else cell


def limits(variable: Variable) -> str:
    """Return a variable's limits as they are written, nothing where it has none."""
    low, high = variable.limits
    if variable.limits == (None, None):
        return ""
    ends = ("-∞" if low is None else f"{low:g}", "∞" if high is None else f"{high:g}")
    return f"[{', '.join(ends)}]"


def value(variable: Variable) -> str:
    """Return a constant's value, one number for each element."""
    numbers = variable.value
    return "" if numbers is None else ", ".join(f"{x:g}" for x in numbers.ravel())
