"""Shares of variance by group, against functions whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import qmc

from sdensemble.decide.sobol import group_indices, merged

REPLICATES, SIZE = 16, 512


def _uniform(columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (replicate, points) of 16 scrambled Sobol samples, shape (column, member)."""
    points = [qmc.Sobol(columns, rng=seed).random(SIZE).T for seed in range(REPLICATES)]
    inside = np.clip(np.concatenate(points, axis=1), 1e-12, 1 - 1e-12)
    return np.repeat(np.arange(REPLICATES), SIZE), inside


def _shares(function, columns: int, groups: dict[str, list[int]]):
    """Return the shares of a function of uniform numbers, by swapping whole groups."""
    replicate, points = _uniform(2 * columns)
    a, b = points[:columns], points[columns:]
    swapped = []
    for own in groups.values():
        mixed = a.copy()
        mixed[own] = b[own]
        swapped.append(function(mixed))
    return group_indices(function(a), function(b), np.array(swapped), replicate, list(groups))


def _near(found, name: str, expected) -> None:
    error = np.maximum(found[f"{name}_se"].values, 1e-9)
    np.testing.assert_array_less(np.abs(found[name].values - expected), 4 * error)
    assert (error < 0.02).all(), "an error so wide that the test could not fail"


def test_ishigami_has_its_closed_form_shares():
    def ishigami(u):
        x = np.pi * (2 * u - 1)
        return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])

    # Ishigami & Homma (1990): V1 = (1 + b pi^4/5)^2/2, V2 = a^2/8, V13 = b^2 pi^8 8/225.
    v1, v2 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 49 / 8
    v13 = 0.01 * np.pi**8 * 8 / 225
    whole = v1 + v2 + v13
    found = _shares(ishigami, 3, {"first": [0], "second": [1], "third": [2]})
    _near(found, "first", np.array([v1, v2, 0]) / whole)
    _near(found, "total", np.array([v1 + v13, v2, v13]) / whole)
    assert found.attrs["variance"] == pytest.approx(whole, rel=0.01)


def test_a_group_of_ishigami_holds_the_interaction_inside_it():
    def ishigami(u):
        x = np.pi * (2 * u - 1)
        return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])

    v2, whole = 49 / 8, 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2 + 49 / 8 + 0.01 * np.pi**8 * 8 / 225
    found = _shares(ishigami, 3, {"both": [0, 2], "second": [1]})
    _near(found, "first", np.array([whole - v2, v2]) / whole)
    _near(found, "total", np.array([whole - v2, v2]) / whole)


def test_correlated_linear_inputs_have_the_variance_of_their_group():
    rho, weights = 0.8, np.array([1.0, 2.0, 1.5])

    def linear(u):
        z = ndtri(u)
        x = np.array([z[0], rho * z[0] + np.sqrt(1 - rho**2) * z[1], z[2]])
        return weights @ x + 0.5 * x[0] * x[2]

    # (1, 2) with correlation rho: 1 + 4 + 2 * 2 * rho; the third 1.5²; the product 0.25.
    parts = np.array([5 + 4 * rho, 2.25])
    whole = parts.sum() + 0.25
    found = _shares(linear, 3, {"correlated": [0, 1], "own": [2]})
    _near(found, "first", parts / whole)
    _near(found, "total", (parts + 0.25) / whole)


def test_an_inert_group_is_within_its_error_of_nothing():
    found = _shares(lambda u: u[0] ** 2, 3, {"felt": [0], "inert": [1, 2]})
    assert found["total"].sel(group="inert") == 0.0
    assert abs(found["first"].sel(group="inert")) < 1e-12


def test_a_lost_member_leaves_all_runs_and_is_counted():
    replicate = np.repeat([0, 1], 50)
    rng = np.random.default_rng(1)
    a, b, ab = rng.normal(size=100), rng.normal(size=100), rng.normal(size=(1, 100))
    ab[0, 3] = np.nan
    found = group_indices(a, b, ab, replicate, ["all"])
    without = np.delete(np.arange(100), 3)
    same = group_indices(a[without], b[without], ab[:, without], replicate[without], ["all"])
    assert found.attrs["lost"] == 1
    assert found["first"].item() == same["first"].item()


def test_groups_that_share_a_copula_become_one():
    assert merged([[0], [1, 2], [3]], [[0, 3]]) == [[0, 3], [1, 2]]
    assert merged([[0], [1]], []) == [[0], [1]]
