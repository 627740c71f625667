"""The error of anything that is computed from members: leave one scramble out at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Members = NDArray[np.int64]

BLOCKS = 32
"""Parts made of the members where they come as one sample without independent scrambles."""


@dataclass(frozen=True, eq=False)
class Jackknifed:
    """A statistic of all members and its standard error, both of the statistic's own shape.

    NaN where there are fewer than two independent parts to leave out.
    """

    value: Array
    se: Array


@dataclass(frozen=True)
class WithError:
    """A number and its Monte Carlo standard error; NaN where there is none."""

    value: float
    se: float

    @property
    def told(self) -> bool:
        """True where it is at least two errors from 0."""
        return math.isfinite(self.value) and abs(self.value) >= 2 * self.se and self.value != 0.0


def parts_of(replicate: NDArray[np.int64]) -> tuple[Members, ...]:
    """Return the members of each independent part, shape (member,) each.

    The parts are the scrambles; of a single sample they are BLOCKS runs of members.
    """
    names, index = np.unique(replicate, return_inverse=True)
    if names.size > 1:
        order = np.argsort(index, kind="stable")
        return tuple(np.split(order, np.cumsum(np.bincount(index))[:-1]))
    return tuple(np.array_split(np.arange(replicate.size), min(BLOCKS, max(replicate.size, 1))))


def jackknife(
    statistic: Callable[[Members], ArrayLike], replicate: NDArray[np.int64]
) -> Jackknifed:
    """Return a statistic of all members with its standard error.

    ``statistic`` is given the members to use. Its error is that of leaving out one scramble at
    a time, which serves quantiles, roots and ratios as well as means. Source: Tukey (1958);
    for blocks Künsch (1989).
    """
    parts = parts_of(replicate)
    every = np.arange(replicate.size)
    value = np.asarray(statistic(every), dtype=float)
    if len(parts) < 2:
        return Jackknifed(value, np.full(value.shape, math.nan))
    without = [np.delete(every, part) for part in parts]
    left_out = np.array([np.asarray(statistic(some), dtype=float) for some in without])
    spread: Any = left_out - left_out.mean(axis=0)
    se = np.sqrt((len(parts) - 1) / len(parts) * (spread**2).sum(axis=0))
    return Jackknifed(value, se)


def measured(statistic: Callable[[Members], ArrayLike], replicate: NDArray[np.int64]) -> WithError:
    """Return one number of all members with its standard error, as ``jackknife``."""
    found = jackknife(statistic, replicate)
    return WithError(float(found.value), float(found.se))


def mean_with_error(values: Array, replicate: NDArray[np.int64]) -> WithError:
    """Return the mean over members with its error; lost members are left out."""
    return measured(lambda some: np.nanmean(values[some]), replicate)
