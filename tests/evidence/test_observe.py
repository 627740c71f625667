"""A person's own figures: read as people write them, added for good, traced to what they move."""

from __future__ import annotations

import csv
import os
import re
import shutil
from dataclasses import replace
from datetime import date, datetime
from functools import partial

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from sdensemble import SDError
from sdensemble.evidence import observe
from sdensemble.evidence.calibrate import calibrate
from sdensemble.evidence.observe import LOG, observe_add, read_figures
from sdensemble.evidence.observe.effects import moved
from sdensemble.evidence.posterior import read_posterior
from sdensemble.inputs import together
from sdensemble.inputs.history import read_history, vintage
from sdensemble.lang import message, tell
from sdensemble.outputs.evidence.calibrate import calibration_document
from sdensemble.outputs.evidence.observe import (
    batches_document,
    observed_document,
    points,
    undone_document,
)
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.estimate import Estimate
from sdensemble.study import open_study
from sdensemble.verbs.cli import main
from sdensemble.verbs.run import RunOptions
from sdensemble.verbs.run_study import run_study

pytestmark = pytest.mark.usefixtures("fits_kept")

HEAD = "year,measure,sector,value,unit,published_on,period_end\n"
TABLE = "年份,指标,范围,数值,单位,公布日期\n2023,销售额,total,190,Ton,2024-03-01\n"
FEW = 128


def write(study, text, name="mine.csv", encoding="utf-8"):
    path = study.folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(study, text, ask=None, **given):
    return read_figures(write(study, text), study, ask, **given)


def only(study, text, **given):
    (one,) = read(study, text, **given).new
    return one.row


def problems(study, text, lang="en", **given):
    with pytest.raises(SDError) as caught:
        read(study, text, **given)
    return [line.said(partial(message, lang=lang)) for line in caught.value.problems]


def said(study, found, lang="en"):
    study = open_study(study.folder)
    return " ".join(document_text(observed_document(study, found), lang).split())


def listed(study, lang):
    study = open_study(study.folder)
    return document_text(batches_document(study, observe.batches(study)), lang)


def add(study, *rows, particles=FEW, **more):
    study = open_study(study.folder)
    figures = read(study, HEAD + "\n".join(rows))
    return observe_add(study, figures, particles=particles, **more)


def book(folder, rows, merged=(), formats=()):
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for area in merged:
        made.active.merge_cells(area)
    for cell, shape in formats:
        made.active[cell].number_format = shape
    path = folder / "我的 figures.xlsx"
    made.save(path)
    return path


# ── words of a person's file ──


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_csv_with_chinese_headers_is_read_in_any_encoding(small, encoding):
    path = write(small, TABLE, "我的 数据.csv", encoding)
    (one,) = read_figures(path, small).new
    assert (one.line, one.row.time, one.row.series, one.row.value) == (
        2,
        2023,
        ("sales", "total"),
        190,
    )
    assert (one.row.period_end, one.row.published_on) == (date(2023, 12, 31), "2024-03-01")


def test_what_a_file_lacks_is_asked_for_once_and_a_measures_only_sector_is_not(small):
    asked = []
    answers = {"measure": "Sales", "unit": "Ton", "published": "2024年2月"}

    def ask(question):
        asked.append(tell(question, "en"))
        return answers[asked[-1].split()[0]]

    text = "年度,数值\n2023,190\n2024,200\n"
    row = read(small, text.replace("2024,200\n", ""), ask).new[0].row
    assert (row.series, row.unit, row.published_on) == (("sales", "total"), "Ton", "2024-02")
    assert len(asked) == 3
    assert "sales 销售额" in asked[0]
    told = problems(small, text)
    assert len(told) == 3
    assert all("missing" in line for line in told)


@pytest.fixture(scope="module")
def real(root):
    return open_study(root)


@pytest.mark.parametrize(
    ("measure", "sector", "series"),
    [
        ("销售收入", "全省", ("sales_revenue", "total")),
        ("销售收入", "", ("sales_revenue", None)),
        ("农产品加工业销售收入", "山西省", ("sales_revenue", "total")),
        ("sales revenue", "山西", ("sales_revenue", "total")),
        ("sales_revenue", "全省", ("sales_revenue", "total")),
        ("Sales revenue of agricultural processing", "total", ("sales_revenue", "total")),
        ("agro_processing_sales_revenue", "province", ("sales_revenue", "total")),
        ("农产品加工业销售收入", "运城市", ("sales_revenue", "province:yuncheng")),
        ("上报产值", "十大产业集群", ("output_value_as_reported", "ten")),
        ("上报产值", "全省", ("output_value_as_reported", "ten")),
        ("产值", "", ("output_value_as_reported", "ten")),
        ("output_value_as_reported", "ten", ("output_value_as_reported", "ten")),
        ("ten_cluster_output_value", "province", ("output_value_as_reported", "ten")),
        ("fenjiu_revenue", "brewing", ("company_revenue", "Fenjiu")),
        ("山西汾酒营业收入", "", ("company_revenue", "Fenjiu")),
    ],
)
def test_codes_titles_and_the_words_of_the_prompt_are_measures(
    real, tmp_path, measure, sector, series
):
    path = tmp_path / "x.csv"
    row = f"2023,{measure},{sector},2950,亿元,2024-02-01,\n"
    path.write_text(HEAD + row, "utf-8")
    if series[1] is None:  # known of the province and of cities: it has to be said of which
        with pytest.raises(SDError, match="total 全省"):
            read_figures(path, real)
        return
    (one,) = read_figures(path, real).new
    assert (one.row.series, one.row.unit) == (series, "Yi")


def test_the_questions_name_words_that_are_understood(real, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("年份,数值（亿元）,公布日期\n2023,2950,2024\n", "utf-8")
    asked = []

    def ask(question):
        asked.append(tell(question, "zh"))
        return asked[-1].split("（", 1)[1].removeprefix("如 ").split(",")[0]

    (one,) = read_figures(path, real, ask).new
    assert len(asked) == 2
    assert one.row.series == ("sales_revenue", "total")


def test_a_file_with_the_headers_of_the_shared_data_is_read(real, tmp_path):
    path = tmp_path / "o.csv"
    path.write_text(
        "id,entity,quantity,quantity_zh,year,value,unit,measure_note,source_title,source_url,"
        "source_date,confidence\n"
        "O900,province,agro_processing_sales_revenue,农产品加工业销售收入,2023,2950,亿元,full year,"
        "某报,http://x,2024 (year from text),high\n",
        "utf-8",
    )
    (one,) = read_figures(path, real).new
    row = one.row
    assert (row.series, row.unit, row.published_on) == (("sales_revenue", "total"), "Yi", "2024")
    assert (row.source, row.url, row.note) == ("某报", "http://x", "full year")


def test_names_of_a_study_that_name_nothing_are_told(small):
    path = small.folder / "calibration" / "names.toml"
    path.write_text('[measure]\nsale = ["x"]\n[sector]\ntotal = "全省"\n', "utf-8")
    with pytest.raises(SDError) as caught:
        read(small, TABLE)
    assert len(caught.value.problems) == 2


# ── units, dates, titles ──


@pytest.mark.parametrize(
    "head", ["数值（Ton）", "数值(Ton)", "数值（单位：Ton）", "value / Ton", "数值：Ton"]
)
def test_a_unit_in_the_header_is_kept(small, head):
    assert only(small, f"年份,指标,{head},公布日期\n2023,销售额,190,2024\n").unit == "Ton"


def test_titles_and_a_line_of_units_may_stand_above_the_header(small):
    text = "贸易销售情况,,,\n（单位：Ton）,,,\n\n年份,指标,数值,公布日期\n2023,销售额,190,2024\n"
    (one,) = read(small, text).new
    assert (one.line, one.row.unit) == (5, "Ton")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2024年2月1日", "2024-02-01"),
        ("2024年2月", "2024-02"),
        ("2024年", "2024"),
        ("2024/2/1", "2024-02-01"),
        ("2024.2", "2024-02"),
        ("２０２４－０２－０１", "2024-02-01"),
        ("2024-02-01 00:00:00", "2024-02-01"),
    ],
)
def test_dates_are_read_as_people_write_them(small, text, written):
    row = only(small, HEAD + f"2023,sales,total,190,Ton,{text},")
    assert row.published_on == written


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2023年", (12, 31)),
        ("2023年度", (12, 31)),
        ("2023.0", (12, 31)),
        ("2023年上半年", (6, 30)),
        ("2023年1-8月", (8, 31)),
        ("2023年前三季度", (9, 30)),
        ("2023H1", (6, 30)),
    ],
)
def test_a_year_or_its_first_part_is_read(small, text, end):
    row = only(small, HEAD + f"{text},sales,total,190,Ton,2024,")
    assert (row.time, row.period_end) == (2023, date(2023, *end))


@pytest.mark.parametrize(
    "text", ["2,620", "２，６２０", "２６２０", '"2,620.0"', "2620Ton", "2.62e3"]
)
def test_numbers_are_read_as_people_write_them(small, text):
    shown = f'"{text}"' if "," in text and '"' not in text else text
    row = only(small, HEAD + f"2023,sales,total,{shown},Ton,2024,")
    assert (row.value, row.unit) == (2620, "Ton")


def test_excel_titles_merged_cells_texts_per_cents_and_dates(real, tmp_path):
    rows = [
        ["产能利用率和销售", None, None, None, None, None],
        ["年度", "指标", "范围", "数值", "单位", "公布日期"],
        [
            date(2023, 1, 1),
            "食品制造业产能利用率（全国）",
            "全国",
            0.704,
            None,
            datetime(2024, 2, 1),
        ],
        ["2024年", None, None, "７０．５%", None, "2025年2月1日"],
        [2023, "销售收入", "全省", "2,950", "亿元", 2024],
        [None, None, None, None, None, None],
    ]
    path = book(tmp_path, rows, ["A1:F1", "B3:B4", "C3:C4"], [("D3", "0.0%"), ("A3", "yyyy")])
    one, two, three = (figure.row for figure in read_figures(path, real).new)
    assert (one.time, one.value, one.unit, one.published_on) == (
        2023,
        70.4,
        "Percent",
        "2024-02-01",
    )
    assert (two.series, two.value, two.published_on) == (one.series, 70.5, "2025-02-01")
    assert (three.value, three.unit, three.published_on) == (2950, "Yi", "2024")


def test_a_table_on_a_later_sheet_is_found(small):
    made = Workbook()
    made.active.append(["说明"])
    made.create_sheet().append(["年份", "指标", "数值（Ton）", "公布日期"])
    made.worksheets[1].append([2023, "销售额", 190, "2024"])
    made.save(small.folder / "x.xlsx")
    assert len(read_figures(small.folder / "x.xlsx", small).new) == 1


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "另存为 .xlsx"),
        ("x.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "加了密码"),
        ("x.xlsx", b"PK\x03\x04nothing", "不是可读的 Excel"),
        ("x.xlsx", b"year,value", "不是可读的 Excel"),
        ("x.csv", b"\xff\xff\xff", "UTF-8"),
        ("x.csv", "年份,数值\n".encode(), "没有数据"),
        ("x.csv", b"", "time"),
        ("x.csv", "年份,year,数值\n1,1,1".encode(), "两列"),
    ],
)
def test_a_file_that_is_no_table_is_told_in_the_language_asked(small, name, raw, told):
    (small.folder / name).write_bytes(raw)
    with pytest.raises(SDError) as caught:
        read_figures(small.folder / name, small)
    (line,) = caught.value.problems[:1]
    assert re.search(told, line.said(partial(message, lang="zh")))


# ── what is refused ──


def test_every_problem_of_every_row_is_told_at_once_with_line_and_column(small):
    rows = [
        "2023,sales",
        "2023,sales,total,约2950,Ton,2024,",
        "2023,sales,total,77.4%,Ton,2024,",
        "soon,sale,total,-1,Kilo,some day,",
        "2023,sales,elsewhere,1,Ton,2024,",
        "2023,sales,total,1,Kilo,2024,",
        '2023,sales,total,"2,62",Ton,2024,',
    ]
    for lang, words in (
        (
            "en",
            (
                "line 2, column value (D): blank",
                'line 3, column value (D): "约2950"',
                '"77.4%" is in %',
                'line 5, column year (A): "soon" is no year',
                'line 5, column measure (B): no measure "sale" in this study',
                "did you mean sales",
                "is no date",
                "must be above 0",
                "line 6, column sector (C)",
                "in Kilo",
                "do not part thousands",
            ),
        ),
        (
            "zh",
            (
                "第2行，“value”列（D）：空白",
                "第3行",
                "不是数",
                "不是年份",
                "没有口径",
                "不是日期",
                "必须大于0",
                "没有“elsewhere”",
                "单位是Kilo",
                "千位分隔",
            ),
        ),
    ):
        told = "\n".join(problems(small, HEAD + "\n".join(rows), lang=lang))
        told = told.replace('column "', "column ").replace('" (', " (").replace("）: ", "）：")
        for word in words:
            assert word in told, (word, told)
        assert "could not" not in told


def test_the_command_tells_it_in_chinese_and_writes_nothing(small):
    before = {p: p.read_bytes() for p in (small.folder / "calibration").iterdir()}
    path = write(small, HEAD + "2023,sale,total,约2950,Ton,2024,\n2023\n")
    done = CliRunner().invoke(main, ["observe", "add", str(path), "--study", str(small.folder)])
    assert done.exit_code == 1
    assert "mine.csv 第2行" in done.output
    assert "第3行" in done.output
    assert "fault of the program" not in done.output
    assert {p: p.read_bytes() for p in (small.folder / "calibration").iterdir()} == before


def test_the_command_adds_and_prints(small):
    path = write(small, HEAD + "2023,销售额,total,190,Ton,2024,\n")
    words = ["observe", "add", str(path), "--study", str(small.folder), "--particles", str(FEW)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "新数据使概率如何变化" in done.output


@pytest.mark.parametrize(
    "measure", ["policy_target_output_value", "政策目标产值", "milk_output_target"]
)
def test_targets_and_plans_are_never_history(real, tmp_path, measure):
    path = tmp_path / "x.csv"
    path.write_text(HEAD + f"2025,{measure},全省,3000,亿元,2026-02,\n", "utf-8")
    with pytest.raises(SDError, match="target or plan"):
        read_figures(path, real)


def test_a_row_that_says_it_is_derived_or_a_target_is_refused(small):
    head = HEAD.strip() + ",role\n"
    rows = [
        "2023,sales,total,1,Ton,2024,,target",
        "2023,sales,total,1,Ton,2024,,derived",
        "2023,sales_derived,total,1,Ton,2024,,",
    ]
    told = problems(small, head + "\n".join(rows))
    assert ["never history" in line for line in told] == [True] * 3


def test_a_target_of_the_history_itself_is_refused_too(small):
    path = small.folder / "calibration" / "history.csv"
    with path.open("a", encoding="utf-8") as file:
        file.write("2025,total,goal,9,Ton,x,2025-12-31,2020,,,target,,\n")
    assert (
        "target or plan"
        in problems(open_study(small.folder), HEAD + "2023,goal,total,1,Ton,2024,")[0]
    )


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2023,sales,total,1,Ton,2023-05-01,", "before the period ends on 2023-12-31"),
        ("2023,sales,total,1,Ton,2022,2023-06-30", "before the period ends on 2023-06-30"),
        ("2023,sales,total,1,Ton,2024,2022-12-31", "not in 2023"),
        ("2029,sales,total,1,Ton,2030,", "lies in the future"),
        ("2023,sales,total,1,Ton,2099-01-01,", "lies in the future"),
        ("2023,sales,total,1,Ton,2024,June", "no day"),
    ],
)
def test_dates_that_cannot_be_are_refused(small, row, told):
    (line,) = problems(small, HEAD + row)
    assert told in line


def test_two_values_of_one_period_and_publication_are_refused(small):
    two = "2023,sales,total,190,Ton,2024-01-01,\n2023,sales,total,191,Ton,2024年1月1日,\n"
    (line,) = problems(small, HEAD + two)
    assert "line 3" in line
    assert "another value 190" in line
    assert "line 2" in line
    known = next(o for o in small.history if o.measure == "sales" and o.time == 2022)
    row = f"2022,sales,total,{{}},Ton,{known.published_on},\n"
    (line,) = problems(small, HEAD + row.format(known.value + 1))
    assert "history.csv" in line
    assert "nothing new" in problems(small, HEAD + row.format(known.value))[0]
    more = "2023,sales,total,190,Ton,2024-01-01,\n"
    found = read(small, HEAD + row.format(known.value) + more)
    assert (found.known, len(found.new)) == ((2,), 1)


# ── what they move ──


def test_a_high_figure_moves_the_probability_up_and_the_log_names_it(small):
    history = small.folder / "calibration" / "history.csv"
    before = history.read_bytes()
    rows = "2023,sales,total,260,Ton,2024,", "2023,volume,total,150,Ton,2024,"
    found = add(small, *rows, each=True)
    high, low = found.moved
    assert high.alone["sales_2025"].mean > 0.02
    assert low.alone["sales_2025"].mean < high.alone["sales_2025"].mean
    assert history.read_bytes().startswith(before)
    with (small.folder / "calibration" / LOG).open(encoding="utf-8-sig") as stream:
        log = list(csv.DictReader(stream))
    assert [row["measure"] for row in log] == ["sales", "volume"]
    assert (log[0]["file"], log[0]["line"], log[0]["fitted"]) == ("mine.csv", "2", "1")
    assert "Sales 2023 = 260 Ton" in said(small, found)
    lines = document_text(observed_document(small, found), "en").splitlines()
    assert "." not in "".join(line for line in lines if "±" in line and "%" in line)


def test_probabilities_carry_keys_and_only_the_information_date_and_draws_differ(small):
    found = add(small, "2023,sales,total,260,Ton,2024,")
    old, new = found.before["sales_2025"], found.after["sales_2025"]
    with pytest.raises(SDError, match=r"as_of.*posterior"):
        _ = old < new
    same = {"as_of": "", "posterior": ""}
    assert replace(old.key, **same) == replace(new.key, **same)
    assert (old.key.as_of, new.key.as_of) == ("latest", f"2024-12-31 ({found.batch})")
    kept = read_posterior(small.folder / "calibration" / "posterior.nc")
    assert new.key.posterior == kept.digest
    assert f"posterior {kept.digest}" in said(small, found)
    assert "sales annual >= 260 Ton" in said(small, found)
    assert "deliberate comparison across information dates" in said(small, found)


def test_moves_of_different_questions_are_not_compared(small):
    from sdengine.kernel import compile_model
    from sdensemble.evidence.calibrate import settings_of
    from sdensemble.evidence.observe.effects import Fitter

    fitter = Fitter(small, compile_model(small.model), "", settings_of(FEW, None), 1)
    one = fitter.events(None, "latest")["sales_2025"]
    assert moved(one, one).mean == 0
    with pytest.raises(SDError, match="different questions"):
        moved(one, replace(one, key=replace(one.key, measure="other")))


def test_what_is_not_fitted_is_not_refitted_and_says_why(small, monkeypatch):
    calibration = small.folder / "calibration"
    monkeypatch.setattr(observe.effects, "fit_vintage", None)
    known = len(small.history)
    found = add(small, "2023,sales,total,100,Ton,2024,2023-06-30", "2015,sales,total,9,Ton,2016,")
    assert "nothing was refitted" in said(small, found)
    assert "part of a year" in said(small, found)
    assert "do not take 2015" in said(small, found)
    assert not found.before
    assert not (calibration / "posterior.nc").exists()
    assert len(read_history(calibration / "history.csv")) == known + 2


def test_a_stored_posterior_is_what_was_before_and_a_larger_one_stays(small):
    first = add(small, "2023,sales,total,200,Ton,2024,", particles=256)
    stored = (small.folder / "calibration" / "posterior.nc").read_bytes()
    second = add(small, "2024,sales,total,215,Ton,2025,", particles=FEW)
    assert (small.folder / "calibration" / "posterior.nc").read_bytes() == stored
    assert "holds 256 particles" in said(small, second)
    beside = small.folder / "calibration" / f"posterior-{second.batch}-prior.nc"
    assert read_posterior(beside).particles * 16 == FEW
    assert second.before["sales_2025"].members == second.after["sales_2025"].members == FEW
    assert first.after["sales_2025"].members == 256
    assert second.before["sales_2025"].key.posterior == first.after["sales_2025"].key.posterior


def test_a_posterior_fitted_alike_is_taken_as_what_was_before(small):
    first = add(small, "2023,sales,total,200,Ton,2024,")
    second = add(small, "2024,sales,total,215,Ton,2025,")
    assert second.before["sales_2025"].key.posterior == first.after["sales_2025"].key.posterior


def step(mean, se):
    return Estimate(mean, se, mean - 2 * se, mean + 2 * se, 100, 16, "t")


def test_a_move_is_printed_with_its_error_and_no_digit_beyond_it():
    assert tell(points(step(0.123, 0.021)), "en") == "+12 ±3"
    assert tell(points(step(-0.31, 0.12)), "en") == "−30 ±12"
    assert tell(points(step(0.031, 0.04)), "zh") == "≈0 ±4（不能与零区分）"
    assert tell(points(step(0.0, 0.0)), "en") == "≈0"
    assert tell(points(step(0.003, 0.001)), "en") == "+under 1"


# ── revisions and vintages ──


def test_a_revision_is_a_new_row_and_the_earlier_vintage_is_still_there(small):
    old = vintage(small.history, "latest").fitted()
    found = add(small, "2022,sales,total,200,Ton,2025-01-01,")
    was = next(o.value for o in old if o.measure == "sales" and o.time == 2022)
    assert found.moved[0].replaces is not None
    assert found.moved[0].replaces.value == was
    assert f"revises {was:g}" in said(small, found)
    assert "the vintage now uses 200" in said(small, found)
    rows = read_history(small.folder / "calibration" / "history.csv")
    assert len(rows) == len(small.history) + 1
    again = open_study(small.folder)
    by_date = vintage(again.history, "2024-12-31").fitted()
    assert [o.value for o in by_date] == [o.value for o in old]
    assert 200 in [o.value for o in vintage(again.history, found.batch).fitted()]


def test_a_value_published_before_the_one_known_says_which_the_vintage_uses(small):
    add(small, "2023,sales,total,200,Ton,2025-01-01,")
    found = add(small, "2023,sales,total,190,Ton,2024-06-01,")
    assert "the vintage uses it: 200 (2025-01-01)" in said(small, found)
    assert "revises" not in said(small, found)
    assert not found.before


def test_an_import_is_a_vintage_with_its_posterior_and_the_date_of_its_latest_publication(
    small, no_figures
):
    first = add(small, "2023,sales,total,200,Ton,2024-03-05,")
    answers = {}
    for name in ("latest", first.batch):
        options = RunOptions(
            study=small.folder,
            members=64,
            as_of=name,
            lang="en",
            out=small.folder / "outputs" / name,
        )
        answers[name] = run_study(options).text("en")
    assert f"nowcast (data published to 2024-03-05, {first.batch})" in answers[first.batch]
    assert "ex ante" not in answers[first.batch]
    assert all("calibrated (posterior" in answer for answer in answers.values())
    second = add(small, "2024,sales,total,215,Ton,2025,", particles=FEW)
    options = RunOptions(
        study=small.folder,
        members=64,
        as_of=second.batch,
        lang="en",
        out=small.folder / "outputs" / "2",
    )
    assert "calibrated (posterior" in run_study(options).text("en")
    fitted = calibrate(
        open_study(small.folder),
        as_of=second.batch,
        particles=FEW,
        profiles=False,
    )
    text = document_text(calibration_document(open_study(small.folder), fitted), "en")
    assert "Fit: nowcast (data published to 2025-12-31" in text


# ── all or nothing ──


class Stop(BaseException):
    pass


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt, Stop])
@pytest.mark.parametrize("at", ["posterior", "log", "history", "copy", 0, 1, 2])
def test_a_failure_at_any_step_leaves_all_files_as_they_were(small, monkeypatch, at, kind):
    calibration = small.folder / "calibration"
    add(small, "2015,sales,total,9,Ton,2016,")  # a log to keep
    shutil.copy(calibration / LOG, calibration / "posterior.nc")  # stands for an earlier one
    monkeypatch.setattr(observe.add, "_stored_size", lambda *_: 0)
    held = {p.name: p.read_bytes() for p in calibration.iterdir()}

    def fails(*_, **__):
        raise kind("injected")

    names = {"posterior": "store_posterior", "log": "logged", "history": "appended"}
    if at == "copy":
        monkeypatch.setattr(together.shutil, "copy2", fails)
    elif at in names:
        real = getattr(observe.add, names[at])
        calls = []

        def late(*args, **more):
            calls.append(args)
            first = at == "history" and len(calls) == 1
            return real(*args, **more) if first else fails()

        monkeypatch.setattr(observe.add, names[at], late)
    else:
        swap, count = os.replace, []

        def replace_then_fail(old, new):
            if str(old).endswith(".new"):
                count.append(new)
                if len(count) == at + 1:
                    fails()
            swap(old, new)

        monkeypatch.setattr(together.os, "replace", replace_then_fail)
    with pytest.raises(SDError if kind is OSError else kind):
        add(small, "2023,sales,total,200,Ton,2024,")
    assert {p.name: p.read_bytes() for p in calibration.iterdir()} == held


def test_files_that_were_not_there_are_gone_again_after_a_failure(small, monkeypatch):
    calibration = small.folder / "calibration"
    held = {p.name: p.read_bytes() for p in calibration.iterdir()}
    swap = os.replace

    def last_fails(old, new):
        if new.name == "history.csv" and old.name.endswith(".new"):
            raise KeyboardInterrupt
        swap(old, new)

    monkeypatch.setattr(together.os, "replace", last_fails)
    with pytest.raises(KeyboardInterrupt):
        add(small, "2023,sales,total,200,Ton,2024,")
    assert {p.name: p.read_bytes() for p in calibration.iterdir()} == held


def test_a_history_changed_meanwhile_is_not_written_over(small):
    study = open_study(small.folder)
    figures = read(study, HEAD + "2015,sales,total,9,Ton,2016,")
    path = small.folder / "calibration" / "history.csv"
    assert study.history
    with path.open("a", encoding="utf-8") as file:
        file.write("2014,total,sales,9,Ton,x,2014-12-31,2020,,,observed,,\n")
    held = path.read_bytes()
    with pytest.raises(SDError, match="changed while"):
        observe_add(study, figures, particles=FEW)
    assert path.read_bytes() == held


# ── wide sheets ──


WIDE = """主要指标
年份,销售额（Ton）,volume(Ton),公布日期,范围
2023,190,—,2024-03-01,total
2024,200,95,2025-03-01,total
"""


def test_a_column_for_each_indicator_is_read(small):
    found = [one.row for one in read(small, WIDE).new]
    assert [(row.time, row.series, row.value) for row in found] == [
        (2023, ("sales", "total"), 190),
        (2024, ("sales", "total"), 200),
        (2024, ("volume", "total"), 95),
    ]
    assert [row.published_on for row in found] == ["2024-03-01", "2025-03-01", "2025-03-01"]


def test_a_column_for_each_year_is_read(small):
    text = "指标,2023年,2024,单位\n销售额,190,200,Ton\nvolume,…,95,Ton\n"
    found = [one.row for one in read(small, text, published_on="2025-03-01", sector="total").new]
    assert [(row.time, row.measure, row.value) for row in found] == [
        (2023, "sales", 190),
        (2024, "sales", 200),
        (2024, "volume", 95),
    ]


def test_an_indicator_that_no_series_is_called_is_told_with_its_line(small):
    (line,) = problems(small, WIDE.replace("销售额", "利润").replace("2023,190", "2023,"))
    assert line.startswith('mine.csv line 4: no measure "利润"')


# ── unpublished, listed, taken back ──


def test_a_figure_that_nobody_published_is_marked_wherever_it_is_named(small):
    text = "年份,指标,范围,数值,单位,公布日期\n2023,销售额,total,190,Ton,未公布\n"
    (one,) = read(small, text).new
    assert one.row.unpublished
    assert one.row.published_on == f"{date.today()} (unpublished)"
    done = observe_add(small, read(small, text), particles=FEW)
    assert "（自加，未公布）" in said(small, done, "zh")
    kept = [row for row in read_history(small.folder / "calibration" / "history.csv") if row.own]
    assert [row.unpublished for row in kept] == [True]
    assert "（自加，未公布）" in listed(small, "zh")


def test_a_batch_taken_back_leaves_history_and_posterior_as_they_were(small):
    calibration = small.folder / "calibration"
    first = add(small, "2023,sales,total,200,Ton,2024,")
    held = {p.name: p.read_bytes() for p in calibration.iterdir() if p.name != LOG}
    second = add(small, "2024,sales,total,215,Ton,2025,")
    undone = observe.observe_undo(open_study(small.folder))
    assert undone.batch.name == second.batch
    assert second.batch in document_text(undone_document(undone), "en")
    assert {p.name: p.read_bytes() for p in calibration.iterdir() if p.name != LOG} == held
    with (calibration / LOG).open(encoding="utf-8-sig") as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["mine.csv", "mine.csv", "undo"]
    again = listed(small, "en")
    assert first.batch in again
    assert second.batch not in again


def test_an_earlier_batch_taken_back_asks_for_a_new_fit_and_an_unknown_one_is_told(small):
    first = add(small, "2023,sales,total,200,Ton,2024,")
    second = add(small, "2024,sales,total,215,Ton,2025,")
    undone = observe.observe_undo(open_study(small.folder), first.batch)
    assert not undone.posteriors
    assert "fit anew" in document_text(undone_document(undone), "en")
    assert [row.batch for row in open_study(small.folder).history if row.own] == [second.batch]
    with pytest.raises(SDError, match=f'no import "x" .there are {second.batch}'):
        observe.observe_undo(open_study(small.folder), "x")


def test_without_an_import_there_is_nothing_to_list_or_take_back(small):
    assert listed(small, "en") == "Nobody has brought in figures."
    with pytest.raises(SDError, match="no import to take back"):
        observe.observe_undo(small)


# ── how long ──


def test_the_time_left_is_told_as_a_range_that_closes_as_powers_grow(monkeypatch):
    from sdensemble.evidence.observe import pace

    clock, lines = [0.0], []
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    told = pace.Pace(2, lambda words: lines.append(tell(words, "en")))
    for power in (0.01, 0.1, 1.0):
        clock[0] += 30
        told.stage(power, "")
    told.next_fit()
    for power in (0.01, 0.1):
        clock[0] += 30
        told.stage(power, "")
    assert lines[2] == "about 50% done in 2 min; about 63 s to 2 min left"
    assert lines[4] == "about 83% done in 2 min; about 21 s to 45 s left"


def test_what_moves_is_shown_under_the_baseline(small):
    found = add(small, "2023,sales,total,200,Ton,2024,")
    assert {p.key.scenario for p in found.before.values()} == {"baseline"}
