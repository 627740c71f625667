"""Some inputs of every kind, and all of them behind the marker."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

import pytest

from tests.fuzz.__main__ import counted
from tests.fuzz.kinds import KINDS
from tests.fuzz.watched import Count, handled, read_counts, write_counts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")
FEW = {
    "model files": 400,
    "small models": 80,
    "sound models": 10,
    "files of the smallest study": 40,
    "files of a fitted study": 40,
    "files of the shipped study": 3,
    "sheets": 60,
    "posteriors": 40,
    "ensembles": 24,
    "caches": 50,
}


@pytest.mark.parametrize("name", KINDS)
def test_every_input_ends_in_an_answer_or_one_clear_message(name):
    count = Count()
    handled(partial(KINDS[name].prepare, 1), 1, 1 + FEW[name], count)
    assert count.faults == []
    assert count.done == FEW[name]
    most = count.done - (name != "sound models")  # those are taken, all others are not all
    assert 0 < count.taken <= most


@pytest.mark.full
def test_a_hundred_thousand_inputs_end_in_an_answer_or_one_clear_message(tmp_path):
    counts = counted(100_000, 2, tmp_path / "counts.json")
    assert {name: count.faults for name, count in counts.items() if count.faults} == {}
    assert sum(count.done for count in counts.values()) >= 100_000


def test_what_raises_or_dies_is_a_fault_and_the_next_input_is_handled(tmp_path):
    def attempt(number):
        if number == 3:
            raise ValueError("no")
        if number == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return number % 2 == 0

    count = Count()
    handled(lambda place: attempt, 0, 9, count)
    assert (count.done, count.taken) == (9, 5)
    assert [number for number, _ in count.faults] == [3, 5]
    assert "ValueError('no')" in count.faults[0][1]
    assert count.faults[1][1] == "the process died: SIGKILL"
    write_counts(tmp_path / "counts.json", {"x": count})
    assert read_counts(tmp_path / "counts.json")["x"].done == 9
