"""Figures and workbook come out the same, drawn here or in a process of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdensemble.outputs import apart
from sdensemble.outputs.apart import Book, Desk, Figures, desk
from sdensemble.outputs.figure import Axis, Figure, Line, Panel
from sdensemble.outputs.workbook import Sentences, Sheet, Workbook


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    panel = Panel(
        (Line((0.0, 1.0), (2.0, 3.0), name={"zh": "产值", "en": "output"}),), y=Axis("亿元")
    )
    return Figures(tmp_path, (Figure("f", "产值", (panel,)),), "zh")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    sheet = Sheet("one", "one", (Sentences(({"zh": "一句", "en": "a sentence"},)),))
    made = Workbook("book", "book", (sheet,), date="2026-01-31")
    return Book(made, tmp_path / "book.xlsx", "zh")


def test_a_process_of_its_own_writes_the_same_bytes(figures, book, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    with desk(apart.MANY, threads=2) as place:
        assert place.process is not None
        assert place.write(replace(figures, folder=there)) == ""
        assert place.write(replace(book, file=there / "book.xlsx")) == ""
    assert place.process.returncode is not None
    assert Desk().write(figures) == Desk().write(book) == ""
    for file in ("f.png", "f.svg", "f.pdf", "captions.md", "book.xlsx"):
        assert (there / file).read_bytes() == (tmp_path / file).read_bytes()


def test_what_goes_wrong_there_is_told_here_and_the_next_is_written(figures, book, tmp_path):
    with desk(apart.MANY, threads=2) as place:
        with pytest.raises(OSError, match="No such file"):
            place.write(replace(figures, folder=tmp_path / "nowhere"))
        place.write(book)
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


def test_a_process_that_dies_is_told(figures):
    with desk(apart.MANY, threads=2) as place:
        assert place.process is not None
        place.process.kill()
        place.process.wait()
        with pytest.raises(RuntimeError):
            place.write(figures)


@pytest.mark.parametrize(("runs", "threads"), [(apart.MANY - 1, 2), (apart.MANY, 1)])
def test_a_small_run_or_a_single_thread_starts_none(runs, threads):
    with desk(runs, threads) as place:
        assert place.process is None
