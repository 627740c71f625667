import math

import numpy as np
import pytest

from sdensemble.results.ensemble import quantile
from sdensemble.results.estimate import exact_interval, holm, mean_of, p_value, share_of

REPLICATE = np.repeat(np.arange(4), 2)


def test_the_standard_error_is_that_of_the_replicate_means():
    values = np.array([1.0, 3.0, 2.0, 2.0, 4.0, 6.0, 0.0, 2.0])  # replicate means 2, 2, 5, 1
    found = mean_of(values, REPLICATE)
    assert found.mean == 2.5
    assert found.se == pytest.approx(math.sqrt(3.0) / 2)
    assert found.high - found.mean == pytest.approx(3.182446 * found.se, rel=1e-6)
    assert (found.members, found.replicates) == (8, 4)


def test_without_replicates_members_count_as_independent():
    found = mean_of(np.array([1.0, 2.0, 3.0]), np.zeros(3, dtype=int))
    assert found.se == pytest.approx(1 / math.sqrt(3))


def test_lost_members_are_left_out_of_a_mean():
    found = mean_of(np.array([1.0, np.nan, 3.0, 4.0]), np.array([0, 0, 1, 1]))
    assert (found.mean, found.members) == (pytest.approx(8 / 3), 3)


def test_an_interval_of_a_share_stays_between_zero_and_one():
    replicate = np.repeat(np.arange(4), 50)
    hit = np.zeros(200, dtype=bool)
    hit[:30] = True  # all in one replicate: the t interval would go below zero
    found = share_of(hit, replicate)
    assert found.low == 0.0 < found.mean < found.high < 1.0


def test_no_hit_at_all_gives_a_one_sided_exact_bound_and_no_standard_error():
    found = share_of(np.zeros(2048, dtype=bool), np.repeat(np.arange(16), 128))
    assert (found.mean, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(3 / 2048, rel=0.01)  # the rule of three
    assert math.isnan(found.se)
    assert share_of(np.ones(2048, dtype=bool), np.zeros(2048, dtype=int)).high == 1.0


def test_few_hits_give_the_exact_binomial_interval():
    # Clopper and Pearson for 1 of 10, as in any table.
    assert exact_interval(1, 10) == (pytest.approx(0.002529, abs=1e-6), pytest.approx(0.445016))
    hit = np.zeros(64, dtype=bool)
    hit[3] = True
    found = share_of(hit, np.repeat(np.arange(16), 4))
    assert (found.low, found.high) == exact_interval(1, 64)
    assert found.method == "exact binomial"


def test_holm_multiplies_the_smallest_by_the_number_and_never_falls():
    found = holm(np.array([0.04, 0.01, np.nan, 0.03]))
    assert found[[0, 1, 3]] == pytest.approx([0.06, 0.03, 0.06])
    assert np.isnan(found[2])


def test_the_p_value_of_an_exact_zero_is_one():
    assert p_value(mean_of(np.zeros(8), REPLICATE)) == 1.0


@pytest.mark.parametrize(
    ("shape", "axis"), [((1,), 0), ((2048,), 0), ((3, 200), 1), ((2, 31, 4), 1)]
)
@pytest.mark.parametrize("q", [0.5, [0.0, 0.05, 0.3, 0.5, 0.95, 1.0]])
def test_quantiles_have_the_bits_of_numpy_s(shape, axis, q):
    rng = np.random.default_rng(5)
    for values in (rng.normal(size=shape), rng.integers(0, 5, shape).astype(float)):
        assert np.array_equal(quantile(values, q, axis), np.quantile(values, q, axis=axis))
