"""Whatever a person sets takes the place of what the file says, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.model.open_tables import with_open_tables
from sdengine.model.settings import Through, with_settings
from sdensemble import SDError, compile_model, read_model

FILE = "tests/data/override_anything.mdl"


def run(model, *names, given=None, members=None):
    found = compile_model(model).run(given or {}, report=names, members=members)
    return [found.values[name] for name in names]


@pytest.fixture
def model(root):
    return read_model(root / FILE)


def test_a_formula_and_an_auxiliary_are_cut(model):
    changed = with_settings(model, {"share": 0.5, "growth": 0.2})
    (s,) = run(changed, "s")
    np.testing.assert_allclose(s[:, 0], 100 * 1.1 ** np.arange(5))
    assert changed.digest != model.digest


def test_what_is_cut_may_differ_by_member(model):
    changed = with_settings(model, {"share": 0.5, "growth": 0.2})
    (s,) = run(changed, "s", given={"growth": [0.0, 0.2, 0.4], "share": [1.0, 1.0, 0.5]})
    np.testing.assert_allclose(s[-1], [100, 100 * 1.2**4, 100 * 1.2**4])


def test_a_first_value_is_set_and_may_differ_by_member(model):
    changed = with_settings(model, {"growth": 0}, initial={"s": 50})
    assert run(changed, "s")[0][:, 0].tolist() == [50] * 5
    (s,) = run(changed, "s", given={"INITIAL s": [1.0, 2.0]})
    assert s[-1].tolist() == [1, 2]


def test_a_table_has_other_points(model):
    (e,) = run(with_settings(model, tables={"Effect": [(0, 0), (10, 20)]}), "e")
    assert e[0, 0] == 2
    (growth,) = run(with_settings(model, tables={"growth": [(0, 0.5), (4, 0.5)]}), "growth")
    assert set(growth[:, 0]) == {0.5}


def test_a_table_has_points_of_its_own_for_each_member(model):
    opened = with_open_tables(model, ["Effect"])
    (e, s) = run(opened, "e", "s")
    (old,) = run(model, "e")
    np.testing.assert_allclose(e, old, rtol=1e-14)
    y = np.array([[0.0, 0.0, 5.0], [10.0, 20.0, 5.0]])
    (e, s) = run(opened, "e", "s", given={"Effect · y": y})
    np.testing.assert_allclose(e, s / 100 * [1, 2, 0] + [0, 0, 5])
    x = np.array([[0.0, 1.02], [10.0, 1.04]])
    (e, s) = run(opened, "e", "s", given={"Effect · x": x})
    expected = [np.interp(s[:, k] / 100, x[:, k], [0, 10]) for k in range(2)]
    np.testing.assert_allclose(e.T, expected, rtol=1e-12)


def test_a_series_goes_in_straight_lines_between_its_times(model):
    through = Through(np.array([0.0, 4.0]), np.array([0.0, 0.4]))
    (growth,) = run(with_settings(model, series={"growth": through}), "growth")
    np.testing.assert_allclose(growth[:, 0], [0, 0.1, 0.2, 0.3, 0.4])


def test_data_without_a_source_take_a_series_by_element(write_model):
    model = read_model(write_model("r: a,b~~|\nd[r]~~|\ny[r]=d[r]*2~~|"))
    values = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0]])
    through = Through(np.array([0.0, 0.5, 1.0]), values)
    (y,) = run(with_settings(model, series={"d": through}), "y")
    np.testing.assert_allclose(y[..., 0][[0, -1]], [[2, 20], [6, 60]])


def test_an_element_alone_is_set_and_the_others_keep_their_equations(write_model):
    path = write_model("r: a,b,c~~|\nv[r]=1,2,3~~|\nw[r]=Time+v[r]~~|\nw2[a]=Time~~|\nw2[b]=5~~|")
    model = read_model(path)
    (w,) = run(with_settings(model, {"w": [np.nan, 9, np.nan]}), "w")
    np.testing.assert_allclose(w[0, :, 0], [1, 9, 3])
    np.testing.assert_allclose(w[-1, 1], 9)
    (v,) = run(with_settings(model, {"v": [np.nan, 9, np.nan]}), "v")
    assert v[0, :, 0].tolist() == [1, 9, 3]
    (w2,) = run(with_settings(model, {"w2": [7, np.nan, np.nan]}), "w2")
    assert w2[-1, :2, 0].tolist() == [7, 5]


def test_what_cannot_be_set_is_said_by_name_all_at_once(model):
    with pytest.raises(SDError) as caught:
        with_settings(
            model,
            {"s": 3, "Effect": 1, "grwth": 1, "share": [1, 2], "growth": np.inf},
            tables={"share": [(0, 0)], "Effect": [(0, np.nan)]},
            initial={"growth": 1, "s": np.nan},
            series={
                "s": Through(np.array([0.0]), np.array([1.0])),
                "growth": Through(np.array([1.0, 0.0]), np.array([1.0, 1.0])),
            },
        )
    text = str(caught.value)
    for words in (
        '"s" is a stock: set its first value',
        '"Effect" is a lookup: set its points',
        'no variable "grwth" to set — did you mean "growth"?',
        '"share" needs shape ()',
        "not finite",
        '"share" is no graphical function',
        '"growth" is no stock',
        "no series can take its place",
        "must ascend",
    ):
        assert words in text


def test_constants_of_the_clock_keep_their_place(write_model):
    path = write_model("years=2~~|\nx=Time~~|")
    text = path.read_text(encoding="utf-8").replace("FINAL TIME=", "FINAL TIME=0*years+")
    path.write_text(text, encoding="utf-8")
    model = read_model(path)
    if model.bound:
        with pytest.raises(SDError, match="shape"):
            with_settings(model, {"years": 3})
