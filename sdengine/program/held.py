"""What a run is given beside the model: values held through time, and where to go on from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Held:
    """A constant's values through time, each held until the next.

    ``times`` has shape (k,), ascending, in the model's time unit; ``values`` has shape
    (k, *dims) for every member alike, or (k, *dims, member). Before ``times[0]`` the constant
    keeps the value it has without this input.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class State:
    """What a run has to remember to go on where another ended.

    ``values`` has shape (slot, member), of ``slots``: stocks, hidden ones included, and what was
    frozen at the start. ``history`` has shape (step, fixed delay, member): inputs of fixed
    delays at all steps before ``step``. ``ids`` are the members' numbers, on which random
    functions hang; ``digest`` is that of the model.
    """

    digest: str
    step: int
    slots: NDArray[np.int64]
    values: NDArray[np.float64]
    history: NDArray[np.float64]
    ids: NDArray[np.int64]
