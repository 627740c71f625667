"""Order of equations, element by element where needed, and loops named."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble import SDError, compile_model, read_model


def test_equations_may_stand_in_any_order(write_model):
    model = read_model(write_model("c=b+1~~|\nb=a+1~~|\na=Time~~|"))
    assert compile_model(model).run(report=["c"]).values["c"][0, 0] == 2


def test_a_loop_without_a_stock_is_named_whole(write_model):
    model = read_model(write_model("a=b+1~~|\nb=c*2~~|\nc=a-1~~|"))
    with pytest.raises(SDError, match="a loop without a stock") as caught:
        compile_model(model)
    assert all(f'"{name}"' in str(caught.value) for name in "abc")


def test_elements_of_one_variable_may_depend_on_each_other(write_model):
    model = read_model(
        write_model(
            "s: e1,e2,e3~~|\nx[e1]=1~~|\nx[e2]=x[e1]+1~~|\nx[e3]=x[e2]*5~~|\ny=SUM(x[s!])~~|"
        )
    )
    run = compile_model(model).run(report=["x", "y"])
    np.testing.assert_array_equal(run.values["x"][0, :, 0], [1, 2, 10])
    assert run.values["y"][0, 0] == 13


def test_rings_between_variables_are_opened_element_by_element(write_model):
    model = read_model(write_model("s: e1,e2~~|\nx[e1]=1~~|\nx[e2]=y[e1]+1~~|\ny[s]=x[s]*10~~|"))
    run = compile_model(model).run(report=["y"])
    np.testing.assert_array_equal(run.values["y"][0, :, 0], [10, 110])


def test_initial_values_have_an_order_of_their_own(write_model):
    model = read_model(
        write_model("A=INTEG(B-A, B*2)~~|\nB=INTEG(0, c+1)~~|\nc=INITIAL(d)~~|\nd=3+Time~~|")
    )
    run = compile_model(model).run(report=["A", "B", "c"])
    assert run.values["B"][0, 0] == 4
    assert run.values["A"][0, 0] == 8
    assert (run.values["c"][:, 0] == 3).all()
