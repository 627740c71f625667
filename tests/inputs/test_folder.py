"""A folder is written whole or not at all, and what a killed process left is no run."""

import os
import signal
import subprocess
import sys

import pytest

from sdensemble.inputs.folder import StudyRemark, whole, whole_file, whole_folder
from sdensemble.results.record import RunRecord, written
from sdensemble.results.stored import latest_run
from sdensemble.verbs.options import RUN

SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore it in the background
from pathlib import Path
from sdensemble.inputs.folder import whole
with whole(Path(sys.argv[1])) as writing:
    (writing.partial / "ensemble.nc").write_text("half")
    print("writing", flush=True)
    time.sleep(3600)
"""


@pytest.fixture
def writer(tmp_path, root):
    """A process that is writing a run, which holds an ensemble already."""
    job = subprocess.Popen(
        [sys.executable, "-c", SLOW, tmp_path / "run"], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert job.stdout is not None
    assert job.stdout.readline() == "writing\n"
    yield job
    job.kill()
    job.wait()
    job.stdout.close()


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_what_a_killed_writer_left_is_no_run_and_the_next_one_cleans_it_up(tmp_path, writer):
    assert latest_run(tmp_path) is None
    writer.kill()
    writer.wait(timeout=600)
    assert hidden(tmp_path)
    assert latest_run(tmp_path) is None
    told = "^run: half-written by a run that was killed; removed$"
    with pytest.warns(StudyRemark, match=told), whole(tmp_path / "other"):
        pass
    assert hidden(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]


def test_a_living_writer_is_left_alone(tmp_path, writer):
    with whole(tmp_path / "other"):
        pass
    assert writer.poll() is None
    assert any(name.endswith(".partial") for name in hidden(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="a signal")
def test_an_interrupted_writer_leaves_nothing(tmp_path, writer):
    os.kill(writer.pid, signal.SIGINT)
    writer.wait(timeout=600)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_stepped_aside_for_one_never_finished_is_put_back(tmp_path):
    aside = tmp_path / ".run.123.earlier"
    aside.mkdir()
    (aside / "answer.txt").write_text("older")
    with pytest.warns(StudyRemark, match="run: put back"), whole(tmp_path / "other"):
        pass
    assert (tmp_path / "run" / "answer.txt").read_text() == "older"


def test_whoever_asks_for_a_run_that_stepped_aside_puts_it_back(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f".{name}.123.earlier").mkdir()
        (tmp_path / f".{name}.123.earlier" / "ensemble.nc").touch()
    with pytest.warns(StudyRemark, match="put back, after a run"):
        assert RUN.convert(str(tmp_path / "two"), None, None) == tmp_path / "two"
    assert latest_run(tmp_path).name in ("one", "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_two_of_one_name_stand_side_by_side_where_the_name_is_free_to_change(tmp_path):
    places = []
    for _ in range(3):
        with written(tmp_path / "run", RunRecord(), free=True) as writing:
            (writing.partial / "a.txt").write_text("")
        places.append(writing.folder.name)
        assert writing.files == ("a.txt", "run.json")
    assert places == ["run", "run-2", "run-3"]


def test_a_run_whose_name_was_taken_meanwhile_stands_beside_and_says_so(tmp_path):
    with whole(tmp_path / "run") as second:
        with whole(tmp_path / "run") as first:
            (first.partial / "a.txt").write_text("first")
        (second.partial / "a.txt").write_text("second")
    assert (tmp_path / "run" / "a.txt").read_text() == "first"
    assert (tmp_path / "run-2" / "a.txt").read_text() == "second"
    assert second.folder.name == "run-2"
    assert "another run took this name meanwhile" in str(second.notes[0])


def test_two_writers_of_one_file_leave_one_whole_file(tmp_path):
    with whole_file(tmp_path / "x.nc") as second:
        with whole_file(tmp_path / "x.nc") as first:
            first.write_text("first")
        second.write_text("second")
    assert [path.name for path in tmp_path.iterdir()] == ["x.nc"]
    assert (tmp_path / "x.nc").read_text() == "second"


def test_hidden_files_of_others_are_left_alone(tmp_path):
    for name in (".video.partial", ".notes.writing", ".x.12345678.partial"):
        (tmp_path / name).write_text("mine")
    with whole_folder(tmp_path / "run"):
        pass
    assert len(hidden(tmp_path)) == 3


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
