"""A run as papers: opened with readers of their own and held against the run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import docx
import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from sdengine.errors import SDError
from sdensemble.outputs.rounding import percent
from sdensemble.results.record import records
from sdensemble.results.results import reference
from sdensemble.results.stored import stored_results
from sdensemble.study import open_study
from sdensemble.verbs.brief import BriefOptions, brief
from sdensemble.verbs.cli import main
from sdensemble.verbs.figure import FigureOptions, figure
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study
from sdensemble.verbs.trace import TraceOptions, trace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cup(tmp_path_factory):
    """A study with two runs of two seeds; a scenario changed between them."""
    import sdensemble.outputs.figures as figures

    folder = tmp_path_factory.mktemp("brief") / "茶杯 study"
    shutil.copytree(
        ROOT / "examples" / "teacup",
        folder,
        ignore=lambda at, names: [n for n in names if n.startswith("2")],
    )
    drawn = figures.draw_figures
    figures.draw_figures = lambda *args: ((), "")
    try:
        out = folder / "outputs"
        run_study(RunOptions(study=folder, members=64, out=out / "one", lang="en"))
        lid = folder / "scenarios" / "lid.toml"
        lid.write_text(lid.read_text("utf-8").replace("value = 1", "value = 0.5"), "utf-8")
        run_study(RunOptions(study=folder, members=64, seed=2, out=out / "two", lang="en"))
    finally:
        figures.draw_figures = drawn
    return folder


def results_of(folder, run="two"):
    study = open_study(folder)
    given = {"scenarios": study.scenarios, "targets": study.targets}
    return stored_results(folder / "outputs" / run, **given, spec=study.report, model=study.model)


@pytest.fixture(scope="module")
def written(cup):
    two = cup / "outputs" / "two"
    return brief(BriefOptions(study=cup, run=two, lang="en")).folder


def test_the_word_file_says_the_probabilities_of_the_run(cup, written):
    results = results_of(cup)
    file = docx.Document(str(written / "brief.docx"))
    text = "\n".join(paragraph.text for paragraph in file.paragraphs)
    p = results.event(results.question, reference(results)).probability()
    assert percent(p) in text
    cells = [[cell.text for cell in row.cells] for table in file.tables for row in table.rows]
    for scenario in results.scenarios:
        found = percent(results.event(results.question, scenario).probability())
        assert any(scenario.title["en"] in row and found in row for row in cells), scenario.name


def test_the_workbook_of_the_paper_is_that_of_the_run_and_holds_its_numbers(cup, written):
    run = cup / "outputs" / "two" / "results.xlsx"
    assert (written / "results.xlsx").read_bytes() == run.read_bytes()
    results = results_of(cup)
    sheet = openpyxl.load_workbook(run)["Targets by scenario"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    heads = next(row for row in rows if row[0] == "Target")
    for target in results.targets:
        year = results.year(target)
        row = next(row for row in rows if row[:2] == [target.en, year])
        for scenario in results.scenarios:
            p = results.event(target, scenario).probability().middle
            assert row[heads.index(scenario.title["en"])] == pytest.approx(p)


def test_the_same_run_gives_the_same_bytes(cup, written, tmp_path):
    two = cup / "outputs" / "two"
    again = brief(BriefOptions(study=cup, run=two, lang="en", out=tmp_path / "b")).folder
    names = sorted(p.relative_to(written) for p in written.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert {"brief.docx", "brief.html", "results.xlsx"} <= {str(name) for name in names}
    for name in names:
        if name.name != "run.json":
            assert (written / name).read_bytes() == (again / name).read_bytes(), name


def test_the_number_under_a_table_leads_back_to_the_run(cup, written):
    record = json.loads((cup / "outputs" / "two" / "run.json").read_text("utf-8"))
    file = docx.Document(str(written / "brief.docx"))
    text = "\n".join(paragraph.text for paragraph in file.paragraphs)
    assert record["id"] in text
    told = trace(TraceOptions(study=cup, number=record["id"][:6])).text("en")
    for part in (record["id"], "Seed: 2", record["model_digest"], "Members a scenario: 64"):
        assert part in told
    assert "running again gives the same numbers" in told
    one = json.loads((cup / "outputs" / "one" / "run.json").read_text("utf-8"))
    assert one["id"] != record["id"]
    assert "1 of the files have changed" in trace(TraceOptions(study=cup, number=one["id"])).text(
        "en"
    )
    with pytest.raises(SDError, match='no run "zz" in outputs/'):
        trace(TraceOptions(study=cup, number="zz"))
    shutil.copytree(cup / "outputs" / "one", cup / "outputs" / "copy")
    with pytest.raises(SDError) as told_of:
        trace(TraceOptions(study=cup, number="zz"))
    assert str(told_of.value).count(one["id"]) == 1
    shutil.rmtree(cup / "outputs" / "copy")


def test_the_same_inputs_have_the_same_number_and_other_ones_another(cup):
    found = {path.name: record for path, record in records(cup / "outputs")}
    assert found["one"]["id"] != found["two"]["id"]
    assert len(found["two"]["id"]) == 8


def test_two_runs_against_each_other_name_the_file_that_changed(cup, tmp_path):
    outputs = cup / "outputs"
    asked = BriefOptions(
        study=cup, run=outputs / "two", against=outputs / "one", lang="en", out=tmp_path / "a"
    )
    file = docx.Document(str(brief(asked).folder / "two-runs.docx"))
    text = "\n".join(paragraph.text for paragraph in file.paragraphs)
    assert "scenarios/lid.toml (changed)" in text
    assert "Seed: 1 → 2" in text
    assert "model/teacup.mdl" not in text


def test_a_figure_of_several_scenarios_is_drawn_with_its_numbers(cup, tmp_path):
    out = tmp_path / "f"
    more = {"run": cup / "outputs" / "two", "scenarios": ("baseline", "lid"), "lang": "en"}
    shown = figure(FigureOptions(study=cup, title="Mine", width=100, out=out, **more))
    (stem,) = {p.stem for p in shown.folder.iterdir() if p.suffix in (".png", ".svg", ".pdf")}
    assert stem == "total-baseline-lid"
    text = (out / f"{stem}.csv").read_text("utf-8-sig")
    results = results_of(cup)
    for name in ("baseline", "lid"):
        values = results.at(results.outcomes()[0], results.scenario(name))[:, -1]
        assert f"{np.median(values):.7g}" in text
    with pytest.raises(SDError, match='no outcome "tea"'):
        figure(FigureOptions(study=cup, outcome="tea", **more))


def test_the_verbs_tell_mistakes_in_the_language_asked(cup, tmp_path):
    def call(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    wrong = call("brief", "--study", cup, cup / "outputs" / "two", "--layout", "gb9705")
    assert (wrong.exit_code, wrong.stderr.strip()) == (
        1,
        '错误：没有版式“gb9705”——是否指 "gb9704"？（现有 gb9704, office）',
    )
    empty = tmp_path / "empty"
    shutil.copytree(
        ROOT / "examples" / "teacup",
        empty,
        ignore=lambda at, names: [n for n in names if n.startswith("2")],
    )
    folder = empty / "outputs" / "answers"
    folder.mkdir()
    no_run = call("brief", "--study", empty, folder, "--lang", "en")
    assert "no folder that the verb run wrote" in no_run.stderr
    none = call("brief", "--study", empty, "--lang", "en")
    assert none.stderr.startswith("error: no stored run in outputs/")
