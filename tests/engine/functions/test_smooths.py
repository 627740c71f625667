"""What is kept from one step to the next: delays of fixed length and samples, by every method."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdensemble import SDError, compile_model, read_model

EQUATIONS = (
    "k=INTEG(1,0)~~|\nn=2~~|\nd=DELAY FIXED(k*10,n,-1)~~|\nj=INTEG(d,0)~~|\n"
    "s=SAMPLE IF TRUE(MODULO(Time,2)=0,k*10,5)~~|\nl=INTEG(s,0)~~|\n"
    "p=INTEG(PULSE(1,1)+STEP(10,2)+PULSE TRAIN(0,1,3,9)*100,0)~~|"
)
EXPECTED = {
    "d": [-1, -1, 0, 10, 20],
    "j": [0, -1, -2, -2, 8],
    "s": [0, 0, 20, 20, 40],
    "l": [0, 0, 0, 20, 40],
    "p": [0, 100, 101, 111, 221],
}


def by(method, path):
    model = read_model(path)
    return dataclasses.replace(model, clock=dataclasses.replace(model.clock, method=method))


@pytest.mark.parametrize("method", ["euler", "rk2", "rk4"])
def test_what_changes_between_steps_only_is_held_through_the_stages(write_model, method):
    model = by(method, write_model(EQUATIONS, step=1.0, stop=4.0))
    kernel = compile_model(model)
    run = kernel.run({"n": [2.0, 3.0]}, report=EXPECTED)
    for name, expected in EXPECTED.items():
        np.testing.assert_allclose(run.values[name][:, 0], expected, atol=1e-12, err_msg=name)
    program = lower(model)
    reference = run_reference(program, {"n": np.array([2.0, 3.0])}, members=2)
    for name in EXPECTED:
        np.testing.assert_allclose(run.values[name], reference[:, program.where(name)[()]])


@pytest.mark.parametrize("method", ["rk2", "rk4"])
def test_a_run_beyond_the_clock_keeps_its_steps(write_model, method):
    kernel = compile_model(by(method, write_model(EQUATIONS, step=1.0, stop=4.0)))
    run = kernel.run(report=["s"], steps=6)
    np.testing.assert_array_equal(run.values["s"][:, 0], [0, 0, 20, 20, 40, 40, 60])


def test_a_delay_n_that_varies_is_refused_under_runge_kutta(write_model):
    path = write_model("x=DELAY N(Time,1+Time,0,2)~~|")
    with pytest.raises(SDError, match='"x": DELAY N with a delay time that varies'):
        compile_model(by("rk4", path))
    assert compile_model(by("euler", path))


def test_a_stage_of_a_delay3_may_be_shorter_than_a_step(write_model):
    """As Vensim's published run of a DELAY3 with stages of two thirds of a step has it."""
    path = write_model("x=DELAY3(Time,2)~~|\ny=DELAY N(Time,2,0,3)~~|", step=1.0, stop=5.0)
    found = compile_model(read_model(path)).run(report=["x", "y"]).values
    levels, wanted = [0.0] * 3, []
    for time in range(6):
        flows = [level * 1.5 for level in levels]
        wanted.append(flows[-1])
        levels = [
            level + into - out
            for level, into, out in zip(levels, [time, *flows], flows, strict=False)
        ]
    np.testing.assert_allclose(found["x"][:, 0], wanted)
    np.testing.assert_allclose(found["y"][:, 0], [0, 0, 0, 1, 2, 3])  # two stages of one step
