"""Members given observations: from a posterior, or from whichever a study has."""

from __future__ import annotations

from dataclasses import replace

from sdengine.errors import SDError
from sdengine.syntax import Model
from sdensemble.ensemble.draws import Method
from sdensemble.ensemble.forcing import Forcing
from sdensemble.ensemble.members import MemberKey, Members, from_prior
from sdensemble.evidence.posterior import Posterior, posterior_draws, read_posterior
from sdensemble.evidence.stored import Chosen, choose, wanted_bound
from sdensemble.inputs.history import LATEST
from sdensemble.inputs.priors import Priors
from sdensemble.study import Study


def from_posterior(
    posterior: Posterior,
    priors: Priors,
    model: Model,
    forcing: Forcing | None,
    size: int,
    *,
    seed: int,
    as_of: str,
    rounds: int = 1,
) -> Members:
    """Return members drawn from a posterior, with shocks from the last observation on.

    A sample of several ``rounds`` begins with the members of one.

    Raises SDError for a ``size`` that is no multiple of the posterior's replicates.
    """
    later = replace(forcing, from_time=posterior.forecast_from) if forcing else None
    draws = posterior_draws(posterior, priors, model, size, seed, rounds=rounds)
    return Members(draws, later, MemberKey(as_of, posterior.digest))


def choose_members(
    study: Study,
    prior_set: str,
    size: int,
    *,
    seed: int,
    method: Method = "sobol",
    prior_only: bool = False,
) -> Members:
    """Return the members a run of the study has: of its vintage's posterior, or of the prior.

    Raises SDError where the stored posterior was made for other inputs, with the command that
    renews it.
    """
    chosen = choose_draws(study, prior_set, prior_only=prior_only)
    return chosen_members(study, chosen, prior_set, size, seed=seed, method=method)


def chosen_members(
    study: Study,
    chosen: Chosen,
    prior_set: str,
    size: int,
    *,
    seed: int,
    method: Method = "sobol",
    rounds: int = 1,
) -> Members:
    """Return members of a posterior where one is chosen, else of the prior.

    There are ``rounds`` times ``size``, and the first ``size`` are those of one round.
    """
    inputs = (study.priors(prior_set), study.model, study.forcing, size * rounds)
    as_of = study.information
    if chosen.posterior is None:
        return from_prior(*inputs, seed=seed, as_of=as_of, method=method, rounds=rounds)
    return from_posterior(chosen.posterior, *inputs, seed=seed, as_of=as_of, rounds=rounds)


def choose_draws(study: Study, prior_set: str, *, prior_only: bool = False) -> Chosen:
    """Return what a run draws its constants from: the posterior of its vintage, or the prior.

    One made of the same figures is found under whatever name it lies.
    """
    name = study.report.as_of or LATEST
    priors = study.priors(prior_set)
    try:
        chosen = choose(study, priors, name, prior_only=prior_only)
    except SDError:
        other = _same_data(study, priors, name)
        if other is None:
            raise
        return other
    if chosen.why == "none stored":
        return _same_data(study, priors, name) or chosen
    return chosen


def _same_data(study: Study, priors: Priors, name: str) -> Chosen | None:
    """Return a stored posterior that rests on the same figures and inputs as a vintage's."""
    if study.fit is None:
        return None
    wanted = wanted_bound(study, priors, name)
    for path in sorted((study.folder / "calibration").glob("posterior*.nc")):
        found = read_posterior(path)
        bound = found.bound
        if bound.prior_set != priors.name or bound.differs(wanted):
            continue
        return Chosen.of(found, study.information)
    return None
