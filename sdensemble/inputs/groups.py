"""Groups of inputs: which priors belong together when shares of variance are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from sdengine.errors import Problems, did_you_mean
from sdengine.syntax import Model
from sdensemble.inputs.config import Section, read_toml, short
from sdensemble.lang import LANGS

EXECUTION = " execution"
"""Constants so named are rates of execution: a pattern takes them only where it names them."""


@dataclass(frozen=True)
class Groups:
    """Constants by group, in the order of the file, and what each group is called."""

    members: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, Mapping[str, str]]


def read_groups(path: Path, model: Model) -> Groups:
    """Return the groups of a TOML file, checked against the model.

    Each table is a group: ``[land]`` with ``zh``, ``en`` and ``inputs``, a list of constants or
    patterns of them ("land *"). A constant goes to the first group that names it, those named
    nowhere to the rest. Raise SDError with every problem found.
    """
    content, _ = read_toml(path)
    top = Section(short(path), content, Problems())
    constants = [variable.name for variable in model.constants()]
    members: dict[str, tuple[str, ...]] = {}
    labels: dict[str, Mapping[str, str]] = {}
    taken: set[str] = set()
    for name in content:
        table = top.table(name)
        table.only((*LANGS, "inputs"))
        labels[name] = table.label(name)
        kept: list[str] = []
        for pattern in table.listed("inputs", str):
            named = [one for one in constants if _meant(one, pattern)]
            if not named:
                hint = did_you_mean(pattern, constants)
                told = 'no constant is called "{name}"{hint}'
                table.problem(told, name=pattern, hint=hint)
            kept += [one for one in named if one not in taken]
            taken.update(named)
        members[name] = tuple(dict.fromkeys(kept))
    top.found.raise_if_any()
    return Groups(members, labels)


def _meant(constant: str, pattern: str) -> bool:
    """Return whether a pattern names a constant."""
    if constant.endswith(EXECUTION) and EXECUTION not in pattern:
        return False
    return matches(constant, (pattern,))


def matches(name: str, patterns: Iterable[object]) -> bool:
    """Return whether a name is one of some, or fits a pattern such as "land *"; case is nothing."""
    return any(fnmatchcase(name.casefold(), str(one).casefold()) for one in patterns)
