"""Choices that hold in several worlds: regret, the domain criterion, stochastic dominance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdensemble.results.jackknife import Members, jackknife

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
LEVELS = 41
"""Outcome levels at which two distributions are compared."""


def regrets(
    values: ArrayLike,
    replicate: NDArray[np.int64],
    worlds: Sequence[str],
    actions: Sequence[str],
    *,
    enough: float | None = None,
) -> xr.Dataset:
    """Return each action's regret in each world, its worst, and in how many worlds it suffices.

    ``values``, shape (world, action, member), are what is wanted much of (a hit as 1, or minus
    a shortfall); members are common to actions, and numbered alike in all worlds. Regret is the
    mean of the world's best action less the action's own, in the unit of ``values``.

    The Dataset has ``mean`` and ``regret`` over world × action, ``worst`` over action, each with
    ``_se``; ``worst_world``; and ``domain``, the share of worlds with a mean of at least
    ``enough``. The attribute ``choice`` is the action of least worst regret (Savage 1951),
    ``gap`` and ``gap_se`` what the second action's worst regret is above it.
    """
    import xarray as xr

    table = np.asarray(values, dtype=float)
    shape = table.shape[:2]
    count = int(np.prod(shape))

    def all_figures(some: Members) -> Array:
        mean = np.nanmean(table[..., some], axis=2)
        regret = mean.max(axis=1, keepdims=True) - mean
        worst = regret.max(axis=0)
        ranked = np.sort(worst)
        gap = ranked[1] - ranked[0] if worst.size > 1 else 0.0
        return np.concatenate([mean.ravel(), regret.ravel(), worst, [gap]])

    found = jackknife(all_figures, replicate)
    data: dict[str, Any] = {}
    for tail, source in (("", found.value), ("_se", found.se)):
        data["mean" + tail] = (("world", "action"), source[:count].reshape(shape))
        data["regret" + tail] = (("world", "action"), source[count : 2 * count].reshape(shape))
        data["worst" + tail] = (("action",), source[2 * count : 2 * count + shape[1]])
    regret = data["regret"][1]
    where = [worlds[i] for i in np.argmax(regret, axis=0)]
    extra = {"worst_world": (("action",), np.array(where, dtype=object))}
    if enough is not None:
        extra["domain"] = (("action",), (data["mean"][1] >= enough).mean(axis=0))
    attrs = {
        "choice": actions[int(np.argmin(data["worst"][1]))],
        "gap": float(found.value[-1]),
        "gap_se": float(found.se[-1]),
    }
    return xr.Dataset(data | extra, {"world": list(worlds), "action": list(actions)}, attrs)


def dominance(
    values: ArrayLike, replicate: NDArray[np.int64], actions: Sequence[str]
) -> xr.Dataset:
    """Return, for each ordered pair of actions, whether the first dominates the second.

    ``values``, shape (action, member), on common members; more is better. ``order`` is 1 where
    the first is at least as likely to exceed every level, 2 where its shortfall below every level
    is no greater in the mean, 0 where neither: against the pair's own Monte Carlo error, twice
    of which a level may stand on the other side. ``against`` is the level at which the first is
    most clearly worse (NaN where nowhere), ``worse`` by how much there, with ``worse_se``: in
    probability where first order fails. Levels are LEVELS quantiles of both together.
    Source: Hadar & Russell (1969).
    """
    import xarray as xr

    table = np.asarray(values, dtype=float)
    table = table[:, kept := np.isfinite(table).all(axis=0)]
    replicate = replicate[kept]
    k = len(actions)
    order = np.zeros((k, k), dtype=int)
    against, worse, worse_se = (np.full((k, k), np.nan) for _ in range(3))
    for i, j in permutations(range(k), 2):
        levels = np.unique(np.quantile(table[[i, j]], np.linspace(0.005, 0.995, LEVELS)))
        first, second = _better(table[i], table[j], levels, replicate)
        if _holds(*first):
            order[i, j] = 1
        elif _holds(*second):
            order[i, j] = 2
        z = np.where(first[1] > 0, first[0] / np.where(first[1] > 0, first[1], 1), 0.0)
        at = int(np.argmin(z))
        if z[at] < -2:
            against[i, j], worse[i, j], worse_se[i, j] = levels[at], -first[0][at], first[1][at]
    dims = ("first", "second")
    return xr.Dataset(
        {
            "order": (dims, order),
            "against": (dims, against),
            "worse": (dims, worse),
            "worse_se": (dims, worse_se),
        },
        {"first": list(actions), "second": list(actions)},
    )


def _better(
    a: Array, b: Array, levels: Array, replicate: NDArray[np.int64]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return by level (gain, error) of ``a`` over ``b``: in P of exceeding, and in shortfall."""
    above = (a > levels[:, None]).astype(float) - (b > levels[:, None])
    short = np.maximum(levels[:, None] - b, 0) - np.maximum(levels[:, None] - a, 0)
    found = jackknife(
        lambda some: np.array([above[:, some].mean(1), short[:, some].mean(1)]), replicate
    )
    return (found.value[0], found.se[0]), (found.value[1], found.se[1])


def _holds(gain: Array, se: Array) -> bool:
    """Return whether a gain is nowhere clearly negative and somewhere clearly positive."""
    return bool((gain >= -2 * se).all() and (gain > 2 * se).any())
