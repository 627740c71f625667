"""The table of a model's boundary: what is inside, what is given from outside, what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sdengine.errors import Problems
from sdensemble.inputs.rows import read_rows

NEEDED = ("zh", "en", "status", "variables")


def read_boundary(path: Path) -> tuple[Mapping[str, str], ...]:
    """Return the rows by column: zh, en, status, variables, reasons; none where there is no file.

    Raises SDError with every problem found.
    """
    if not path.is_file():
        return ()
    problems = Problems()
    rows = read_rows(path, (), NEEDED, (), problems, key="")
    problems.raise_if_any()
    return tuple(row.values for row in rows)
