"""Scores of a forecast given as draws or as a lognormal, against the figure that came later."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sdensemble.results.estimate import error_of
from sdensemble.results.jackknife import mean_with_error, measured

Floats = NDArray[np.float64]
BANDS = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Score:
    """How one forecast did.

    ``crps`` is the continuous ranked probability score of the logarithm: about the relative
    error, smaller is better. ``log_score`` is the log density of the logarithm at the figure,
    greater is better. ``pit`` is the forecast's probability below the figure; ``inside`` tells
    for each of BANDS whether the central interval holds it. Of draws, ``median_error`` and
    ``pit_error`` are Monte Carlo errors and ``parts`` is the CRPS of each independent repetition
    alone. Source: Gneiting and Raftery (2007).
    """

    low: float
    median: float
    high: float
    crps: float
    log_score: float
    pit: float
    inside: tuple[bool, ...]
    median_error: float = 0.0
    pit_error: float = 0.0
    parts: tuple[float, ...] = ()

    @property
    def error(self) -> float:
        """Monte Carlo error of the CRPS; 0 of a forecast that is a formula."""
        return error_of(np.array(self.parts)) if self.parts else 0.0


def crps_of(draws: Floats, seen: float) -> float:
    """Return the CRPS of draws, E|X - y| - E|X - X'| / 2, in the unit of the draws."""
    ordered = np.sort(draws)
    n = ordered.size
    weights = 2 * np.arange(1, n + 1) - n - 1
    apart = float((weights * ordered).sum()) / (n * n)
    return float(np.abs(draws - seen).mean()) - apart


def crps_normal(mean: float, sd: float, seen: float) -> float:
    """Return the CRPS of a normal distribution."""
    z = (seen - mean) / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float(sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi)))


def score_draws(logs: Floats, density: Floats, seen: float, replicate: NDArray[np.int64]) -> Score:
    """Score draws of a logarithm; ``density`` is each draw's own log density at the figure.

    The log score is the log of the mean density: a mixture over draws, no smoothing. ``seen`` is
    the figure in its unit. Errors come from the replicates.
    """
    y = math.log(seen)
    top = float(density.max())
    log_score = top + math.log(float(np.exp(density - top).mean()))
    pit = mean_with_error((logs < y).astype(float), replicate)
    low, median, high = np.exp(np.quantile(logs, [0.05, 0.5, 0.95]))
    middle = measured(lambda some: np.median(logs[some]), replicate)
    return Score(
        float(low),
        float(median),
        float(high),
        crps_of(logs, y),
        log_score,
        pit.value,
        inside(pit.value),
        float(median) * middle.se,
        pit.se,
        tuple(crps_of(logs[replicate == name], y) for name in np.unique(replicate)),
    )


def score_normal(mean: float, sd: float, seen: float) -> Score:
    """Score a forecast whose logarithm is normal."""
    y = math.log(seen)
    z = (y - mean) / sd
    pit = float(ndtr(z))
    log_score = -z * z / 2 - math.log(sd) - math.log(2 * math.pi) / 2
    half = float(ndtri(0.95)) * sd
    return Score(
        math.exp(mean - half),
        math.exp(mean),
        math.exp(mean + half),
        crps_normal(mean, sd, y),
        log_score,
        pit,
        inside(pit),
    )


def inside(pit: float) -> tuple[bool, ...]:
    """Tell for each of BANDS whether a figure at this place lies in the central interval."""
    return tuple(abs(pit - 0.5) <= band / 2 for band in BANDS)
