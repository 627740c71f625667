"""A model is told once where other programs give other numbers; the pages list them all."""

from __future__ import annotations

import warnings

import pytest

from sdengine.errors import ModelRemark
from sdengine.model import read
from sdengine.model.differences import DIFFERENCES, table
from sdengine.model.read import read_model


@pytest.mark.parametrize(
    ("equations", "title", "names"),
    [
        ("x=PULSE TRAIN(0,1,2,3)~~|\ny=1+PULSE TRAIN(0,1,2,3)~~|", "PULSE TRAIN", ["x", "y"]),
        ("x=-Time^2~~|", "power of what has a minus", ["x"]),
        ("x=IF THEN ELSE(Time=1 :OR: Time>2 :AND: Time<3,1,0)~~|", ":AND: beside :OR:", ["x"]),
        ("x=RANDOM UNIFORM(0,1,1)~~|", "random numbers", ["x"]),
        ("x:INTERPOLATE:~~|\ny=x~~|", "data outside their times", ["x"]),
        ("x=1~~|\ny=x^2~~|\nz=INTEGER(x)~~|", "", []),
    ],
)
def test_a_model_says_by_name_where_others_differ(write_model, equations, title, names):
    remarks = read_model(write_model(equations)).remarks
    assert len(remarks) == bool(title)
    for remark in remarks:
        assert remark.startswith(f"model.mdl: {title} (")
        assert all(f'"{name}"' in remark for name in names)


def test_a_model_says_where_its_run_ends_if_no_step_meets_the_end(write_model):
    (remark,) = read_model(write_model("x=1~~|", step=0.3, stop=2.0)).remarks
    assert remark.startswith("model.mdl: FINAL TIME between two steps (")
    assert not read_model(write_model("x=1~~|", step=0.1, stop=3.0)).remarks


def test_it_warns_once(write_model, monkeypatch):
    monkeypatch.setattr(read, "_told", set())
    path = write_model("x=PULSE TRAIN(0,1,2,3)~~|")
    with pytest.warns(ModelRemark, match="PULSE TRAIN"):
        read_model(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_model(path).remarks


def test_the_pages_hold_every_difference(root):
    english = (root / "docs/differences.md").read_text(encoding="utf-8")
    assert table() in english
    chinese = (root / "docs/differences.zh.md").read_text(encoding="utf-8")
    rows = [line for line in chinese.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(DIFFERENCES)
