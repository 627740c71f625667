"""A person's own figures, read as people write them, and what is refused."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from sdensemble import SDError
from sdensemble.evidence.observe import read_figures
from sdensemble.inputs.spreadsheet import read_grids
from sdensemble.lang import message, tell
from sdensemble.study import open_study
from sdensemble.verbs.cli import main
from tests.evidence.brought import FEW, HEAD, TABLE, book, only, problems, read, write

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


def test_a_format_on_a_whole_column_adds_no_row(small, tmp_path):
    made = Workbook()
    made.active.append(["年份", "指标", "数值（Ton）", "公布日期"])
    made.active.append([2023, "销售额", 190, "2024"])
    made.active.cell(1_048_576, 3).number_format = "0%"
    made.save(tmp_path / "x.xlsx")
    assert [len(grid.rows) for grid in read_grids(tmp_path / "x.xlsx")] == [2]


@pytest.mark.parametrize(
    ("area", "place", "told"),
    [
        ("A2:XFD1048576", None, "has 17,179,852,800 merged cells; at most 500,000 are read"),
        (None, (1_048_576, 16_384), "has too many cells; at most 20,000,000 are read"),
    ],
)
def test_a_sheet_without_end_is_refused_before_it_is_filled(small, tmp_path, area, place, told):
    made = Workbook()
    made.active.append(["年份", "数值"])
    if area:
        made.active.merged_cells.add(area)
    else:
        made.active.cell(*place, "x")
    made.save(tmp_path / "x.xlsx")
    with pytest.raises(SDError, match=told):
        read_figures(tmp_path / "x.xlsx", small)


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


def test_a_formula_nobody_has_worked_out_is_no_empty_cell(tmp_path):
    with pytest.raises(SDError, match="the formulas in B2 have no result in the file"):
        read_grids(book(tmp_path, [["a", "b"], [1, "=1/2"]]))
