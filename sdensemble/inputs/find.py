"""A variable of the model by any of its names: its own, a label of the model, one of the report."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from sdengine.errors import Message, SDError, containing, nearest
from sdengine.model.describe import levers
from sdengine.syntax import Model, fold
from sdensemble.inputs.config import labels_of

Labels = Mapping[str, list[str]]
"""Each label, folded, with the variables it names."""


def find_variable(model: Model, name: str, spoken: Iterable[tuple[str, str]] = ()) -> str:
    """Return the model's own name of a variable, given that, or a label in either language.

    ``spoken`` are further labels with the variables they name. Raises SDError where there is
    none, or more than one, with the nearest.
    """
    written = model.name_of(name)
    if written is not None:
        return written
    labels = _labels(model, spoken)
    match = sorted(labels.get(fold(unicodedata.normalize("NFKC", name)), ()))
    if len(match) == 1:
        return match[0]
    path = model.path.name
    if match:
        told = '{path}: "{name}" is the label of {match}'
        raise SDError(told, path=path, name=name, match=", ".join(match))
    said = _did_you_mean(model, name, labels)
    raise SDError('{path}: no variable "{name}"{said}', path=path, name=name, said=said)


def _did_you_mean(model: Model, name: str, labels: Labels) -> str:
    """Return a hint at the nearest, levers first: they are what most people look for."""
    known = model.variables
    own = {lever.name for lever in levers(model)}
    of_levers = [label for label, named in labels.items() if own.issuperset(named)]
    near = containing(name, own) or containing(name, of_levers)
    near += containing(name, known) or containing(name, labels)
    near = list(dict.fromkeys(near))[:3] or [
        one for one in [nearest(name, known) or nearest(name, labels)] if one
    ]
    shown = (one if one in known else f"{min(labels[one])} ({one})" for one in near)
    hint = ", ".join(dict.fromkeys(f'"{one}"' for one in shown))
    return Message(" — did you mean {shown}?", shown=hint) if hint else ""


def _labels(model: Model, spoken: Iterable[tuple[str, str]]) -> Labels:
    found = labels_of(model.variables.values())
    for label, name in spoken:
        found.setdefault(fold(label), [name])
    return found
