"""A run stops, is stored, and goes on where it stood: bit for bit as if it had not stopped."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.verbs.run_file import run_file
from sdensemble.verbs.run_options import FileOptions

TEXT = (
    "{UTF-8}\nrate=0.1~~|\ns=INTEG(s*rate+DELAY3(Time,2)-d,10)~~|\nd=DELAY FIXED(s*0.2,1.5,1)~~|\n"
    "r=RANDOM UNIFORM(0,1,3)~~|\nm=SAMPLE IF TRUE(MODULO(Time,2)=0,s,0)+r~~|\n"
    "INITIAL TIME=0~~|\nFINAL TIME=8~~|\nTIME STEP=0.5~~|\nSAVEPER=TIME STEP~~|\n"
)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.mdl"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize("members", [None, 5])
def test_a_stored_state_is_gone_on_from_bit_for_bit(model, tmp_path, members):
    state = tmp_path / "states" / "half.npz"
    whole = run_file(model, FileOptions(report="s,m,d", members=members)).found.run
    first = run_file(
        model, FileOptions(report="s,m,d", members=members, until=4, save_state=state)
    ).found.run
    rest = run_file(model, FileOptions(report="s,m,d", members=members, from_state=state)).found.run
    assert first.times[-1] == rest.times[0] == 4
    assert rest.times[-1] == 8
    for name in ("s", "m", "d"):
        np.testing.assert_array_equal(whole.values[name][:9], first.values[name])
        np.testing.assert_array_equal(whole.values[name][8:], rest.values[name])
    assert [p.name for p in state.parent.iterdir()] == ["half.npz"]


def test_going_on_may_be_under_other_constants(model, tmp_path):
    state = tmp_path / "half.npz"
    run_file(model, FileOptions(until=4, save_state=state))
    slow, fast = (
        run_file(
            model, FileOptions(report="s", from_state=state, settings=(f"rate={r}",))
        ).found.run
        for r in (0.1, 0.5)
    )
    assert slow.values["s"][0] == fast.values["s"][0]
    assert slow.values["s"][-1] < fast.values["s"][-1]


def test_what_is_no_state_or_that_of_another_model_is_refused(model, tmp_path):
    state = tmp_path / "half.npz"
    run_file(model, FileOptions(until=4, save_state=state))
    other = Path(shutil.copy(model, tmp_path / "other.mdl"))
    other.write_text(TEXT.replace("10)", "11)"), encoding="utf-8")
    (tmp_path / "text.npz").write_text("no", encoding="utf-8")
    for path, options, words in (
        (other, FileOptions(from_state=state), "is not one of this"),
        (model, FileOptions(from_state=tmp_path / "none.npz"), "no such file"),
        (model, FileOptions(from_state=tmp_path / "text.npz"), "no stored state"),
        (model, FileOptions(from_state=state, until=2), "--until 2"),
    ):
        with pytest.raises(SDError, match=words):
            run_file(path, options)
