"""Roots and frontiers of a two-lever model whose answers are known by hand.

A member's outcome is 10 + a·x + b·y + z with z standard normal: P(outcome > t) = p where
a·x + b·y = t − 10 + Φ⁻¹(p).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import qmc

from sdensemble.decide.frontier import frontier
from sdensemble.decide.monotone import rising
from sdensemble.decide.roots import Mean, Probability, solve

REPLICATES, SIZE = 16, 128
REPLICATE = np.repeat(np.arange(REPLICATES), SIZE)


def _noise(seed: int = 0) -> np.ndarray:
    """Return standard normals that come, as a model's outcome does, from several inputs."""
    points = [qmc.Sobol(4, rng=100 * seed + r).random(SIZE) for r in range(REPLICATES)]
    return ndtri(np.clip(np.concatenate(points), 1e-12, 1 - 1e-12)).sum(axis=1) / 2


Z = _noise()


def test_the_level_for_a_probability_is_that_of_the_normal_quantile():
    found = solve(lambda x: 10 + 2 * x + Z - 12, Probability(0.8), 0, 4, REPLICATE)
    exact = (2 + ndtri(0.8)) / 2
    assert found.reached
    assert found.low < exact < found.high
    assert 0 < found.high - found.low < 0.08
    assert found.runs < 20


def test_the_interval_covers_as_often_as_it_says():
    exact, inside = (2 + ndtri(0.7)) / 2, 0
    rng = np.random.default_rng(1)
    for _ in range(60):
        z = rng.normal(size=REPLICATE.size)
        found = solve(lambda x, z=z: 2 * x + z - 2, Probability(0.7), 0, 4, REPLICATE)
        inside += found.low < exact < found.high
    assert inside >= 51  # 95% of 60 is 57; fewer than 51 has a chance of one in a thousand


def test_a_level_that_lowers_the_outcome_is_found_too():
    found = solve(lambda x: 14 - x + Z - 12, Probability(0.5), 0, 4, REPLICATE)
    assert found.low < 2.0 < found.high
    assert found.high - found.low < 0.08


def test_what_cannot_be_reached_says_so_with_its_limit():
    found = solve(lambda x: x + Z - 12, Probability(0.9), 0, 4, REPLICATE)
    assert not found.reached
    assert not found.beyond
    assert found.level == 4
    assert found.at_ends[1] == pytest.approx(4 - 12 - ndtri(0.9), abs=0.05)


def test_what_holds_at_every_level_says_so():
    found = solve(lambda x: x + Z + 12, Probability(0.9), 0, 4, REPLICATE)
    assert not found.reached
    assert found.beyond


def test_lost_members_count_as_misses():
    def margins(x):
        values = 2 * x + Z - 2
        values[::2] = np.nan
        return values

    assert not solve(margins, Probability(0.6), 0, 40, REPLICATE).reached
    assert solve(margins, Probability(0.4), 0, 40, REPLICATE).reached


def test_the_same_effect_as_another_is_a_root_of_the_mean():
    found = solve(lambda x: 2 * x + Z - (3 + Z), Mean(), 0, 4, REPLICATE)
    assert found.level == pytest.approx(1.5, abs=1e-3)
    assert found.high - found.low == pytest.approx(0, abs=1e-3)


# ── frontier: cost x + y, effect 2x + y − 0.25 x², so x up to 2 and y beyond ────────────────


def _evaluate(z: np.ndarray):
    def run(mixes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = mixes.T
        return (2 * x + y - 0.25 * x**2)[:, None] + z - 2, x + y

    return run


def test_the_frontier_is_the_cheapest_mix_by_hand():
    wanted = [0.5, 0.8, 0.95]
    points = frontier(_evaluate(Z), [(0, 3), (0, 3)], wanted, generations=40)
    for point, p in zip(points, wanted, strict=True):
        need = 2 + ndtri(p)  # the effect wanted
        # x is worth more than y at the margin while 2 − x/2 > 1, so to x = 2 (effect 3) and then y.
        cost = 4 - 2 * np.sqrt(4 - need) if need <= 3 else 2 + need - 3
        assert point.cost == pytest.approx(cost, rel=0.03)
        assert point.reached >= p - 1e-3
    assert [point.cost for point in points] == sorted(point.cost for point in points)


def test_what_no_mix_reaches_has_no_mix():
    (point,) = frontier(_evaluate(Z - 10), [(0, 3), (0, 3)], [0.9], generations=2)
    assert np.isnan(point.cost)
    assert point.reached < 0.9


# ── the rising surface ─────────────────────────────────────────────────────────────────────


def test_a_rising_surface_stays_and_noise_is_taken_off():
    rows = np.add.outer(np.arange(5.0), np.arange(4.0))
    np.testing.assert_allclose(rising(rows, np.ones((5, 4))), rows)
    noisy = rows + np.random.default_rng(1).normal(scale=0.8, size=rows.shape)
    fitted = rising(noisy, np.ones((5, 4)))
    assert (np.diff(fitted, axis=0) >= -1e-9).all()
    assert (np.diff(fitted, axis=1) >= -1e-9).all()
    assert ((fitted - rows) ** 2).sum() < ((noisy - rows) ** 2).sum()


def test_two_by_two_is_solved_by_hand():
    # 1 0 / 1 1: only the first row falls, its two cells become their mean.
    np.testing.assert_allclose(
        rising([[1.0, 0.0], [1.0, 1.0]], np.ones((2, 2))), [[0.5, 0.5], [1, 1]], atol=1e-9
    )
