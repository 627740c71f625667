"""Numbers with their Monte Carlo error, and places on a curve of levels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdensemble.decide.jackknife import Jackknifed, jackknife

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A number, its Monte Carlo standard error; NaN where there is none."""

    value: float
    se: float

    @property
    def told(self) -> bool:
        """True where it is at least two errors from 0."""
        return math.isfinite(self.value) and abs(self.value) >= 2 * self.se and self.value != 0.0


def mean_of(values: Array, replicate: NDArray[np.int64]) -> Figure:
    """Return the mean over members with its error by jackknife; lost members are left out."""
    return figure_of(jackknife(lambda some: np.nanmean(values[some]), replicate))


def figure_of(found: Jackknifed) -> Figure:
    """Return what a jackknife found."""
    return Figure(float(found.value), float(found.se))


def crossing(x: Array, y: Array, wanted: float) -> float:
    """Return the x at which y, by straight lines between points, first reaches ``wanted``.

    NaN where it does nowhere.
    """
    gap = y - wanted
    for k in range(x.size - 1):
        if gap[k] == 0:
            return float(x[k])
        if gap[k] * gap[k + 1] <= 0:
            return float(x[k] - gap[k] * (x[k + 1] - x[k]) / (gap[k + 1] - gap[k]))
    return float(x[-1]) if gap[-1] == 0 else math.nan


def value_at(values: Array, k: float) -> float:
    """Return values at a place between whole ones, by a straight line; NaN at none."""
    if not math.isfinite(k):
        return math.nan
    low = min(int(k), values.size - 1)
    high = min(low + 1, values.size - 1)
    return float(values[low] + (k - low) * (values[high] - values[low]))
