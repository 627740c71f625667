"""How much of a lever gives a wished-for result: a root over common members, with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sdensemble.results.estimate import mean_of, share_of, t_quantile

Array = NDArray[np.float64]
Of = Callable[[float], Array]
"""Members' values, shape (member,), at a level of the lever; NaN where lost."""


class Measure(Protocol):
    """One number of the members' values, which is to be 0, and those at its interval's ends."""

    def __call__(self, values: Array, /) -> float:
        """Return the number, for values of shape (member,)."""

    def ends(self, values: Array, replicate: NDArray[np.int64], /) -> tuple[Measure, Measure]:
        """Return the measures at the lower and the upper end of the 95% interval."""


@dataclass(frozen=True)
class Root:
    """The level at which a measure is 0, in the lever's unit, with a 95% interval.

    Where ``reached`` is false there is none from ``ends[0]`` to ``ends[1]``: ``level`` is then
    the end at which the measure comes nearest to 0, or crosses already (``beyond`` true: it holds
    at every level), and the interval is NaN. ``at_ends`` is the measure at the two ends.
    """

    level: float
    low: float
    high: float
    reached: bool
    beyond: bool
    ends: tuple[float, float]
    at_ends: tuple[float, float]
    runs: int


@dataclass(frozen=True)
class Probability:
    """The measure that is 0 where the margin is above 0 with probability ``wanted``.

    The margin of a member is what it has beyond the target. Its quantile moves smoothly with a
    lever on common members, where the share of hits is a stair. A lost member counts as a miss.
    """

    wanted: float

    def __call__(self, margin: Array) -> float:
        """Return the quantile of the margins, shape (member,), in their unit."""
        if np.isfinite(margin).all():
            return float(np.quantile(margin, 1 - self.wanted))
        filled = np.where(np.isfinite(margin), margin, -np.inf)
        return float(np.quantile(filled, 1 - self.wanted, method="inverted_cdf"))

    def ends(self, margin: Array, replicate: NDArray[np.int64]) -> tuple[Measure, Measure]:
        """Return the measures that are 0 where P is at the ends of its 95% interval.

        Source: Woodruff (1952), with the error of P from the scrambles.
        """
        found = share_of(margin > 0, replicate)
        below, above = found.mean - found.low, found.high - found.mean
        least, most = self.wanted - below, self.wanted + above
        return Probability(min(max(least, 0.0), 1.0)), Probability(min(max(most, 0.0), 1.0))


@dataclass(frozen=True)
class Mean:
    """The measure that is 0 where the mean of the members' values is ``level``."""

    level: float = 0.0

    def __call__(self, values: Array) -> float:
        """Return the mean of the members that are not lost, less the level."""
        return float(np.nanmean(values)) - self.level

    def ends(self, values: Array, replicate: NDArray[np.int64]) -> tuple[Measure, Measure]:
        """Return the measures that are 0 at the ends of the mean's 95% interval."""
        found = mean_of(values, replicate)
        half = t_quantile(found.replicates) * found.se
        return Mean(self.level - half), Mean(self.level + half)


def solve(
    of: Of,
    measure: Measure,
    low: float,
    high: float,
    replicate: NDArray[np.int64],
    *,
    tolerance: float = 1e-4,
) -> Root:
    """Return the level from ``low`` to ``high`` at which a measure of the members is 0.

    Brent's method on common members; ``tolerance`` is a share of the range. The interval holds
    the levels at which the measure would be 0 if it stood at either end of its own interval,
    which comes from the independent scrambles. The measure is taken to cross 0 once.
    """
    known: dict[float, Array] = {}

    def members(level: float) -> Array:
        if level not in known:
            known[level] = of(level)
        return known[level]

    def at(level: float) -> float:
        return measure(members(level))

    ends = (low, high)
    at_ends = (at(low), at(high))
    if not at_ends[0] * at_ends[1] <= 0:
        # Nothing is known of which side is wished for: the caller's measure is, above 0.
        beyond = min(at_ends) > 0
        nearest = low if beyond else ends[int(np.argmax(at_ends))]
        nan = math.nan
        return Root(nearest, nan, nan, False, beyond, ends, at_ends, len(known))
    width = high - low
    level = float(brentq(at, low, high, xtol=tolerance * width, rtol=1e-12))
    outer = measure.ends(members(level), replicate)
    around = _around(at, level, ends, [one(members(level)) for one in outer], width)
    sides = [_crossing(around, [one(members(x)) for x in around]) for one in outer]
    found = (level, min(*sides, level), max(*sides, level))
    return Root(*found, True, False, ends, at_ends, len(known))


def _around(
    at: Callable[[float], float],
    level: float,
    ends: tuple[float, float],
    apart: list[float],
    width: float,
) -> list[float]:
    """Return levels to both sides of a root, a little beyond its interval, inside the ends.

    ``apart`` are the measures of the interval's two ends at the root.
    """
    step = 0.02 * width
    span = [x for x in (level - step, level, level + step) if ends[0] <= x <= ends[1]]
    slope = abs(at(span[-1]) - at(span[0])) / max(span[-1] - span[0], 1e-300)
    reach = 1.5 * max(map(abs, apart)) / slope if slope > 0 else 0.0
    reach = min(max(reach, 1e-3 * width), width) if math.isfinite(reach) else width
    return sorted({level, max(level - reach, ends[0]), min(level + reach, ends[1])})


def _crossing(levels: list[float], values: list[float]) -> float:
    """Return where straight lines between points cross 0; beyond the last, where theirs do."""
    for i in range(len(levels) - 1):
        if values[i] == 0:
            return levels[i]
        if values[i] * values[i + 1] <= 0:
            break
    else:
        i = 0 if abs(values[0]) <= abs(values[-1]) else len(levels) - 2
    rise = values[i + 1] - values[i]
    if rise == 0 or not math.isfinite(rise):
        return levels[i]
    return levels[i] - values[i] * (levels[i + 1] - levels[i]) / rise
