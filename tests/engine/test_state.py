"""A run that goes on from a stored state has the bits of one run over both spans."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sdengine import SDError, compile_model, read_model
from sdengine.native.plan import make_plan
from sdengine.program.interpreter import run_reference

EVERYTHING = """
e: e1,e2,e3~~|
own[e]=1,2,3~~|
k=0.4~~|
s[e]=INTEG(k-s[e]/5,own[e])~~|
late[e]=DELAY FIXED(s[e],own[e],own[e]*k)~~|
lagged[e]=DELAY N(s[e],2+k*SIN(Time),1,3)~~|
kept=SAMPLE IF TRUE(SIN(Time)>0,Time,-1)~~|
first=INITIAL(s[e1]*k)~~|
drawn=RANDOM NORMAL(-1,1,0,k,3)~~|
walk=INTEG(drawn,0)~~|
jump=STEP(k,4)+PULSE TRAIN(1,k,2,8)~~|
smooth=SMOOTH3I(jump+walk,2,k)~~|
worth=NPV(jump,k,0,1)~~|
special=SINTEG(walk,0,-1,1,:NA:,0,0.01)~~|
"""


@pytest.fixture
def kernel(write_model):
    return compile_model(read_model(write_model(EVERYTHING, step=0.25, stop=8.0)))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cut", [1, 13, 31])
def test_two_runs_in_a_row_have_the_bits_of_one(kernel, cut, threads):
    given = {"k": np.linspace(0.2, 0.9, 37)}
    names = [name for name in kernel.program.slots if name in kernel.model]
    how = {"report": names, "every": 1, "threads": threads}
    whole = kernel.run(given, **how)
    head = kernel.run(given, steps=cut, keep_state=True, **how)
    tail = kernel.run(given, state=head.state, **how)
    np.testing.assert_array_equal(tail.times, whole.times[cut:])
    for name in names:
        np.testing.assert_array_equal(head.values[name], whole.values[name][: cut + 1], name)
        np.testing.assert_array_equal(tail.values[name], whole.values[name][cut:], name)


def test_a_kernel_of_few_variables_goes_on_from_the_stocks_it_ended_with(write_model):
    text = "a=INTEG(-a/5,1)~~|\nb=INTEG(a-b/3,0)~~|\nc=INTEG(b*k,0)~~|\nk=0.5~~|\nseen=c*2~~|"
    few = compile_model(read_model(write_model(text, step=0.25, stop=8.0))).only(["seen"])
    assert make_plan(few.program).early.any()  # its loops move stocks on by themselves
    whole = few.run({"k": [0.1, 0.7]}, report=["seen"], every=1)
    head = few.run({"k": [0.1, 0.7]}, steps=13, keep_state=True)
    tail = few.run({"k": [0.1, 0.7]}, state=head.state, report=["seen"], every=1)
    np.testing.assert_array_equal(tail.values["seen"], whole.values["seen"][13:])


def test_a_run_goes_on_under_other_constants(write_model):
    kernel = compile_model(read_model(write_model("r=1~~|\ns=INTEG(r,0)~~|", step=1, stop=6)))
    head = kernel.run({"r": [1.0, 2.0]}, steps=3, keep_state=True)
    tail = kernel.run({"r": 10.0}, state=head.state, report=["s"])
    np.testing.assert_array_equal(tail.values["s"].T, [[3, 13, 23, 33], [6, 16, 26, 36]])
    assert head.values == {}
    longer = kernel.run(state=head.state, report=["s"], steps=1)
    np.testing.assert_array_equal(longer.times, [3, 4])


def test_a_state_of_another_model_is_refused(write_model, kernel):
    head = kernel.run({}, steps=2, keep_state=True)
    other = compile_model(read_model(write_model("s=INTEG(1,0)~~|", "other.mdl")))
    with pytest.raises(SDError, match="the state is not one of this kernel's"):
        other.run(state=head.state)
    with pytest.raises(SDError, match="numbers of members differ"):
        kernel.run({"k": [0.1, 0.2]}, state=head.state)


@pytest.mark.parametrize(
    "change",
    [
        {"slots": lambda s: s.slots + 1_000_000},
        {"slots": lambda s: -1 - s.slots},
        {"values": lambda s: s.values[:, :0]},
        {"values": lambda s: s.values[:1]},
        {"history": lambda s: s.history[:1]},
        {"step": lambda s: s.step + 1},
        {"step": lambda s: -1},
    ],
)
def test_a_state_that_would_be_written_elsewhere_is_refused(kernel, change):
    state = kernel.run({}, steps=2, keep_state=True).state
    made = dataclasses.replace(state, **{name: of(state) for name, of in change.items()})
    with pytest.raises(SDError, match="the state is not one of this kernel's"):
        kernel.run(state=made)


# ── saved times ────────────────────────────────────────────────────────────────────────────


def test_a_save_interval_that_is_no_multiple_saves_the_nearest_steps(write_model):
    model = read_model(write_model("s=INTEG(1,0)~~|", step=0.0078125, stop=3.0))
    clock = dataclasses.replace(model.clock, save=0.1)
    model = dataclasses.replace(model, clock=clock)
    kernel = compile_model(model)
    run = kernel.run(report=["s"], totals=["s"])
    wanted = np.round(np.arange(31) * 0.1 / 0.0078125) * 0.0078125
    np.testing.assert_array_equal(run.times, wanted)
    np.testing.assert_array_equal(run.times, clock.times())
    np.testing.assert_allclose(run.values["s"][:, 0], wanted, rtol=1e-12)
    np.testing.assert_allclose(run.totals["s"][:, 0], np.diff(wanted**2) / 2, atol=1e-4)
    few = kernel.run(report=["s"], steps=20)
    np.testing.assert_array_equal(few.times, wanted[:2])


def test_saved_values_are_those_of_the_reference(kernel):
    run = kernel.run({}, report=["s"], every=5)
    state = run_reference(kernel.program, every=5)
    np.testing.assert_allclose(
        run.values["s"][..., 0], state[:, kernel.program.where("s"), 0], rtol=1e-12
    )
