"""Regret and dominance on tables that can be worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble.decide.robust import dominance, regrets

REPLICATE = np.repeat(np.arange(16), 64)
N = REPLICATE.size


def test_minimax_regret_chooses_the_middle_action():
    # World 1: 10, 8, 0; world 2: 0, 7, 10. Worst regrets 10, 3, 10.
    means = np.array([[10.0, 8.0, 0.0], [0.0, 7.0, 10.0]])
    values = np.repeat(means[..., None], N, axis=2)
    found = regrets(values, REPLICATE, ["one", "two"], ["a", "b", "c"], enough=7.5)
    np.testing.assert_allclose(found["worst"], [10, 3, 10])
    assert found.attrs["choice"] == "b"
    assert found.attrs["gap"] == pytest.approx(7)
    assert list(found["worst_world"].values) == ["two", "two", "one"]
    np.testing.assert_allclose(found["domain"], [0.5, 0.5, 0.5])


def test_regret_is_paired_so_common_noise_cancels():
    noise = np.random.default_rng(1).normal(scale=100, size=N)
    values = np.array([[noise, noise + 1.0]])
    found = regrets(values, REPLICATE, ["w"], ["a", "b"])
    assert found["regret"].values[0, 0] == pytest.approx(1)
    assert found["regret_se"].values[0, 0] < 1e-9 < 1 < found["mean_se"].values[0, 0]


def test_a_shift_dominates_at_first_order_and_not_the_other_way():
    base = np.random.default_rng(2).normal(size=N)
    found = dominance(np.array([base + 0.5, base]), REPLICATE, ["up", "base"])
    assert found["order"].sel(first="up", second="base") == 1
    assert found["order"].sel(first="base", second="up") == 0


def test_less_spread_dominates_at_second_order_only():
    base = np.random.default_rng(3).normal(size=N)
    found = dominance(np.array([0.5 * base, base]), REPLICATE, ["calm", "wild"])
    assert found["order"].sel(first="calm", second="wild") == 2
    assert found["order"].sel(first="wild", second="calm") == 0
    assert found["worse"].sel(first="calm", second="wild") > 0


def test_equal_actions_dominate_neither():
    base = np.random.default_rng(4).normal(size=N)
    found = dominance(np.array([base, base]), REPLICATE, ["a", "b"])
    assert (found["order"] == 0).all()
