"""What an interrupted command has finished is gone on from, to the same bytes."""

import os
import time

import numpy as np
import pytest

from sdensemble.ensemble import kept
from sdensemble.ensemble.blocks import Threads, Work, block, block_size
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.kept import Kept
from sdensemble.ensemble.run import run_ensemble
from sdensemble.inputs.folder import StudyRemark, sweep
from sdensemble.results.stored import latest_run

KEEP = {"teacup temperature": "end", "heat loss to room": "annual"}
SIZE = 16


class Breaking:
    """Threads that are interrupted after some blocks; counts the blocks it was asked for."""

    def __init__(self, after=10**9):
        self.after, self.ran = after, 0

    def run(self, kernel, work, indexes, count=None):
        for found in Threads(1).run(kernel, work, indexes, count):
            if self.ran == self.after:
                raise KeyboardInterrupt
            self.ran += 1
            yield found

    def close(self):
        pass


@pytest.fixture(scope="module")
def run(cup, kernel):
    def run(by, *, seed=7, scenarios=cup.scenarios, **how):
        draws = draw(cup.priors(), cup.model, 128, seed=seed)
        return run_ensemble(kernel, scenarios, draws, keep=KEEP, size=SIZE, by=by, **how)

    return run


@pytest.fixture(scope="module")
def whole(run):
    return run(Threads(2))


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one.data_vars)


def interrupted(run, folder, after, **how):
    with pytest.raises(KeyboardInterrupt) as stop:
        run(Kept(Breaking(after), folder, "a", patience=0), **how)
    return stop.value


@pytest.mark.parametrize("after", [1, 4, 7])
def test_an_interrupted_run_goes_on_to_the_same_bits(run, whole, tmp_path, after):
    stop = interrupted(run, tmp_path, after)
    assert "goes on from where it was" in str(stop.args[0])
    rest, told, done = Breaking(), [], []
    by = Kept(rest, tmp_path, "a", told.append, patience=0)
    assert same(run(by, progress=done.append), whole)
    assert rest.ran == 8 - after
    assert len(told) == 1
    assert sum(done) == 3 * 128
    by.done()
    assert list(tmp_path.iterdir()) == []


def test_a_second_interruption_loses_nothing_of_the_first(run, whole, tmp_path):
    interrupted(run, tmp_path, 3)
    interrupted(run, tmp_path, 3)
    rest = Breaking()
    assert same(run(Kept(rest, tmp_path, "a")), whole)
    assert rest.ran == 2


@pytest.mark.parametrize(
    "harm", [lambda d: d[:-1], lambda d: d[:40] + b"\7" + d[41:], lambda d: b""]
)
def test_a_block_that_was_cut_short_or_changed_is_run_again(run, whole, tmp_path, harm):
    interrupted(run, tmp_path, 8 - 1)
    (path,) = tmp_path.glob(".a.unfinished/*/3")
    path.write_bytes(harm(path.read_bytes()))
    rest = Breaking()
    assert same(run(Kept(rest, tmp_path, "a")), whole)
    assert rest.ran == 2


def test_blocks_of_another_seed_scenario_or_version_are_never_taken(
    run, whole, tmp_path, cup, monkeypatch
):
    interrupted(run, tmp_path, 5)
    other, fewer, newer = Breaking(), Breaking(), Breaking()
    run(Kept(other, tmp_path, "a"), seed=8)
    run(Kept(fewer, tmp_path, "a"), scenarios=cup.scenarios[:2])
    monkeypatch.setattr("sdensemble.ensemble.blocks.__version__", "0.0")
    run(Kept(newer, tmp_path, "a"))
    assert (other.ran, fewer.ran, newer.ran) == (8, 8, 8)


def test_a_run_of_a_few_seconds_keeps_nothing_on_disk(run, whole, tmp_path):
    assert same(run(Kept(Threads(1), tmp_path, "a")), whole)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_keeping_and_not_the_run(run, whole, tmp_path, monkeypatch):
    def full(path, values):
        path.parent.mkdir(parents=True, exist_ok=True)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "store", full)
    assert same(run(Kept(Threads(1), tmp_path, "a", patience=0)), whole)
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_is_no_run_and_goes_after_two_weeks(run, tmp_path):
    interrupted(run, tmp_path, 2)
    assert latest_run(tmp_path) is None
    sweep(tmp_path)
    (place,) = tmp_path.iterdir()
    long_ago = time.time() - 15 * 24 * 3600
    for one in (place, *place.glob("*")):
        os.utime(one, (long_ago, long_ago))
    with pytest.warns(
        StudyRemark,
        match=r"\.a\.unfinished: kept by a command",
    ):
        sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_block_is_the_same_alone_and_among_others(cup, kernel, whole):
    draws = draw(cup.priors(), cup.model, 128, seed=7)
    work = Work(cup.model, cup.scenarios, draws, None, KEEP, range(30), 8, SIZE)
    alone = block(kernel, work, 5)
    for name, values in alone.items():
        assert np.array_equal(np.moveaxis(values, -1, 1), whole[name].values[:, 80:96])


@pytest.mark.parametrize(("members", "size"), [(16, 64), (2048, 128), (2**20, 2048)])
def test_blocks_are_many_enough_for_the_threads_and_small_enough_for_memory(members, size):
    assert block_size(members) == size
