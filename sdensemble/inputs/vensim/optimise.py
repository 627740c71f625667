"""Optimisation control (``.voc``) and payoff definition (``.vpd``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Problems
from sdensemble.inputs.vensim.text import number, read_lines, split_name, split_outside

KINDS = {"C": "calibration", "P": "policy", "R": "prior"}
_MODIFIERS = {"C": "LXGKORYHBPD", "P": "LFI", "R": "LFI"}
_WORDS = {"*CALIBRATION": "*C", "*POLICY": "*P"}


@dataclass(frozen=True)
class SearchRange:
    """A constant an optimisation may move. A bound is a number or the name of a constant.

    ``low``, ``start`` and ``high`` are None where the file leaves them out; ``tolerance`` is
    what follows the range, as written.
    """

    name: str
    element: str
    low: float | str | None
    start: float | None
    high: float | str | None
    tolerance: str
    where: str


@dataclass(frozen=True)
class Optimisation:
    """Options of the optimiser, as written, and the ranges it searches."""

    options: Mapping[str, str]
    ranges: tuple[SearchRange, ...]


@dataclass(frozen=True)
class Payoff:
    """One element of a payoff: ``variable`` against ``data`` (calibration) or by itself.

    ``kind`` is "calibration", "policy" or "prior"; ``modifiers`` are the letters after it.
    Names keep their brackets; ``weight`` is a number or the name of a variable.
    """

    kind: str
    modifiers: str
    variable: str
    data: str
    weight: float | str
    where: str


def read_optimisation(path: Path) -> Optimisation:
    """Return the options and the search ranges of a ``.voc`` file."""
    found, ranges = Problems(), []
    options: dict[str, str] = {}
    for where, line in read_lines(Path(path)):
        if line.upper().startswith(":COM"):
            continue
        if line.startswith(":"):
            key, _, value = line[1:].partition("=")
            options[key.strip().upper().replace(" ", "_")] = value.strip()
            continue
        one = _range(where, line)
        if one is None:
            told = '"{line}" is no search range; write low <= name = start <= high'
            found.add(where, told, line=line)
        else:
            ranges.append(one)
    found.raise_if_any()
    return Optimisation(options, tuple(ranges))


def _range(where: str, line: str) -> SearchRange | None:
    body, *rest = split_outside(line, "|")
    parts = [part.strip() for part in body.split("<=")]
    if not 2 <= len(parts) <= 3 or "<" in "".join(parts) or ">" in body:
        return None
    middle = _middle(parts)
    sides = split_outside(parts[middle], "=")
    name = split_name(sides[0])
    start = number(sides[1]) if len(sides) == 2 else None
    if name is None or len(sides) > 2 or (len(sides) == 2 and start is None):
        return None
    low = _bound(parts[middle - 1]) if middle else None
    high, words = _high(parts[middle + 1]) if middle + 1 < len(parts) else (None, "")
    if None in (low if middle else 0, high if middle + 1 < len(parts) else 0):
        return None
    tolerance = " ".join([words, *(part.strip() for part in rest)]).strip()
    return SearchRange(*name, low, start, high, tolerance, where)


def _middle(parts: list[str]) -> int:
    """Return which part names the constant; of two parts the one that is no plain number."""
    if len(parts) == 3:
        return 1
    return 0 if "=" in parts[0] or number(parts[1].split()[0] if parts[1] else "") else 1


def _bound(text: str) -> float | str | None:
    value = number(text)
    if value is not None:
        return value
    name = split_name(text)
    return text if name and not re.match(r"[-+.\d]", text) else None


def _high(text: str) -> tuple[float | str | None, str]:
    """Return the upper bound, and the words some files put behind it without a bar."""
    first, _, words = text.partition(" ")
    value = number(first)
    return (value, words.strip()) if value is not None else (_bound(text), "")


def read_payoffs(path: Path) -> tuple[Payoff, ...]:
    """Return the elements of a ``.vpd`` file, in order.

    A line ``*C`` (calibration), ``*P`` (policy) or ``*R`` (prior), with its modifiers, rules
    the lines ``variable|data/weight`` or ``variable/weight`` that follow.
    """
    found, payoffs, kind = Problems(), [], ""
    for where, line in read_lines(Path(path)):
        if line.startswith("*"):
            kind = _WORDS.get(line.upper(), line.upper())[1:].strip()
            if kind[:1] not in KINDS or set(kind[1:]) - set(_MODIFIERS[kind[0]]):
                found.add(where, 'payoff type "{line}" is not known', line=line)
                kind = ""
            continue
        one = _payoff(where, line, kind) if kind else None
        if one is not None:
            payoffs.append(one)
        elif kind:
            form = "variable|data/weight" if kind[0] == "C" else "variable/weight"
            found.add(where, '"{line}" is no payoff; write {form}', line=line, form=form)
        elif not found:
            found.add(where, '"{line}" stands before any type such as *C or *P', line=line)
    found.raise_if_any()
    return tuple(payoffs)


def _payoff(where: str, line: str, kind: str) -> Payoff | None:
    parts = split_outside(line, "/")
    names = [part.strip() for part in split_outside(parts[0], "|")]
    if len(parts) != 2 or len(names) != (2 if kind[0] == "C" else 1):
        return None
    weight = number(parts[1])
    if weight is None and split_name(parts[1]) is None:
        return None
    if any(split_name(name) is None for name in names):
        return None
    shown = parts[1].strip() if weight is None else weight
    data = names[1] if len(names) == 2 else ""
    return Payoff(KINDS[kind[0]], kind[1:], names[0], data, shown, where)
