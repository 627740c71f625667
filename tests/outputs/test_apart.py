"""Figures and workbook come out the same, drawn here or in a process of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdensemble.outputs.apart import Papers
from sdensemble.outputs.figure import Axis, Figure, Line, Panel
from sdensemble.outputs.workbook import Sentences, Sheet, Workbook


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    panel = Panel(
        (Line((0.0, 1.0), (2.0, 3.0), name={"zh": "产值", "en": "output"}),), y=Axis("亿元")
    )
    sheet = Sheet("one", "one", (Sentences(({"zh": "一句", "en": "a sentence"},)),))
    book = Workbook("book", "book", (sheet,), date="2026-01-31")
    return Papers(tmp_path, (Figure("f", "产值", (panel,)),), book, tmp_path / "book.xlsx", "zh")


def test_a_process_of_its_own_writes_the_same_bytes(papers, tmp_path):
    apart = tmp_path / "apart"
    apart.mkdir()
    missing = replace(papers, folder=apart, file=apart / "book.xlsx").write_apart()
    assert missing == papers.write() == ""
    for file in ("f.png", "f.svg", "f.pdf", "captions.md", "book.xlsx"):
        assert (apart / file).read_bytes() == (tmp_path / file).read_bytes()


def test_what_goes_wrong_there_is_told_here(papers, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        replace(papers, folder=tmp_path / "nowhere").write_apart()
