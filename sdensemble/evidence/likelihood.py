"""Draws → log-likelihood: thousands of draws in one run of the kernel, no further than the data.

Forcing is off: its constants keep their neutral values. In its place each series has a
discrepancy, a stationary autoregression in the logarithm, and where the scopes differ a constant
bias. Both are coordinates of the whitened space beside the priors', so that what is left given
them is independent Student-t errors, and the sampler's particles carry the discrepancy on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

from sdengine.errors import SDError
from sdengine.kernel import Kernel
from sdengine.streams import Stream
from sdengine.syntax import Model
from sdensemble.ensemble.draws import column_names, constants_of, drawn_numbers
from sdensemble.ensemble.run import whole_years
from sdensemble.ensemble.worlds import apply as apply_scenario
from sdensemble.evidence.fixed_order import cholesky, correlated
from sdensemble.inputs.fit import FREEDOM, Fit, Term
from sdensemble.inputs.history import Observation
from sdensemble.inputs.priors import Priors
from sdensemble.inputs.scenarios import Scenario

Floats = NDArray[np.float64]
INSIDE = 2.0**-53


@dataclass(frozen=True)
class Datum:
    """One figure that is fitted: the term it belongs to, by index, and the observation."""

    term: int
    observation: Observation

    @property
    def year(self) -> int:
        """The year it speaks of."""
        return int(self.observation.time)


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything a fit depends on. ``settings`` are constants fixed by a variant.

    Coordinates of the whitened space, in this order: a number of the priors each, then for each
    term with figures its bias, where it has one, and its discrepancies, one for each figure.
    """

    kernel: Kernel
    priors: Priors
    fit: Fit
    data: tuple[Datum, ...]
    scenario: Scenario | None = None
    settings: Scenario | None = None
    threads: int | None = None

    @property
    def model(self) -> Model:
        """The model that is fitted."""
        return self.kernel.model

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the priors' numbers."""
        return column_names(self.priors, self.model)

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """The bias and discrepancies of each term that has figures."""
        found, at = [], len(self.names)
        for index, term in enumerate(self.fit.terms):
            rows = [i for i, datum in enumerate(self.data) if datum.term == index]
            if not rows:
                continue
            bias = at if term.bias_sd else None
            at += bias is not None
            first = at if term.discrepancy_sd else None
            at += len(rows) if first is not None else 0
            found.append(Latent(index, tuple(rows), bias, first))
        return tuple(found)

    @cached_property
    def told(self) -> NDArray[np.intp]:
        """Which figures speak of everything they rest on, by place: all that are not cut."""
        return np.array(
            [i for i, d in enumerate(self.data) if not self.fit.terms[d.term].informs], np.intp
        )

    @cached_property
    def cut(self) -> NDArray[np.intp]:
        """Which figures inform the constants their term names and nothing else, by place."""
        return np.setdiff1d(np.arange(len(self.data)), self.told)

    @cached_property
    def cut_coordinates(self) -> NDArray[np.intp]:
        """The coordinates of the whitened space that the cut figures inform."""
        terms = {self.data[i].term for i in self.cut}
        names = {name for index in terms for name in self.fit.terms[index].informs}
        own = 0
        found: list[int] = []
        for prior in self.priors.items:
            if prior.constant in names:
                found += range(own, own + prior.columns)
            own += prior.columns
        for one in self.latents:
            if one.term in terms:
                found += [] if one.bias is None else [one.bias]
                found += [] if one.first is None else range(one.first, one.first + len(one.rows))
        return np.array(sorted(found), np.intp)

    @property
    def dimensions(self) -> int:
        """How many coordinates the whitened space has."""
        more = sum(
            (one.bias is not None) + (len(one.rows) if one.first is not None else 0)
            for one in self.latents
        )
        return len(self.names) + more

    def numbers(self, z: Floats) -> Floats:
        """Return the priors' numbers, (column, particle), of particles of the whitened space."""
        uniforms = np.clip(ndtr(z[: len(self.names)]), INSIDE, 1 - INSIDE)
        return drawn_numbers(self.priors, uniforms)

    def constants(self, numbers: Floats) -> dict[str, Floats]:
        """Return the constants, (*ranges, particle), of the priors' numbers."""
        return constants_of(self.priors, self.model, numbers)

    def discrepancy(self, z: Floats) -> Floats:
        """Return bias plus discrepancy of each figure, (figure, particle), in logs."""
        total = np.zeros((len(self.data), z.shape[1]))
        for one in self.latents:
            term = self.fit.terms[one.term]
            rows = list(one.rows)
            if one.bias is not None:
                total[rows] += term.bias_sd * z[one.bias]
            if one.first is not None:
                total[rows] += self.wander(one, z)
        return total

    def wander(self, one: Latent, z: Floats) -> Floats:
        """Return the discrepancies of a term's figures without the bias, (figure, particle)."""
        assert one.first is not None
        return correlated(self._factors[one.term], z[one.first : one.first + len(one.rows)])

    @cached_property
    def _factors(self) -> dict[int, Floats]:
        """The triangular factor of each term's discrepancies, by the term's index."""
        found = {}
        for one in self.latents:
            term = self.fit.terms[one.term]
            times = np.array([self.data[i].observation.time for i in one.rows])
            if one.first is not None:
                found[one.term] = cholesky(term.discrepancy_sd**2 * correlation(term, times, times))
        return found

    @cached_property
    def years(self) -> tuple[int, ...]:
        """The years that figures speak of, in order."""
        return tuple(sorted({datum.year for datum in self.data}))

    def predicted(self, numbers: Floats, rows: NDArray[np.intp] | None = None) -> Floats:
        """Return the log of the model's number for figures (of ``rows``), (figure, particle)."""
        places = np.arange(len(self.data)) if rows is None else rows
        data = [self.data[i] for i in places]
        terms = sorted({datum.term for datum in data})
        last = max((datum.year for datum in data), default=0)
        series = predict(self, self.constants(numbers), terms, last)
        start = int(self.model.clock.start)
        found = np.array([series[d.term][d.year - start] for d in data])
        return found.reshape(len(data), -1) + self.shares[places][:, None]

    @cached_property
    def shares(self) -> Floats:
        """The log of the share of its year each figure speaks of, (figure,): 0 of a whole one."""
        parts = [self.fit.terms[d.term].part_of(d.observation) for d in self.data]
        return np.log([part.share if part else 1.0 for part in parts])

    @cached_property
    def errors(self) -> Floats:
        """The standard deviation of each figure's own error in logs, (figure,)."""
        return np.array([self.fit.terms[d.term].sd_of(d.observation) for d in self.data])

    def pointwise(self, z: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return the log density of the log of some figures, (figure, particle)."""
        seen = np.log([self.data[i].observation.value for i in rows])
        miss = seen[:, None] - self.predicted(self.numbers(z), rows) - self.discrepancy(z)[rows]
        return student(miss, self.errors[rows][:, None])

    def loglik(self, z: Floats) -> Floats:
        """Return the log-likelihood of particles (dimension, particle), cut figures left out."""
        if not self.told.size:
            return np.zeros(z.shape[1])
        return self.pointwise(z, self.told).sum(axis=0)

    def cut_loglik(self, z: Floats) -> Floats:
        """Return the log-likelihood of the figures that are cut, (particle,)."""
        return self.pointwise(z, self.cut).sum(axis=0)


@dataclass(frozen=True)
class Latent:
    """Where a term's bias and discrepancies stand in the whitened space."""

    term: int
    rows: tuple[int, ...]
    bias: int | None
    first: int | None


def correlation(term: Term, first: NDArray[Any], second: NDArray[Any]) -> Floats:
    """Return how far a term's discrepancies at times go together, (first, second)."""
    apart = np.abs(first[:, None] - second[None, :])
    return np.asarray(0.5 ** (apart / term.half_life))


def student(miss: Floats, sd: Floats) -> Floats:
    """Return the log density of Student-t errors of standard deviation ``sd``."""
    scale = sd * math.sqrt((FREEDOM - 2) / FREEDOM)
    constant = float(gammaln((FREEDOM + 1) / 2) - gammaln(FREEDOM / 2))
    constant -= 0.5 * math.log(FREEDOM * math.pi)
    return constant - np.log(scale) - (FREEDOM + 1) / 2 * np.log1p((miss / scale) ** 2 / FREEDOM)


def student_noise(stream: Stream, members: NDArray[np.int64], sd: float) -> Floats:
    """Return Student-t errors of standard deviation ``sd``, (member,)."""
    from scipy.special import stdtrit

    return np.asarray(
        sd * math.sqrt((FREEDOM - 2) / FREEDOM) * stdtrit(FREEDOM, stream.uniform(members)[0, 0])
    )


def predict(
    problem: Problem,
    constants: Mapping[str, Floats],
    terms: Sequence[int],
    last: int,
    *,
    held: Mapping[str, object] | None = None,
    ids: NDArray[np.int64] | None = None,
    scenario: Scenario | None = None,
) -> dict[int, Floats]:
    """Return the log of the model's number by term, (year, particle), through the year ``last``.

    Years count from the model's start. ``scenario`` replaces the one of the fit.
    """
    model = problem.model
    every, years = whole_years(model)
    steps = every * (last - years[0] + 1)
    count = next((array.shape[-1] for array in constants.values()), 1)
    chosen = [problem.fit.terms[i] for i in terms]
    ends = {t.variable for t in chosen if t.aggregate == "end"}
    sums = {t.variable for t in chosen if t.aggregate != "end"}
    sums |= {name for t in chosen for name in (*t.times, *t.over)}
    own: Mapping[str, Floats] = constants
    schedule: dict[str, object] = dict(held or {})
    for fixed in (problem.settings, scenario or problem.scenario):
        if fixed is not None:
            own, set_later = apply_scenario(fixed, model, own, count)
            schedule |= set_later
    run = problem.kernel.run(
        own,
        schedule,  # type: ignore[arg-type]
        report=sorted(ends),
        totals=sorted(sums),
        members=count,
        every=every,
        steps=steps,
        threads=problem.threads,
        ids=ids,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            index: np.log(_number(problem, term, run.values, run.totals))
            for index, term in zip(terms, chosen, strict=True)
        }


def _number(
    problem: Problem, term: Term, values: Mapping[str, Floats], totals: Mapping[str, Floats]
) -> Floats:
    """Return the model's number of a term, (year, particle)."""
    main = values[term.variable][1:] if term.aggregate == "end" else totals[term.variable]
    dims = problem.model[term.variable].dims
    total = np.zeros((main.shape[0], main.shape[-1]))
    for cell in term.cells:
        place: tuple[Any, ...] = (slice(None), *cell)
        part = main[place].copy()
        for names, sign in ((term.times, 1), (term.over, -1)):
            for name in names:
                other = totals[name]
                if problem.model[name].dims:
                    if problem.model[name].dims != dims:
                        told = '{term}: "{name}" has other ranges than the variable'
                        raise SDError(told, term=term.name, name=name)
                    other = other[place]
                part = part * other if sign > 0 else part / other
        total += part
    return term.factor * total
