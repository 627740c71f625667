from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.ensemble import draws
from sdensemble.inputs import priors
from sdensemble.inputs.distributions import Beta, Lognormal, Normal, Triangular, Truncated, Uniform
from tests.builders import small_model, variable

MODEL = small_model()
EVIDENCE = 'basis = "a survey"\nknown_on = "2019-06-30"\n'


def entry(constant, distribution, *more, unit="Dmnl", evidence=EVIDENCE):
    lines = [f'constant = "{constant}"', f'unit = "{unit}"', distribution, *more]
    return "[[prior]]\n" + "\n".join(lines) + "\n" + evidence


COLD = entry("cold chain share", 'distribution = "uniform"\nlow = 0.1\nhigh = 0.4', unit="1/Year")
BUDGET = entry("grant budget", 'distribution = "uniform"\nlow = 1\nhigh = 9', unit="Yi/Year")
COST = entry(
    "capital cost",
    'distribution = "lognormal"\nmedian = 0.4\nlog_sd = 0.4',
    "each = true",
    'group = "capital"',
    unit="Yi",
)
SHARES = entry(
    "import share",
    'distribution = "beta"\nmean = 0.3\nsd = 0.1',
    "each = true",
    'group = "capital"',
)
RHO = '[[correlation]]\ngroup = "capital"\nrho = 0.5\n'


@pytest.fixture
def study(tmp_path):
    def write(*parts, prior_set="history", model=MODEL):
        path = tmp_path / "calibration" / "priors.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(parts), encoding="utf-8")
        return priors.read_priors(path, model, prior_set)

    return write


def problems(study, *parts, **options):
    with pytest.raises(SDError) as caught:
        study(*parts, **options)
    return caught.value.problems


# ── distributions ──


@pytest.mark.parametrize(
    ("distribution", "mean", "sd"),
    [
        (Normal(2, 0.5), 2, 0.5),
        (Lognormal(0.4, 0.3), 0.4 * np.exp(0.045), None),
        (Uniform(1, 4), 2.5, 3 / np.sqrt(12)),
        (Triangular(0, 1, 5), 2, np.sqrt((1 + 25 - 5) / 18)),
        (Triangular(0, 0, 1), 1 / 3, np.sqrt(1 / 18)),
        (Beta(0.3, 0.1), 0.3, 0.1),
    ],
)
def test_quantiles_at_even_probabilities_have_the_moments_and_invert_the_cdf(
    distribution, mean, sd
):
    u = (np.arange(100_000) + 0.5) / 100_000
    x = distribution.ppf(u)
    assert x.mean() == pytest.approx(mean, rel=1e-3)
    if sd:
        assert x.std() == pytest.approx(sd, rel=1e-3)
    assert [distribution.cdf(v) for v in x[::9999]] == pytest.approx(u[::9999], abs=1e-9)


def test_a_truncated_distribution_keeps_its_shape_inside():
    cut = Truncated(Normal(0, 1), -1, 2)
    x = cut.ppf((np.arange(50_000) + 0.5) / 50_000)
    assert x.min() >= -1
    assert x.max() <= 2
    inside = Normal(0, 1)
    share = (inside.cdf(1) - inside.cdf(0)) / (inside.cdf(2) - inside.cdf(-1))
    assert np.mean((x > 0) & (x < 1)) == pytest.approx(share, abs=1e-3)


# ── reading ──


def test_a_file_is_read_in_order_with_its_evidence(study):
    priors = study(COLD, COST, RHO)
    assert [prior.constant for prior in priors.items] == ["cold chain share", "capital cost"]
    assert priors.items[0].known_on == date(2019, 6, 30)
    assert priors.items[0].kind == "anchored"
    assert priors.items[1].columns == 3
    assert priors.correlations == {"capital": 0.5}
    assert len(priors.digest) == 32


def test_a_name_may_be_spelled_as_vensim_allows(study):
    assert study(COLD.replace("cold chain share", "Cold_Chain share")).items[0].constant == (
        "cold chain share"
    )


def test_every_problem_of_a_file_is_told_at_once(study):
    lines = problems(
        study,
        COLD.replace("share", "shrae"),
        entry("grant budget", 'distribution = "normall"\nmean = 1\nsd = 1', unit="Yi/Year"),
        entry("macro shock", 'distribution = "normal"\nmean = 0\nsd = 0', unit="Yi"),
        entry("import share", 'distribution = "uniform"\nlow = 0.1\nhihg = 0.2', "each = true"),
        entry(
            "import share", 'distribution = "uniform"\nlow = 0\nhigh = 0.2', 'element = "brewin"'
        ),
        entry("loss", 'distribution = "uniform"\nlow = 0\nhigh = 0.2'),
        entry("output", 'distribution = "uniform"\nlow = 0\nhigh = 0.2'),
        '[[correlation]]\ngroup = "nobody"\nrho = 0.3\n',
    )
    text = "\n".join(lines)
    assert lines[0] == (
        'calibration/priors.toml [[prior]] "cold chain shrae": no such constant in '
        'model/small.mdl — did you mean "cold chain share" (1/Year, 0 to 0.5)?'
    )
    for part in (
        'no distribution "normall" — did you mean "normal"?',
        "sd must be above 0 in normal(mean 0, sd 0)",
        "unit is Yi, but must be Dmnl as in the model",
        'no such key "hihg" — did you mean "high"?',
        "high is missing",
        'no element "brewin" in range sector — did you mean "brewing"?',
        "has 3 elements — give element",
        "is no constant in model/small.mdl but auxiliary",
        'no prior has group "nobody"',
    ):
        assert part in text
    assert all(line.startswith("calibration/priors.toml [[") for line in lines)


@pytest.mark.parametrize(
    ("evidence", "what"),
    [
        ('known_on = "2019-06-30"', "basis is missing"),
        ('basis = "b"', 'known_on is missing — give the date, or kind = "structural"'),
        ('basis = "b"\nkind = "anchored"', "known_on is missing"),
        ('basis = "b"\nkind = "sturdy"', "kind must be anchored or structural"),
        ('basis = "b"\nknown_on = "June 2019"', "known_on must be a date"),
        ('basis = "b"\nkind = "structural"\nassumption = 1', "assumption must be true or false"),
    ],
)
def test_a_prior_without_evidence_is_refused(study, evidence, what):
    text = entry("macro shock", 'distribution = "normal"\nmean = 0\nsd = 0.1', evidence=evidence)
    assert what in "\n".join(problems(study, text))


def test_a_structural_prior_needs_no_date(study):
    evidence = 'basis = "form"\nkind = "structural"\nassumption = true\n'
    text = entry("macro shock", 'distribution = "normal"\nmean = 0\nsd = 0.1', evidence=evidence)
    assert study(text).items[0].known_on is None


@pytest.mark.parametrize(
    "parameters",
    [
        'distribution = "uniform"\nlow = 2\nhigh = 1',
        'distribution = "triangular"\nlow = 0\nmode = 2\nhigh = 1',
        'distribution = "beta"\nmean = 0.5\nsd = 0.6',
        'distribution = "lognormal"\nmedian = -1\nlog_sd = 0.1',
        'distribution = "normal"\nmean = nan\nsd = 0.1',
        'distribution = "normal"\nmean = true\nsd = 0.1',
        'distribution = "normal"\nmean = "1"\nsd = 0.1',
    ],
)
def test_parameters_that_make_no_distribution_are_refused(study, parameters):
    assert len(problems(study, entry("loss", parameters, 'element = "other"'))) == 1


def test_a_prior_that_leaves_the_limits_by_more_than_a_hundredth_is_refused(study):
    wide = entry("cold chain share", 'distribution = "normal"\nmean = 0.3\nsd = 0.1', unit="1/Year")
    (line,) = problems(study, wide)
    assert "2.4% of normal(mean 0.3, sd 0.1) lies outside the limits in model/small.mdl" in line
    assert "(1/Year, 0 to 0.5); at most 1% may" in line


def test_a_prior_that_leaves_the_limits_by_less_is_cut_to_them(study):
    text = entry(
        "cold chain share", 'distribution = "normal"\nmean = 0.25\nsd = 0.1', unit="1/Year"
    )
    with pytest.raises(SDError):
        study(text)  # 1.2%
    priors = study(text.replace("sd = 0.1", "sd = 0.095"))
    x = draws.draw(priors, MODEL, 16 * 512, seed=1).values["cold chain share"]
    assert x.min() >= 0
    assert x.max() <= 0.5


def test_a_factor_is_held_to_the_limits_of_every_element(study):
    factor = 'distribution = "uniform"\nlow = 0.5\nhigh = {}'
    text = entry("capital cost", factor, "scale = true")
    (line,) = problems(study, text.format("5.0"))
    assert "as a factor, 0.1667 to 4" in line
    model_array = np.array([0.3, 0.4, 0.5])[:, None]
    x = draws.draw(study(text.format("4.0")), MODEL, 64, seed=1).values["capital cost"]
    assert np.allclose(x / model_array, (x / model_array)[0])
    assert x.max() <= 2


def test_the_same_element_twice_in_a_set_is_refused_but_not_in_two_sets(study):
    one = COLD.replace("[[prior]]", '[[prior]]\nsets = ["history"]')
    two = COLD.replace("[[prior]]", '[[prior]]\nsets = ["plan"]').replace("0.1", "0.2")
    assert len(study(one, two).items) == 1
    assert study(one, two, prior_set="plan").items[0].distribution == Uniform(0.2, 0.4)
    (line,) = problems(study, one, COLD)
    assert 'cold chain share" is drawn twice in the set "history"' in line
    element = COST.replace("each = true", 'element = "dairy"')
    assert 'capital cost[dairy]" is drawn twice' in problems(study, COST, element)[0]


def test_an_unknown_set_is_refused(study):
    one = COLD.replace("[[prior]]", '[[prior]]\nsets = ["low", "high"]')
    (line,) = problems(study, one, prior_set="lo")
    assert 'no prior set "lo" — did you mean "low"?; it has low, high' in line


def test_entries_that_name_no_set_belong_to_any(study):
    assert study(COLD, prior_set="").name == "prior"
    assert study(COLD, prior_set="of a variant").items == study(COLD).items


def test_a_correlation_that_cannot_be_is_refused(study):
    (line,) = problems(study, COST, RHO.replace("0.5", "-0.6"))
    assert "rho -0.6 is impossible for 3 numbers — it must lie between -0.5 and 1" in line


def test_bad_toml_is_told_with_its_line_and_a_file_that_is_missing_by_name(study, tmp_path):
    (line,) = problems(study, COLD, "[[prior]\n")
    assert line.startswith("calibration/priors.toml line ")
    assert "not valid TOML" in line
    with pytest.raises(SDError, match=r"山西 省/priors.toml: cannot be read"):
        priors.read_priors(tmp_path / "山西 省" / "priors.toml", MODEL)


def test_a_file_in_gbk_is_read_and_one_in_no_known_encoding_refused(tmp_path):
    path = tmp_path / "先验.toml"
    path.write_bytes("# 中文\n".encode("gbk"))
    assert priors.read_priors(path, MODEL).items == ()
    path.write_bytes(b"# \xff\n")
    with pytest.raises(SDError, match="is neither UTF-8 nor GBK"):
        priors.read_priors(path, MODEL)


def test_an_empty_file_draws_nothing(study):
    drawn = draws.draw(study(""), MODEL, 32, seed=1)
    assert drawn.values == {}
    assert drawn.members == 32


def test_a_prior_known_after_the_information_date_is_found(study):
    late = BUDGET.replace("2019-06-30", "2021-01-31")
    later_form = entry(
        "macro shock",
        'distribution = "normal"\nmean = 0\nsd = 0.1',
        evidence='basis = "b"\nkind = "structural"\nknown_on = "2023-01-01"\n',
    )
    priors = study(COLD, late, later_form)
    (line,) = priors.check_vintage(date(2019, 12, 31))
    assert line == ('calibration/priors.toml "grant budget": known on 2021-01-31, after 2019-12-31')
    assert priors.check_vintage(date(2021, 1, 31)) == ()
    assert priors.exempt(date(2019, 12, 31)) == ("macro shock",)


def test_an_exemption_lets_a_later_prior_through_and_is_counted(study):
    late = BUDGET.replace("2019-06-30", "2021-01-31") + 'exempt = "no other figure"\n'
    priors = study(COLD, late)
    assert priors.check_vintage(date(2019, 12, 31)) == ()
    assert priors.exempt(date(2019, 12, 31)) == ("grant budget",)
    assert priors.exempt(date(2021, 1, 31)) == ()


@pytest.mark.parametrize(
    ("evidence", "what"),
    [
        (EVIDENCE + 'exempt = " "\n', "exempt must give the reason"),
        (EVIDENCE + "exempt = true\n", "exempt must be a text"),
        ('basis = "b"\nkind = "structural"\nexempt = "x"\n', "structural entries are exempt"),
        ('basis = "b"\nexempt = "x"\n', "known_on is missing"),
    ],
)
def test_an_exemption_needs_a_reason_and_a_date(study, evidence, what):
    found = problems(study, BUDGET.replace(EVIDENCE, evidence))
    assert any(what in line for line in found)


# ── drawing ──


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


def test_paths_may_hold_chinese_and_blanks(tmp_path):
    path = Path(tmp_path / "我的 研究" / "calibration" / "priors.toml")
    path.parent.mkdir(parents=True)
    path.write_text("\ufeff" + COLD, encoding="utf-8")
    assert len(priors.read_priors(path, MODEL).items) == 1


@pytest.mark.parametrize(
    "made",
    [
        Beta(0.5, 0.1),
        Lognormal(1.0, 0.1),
        Normal(0.0, 1.0),
        Triangular(0.0, 0.5, 1.0),
        Uniform(0.0, 1.0),
    ],
)
def test_a_distribution_is_told_in_chinese_without_english_words(made):
    told = priors.describe(made, "zh")
    assert told.isascii() is False
    assert not [c for c in told if c.isascii() and c.isalpha()]
