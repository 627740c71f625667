"""What inputs and their groups are called."""

from __future__ import annotations

from collections.abc import Mapping

from sdensemble.decide.inputs import SHOCKS
from sdensemble.lang import LANGS, Words, has, joined, phrase
from sdensemble.outputs.decide import common as c
from sdensemble.study import Study

Labels = Mapping[str, Mapping[str, str]]
SHOWN = 15
"""How many inputs a table and a figure show."""


def input_name(study: Study, name: str) -> Words:
    """Return an input's label: of a constant the model's, of a process its name."""
    constant = name.split("[")[0]
    if constant not in study.model.variables:
        return name
    label = c.variable_label(study.model, constant)
    element = name[len(constant) :].strip("[]")
    dims = study.model[constant].dims
    if not element or len(dims) != 1:
        return joined([label, name[len(constant) :]], "nothing")
    try:
        told = {lang: study.model.element_label(dims[0], element, lang) for lang in LANGS}
    except (KeyError, ValueError, IndexError):
        return joined([label, f"[{element}]"], "nothing")
    return joined([label, phrase("language.brackets", text=told)], "nothing")


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
