"""The value of information against a linear decision of which it is known in closed form."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from sdensemble.decide.information import evpi, evppi, explained

SIZE, REPLICATES = 4096, 16
REPLICATE = np.repeat(np.arange(REPLICATES), SIZE // REPLICATES)


def _decision(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return (utility (action, member), inputs (input, member)): 0 against a linear gain.

    The gain is 0.2 + 1.0 x + 0.5 y; a third input is inert.
    """
    x = np.random.default_rng(seed).normal(size=(3, SIZE))
    return np.array([np.zeros(SIZE), 0.2 + x[0] + 0.5 * x[1]]), x


def _worth(sd: float, mean: float = 0.2) -> float:
    """Return E[max(0, N(mean, sd))] − max(0, mean): the unit normal loss."""
    return mean * norm.cdf(mean / sd) + sd * norm.pdf(mean / sd) - max(mean, 0)


def _near(found, expected: float) -> None:
    assert abs(found.value - expected) < 4 * found.se, (found, expected)
    assert found.se < 0.03


def test_perfect_information_is_worth_the_unit_normal_loss():
    utility, _ = _decision()
    _near(evpi(utility, REPLICATE), _worth(np.sqrt(1.25)))


def test_partial_information_is_worth_the_loss_of_what_it_explains():
    utility, x = _decision()
    _near(evppi(utility, x[0], REPLICATE), _worth(1.0))
    _near(evppi(utility, x[1], REPLICATE), _worth(0.5))
    _near(evppi(utility, x[:2], REPLICATE), _worth(np.sqrt(1.25)))


def test_an_inert_input_is_worth_nothing():
    utility, x = _decision()
    found = evppi(utility, x[2], REPLICATE)
    assert abs(found.value) <= max(4 * found.se, 1e-12)
    assert abs(found.value) < 0.01


def test_many_inert_inputs_together_are_worth_no_more():
    utility, _ = _decision()
    noise = np.random.default_rng(9).normal(size=(8, SIZE))
    assert evppi(utility, noise, REPLICATE).value < 0.02


def test_a_curved_gain_is_found_by_the_splines():
    x = np.random.default_rng(5).normal(size=SIZE)
    utility = np.array([np.zeros(SIZE), x**2 - 1.0])
    exact = 2 * norm.pdf(1.0)  # E[max(0, z² − 1)] = 2 φ(1)
    _near(evppi(utility, x, REPLICATE), exact)


def test_explained_is_the_share_of_variance():
    utility, x = _decision()
    found = explained(utility[1], x[0], REPLICATE)
    assert abs(found.value - 1 / 1.25) < 4 * found.se + 0.005
    assert abs(explained(utility[1], x[2], REPLICATE).value) < 0.01


def test_lost_members_are_left_out():
    utility, x = _decision()
    utility[1, :7] = np.nan
    assert np.isfinite(evppi(utility, x[0], REPLICATE).value)
    assert np.isfinite(evpi(utility, REPLICATE).value)
