"""Files that people bring in, for the tests of observe."""

from __future__ import annotations

from functools import partial

import pytest
from openpyxl import Workbook

from sdensemble import SDError
from sdensemble.evidence.observe import read_figures
from sdensemble.lang import message

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
