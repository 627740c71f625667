"""SIMULTANEOUS: circles of equations against roots found by halving, and linear ones by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from sdengine import SDError, compile_model, read_model

CALLS = (
    "Customers=INTEG(1,5)~~|\ncalls=Customers*10*habit(quality)~~|\nquality=served(use)~~|\n"
    "use=SIMULTANEOUS(calls/100,.8)~~|\nserved((0,1),(.5,1),(1.5,0),(9,0))~~|\n"
    "habit((0,.5),(1,1))~~|"
)


def solved(path, name):
    return compile_model(read_model(path)).run(report=[name]).values[name][..., 0]


def test_the_example_of_the_manual_is_solved_at_every_step(write_model):
    def missing(calls, customers):
        quality = np.interp(calls / 100, [0, 0.5, 1.5], [1, 1, 0])
        return calls - customers * 10 * np.interp(quality, [0, 1], [0.5, 1])

    found = solved(write_model(CALLS, step=1.0, stop=8.0), "calls")
    expected = [brentq(missing, 0, 1e4, args=(5 + time,), xtol=1e-12) for time in range(9)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_each_element_of_an_array_is_solved(write_model):
    path = write_model(
        "s: a,b~~|\nk[s]=0.3,0.5~~|\ny[s]=SIMULTANEOUS(1+k[s]*z[s],1)~~|\nz[s]=y[s]+Time~~|",
        step=1.0,
        stop=2.0,
    )
    np.testing.assert_allclose(solved(path, "y")[-1], [1.6 / 0.7, 2 / 0.5], rtol=1e-12)


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("y=SIMULTANEOUS(3+z,1)~~|\nz=4~~|", 7.0),
        ("y=SIMULTANEOUS(0.5*z,1)~~|\nz=y~~|", 0.0),
        ("y=SIMULTANEOUS(2*z+1,1)~~|\nz=y~~|", np.nan),  # each round leads further away
    ],
)
def test_what_needs_no_solving_and_what_has_no_solution(write_model, equations, expected):
    found = solved(write_model(equations, step=1.0, stop=1.0), "y")[-1]
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_circle_without_it_is_still_refused(write_model):
    with pytest.raises(SDError, match="a loop without a stock"):
        compile_model(read_model(write_model("y=0.5*z~~|\nz=y+1~~|")))
