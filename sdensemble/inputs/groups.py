"""Groups of inputs: which priors belong together when shares of variance are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Message, Problems
from sdengine.syntax import Model, fold
from sdensemble.inputs.config import Section, find_constant, read_toml, short
from sdensemble.inputs.scenarios import split_name


@dataclass(frozen=True)
class Groups:
    """Constants by group, in the order of the file, and what each group is called."""

    members: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, Mapping[str, str]]


def read_groups(path: Path, model: Model) -> Groups:
    """Return the groups of a TOML file, checked against the model.

    Each table is a group: ``[land]`` with ``zh``, ``en`` and ``inputs``, a list of constants
    (``"name"`` or ``"name[element]"``). An input in no group goes to the rest. Raise SDError
    with every problem found.
    """
    content, _ = read_toml(path)
    found = Problems()
    members: dict[str, tuple[str, ...]] = {}
    labels: dict[str, Mapping[str, str]] = {}
    seen: dict[str, str] = {}
    for name, values in content.items():
        if not isinstance(values, dict):
            found.add(short(path), Message("{key} must be a table", key=name))
            continue
        table = Section(f"{short(path)} [{name}]", values, found)
        table.only(("zh", "en", "inputs"))
        labels[name] = table.label(name)
        given = values.get("inputs", [])
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            table.problem(Message("inputs must be a list of constants"))
            continue
        kept = []
        for one in given:
            constant, element = split_name(one)
            place = Section(f'{table.where} "{one}"', {}, found)
            variable = find_constant(model, constant, place)
            if variable is None:
                continue
            full = f"{variable.name}[{element}]" if element else variable.name
            if fold(full) in seen:
                place.problem(Message("stands in [{other}] already", other=seen[fold(full)]))
            seen[fold(full)] = name
            kept.append(full)
        members[name] = tuple(kept)
    found.raise_if_any()
    return Groups(members, labels)
