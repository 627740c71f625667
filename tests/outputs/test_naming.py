from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sdensemble.inputs.naming import Amount
from sdensemble.inputs.report import Measure
from sdensemble.lang import tell
from sdensemble.outputs.naming import beyond, information_date, named_with_year, target_name
from sdensemble.outputs.rounding import in_ten, measured, percent, points, rounded
from sdensemble.results.probability import Key, threshold_event

KEY = Key("y", 2025, "m", "s", "p", "d", "h", "x", "a")


@pytest.mark.parametrize(
    ("low", "high", "zh", "en"),
    [
        (0.31, 0.58, "约三到六成", "about three to six in ten"),
        (0.31, 0.33, "约三成", "about three in ten"),
        (0.21, 0.23, "约两成", "about two in ten"),
        (0.0, 0.0, "不到百分之一", "less than one in a hundred"),
        (0.01, 0.04, "不到一成", "less than one in ten"),
        (0.013, 0.86, "至多约九成", "at most about nine in ten"),
        (0.62, 0.97, "至少约六成", "at least about six in ten"),
        (0.96, 0.98, "九成以上", "more than nine in ten"),
        (0.995, 1.0, "百分之九十九以上", "more than ninety-nine in a hundred"),
    ],
)
def test_probabilities_are_said_in_tenths(low, high, zh, en):
    assert (in_ten(low, high, "zh"), in_ten(low, high, "en")) == (zh, en)


def test_a_share_is_never_printed_as_certain():
    assert [points(p) for p in (0.0, 0.004, 0.006, 0.5, 0.9951, 1.0)] == [
        "<1",
        "<1",
        "1",
        "50",
        ">99",
        ">99",
    ]


def test_a_share_has_no_more_digits_than_its_error_allows():
    assert [points(0.373, se) for se in (0.01, 0.03, 0.12)] == ["37", "35", "40"]
    assert points(0.02, 0.03) == "<5"


def test_numbers_stop_at_the_first_digit_of_their_error():
    assert rounded(2843.2, 12.0) == "2840"
    assert rounded(2843.2, 3.0) == "2843"
    assert rounded(float("nan"), 1.0) == "—"
    assert measured(5.43, 0.12) == "+5.4 ±0.2"
    assert measured(-48.2, 7.1) == "−48 ±8"
    assert measured(2.7, 0.004) == "+2.7 ±0.1"
    assert measured(0.0, 0.0) == "0"


def test_a_percentage_with_lost_members_is_printed_as_bounds():
    values = np.repeat([1.0, -1.0, np.nan], [1600, 800, 160])
    replicate = np.tile(np.arange(16), 160)
    found = threshold_event(KEY, values, ">", 0.0, replicate).probability()
    assert percent(found) == "62–69%"


def test_an_information_date_is_said_as_the_end_of_its_year():
    assert tell(information_date("through-2019"), "zh") == "事前预测（信息截至2019年末）"
    assert (
        tell(information_date("2020-03-31"), "en")
        == "ex ante forecast (information as of 2020-03-31)"
    )


def test_what_was_known_later_than_the_policys_issue_is_no_ex_ante_forecast():
    issued = "through-2019"
    assert tell(information_date("through-2019", issued), "zh") == "事前预测（信息截至2019年末）"
    assert tell(information_date("through-2021", issued), "zh") == "现时推算（信息截至2021年末）"
    assert (
        tell(information_date("through-2021", issued), "en")
        == "nowcast (information to the end of 2021)"
    )
    assert "nowcast" in tell(information_date("2022-03-31", issued), "en")


def test_a_target_is_said_with_its_comparator_in_words_and_its_year_once(results):
    question = results.question
    assert tell(beyond(question, results.spec), "zh") == "超过3000亿元"
    assert tell(beyond(question, results.spec), "en") == "above 3000 亿元"
    assert tell(target_name(question), "zh") == "全省农产品加工业产值"
    example = SimpleNamespace(zh="全省产值 2030（示例）", en="Output value 2030 (example)")
    assert tell(target_name(example), "zh") == "全省产值（示例）"
    assert tell(target_name(example), "en") == "Output value (example)"


def test_a_target_of_a_month_is_said_with_the_month(results):
    target = results.question
    months = {"zh": "月", "en": "month"}
    assert tell(named_with_year(target, months), "en").endswith(f" {target.year}")
    assert tell(named_with_year(replace(target, year=36), months), "en").endswith(", month 36")


def test_amounts_read_well_in_both_languages(results):
    units = {"Wt": {"zh": "万吨", "en": "10,000 tonnes"}, "x": {"zh": "万亩", "en": "x 10,000 mu"}}
    share = Measure({"zh": "%", "en": "%"}, 100.0)
    spec = replace(results.spec, units=units, measures={"rate": share})

    def shown(value, unit, measure=""):
        return [Amount.of(spec, unit, value, measure).told(lang) for lang in ("zh", "en")]

    assert shown(1400, "Wt") == ["1400万吨", "14 million tonnes"]
    assert shown(1.8, "Wt") == ["1.8万吨", "18,000 tonnes"]
    assert shown(100, "x") == ["100万亩", "1 million mu"]
    assert shown(0.8, "Dmnl", "rate") == ["80%", "80%"]
    assert shown(1.8, "Dmnl") == ["1.8", "1.8"]
