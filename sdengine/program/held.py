"""What a run is given beside the model: values per member, and values held through time."""

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
