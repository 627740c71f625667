"""What a fit taught: effective size, shrinkage, profiles, predictive checks, Theil, residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sdensemble.calibration.fitting import mode
from sdensemble.calibration.likelihood import Problem, student_noise
from sdensemble.calibration.posterior import Posterior
from sdensemble.calibration.smc import log_evidence
from sdensemble.rng import Stream

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
    normal; ``shift`` the posterior mean there, in prior standard deviations; ``effective`` the
    number of independent draws behind the posterior mean. Quantiles 5, 50, 95% in its own unit.
    """

    name: str
    shrinkage: float
    shift: float
    effective: float
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]

    @property
    def prior_only(self) -> bool:
        """True where the data say nothing of it."""
        return self.shrinkage < PRIOR_ONLY


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

    ``prior`` and ``posterior`` are 5, 50, 95% of the predictive, discrepancy and error included;
    ``pit`` the share of the prior predictive below the figure, ``posterior_pit`` of the
    posterior's. ``residual`` is the log of the figure over the model's median number, before the
    discrepancy; ``discrepancy`` its posterior mean.
    """

    series: str
    year: int
    value: float
    unit: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    pit: float
    posterior_pit: float
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


def effective_size(values: Floats, replicates: int) -> float:
    """Return how many independent draws the mean of values (particle,) is worth.

    From the spread of the replicates' means, which is their own Monte Carlo error; at most the
    number of particles. With R replicates it is itself known within a factor of about
    1 ± sqrt(2 / R).
    """
    means = values.reshape(replicates, -1).mean(axis=1)
    error = float(means.var(ddof=1)) / replicates
    total = float(values.var())
    if total <= 0:
        return float(values.size)
    return float(values.size) if error <= 0 else min(total / error, float(values.size))


def prior_numbers(problem: Problem, count: int = DRAWS, seed: int = 1) -> tuple[Floats, Floats]:
    """Return draws of the prior: whitened (dimension, draw), and the numbers (column, draw)."""
    stream = Stream(seed, "prior predictive")
    z = stream.normal(np.arange(count), elements=max(problem.dimensions, 1))[0]
    return z, problem.numbers(z)


def score_of(sorted_prior: Floats, values: Floats) -> Floats:
    """Return normal scores of values in a sample of the prior (sorted)."""
    rank = (np.searchsorted(sorted_prior, values, side="left")
            + np.searchsorted(sorted_prior, values, side="right")) / 2  # fmt: skip
    return ndtri((rank + 0.5) / (sorted_prior.size + 1))


def diagnose(problem: Problem, posterior: Posterior, *, profiles: bool = True) -> Diagnosis:
    """Return what is to be said of a posterior; ``profiles`` takes the most time."""
    z, numbers = prior_numbers(problem)
    learned = tuple(
        _learned(name, np.sort(numbers[i]), posterior.numbers[i], posterior.replicates)
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
    )


def _learned(name: str, prior: Floats, values: Floats, replicates: int) -> Learned:
    scores = score_of(prior, values)
    return Learned(
        name,
        float(1 - scores.var() / score_of(prior, prior).var()),
        float(scores.mean()),
        effective_size(values, replicates),
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
    after = posterior.predicted + posterior.discrepancy
    found = []
    for i, datum in enumerate(problem.data):
        term, one = problem.fit.terms[datum.term], datum.observation
        sides = []
        for side, values in (("prior", before[i]), ("posterior", after[i])):
            ids = np.arange(values.size)
            noise = student_noise(Stream(1, f"check {side}").sub(f"{i}"), ids, term.sd)
            sides.append(np.exp(values + noise))
        found.append(
            Check(
                term.name,
                datum.year,
                one.value,
                one.unit,
                _three(sides[0]),
                _three(sides[1]),
                float((sides[0] < one.value).mean()),
                float((sides[1] < one.value).mean()),
                float(np.log(one.value) - np.median(posterior.predicted[i])),
                float(posterior.discrepancy[i].mean()),
            )
        )
    return tuple(found)


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
    series: dict[str, list[int]] = {}
    for i, figure in enumerate(posterior.figures):
        series.setdefault(f"{figure['measure']}/{figure['sector']}", []).append(i)
    found = []
    for name, rows in series.items():
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
