from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.ensemble import draws
from sdensemble.inputs import priors
from sdensemble.inputs.distributions import Beta, Lognormal, Normal, Triangular, Truncated, Uniform
from tests.prior_files import BUDGET, COLD, COST, EVIDENCE, MODEL, RHO, entry, written


@pytest.fixture
def study(tmp_path):
    return partial(written, tmp_path)


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
