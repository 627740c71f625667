import shutil
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdensemble.inputs.published import known_at
from sdensemble.outputs.gap_tables import gap_rows, progress_rows
from sdensemble.outputs.heads import read_csv
from sdensemble.policy.ledger import MET, NOT_PUBLISHED, ledger
from sdensemble.results.stored import stored_results
from sdensemble.study import open_study
from sdensemble.verbs.cli import main


def call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def rows_of(path):
    return read_csv(path)


# ── the shipped data ───────────────────────────────────────────────────────────────────────


def test_every_row_of_the_policy_is_there_with_a_role(study):
    policy = [row for row in study.goals if row.source_row]
    assert len(policy) == len({row.source_row for row in policy}) == 106
    assert {row.role for row in policy} == {"outcome", "lever", "indicator"}
    assert all(row.section for row in policy)
    ten = [row for row in policy if row.entity == "ten_clusters"]
    assert {row.role for row in ten} == {"outcome"}


def test_rows_that_are_no_targets_of_the_policy_are_references(study):
    for row in study.goals:
        mine = row.source_row or row.joint
        assert (row.role == "reference") == (not mine), row.id


def test_every_instrument_is_there_once_with_a_lever_or_a_reason(study):
    assert len(study.instruments) == 44
    marked = {one.id for one in study.instruments if one.outside}
    assert marked == {"capital_grant", "interest_subsidy"}
    publicity = next(one for one in study.instruments if one.id == "publicity")
    assert publicity.refused


def test_the_conflicts_of_the_text_are_kept_with_numbers(study):
    kinds = Counter(one.kind for one in study.conflicts)
    assert kinds == {"conflict": 4, "overlap": 1}
    assert all(one.numbers for one in study.conflicts if one.kind == "conflict")


def test_sales_never_judge_an_output_value(study):
    entries = {e.target.id: e for e in ledger(study.goals, study.published)}
    total = entries["total_2020"]
    assert (total.latest.measure, total.status) == ("sales_revenue", NOT_PUBLISHED)
    assert entries["pig_slaughter_2025"].status == NOT_PUBLISHED
    assert entries["ten_2022"].status == NOT_PUBLISHED
    assert entries["medicinal_tea_output_2020"].status == MET


def test_nothing_published_later_enters_the_ledger_of_an_earlier_day(study):
    early = known_at(study.published, "2020-12-31")
    assert early
    assert max(one.published_on for one in early) <= "2020-12-31"
    entries = {e.target.id: e for e in ledger(study.goals, early)}
    assert entries["medicinal_tea_output_2020"].status == NOT_PUBLISHED


def test_describe_shows_levers_with_their_instruments_and_regions(root, tmp_path):
    levers = call("describe", "--study", root, "--levers", "--lang", "en")
    assert levers.exit_code == 0
    assert "Refused (each with its reason)" in levers.output
    assert "Publicity (五(六)): no sourced effect" in levers.output
    assert "not in the Opinion" in levers.output


# ── verbs, on a small study ────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def cup(root, tmp_path_factory):
    """A copy of the teacup study with a run in it."""
    import shutil

    folder = tmp_path_factory.mktemp("茶 杯") / "study"
    shutil.copytree(root / "examples" / "teacup", folder)
    found = call("run", "--study", folder, "--members", 32, "--out", folder / "outputs" / "first")
    assert found.exit_code == 0, found.output
    return folder


def test_scorecard_reads_the_latest_run_and_writes_tables_and_figures(cup):
    found = call("scorecard", "--study", cup, "--lang", "en")
    assert found.exit_code == 0, found.output
    assert "Scorecard" in found.output
    written = cup / "outputs" / "first-scorecard"
    assert len(rows_of(written / "scorecard.csv")) == 3 * 3  # two rows and their path
    assert rows_of(written / "scorecard-years.csv")
    assert (written / "figures" / "scorecard.pdf").is_file()
    again = call("scorecard", "--study", cup, "--lang", "zh")  # its own files may be replaced
    assert again.exit_code == 0, again.output


def test_scorecard_runs_when_members_are_asked_for(cup, no_figures):
    found = call("scorecard", "--study", cup, "--members", 16, "--scenario", "lid")
    assert found.exit_code == 0, found.output
    assert "16个样本" in found.output
    both = call("scorecard", "--study", cup, "--members", 16, "--run", cup / "outputs" / "first")
    assert both.exit_code == 2
    seed = call("scorecard", "--study", cup, "--run", cup / "outputs" / "first", "--seed", 3)
    assert seed.exit_code == 2
    scored, run = (
        Path(text.splitlines()[-1].split("  ")[0]) for text in (found.stdout, found.stderr)
    )
    assert (run / "ensemble.nc").is_file()
    told = call("ledger", "--study", cup, "--run", scored)  # the folder of tables leads to its run
    assert told.exit_code == 0, told.output
    assert f"概率取自运行 {run.name}" in told.output


def test_scorecard_of_a_stored_run_shows_the_scenarios_named(cup, tmp_path):
    first = cup / "outputs" / "first"
    found = call(
        "scorecard", "--study", cup, "--run", first, "--scenario", "lid", "--out", tmp_path / "few"
    )
    assert found.exit_code == 0, found.output
    rows = rows_of(tmp_path / "few" / "scorecard.csv")
    assert {row["scenario"] for row in rows} == {"baseline", "lid"}
    wrong = call("scorecard", "--study", cup, "--run", first, "--scenario", "lidd")
    assert wrong.exit_code == 1
    assert "lid" in wrong.stderr


def test_regions_are_written_only_where_a_folder_is_named(root, tmp_path):
    before = sorted((root / "outputs").iterdir())
    told = call("describe", "--study", root, "--regions")
    assert told.exit_code == 0
    assert "（原文如此）" in told.output
    assert sorted((root / "outputs").iterdir()) == before
    written = call("describe", "--study", root, "--regions", "--out", tmp_path / "r")
    assert written.output.rstrip().endswith(str(tmp_path / "r"))
    assert (tmp_path / "r" / "figures" / "regions.pdf").is_file()
    assert rows_of(tmp_path / "r" / "regions.csv")
    assert call("describe", "--study", root, "--levers", "--out", tmp_path / "x").exit_code == 2


def test_chinese_output_is_chinese(root):
    levers = call("describe", "--study", root, "--levers").output
    assert "per " not in levers.split("拒绝设定")[0]
    assert "1.5 [0, 40] 亿元/年" in " ".join(levers.split())
    assert "个辅助变量" in call("describe", "--study", root).output


def test_scorecard_without_a_run_says_how_to_make_one(teacup):
    found = call("scorecard", "--study", teacup, "--lang", "en")
    assert found.exit_code == 1
    assert "use the verb run first, or --members" in found.stderr


def test_a_run_of_an_older_model_is_refused_by_name(cup):
    model = next((cup / "model").glob("*.mdl"))
    text = model.read_text("utf-8")
    changed = text.replace("EN: ", "EN: the ", 1)
    assert changed != text
    model.write_text(changed, "utf-8")
    try:
        found = call(
            "scorecard", "--study", cup, "--run", cup / "outputs" / "first", "--lang", "en"
        )
        assert found.exit_code == 1
        assert "run the study again" in found.stderr
    finally:
        model.write_text(text, "utf-8")


def test_ledger_of_a_study_without_statistics_gives_probabilities(cup):
    run = cup / "outputs" / "first"
    found = call("ledger", "--study", cup, "--lang", "en", "--run", run)
    assert found.exit_code == 0, found.output
    assert found.output.count("not published") >= 2
    assert "P from run first" in " ".join(found.output.split())
    rows = rows_of(cup / "outputs" / "ledger" / "ledger.csv")
    assert all(row["p"] for row in rows)


def test_ledger_names_a_newer_run_it_passes_over(cup):
    newer = cup / "outputs" / "newer"
    made = call("run", "--study", cup, "--members", 32, "--prior-only", "--out", newer)
    assert made.exit_code == 0, made.output
    found = call("ledger", "--study", cup, "--lang", "en")
    assert "A later run, newer, was made with options of its own" in " ".join(found.output.split())
    shutil.rmtree(newer)


def test_ledger_refuses_a_date_it_cannot_read(cup):
    found = call("ledger", "--study", cup, "--as-of", "soon", "--lang", "en")
    assert found.exit_code == 1
    assert "neither a date such as 2022-03-31 nor through-2021" in found.stderr


def test_gap_contribution_and_progress_are_there_for_every_scenario(cup):
    study = open_study(cup)
    results = stored_results(
        cup / "outputs" / "first",
        scenarios=study.scenarios,
        targets=study.targets,
        spec=study.report,
        model=study.model,
    )
    gaps = list(gap_rows(results))
    assert {row["scenario"] for row in gaps} == {s.name for s in study.scenarios}
    wanted = {"gap_mean", "contribution", "contribution_points", "required_growth_percent"}
    assert wanted <= set(gaps[0])
    steps = list(progress_rows(results))
    assert {"progress_percent", "schedule_percent", "ahead_points"} <= set(steps[0])
