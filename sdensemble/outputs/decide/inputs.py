"""What inputs and their groups are called."""

from __future__ import annotations

from collections.abc import Mapping

from sdensemble.decide.inputs import SHOCKS
from sdensemble.lang import Words, has, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.study import Study

Labels = Mapping[str, Mapping[str, str]]
SHOWN = 15
"""How many inputs a table and a figure show."""


def input_name(study: Study, name: str) -> Words:
    """Return an input's label: of a constant the model's, of a process its name."""
    constant, _, element = name.removesuffix("]").partition("[")
    known = constant in study.model.variables
    return c.input_label(study.model, constant, element) if known else name


def group_name(study: Study, labels: Labels, name: str) -> Words:
    """Return a group's label, of joined groups all."""
    parts: list[Words] = []
    for one in name.split(" + "):
        if one in labels:
            parts.append(labels[one])
        elif one == SHOCKS or has(f"decide.group.{one}"):
            parts.append(phrase(f"decide.group.{one}"))
        else:
            parts.append(input_name(study, one))
    return joined(parts, "list")
