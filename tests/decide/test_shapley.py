"""Shapley shares against games whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble.decide.shapley import packages, shapley, shapley_sampled

REPLICATE = np.repeat(np.arange(16), 8)


def _table(game) -> np.ndarray:
    return np.array([np.full(REPLICATE.size, game(p)) for p in packages(3)])


def test_the_glove_game_gives_two_thirds_to_the_scarce_side():
    # One left glove (0), two right ones: a pair is worth 1. Shapley (1953): 2/3, 1/6, 1/6.
    found = shapley(_table(lambda p: float(0 in p and len(p) > 1)), ["left", "r1", "r2"], REPLICATE)
    np.testing.assert_allclose(found["share"], [2 / 3, 1 / 6, 1 / 6])
    np.testing.assert_allclose(found["alone"], [0, 0, 0])
    np.testing.assert_allclose(found["last"], [1, 0, 0])
    # Interaction (Grabisch & Roubens): left with either right one helps, the rights are in
    # each other's way.
    assert found["interaction"].values[0, 1] == pytest.approx(0.5)
    assert found["interaction"].values[1, 2] == pytest.approx(-0.5)


def test_shares_add_up_to_the_whole_whatever_the_game():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(8, REPLICATE.size))
    found = shapley(values, list("abc"), REPLICATE)
    assert found["share"].sum().item() == pytest.approx(found.attrs["whole"])
    assert found.attrs["whole"] == pytest.approx((values[7] - values[0]).mean())
    assert (found["share_se"] > 0).all()


def test_additive_levers_have_no_interaction_and_equal_alone_last_and_share():
    found = shapley(_table(lambda p: sum((i + 1.0) for i in p)), list("abc"), REPLICATE)
    for key in ("share", "alone", "last"):
        np.testing.assert_allclose(found[key], [1, 2, 3])
    assert found.attrs["excess"] == pytest.approx(0)
    np.testing.assert_allclose(found["interaction"].values[np.triu_indices(3, 1)], 0, atol=1e-12)


def test_the_error_is_that_of_paired_means():
    rng = np.random.default_rng(2)
    values = np.zeros((4, REPLICATE.size))
    values[1] = rng.normal(size=REPLICATE.size)
    values[3] = values[1]
    found = shapley(values, list("ab"), REPLICATE)
    means = values[1].reshape(16, 8).mean(axis=1)
    assert found["share_se"].values[0] == pytest.approx(means.std(ddof=1) / 4)
    assert found["share_se"].values[1] == pytest.approx(0, abs=1e-12)


def test_sampled_orders_agree_with_the_exact_shares_of_seven_levers():
    rng = np.random.default_rng(3)
    worth = rng.random(7)

    def game(package):
        together = sum(worth[i] for i in package) + 0.5 * (0 in package and 1 in package)
        return np.full(REPLICATE.size, together)

    def games(parts):
        return np.array([game(part) for part in parts])

    found = shapley_sampled(games, list("abcdefg"), REPLICATE)
    exact = worth + np.array([0.25, 0.25, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(found["share"], exact, atol=0.02)
    assert found["share"].sum().item() == pytest.approx(found.attrs["whole"])
    assert found.attrs["excess"] == pytest.approx(0.5)
