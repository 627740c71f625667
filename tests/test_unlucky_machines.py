"""Kills, full disks, folders nobody may write to: all or nothing, and one line that says so."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.kills import (
    CHECKS,
    VERBS,
    Kill,
    called,
    faults,
    half,
    hidden,
    killed,
    loaded,
    prepared_once,
    state,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and signals")
root_only = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="root can mount a disk of its own"
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = prepared_once()
    for verb in ("observe", "brief"):
        loaded(Path(shutil.copytree(made, tmp_path_factory.mktemp(verb) / "study")), VERBS[verb])
    return made


@pytest.fixture
def copied(study):
    """A copy of the study where others may look."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield Path(shutil.copytree(study, Path(place) / "study"))


@pytest.mark.parametrize(
    ("verb", "change"),
    [
        ("run-again", 40),  # in the middle of its tables
        ("calibrate", 30),
        ("observe", 17),  # between two files that change together
    ],
)
def test_what_a_killed_verb_leaves_is_whole_or_absent(study, tmp_path, verb, change):
    assert faults(study, verb, Kill(change), tmp_path, CHECKS[:1]) == []


@pytest.mark.full
def test_two_hundred_kills_at_random_moments_leave_nothing_half(tmp_path):
    assert killed(200, 1, tmp_path, print) == []


def refused(study, verb, before):
    """Assert that a verb ends in one line and leaves all as it was; return the line."""
    held, outputs = state(study), sorted((study / "outputs").iterdir())
    status, said = called(study, VERBS[verb], before=before)
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert (status, len(errors)) == (1, 1), said
    assert "Traceback" not in said
    assert "fault of the program" not in said
    assert state(study) == held
    assert sorted((study / "outputs").iterdir()) == outputs
    assert (list(half(study)), hidden(study)) == ([], [])
    return errors[0]


def no_file_above(size):
    """Return what keeps a process from writing a file above a size, as a full disk does."""

    def limit():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize(
    ("verb", "size"),
    [("run", 9000), ("calibrate", 9000), ("calibrate", 45_000), ("observe", 9000), ("brief", 9000)],
)
def test_a_disk_that_takes_no_more_is_told_in_one_line(copied, verb, size):
    assert "nothing was written" in refused(copied, verb, no_file_above(size))


def bound_by_permissions():
    """Give up what lets root write where nobody may (all capabilities, by capset)."""
    if os.geteuid() == 0:
        head = (ctypes.c_uint32 * 2)(0x20080522, 0)
        assert ctypes.CDLL(None).capset(head, (ctypes.c_uint32 * 6)()) == 0


@pytest.mark.parametrize("verb", ["run", "calibrate", "observe", "brief"])
def test_a_study_that_may_not_be_written_to_is_told_in_one_line(copied, monkeypatch, verb):
    monkeypatch.setenv("SDENSEMBLE_CACHE", "/proc/nowhere")  # nor may the cache
    places = [copied, *(path for path in copied.rglob("*") if path.is_dir())]
    for place in places:
        place.chmod(0o555)
    try:
        assert "writing is not allowed here" in refused(copied, verb, bound_by_permissions)
    finally:
        for place in places:
            place.chmod(0o755)


@pytest.mark.full
def test_two_runs_at_once_into_one_folder_are_both_kept(copied):
    jobs = []
    for seed in ("1", "2"):
        words = ["run", "--members", "64", "--seed", seed, "--out", "outputs/both", "--lang", "en"]
        code = f"from sdensemble.verbs.cli import main; main({words!r})"
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        jobs.append(
            subprocess.Popen(
                [sys.executable, "-c", code], cwd=copied, env=environment, stdout=subprocess.PIPE
            )
        )
    said = [job.communicate()[0].decode() for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], said
    assert (list(half(copied)), hidden(copied)) == ([], [])
    made = {path.name for path in (copied / "outputs").iterdir() if path.is_dir()}
    assert made == {"first", "both", "both-2"}


def _filled(path):
    """Fill a disk to its last byte."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        os.close(file)


@root_only
@pytest.mark.full
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("size=9m", "the disk is full"),
        ("size=60m,nr_inodes={files}", "the disk takes no more files"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "calibrate", "observe", "brief"])
def test_a_real_disk_without_room_is_told_in_one_line(study, tmp_path, verb, options, told):
    files = sum(1 for _ in study.rglob("*")) + 4
    options = options.format(files=files)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path], check=True)
    try:
        place = Path(shutil.copytree(study, tmp_path / "study"))
        if options.startswith("size=9m"):
            _filled(tmp_path / "fill")
        for number in range(files):
            try:
                (tmp_path / f"more-{number}").touch()
            except OSError:
                break
        line = refused(place, verb, None)
        assert told in line or "nothing was written" in line
    finally:
        subprocess.run(["umount", tmp_path], check=True)
