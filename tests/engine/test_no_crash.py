"""Whatever a caller asks for ends in numbers or in an SDError, never outside the arrays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sdengine.kernel import LANES
from sdengine.program.held import Held
from sdensemble import SDError, compile_model, read_model

ROOT = Path(__file__).resolve().parents[2]
MODEL = (
    "k=0.5~~|\nd:~~|\ns=INTEG(k*s-DELAY FIXED(s,1,0),1)~~|\n"
    "r=RANDOM UNIFORM(0,1,3)+EXP(-s)^k+SIN(s)~~|"
)


@pytest.mark.parametrize("lanes", [0, -8, 3, 5, 24, 128, 8.5, True, "8"])
def test_a_width_that_no_vector_has_is_refused(write_model, lanes):
    with pytest.raises(SDError, match="lanes must be one of 1, 2, 4, 8, 16, 32, 64"):
        compile_model(read_model(write_model("s=INTEG(1,0)~~|")), lanes=lanes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": -1}, "steps must be a whole number of at least 0"),
        ({"steps": 2.5}, "steps must be"),
        ({"every": 0}, "every must be a whole number of at least 1"),
        ({"every": -3}, "every must be"),
        ({"threads": 0}, "threads must be"),
        ({"members": 0}, "members must be"),
        ({"members": "four"}, "members must be"),
        ({"ids": [0.5]}, "ids must be"),
        ({"ids": [-1]}, "ids must be"),
        ({"constants": {"k": "much"}}, '"k" is given what is not a number'),
        ({"constants": {"k": [[1.0, 2.0]]}}, '"k" needs shape'),
        ({"held": {"k": Held(np.array([0.0]), np.array([1.0, 2.0]))}}, "one value for each time"),
        ({"held": {"k": Held(np.array([1.0, 0.0]), np.array([1.0, 2.0]))}}, "times must ascend"),
        ({"held": {"k": Held(np.array([np.nan]), np.array([1.0]))}}, "times must ascend"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_in_words(write_model, arguments, message):
    kernel = compile_model(read_model(write_model("k=1~~|\ns=INTEG(k,0)~~|")))
    with pytest.raises(SDError, match=message):
        kernel.run(**arguments)


def test_a_fixed_delay_of_no_number_of_steps_keeps_its_first_value(write_model):
    path = write_model("k=1~~|\ny=DELAY FIXED(Time,LN(k),7)~~|")
    kernel = compile_model(read_model(path))
    run = kernel.run({"k": [-1.0, 1.0, 1e300]}, report=["y"])
    np.testing.assert_array_equal(run.values["y"][:, 0], 7)
    np.testing.assert_array_equal(run.values["y"][-1], [7, 1.75, 7])


needs_pages = pytest.mark.skipif(sys.platform == "win32", reason="no mprotect on Windows")


@needs_pages
@pytest.mark.parametrize("widths", [(1, 4, 16), pytest.param(LANES, marks=pytest.mark.full)])
def test_random_models_of_every_width_stay_inside_their_arrays(widths):
    """Each array lies against a page that may not be touched; a child process runs them."""
    command = [sys.executable, "-m", "tests.guarded", *map(str, widths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    digests = json.loads(done.stdout)
    assert set(digests) == {str(lanes) for lanes in widths}
    assert len(set(map(str, digests.values()))) == 1  # and their bits do not hang on the width


@needs_pages
def test_the_guard_page_stops_a_kernel_that_reads_past_its_array():
    command = [sys.executable, "-m", "tests.guarded", "--beyond"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode < 0  # killed by a signal
