"""SHIFT IF TRUE: an aging chain moves on by one where its condition holds."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine import SDError, check_units, compile_model, read_model

CHAIN = (
    "age: c1,c2,c3,c4~~|\nold: c2,c3,c4~~|\nT=10~Month~|\n"
    "P[c1]=INTEG(1/T-P[c1]/T,10)~Person~|\nP[old]=INTEG(-P[old]/T,old*10)~Person~|\n"
)


@pytest.mark.parametrize("kept", [0, 1])
def test_what_a_row_of_stocks_holds_moves_on_where_the_condition_holds(write_model, kept):
    call = f"SHIFT IF TRUE(P[c1],MODULO(Time,2)=1,ELMCOUNT(age),{kept},3)"
    path = write_model(f"{CHAIN}gone={call}~Person~|", step=1.0, stop=6.0)
    run = compile_model(read_model(path)).run(report=["P", "gone"])
    stocks = np.array([10.0, 20, 30, 40])
    for time in range(7):
        shifts = time % 2 == 1
        np.testing.assert_allclose(run.values["P"][time, :, 0], stocks, rtol=1e-13)
        assert run.values["gone"][time, 0] == (stocks[3] if shifts and not kept else 0)
        rate = np.array([0.1, 0, 0, 0]) - stocks / 10
        moved = [3, stocks[0], stocks[1], stocks[2] + kept * stocks[3]]
        stocks = (np.array(moved) if shifts else stocks) + rate


def test_each_row_of_a_matrix_moves_by_itself(write_model):
    path = write_model(
        "sex: m,f~~|\nage: c1,c2,c3~~|\nP[sex,age]=INTEG(0,sex*age)~~|\n"
        "gone[sex]=SHIFT IF TRUE(P[sex,c1],Time=sex,3,1,5)~~|",
        step=1.0,
        stop=3.0,
    )
    found = compile_model(read_model(path)).run(report=["P"]).values["P"][..., 0]
    np.testing.assert_array_equal(found[2], [[5, 1, 5], [2, 4, 6]])
    np.testing.assert_array_equal(found[3], [[5, 1, 5], [5, 2, 10]])


def test_the_flow_it_makes_has_the_unit_of_a_flow(write_model):
    path = write_model(f"{CHAIN}gone=SHIFT IF TRUE(P[c1],Time>T,4,0,0)~Person~|")
    path.write_text(path.read_text("utf-8").replace("~Year~", "~Month~"), encoding="utf-8")
    assert not [line for line in check_units(read_model(path)) if "shifted" in line]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("SHIFT IF TRUE(T,Time>1,4,0,0)", "needs the first of an array of stocks"),
        ("SHIFT IF TRUE(P[c2],Time>1,4,0,0)", 'first element of a row in "P"'),
        ("SHIFT IF TRUE(P[c1],Time>1,4,0)", "takes 5 arguments, not 4"),
    ],
)
def test_what_it_cannot_move_is_refused_in_words(write_model, call, words):
    with pytest.raises(SDError, match=f'"gone": .*{words}'):
        read_model(write_model(f"{CHAIN}gone={call}~~|"))
