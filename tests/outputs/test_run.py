import errno
import json
from pathlib import Path

import pytest

from sdengine.errors import SDError
from sdensemble.inputs import folder as folders
from sdensemble.outputs import fonts
from sdensemble.outputs import run as runs
from sdensemble.outputs.run import write_run
from sdensemble.results.record import RunRecord
from sdensemble.results.store import read_ensemble
from tests.outputs import synthetic


@pytest.fixture
def quick(run, monkeypatch):
    """A run of two scenarios whose figures are not drawn."""
    import sdensemble.outputs.figures as figures

    monkeypatch.setattr(figures, "draw_figures", lambda *args: ((), ""))
    data = run["dataset"].sel(scenario=["baseline", "brand"])
    return run | {"dataset": data, "extra": None}


def write(folder, run, seed=1):
    return write_run(folder, synthetic.every_of(run), record=RunRecord(facts={"seed": seed}))[0]


def left_behind(path):
    return sorted(p.name for p in path.iterdir())


def test_a_run_leaves_every_file_and_lists_them(tmp_path, quick, plan):
    folder = tmp_path / "结果 目录" / "run"
    done = write(folder, quick | {"extra": {"plan": plan.data}})
    record = json.loads((folder / "run.json").read_text("utf-8"))
    for name in (
        "ensemble.nc",
        "ensemble-plan.nc",
        "probabilities.csv",
        "differences.csv",
        "gap.csv",
        "bottlenecks.csv",
        "progress.csv",
        "answer-zh.txt",
    ):
        assert name in record["files"]
        assert name in done.files
    assert record["seed"] == 1
    assert record["ensembles"][1]["prior_set"] == "plan"
    assert "total nominal output" in read_ensemble(folder / "ensemble.nc")
    assert "plan" in (folder / "probabilities.csv").read_text("utf-8-sig")
    assert left_behind(folder.parent) == ["run"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_an_interruption_or_a_full_disk_leaves_nothing(tmp_path, quick, monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(runs, "write_tables", fail)
    wanted = SDError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted) as caught:
        write(tmp_path / "run", quick)
    assert left_behind(tmp_path) == []
    if wanted is SDError:
        assert "disk is full; nothing was written" in str(caught.value)


def test_too_little_space_is_told_before_anything_is_written(tmp_path, quick, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(SDError, match="MB left and the run needs about"):
        write(tmp_path / "new" / "run", quick)
    assert left_behind(tmp_path) == []


def test_an_earlier_run_is_replaced_only_by_a_whole_one(tmp_path, quick, monkeypatch):
    write(tmp_path / "run", quick)
    before = (tmp_path / "run" / "run.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(RunRecord, "content", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(tmp_path / "run", quick)
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    write(tmp_path / "run", quick, seed=2)
    assert json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["seed"] == 2
    assert left_behind(tmp_path) == ["run"]


def test_a_folder_with_other_files_is_never_touched(tmp_path, quick):
    write(tmp_path / "run", quick)
    (tmp_path / "run" / "my notes.txt").write_text("mine", "utf-8")
    with pytest.raises(SDError, match=r"my notes\.txt, which no run wrote"):
        write(tmp_path / "run", quick)
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(SDError, match="is a file"):
        write(tmp_path / "file", quick)


def test_a_missing_font_stops_a_run_before_it_is_written(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(fonts.require_font, "__defaults__", (Path(tmp_path / "none.otf"),))
    with pytest.raises(SDError, match=r"font for figures is missing. Restore it"):
        write(tmp_path / "run", quick)
    assert left_behind(tmp_path) == []


def test_a_report_of_a_headline_alone_is_enough(tmp_path, quick):
    text = '[headline]\nvariable = "total nominal output"\nzh = "全省"\nen = "Province"\n'
    small = [t for t in quick["targets"] if t.id == "total_2025"]
    spec = synthetic.spec(tmp_path, text)
    write(tmp_path / "run", quick | {"spec": spec, "targets": small})
    assert (tmp_path / "run" / "gap.csv").exists()
