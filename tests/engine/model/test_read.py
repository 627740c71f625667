"""Reading model files: what they say, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.model.notes import read_note
from sdengine.syntax import Kind
from sdensemble import SDError, read_model


def test_a_comment_is_taken_apart_at_its_keys():
    note = read_note("中文: 产能; EN: Capacity; source: a, b; c; known_on: 2019-12-31")
    assert (note.zh, note.en) == ("产能", "Capacity")
    assert note.source == "a, b; c"
    assert note.known_on == "2019-12-31"
    assert not note.assumption
    assumed = read_note("EN: x; ASSUMPTION: a guess")
    assert assumed.assumption
    assert (assumed.en, assumed.source) == ("x", "ASSUMPTION: a guess")
    assert read_note("EN: x; ASSUMPTION: a guess; source: a").source == "a"


def test_kinds_units_limits_and_values_are_read(write_model):
    path = write_model(
        "s: a,b~~|\nx[s]=1,2~Ton [0,10]~|\nS=INTEG(1,0)~~|\nt((0,0),(1,1))~~|\ny=t(Time)~Dmnl~|\n"
    )
    model = read_model(path)
    assert model["x"].kind is Kind.CONSTANT
    np.testing.assert_array_equal(model["x"].value, [1, 2])
    assert model["x"].limits == (0, 10)
    assert model["x"].unit == "Ton"
    assert [model[n].kind for n in ("S", "t", "y")] == [Kind.STOCK, Kind.LOOKUP, Kind.AUXILIARY]


def test_the_control_variables_may_be_arithmetic(tmp_path):
    path = tmp_path / "clock.mdl"
    path.write_text(
        "{UTF-8}\nper year=8~~|\nx=Time~~|\nINITIAL TIME=2000~Year~|\nFINAL TIME=2001~Year~|\n"
        "TIME STEP=1/per year~Year~|\nSAVEPER=TIME STEP*2~Year~|\n",
        encoding="utf-8",
    )
    clock = read_model(path).clock
    assert (clock.step, clock.save, clock.unit) == (0.125, 0.25, "Year")


def test_a_model_read_twice_comes_from_the_cache_and_is_the_same(write_model):
    path = write_model("x=Time+1~~|\n")
    one, two = read_model(path), read_model(path)
    assert one.variables == two.variables
    assert one.digest == two.digest


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("missing.mdl", None, "no such model file"),
        ("model.txt", "x=1~~|", "not a Vensim"),
        ("empty.mdl", "{UTF-8}\n", "no variable|cannot be read"),
    ],
)
def test_what_is_not_a_model_is_refused(tmp_path, name, text, word):
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SDError, match=word):
        read_model(path)


def test_a_save_interval_that_is_no_multiple_of_the_step_saves_at_the_nearest(tmp_path):
    path = tmp_path / "clock.mdl"
    path.write_text(
        "{UTF-8}\nx=Time~~|\nINITIAL TIME=0~~|\nFINAL TIME=1.5~~|\n"
        "TIME STEP=0.3~~|\nSAVEPER=0.5~~|\n",
        encoding="utf-8",
    )
    np.testing.assert_allclose(read_model(path).clock.times(), [0, 0.6, 0.9, 1.5])


def test_reading_writes_nothing_beside_the_model(write_model, tmp_path):
    path = write_model("x=Time~~|\n")
    read_model(path)
    assert list(tmp_path.iterdir()) == [path]
