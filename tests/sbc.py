"""Simulation-based calibration: does the sampler find again what the figures were made from?

Truths are drawn from the prior, figures are made from each, and each is fitted. The rank of a
truth among its posterior draws is then uniform, for any model, if and only if the likelihood and
the sampler agree with how the figures were made. Source: Talts et al. (2018).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from sdengine.streams import Stream
from sdensemble.evidence.likelihood import Datum, Problem, student_noise
from sdensemble.evidence.smc import Settings, temper
from sdensemble.inputs.priors import Priors

Floats = NDArray[np.float64]


def reduced(priors: Priors, names: tuple[str, ...]) -> Priors:
    """Return the priors of these constants alone; the others keep the model's own values."""
    return replace(priors, items=tuple(p for p in priors.items if p.name in names))


def simulated(problem: Problem, truth: Floats, seed: int) -> Problem:
    """Return a problem whose figures are made from a truth of the whitened space (dimension,)."""
    z = truth[:, None]
    logs = (problem.predicted(problem.numbers(z)) + problem.discrepancy(z))[:, 0]
    data = []
    for i, datum in enumerate(problem.data):
        stream = Stream(seed, "simulated").sub(f"{i}")
        noise = student_noise(stream, np.array([0]), float(problem.errors[i]))[0]
        value = float(np.exp(logs[i] + noise))
        data.append(Datum(datum.term, replace(datum.observation, value=value)))
    return replace(problem, data=tuple(data))


def ranks(
    problem: Problem, count: int, *, seed: int = 1, settings: Settings | None = None, keep: int = 63
) -> tuple[NDArray[np.int64], Floats]:
    """Return the truths' ranks among ``keep`` posterior draws, (truth, number), and their scores.

    The second is the posterior probability below the truth, (truth, number).
    """
    settings = settings or Settings(particles=32)
    truths = Stream(seed, "truths").normal(np.arange(count), elements=problem.dimensions)[0]
    found = np.empty((count, len(problem.names)), np.int64)
    below = np.empty((count, len(problem.names)))
    for i in range(count):
        made = simulated(problem, truths[:, i], seed=seed * 100_003 + i)
        state = temper(made.loglik, made.dimensions, seed=seed * 100_003 + i, settings=settings)
        # Evenly spaced particles: neighbours descend from one another.
        chosen = (2 * np.arange(keep) + 1) * settings.size // (2 * keep)
        draws = state.z[: len(problem.names)]
        truth = truths[: len(problem.names), i]
        found[i] = (draws[:, chosen] < truth[:, None]).sum(axis=1)
        below[i] = (draws < truth[:, None]).mean(axis=1)
    return found, below


def uniform_p(ranks_of_one: NDArray[np.int64], keep: int = 63, bins: int = 8) -> float:
    """Return the chi-square p-value of uniform ranks from 0 to ``keep``, in equal bins."""
    counts = np.bincount(ranks_of_one * bins // (keep + 1), minlength=bins)
    expected = ranks_of_one.size / bins
    chi = float(((counts - expected) ** 2 / expected).sum())
    return float(gammaincc((bins - 1) / 2, chi / 2))
