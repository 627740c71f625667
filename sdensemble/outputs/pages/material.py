"""What a paper may be made of beside the results of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sdensemble.inputs.history import Observation
from sdensemble.lang import Words
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Material:
    """What a paper is made of, besides the results themselves.

    ``others`` are the same study under further prior sets, ``draws`` the constants of the run's
    members, ``record`` what the run wrote of itself, ``sources`` the publications the
    study rests on, ``notes`` what else is to be said of it.
    """

    others: Sequence[Results] = ()
    history: Sequence[Observation] = ()
    draws: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    sources: Sequence[Words] = ()
    notes: Sequence[Words] = ()
