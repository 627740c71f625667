"""The sketch writer leaves equations alone, and what it writes can be read and is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdengine.model.read import read_model
from sdensemble.inputs.vensim.source import SHADOW, fields, halves, read_source
from sdensemble.pages import sketch
from sdensemble.pages.graph import read_graph
from sdensemble.pages.sketch import grafted, same_equations, write_sketch

OPEN = Path(__file__).resolve().parents[1] / "models"


def _views(text: str) -> list[list[list[str]]]:
    views: list[list[list[str]]] = []
    for line in halves(text)[1].splitlines():
        if line.startswith("*"):
            views.append([])
        elif line[:3] in ("10,", "11,", "12,") or line.startswith("1,"):
            views[-1].append(fields(line))
    return views


def _check(model, text: str) -> None:
    pairs = set(read_graph(model, read_source(model)).pairs())
    flows = read_graph(model, read_source(model)).flows
    homes = []
    for view in _views(text):
        ids = [parts[1] for parts in view]
        assert len(ids) == len(set(ids))
        names = {p[1]: model.name_of(p[2]) for p in view if p[0] == "10"}
        assert None not in names.values()
        homes += [names[p[1]] for p in view if p[0] == "10" and p[8] != SHADOW]
        for parts in (p for p in view if p[0] == "1"):
            assert {parts[2], parts[3]} <= set(ids)
            if parts[2] in names and parts[3] in names:
                assert (names[parts[2]], names[parts[3]]) in pairs
        for i, parts in enumerate(view):
            if parts[0] == "11":  # a valve is followed by the name of its flow
                assert names[view[i + 1][1]] in flows
    assert sorted(homes) == sorted(model.variables)


@pytest.fixture(scope="module")
def shipped(root: Path, tmp_path_factory, drawn) -> Path:
    """The shipped model's file with a sketch of the sheets that are laid out already."""
    path = root / "model" / "shanxi.mdl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketch, "make_sheets", lambda *of: drawn[2])
        return write_sketch(path, tmp_path_factory.mktemp("sketch") / path.name)


def test_equations_and_settings_keep_every_byte(shipped: Path, root: Path):
    before = halves((root / "model" / "shanxi.mdl").read_text(encoding="utf-8"))
    after = halves(shipped.read_text(encoding="utf-8"))
    assert (before[0], before[2]) == (after[0], after[2])


def test_the_file_reads_as_the_same_model(shipped: Path, study):
    assert same_equations(study.model, read_model(shipped))


def test_every_variable_is_in_a_view_and_every_arrow_is_a_dependency(shipped: Path):
    _check(read_model(shipped), shipped.read_text(encoding="utf-8"))


def test_simlin_runs_a_file_with_a_sketch_of_ours(root: Path, tmp_path: Path):
    """Not the study's: Simlin 0.8.5 refuses its herds, stocks over a part of a range."""
    simlin = pytest.importorskip("simlin")
    path = tmp_path / "teacup.mdl"
    path.write_bytes((root / "examples/teacup/model/teacup.mdl").read_bytes())
    run = simlin.load(str(write_sketch(path))).simulate()
    run.run_to_end()
    assert run.get_step_count() > 1


def test_a_second_writing_changes_nothing(write_model):
    path = write_model("S= INTEG (f, 1) ~Wh~~|\nf= S*r ~Wh/Year~~|\nr= 0.1 ~1/Year~~|")
    once = write_sketch(path).read_bytes()
    assert b"*Model" in once
    assert write_sketch(path).read_bytes() == once


def test_a_byte_order_mark_and_line_ends_are_kept(write_model):
    path = write_model("S= INTEG (f, 1) ~Wh~~|\nf= S*r ~Wh/Year~~|\nr= 0.1 ~1/Year~~|")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    written = grafted(path)
    assert written.startswith(path.read_bytes().rstrip())
    assert written.count(b"\n") == written.count(b"\r\n")


FILES = sorted(p for p in OPEN.rglob("*.mdl"))[::10]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_open_models_get_a_true_sketch(path: Path):
    _check(read_model(path), grafted(path).decode("utf-8-sig"))
