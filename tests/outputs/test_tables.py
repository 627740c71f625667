import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from sdensemble.lang import LANGS, phrase, tell
from sdensemble.outputs.columns import TABLES
from sdensemble.outputs.gap_tables import gap_rows, progress_rows
from sdensemble.outputs.heads import head, heads, meaning, read_csv
from sdensemble.outputs.limit_tables import bottleneck_rows
from sdensemble.outputs.tables import (
    difference_rows,
    probability_rows,
    write_tables,
)
from sdensemble.outputs.write.csv import write_records
from sdensemble.results.results import Results
from tests.outputs import synthetic


def pick(rows, **wanted):
    found = [r for r in rows if all(r.get(key) == value for key, value in wanted.items())]
    assert len(found) == 1
    return found[0]


def test_every_table_opens_in_a_spreadsheet(tmp_path, results):
    write_tables(tmp_path, [results], "en")
    files = ("probabilities", "differences", "gap", "progress", "bottlenecks", "horizons")
    for table in files:
        name, columns = f"{table}.csv", TABLES[table]
        raw = (tmp_path / name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        assert b"\r\n" in raw
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
        assert reader.fieldnames == list(columns)
        assert rows or name == "conditions.csv"  # the report names no condition
        assert all(row["unit"] or not row.get("value", "1") for row in rows)
        for row in rows:
            outlay, share = row.get("kind") == "outlay", name == "bottlenecks.csv"
            key = ("output_value", "constant_2019", "nominal")
            key = ("outlay", "", "nominal") if outlay else key
            found = tuple(row[part] for part in ("measure", "scope", "price_basis"))
            assert found == (("", "", "") if share else key)
    with (tmp_path / "columns.csv").open(encoding="utf-8-sig") as stream:
        assert len(list(csv.DictReader(stream))) == sum(
            len(TABLES[table]) for table in (*files, "conditions")
        )


@pytest.mark.parametrize("table", TABLES)
def test_chinese_heads_are_each_their_own_and_lead_back_to_the_codes(table):
    own = heads(table, "zh")
    assert len(set(own.values())) == len(own)
    for code, text in own.items():
        assert re.search("[\u4e00-\u9fff]|^p$", text), (code, text)
        assert len(text) <= 24, text
    assert heads(table, "en") == {code: code for code in TABLES[table]}


def test_a_chinese_run_has_chinese_heads_that_a_script_reads_by_their_codes(tmp_path, results):
    for lang in ("zh", "en"):
        (tmp_path / lang).mkdir()
        write_tables(tmp_path / lang, [results], lang)
    for path in sorted((tmp_path / "en").glob("*.csv")):
        raw = (tmp_path / "zh" / path.name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        if path.stem != "columns":
            assert read_csv(tmp_path / "zh" / path.name) == read_csv(path)
    explained = read_csv(tmp_path / "zh" / "columns.csv")
    first = (tmp_path / "zh" / "gap.csv").read_text("utf-8-sig").splitlines()[0]
    assert [row["head"] for row in explained if row["file"] == "gap.csv"] == first.split(",")
    assert all(row["zh"] and row["en"] and row["column"] for row in explained)


def test_no_text_is_run_as_a_formula(tmp_path):
    path = write_records(tmp_path / "t.csv", ("a", "b"), [{"a": "=1+1", "b": -1.5}])
    assert path.read_text("utf-8-sig").splitlines()[1] == "'=1+1,-1.5"


def test_probabilities_are_shares_with_their_key(results):
    rows = list(probability_rows(results))
    assert len(rows) == len(results.targets) * len(results.scenarios)
    row = pick(rows, target="total_2025", scenario="all")
    values = results.data["total nominal output"].sel(scenario="all", year=2025).values
    assert row["p"] == np.mean(values > 3000)
    assert row["shortfall"] == pytest.approx(np.maximum(0, 3000 - values).mean())
    assert (row["prior_set"], row["as_of"], row["scope"]) == (
        "history",
        "through-2019",
        "constant_2019",
    )


def test_a_joint_target_is_met_only_by_members_that_meet_every_part(results):
    row = pick(probability_rows(results), target="all_2025", scenario="all")
    data = results.data["nominal output"].sel(scenario="all", year=2025).values
    limits = [value[2] for value in synthetic.SECTORS.values()]
    assert row["p"] == np.mean((data >= limits).all(axis=1))
    assert (row["year"], row["value"], row["event"].count("&")) == (2025, "", 10)


def test_differences_are_paired_and_say_which_are_nothing(results):
    rows = list(difference_rows(results))
    row = pick(rows, kind="output", outcome="total", year=2025, scenario="brand")
    data = results.data["total nominal output"].sel(year=2025)
    moved = (data.sel(scenario="brand") - data.sel(scenario="baseline")).values
    assert row["difference"] == pytest.approx(moved.mean())
    assert row["median"] == pytest.approx(np.median(moved))
    assert (row["verdict"], row["share_helped"]) == ("distinguishable", 1.0)
    none = pick(rows, kind="outlay", outcome="province", scenario="fenjiu-stagnates")
    assert (none["verdict"], none["verdict_zh"]) == ("none", tell(phrase("verdict.none"), "zh"))


def test_the_error_of_a_paired_difference_is_far_below_that_of_its_sides(results):
    row = pick(
        difference_rows(results), kind="output", outcome="total", year=2025, scenario="guarantee"
    )
    side = results.data["total nominal output"].sel(year=2025, scenario="baseline").values
    assert row["error"] < side.std() / 16 / 5


def test_more_than_ten_pairs_are_judged_after_holms_correction(results):
    rows = [r for r in difference_rows(results) if r["kind"] == "probability"]
    assert all(r["p_value_holm"] >= r["p_value"] for r in rows)
    for row in rows:
        if row["p_value_holm"] >= 0.05:
            assert row["verdict"] != "distinguishable"


def test_a_scenario_is_compared_with_the_one_it_names(results):
    row = pick(difference_rows(results), kind="other_change", year=2025, scenario="one-year-delay")
    assert (row["against"], row["outcome"]) == ("all", "other")
    assert row["difference"] < 0


def test_outlay_is_cumulative_by_payer(results):
    row = pick(difference_rows(results), kind="outlay", outcome="county", scenario="bases")
    paid = results.data["outlay county"].sel(scenario="bases", year=slice(2019, 2025))
    assert row["difference"] == pytest.approx(float(paid.sum("year").mean()))


def test_contributions_of_the_components_add_up_to_growth(results):
    rows = [r for r in gap_rows(results) if r["scenario"] == "baseline" and r["year"] == 2025]
    whole, parts = (
        pick(rows, outcome="total"),
        [r for r in rows if r["outcome"] not in ("total", "ten")],
    )
    assert len(parts) == 11
    for column in ("contribution", "contribution_points"):
        assert sum(r[column] for r in parts) == pytest.approx(whole[column])
    assert sum(r["contribution_share_percent"] for r in parts) == pytest.approx(100)
    assert whole["gap_mean"] == pytest.approx(3000 - whole["mean"])


def test_required_growth_leads_from_the_base_to_the_target(tmp_path):
    results = synthetic.results(tmp_path, ("baseline",))
    results.data["total nominal output"][:] = 1000.0
    rows = list(gap_rows(results))
    row = pick(rows, outcome="total", year=2025)
    assert row["required_growth_percent"] == pytest.approx(100 * (3 ** (1 / 6) - 1))
    assert row["growth_percent"] == pytest.approx(0.0)


def test_progress_is_measured_against_the_time_passed(tmp_path):
    results = synthetic.results(tmp_path, ("baseline",))
    steps = np.linspace(1000.0, 3000.0, 7).tolist() + [3000.0] * 5
    results.data["total nominal output"][:] = np.array(steps)
    rows = [r for r in progress_rows(results) if r["target"] == "total_2025"]
    assert [r["year"] for r in rows] == list(range(2020, 2025))
    assert [r["ahead_points"] for r in rows] == pytest.approx([0.0] * 5, abs=1e-9)
    assert rows[-1]["required_growth_percent"] == pytest.approx(100 * (3000 / steps[5] - 1))


def test_regime_shares_add_to_one_and_one_of_them_is_largest(results):
    rows = [r for r in bottleneck_rows(results) if r["scenario"] == "baseline"]
    one = [r for r in rows if r["outcome"] == "fruit" and r["year"] == "all"]
    assert len(one) == len(synthetic.REGIMES)
    assert sum(r["mean_share"] for r in one) == pytest.approx(1)
    assert sum(r["share_largest"] for r in one) == pytest.approx(1)
    assert {r["member_years"] for r in one} == {256 * 12}


def test_lost_members_leave_bounds_and_every_other_number_finite(results):
    data = results.data.copy(deep=True)
    data["total nominal output"].values[0, :5, 4:] = np.nan
    lost = Results(data, results.scenarios, results.targets, results.spec, results.model)
    row = pick(probability_rows(lost), target="total_2025", scenario="baseline")
    assert (row["p"], row["lost_members"]) == ("", 5)
    assert row["p_most"] - row["p_least"] == pytest.approx(5 / 256)
    effect = pick(
        difference_rows(lost), kind="output", outcome="total", year=2025, scenario="brand"
    )
    assert effect["pairs"] == 251
    assert np.isfinite(effect["difference"])
    assert lost.lost == (
        {
            "variable": "total nominal output",
            "scenario": "baseline",
            "first_year": 2023,
            "members": 5,
            "member": 0,
        },
    )


def test_a_question_the_report_names_wrongly_is_told(results):
    head = replace(results.spec.headline, question="total_2052")
    spec = replace(results.spec, headline=head)
    wrong = Results(results.data, results.scenarios, results.targets, spec, results.model)
    with pytest.raises(Exception, match=r"no single target.*did you mean"):
        _ = wrong.question


def test_without_a_name_the_question_stands_in_the_year_of_most_headline_targets(results):
    spec = replace(results.spec, headline=replace(results.spec.headline, question=None))
    one = Results(results.data, results.scenarios, results.targets, spec, results.model)
    assert one.question.id == "total_2025"


def test_the_whole_and_its_groups_have_the_weighted_share_of_their_elements(results):
    rows = [r for r in bottleneck_rows(results) if r["scenario"] == "brand" and r["year"] == 2025]
    data = results.data.sel(scenario="brand", year=2025)
    for outcome, parts in (("total", tuple(synthetic.SECTORS)), ("ten", tuple(synthetic.TEN))):
        row = pick(rows, outcome=outcome, regime="raw")
        weights = data["nominal output"].sel(sector=list(parts)).values
        shares = data["output regime raw"].sel(sector=list(parts)).values
        wanted = ((weights * shares).sum(axis=1) / weights.sum(axis=1)).mean()
        assert row["mean_share"] == pytest.approx(wanted)
        assert sum(r["mean_share"] for r in rows if r["outcome"] == outcome) == pytest.approx(1)


def test_a_member_is_helped_by_more_than_a_ten_thousandth_of_the_median_level(results):
    data = results.data.copy(deep=True)
    values = data["total nominal output"].values
    at = list(data["scenario"].values).index("brand")
    values[at] = values[0]
    felt = np.median(values[0, :, 6]) * 1e-4
    values[at, :64] += 0.9 * felt
    values[at, 64:96] += 1.1 * felt
    values[at, 96:100] -= 1.1 * felt
    small = Results(data, results.scenarios, results.targets, results.spec, results.model)
    row = pick(difference_rows(small), kind="output", outcome="total", year=2025, scenario="brand")
    assert (row["share_helped"], row["share_hurt"]) == (32 / 256, 4 / 256)
    assert row["verdict"] != "none"


def test_rows_from_the_prior_and_from_a_posterior_have_other_keys(results):
    fitted = replace(results, data=results.data.assign_attrs(posterior="0123456789abcdef"))
    for make in (probability_rows, difference_rows, gap_rows, progress_rows, bottleneck_rows):
        one, other = next(iter(make(results))), next(iter(make(fitted)))
        assert (one["posterior"], one["model_set"]) == ("prior", "main")
        assert other["posterior"] == "0123456789abcdef"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_meaning_in_every_language(table):
    for column in TABLES[table]:
        for lang in LANGS:
            assert meaning(table, column).told(lang)
            assert head(table, column, lang)
    assert head("probabilities", "p", "zh") == "达标概率"


def test_income_given_up_is_no_outlay(results):
    payers = results.spec.payers
    apart = (replace(payers[0], forgone=True), *payers[1:])
    spec = replace(results.spec, payers=apart)
    own = Results(results.data, results.scenarios, results.targets, spec, results.model)
    kinds = {
        row["outcome"]: row["kind"]
        for row in difference_rows(own)
        if row["outcome"] in {payer.id for payer in payers}
    }
    assert kinds == {payers[0].id: "forgone", payers[1].id: "outlay"}
    pair = own.scenario("brand"), own.scenario("baseline"), 2025
    paid, given = own.payers_outlay(*pair), own.payers_outlay(*pair, forgone=True)
    both = results.payers_outlay(*pair)
    assert paid.found.mean + given.found.mean == pytest.approx(both.found.mean)
