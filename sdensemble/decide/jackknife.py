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

    ``parts`` is the number of independent parts left out in turn; the error has ``parts`` − 1
    degrees of freedom. ``left_out`` holds the statistic without each part, shape (part, …).
    """

    value: Array
    se: Array
    parts: int
    left_out: Array


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
        return Jackknifed(value, np.full(value.shape, math.nan), len(parts), value[None])
    without = [np.delete(every, part) for part in parts]
    left_out = np.array([np.asarray(statistic(some), dtype=float) for some in without])
    spread: Any = left_out - left_out.mean(axis=0)
    se = np.sqrt((len(parts) - 1) / len(parts) * (spread**2).sum(axis=0))
    return Jackknifed(value, se, len(parts), left_out)
