"""Places on a curve of levels: where it reaches something, and what stands there."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def place_of(values: Array, wanted: float) -> float:
    """Return the place, by straight lines between whole ones, where values first reach ``wanted``.

    NaN where they do nowhere.
    """
    gap = values - wanted
    for k in range(values.size - 1):
        if gap[k] == 0:
            return float(k)
        if gap[k] * gap[k + 1] <= 0:
            return float(k - gap[k] / (gap[k + 1] - gap[k]))
    return float(values.size - 1) if gap[-1] == 0 else math.nan


def place_of_cost(money: Array, spent: float) -> float:
    """Return the place among levels that costs as much; the first where nothing is to be spent."""
    return 0.0 if spent <= money[0] else place_of(money, spent)


def value_at(values: Array, place: float) -> Array:
    """Return values, (level, …), at a place between whole ones, by a straight line; NaN at none."""
    if not math.isfinite(place):
        return np.full(values.shape[1:], math.nan)
    low = min(int(place), len(values) - 1)
    high = min(low + 1, len(values) - 1)
    return np.asarray(values[low] + (place - low) * (values[high] - values[low]))
