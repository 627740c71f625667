"""Forecasts of a statistic from a posterior or the prior: shocks drawn, discrepancy carried on.

Up to the last observation of a series that leads, the discrepancy stands for the shocks; from
there on the forcing draws them. So the discrepancy has two parts, of one half-life: that of the
shocks (``shock_share`` of its variance), which from there on only fades, and that of the scope
and of what the model leaves out, which goes on with shocks of its own: a stationary
autoregression given what the figures told of it. The constant bias between scopes stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sdengine.streams import Stream
from sdensemble.ensemble.forcing import sample
from sdensemble.ensemble.members import Members
from sdensemble.evidence.fixed_order import cholesky, correlated, invert
from sdensemble.evidence.likelihood import Problem, correlation, predict, student, student_noise
from sdensemble.evidence.posterior import Posterior, particles_of
from sdensemble.evidence.scores import Score, score_draws
from sdensemble.inputs.fit import Term
from sdensemble.inputs.history import Observation
from sdensemble.inputs.scenarios import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Source:
    """Where forecasts come from: members, and the posterior they are of (None: the prior)."""

    problem: Problem
    members: Members
    posterior: Posterior | None

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The numbers of the members, shape (member,)."""
        return np.arange(self.members.size)

    @cached_property
    def particles(self) -> NDArray[np.int64]:
        """Which particle of the posterior each member is, shape (member,)."""
        assert self.posterior is not None
        return particles_of(self.posterior, self.members.size).ids(self.ids)

    def stream(self, name: str) -> Stream:
        """Return random numbers of the members, by a name."""
        return Stream(self.members.seed, name)


def forecast_logs(
    source: Source,
    terms: Sequence[int],
    last: int,
    scenario: Scenario | None = None,
    *,
    shocks: bool = True,
) -> dict[int, Floats]:
    """Return the log of each term's model number, (year, member), shocks drawn where known not.

    Without the discrepancy; years count from the model's start.
    """
    members, problem, ids = source.members, source.problem, source.ids
    held = (
        sample(members.forcing, problem.model, ids, seed=members.seed)
        if members.forcing and shocks
        else {}
    )
    values = members.draws.values
    return predict(problem, values, terms, last, held=held, ids=ids, scenario=scenario)


def carried(source: Source, index: int, last: int) -> Floats:
    """Return the bias plus discrepancy of a term, (year, member), in logs, through ``last``.

    Years count from the model's start. Given the discrepancies of the term's figures, where the
    source has a posterior with any; without figures the process starts from its stationary law.
    """
    return bias_of(source, index) + wander(source, index, last)


def bias_of(source: Source, index: int) -> Floats:
    """Return the constant bias between the scopes of a term's figures and number, (member,)."""
    term = source.problem.fit.terms[index]
    rows = _rows(source, index)
    if source.posterior is not None and rows:
        return source.posterior.bias[rows[0]][source.particles]
    stream = source.stream("carried").sub(term.name).sub("bias")
    return term.bias_sd * stream.normal(source.ids)[0, 0]


def wander(source: Source, index: int, last: int) -> Floats:
    """Return the discrepancy of a term without its bias, (year, member), in logs."""
    term, start = source.problem.fit.terms[index], int(source.problem.model.clock.start)
    years = np.arange(start, last + 1)
    if not term.discrepancy_sd:
        return np.zeros((years.size, source.ids.size))
    stream = source.stream("carried").sub(term.name)
    whole = _path(source, index, years, stream.sub("whole"), given=True)
    share = term.shock_share if source.members.forcing is not None else 0.0
    drawn = shocks_drawn_from(source)
    if not share or drawn > last:
        return whole
    # The two parts given their sum: its share, and a process of its own that cancels in the sum.
    apart = math.sqrt(share * (1 - share)) * _path(source, index, years, stream.sub("apart"))
    shocks = share * whole - apart
    kept = whole - shocks
    before = math.ceil(drawn) - 1 - start  # the last year whose shocks are not drawn
    for i in range(max(before + 1, 0), years.size):
        left = 0.5 ** ((i - before) / term.half_life)
        shocks[i] = shocks[before] * left if before >= 0 else 0.0
    return kept + shocks


def shocks_drawn_from(source: Source) -> float:
    """Return the time from which the source's shocks are drawn."""
    post = source.posterior
    return post.forecast_from if post is not None else source.problem.model.clock.start


def _rows(source: Source, index: int) -> list[int]:
    """Return which of the posterior's figures are of a term."""
    term, post = source.problem.fit.terms[index], source.posterior
    return post.rows_of(term.name) if post else []


def _path(
    source: Source, index: int, years: NDArray[np.int64], stream: Stream, *, given: bool = False
) -> Floats:
    """Return a stationary path of a term's discrepancy, (year, member).

    With ``given`` it goes through what the posterior's figures have: a free path, moved by the
    regression of every year on the figures' years (Matheron's rule).
    """
    term = source.problem.fit.terms[index]
    factor = cholesky(_covariance(term, years, years))
    path = correlated(factor, stream.normal(source.ids, steps=years.size)[:, 0])
    rows = _rows(source, index) if given else []
    post = source.posterior
    if post is None or not rows:
        return path
    seen = np.array([int(post.figures[i]["year"]) for i in rows])
    inverse = invert(cholesky(_covariance(term, seen, seen)))
    gain = np.einsum("ik,lk->il", _covariance(term, years, seen), inverse)
    gain = np.einsum("il,lj->ij", gain, inverse)
    moved = path.copy()
    for j, row in enumerate(rows):
        at = np.flatnonzero(years == seen[j])
        if at.size:
            miss = (post.discrepancy[row] - post.bias[row])[source.particles] - path[at[0]]
            moved += gain[:, j][:, None] * miss
    return moved


def _covariance(term: Term, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
    return term.discrepancy_sd**2 * correlation(term, first, second)


def error_draws(source: Source, index: int, year: int, sd: float | None = None) -> Floats:
    """Return draws of the error of one figure of a term, (member,), in logs."""
    term = source.problem.fit.terms[index]
    stream = source.stream("error").sub(f"{term.name} {year}")
    return student_noise(stream, source.ids, term.sd if sd is None else sd)


def score_figure(source: Source, index: int, centre: Floats, observation: Observation) -> Score:
    """Score the forecast of one figure; ``centre`` (member,) is the model's number in logs with
    its bias and discrepancy."""
    term = source.problem.fit.terms[index]
    part, sd = term.part_of(observation), term.sd_of(observation)
    centre = centre + math.log(part.share if part else 1.0)
    noise = error_draws(source, index, int(observation.time), sd)
    good = np.isfinite(centre)
    value = observation.value
    density = student(np.log(value) - centre[good], np.full(int(good.sum()), sd))
    return score_draws((centre + noise)[good], density, value, source.members.replicate[good])
