"""How far each fitted figure pulls a probability: leave one out, from the stored draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdensemble.evidence.diagnose import expected_without, left_out
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.posterior import Posterior

Floats = NDArray[np.float64]

FEW = 100.0
"""Weights worth fewer draws than this leave the pull a rough guess."""


@dataclass(frozen=True)
class Pull:
    """What one figure does to the probability of an event, all shares from 0 to 1.

    ``given`` is P given every figure, with its error; ``without`` P given all but this one, by
    importance weights worth ``effective`` draws; ``error`` is the Monte Carlo error of their
    difference. A figure that is ``cut`` moves nothing but the constants its term informs:
    ``without`` is ``given``.
    """

    series: str
    year: int
    value: float
    unit: str
    given: float
    given_error: float
    without: float
    error: float
    effective: float
    cut: bool

    @property
    def pull(self) -> float:
        """How far the figure moves P: given it, less without it."""
        return self.given - self.without


def pulls(problem: Problem, posterior: Posterior, chance: Floats) -> tuple[Pull, ...]:
    """Return the pull of each figure on an event of probability ``chance`` in each particle.

    ``chance`` has shape (particle,): 0 or 1 where the event was simulated once in each.
    """
    chance = np.asarray(chance, float)
    shape = (posterior.replicates, -1)
    by_replicate = chance.reshape(shape).mean(axis=1)
    given_error = float(by_replicate.std(ddof=1) / np.sqrt(by_replicate.size))
    found = []
    for i, datum in enumerate(problem.data):
        term = problem.fit.terms[datum.term]
        given = float(chance.mean())
        without, error, effective = given, 0.0, float(chance.size)
        if not term.informs:
            centre, spread = expected_without(problem, posterior, i)
            seen = float(np.log(datum.observation.value))
            weights = left_out(centre, spread, float(problem.errors[i]), seen)[0]
            without, error = _weighted(weights.reshape(shape), chance.reshape(shape))
            total = float(weights.sum())
            effective = total**2 / float((weights**2).sum()) if total > 0 else 0.0
        found.append(
            Pull(
                term.name,
                datum.year,
                datum.observation.value,
                datum.observation.unit,
                given,
                given_error,
                without,
                error,
                effective,
                bool(term.informs),
            )
        )
    return tuple(found)


def _weighted(weights: Floats, chance: Floats) -> tuple[float, float]:
    """Return the weighted mean, and the error of its distance from the plain mean.

    ``weights`` and ``chance`` are (replicate, particle); the error is a jackknife over replicates.
    """
    sums, hits = weights.sum(axis=1), (weights * chance).sum(axis=1)
    plain = chance.mean(axis=1)
    count = len(sums)
    without = float(hits.sum() / sums.sum())
    if count < 2:
        return without, float("nan")
    moved = (hits.sum() - hits) / (sums.sum() - sums) - (plain.sum() - plain) / (count - 1)
    error = float(np.sqrt((count - 1) / count * ((moved - moved.mean()) ** 2).sum()))
    return without, error
