"""What a fit taught: effective size, shrinkage, profiles, predictive checks, Theil, residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from sdengine.streams import Stream
from sdensemble.evidence.fitting import mode
from sdensemble.evidence.likelihood import Problem, correlation, student, student_noise
from sdensemble.evidence.posterior import Posterior
from sdensemble.evidence.smc import effective_number, log_evidence
from sdensemble.inputs.fit import FREEDOM
from sdensemble.results.estimate import error_of

Floats = NDArray[np.float64]
PRIOR_ONLY = 0.1
"""Below this shrinkage the data say nothing of a constant: it is "prior only"."""
DRAWS = 16384
GRID = (-2.0, -1.0, 0.0, 1.0, 2.0)
FLAT = 1.92
"""A profile that falls by less is flat: half the 95% point of chi-square with one degree."""


@dataclass(frozen=True)
class Learned:
    """What was learned of one number of the priors.

    ``shrinkage`` is 1 - var(posterior) / var(prior) on the scale where the prior is standard
    normal, ``error`` its Monte Carlo error; ``shift`` the posterior mean there, in prior standard
    deviations; ``effective`` the number of independent draws behind the posterior mean, no more
    than there are distinct particles. Quantiles 5, 50, 95% in its own unit.
    """

    name: str
    shrinkage: float
    error: float
    shift: float
    effective: float
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]

    @property
    def prior_only(self) -> bool:
        """True where the data say nothing of it: not above PRIOR_ONLY by two errors."""
        return self.shrinkage - 2 * self.error <= PRIOR_ONLY


@dataclass(frozen=True)
class Profile:
    """The best log posterior density with one number held at places of its prior.

    ``at`` are quantile scores of the prior; ``height`` relative to the mode; ``likelihood`` the
    log-likelihood there relative to the best. Flat: not identified, keep the prior.
    """

    name: str
    at: tuple[float, ...]
    values: tuple[float, ...]
    likelihood: tuple[float, ...]

    @property
    def flat(self) -> bool:
        """True where the likelihood hardly falls within two prior standard deviations."""
        return max(self.likelihood) - min(self.likelihood) < FLAT


@dataclass(frozen=True)
class Check:
    """One figure against its predictive distributions, all in its unit.

    ``prior`` and ``posterior`` are 5, 50, 95% of the predictive, error and a fresh discrepancy
    included: given those of the series' other figures, not the one found for this figure, which
    could not miss it. ``pit`` is the share of the prior predictive below the figure,
    ``posterior_pit`` of the predictive of a posterior that leaves this figure out, by importance
    weights worth ``effective`` draws. ``residual`` is the log of the figure over the model's
    median number, before the discrepancy; ``discrepancy`` its posterior mean.
    """

    series: str
    year: int
    value: float
    unit: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    pit: float
    posterior_pit: float
    effective: float
    residual: float
    discrepancy: float


@dataclass(frozen=True)
class Theil:
    """Theil's shares of a series' mean squared error: bias, unequal variation, covariation."""

    series: str
    figures: int
    error: float
    bias: float
    variation: float
    covariation: float


@dataclass(frozen=True)
class Residual:
    """The log of a figure over the model's number, 5, 50, 95% of the posterior, with its year."""

    series: str
    year: int
    logs: tuple[float, float, float]


@dataclass(frozen=True)
class Diagnosis:
    """Everything a calibration says of itself."""

    learned: tuple[Learned, ...]
    profiles: tuple[Profile, ...]
    checks: tuple[Check, ...]
    theil: tuple[Theil, ...]
    effective: float
    evidence: float
    evidence_error: float
    worst_memory: float
    moves: int
    distinct: int
    residuals: tuple[Residual, ...] = ()


def effective_size(values: Floats, replicates: int, distinct: int | None = None) -> float:
    """Return how many independent draws the mean of values (particle,) is worth.

    From the spread of the replicates' means, which is their own Monte Carlo error; at most the
    number of distinct particles, by default of distinct values. With R replicates it is itself
    known within a factor of about 1 ± sqrt(2 / R).
    """
    most = float(np.unique(values).size if distinct is None else distinct)
    means = values.reshape(replicates, -1).mean(axis=1)
    error = float(means.var(ddof=1)) / replicates
    total = float(values.var())
    if total <= 0 or error <= 0:
        return most
    return min(total / error, most)


def prior_numbers(problem: Problem, count: int = DRAWS, seed: int = 1) -> tuple[Floats, Floats]:
    """Return draws of the prior: whitened (dimension, draw), and the numbers (column, draw)."""
    stream = Stream(seed, "prior predictive")
    z = stream.normal(np.arange(count), elements=max(problem.dimensions, 1))[0]
    return z, problem.numbers(z)


def score_of(sorted_prior: Floats, values: Floats) -> Floats:
    """Return normal scores of values in a sample of the prior (sorted)."""
    rank = (
        np.searchsorted(sorted_prior, values, side="left")
        + np.searchsorted(sorted_prior, values, side="right")
    ) / 2
    return ndtri((rank + 0.5) / (sorted_prior.size + 1))


def diagnose(problem: Problem, posterior: Posterior, *, profiles: bool = True) -> Diagnosis:
    """Return what is to be said of a posterior; ``profiles`` takes the most time."""
    z, numbers = prior_numbers(problem)
    distinct = int(np.unique(posterior.packed, axis=1).shape[1])
    learned = tuple(
        _learned(name, np.sort(numbers[i]), posterior.numbers[i], posterior.replicates, distinct)
        for i, name in enumerate(posterior.names)
    )
    first = [one.effective for one in sorted(learned, key=lambda one: -one.shrinkage)[:10]]
    return Diagnosis(
        learned,
        _profiles(problem) if profiles else (),
        _checks(problem, posterior, z, numbers),
        _theil(posterior),
        float(np.median(first)) if first else 0.0,
        *log_evidence(posterior.evidence),
        max((stage.memory for stage in posterior.stages), default=0.0),
        sum(stage.moves for stage in posterior.stages),
        distinct,
        _residuals(posterior),
    )


def _learned(name: str, prior: Floats, values: Floats, replicates: int, distinct: int) -> Learned:
    scores = score_of(prior, values)
    before = float(score_of(prior, prior).var())
    shrinkage = 1 - float(scores.var()) / before
    each = 1 - scores.reshape(replicates, -1).var(axis=1) / before
    # The prior's variance is of a sample too.
    error = math.hypot(error_of(each), (1 - shrinkage) * math.sqrt(2 / prior.size))
    return Learned(
        name,
        shrinkage,
        error,
        float(scores.mean()),
        effective_size(values, replicates, distinct),
        _three(prior),
        _three(values),
    )


def _three(values: Floats) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def _checks(
    problem: Problem, posterior: Posterior, z: Floats, numbers: Floats
) -> tuple[Check, ...]:
    if not problem.data:
        return ()
    before = problem.predicted(numbers) + problem.discrepancy(z)
    found = []
    for i, datum in enumerate(problem.data):
        term, one = problem.fit.terms[datum.term], datum.observation
        error, seen = float(problem.errors[i]), math.log(one.value)
        ids = np.arange(before.shape[1])
        noise = student_noise(Stream(1, "check prior").sub(f"{i}"), ids, error)
        prior = np.exp(before[i] + noise)
        centre, spread = expected_without(problem, posterior, i)
        stream = Stream(1, "check posterior").sub(f"{i}")
        ids = np.arange(centre.size)
        fresh = centre + spread * stream.sub("discrepancy").normal(ids)[0, 0]
        after = np.exp(fresh + student_noise(stream.sub("error"), ids, error))
        pit, effective = pit_without(centre, spread, error, seen)
        found.append(
            Check(
                term.name,
                datum.year,
                one.value,
                one.unit,
                _three(prior),
                _three(after),
                float((prior < one.value).mean()),
                pit,
                effective,
                float(seen - np.median(posterior.predicted[i])),
                float(posterior.discrepancy[i].mean()),
            )
        )
    return tuple(found)


def expected_without(problem: Problem, posterior: Posterior, row: int) -> tuple[Floats, float]:
    """Return where a figure is expected by each particle, and the sd around it, in logs.

    The discrepancy is that of the term's other figures, carried on; with no other figure the
    bias, too, is as unknown as before.
    """
    index = problem.data[row].term
    term = problem.fit.terms[index]
    others = [i for i, d in enumerate(problem.data) if d.term == index and i != row]
    centre = posterior.predicted[row].copy()
    if not others:
        return centre, math.hypot(term.discrepancy_sd, term.bias_sd)
    centre += posterior.bias[row]
    if not term.discrepancy_sd:
        return centre, 0.0
    times = np.array([problem.data[i].observation.time for i in (row, *others)])
    near = correlation(term, times, times)
    gain = np.linalg.solve(near[1:, 1:], near[1:, 0])
    for weight, i in zip(gain, others, strict=True):
        centre += weight * (posterior.discrepancy[i] - posterior.bias[i])
    left = max(1 - float((gain * near[1:, 0]).sum()), 0.0)
    return centre, term.discrepancy_sd * math.sqrt(left)


def without_weights(
    centre: Floats, spread: float, error: float, seen: float
) -> tuple[Floats, Floats]:
    """Return the weights that leave a figure out, and the predictive share below it, (particle,).

    ``centre`` (particle,) is where each particle expects the log ``seen``, ``spread`` the sd of a
    normal around it, ``error`` that of the Student-t error. Weights are the inverse density of the
    figure, the normal integrated out by quadrature, at most 1; 0 where the density is none.
    Source: Gelfand, Dey and Chang (1992).
    """
    nodes, shares = np.polynomial.hermite_e.hermegauss(31)
    shares = shares / shares.sum()
    if spread <= 0:
        nodes, shares = np.zeros(1), np.ones(1)
    miss = seen - centre[None, :] - spread * nodes[:, None]
    density = (shares[:, None] * np.exp(student(miss, np.full((1, 1), error)))).sum(axis=0)
    scale = error * math.sqrt((FREEDOM - 2) / FREEDOM)
    below = (shares[:, None] * stdtr(FREEDOM, miss / scale)).sum(axis=0)
    good = np.isfinite(density) & (density > 0)
    weights = np.zeros(centre.size)
    if good.any():
        weights[good] = density[good].min() / density[good]
    return weights, below


def pit_without(centre: Floats, spread: float, error: float, seen: float) -> tuple[float, float]:
    """Return the leave-one-out PIT of a figure, and how many draws its weights are worth."""
    weights, below = without_weights(centre, spread, error, seen)
    good = weights > 0
    if not good.any():
        return float("nan"), 0.0
    pit = float((weights[good] * below[good]).sum() / weights.sum())
    return pit, effective_number(weights)


def _residuals(posterior: Posterior) -> tuple[Residual, ...]:
    return tuple(
        Residual(
            figure["series"],
            int(figure["year"]),
            _three(np.log(figure["value"]) - posterior.predicted[i]),
        )
        for i, figure in enumerate(posterior.figures)
    )


def theil_shares(seen: Floats, fitted: Floats) -> tuple[float, float, float, float]:
    """Return (mean squared error, bias, variation, covariation); the last three sum to 1.

    Source: Theil (1966), Applied economic forecasting; Sterman (1984).
    """
    error = float(((fitted - seen) ** 2).mean())
    if error <= 0:
        return 0.0, 0.0, 0.0, 0.0
    bias = float((fitted.mean() - seen.mean()) ** 2) / error
    spread_fitted, spread_seen = float(fitted.std()), float(seen.std())
    variation = (spread_fitted - spread_seen) ** 2 / error
    return error, bias, variation, max(1 - bias - variation, 0.0)


def _theil(posterior: Posterior) -> tuple[Theil, ...]:
    """Return Theil's shares of each series with at least two figures, in logs."""
    found = []
    for name in dict.fromkeys(figure["series"] for figure in posterior.figures):
        rows = posterior.rows_of(name)
        if len(rows) < 2:
            continue
        seen = np.log([posterior.figures[i]["value"] for i in rows])
        fitted = np.median(posterior.predicted[rows], axis=1)
        found.append(Theil(name, len(rows), *theil_shares(seen, fitted)))
    return tuple(found)


def _profiles(problem: Problem) -> tuple[Profile, ...]:
    """Return the profile of each screened number, at five places of its prior."""
    top, _ = mode(problem)
    found = []
    for name in problem.fit.screened:
        if name not in problem.names:
            continue
        column = problem.names.index(name)
        at, values, heights = [], [], []
        for score in GRID:
            start = top.copy()
            start[column] = score
            best, _ = mode(problem, start, hold=column, most=25)
            at.append(score)
            values.append(float(problem.numbers(best[:, None])[column, 0]))
            # What the other coordinates cost counts, what this one costs is the prior's.
            others = float((best**2).sum() - best[column] ** 2) / 2
            heights.append(float(problem.loglik(best[:, None])[0]) - others)
        high = max(heights)
        found.append(Profile(name, tuple(at), tuple(values), tuple(h - high for h in heights)))
    return tuple(found)
