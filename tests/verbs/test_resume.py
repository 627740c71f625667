"""A process killed at any moment leaves nothing that is read; what it finished is gone on from."""

import random
import signal
import subprocess
import sys
import time

import pytest

from tests.evidence.conftest import TRUTH
from tests.evidence.small import make_study, truth_figures

# The teacup runs in a second: blocks are kept from the start, and each takes a while.
RUN = """
import sys, time
from sdensemble.ensemble import blocks, kept
kept.PATIENCE = 0
block = blocks.block
def slow(*given):
    time.sleep(0.05)
    return block(*given)
blocks.block = slow
from sdensemble.verbs.cli import main
main(sys.argv[1:])
"""


def start(root, study, *given):
    words = [*given, "--study", study, "--lang", "en", "--members", "1024", "--replace"]
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *map(str, words)],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def content(folder):
    """The bytes of every file of a run but those that say when and by what command it was made."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".json", ".xlsx")]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def finish(job):
    out, err = job.communicate(timeout=600)
    assert job.returncode == 0, err
    return out, err


def killed(root, study, words, moments, rng):
    """Kill the command again and again; return whether one was killed before its end."""
    stopped = 0
    for moment in moments:
        job = start(root, study, *words)
        time.sleep(moment)
        job.send_signal(rng.choice([signal.SIGKILL, signal.SIGINT]))
        job.communicate(timeout=600)
        stopped += job.returncode != 0
    return stopped


def check(root, study, tmp_path, words, kills, seed):
    rng = random.Random(seed)
    begun = time.perf_counter()
    whole, broken = tmp_path / "a" / "run", tmp_path / "b" / "run"
    out, _ = finish(start(root, study, *words, "--out", whole))
    took = time.perf_counter() - begun
    moments = [rng.uniform(0.3, 1.0) * took for _ in range(kills)]
    assert killed(root, study, [*words, "--out", broken], moments, rng)
    again, told = finish(start(root, study, *words, "--out", broken))
    assert again.splitlines()[:-1] == out.splitlines()[:-1]
    assert content(broken) == content(whole)
    assert [p.name for p in broken.parent.iterdir()] == ["run"]
    return told


def test_a_run_killed_at_random_moments_ends_in_the_same_bytes(root, teacup, tmp_path):
    check(root, teacup, tmp_path, ["run"], 2, 1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "--keep", "all", "--method", "latin"],
        ["grid", "lid=0:1:6"],
        ["compare", "lid"],
        ["robust", "lid", "cool-room"],
    ],
)
def test_every_long_verb_killed_again_and_again_ends_in_the_same_bytes(
    root, teacup, tmp_path, words, seed
):
    check(root, teacup, tmp_path, words, 8, seed)


CALIBRATE = """
import sys
from sdensemble.evidence import fitting
fitting.PATIENCE = 0
from sdensemble.verbs.cli import main
main(sys.argv[1:])
"""


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_a_calibration_killed_again_and_again_ends_in_the_same_bytes(root, tmp_path, seed):
    study = make_study(tmp_path / "study", truth_figures(TRUTH, range(2019, 2023), 1))
    rng = random.Random(seed)

    def begin(out):
        words = ["calibrate", "--study", study, "--particles", "1024", "--out", out]
        return subprocess.Popen(
            [sys.executable, "-c", CALIBRATE, *map(str, words)],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    begun = time.perf_counter()
    finish(begin(tmp_path / "whole.nc"))
    took = time.perf_counter() - begun
    stopped = 0
    for _ in range(6):
        job = begin(tmp_path / "broken.nc")
        time.sleep(rng.uniform(0.3, 0.9) * took)
        job.send_signal(rng.choice([signal.SIGKILL, signal.SIGINT]))
        job.communicate(timeout=600)
        stopped += job.returncode != 0
    finish(begin(tmp_path / "broken.nc"))
    assert stopped
    assert (tmp_path / "broken.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["broken.nc", "study", "whole.nc"]
