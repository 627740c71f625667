"""Store a second sampler's posterior beside ours: python -m tests.store_second_sampler (minutes).

emcee's stretch and differential-evolution moves on the reduced fit that simulation-based
calibration uses. (Its snooker move is left out: up to version 3.1.6 its acceptance rule is wrong.)
Needs the extra ``check``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdensemble import compile_model, open_study
from sdensemble.evidence.fitting import log_posterior, make_problem, mode
from sdensemble.evidence.likelihood import Problem
from sdensemble.evidence.smc import Settings, temper
from sdensemble.inputs.history import vintage
from tests.sbc import reduced

ROOT = Path(__file__).resolve().parent.parent
STORED = ROOT / "tests" / "golden" / "second-sampler.json"
COMMAND = "python -m tests.store_second_sampler"
WALKERS, STEPS, BURN = 160, 4000, 1000
Floats = NDArray[np.float64]
Moments = tuple[Floats, Floats, Floats]
"""Means, standard errors of the means and standard deviations, (coordinate,)."""


def problem(root: Path = ROOT) -> Problem:
    """Return the reduced fit of the study to all its figures."""
    study = open_study(root)
    assert study.fit is not None
    priors = reduced(study.priors(), study.fit.screened)
    figures = vintage(study.history, "latest").fitted()
    return make_problem(compile_model(study.model), priors, study.fit, figures, study.lived)


def ours(fit: Problem) -> Moments:
    """Return the moments by tempered sequential Monte Carlo; errors from its replicates."""
    settings = Settings()
    z = temper(fit.loglik, fit.dimensions, seed=1, settings=settings).z
    means = z.reshape(fit.dimensions, settings.replicates, -1).mean(axis=2)
    error = means.std(axis=1, ddof=1) / math.sqrt(settings.replicates)
    return z.mean(axis=1), error, z.std(axis=1)


def theirs(fit: Problem, steps: int = STEPS, burn: int = BURN) -> Moments:
    """Return the moments by emcee; errors from the time a coordinate takes to forget itself."""
    import emcee

    moves = [(emcee.moves.StretchMove(), 0.4), (emcee.moves.DEMove(), 0.6)]
    sampler = emcee.EnsembleSampler(
        WALKERS,
        fit.dimensions,
        lambda z: log_posterior(fit, np.ascontiguousarray(z.T)),
        moves=moves,
        vectorize=True,
    )
    sampler.random_state = np.random.RandomState(1).get_state()
    # Around the mode, about as wide as the prior: in most directions wider than the posterior.
    spread = np.random.default_rng(1).standard_normal((WALKERS, fit.dimensions))
    start = mode(fit)[0] + spread
    sampler.run_mcmc(start, steps + burn)
    forgets = sampler.get_autocorr_time(discard=burn, tol=0)
    z = sampler.get_chain(discard=burn, flat=True)
    return z.mean(axis=0), z.std(axis=0) * np.sqrt(forgets / len(z)), z.std(axis=0)


def run(steps: int = STEPS, burn: int = BURN) -> dict[str, object]:
    """Return both samplers' moments of every coordinate of the whitened space."""
    fit = problem()
    names = [*fit.names, *(f"error {i}" for i in range(fit.dimensions - len(fit.names)))]
    both = {"ours": ours(fit), "emcee": theirs(fit, steps, burn)}
    moments = ("mean", "error", "sd")
    return {
        "command": COMMAND,
        "draws": {"ours": Settings().size, "emcee": WALKERS * steps},
        "coordinates": {
            name: {
                sampler: {m: round(float(v[i]), 5) for m, v in zip(moments, found, strict=True)}
                for sampler, found in both.items()
            }
            for i, name in enumerate(names)
        },
    }


if __name__ == "__main__":
    STORED.write_text(json.dumps(run(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(STORED.read_text(encoding="utf-8"))
