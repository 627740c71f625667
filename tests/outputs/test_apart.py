"""Figures come out the same, drawn here or in a process of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdensemble.outputs import apart
from sdensemble.outputs.apart import Desk, Figures, desk
from sdensemble.outputs.figure import Axis, Figure, Line, Panel


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    panel = Panel(
        (Line((0.0, 1.0), (2.0, 3.0), name={"zh": "产值", "en": "output"}),), y=Axis("亿元")
    )
    return Figures(tmp_path, (Figure("f", "产值", (panel,)),), "zh")


def test_a_process_of_its_own_writes_the_same_bytes(figures, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    with desk(apart.MANY, threads=2) as place:
        assert place.process is not None
        assert place.write(replace(figures, folder=there)) == ""
    assert place.process.returncode is not None
    assert Desk().write(figures) == ""
    for file in ("f.png", "f.svg", "f.pdf", "captions.md"):
        assert (there / file).read_bytes() == (tmp_path / file).read_bytes()


def test_what_goes_wrong_there_is_told_here_and_the_next_is_written(figures, tmp_path):
    with desk(apart.MANY, threads=2) as place:
        with pytest.raises(OSError, match="No such file"):
            place.write(replace(figures, folder=tmp_path / "nowhere"))
        place.write(figures)
    assert (tmp_path / "f.png").is_file()


def test_a_process_that_dies_is_told(figures):
    with desk(apart.MANY, threads=2) as place:
        assert place.process is not None
        place.process.kill()
        place.process.wait()
        with pytest.raises(RuntimeError):
            place.write(figures)


@pytest.mark.parametrize(("members", "threads"), [(apart.MANY - 1, 2), (apart.MANY, 1)])
def test_a_small_run_or_a_single_thread_starts_none(members, threads):
    with desk(members, threads) as place:
        assert place.process is None
