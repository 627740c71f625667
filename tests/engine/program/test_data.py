"""Data through time, macros, and functions of whole vectors, on models made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.program.held import Held
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdengine.syntax import NA, Kind
from sdensemble import SDError, compile_model, read_model


def write_data(path, text="time,0,1,2,,4\nsales,10,20,,x,50\nprice,1,2,3,9,5\n"):
    (path.parent / "data.csv").write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def data_model(write_model):
    def make(keyword: str, more: str = ""):
        return write_data(
            write_model(
                f"sales{keyword}:=GET DIRECT DATA('data.csv', ',', '1', 'B2')~~|\n"
                f"y=sales*2~~|\nS=INTEG(sales,0)~~|\n{more}",
                step=0.5,
                stop=5,
            )
        )

    return make


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        (":INTERPOLATE:", [10, 15, 20, 25, 30, 35, 40, 45, 50, 50, 50]),
        (":HOLD BACKWARD:", [10, 10, 20, 20, 20, 20, 20, 20, 50, 50, 50]),
        (":LOOK FORWARD:", [10, 20, 20, 50, 50, 50, 50, 50, 50, 50, 50]),
    ],
)
def test_data_follow_their_keyword_and_leave_out_what_is_missing(data_model, keyword, expected):
    model = read_model(data_model(keyword))
    assert model["sales"].kind is Kind.DATA
    run = compile_model(model).run(report=["sales", "y", "S"], members=3)
    np.testing.assert_allclose(run.values["sales"][:, 1], expected, rtol=1e-14)
    np.testing.assert_allclose(run.values["y"][:, 2], 2 * np.array(expected), rtol=1e-14)
    np.testing.assert_allclose(run.values["S"][1:, 0], np.cumsum(expected)[:-1] * 0.5, rtol=1e-14)
    program = lower(model)
    state = run_reference(program)[:, int(program.where("y")), 0]
    np.testing.assert_allclose(state, run.values["y"][:, 0], rtol=1e-14)


def test_raw_data_have_no_value_between_their_times(data_model):
    run = compile_model(read_model(data_model(":RAW:"))).run(report=["sales"])
    found = run.values["sales"][:, 0]
    assert found[[0, 2, 8]].tolist() == [10, 20, 50]
    assert (found[[1, 3, 4, 9]] == NA).all()


def test_data_can_be_set_for_each_member_and_from_a_time_on(data_model):
    kernel = compile_model(read_model(data_model("")))
    run = kernel.run({"sales": [1.0, 2.0]}, report=["y"])
    np.testing.assert_array_equal(run.values["y"], [[2.0, 4.0]] * 11)
    held = Held(np.array([2.0, 4.0]), np.array([[7.0, 8.0], [0.0, 1.0]]))
    run = kernel.run(held={"sales": held}, report=["sales"])
    assert run.values["sales"][:, 1].tolist() == [10, 15, 20, 25, 8, 8, 8, 8, 1, 1, 1]


def test_a_changed_data_file_is_read_again(data_model):
    path = data_model("")
    before = read_model(path)
    assert compile_model(read_model(path)).run(report=["y"]).values["y"][0, 0] == 20
    write_data(path, "time,0,1\nsales,3,3\n")
    assert compile_model(read_model(path)).run(report=["y"]).values["y"][0, 0] == 6
    assert read_model(path).digest != before.digest
    assert set(before.files) == {"data.csv"}


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("x:=GET DIRECT DATA('gone.csv', ',', '1', 'B2')", 'no file "gone.csv"'),
        ("x:=GET DIRECT DATA('data.py', ',', '1', 'B2')", '"data.py" is not one of'),
        ("x:=GET DIRECT DATA('run.vdf', ',', '1', 'B2')", "run.vdf: a dataset in Vensim's own"),
        ("x:=GET DIRECT DATA('?data', ',', '1', 'B2')", "stands for a name"),
        ("x:=GET DIRECT DATA('data.csv', ',', '1', 'B9')", "no 1 series"),
        ("x=GET DIRECT CONSTANTS('data.csv', ',', 'A1')", "1 × 1 numbers are needed"),
        ("x=1+GET DIRECT CONSTANTS('data.csv', ',', 'B2')", "inside a larger expression"),
        ("x=FIND ZERO(1,2,3)", "FIND ZERO, which is not supported"),
    ],
)
def test_what_cannot_be_read_from_a_file_is_named(write_model, equation, words):
    path = write_data(write_model(f"{equation}~~|\n"))
    with pytest.raises(SDError, match=words) as caught:
        compile_model(read_model(path))
    assert '"x"' in str(caught.value)


def test_constants_from_a_file_can_be_set_like_others(write_model):
    path = write_data(
        write_model(
            "s: a,b~~|\nt: p,q~~|\nx[s,t]=GET DIRECT CONSTANTS('data.csv', ',', 'B2')~~|\n"
            "z[s]=GET DIRECT CONSTANTS('data.csv', ',', 'B2*')~~|\ny=SUM(x[s!,t!])+Time~~|\n"
        )
    )
    kernel = compile_model(read_model(path))
    run = kernel.run(report=["x", "y", "z"])
    assert run.values["x"][0, ..., 0].tolist() == [[10, 20], [1, 2]]
    assert run.values["z"][0, :, 0].tolist() == [10, 1]
    assert kernel.run({"x": np.ones((2, 2))}, report=["y"]).values["y"][0, 0] == 4


# ── macros ─────────────────────────────────────────────────────────────────────────────────

MACROS = (
    ":MACRO: FILL(x, t)\nFILL=INTEG((x-FILL)/pace, x*0)~~|\npace=MAX(t, TIME STEP$)~~|\n"
    ":END OF MACRO:\n:MACRO: BOTH(x)\nBOTH=FILL(x,1)+half*FILL(x*2,2)~~|\nhalf=0.5~~|\n"
    ":END OF MACRO:\n"
)


def test_every_call_of_a_macro_has_stocks_of_its_own(write_model):
    path = write_model(
        MACROS + "s: a,b~~|\nx[s]=1,2~~|\ny[s]=FILL(x[s],2)~~|\nz=BOTH(x[a])+FILL(3,0)~~|\n",
        step=0.5,
        stop=1,
    )
    run = compile_model(read_model(path)).run(report=["y", "z"])
    np.testing.assert_allclose(run.values["y"][:, :, 0], [[0, 0], [0.25, 0.5], [0.4375, 0.875]])
    np.testing.assert_allclose(run.values["z"][:, 0], [0, 0.5 + 0.25 + 3, 0.75 + 0.4375 + 3])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y=FILL(1)~~|", "takes 2 arguments"),
        (":MACRO: LOOP(x)\nLOOP=LOOP(x)~~|\n:END OF MACRO:\ny=LOOP(1)~~|", "calls itself"),
        (":MACRO: W(x)\nW=x*far~~|\n:END OF MACRO:\nfar=1~~|\ny=W(1)~~|", 'no "far" in macro'),
    ],
)
def test_macros_that_cannot_be_taken_apart_are_named(write_model, text, words):
    with pytest.raises(SDError, match=words) as caught:
        read_model(write_model(MACROS + text))
    assert '"y"' in str(caught.value)


# ── vectors ────────────────────────────────────────────────────────────────────────────────


def test_sorting_ranking_and_reordering_agree_with_each_other(write_model):
    path = write_model(
        "s: (e1-e6)~~|\nx[s]=3,1,2,1,9,0~~|\no[s]=VECTOR SORT ORDER(x[s],1)~~|\n"
        "d[s]=VECTOR SORT ORDER(x[s],-1)~~|\nr[s]=VECTOR RANK(x[s],1)~~|\n"
        "up[s]=VECTOR REORDER(x[s],o[s])~~|\ndown[s]=VECTOR REORDER(x[s],d[s])~~|\n"
    )
    kernel = compile_model(read_model(path))
    values = np.random.default_rng(1).normal(size=(6, 40))
    run = kernel.run({"x": values}, report=["o", "r", "up", "down"])
    np.testing.assert_array_equal(run.values["up"][0], np.sort(values, axis=0))
    np.testing.assert_array_equal(run.values["down"][0], np.sort(values, axis=0)[::-1])
    np.testing.assert_array_equal(run.values["o"][0], np.argsort(values, axis=0))
    ranks = np.argsort(np.argsort(values, axis=0), axis=0) + 1
    np.testing.assert_array_equal(run.values["r"][0], ranks)
    default = kernel.run(report=["o", "r"]).values
    assert default["o"][0, :, 0].tolist() == [5, 1, 3, 2, 0, 4]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (0, 2 * 1 + 5),
        (1, 10),
        (2, 2),
        (3, 5),
        (4, 3.5),
        (5, 5),
        (6, 6),
        (7, 5),
        (8, 1),
        (9, 5),
        (10, 3),
    ],
)
def test_selecting_from_a_vector(write_model, action, expected):
    path = write_model(
        "s: a,b,c~~|\nx[s]=1,7,5~~|\nw[s]=2,0,1~~|\nn[s]=0,0,0~~|\n"
        f"y=VECTOR SELECT(w[s!], x[s!], -1, {action}, 0)+Time*0~~|\n"
        f"none=VECTOR SELECT(n[s!], x[s!], -1, {action}, 0)+Time*0~~|\n"
        f"bad=VECTOR SELECT(w[s!], x[s!], -1, {action}, 2)+Time*0~~|\n"
    )
    run = compile_model(read_model(path)).run(report=["y", "none", "bad"])
    assert run.values["y"][0, 0] == expected
    assert run.values["none"][0, 0] == -1
    assert np.isnan(run.values["bad"][0, 0])


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_an_allocation_gives_out_what_there_is_and_no_more_than_asked(write_model, kind):
    path = write_model(
        "s: a,b,c~~|\np: ptype,ppriority,pwidth,pextra~~|\nask[s]=5,3,7~~|\nthere=6~~|\n"
        f"pp[s,ptype]={kind}~~|\npp[s,ppriority]=ask[s]-4~~|\npp[s,pwidth]=2~~|\npp[s,pextra]=0~~|\n"
        "got[s]=ALLOCATE AVAILABLE(ask[s], pp[s,ptype], there)~~|\n"
        "by[s]=ALLOCATE BY PRIORITY(ask[s], pp[s,ppriority], ELMCOUNT(s), 2, there)~~|\n"
    )
    kernel = compile_model(read_model(path))
    there = np.array([-1.0, 0.0, 0.5, 6.0, 14.999, 15.0, 99.0])
    run = kernel.run({"there": there}, report=["got", "by"])
    for name in ("got", "by"):
        got = run.values[name][0]
        np.testing.assert_allclose(got.sum(axis=0), np.clip(there, 0, 15), rtol=1e-12, atol=1e-12)
        assert (got >= 0).all()
        assert (got <= np.array([[5], [3], [7]])).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pp[s,ptype]=0~~|", r"type \[0\]"),
        ("pp[s,ptype]=Time~~|", "must be constants"),
    ],
)
def test_profiles_that_are_not_supported_are_named(write_model, text, words):
    path = write_model(
        "s: a,b~~|\np: ptype,ppriority,pwidth,pextra~~|\npp[s,ppriority]=1~~|\npp[s,pwidth]=2~~|\n"
        f"pp[s,pextra]=0~~|\n{text}\nask[s]=1,2~~|\n"
        "got[s]=ALLOCATE AVAILABLE(ask[s], pp[s,ptype], 2)~~|\n"
    )
    with pytest.raises(SDError, match=words):
        compile_model(read_model(path))


def test_runge_kutta_is_what_the_reference_says(write_model):
    import dataclasses

    path = write_model("x=INTEG(y+SIN(Time),1)~~|\ny=INTEG(-x*k,0)~~|\nk=2~~|\n", step=0.25, stop=3)
    for method in ("euler", "rk2", "rk4"):
        model = read_model(path)
        model = dataclasses.replace(model, clock=dataclasses.replace(model.clock, method=method))
        found = compile_model(model).run(report=["x"]).values["x"][:, 0]
        program = lower(model)
        expected = run_reference(program)[:, int(program.where("x")), 0]
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_elements_without_an_equation_have_no_value_and_spoil_none(write_model):
    path = write_model("s: a,b~~|\nx[a]=Time~~|\nS[b]=INTEG(1,2)~~|\ny=x[a]+S[b]~~|\n")
    run = compile_model(read_model(path)).run(report=["x", "S", "y"], totals=["x"], members=3)
    assert np.isnan(run.values["x"][:, 1]).all()
    assert np.isnan(run.values["S"][:, 0]).all()
    assert np.isnan(run.totals["x"][:, 1]).all()
    assert np.isfinite(run.values["y"]).all()
    assert (run.first_bad == -1).all()


@pytest.mark.parametrize("undefined", ["x[b]", "S[a]"])
def test_reading_an_element_without_an_equation_is_refused(write_model, undefined):
    path = write_model(f"s: a,b~~|\nx[a]=Time~~|\nS[b]=INTEG(1,2)~~|\ny={undefined}+Time~~|\n")
    with pytest.raises(SDError, match=r'"y": reads "[xS]".*, which no equation defines'):
        compile_model(read_model(path))
