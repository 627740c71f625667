"""Files that change together do so all or none, whatever interrupts or kills."""

import json
import os
import subprocess
import sys

import pytest

from sdengine.errors import SDError
from sdensemble.inputs import together
from sdensemble.inputs.folder import StudyRemark
from sdensemble.inputs.together import JOURNAL, Together, mend

KILLED = """
import os, signal, sys
from pathlib import Path
from sdensemble.inputs import together
folder, at = Path(sys.argv[1]), int(sys.argv[2])
swap, count = os.replace, []
def replace(old, new):
    if len(count) == at:
        os.kill(os.getpid(), signal.SIGKILL)
    count.append(new)
    swap(old, new)
together.os.replace = replace
with together.Together(folder) as files:
    for name in ("one", "two"):
        files.add(folder / name, lambda path: path.write_text("new"))
    files.put()
"""


def renew(folder):
    with Together(folder) as files:
        for name in ("one", "two"):
            files.add(folder / name, lambda path: path.write_text("new"))
        files.put()


def held(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one").write_text("old")
    return tmp_path


def test_all_files_change_and_nothing_else_is_left(folder):
    renew(folder)
    assert held(folder) == {"one": "new", "two": "new"}


def test_a_form_half_written_leaves_nothing(tmp_path):
    def half(path):
        path.with_name(f".{path.name}.partial").write_text("half")
        raise KeyboardInterrupt

    def write():
        with Together(tmp_path) as files:
            files.add(tmp_path / "one", half)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "raised"), [(OSError, SDError), (KeyboardInterrupt,) * 2])
def test_what_cannot_be_put_back_now_is_put_back_by_the_next_one(folder, monkeypatch, kind, raised):
    swap = os.replace

    def fails(old, new):
        if old.name in (".two.new", ".one.old"):
            raise kind
        swap(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(together.os, "replace", fails)
        with pytest.raises(raised):
            renew(folder)
    assert held(folder)[".one.old"] == "old"
    with pytest.warns(StudyRemark, match="one, two: what was to change them was killed half way"):
        mend(folder)
    assert held(folder) == {"one": "old"}


def test_a_second_interruption_does_not_stop_the_putting_back(folder, monkeypatch):
    swap, stops = os.replace, [KeyboardInterrupt, KeyboardInterrupt]

    def interrupted(old, new):
        if old.name in (".two.new", ".one.old") and stops:
            raise stops.pop()
        swap(old, new)

    monkeypatch.setattr(together.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        renew(folder)
    assert held(folder) == {"one": "old"}


@pytest.mark.skipif(sys.platform == "win32", reason="a signal")
@pytest.mark.parametrize("at", [0, 1])
def test_what_was_killed_between_two_files_is_taken_back_and_said(folder, root, at):
    done = subprocess.run([sys.executable, "-c", KILLED, folder, str(at)], cwd=root, check=False)
    assert done.returncode == -9
    assert (folder / JOURNAL).exists()
    with pytest.warns(StudyRemark, match="they are as they were before"):
        mend(folder)
    with pytest.warns(StudyRemark) if list(folder.glob(".*")) else pytest.MonkeyPatch.context():
        renew(folder)
    assert held(folder) == {"one": "new", "two": "new"}


@pytest.mark.parametrize("text", ['{"../other": false}', '{".hidden": false}', "[1]", '{"a": 1}'])
def test_a_journal_of_others_takes_no_file_away(folder, text):
    (folder.parent / "other").write_text("kept")
    (folder / JOURNAL).write_text(text)
    with pytest.raises(SDError, match="is no journal of ours"):
        mend(folder)
    assert (folder.parent / "other").read_text() == "kept"
    assert (folder / "one").read_text() == "old"


def test_a_journal_cut_short_means_that_nothing_was_begun(folder):
    (folder / JOURNAL).write_text(json.dumps({"one": True})[:5])
    (folder / ".one.old").write_text("not looked at")
    with pytest.warns(StudyRemark):
        mend(folder)
    with pytest.warns(StudyRemark, match=r"\.one\.old: half-written"), Together(folder):
        pass
    assert held(folder) == {"one": "old"}
