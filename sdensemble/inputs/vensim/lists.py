"""Save lists: ``.lst``, one variable a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Problems
from sdensemble.inputs.vensim.text import read_lines, split_name


@dataclass(frozen=True)
class Saved:
    """A variable to keep; ``element`` is what its brackets hold, empty without them."""

    name: str
    element: str
    where: str


def read_save_list(path: Path) -> tuple[Saved, ...]:
    """Return the variables a save list names; wildcards and commands are refused."""
    found, saved = Problems(), []
    for where, line in read_lines(Path(path)):
        name = split_name(line)
        if name is None or line[0] in ":*>" or "*" in line or "?" in line:
            found.add(where, '"{line}" is no name of a variable', line=line)
        else:
            saved.append(Saved(*name, where))
    if not saved and not found:
        found.add(Path(path).name, "names no variable")
    found.raise_if_any()
    return tuple(saved)
