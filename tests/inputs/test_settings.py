"""--set, --initial, --series and --data: anything in a model file, from the command line."""

from __future__ import annotations

import json
import shutil

import numpy as np
import openpyxl
import pytest

from sdengine.errors import SDError
from sdensemble.verbs.run_file import run_file
from sdensemble.verbs.run_options import FileOptions


@pytest.fixture
def model(root, tmp_path):
    return shutil.copy(root / "tests/data/override_anything.mdl", tmp_path / "model.mdl")


def values(model, **options):
    found = run_file(model, FileOptions(report="s,growth,e", **options))
    return {name: v[:, 0] for name, v in found.found.run.values.items()}


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        ({"settings": ("share=0.5",)}, "s", [100, 105, 111.3, 119.091, 128.61828]),
        ({"settings": ("growth = 0.2",)}, "s", [100, 105, 110.25, 115.7625, 121.550625]),
        ({"settings": ("Effect=(0,0), (10,20)",), "initial": ("s=50",)}, "e", [1]),
        ({"initial": ("S=50",)}, "s", [50]),
        ({"settings": ("growth=(0,0.5),(4,0.5)",)}, "growth", [0.5, 0.5]),
    ],
)
def test_anything_is_set(model, options, name, expected):
    found = values(model, **options)[name]
    np.testing.assert_allclose(found[: len(expected)], expected)


def _csv(path):
    path.write_text("time,growth\n0,0\n4,0.4\n", encoding="utf-8")


def _across(path):
    path.write_text("时间,0,4\ngrowth,0,0.4\n", encoding="utf-8-sig")


def _xlsx(path):
    book = openpyxl.Workbook()
    for row in (["Time", "growth"], [4, 0.4], [0, 0]):
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    ("name", "write"), [("a.csv", _csv), ("b.csv", _across), ("c.xlsx", _xlsx)]
)
def test_a_series_comes_from_a_file_and_stands_in_the_record(model, tmp_path, name, write):
    write(tmp_path / name)
    out = tmp_path / "out"
    found = values(model, series=(tmp_path / name,), out=out, initial=("s=7",))
    np.testing.assert_allclose(found["growth"], [0, 0.1, 0.2, 0.3, 0.4])
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert list(record["series"]) == [name]
    assert record["initial"] == ["s=7"]


EXPORTED = {
    "down.tab": "Time (Year)\td[north]\td[south]\ty[north]\tFINAL TIME\n"
    "0\t1\t5\t9\t10\n1\t3\t5\t9\n",
    "across.csv": "Time (Year),0,1\nd[north],1,3\nd[south],5,5\ny[north],9,9\nSAVEPER,1,1\n",
    "long.dat": "d[north]\n0\t1\n1\t3 seen twice\nd[south] / guessed\n0 5\n"
    "y[north]\n0 9\nSAVEPER\n0 1\n",
}


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_run_of_vensim_fills_the_data_and_nothing_else(write_model, tmp_path, name):
    path = write_model("r: north,south~~|\nd[r]~~|\ny[r]=d[r]*2~~|")
    (tmp_path / name).write_text(EXPORTED[name], encoding="utf-8")
    found = run_file(path, FileOptions(report="y", data=(tmp_path / name,)))
    np.testing.assert_allclose(found.found.run.values["y"][[0, -1], :, 0], [[2, 10], [6, 10]])


@pytest.mark.parametrize("option", ["data", "series", "sample"])
def test_a_dataset_that_only_vensim_reads_is_refused_with_the_way_out(model, tmp_path, option):
    (tmp_path / "base.vdfx").write_bytes(b"\x00\x01")
    given = (
        {option: tmp_path / "base.vdfx"}
        if option == "sample"
        else {option: (tmp_path / "base.vdfx",)}
    )
    with pytest.raises(SDError, match=r"base\.vdfx: .* Export Dataset….* \.tab, \.csv or \.dat"):
        values(model, **given)


def test_data_without_a_source_come_from_a_file(write_model, tmp_path):
    path = write_model("r: north,south~~|\nd[r]~~|\ny[r]=d[r]*2~~|")
    (tmp_path / "d.csv").write_text("time,d[north],d[south]\n0,1,5\n1,3,\n", encoding="utf-8")
    found = run_file(path, FileOptions(report="y", data=(tmp_path / "d.csv",)))
    np.testing.assert_allclose(found.found.run.values["y"][[0, -1], :, 0], [[2, 10], [6, 10]])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"settings": ("s=3",)}, 'use --initial "s=…"'),
        ({"settings": ("Effect=3",)}, 'use --set "Effect='),
        ({"settings": ("Effect=(0,0),(1",)}, "write table="),
        ({"settings": ("grwth=3",)}, "growth"),
        ({"initial": ("share=3",)}, "is no stock"),
        ({"initial": ("s",)}, "write stock=50"),
        ({"data": ("a.csv",)}, "--series takes its place"),
        ({"series": ("none.csv",)}, "no such file"),
        ({"series": ("wrong.csv",)}, 'no variable "grow"'),
        ({"series": ("odd.txt",)}, "needs a column of times"),
    ],
)
def test_what_cannot_be_set_is_said(model, tmp_path, options, words):
    _csv(tmp_path / "a.csv")
    (tmp_path / "wrong.csv").write_text("time,grow\n0,1\n", encoding="utf-8")
    (tmp_path / "odd.txt").write_text("", encoding="utf-8")
    for key in ("data", "series"):
        if key in options:
            options = options | {key: tuple(tmp_path / name for name in options[key])}
    with pytest.raises(SDError) as caught:
        values(model, **options)
    assert words in str(caught.value)
