"""Changes of constants: ``.cin``, and the ``.out`` an optimisation leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Problems
from sdensemble.inputs.vensim.text import number, read_lines, split_name, split_outside

_NUMBERS = re.compile(r"[-+.,;\d\seE]+")


@dataclass(frozen=True)
class Change:
    """New values of a constant: one for all its elements, or as many as it has, in order.

    ``element`` is what the brackets hold, empty without them; ``where`` is file and line.
    """

    name: str
    element: str
    values: tuple[float, ...]
    where: str


def read_changes(path: Path) -> tuple[Change, ...]:
    """Return the changes of a file, in order; a later one overrides an earlier one.

    Lines of an optimisation control, ``low <= name = value <= high``, are read as well.
    Lookups and string variables are refused by name.
    """
    found = Problems()
    entries = [_read(where, text, found) for where, text in _entries(Path(path))]
    found.raise_if_any()
    return tuple(change for change in entries if change is not None)


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (place, entry), options of an optimiser left out.

    A line of nothing but numbers, or after an open parenthesis, continues the one before.
    """
    place, entry = "", ""
    for where, line in read_lines(path):
        if entry and (entry.count("(") > entry.count(")") or _NUMBERS.fullmatch(line)):
            entry = f"{entry.removesuffix(chr(92))} {line}"
            continue
        if entry:
            yield place, entry
        place, entry = where, "" if line.startswith(":") else line
    if entry:
        yield place, entry


def _read(where: str, text: str, found: Problems) -> Change | None:
    middle = _middle(text)
    left, sign, right = _equation(middle)
    lookup = re.match(r'("[^"]*"\s*|[^("=]+)\(', middle)
    if ":IS:" in middle.upper():
        told = '"{name}" is a string; strings are not supported'
        found.add(where, told, name=middle.split(":")[0].strip())
    elif lookup and not sign:
        told = '"{name}" is a lookup; changes of lookups are not supported'
        found.add(where, told, name=lookup[1].strip())
    elif not sign or split_name(left) is None:
        found.add(where, '"{text}" is no change; write name = value', text=text)
    else:
        return _change(where, left, right, found)
    return None


def _middle(text: str) -> str:
    """Return ``name = value`` of a line with ranges; any other text as it is."""
    parts = [part for part in text.split("<=") if _equation(part)[1]]
    if "<=" not in text or len(parts) != 1:
        return text
    return parts[0]


def _equation(text: str) -> tuple[str, str, str]:
    parts = split_outside(text, "=")
    return (parts[0], "=", parts[1]) if len(parts) == 2 else (text, "", "")


def _change(where: str, left: str, right: str, found: Problems) -> Change | None:
    name, element = split_name(left) or ("", "")
    if right.lstrip().startswith("("):
        found.add(where, '"{name}" is a lookup; changes of lookups are not supported', name=name)
        return None
    values = [number(text) for text in re.split(r"[,;]", right.strip().rstrip(";"))]
    if None in values:
        found.add(where, '"{name}": {value} is no number', name=name, value=right.strip())
        return None
    return Change(name, element, tuple(v for v in values if v is not None), where)
