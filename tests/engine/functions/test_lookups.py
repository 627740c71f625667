"""Lookups by other rules, values by place, and data at a time of choice."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.syntax import NA
from sdensemble import SDError, compile_model, read_model

LOOK = "L((0,1),(1,1),(2,2))~~|\nF((0,9),(4,1))~~|\n"


def last(path, *names):
    run = compile_model(read_model(path)).run(report=names)
    return [run.values[name][-1, ..., 0] for name in names]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("LOOKUP EXTRAPOLATE(L,-1)", 1),
        ("LOOKUP EXTRAPOLATE(L,1.5)", 1.5),
        ("LOOKUP EXTRAPOLATE(L,2.5)", 2.5),
        ("LOOKUP FORWARD(L,-1)", 1),
        ("LOOKUP FORWARD(L,1)", 1),
        ("LOOKUP FORWARD(L,1.5)", 2),
        ("LOOKUP FORWARD(L,2.5)", 2),
        ("LOOKUP BACKWARD(L,-1)", 1),
        ("LOOKUP BACKWARD(L,1.5)", 1),
        ("LOOKUP BACKWARD(L,2)", 2),
        ("LOOKUP INVERT(F,3)", 3),
        ("LOOKUP INVERT(F,10)", 0),
        ("LOOKUP AREA(L,0,1)", 1),
        ("LOOKUP AREA(L,2,4)", 4),
        ("LOOKUP AREA(L,.5,2.5)", 3),
        ("LOOKUP AREA(L,-1,0)", 1),
    ],
)
def test_lookup_functions_give_the_values_of_the_manual(write_model, formula, expected):
    assert last(write_model(f"{LOOK}y={formula}+Time*0~~|"), "y") == [pytest.approx(expected)]


def test_a_flat_lookup_inverted_is_a_step_from_one_end_to_the_other(write_model):
    path = write_model("L((2,1),(4,1),(8,1))~~|\ny=LOOKUP INVERT(L,Time-0.75)~~|", step=0.5)
    run = compile_model(read_model(path)).run(report=["y"])
    held = np.where(run.times - 0.75 >= 1, 8, 2)
    np.testing.assert_array_equal(run.values["y"][:, 0], held)


def test_a_lookup_that_rises_and_falls_cannot_be_inverted(write_model):
    path = write_model("L((0,0),(1,1),(2,0))~~|\ny=LOOKUP INVERT(L,Time)~~|")
    with pytest.raises(SDError, match=r'"y".*only rises or only falls'):
        compile_model(read_model(path))


def test_arrays_of_lookups_stand_in_sums(write_model):
    path = write_model(
        "s: a,b~~|\nf[a]((0,0),(10,10))~~|\nf[b]((0,0),(10,20))~~|\n"
        "y=SUM(f[s!](Time))~~|\nz[s]=LOOKUP EXTRAPOLATE(f[s],20)+SUM(f[s!](5))+Time*0~~|"
    )
    y, z = last(path, "y", "z")
    assert y == 6
    np.testing.assert_array_equal(z, [35, 55])


# ── VECTOR ELM MAP ─────────────────────────────────────────────────────────────────────────


def test_elements_are_taken_by_their_place(write_model):
    path = write_model(
        "s: (s1-s4)~~|\nt: t1,t2~~|\nv[s]=1,2,3,4~~|\nplace[t]=3,0~~|\n"
        "w[s]=VECTOR ELM MAP(v[s1],s-1)+Time*0~~|\nz[t]=VECTOR ELM MAP(v[s1],place[t])~~|\n"
        "m[s,t]=1,2;3,4;5,6;7,8;~~|\n"
        "y[s,t]=VECTOR ELM MAP(m[s1,t1],(s-1)*ELMCOUNT(t)+(t-1))+Time*0~~|\n"
        "q=VECTOR ELM MAP(v[s2],Time)~~|",
        step=1.0,
        stop=4.0,
    )
    kernel = compile_model(read_model(path))
    run = kernel.run({"place": [[3, 1], [0, 2]]}, report=["w", "z", "y", "q"])
    np.testing.assert_array_equal(run.values["w"][0, :, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(run.values["z"][0], [[4, 2], [1, 3]])
    np.testing.assert_array_equal(run.values["y"][0, ..., 0], [[1, 2], [3, 4], [5, 6], [7, 8]])
    np.testing.assert_array_equal(run.values["q"][:, 0], [2, 3, 4, NA, NA])


def test_an_aging_chain_by_place_is_no_loop(write_model):
    path = write_model(
        "s: (s1-s3)~~|\nin[s]=IF THEN ELSE(s=s1,100,VECTOR ELM MAP(out[s],-1))~~|\n"
        "out[s]=k[s]/2~~|\nk[s]=INTEG(in[s]-out[s],8)~~|"
    )
    run = compile_model(read_model(path)).run(report=["in"])
    np.testing.assert_array_equal(run.values["in"][0, :, 0], [100, 4, 4])
    assert (run.first_bad == -1).all()


# ── INVERT MATRIX ──────────────────────────────────────────────────────────────────────────


def test_matrices_are_inverted_by_member_and_by_further_subscripts(write_model):
    path = write_model(
        "r: a,b,c~~|\nq: x,y,z~~|\nt: p,o~~|\nm[r,q]=0,2,1;4,1,0;1,1,3;~~|\nf[t]=1,2~~|\n"
        "v[t,r,q]=m[r,q]*f[t]~~|\nw[r,q]=INVERT MATRIX(m[r,q],3)~~|\n"
        "u[t,r,q]=INVERT MATRIX(v[t,r,q],ELMCOUNT(r))~~|"
    )
    rng = np.random.default_rng(3)
    m = np.stack([np.array([[0, 2, 1], [4, 1, 0], [1, 1, 3.0]]), rng.normal(size=(3, 3))], -1)
    run = compile_model(read_model(path)).run({"m": m}, report=["w", "u"])
    for member in range(2):
        inverse = np.linalg.inv(m[..., member])
        np.testing.assert_allclose(run.values["w"][0, ..., member], inverse, rtol=1e-10)
        np.testing.assert_allclose(run.values["u"][0, 1, ..., member], inverse / 2, rtol=1e-10)


def test_only_square_matrices_are_inverted(write_model):
    path = write_model("r: a,b,c~~|\nq: x,y~~|\nm[r,q]=1~~|\nw[r,q]=INVERT MATRIX(m[r,q],3)~~|")
    with pytest.raises(SDError, match='"w": INVERT MATRIX needs a square matrix'):
        compile_model(read_model(path))


# ── data ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def with_data(write_model, tmp_path):
    (tmp_path / "d.csv").write_text("time,0,1,3\nx,10,20,40\n", encoding="utf-8")

    def write(equations):
        data = "d:=GET DIRECT DATA('d.csv',',','1','B2')~~|\n"
        return write_model(data + equations, step=1.0, stop=3.0)

    return write


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("GET DATA AT TIME(d,2)", 30),
        ("GET DATA BETWEEN TIMES(d,2,0)", 30),
        ("GET DATA BETWEEN TIMES(d,2,1)", 40),
        ("GET DATA BETWEEN TIMES(d,2,-1)", 20),
        ("GET DATA BETWEEN TIMES(d,9,0)", NA),
        ("GET DATA FIRST TIME(d)", 0),
        ("GET DATA LAST TIME(d)", 3),
    ],
)
def test_data_are_read_at_any_time(with_data, formula, expected):
    (found,) = last(with_data(f"y={formula}+Time*0~~|"), "y")
    np.testing.assert_array_equal(found, expected)


def test_shifted_data_run_ahead_and_can_no_longer_be_set(with_data):
    kernel = compile_model(read_model(with_data("e:=TIME SHIFT(d,1)~~|")))
    run = kernel.run(report=["d", "e"])
    np.testing.assert_array_equal(run.values["e"][:, 0], [20, 30, 40, 40])
    with pytest.raises(SDError, match='"d" is not a constant'):
        kernel.run({"d": 1.0}, report=["e"])


@pytest.mark.parametrize(
    ("formula", "low", "high", "mean"),
    [
        ("RANDOM TRIANGULAR(0,3,0,1,3,7)", 0, 3, 4 / 3),
        ("RANDOM TRIANGULAR(1,2,0,1,3,7)", 1, 2, 1.444),
        ("RANDOM WEIBULL(0,99,1,2,3,7)", 2, 99, 5),
    ],
)
def test_further_random_functions_follow_their_distribution(write_model, formula, low, high, mean):
    kernel = compile_model(read_model(write_model(f"y={formula}~~|")))
    values = kernel.run(report=["y"], members=2000).values["y"]
    assert low <= values.min() < values.max() <= high
    assert values.mean() == pytest.approx(mean, rel=0.03)
