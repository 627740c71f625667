"""The weights that structures of a study are given, from a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdengine.errors import Problems, did_you_mean
from sdensemble.inputs.rows import cell_number, read_rows


def read_weights(path: Path, names: Sequence[str]) -> tuple[float, ...]:
    """Return the weights of variants, in the order of ``names``, scaled to sum to one.

    The CSV has the columns variant and weight; a variant it leaves out weighs nothing. Raise
    SDError with every problem found.
    """
    found, given = Problems(), {}
    for row in read_rows(path, (), ("variant", "weight"), ("weight",), found, key="variant"):
        name, weight = row.text("variant"), cell_number(row, "weight")
        row.text("weight", needed=True)
        if weight is not None and weight < 0:
            told = 'weight must be a number from 0, not "{weight}"'
            row.problem(told, weight=row.text("weight"))
        if name not in names:
            told = 'no variant "{name}" in this run{hint}'
            row.problem(told, name=name, hint=did_you_mean(name, names))
        given[name] = weight or 0.0
    total = sum(given.get(name, 0.0) for name in names)
    if not found and not total > 0:
        found.add(path.name, "gives no variant of this run a weight above 0")
    found.raise_if_any()
    return tuple(given.get(name, 0.0) / total for name in names)
