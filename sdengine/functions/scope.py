"""Where an expression stands while it is lowered, and what is said when it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sdengine.errors import Message
from sdengine.limits import at_most, limit


class LoweringError(Exception):
    """What is wrong with one equation, in words."""


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its point shape and, per range name, the element at each
    point (element numbers of ``Names.element``, broadcastable to ``shape``)."""

    shape: tuple[int, ...]
    axes: Mapping[str, np.ndarray] = field(default_factory=dict)


def allowed(terms: int) -> None:
    """Raise where an equation has more terms than are held in memory."""
    if terms > limit("TERMS"):
        raise LoweringError(
            Message(
                "has {terms:,} terms over its elements; {most}",
                terms=terms,
                most=at_most("TERMS", "taken"),
            )
        )
