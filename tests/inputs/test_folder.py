"""A folder is written whole or not at all, and what a killed process left is no run."""

import os
import signal
import subprocess
import sys

import pytest

from sdensemble.inputs.folder import whole, whole_folder
from sdensemble.results.record import RunRecord, written
from sdensemble.results.stored import latest_run

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
    with whole(tmp_path / "other") as writing:
        assert [str(note) for note in writing.notes] == [
            "run: half-written by a run that was killed; removed"
        ]
    assert hidden(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]


def test_a_living_writer_is_left_alone(tmp_path, writer):
    with whole(tmp_path / "other") as writing:
        assert writing.notes == ()
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
    with whole(tmp_path / "other") as writing:
        assert "put back" in str(writing.notes[0])
    assert (tmp_path / "run" / "answer.txt").read_text() == "older"


def test_two_of_one_name_stand_side_by_side_where_the_name_is_free_to_change(tmp_path):
    places = []
    for _ in range(3):
        with written(tmp_path / "run", RunRecord(), free=True) as writing:
            (writing.partial / "a.txt").write_text("")
        places.append(writing.folder.name)
        assert writing.files == ("a.txt", "run.json")
    assert places == ["run", "run-2", "run-3"]


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
