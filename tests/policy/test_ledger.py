import math
from dataclasses import replace
from datetime import date

import pytest

from sdengine.errors import SDError
from sdensemble.inputs.published import COLUMNS, Statistic, known_at, last_day, read_published
from sdensemble.inputs.report import Bearing
from sdensemble.lang import tell
from sdensemble.outputs.columns import TABLES
from sdensemble.outputs.naming import wanted
from sdensemble.outputs.policy.ledger import ledger_blocks, ledger_rows
from sdensemble.policy.ledger import MET, NOT_MET, NOT_PUBLISHED, ledger, pointing
from sdensemble.results.estimate import Estimate
from sdensemble.results.probability import Probability
from sdensemble.results.results import Results
from tests.outputs import synthetic
from tests.outputs.told import told


@pytest.fixture(scope="module")
def targets():
    """The synthetic targets, each with an entity and a quantity, and one row of each role."""
    rows = []
    for target in synthetic.targets():
        entity = target.element or ("" if target.joint else target.variable)
        rows.append(replace(target, entity=entity, quantity="" if target.joint else "output"))
    lever = replace(
        rows[0],
        id="quota",
        role="lever",
        variable="",
        headline=False,
        value=5.0,
        lever=("x",),
        lever_value=2.0,
        lever_unit="Yi",
        entity="",
        quantity="",
    )
    slogan = replace(
        rows[0],
        id="slogan",
        role="indicator",
        variable="",
        headline=False,
        year=None,
        value=100.0,
        unit="firms",
        measure="firms",
        entity="tea",
        quantity="firms",
        reason_zh="口号",
        reason_en="a slogan",
    )
    other = replace(rows[0], id="reference", role="reference", headline=False)
    return (*rows, lever, slogan, other)


def statistic(value, *, name="S1", year=2025, measure="output_value", published="2026-03", **more):
    given = {"entity": "dairy", "quantity": "output", "unit": "Yi"} | more
    return Statistic(
        id=name,
        year=year,
        value=value,
        measure=measure,
        source="made up",
        published_on=published,
        note="",
        **given,
    )


def entry(targets, statistics, name, results=None):
    scenario = results.scenarios[0] if results else None
    found = ledger(targets, statistics, results, scenario)
    return next(one for one in found if one.target.id == name)


@pytest.mark.parametrize(("value", "status"), [(99.9, NOT_MET), (100.0, MET), (120.0, MET)])
def test_a_statistic_of_the_same_measure_and_year_judges(targets, value, status):
    assert entry(targets, [statistic(value)], "dairy_2025").status == status


@pytest.mark.parametrize(
    "other", [{"measure": "sales_revenue"}, {"year": 2024}, {"entity": "tcm"}, {"quantity": "x"}]
)
def test_a_statistic_of_another_measure_year_or_thing_never_judges(targets, other):
    assert entry(targets, [statistic(500.0, **other)], "dairy_2025").status == NOT_PUBLISHED


def test_another_measure_is_named_and_said_to_judge_nothing(targets, results):
    found = [entry(targets, [statistic(500.0, measure="sales_revenue")], "dairy_2025")]
    text = told(ledger_blocks(found, results.spec, ""), "zh")
    assert "500亿元（2025，销售收入），口径不同，不作判断" in text
    assert "未公布" in text


def test_a_probability_stands_only_where_nothing_is_published(targets, results):
    open_one = entry(targets, [], "dairy_2025", results)
    assert open_one.probability.key.scenario == "baseline"
    assert entry(targets, [statistic(99.0)], "dairy_2025", results).probability is None
    by_year = entry(targets, [statistic(99.0, year=2024)], "dairy_2025", results)
    assert by_year.probability is not None


def test_a_probability_is_of_the_targets_own_scope_whatever_it_is_also_read_in(targets, results):
    own = next(one for one in targets if one.id == "total_2025")
    read = replace(own, id="r", role="reference", scope="as_reported", variable="total real output")
    both = Results(results.data, results.scenarios, (own, read), results.spec, results.model)
    (found,) = ledger((own, read), [], both, both.scenarios[0])
    assert found.probability == results.event(own, both.scenarios[0]).probability()
    assert [one.scope for one, _ in found.readings] == ["as_reported"]


def test_a_joint_row_fails_with_its_first_part_and_is_met_with_its_last(targets):
    one = statistic(1.0)
    assert entry(targets, [one], "all_2025").status == NOT_MET
    every = [statistic(5000.0, name=key, entity=key) for key in synthetic.SECTORS]
    assert entry(targets, every[:-1], "all_2025").status == NOT_PUBLISHED
    done = entry(targets, every, "all_2025")
    assert done.status == MET
    assert len(done.judged) == 11


def test_a_row_without_a_deadline_is_judged_by_the_latest_year(targets):
    firms = {"entity": "tea", "quantity": "firms", "measure": "firms", "unit": "firms"}
    early, late = statistic(110.0, year=2019, **firms), statistic(90.0, year=2020, **firms)
    found = entry(targets, [early, late], "slogan")
    assert (found.status, found.latest) == (NOT_MET, late)


def test_references_are_left_out_and_every_other_row_is_there(targets):
    found = ledger(targets, [])
    assert [e.target.id for e in found] == [t.id for t in targets if t.id != "reference"]


def test_the_text_tells_what_is_set_and_why_the_rest_is_not_simulated(targets, results):
    entries = ledger(targets, [])
    blocks = ledger_blocks(entries, results.spec, "through-2021")
    zh, en = (told(blocks, lang) for lang in ("zh", "en"))
    assert "x = 2亿元" in zh
    assert "a slogan" in en
    assert "information to the end of 2021" in en
    assert "forecast" not in en
    assert "No stored run" in en


def test_rows_of_the_table_have_only_its_columns(targets, results):
    entries = ledger(targets, [statistic(120.0)], results, results.scenarios[0])
    rows = list(ledger_rows(entries, "", {"dairy_2025": ["milk"]}))
    assert all(set(row) <= set(TABLES["ledger"]) for row in rows)
    row = next(row for row in rows if row["target"] == "dairy_2025")
    assert (row["status"], row["judged_by"], row["conflicts"]) == ("met", "S1", "milk")
    assert "p" not in row


def test_what_is_asked_is_shown_with_its_band(targets, results):
    about = replace(targets[0], comparator="about", value=1.8, low=1.75, high=1.85)
    assert tell(wanted(about, results.spec), "zh") == "约1.8亿元（1.75–1.85）"
    assert tell(wanted(about, results.spec), "en") == "about 1.8 亿元 (1.75–1.85)"


# ── information dates and the file ──


def test_an_information_date_counts_the_publication_and_through_the_period():
    late = statistic(1.0, year=2019, published="2020-09-21")
    assert known_at([late], "2020-09-21") == (late,)
    assert known_at([late], "2020-09-20") == ()
    assert known_at([late], "through-2019") == (late,)
    assert known_at([late], "through-2018") == ()
    assert known_at([late], "") == (late,)


def test_a_month_or_year_is_known_only_at_its_end():
    assert last_day("2021-02") == date(2021, 2, 28)
    assert known_at([statistic(1.0, published="2022")], "2022-12-30") == ()
    assert last_day("spring") is None
    with pytest.raises(SDError, match="neither a date such as"):
        known_at([], "yesterday")


def test_the_problems_of_the_published_file_are_told_together(tmp_path, targets):
    path = tmp_path / "published.csv"
    rows = [
        "A,dairy,output,2020,75,Wt,output_value,made up,2021,",
        "B,diary,output,2020,75,Yi,output_value,made up,2021,",
        "C,dairy,output,2020,x,Yi,output_value,made up,soon,",
        "D,dairy,output,2020,75,Wt,volume,made up,2021,",
    ]
    path.write_text("\n".join([",".join(COLUMNS), *rows]), "utf-8")
    with pytest.raises(SDError) as caught:
        read_published(path, targets)
    text = "\n".join(caught.value.problems)
    assert 'unit is Wt, but target "dairy_2025" of the same measure is in Yi' in text
    assert 'no target speaks of "diary output" — did you mean "dairy output"?' in text
    assert 'value must be a number, not "x"' in text
    assert 'published_on must be a date, a month or a year, not "soon"' in text
    assert "(D)" not in text  # another measure may have another unit


# ── what a figure of another measure or year says ──

SALES = {"measure": "sales_revenue"}


def bearing(low=0.9, high=1.1):
    return Bearing("sales_revenue", "output_value", low, high, {"zh": "折算", "en": "converted"})


def points(targets, spec, one, low=0.9, high=1.1, p=None):
    found = entry(targets, [one], "dairy_2025")
    chance = None if p is None else Probability(None, estimate(p), estimate(p), 0)
    return pointing(
        replace(found, probability=chance), replace(spec, bearings=(bearing(low, high),))
    )


def estimate(p):
    return Estimate(p, 0.01, p, p, 100, 16, "t")


@pytest.mark.parametrize(
    ("value", "year", "low", "high", "way"),
    [
        (120.0, 2025, 0.9, 1.1, "for"),
        (80.0, 2025, 0.9, 1.1, "against"),
        (100.0, 2025, 0.9, 1.1, "open"),
        (120.0, 2023, 0.9, 1.1, "for"),
        (80.0, 2023, 0.9, 1.1, "needs"),
        (160.0, 2025, 0.0, 1.0, "open"),
        (160.0, 2023, 0.0, 1.0, "open"),
        (80.0, 2025, 0.0, 1.0, "against"),
        (80.0, 2025, 1.0, math.inf, "open"),
        (120.0, 2025, 1.0, math.inf, "for"),
    ],
)
def test_a_figure_of_another_measure_says_which_way_it_points(
    targets, results, value, year, low, high, way
):
    found = points(targets, results.spec, statistic(value, year=year, **SALES), low, high)
    assert found.way == way
    assert (found.low, found.high) == (value * low, value * high)


def test_an_earlier_figure_says_what_growth_would_still_be_needed(targets, results):
    found = points(targets, results.spec, statistic(80.0, year=2023, **SALES), 1.0, 1.0)
    assert found.growth == pytest.approx((100 * (1.25**0.5 - 1),) * 2)


def test_a_probability_contrary_to_the_figure_beside_it_is_flagged(targets, results):
    one = statistic(120.0, **SALES)
    assert points(targets, results.spec, one, p=0.05).contrary
    assert not points(targets, results.spec, one, p=0.5).contrary
    assert points(targets, results.spec, statistic(60.0, **SALES), p=0.95).contrary


def test_a_measure_that_nothing_is_known_of_points_nowhere(targets, results):
    found = entry(targets, [statistic(120.0, measure="company_revenue")], "dairy_2025")
    assert pointing(found, results.spec) is None
