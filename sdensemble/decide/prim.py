"""Boxes of inputs in which members miss: scenario discovery by patient rule induction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc

Array = NDArray[np.float64]
Hits = NDArray[np.bool_]
PEEL = 0.05
"""Share of a box's members that one step takes off."""
LEAST = 0.05
"""Share of all members a box holds at least."""
SURE = 0.05
"""Quasi-p above which a restriction is dropped."""


@dataclass(frozen=True)
class Limit:
    """One restriction: input ``column`` from ``low`` to ``high``, infinite where open.

    ``quasi_p`` is the chance of a box at least as dense without it being real (Bryant &
    Lempert 2010). ``stable`` is the share of resamples whose box restricts the same side, with
    the 5% and 95% quantiles of that end over them; NaN before resampling.
    """

    column: int
    low: float
    high: float
    quasi_p: float
    stable: float = float("nan")
    end: tuple[float, float] = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Box:
    """A box: ``coverage`` is the share of all cases inside it, ``density`` the share of cases
    among the members inside, ``mass`` the share of members inside, ``base`` the share of cases
    among all."""

    limits: tuple[Limit, ...]
    coverage: float
    density: float
    mass: float
    base: float


def discover(inputs: ArrayLike, case: ArrayLike, *, resamples: int = 20, seed: int = 1) -> Box:
    """Return the box in which cases are densest for what it covers, with how stable it is.

    ``inputs`` has shape (input, member) and ``case`` (member,), true for the members to explain.
    Of the boxes along the peeling the one of greatest harmonic mean of coverage and density is
    taken, enlarged where that makes it no thinner, and freed of restrictions of quasi-p above
    SURE. Each resample draws members with replacement and starts anew.
    Source: Friedman & Fisher (1999).
    """
    x, hit = np.atleast_2d(np.asarray(inputs, dtype=float)), np.asarray(case, dtype=bool)
    found = _box(x, hit)
    rng = np.random.default_rng(seed)
    others = []
    for _ in range(resamples if found.limits else 0):
        some = rng.integers(0, hit.size, hit.size)
        others.append(_box(x[:, some], hit[some]))
    return replace(found, limits=tuple(_stability(limit, others) for limit in found.limits))


def _box(x: Array, hit: Hits) -> Box:
    """Return the chosen box of one sample, without stability."""
    low, high = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    if not hit.any() or hit.all():
        return Box((), 1.0, float(hit.mean()), 1.0, float(hit.mean()))
    path = _peel(x, hit, low, high)
    low, high = max(path, key=lambda ends: _score(hit, _inside(x, *ends)))
    low, high = _paste(x, hit, low, high)
    while True:
        limits = _limits(x, hit, low, high)
        worst = max(limits, key=lambda limit: limit.quasi_p, default=None)
        if worst is None or worst.quasi_p <= SURE:
            break
        low[worst.column], high[worst.column] = -np.inf, np.inf
    inside = _inside(x, low, high)
    kept = hit[inside]
    return Box(
        limits,
        float(kept.sum() / hit.sum()),
        float(kept.mean()),
        float(inside.mean()),
        float(hit.mean()),
    )


def _inside(x: Array, low: Array, high: Array) -> Hits:
    held = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    inside = np.ones(x.shape[1], dtype=bool)
    for i in held:
        inside &= (x[i] >= low[i]) & (x[i] <= high[i])
    return inside


def _score(hit: Hits, inside: Hits) -> float:
    """Return the harmonic mean of coverage and density."""
    return 2 * float(hit[inside].sum()) / float(inside.sum() + hit.sum())


def _peel(x: Array, hit: Hits, low: Array, high: Array) -> list[tuple[Array, Array]]:
    """Return the ends of the boxes along the peeling, the whole space first."""
    path = [(low.copy(), high.copy())]
    members = np.arange(x.shape[1])
    while members.size > max(LEAST * x.shape[1], 20):
        part, cases = x[:, members], hit[members]
        ends = np.quantile(part, [PEEL, 1 - PEEL], axis=1)
        stays = np.concatenate([part >= ends[0][:, None], part <= ends[1][:, None]])
        # Where values tie with the end nothing would go: peel the tie instead.
        tied = stays.all(axis=1)
        if tied.any():
            edge = np.concatenate([part > ends[0][:, None], part < ends[1][:, None]])
            stays[tied] = edge[tied]
        size = stays.sum(axis=1)
        dense = np.where(size > 0, (stays & cases).sum(axis=1) / np.maximum(size, 1), -1.0)
        gain = (dense - cases.mean()) / np.maximum(members.size - size, 1)
        gain[(size == members.size) | (size == 0)] = -np.inf
        best = int(np.argmax(gain))
        if not gain[best] > -np.inf:
            break
        column, upper = best % len(x), best >= len(x)
        members = members[stays[best]]
        if upper:
            high[column] = x[column, members].max()
        else:
            low[column] = x[column, members].min()
        path.append((low.copy(), high.copy()))
        if cases.all():
            break
    return path


def _paste(x: Array, hit: Hits, low: Array, high: Array) -> tuple[Array, Array]:
    """Return the ends moved out where the harmonic mean rises."""
    low, high = low.copy(), high.copy()
    score, moved = _score(hit, _inside(x, low, high)), True
    while moved:
        moved = False
        for ends, sign in ((low, 1), (high, -1)):
            for column in np.flatnonzero(np.isfinite(ends)):
                old, ends[column] = ends[column], -sign * np.inf
                free = _inside(x, low, high)
                beyond = np.sort(sign * x[column, free & (sign * x[column] < sign * old)])[::-1]
                step = max(int(PEEL * free.sum()), 1)
                tried = sign * beyond[step - 1] if beyond.size >= step else -sign * np.inf
                ends[column] = tried
                new = _score(hit, _inside(x, low, high))
                if new > score:
                    score, moved = new, True
                else:
                    ends[column] = old
    return low, high


def _limits(x: Array, hit: Hits, low: Array, high: Array) -> tuple[Limit, ...]:
    """Return the restrictions with the chance that each is none."""
    inside = _inside(x, low, high)
    found = []
    for column in np.flatnonzero(np.isfinite(low) | np.isfinite(high)):
        without_low, without_high = low.copy(), high.copy()
        without_low[column], without_high[column] = -np.inf, np.inf
        wider = _inside(x, without_low, without_high)
        cases, size = int(hit[inside].sum()), int(inside.sum())
        quasi_p = float(bdtrc(cases - 1, size, hit[wider].mean())) if cases else 1.0
        found.append(Limit(int(column), float(low[column]), float(high[column]), quasi_p))
    return tuple(sorted(found, key=lambda limit: limit.quasi_p))


def _stability(limit: Limit, others: Sequence[Box]) -> Limit:
    """Return a restriction with how often, and where, the resamples' boxes have it."""
    lower = np.isfinite(limit.low)
    same = [one for box in others for one in box.limits if one.column == limit.column]
    ends = [one.low if lower else one.high for one in same]
    ends = [end for end in ends if np.isfinite(end)]
    if not ends:
        return replace(limit, stable=0.0)
    low, high = np.quantile(ends, [0.05, 0.95])
    return replace(limit, stable=len(ends) / len(others), end=(float(low), float(high)))


def strongest(inputs: ArrayLike, case: ArrayLike, count: int) -> NDArray[np.int64]:
    """Return the columns of most bearing on the case, by chi-square over eighths, in order."""
    x, hit = np.atleast_2d(np.asarray(inputs, dtype=float)), np.asarray(case, dtype=float)
    rank = np.argsort(np.argsort(x, axis=1, kind="stable"), axis=1, kind="stable")
    eighth = rank * 8 // max(x.shape[1], 1)
    share = np.array(
        [
            [hit[row == i].mean() if (row == i).any() else hit.mean() for i in range(8)]
            for row in eighth
        ]
    )
    bearing = ((share - hit.mean()) ** 2).sum(axis=1)
    bearing[np.ptp(x, axis=1) == 0] = -1.0
    return np.sort(np.argsort(-bearing, kind="stable")[:count])
