"""Names, clock and labels of a model."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.syntax import Clock, fold
from sdensemble import SDError, read_model


@pytest.mark.parametrize("name", ["Land Pool", "land_pool", " land  pool ", '"Land Pool"'])
def test_names_are_compared_as_vensim_compares_them(name):
    assert fold(name) == "land pool"


def test_saved_times_include_start_and_stop():
    clock = Clock(2019.0, 2020.0, 0.125, 0.25, "Year")
    np.testing.assert_array_equal(clock.times(), [2019.0, 2019.25, 2019.5, 2019.75, 2020.0])
    assert (clock.steps, clock.save_every) == (8, 2)


def test_an_unknown_name_is_refused_with_the_nearest(write_model):
    model = read_model(write_model("supply=1~~|\n"))
    assert "SUPPLY" in model
    with pytest.raises(SDError, match='did you mean "supply"'):
        model["suply"]


def test_labels_of_elements_come_from_the_file_beside_the_model(write_model, tmp_path):
    path = write_model("s: a,b~~|\nx[s]=1,2~~|\n")
    (tmp_path / "labels.csv").write_text(
        "range,element,zh,en\ns,a,甲,First\n", encoding="utf-8-sig"
    )
    model = read_model(path)
    assert model.element_label("s", "a", "zh") == "甲"
    assert model.element_label("s", "b", "zh") == "b"
