"""Subscripts, subranges, mappings, exceptions and hidden stocks become slots."""

from __future__ import annotations

import numpy as np
import pytest

from sdensemble import SDError, compile_model, read_model


def values(path, *names):
    run = compile_model(read_model(path)).run(report=names)
    return [run.values[name][0, ..., 0] for name in names]


def test_subranges_share_the_elements_of_their_range(write_model):
    path = write_model(
        "s: a,b,c,d~~|\nm: b,d~~|\nx[s]=1,2,3,4~~|\ny[m]=x[m]*10~~|\nz=SUM(x[m!])~~|"
    )
    y, z = values(path, "y", "z")
    np.testing.assert_array_equal(y, [20, 40])
    assert z == 6


def test_exceptions_leave_room_for_their_own_equation(write_model):
    path = write_model("s: a,b,c~~|\nx[s]=1,2,3~~|\ny[s] :EXCEPT: [b]=x[s]*2~~|\ny[b]=Time+100~~|")
    (y,) = values(path, "y")
    np.testing.assert_array_equal(y, [2, 100, 6])


def test_mapped_ranges_follow_each_other_by_position(write_model):
    path = write_model("s: a,b,c -> t~~|\nt: p,q,r~~|\nx[s]=1,2,3~~|\ny[t]=x[s]*10+Time~~|")
    (y,) = values(path, "y")
    np.testing.assert_array_equal(y, [10, 20, 30])


def test_two_subscripts_reduce_over_either_or_both(write_model):
    path = write_model(
        "s: a,b~~|\nt: p,q,r~~|\nm[s,t]=1,2,3;4,5,6;~~|\nw[t]=1,10,100~~|\n"
        "rows[s]=SUM(m[s,t!]*w[t!])~~|\ncolumns[t]=SUM(m[s!,t])~~|\nall=SUM(m[s!,t!])~~|\n"
        "one=m[b,q]~~|\nturned[t,s]=m[s,t]+Time~~|"
    )
    rows, columns, total, one, turned = values(path, "rows", "columns", "all", "one", "turned")
    np.testing.assert_array_equal(rows, [321, 654])
    np.testing.assert_array_equal(columns, [5, 7, 9])
    assert total == 21
    assert one == 5
    np.testing.assert_array_equal(turned, [[1, 4], [2, 5], [3, 6]])


def test_a_wide_reduction_keeps_its_order_and_value(write_model):
    elements = ",".join(f"e{i}" for i in range(300))
    numbers = ",".join(str(0.1 * i) for i in range(300))
    path = write_model(f"s: {elements}~~|\nx[s]={numbers}~~|\ny=SUM(EXP(-x[s!])*x[s!])~~|")
    (y,) = values(path, "y")
    x = 0.1 * np.arange(300)
    assert y == pytest.approx(float(sum(np.exp(-x) * x)), rel=1e-13)


def test_a_smooth_without_initial_value_starts_at_its_input(write_model):
    path = write_model("x=Time+2~~|\ny=SMOOTH3(x, 1)~~|\nz=DELAY1(x, 1)~~|")
    y, z = values(path, "y", "z")
    assert (y, z) == (2, 2)


@pytest.mark.parametrize(
    ("equations", "words"),
    [
        ("y=nothing+1~~|", ['no variable "nothing"']),
        ("supply=1~~|\ny=suply+Time~~|", ["did you mean", "supply"]),
        ("y=MYSTERY FUNCTION(Time)~~|", ["not supported"]),
        ("s: a,b~~|\nx[s]=1,2~~|\ny=x+Time~~|", ['"x" has 1 subscripts']),
        ("s: a,b~~|\nt: p,q~~|\nx[s]=1,2~~|\ny[t]=x[s]+Time~~|", ["not on the left-hand side"]),
    ],
)
def test_what_cannot_be_lowered_is_named_with_its_variable(write_model, equations, words):
    with pytest.raises(SDError) as caught:
        compile_model(read_model(write_model(equations)))
    assert "model.mdl" in str(caught.value)
    for word in words:
        assert word in str(caught.value)
