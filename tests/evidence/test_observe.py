"""A person's own figures: read from Excel or GBK, added for good, and traced to what they move."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from openpyxl import Workbook

from sdensemble import SDError
from sdensemble.evidence.observe import LOG, observe_add, read_figures
from sdensemble.history import read_history, vintage
from sdensemble.study import open_study

TABLE = "年份,指标,范围,数值,单位,公布日期\n2023,销售额,全省,190,Ton,2024-03-01\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_csv_with_chinese_headers_is_read_in_either_encoding(tmp_path, encoding):
    path = tmp_path / "我的 数据.csv"
    path.write_bytes(TABLE.encode(encoding))
    (row,) = read_figures(path)
    assert (row.time, row.measure, row.sector, row.value) == (2023, "销售额", "全省", 190)
    assert (row.period_end, row.published_on) == (date(2023, 12, 31), "2024-03-01")


def test_an_excel_sheet_is_read_and_what_it_lacks_is_asked_for(tmp_path):
    book = Workbook()
    book.active.append(["年度", "数值（亿元）", "部门"])
    book.active.append([2023, 1234.5, "total"])
    book.active.append([None, None, None])
    path = tmp_path / "figures.xlsx"
    book.save(path)
    asked: list[str] = []
    answers = {"measure": "sales", "unit": "亿元", "published": "2024-02"}

    def ask(question: str) -> str:
        asked.append(question)
        return answers[question.split()[0]]

    (row,) = read_figures(path, ask)
    assert (row.measure, row.unit, row.published_on) == ("sales", "Yi", "2024-02")
    assert len(asked) == 3
    with pytest.raises(SDError, match="measure is missing"):
        read_figures(path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("soon,销售额,total,1,Ton,2024", "no year"),
        ("2023,销售额,total,-1,Ton,2024", "above 0"),
        ("2023,销售额,total,1,Ton,some day", "no date"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path, row, told):
    path = tmp_path / "x.csv"
    path.write_text(TABLE.splitlines()[0] + "\n" + row + "\n", "utf-8")
    with pytest.raises(SDError, match=f"line 2.*{told}"):
        read_figures(path)


def add(study, *rows: str):
    path = study.folder / "mine.csv"
    path.write_text("year,measure,sector,value,unit,published_on\n" + "\n".join(rows), "utf-8")
    return observe_add(study, read_figures(path), file="mine.csv", particles=256, lang="en")


def test_a_high_figure_moves_the_probability_up_and_the_log_names_it(small):
    history = small.folder / "calibration" / "history.csv"
    before = history.read_bytes()
    found = add(small, "2023,sales,total,260,Ton,2024", "2023,volume,total,150,Ton,2024")
    high, low = found.moved
    assert high.alone["sales_2025"] > found.before["sales_2025"] + 0.02
    assert low.alone["sales_2025"] < high.alone["sales_2025"]
    assert history.read_bytes().startswith(before)
    with (small.folder / "calibration" / LOG).open(encoding="utf-8-sig") as stream:
        log = list(csv.DictReader(stream))
    assert [row["measure"] for row in log] == ["sales", "volume"]
    assert log[0]["file"] == "mine.csv"
    assert "sales/total 2023 = 260 Ton" in found.text


def test_a_revision_is_a_new_row_and_the_earlier_vintage_is_still_there(small):
    old = vintage(small.history, "latest").fitted()
    found = add(small, "2022,sales,total,200,Ton,2025-01-01")
    assert found.moved[0].replaces == next(
        o.value for o in old if o.measure == "sales" and o.time == 2022
    )
    rows = read_history(small.folder / "calibration" / "history.csv")
    assert len(rows) == len(small.history) + 1
    again = open_study(small.folder)
    by_date = vintage(again.history, "2024-12-31").fitted()
    assert [o.value for o in by_date] == [o.value for o in old]
    assert 200 in [o.value for o in vintage(again.history, found.batch).fitted()]


def test_a_measure_the_study_does_not_know_is_refused_and_nothing_is_written(small):
    history = small.folder / "calibration" / "history.csv"
    before = history.read_bytes()
    with pytest.raises(SDError, match=r'no measure "sale".*sales'):
        add(small, "2023,sale,total,260,Ton,2024")
    with pytest.raises(SDError, match="known of total"):
        add(small, "2023,sales,elsewhere,260,Ton,2024")
    with pytest.raises(SDError, match="in Kilo"):
        add(small, "2023,sales,total,260,Kilo,2024")
    assert history.read_bytes() == before
