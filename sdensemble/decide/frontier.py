"""The least-cost mix of levers for each probability, searched on one sample, judged on another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import NonlinearConstraint, differential_evolution

from sdensemble.decide.roots import Probability

Array = NDArray[np.float64]
Evaluate = Callable[[Array], tuple[Array, Array]]
"""Mixes (mix, lever) to the members' margins (mix, member) and the mean cost (mix,)."""

POPULATION = 6
"""Mixes a generation holds for every lever."""
GENERATIONS = 12


@dataclass(frozen=True, eq=False)
class Point:
    """The cheapest mix found for a probability, in the levers' units; NaN where none reaches it.

    ``reached`` is P on the sample the search used, which chose the mix and so flatters it;
    ``confirmed`` P on a fresh sample, with its error. ``cost`` and ``cost_fresh`` likewise.
    """

    probability: float
    mix: tuple[float, ...]
    cost: float
    reached: float
    confirmed: float = math.nan
    confirmed_se: float = math.nan
    cost_fresh: float = math.nan


class Archive:
    """Every mix evaluated so far, with its margins' sorted values and its cost."""

    def __init__(self, evaluate: Evaluate, probabilities: Sequence[float]):
        self.evaluate = evaluate
        self.measures = [Probability(p) for p in probabilities]
        self.known: dict[bytes, tuple[Array, float, float]] = {}
        self.mixes: dict[bytes, Array] = {}

    def look_up(self, mixes: Array) -> tuple[Array, Array, Array]:
        """Return (margin quantiles (mix, probability), costs, shares of hits) of mixes."""
        mixes = np.ascontiguousarray(np.round(mixes, 12))
        keys = [mix.tobytes() for mix in mixes]
        new = {key: mix for key, mix in zip(keys, mixes, strict=True) if key not in self.known}
        if new:
            margins, costs = self.evaluate(np.array(list(new.values())))
            for (key, mix), margin, cost in zip(new.items(), margins, costs, strict=True):
                quantiles = np.array([measure(margin) for measure in self.measures])
                self.known[key] = (quantiles, float(cost), float(np.mean(margin > 0)))
                self.mixes[key] = mix
        found = [self.known[key] for key in keys]
        return (
            np.array([f[0] for f in found]),
            np.array([f[1] for f in found]),
            np.array([f[2] for f in found]),
        )

    def cheapest(self, index: int) -> bytes | None:
        """Return the key of the cheapest mix that reaches a probability; None where none does."""
        able = [key for key, (quantile, _, _) in self.known.items() if quantile[index] >= 0]
        return min(able, key=lambda key: self.known[key][1], default=None)

    def start(self, index: int, size: int, bounds: Array, rng: np.random.Generator) -> Array:
        """Return mixes to begin from: those known that come nearest, and some by chance."""
        ranked = sorted(
            self.known,
            key=lambda key: (
                self.known[key][0][index] < 0,
                self.known[key][1]
                if self.known[key][0][index] >= 0
                else -self.known[key][0][index],
            ),
        )
        best = [self.mixes[key] for key in ranked[: size // 2]]
        low, high = bounds.T
        new = low + (high - low) * rng.random((size - len(best), len(bounds)))
        return np.concatenate([np.array(best).reshape(-1, len(bounds)), new])


def frontier(
    evaluate: Evaluate,
    bounds: Sequence[tuple[float, float]],
    probabilities: Sequence[float],
    *,
    seed: int = 1,
    generations: int = GENERATIONS,
) -> list[Point]:
    """Return the cheapest mix found for each probability, in their order.

    ``bounds`` are each lever's (low, high). Differential evolution (Storn & Price 1997) on one
    sample, a generation of mixes at once; the search for each probability begins with the mixes
    the others found, so the cost never falls as the probability rises. A probability that even
    the best of all mixes tried misses is one Point without a mix.
    """
    limits = np.asarray(bounds, dtype=float)
    archive = Archive(evaluate, probabilities)
    rng = np.random.default_rng(seed)
    size = max(POPULATION * len(limits), 8)
    archive.look_up(np.concatenate([limits.T, limits.mean(axis=1)[None]]))
    for index in range(len(probabilities)):
        _search(archive, index, limits, size, generations, rng)
    return [_point(archive, index, p) for index, p in enumerate(probabilities)]


def _search(
    archive: Archive,
    index: int,
    limits: Array,
    size: int,
    generations: int,
    rng: np.random.Generator,
) -> None:
    """Search for one probability; what is found stands in the archive."""
    begin = np.clip(archive.start(index, size, limits, rng), limits[:, 0], limits[:, 1])

    def reaches(x: Array) -> Array:
        return archive.look_up(np.atleast_2d(x.T))[0][:, index]

    def cost(x: Array) -> Any:
        found = archive.look_up(np.atleast_2d(x.T))[1]
        return found if x.ndim > 1 else float(found[0])

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # constraints are never on the bounds' edge
        differential_evolution(
            cost,
            limits.tolist(),
            constraints=NonlinearConstraint(
                lambda x: reaches(x)[None] if x.ndim > 1 else reaches(x), 0.0, np.inf
            ),
            vectorized=True,
            updating="deferred",
            polish=False,
            init=begin,
            maxiter=generations,
            tol=1e-6,
            rng=rng,
        )


def _point(archive: Archive, index: int, probability: float) -> Point:
    key = archive.cheapest(index)
    if key is None:
        best = max(archive.known, key=lambda one: archive.known[one][0][index])
        nan = tuple(math.nan for _ in archive.mixes[best])
        return Point(probability, nan, math.nan, archive.known[best][2])
    _, cost, reached = archive.known[key]
    return Point(probability, tuple(map(float, archive.mixes[key])), cost, reached)
