"""Workbooks, opened with openpyxl and as the XML that Excel and WPS read."""

import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from sdensemble.outputs.form import Chance, Number, Paired, Spread, Starred
from sdensemble.outputs.table import Column, table_of
from sdensemble.outputs.write.sheet_columns import sheet_columns
from sdensemble.outputs.write.xlsx import write_xlsx
from sdensemble.results.estimate import Estimate
from tests.outputs.write.paper import ANSWER, BOOK, FAN_TABLE, RUN, TABLE


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("xlsx")
    return {lang: write_xlsx(BOOK, folder / f"{lang}.xlsx", lang) for lang in ("zh", "en")}


def rows(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_numbers_are_unrounded_numbers_with_the_format_that_shows_them(written):
    sheet = openpyxl.load_workbook(written["zh"])["情景对比"]
    held = rows(sheet)
    first = held.index(["情景", "达标概率", "标准误（百分点）", "中位数（°C）"]) + 1
    assert held[first] == ["基准", 0.74, 1.0, 3359.25]
    assert [cell.number_format for cell in sheet[first + 1]] == ["General", "0%", "0.0", "0"]


def test_every_number_of_a_cell_has_a_column_and_stars_are_kept(tmp_path):
    whole = Estimate(4.0, 0.5, 3.0, 5.0, 64, 16, "plain")
    table = table_of(
        "t",
        "T",
        (
            Column("a", "A"),
            Column("b", "B", Spread(), "Yi"),
            Column("c", "C", Starred(each=Paired())),
            Column("d", "D", Chance(error=False)),
        ),
        [
            {"a": "x", "b": (10.0, 8.0, 13.0, 0.25), "c": (whole, True), "d": (0.5, 0.01)},
            {"a": "y", "b": (20.0, 18.0, 23.0, 0.25), "c": (None, False), "d": (0.4, 0.01)},
        ],
    )
    columns = {one.head: one for one in sheet_columns(table, "en")}
    lower, upper = "Lower end (Yi)", "Upper end (Yi)"
    assert list(columns) == ["A", "B (Yi)", lower, upper, "C", "Standard error", "D"]
    held = [columns[name].cells for name in ("B (Yi)", lower, upper)]
    assert held == [(10.0, 20.0), (8.0, 18.0), (13.0, 23.0)]
    assert columns["C"].cells == (4.0, None)
    assert columns["C"].starred == {0}
    assert columns["Standard error"].cells == (0.5, None)


def test_what_people_wrote_is_shown_to_its_last_digit():
    rows = [{"a": 2020.5, "b": 4.16}, {"a": 2021.0, "b": 0.05}, {"a": 2021.0, "b": 1 / 3}]
    for form in (Number(), Number(digits=6)):  # of the other column, and a form of its own
        for b, shown in ((rows[:2], "General"), (rows, "0.00")):
            columns = Column("a", "A", Number(digits=6)), Column("b", "B", form)
            table = table_of("t", "T", columns, b)
            assert [column.excel for column in sheet_columns(table, "zh")] == ["General", shown]


def test_a_head_is_frozen_only_where_its_table_stands_alone(written, tmp_path):
    book = openpyxl.load_workbook(written["zh"])
    assert book["情景对比"].freeze_panes == "B4"
    both = replace(BOOK.sheets[1], parts=(TABLE, TABLE))
    path = write_xlsx(replace(BOOK, sheets=(both,)), tmp_path / "both.xlsx", "zh")
    sheet = openpyxl.load_workbook(path)["情景对比"]
    assert sheet.freeze_panes is None
    assert sheet.print_title_rows is None


def test_no_text_becomes_a_formula(written):
    book = openpyxl.load_workbook(written["zh"])
    texts = [
        cell
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value[:1] == "="
    ]
    labels = [cell for cell in texts if cell.value in ("=1+1", "=加盖", "=lid")]
    assert {cell.value for cell in labels} == {"=1+1", "=加盖", "=lid"}
    assert {cell.data_type for cell in labels} == {"s"}
    # what is a formula is made of numbers and places, never of a label
    for cell in texts:
        if cell.data_type == "f":
            assert not re.search(r"lid|base|cup", cell.value)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sentences_stand_ready_to_copy(written, lang):
    sheet = openpyxl.load_workbook(written[lang]).worksheets[0]
    assert ANSWER[lang] in [row[1] for row in rows(sheet)]
    assert any(RUN in str(row[0]) for row in rows(sheet))


def test_a_tab_has_no_sign_that_excel_refuses(written):
    assert openpyxl.load_workbook(written["en"]).sheetnames == ["Answer", "Levers  a b", "Fan"]


def test_the_fan_holds_every_number_and_its_chart_shows_what_is_chosen(written):
    path = written["en"]
    sheet = openpyxl.load_workbook(path)["Fan"]
    held = rows(sheet)
    first = held.index([*FAN_TABLE.head("en"), *[None] * (len(held[0]) - len(FAN_TABLE.columns))])
    body = [row[: len(FAN_TABLE.columns)] for row in held[first + 1 :][: len(FAN_TABLE.rows)]]
    assert body == [list(row) for row in FAN_TABLE.natives("en")]
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert set(lists) == {"B2", "B3"}
    assert [sheet["B2"].value, sheet["B3"].value] == ["base", "cup"]
    # the formulas of the block, worked out by hand for each choice, find the chosen rows
    for a, scenario in enumerate(("base", "=lid")):
        for b, outcome in enumerate(("cup", "room")):
            for year in range(3):
                place = (a * 2 + b) * 3 + year
                assert body[place][:3] == [scenario, outcome, 2019 + year]
    block = [row for row in held if str(row[0]).startswith("=INDEX")]
    assert len(block) == 3
    assert "*2+MATCH($B$3" in block[0][0]
    assert block[2][0].endswith("*3+3)")
    assert len(sheet._charts) == 1


def test_the_chart_is_native_and_carries_the_numbers_it_shows_first(written):
    with zipfile.ZipFile(written["en"]) as packed:
        chart = packed.read("xl/charts/chart1.xml").decode("utf-8")
        names = packed.namelist()
    assert not [name for name in names if "media" in name or "chartsheet" in name]
    assert chart.count("<c:areaChart>") == chart.count("<c:lineChart>") == 1
    series = re.findall(r"<c:ser>.*?</c:ser>", chart, re.S)
    assert len(series) == 6  # floor, three strips, the median, the target
    cached = [
        re.findall(r"<c:v>([^<]*)</c:v>", re.search(r"<c:val>.*?</c:val>", one, re.S)[0])
        for one in series
    ]
    floor = [row[3] for row in FAN_TABLE.rows[:3]]
    assert [float(value) for value in cached[0]] == floor
    assert [float(value) for value in cached[1]] == [1, 1, 1]
    assert [float(value) for value in cached[2]] == [2, 2, 2]
    assert [float(value) for value in cached[4]] == [value + 2 for value in floor]
    assert [float(value) for value in cached[5]] == [30]
    assert '<c:legendEntry><c:idx val="0"/>' in chart


def test_the_same_workbook_gives_the_same_bytes(written, tmp_path):
    again = write_xlsx(BOOK, tmp_path / "again.xlsx", "zh")
    assert again.read_bytes() == written["zh"].read_bytes()


def test_a_fan_whose_rows_are_no_grid_is_refused(tmp_path):
    fan = BOOK.sheets[2].parts[0]
    torn = replace(fan, data=replace(fan.data, rows=fan.data.rows[:-1]))
    sheet = replace(BOOK.sheets[2], parts=(torn,))
    with pytest.raises(ValueError, match="not every combination"):
        write_xlsx(replace(BOOK, sheets=(sheet,)), tmp_path / "x.xlsx", "en")
