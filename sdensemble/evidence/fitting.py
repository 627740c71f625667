"""From observations to a Posterior: the mode by optimisation, then the sampler; resumable.

The mode comes first: it is told, kept with the draws (``map``), and is where the profiles and the
second sampler start. Our own sampler starts from the prior, as its evidence demands, and
knows nothing of the mode: a particle that stands higher says that the mode was not found.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, SDError
from sdengine.kernel import Kernel, default_threads
from sdensemble import __version__
from sdensemble.evidence.cut import draw_cut, require_apart
from sdensemble.evidence.likelihood import Datum, Problem, student
from sdensemble.evidence.posterior import Bound, Posterior, pack, unpack
from sdensemble.evidence.smc import Settings, State, from_arrays, prior_particles, temper
from sdensemble.inputs.fit import Fit, check_units, pick
from sdensemble.inputs.folder import whole_file
from sdensemble.inputs.history import Observation, Vintage
from sdensemble.inputs.priors import Priors
from sdensemble.inputs.scenarios import Scenario
from sdensemble.lang import Words, phrase
from sdensemble.study import Study

Floats = NDArray[np.float64]
Progress = Callable[[float, Words], None]
"""Given the share of the way from prior to posterior, and words to show."""


def settings_of(particles: int, threads: int | None) -> Settings:
    """Return the sampler's settings for so many particles in all; raise SDError for too few."""
    replicates = Settings().replicates
    if particles < 8 * replicates or particles % replicates:
        raise SDError(
            "a fit needs a multiple of {replicates} draws, at least "
            "{least}, not {particles} (--particles; of forecast and audit "
            "--members)",
            replicates=replicates,
            least=8 * replicates,
            particles=particles,
        )
    return Settings(particles=particles // replicates, threads=threads or default_threads())


def make_problem(
    kernel: Kernel,
    priors: Priors,
    fit: Fit,
    observations: Sequence[Observation],
    scenario: Scenario | None = None,
    settings: Scenario | None = None,
    threads: int | None = None,
) -> Problem:
    """Return what is to be fitted: the observations that a term of the fit speaks of.

    Raises SDError where one is in another unit than its term.
    """
    wrong = check_units(fit, observations)
    if wrong:
        raise SDError(wrong)
    chosen = pick(fit.terms, observations, kernel.model)
    data = tuple(Datum(index, one) for index, rows in chosen.items() for one in rows)
    return Problem(kernel, priors, fit, data, scenario, settings, threads)


def problem_of(
    study: Study, kernel: Kernel, prior_set: str, known: Vintage, threads: int | None = None
) -> Problem:
    """Return what is to be fitted of a study in a vintage; raise SDError without a fit.toml."""
    priors, rows = study.priors(prior_set), known.fitted()
    return make_problem(kernel, priors, study.require_fit(), rows, study.lived, threads=threads)


def shocks_from(problem: Problem) -> float:
    """Return the time from which shocks are drawn: the end of the last leading figure's year.

    Without a series that leads it is the end of the last figure, without any the model's start.
    """
    leading = [d for d in problem.data if problem.fit.terms[d.term].leads]
    ends = [_end(problem, d) for d in leading or problem.data]
    return max(ends) if ends else problem.model.clock.start


def _end(problem: Problem, datum: Datum) -> float:
    """Return the end of a figure's period: of its year, or of the month its part ends with."""
    part = problem.fit.terms[datum.term].part_of(datum.observation)
    return datum.year + (datum.observation.period_end.month / 12 if part else 1.0)


def fit_posterior(
    problem: Problem,
    bound: Bound,
    *,
    seed: int = 1,
    settings: Settings | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Posterior:
    """Return the posterior of a problem: the same bits for the same seed and settings.

    With a ``checkpoint`` the state is kept there after every power of the likelihood, and between
    its moves every PATIENCE seconds; a later call with the same inputs goes on from it, and the
    file goes when all is done.
    """
    settings = settings or Settings()
    require_apart(problem)
    key = fit_key(bound, seed, settings)
    state = _resume(checkpoint, key)
    if progress and state is not None:
        progress(state.power, phrase("evidence.resumed", power=state.power))
    top, height = mode(problem)
    if progress:
        progress(state.power if state else 0.0, phrase("evidence.mode", height=height))

    kept = time.monotonic()

    def after(state: State) -> None:
        nonlocal kept
        due = state.moves is None or time.monotonic() - kept >= PATIENCE
        if checkpoint is not None and due and not state.done:
            _keep(checkpoint, key, state)
            kept = time.monotonic()
        if progress and state.moves is None:
            last = state.stages[-1]
            words = {"power": last.power, "moves": last.moves, "accepted": last.accepted}
            progress(state.power, phrase("evidence.stage", **words))

    try:
        state = temper(
            problem.loglik,
            problem.dimensions,
            seed=seed,
            settings=settings,
            state=state,
            after=after,
        )
    except KeyboardInterrupt as stop:
        if checkpoint is not None and checkpoint.is_file():
            stop.args = (Message("interrupted; the same command goes on from where it was"),)
        raise
    state = replace(state, z=draw_cut(problem, state.z, seed))
    made = _posterior(problem, bound, seed, settings, state, (top, height))
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return made


def _posterior(
    problem: Problem,
    bound: Bound,
    seed: int,
    settings: Settings,
    state: State,
    top: tuple[Floats, float],
) -> Posterior:
    packed, low, high = pack(problem.numbers(state.z))
    numbers = unpack(packed, low, high)
    count = state.z.shape[1]
    predicted = problem.predicted(numbers) if problem.data else np.zeros((0, count))
    seen = np.log([datum.observation.value for datum in problem.data])
    away = problem.discrepancy(state.z)
    bias = np.zeros_like(away)
    for one in problem.latents:
        if one.bias is not None:
            bias[list(one.rows)] = problem.fit.terms[one.term].bias_sd * state.z[one.bias]
    loglik = student(seen[:, None] - predicted - away, problem.errors[:, None])
    few = settings.particles // 16 or 1
    start = problem.numbers(prior_particles(problem.dimensions, seed, settings))
    keep = np.arange(count).reshape(settings.replicates, -1)[:, :few].ravel()
    best, height = top
    heights = log_posterior(problem, state.z)
    if float(heights.max()) > height:
        best, _ = mode(problem, state.z[:, int(np.argmax(heights))])
    return Posterior(
        bound,
        seed,
        settings.replicates,
        problem.names,
        packed,
        low,
        high,
        _single(loglik),
        _single(predicted),
        _single(away),
        _single(bias),
        state.evidence,
        state.stages,
        tuple(_figure(problem, datum) for datum in problem.data),
        shocks_from(problem),
        problem.numbers(best[:, None])[:, 0],
        _single(start[:, keep]),
    )


def _single(values: Floats) -> Floats:
    """Return values as the file keeps them: in single precision."""
    return values.astype(np.float32).astype(np.float64)


def _figure(problem: Problem, datum: Datum) -> dict[str, Any]:
    one, term = datum.observation, problem.fit.terms[datum.term]
    return {
        "measure": one.measure,
        "sector": one.sector,
        "year": datum.year,
        "value": one.value,
        "unit": one.unit,
        "id": one.id,
        "source": one.source,
        "published_on": one.published_on,
        "variable": term.variable,
        "sd": term.sd_of(one),
        "series": term.name,
        "discrepancy_sd": term.discrepancy_sd,
        "shock_share": term.shock_share,
        "half_life": term.half_life,
        "bias_sd": term.bias_sd,
        "cut": bool(term.informs),
    }


# ── the mode ───────────────────────────────────────────────────────────────────────────────


def log_posterior(problem: Problem, z: Floats) -> Floats:
    """Return the log posterior density in the whitened space, but for a constant (particle,)."""
    found = problem.loglik(z) - (z**2).sum(axis=0) / 2
    return np.where(np.isfinite(found), found, -1e10)


def mode(
    problem: Problem, start: Floats | None = None, hold: int | None = None, most: int = 60
) -> tuple[Floats, float]:
    """Return the place and height of the posterior's greatest density in the whitened space.

    By scipy's L-BFGS-B; a gradient is one run of the kernel with a member for each coordinate.
    ``hold`` names a coordinate that keeps its value at ``start``.
    """
    from scipy.optimize import minimize

    step = 1e-4
    shifts = step * np.eye(problem.dimensions)

    def falling(z: Floats) -> tuple[float, Floats]:
        at = np.concatenate([z[:, None], z[:, None] + shifts, z[:, None] - shifts], axis=1)
        heights = log_posterior(problem, at)
        size = problem.dimensions
        slope = (heights[1 : size + 1] - heights[size + 1 :]) / (2 * step)
        if hold is not None:
            slope[hold] = 0.0
        return -float(heights[0]), -slope

    first = np.zeros(problem.dimensions) if start is None else start
    found = minimize(falling, first, jac=True, method="L-BFGS-B", options={"maxiter": most})
    return np.asarray(found.x), -float(found.fun)


# ── interruption ───────────────────────────────────────────────────────────────────────────


PATIENCE = 5.0
"""Seconds between two states that are kept during the moves at a power."""


def fit_key(bound: Bound, seed: int, settings: Settings) -> str:
    """Return a digest of all that a posterior's numbers hang on."""
    # The threads change no bit, so a run may go on with others.
    of_settings = (settings.replicates, settings.particles, settings.keep, settings.most_moves)
    text = repr((__version__, bound, seed, of_settings))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _keep(path: Path, key: str, state: State) -> None:
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, key=np.array(key), **state.to_arrays())


def _resume(path: Path | None, key: str) -> State | None:
    """Return the state an interrupted run of the same inputs left, or None."""
    if path is None or not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return from_arrays(stored) if str(stored["key"]) == key else None
    except Exception:  # a damaged file may raise whatever zip, zlib or NumPy meet: begin anew
        return None
