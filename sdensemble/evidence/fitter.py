"""One way of fitting a study, the same for every vintage, and what forecasts come from."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model
from sdensemble.ensemble.members import Members, from_prior
from sdensemble.evidence.fitting import Progress, fit_key, fit_posterior, problem_of, settings_of
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.members import from_posterior
from sdensemble.evidence.posterior import Posterior, bound_of, read_posterior, write_posterior
from sdensemble.evidence.predictive import Source
from sdensemble.evidence.smc import Settings
from sdensemble.evidence.stored import Chosen, choose, fitted_rows
from sdensemble.inputs.history import Vintage
from sdensemble.inputs.priors import Priors
from sdensemble.lang import Tell, phrase
from sdensemble.study import Study


@dataclass(frozen=True, eq=False)
class Fitter:
    """A study with its kernel, and how it is fitted: prior set, sampler's settings and seed.

    ``tell`` is told what is fitted anew, which lies in the folder ``kept`` until the verb has
    finished (``going_on``).
    """

    study: Study
    kernel: Kernel
    prior_set: str
    settings: Settings
    seed: int = 1
    tell: Tell | None = None
    kept: Path | None = None

    @classmethod
    def of(
        cls,
        study: Study,
        prior_set: str,
        particles: int,
        threads: int | None,
        seed: int,
        tell: Tell | None = None,
        kept: Path | None = None,
    ) -> Fitter:
        """Return a way of fitting with so many particles in all; SDError for too few."""
        settings = settings_of(particles, threads)
        return cls(study, compile_model(study.model), prior_set, settings, seed, tell, kept)

    @property
    def priors(self) -> Priors:
        """The priors of its set."""
        return self.study.priors(self.prior_set)

    def problem(self, known: Vintage) -> Problem:
        """Return what is to be fitted in a vintage."""
        return problem_of(self.study, self.kernel, self.prior_set, known, self.settings.threads)

    def stored(self, name: str) -> Chosen:
        """Return the stored posterior of a vintage, or why there is none; SDError as ``choose``.

        It may hold more particles than a fit made here: as many members are drawn of it.
        """
        return choose(self.study, self.priors, name)

    def fit(
        self,
        problem: Problem,
        known: Vintage,
        *,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Posterior:
        """Return the posterior of a problem in a vintage.

        ``progress`` is told each power of the likelihood with a line.
        """
        rows = fitted_rows(problem.fit, known, problem.model)
        inputs = (problem.model, problem.priors, problem.fit, problem.scenario)
        bound = bound_of(*inputs, rows, known.name)
        place = None
        if self.kept is not None:
            place = self.kept / f"{fit_key(bound, self.seed, self.settings)}.nc"
            with contextlib.suppress(SDError):
                return read_posterior(place)
            checkpoint = place.with_suffix(".npz")
        found = fit_posterior(
            problem,
            bound,
            seed=self.seed,
            settings=self.settings,
            checkpoint=checkpoint,
            progress=progress,
        )
        if place is not None:
            write_posterior(place, found)
        return found

    def members(
        self, posterior: Posterior | None, as_of: str, problem: Problem | None = None
    ) -> Members:
        """Return the members a forecast is made with; of the prior where there is no posterior.

        Of the study's priors and model, or of those of a ``problem``.
        """
        settings, seed = self.settings, self.seed
        own = problem or self
        inputs = (own.priors, own.kernel.model, self.study.forcing, settings.size)
        if posterior is None:
            return from_prior(*inputs, seed=seed, as_of=as_of, replicates=settings.replicates)
        return from_posterior(posterior, *inputs, seed=seed, as_of=as_of)

    def source(
        self, known: Vintage, problem: Problem | None = None, posterior: Posterior | None = None
    ) -> Source:
        """Return what forecasts from a vintage come from: its posterior, the prior without data."""
        problem = problem or self.problem(known)
        if problem.data and posterior is None:
            posterior = self.fit(problem, known)
        return Source(problem, self.members(posterior, known.name, problem), posterior)

    def blind(self, known: Vintage) -> Source:
        """Return what forecasts come from that know the prior alone."""
        problem = self.problem(known)
        return Source(problem, self.members(None, known.name), None)

    def stored_source(self, known: Vintage) -> Source:
        """Return what forecasts come from: a vintage's stored posterior, or one fitted here."""
        problem, chosen = self.problem(known), self.stored(known.name)
        if self.tell and chosen.posterior is None and problem.data:
            self.tell(phrase("evidence.fitting", n=len(problem.data), vintage=known.name))
        return self.source(known, problem, chosen.posterior)
