"""Which posterior a run uses: the stored one of its vintage, or the prior, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdengine.syntax import Model
from sdensemble.evidence.posterior import (
    Bound,
    Posterior,
    bound_of,
    posterior_path,
    read_posterior,
    require_bound,
)
from sdensemble.inputs.fit import Fit, pick
from sdensemble.inputs.history import Observation, Vintage, vintage
from sdensemble.inputs.priors import Priors
from sdensemble.lang import Words, phrase
from sdensemble.study import Study


@dataclass(frozen=True, eq=False)
class Chosen:
    """What constants are drawn from: a posterior, or the prior where there is none, and why."""

    posterior: Posterior | None
    why: str
    words: Mapping[str, object]

    @classmethod
    def of(cls, posterior: Posterior, vintage: str) -> Chosen:
        """Return a stored posterior as what is drawn from, at an information date."""
        figures = len(posterior.figures)
        words = {"vintage": vintage, "figures": figures, "digest": posterior.digest}
        return cls(posterior, "posterior", words)

    @property
    def said(self) -> Words:
        """The reason as a sentence."""
        return phrase(f"posterior.{self.why.replace(' ', '_')}", **self.words)

    @property
    def key(self) -> str:
        """What a probability's key says of it: the posterior's digest, or "prior"."""
        return self.posterior.digest if self.posterior else "prior"


def command_of(study: Path, name: str, priors: Priors, default: str) -> str:
    """Return the command that makes the posterior of a vintage and prior set."""
    words = ["python run_sim.py calibrate"]
    words += [f"--study {study}"] if study != Path() and study != Path.cwd() else []
    words += [f"--as-of {name}"] if name != default else []
    words += [] if priors.first else [f"--prior {priors.name}"]
    return " ".join(words)


def fitted_rows(fit: Fit, known: Vintage, model: Model) -> tuple[Observation, ...]:
    """Return the rows of a vintage that a fit would use, term by term."""
    return tuple(o for rows in pick(fit.terms, known.fitted(), model).values() for o in rows)


def wanted_bound(study: Study, priors: Priors, name: str) -> Bound:
    """Return what a posterior of a vintage must be bound to."""
    fit, model = study.require_fit(), study.model
    rows = fitted_rows(fit, vintage(study.history, name), model)
    return bound_of(model, priors, fit, study.lived, rows, name)


def choose(study: Study, priors: Priors, name: str, *, prior_only: bool = False) -> Chosen:
    """Return the stored posterior of a vintage, or why there is none.

    Raises SDError where the stored one was made for another model, prior, fit or data, with the
    command that renews it.
    """
    fit = study.fit
    if prior_only:
        return Chosen(None, "asked", {})
    if fit is None or not fit.terms:
        return Chosen(None, "no fit", {})
    if not fitted_rows(fit, vintage(study.history, name), study.model):
        return Chosen(None, "no figure", {"vintage": name})
    command = command_of(study.folder, name, priors, fit.vintage)
    path = posterior_path(study.folder, name, priors, fit.vintage)
    if not path.is_file():
        return Chosen(None, "none stored", {"vintage": name, "command": command})
    wanted = wanted_bound(study, priors, name)
    return Chosen.of(require_bound(read_posterior(path), wanted, path, command), name)
