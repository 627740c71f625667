"""A process killed at any moment leaves nothing that is read; what it finished is gone on from."""

import os
import random
import signal
import sys

import pytest

from sdensemble.ensemble import blocks, kept
from sdensemble.evidence import fitting
from sdensemble.outputs import figures
from sdensemble.verbs.batch import GridOptions, grid
from sdensemble.verbs.result import Tell
from tests.evidence.conftest import TRUTH
from tests.evidence.small import make_study, truth_figures
from tests.kills import Kill, called

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and signals")


def dying(after=0, sign=signal.SIGKILL):
    """Return what has a process keep each block, and die when so many are finished."""

    def before():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the answer alone is compared
        kept.PATIENCE = 0
        figures.draw_figures = lambda *given: ((), "")  # made anew, from what is compared
        block, done = blocks.block, []

        def counted(*given):
            found = block(*given)
            done.append(1)
            if len(done) == after:
                os.kill(os.getpid(), sign)
            return found

        blocks.block = counted

    return before


def content(folder):
    """The bytes of every file of a run but those that say when and by what command it was made."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".json", ".xlsx")]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def check(study, tmp_path, words, kills, seed):
    """Kill a verb so many times, each after a few blocks more; it ends as one that was not."""
    rng = random.Random(seed)
    words = [*words, "--members", "1024", "--replace", "--out"]
    whole, broken = tmp_path / "a" / "run", tmp_path / "b" / "run"
    status, out = called(study, [*words, str(whole)], before=dying())
    assert status == 0, out
    for number in range(kills):
        sign = signal.SIGINT if number % 2 else signal.SIGKILL
        before = dying(rng.randint(1, 4), sign)
        status, _ = called(study, [*words, str(broken)], before=before)
        assert number or status == -signal.SIGKILL  # later ones may have less than that to do
        assert status in (-sign, 130, 0)
    status, again = called(study, [*words, str(broken)], before=dying())
    assert status == 0, again
    assert again.splitlines()[:-1] == out.splitlines()[:-1]
    assert content(broken) == content(whole)
    assert [p.name for p in broken.parent.iterdir()] == ["run"]


def test_a_run_killed_and_interrupted_ends_in_the_same_bytes(teacup, tmp_path):
    check(teacup, tmp_path, ["run"], 2, 1)


@pytest.mark.parametrize("after", [3, 10])
def test_a_question_of_levers_goes_on_from_the_blocks_it_has(
    teacup, tmp_path, monkeypatch, no_figures, after
):
    def asked(folder):
        return GridOptions(study=teacup, levers=("lid=0:1:3",), members=1024, out=folder)

    whole = grid(asked(tmp_path / "whole"))
    monkeypatch.setattr(kept, "PATIENCE", 0.0)
    block, ran = blocks.block, []

    def breaking(*given):
        ran.append(given)
        if len(ran) >= after and any(path.is_file() for path in tmp_path.glob(".*/*/*")):
            raise KeyboardInterrupt  # once a block is kept: which one is the threads' affair
        return block(*given)

    with monkeypatch.context() as once:
        once.setattr(blocks, "block", breaking)
        with pytest.raises(KeyboardInterrupt):
            grid(asked(tmp_path / "run"))
    first, told = len(ran), Told()
    monkeypatch.setattr(blocks, "block", lambda *given: ran.append(given) or block(*given))
    again = grid(asked(tmp_path / "run"), told)
    assert len(ran) - first < 16
    assert [str(line) for line in told.lines] == [
        "this command was interrupted before: going on from where it was"
    ]
    assert again.text("en") == whole.text("en")
    assert content(tmp_path / "run") == content(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.glob("*un*")) == ["run"]


class Told(Tell):
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []

    def __call__(self, line):
        self.lines.append(line)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "--keep", "all", "--method", "latin"],
        ["grid", "lid=0:1:6"],
        ["compare", "lid"],
        ["robust", "lid", "world-cold-room"],
    ],
)
def test_every_long_verb_killed_again_and_again_ends_in_the_same_bytes(
    teacup, tmp_path, words, seed
):
    check(teacup, tmp_path, words, 8, seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_a_calibration_killed_again_and_again_ends_in_the_same_bytes(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(fitting, "PATIENCE", 0)
    study = make_study(tmp_path / "study", truth_figures(TRUTH, range(2019, 2023), 1))
    words = ["calibrate", "--particles", "1024", "--out"]
    whole, broken = tmp_path / "whole.nc", tmp_path / "broken.nc"
    assert called(study, [*words, str(whole)])[0] == 0
    rng = random.Random(seed)
    for _ in range(6):
        status, _ = called(study, [*words, str(broken)], Kill(rng.randrange(12)))
        assert status in (0, -signal.SIGKILL)
    assert called(study, [*words, str(broken)])[0] == 0
    assert broken.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.nc", "study", "whole.nc"]
