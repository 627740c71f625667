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


@pytest.mark.parametrize(
    ("ranges", "values_in", "expected"),
    [
        ("Big: X,Y,Z->(Small: c,a,b)~~|\nSmall: a,b,c~~|", "10,20,30", [20, 30, 10]),
        ("Big: X,Y->(Small: SX,SY)~~|\nSmall: a,b,c~~|\nSX: a,b~~|\nSY: c~~|", "1,2", [1, 1, 2]),
        ("Big: X,Y->(Small: (a1-a2),a3)~~|\nSmall: (a1-a3)~~|", "1,2,", None),
        ("Big: X,Y->Other,(Small: b,a)~~|\nSmall: a,b~~|\nOther: p,q~~|", "1,2", [2, 1]),
    ],
)
def test_a_mapping_may_name_the_elements(write_model, ranges, values_in, expected):
    equations = f"{ranges}\nv[Big]={values_in.strip(',')}~~|\ny[Small]=v[Big]*1+Time*0~~|"
    if expected is None:
        with pytest.raises(SDError, match='range "Big" cannot map to "Small"'):
            read_model(write_model(equations))
        return
    (y,) = values(write_model(equations), "y")
    np.testing.assert_array_equal(y, expected)
    assert read_model(write_model(equations)).ranges["Small"][0] in ("a", "b")


def test_a_mapping_is_followed_backwards_where_it_is_one_to_one(write_model):
    ranges = "Big: X,Y,Z->(Small: c,a,b)~~|\nSmall: a,b,c~~|\n"
    (y,) = values(write_model(ranges + "v[Small]=1,2,3~~|\ny[Big]=v[Small]+Time*0~~|"), "y")
    np.testing.assert_array_equal(y, [3, 1, 2])
    wide = "Big: X,Y->(Small: SX,c)~~|\nSmall: a,b,c~~|\nSX: a,b~~|\n"
    path = write_model(wide + "v[Small]=1,2,3~~|\ny[Big]=v[Small]+Time*0~~|")
    with pytest.raises(SDError, match=r'"y".*gives no single element'):
        compile_model(read_model(path))


def test_a_sum_inside_a_sum_has_marks_of_its_own(write_model):
    path = write_model(
        "s: a,b~~|\nt: p,q~~|\nx[s]=1,2~~|\nm[s,t]=1,2;3,4;~~|\n"
        "e[s]=SUM(m[s,t!]*SUM(x[s!]))~~|\nk=SUM(m[s!,t!]*IF THEN ELSE(s!=t!,1,0))~~|"
    )
    e, k = values(path, "e", "k")
    np.testing.assert_array_equal(e, [9, 21])
    assert k == 5


@pytest.mark.parametrize("keyword", [":EXCEPT:", ":except:", ": Except :"])
def test_exceptions_are_read_however_the_keyword_is_written(write_model, keyword):
    path = write_model(
        f"s: a,b,c~~|\nt: p,q~~|\nx[s,t] {keyword} [a,p] , [b,q]=5+Time~~|\nx[a,p]=1~~|\n"
        "x[b,q]=2~~|"
    )
    (x,) = values(path, "x")
    np.testing.assert_array_equal(x, [[1, 5], [5, 2], [5, 5]])


def test_constants_with_exceptions_can_be_set(write_model):
    path = write_model("s: a,b,c~~|\nx[s] :EXCEPT: [a]=5~~|\nx[a]=3~~|\ny=SUM(x[s!])+Time*0~~|")
    kernel = compile_model(read_model(path))
    np.testing.assert_array_equal(kernel.model["x"].value, [3, 5, 5])
    run = kernel.run({"x": [1.0, 2.0, 4.0]}, report=["y"])
    assert run.values["y"][0, 0] == 7


@pytest.mark.parametrize(
    ("excepted", "words"),
    [("q", '"q" is not in range "s"'), ("a,b", "different numbers of subscripts")],
)
def test_an_exception_that_fits_nothing_is_refused(write_model, excepted, words):
    with pytest.raises(SDError, match=words):
        read_model(write_model(f"s: a,b,c~~|\nx[s] :EXCEPT: [{excepted}]=5~~|"))


def test_a_run_of_no_length_has_its_start(write_model):
    (x,) = values(write_model("x=Time+3~~|", stop=0), "x")
    assert x == 3


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
