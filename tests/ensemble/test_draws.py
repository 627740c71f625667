from functools import partial

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.ensemble import draws
from tests.builders import small_model, variable
from tests.prior_files import BUDGET, COLD, COST, MODEL, RHO, SHARES, entry, written


@pytest.fixture
def study(tmp_path):
    return partial(written, tmp_path)


@pytest.mark.parametrize("method", ["sobol", "latin", "plain"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(study, method):
    priors = study(COLD, COST, RHO)
    one, two, other = (
        draws.draw(priors, MODEL, 256, seed=seed, method=method).values for seed in (1, 1, 2)
    )
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.any(one["cold chain share"] == other["cold chain share"])


@pytest.mark.parametrize("method", ["sobol", "latin", "plain"])
@pytest.mark.parametrize("members", [range(256), [7], [200, 3, 77], range(40, 53), []])
def test_some_members_have_the_bits_they_have_among_all(study, method, members):
    made = draws.draw(study(COLD, COST, SHARES, RHO), MODEL, 256, seed=1, method=method)
    some = made.of(np.array(members, np.int64))
    assert set(some) == set(made.values)
    for name, values in some.items():
        assert np.array_equal(values, made.values[name][..., list(members)])
    plain = draws.Draws(dict(made.values), made.replicate, 1, method, made.priors)
    for name, values in plain.of(np.array(members, np.int64)).items():
        assert np.array_equal(values, some[name])


@pytest.mark.parametrize("method", ["sobol", "latin", "plain"])
def test_members_of_a_long_replicate_are_found_without_those_before_them(study, method):
    made = draws.draw(study(COLD, COST, RHO), MODEL, 1024, seed=1, method=method, replicates=2)
    some = np.array([3, 5, 300, 511, 512, 900])
    alone = draws.draw(study(COLD, COST, RHO), MODEL, 1024, seed=1, method=method, replicates=2)
    for name, values in alone.of(some).items():
        assert np.array_equal(values, made.values[name][..., some])
    assert alone.digest == made.digest


@pytest.mark.parametrize("method", ["sobol", "latin", "plain"])
def test_a_sample_of_more_replicates_begins_with_the_same_members(study, method):
    priors = study(COLD, COST, RHO)
    small = draws.draw(priors, MODEL, 128, seed=1, method=method)
    large = draws.draw(priors, MODEL, 384, seed=1, method=method, replicates=48)
    for name, values in small.values.items():
        assert np.array_equal(values, large.values[name][..., :128])
        assert not np.any(values == large.values[name][..., 128:256])
    assert np.array_equal(large.replicate, np.repeat(np.arange(48), 8))


@pytest.mark.parametrize(("n", "replicates"), [(2048, 16), (10**6, 16), (2**20, 16), (2**21, 32)])
def test_replicates_become_more_where_they_would_be_longer(study, n, replicates):
    made = draws.draw(study(COLD), MODEL, n, seed=1)
    assert np.unique(made.replicate).size == replicates
    few = made.of(np.array([n - 1]))["cold chain share"]
    assert 0.1 <= few[0] <= 0.4


def test_more_members_than_are_made_at_once_have_the_bits_of_any_part(study, monkeypatch):
    priors = study(COLD, COST, SHARES, RHO)
    whole = draws.draw(priors, MODEL, 256, seed=1, replicates=2).values
    monkeypatch.setattr(draws, "PART", 32)
    parts = draws.draw(priors, MODEL, 256, seed=1, replicates=2).values
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    assert len(whole) == 3
    with pytest.raises(KeyError):
        whole["grant budget"]


@pytest.mark.parametrize("method", ["sobol", "latin", "plain"])
def test_a_prior_appended_at_the_end_changes_no_other(study, method):
    before = draws.draw(study(COLD, COST, RHO), MODEL, 256, seed=1, method=method)
    after = draws.draw(study(COLD, COST, SHARES, BUDGET, RHO), MODEL, 256, seed=1, method=method)
    assert all(np.array_equal(before.values[name], after.values[name]) for name in before.values)
    assert set(after.values) - set(before.values) == {"import share", "grant budget"}


def test_a_prior_put_between_shifts_sobol_columns_and_no_others(study):
    for method, same in (("sobol", False), ("latin", True), ("plain", True)):
        before = draws.draw(study(BUDGET), MODEL, 64, seed=1, method=method).values
        after = draws.draw(study(COLD, BUDGET), MODEL, 64, seed=1, method=method).values
        assert np.array_equal(before["grant budget"], after["grant budget"]) is same


def test_arrays_are_whole_with_the_models_value_where_nothing_is_drawn(study):
    text = COST.replace("each = true", 'element = "dairy"')
    cost = draws.draw(study(text), MODEL, 128, seed=1).values["capital cost"]
    assert cost.shape == (3, 128)
    assert np.all(cost[0] == 0.3)
    assert np.all(cost[2] == 0.5)
    assert np.unique(cost[1]).size == 128


def test_each_may_run_over_a_subrange(study):
    text = COST.replace("each = true", 'each = true\nelement = "cluster"')
    priors = study(text)
    assert draws.column_names(priors, MODEL) == ("capital cost[brewing]", "capital cost[dairy]")
    cost = draws.draw(priors, MODEL, 64, seed=1).values["capital cost"]
    assert np.all(cost[2] == 0.5)
    assert not np.any(cost[0] == cost[1])


@pytest.mark.parametrize("method", ["sobol", "latin"])
def test_each_replicate_is_spread_evenly_by_itself(study, method):
    drawn = draws.draw(study(COLD), MODEL, 16 * 64, seed=3, method=method)
    u = (drawn.values["cold chain share"] - 0.1) / 0.3
    for r in range(16):
        part = u[drawn.replicate == r]
        assert np.array_equal(np.unique(np.floor(part * 64)), np.arange(64))
    assert not np.any(u[:64] == u[64:128])


def test_replicates_are_equal_runs_of_members(study):
    drawn = draws.draw(study(COLD), MODEL, 64, seed=1, method="plain", replicates=4)
    assert np.array_equal(drawn.replicate, np.repeat([0, 1, 2, 3], 16))


def test_plain_members_do_not_depend_on_how_many_there_are(study):
    small, large = (
        draws.draw(study(COLD), MODEL, n, seed=1, method="plain").values["cold chain share"]
        for n in (64, 256)
    )
    assert np.array_equal(small, large[:64])


@pytest.mark.parametrize("method", ["sobol", "latin", "plain"])
def test_groups_are_correlated_as_printed_and_keep_their_distributions(study, method):
    drawn = draws.draw(study(COST, SHARES, COLD, RHO), MODEL, 16 * 512, seed=1, method=method)
    cost, shares = drawn.values["capital cost"], drawn.values["import share"]
    z = draws.ndtri(
        np.array([*_ranks(cost), *_ranks(shares), *_ranks(drawn.values["cold chain share"][None])])
    )
    found = np.corrcoef(z)
    inside = found[:6, :6][~np.eye(6, dtype=bool)]
    assert np.allclose(inside, 0.5, atol=0.03)
    assert np.allclose(found[6, :6], 0, atol=0.03)
    assert np.median(cost) == pytest.approx(0.4, rel=0.02)
    assert shares.mean() == pytest.approx(0.3, rel=0.02)


def _ranks(array):
    return (array.argsort(axis=-1).argsort(axis=-1) + 0.5) / array.shape[-1]


def test_sobol_draws_recover_means_far_better_than_plain_ones(study):
    priors = study(COLD)
    means = {
        method: [
            draws.draw(priors, MODEL, 256, seed=s, method=method).values["cold chain share"].mean()
            for s in range(4)
        ]
        for method in ("sobol", "plain")
    }
    assert np.std(means["sobol"]) < 0.1 * np.std(means["plain"])


@pytest.mark.parametrize(
    ("n", "method", "what"),
    [
        (2000, "sobol", "take 1024 or 2048"),
        (96, "sobol", "take 64 or 128"),
        (5, "sobol", "take 16"),
        (0, "latin", "take 16"),
        (100, "latin", "take 96 or 112"),
        (17, "plain", "take 16 or 32"),
        (64, "monte carlo", "there are sobol, latin, plain"),
        (1_000_001, "sobol", "take 1000000 or 1000016"),
        (3_000_000, "sobol", "take 2949120 or 3014656"),
    ],
)
def test_a_size_or_method_that_cannot_be_names_those_that_can(study, n, method, what):
    with pytest.raises(SDError, match=what):
        draws.draw(study(COLD), MODEL, n, seed=1, method=method)


def test_a_negative_seed_is_refused(study):
    with pytest.raises(SDError, match="seed -1"):
        draws.draw(study(COLD), MODEL, 16, seed=-1)


def test_nothing_ever_leaves_the_limits(study):
    model = small_model(variable("tight", 0.3, limits=(0.1, 0.3)))
    text = entry("tight", 'distribution = "uniform"\nlow = 0.1\nhigh = 0.3')
    for method in ("sobol", "latin", "plain"):
        x = draws.draw(study(text, model=model), model, 4096, seed=1, method=method).values["tight"]
        assert x.min() >= 0.1
        assert x.max() <= 0.3


@pytest.mark.parametrize(("columns", "count"), [(3, 1), (5, 128), (300, 3000)])
def test_sobol_points_made_from_those_at_powers_of_two_are_scipys(columns, count):
    names, ids = [str(i) for i in range(columns)], np.arange(2 * count, 3 * count)
    engine = draws._sobol_engine(columns, 7, 2)
    drawn = np.concatenate([engine.random(1), *([engine.random(count - 1)] if count > 1 else ())])
    made = draws._sobol(names, count, ids, 7, 2)
    assert np.array_equal(made, drawn[:, :columns].T + 2.0 ** -(draws.BITS + 1))
    draws._powers.cache_clear()  # and as they come from the disk
    assert np.array_equal(draws._sobol(names, count, ids[::-1], 7, 2), made[:, ::-1])
