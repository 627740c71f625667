"""A planted box is found, with its coverage, density and stability; noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble.decide.prim import discover, strongest

N = 2048


def _planted(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (8, N) and cases: 95% inside input 2 > 0.6 and input 5 < 0.5, 5% outside."""
    rng = np.random.default_rng(seed)
    x = rng.random((8, N))
    inside = (x[2] > 0.6) & (x[5] < 0.5)
    return x, rng.random(N) < np.where(inside, 0.95, 0.05)


def test_the_planted_box_is_found():
    x, case = _planted()
    box = discover(x, case)
    assert sorted(limit.column for limit in box.limits) == [2, 5]
    by_column = {limit.column: limit for limit in box.limits}
    assert by_column[2].low == pytest.approx(0.6, abs=0.04)
    assert by_column[2].high == np.inf
    assert by_column[5].high == pytest.approx(0.5, abs=0.04)
    assert box.density > 0.88
    # Of the cases 0.95 × 0.2 lie inside and 0.05 × 0.8 outside.
    assert box.coverage == pytest.approx(0.19 / 0.23, abs=0.05)
    assert all(limit.quasi_p < 1e-6 and limit.stable == 1.0 for limit in box.limits)
    assert all(low <= by_column[2].low + 0.03 for low in by_column[2].end[:1])


def test_density_and_coverage_are_counts_of_the_box():
    x, case = _planted(2)
    box = discover(x, case, resamples=0)
    inside = np.ones(N, bool)
    for limit in box.limits:
        inside &= (x[limit.column] >= limit.low) & (x[limit.column] <= limit.high)
    assert box.density == case[inside].mean()
    assert box.coverage == case[inside].sum() / case.sum()
    assert box.mass == inside.mean()


def test_noise_has_no_dense_box():
    rng = np.random.default_rng(3)
    box = discover(rng.random((8, N)), rng.random(N) < 0.5, resamples=0)
    assert box.density < 0.6


def test_all_or_no_cases_have_no_box():
    x = np.random.default_rng(4).random((3, 100))
    assert discover(x, np.ones(100, bool)).limits == ()
    assert discover(x, np.zeros(100, bool)).limits == ()


def test_the_strongest_columns_hold_the_planted_ones():
    x, case = _planted()
    assert {2, 5} <= set(strongest(x, case, 3))


def test_tied_values_are_peeled_too():
    rng = np.random.default_rng(5)
    x = rng.integers(0, 2, (3, N)).astype(float)
    box = discover(x, x[1] > 0.5, resamples=0)
    assert [limit.column for limit in box.limits] == [1]
    assert (box.coverage, box.density) == (1.0, 1.0)
