"""How far each fitted figure pulls a probability: leave one out, from the stored draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sdensemble.evidence.diagnose import expected_without, without_weights
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.posterior import Posterior
from sdensemble.evidence.smc import effective_number
from sdensemble.results.jackknife import Members, mean_with_error, measured

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
    replicate = np.repeat(np.arange(posterior.replicates), posterior.particles)
    whole = mean_with_error(chance, replicate)
    found = []
    for i, datum in enumerate(problem.data):
        term = problem.fit.terms[datum.term]
        without, error, effective = whole.value, 0.0, float(chance.size)
        if not term.informs:
            centre, spread = expected_without(problem, posterior, i)
            seen = float(np.log(datum.observation.value))
            weights = without_weights(centre, spread, float(problem.errors[i]), seen)[0]
            moved = measured(partial(_moved, weights, chance), replicate)
            without, error = whole.value + moved.value, moved.se
            effective = effective_number(weights)
        found.append(
            Pull(
                term.name,
                datum.year,
                datum.observation.value,
                datum.observation.unit,
                whole.value,
                whole.se,
                without,
                error,
                effective,
                bool(term.informs),
            )
        )
    return tuple(found)


def _moved(weights: Floats, chance: Floats, some: Members) -> float:
    """Return the weighted mean of some particles, less their plain mean."""
    return float((weights * chance)[some].sum() / weights[some].sum() - chance[some].mean())
