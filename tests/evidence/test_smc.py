"""The sampler against exact answers: no diagnostic of its own is trusted without them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sdensemble.evidence.smc import (
    Settings,
    State,
    from_arrays,
    log_evidence,
    prior_particles,
    temper,
)

DIMENSIONS = 30
SMALL = Settings(particles=64)


def gaussian():
    """Return the log-likelihood of a linear Gaussian problem, and mean, sd and log evidence."""
    rng = np.random.default_rng(3)
    design = rng.normal(size=(12, DIMENSIONS)) * np.linspace(0.3, 4, 12)[:, None]
    seen = design @ rng.normal(size=DIMENSIONS) + rng.normal(size=12)

    def loglik(z):
        miss = seen[:, None] - design @ z
        return -0.5 * (miss**2).sum(axis=0) - 6 * math.log(2 * math.pi)

    covariance = np.linalg.inv(np.eye(DIMENSIONS) + design.T @ design)
    total = design @ design.T + np.eye(12)
    evidence = -0.5 * (seen @ np.linalg.solve(total, seen) + np.linalg.slogdet(total)[1])
    evidence -= 6 * math.log(2 * math.pi)
    mean = covariance @ design.T @ seen
    return loglik, mean, np.sqrt(np.diag(covariance)), evidence


def test_a_gaussian_in_thirty_dimensions_is_found_exactly():
    loglik, mean, sd, evidence = gaussian()
    state = temper(loglik, DIMENSIONS, seed=1, settings=SMALL)
    assert np.abs((state.z.mean(axis=1) - mean) / sd).max() < 0.15
    assert np.abs(state.z.std(axis=1) / sd - 1).max() < 0.1
    assert abs(log_evidence(state.evidence)[0] - evidence) < 0.4
    assert max(stage.memory for stage in state.stages) < 0.2


def logistic_points():
    rng = np.random.default_rng(5)
    x = np.linspace(-2, 2, 15)
    return x, (rng.uniform(size=15) < 1 / (1 + np.exp(-(0.5 + 1.5 * x)))).astype(float)


def test_a_logistic_regression_agrees_with_quadrature():
    x, hits = logistic_points()

    def loglik(z):
        slope = z[0][None] * 2 + z[1][None] * 2 * x[:, None]
        return (hits[:, None] * slope - np.logaddexp(0, slope)).sum(axis=0)

    grid = np.linspace(-6, 6, 401)
    mesh = np.array([one.ravel() for one in np.meshgrid(grid, grid, indexing="ij")])
    logs = loglik(mesh) - (mesh**2).sum(axis=0) / 2 - math.log(2 * math.pi)
    weights = np.exp(logs - logs.max())
    cell = (grid[1] - grid[0]) ** 2
    evidence = math.log(weights.sum() * cell) + logs.max()
    weights /= weights.sum()
    mean = (mesh * weights).sum(axis=1)
    sd = np.sqrt((mesh**2 * weights).sum(axis=1) - mean**2)
    state = temper(loglik, 2, seed=2, settings=SMALL)
    assert np.abs((state.z.mean(axis=1) - mean) / sd).max() < 0.12
    assert np.abs(state.z.std(axis=1) / sd - 1).max() < 0.1
    assert abs(log_evidence(state.evidence)[0] - evidence) < 0.15


def test_without_data_the_posterior_is_the_prior():
    state = temper(lambda z: np.zeros(z.shape[1]), 5, seed=1, settings=SMALL)
    assert state.evidence.mean() == pytest.approx(0.0)
    assert np.abs(state.z.mean(axis=1)).max() < 0.12


def test_the_same_seed_gives_the_same_bits_whatever_the_threads():
    loglik = gaussian()[0]
    one = temper(loglik, DIMENSIONS, seed=4, settings=Settings(particles=64, most_moves=6))
    two = temper(
        loglik, DIMENSIONS, seed=4, settings=Settings(particles=64, most_moves=6, threads=2)
    )
    assert np.array_equal(one.z, two.z)
    assert not np.array_equal(
        one.z, temper(loglik, DIMENSIONS, seed=5, settings=Settings(particles=64, most_moves=6)).z
    )


@pytest.mark.parametrize("after", [1, 2, 3, 6])
def test_an_interrupted_run_goes_on_to_the_same_bits(after):
    loglik = gaussian()[0]
    few = replace(SMALL, most_moves=9)
    whole = temper(loglik, DIMENSIONS, seed=1, settings=few)
    kept: list[State] = []

    class Stop(Exception):
        pass

    def stop(state: State) -> None:
        kept.append(from_arrays(state.to_arrays()))
        if len(kept) == after:
            raise Stop

    with pytest.raises(Stop):
        temper(loglik, DIMENSIONS, seed=1, settings=few, after=stop)
    assert (kept[-1].moves is None) is (after == 3)  # between two powers, or amid moves
    again = temper(loglik, DIMENSIONS, seed=1, settings=few, state=kept[-1])
    assert np.array_equal(whole.z, again.z)
    assert np.array_equal(whole.evidence, again.evidence)
    assert whole.stages == again.stages


def test_draws_the_model_fails_on_are_left_behind():
    def loglik(z):
        return np.where(z[0] > 1, np.nan, -0.5 * z[0] ** 2)

    state = temper(loglik, 3, seed=1, settings=SMALL)
    assert state.z[0].max() <= 1


def test_the_starting_particles_are_standard_normal():
    z = prior_particles(4, 1, Settings())
    assert abs(z.mean()) < 0.03
    assert abs(z.std() - 1) < 0.03
