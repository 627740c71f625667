"""Means over members with an honest error: from independent scrambles, or exact counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Coverage of every interval given here."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over members, its standard error and interval, in the unit of what was averaged.

    ``se`` is NaN where the sample cannot show it; ``method`` names how the interval was made.
    """

    mean: float
    se: float
    low: float
    high: float
    members: int
    replicates: int
    method: str

    @property
    def error(self) -> float:
        """Its standard error; where the sample cannot show one, half its interval."""
        return self.se if math.isfinite(self.se) else (self.high - self.low) / 2


def replicate_means(values: Array, replicate: NDArray[np.int64]) -> Array:
    """Return the mean of each replicate, shape (replicate,); NaN members are left out.

    Replicates are numbered from 0.
    """
    kept = np.isfinite(values)
    if not kept.all():
        values, replicate = values[kept], replicate[kept]
    count = np.bincount(replicate)
    total = np.bincount(replicate, weights=values)
    if count.all():
        return total / count
    return total[count > 0] / count[count > 0]


def error_of(parts: Array) -> float:
    """Return the standard error of the mean of independent parts; NaN of fewer than two."""
    n = parts.size
    if n < 2:
        return math.nan
    off = parts - parts.sum() / n  # of so few numbers np.std takes four times as long
    return math.sqrt((off * off).sum() / (n - 1)) / math.sqrt(n)


def standard_error(values: Array, replicate: NDArray[np.int64]) -> tuple[float, int]:
    """Return the standard error of the mean and the number of independent parts behind it.

    Members inside one scramble of a Sobol sequence are not independent, the scrambles are:
    sd of the replicate means over the root of their number (Owen 1997). With fewer than two
    replicates the members themselves are taken as independent.
    """
    means = replicate_means(values, replicate)
    if means.size < 2:
        means = values[np.isfinite(values)]
    return error_of(means), int(means.size)


def mean_of(values: Array, replicate: NDArray[np.int64]) -> Estimate:
    """Estimate a mean over members with a t interval from the replicates."""
    kept = values[np.isfinite(values)]
    if kept.size == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan, 0, 0, "no member")
    mean = float(kept.mean())
    se, parts = standard_error(values, replicate)
    half = t_quantile(parts) * se
    return Estimate(
        mean, se, mean - half, mean + half, kept.size, parts, f"replicates, t({parts - 1})"
    )


def ratio_of(above: Array, below: Array, replicate: NDArray[np.int64]) -> tuple[float, float]:
    """Return the ratio of two means over the same members, and its standard error.

    A jackknife over replicates (over members where there is one); lost members leave both means.
    NaN where the lower mean is 0.
    """
    kept = np.isfinite(above) & np.isfinite(below)
    above, below, replicate = above[kept], below[kept], replicate[kept]
    groups, index = np.unique(replicate, return_inverse=True)
    if groups.size < 2:
        index = np.arange(above.size)
    top = np.bincount(index, weights=above)
    bottom = np.bincount(index, weights=below)
    if not top.size or bottom.sum() == 0:
        return math.nan, math.nan
    ratio = float(top.sum() / bottom.sum())
    if top.size < 2:
        return ratio, math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        each = (top.sum() - top) / (bottom.sum() - bottom)
    return ratio, float(math.sqrt((top.size - 1) / top.size * ((each - each.mean()) ** 2).sum()))


def share_of(hit: NDArray[np.bool_], replicate: NDArray[np.int64]) -> Estimate:
    """Estimate the share of members that hit, with an interval inside [0, 1].

    Where hits or misses are fewer than the replicates, replicate means cannot show the tail:
    the interval is then the exact binomial one (Clopper and Pearson 1934), one-sided when
    there are none at all, and the standard error is NaN in that case.
    """
    n, hits = hit.size, int(np.count_nonzero(hit))
    found = mean_of(hit.astype(float), replicate)
    if n == 0:
        return found
    rare = min(hits, n - hits) < max(found.replicates, 1) or found.se == 0.0
    if not rare:
        low, high = max(found.low, 0.0), min(found.high, 1.0)
        return Estimate(found.mean, found.se, low, high, n, found.replicates, found.method)
    low, high = exact_interval(hits, n)
    one_sided = hits in (0, n)
    se = math.nan if one_sided else found.se or math.sqrt(found.mean * (1 - found.mean) / n)
    method = "exact binomial, one-sided" if one_sided else "exact binomial"
    return Estimate(found.mean, se, low, high, n, found.replicates, method)


def exact_interval(hits: int, n: int) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share; one-sided when no or every member hits."""
    out = 1.0 - LEVEL
    if hits == 0:
        return 0.0, 1.0 - out ** (1.0 / n)
    if hits == n:
        return float(out ** (1.0 / n)), 1.0
    from scipy import special  # here, so that what only draws or writes does without scipy

    low = special.betaincinv(hits, n - hits + 1, out / 2)
    high = special.betaincinv(hits + 1, n - hits, 1 - out / 2)
    return float(low), float(high)


@cache
def t_quantile(parts: int) -> float:
    """Return the two-sided t quantile of the interval for a mean of ``parts`` values."""
    if parts < 2:
        return math.nan
    from scipy import special

    return float(special.stdtrit(parts - 1, 0.5 + LEVEL / 2))


def p_value(found: Estimate) -> float:
    """Return the two-sided p-value of a mean being zero; 1 for an exact zero."""
    if found.mean == 0.0:
        return 1.0
    if not found.se > 0.0:
        return math.nan
    from scipy import special

    return float(2 * special.stdtr(found.replicates - 1, -abs(found.mean / found.se)))


def holm(p_values: Array) -> Array:
    """Return p-values corrected for their number (Holm 1979), in the given order.

    NaN stays NaN and is not counted.
    """
    result = np.full(p_values.shape, np.nan)
    valid = np.flatnonzero(np.isfinite(p_values))
    order = valid[np.argsort(p_values[valid], kind="stable")]
    steps = p_values[order] * np.arange(order.size, 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if order.size else steps
    return result
