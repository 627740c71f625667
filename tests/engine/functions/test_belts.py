"""Belts against one that is moved place by place and the manual's balance; kilns against one kept
by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine import SDError, compile_model, read_model

FLAT = "flat((0,1),(1,1))~~|\n"


def belt(places, leak, shares, entering, step, count):
    """Return what leaves at each step: the end leaves, input is put down, all of it leaks."""
    lying, out = [100.0 * share for share in shares], []
    assert len(lying) == places
    for k in range(count + 1):
        out.append(lying.pop(0) / step)
        lying.append(entering(k) * step)
        lying = [amount * (1 - leak(k) * step) for amount in lying]
    return out


def outflow(path, name="y"):
    return compile_model(read_model(path)).run(report=[name]).values[name][..., 0]


@pytest.mark.parametrize(
    ("equation", "step", "expected"),
    [
        (
            "DELAY CONVEYOR(Time,4,0,flat,100,4)",
            1.0,
            belt(4, lambda k: 0.0, [0.25] * 4, lambda k: k, 1.0, 10),
        ),
        (
            "DELAY CONVEYOR(Time,4,0.1,flat,100,4)",
            0.5,
            belt(8, lambda k: 0.1, [0.125] * 8, lambda k: k / 2, 0.5, 20),
        ),
        (
            "DELAY CONVEYOR(Time+1,4,0.02*Time,down,100,4)",
            1.0,
            belt(4, lambda k: 0.02 * k, [0.4375, 0.3125, 0.1875, 0.0625], lambda k: k + 1, 1.0, 10),
        ),
    ],
)
def test_what_is_put_on_a_belt_leaves_after_its_time(write_model, equation, step, expected):
    path = write_model(f"{FLAT}down((0,1),(5,0))~~|\ny={equation}~~|", step=step, stop=10.0)
    np.testing.assert_allclose(outflow(path), expected, rtol=1e-12)


def test_what_the_manual_says_leaks_is_what_is_missing(write_model):
    path = write_model(
        f"{FLAT}in=5~~|\nlk=0.2~~|\nout=DELAY CONVEYOR(in,4,lk,flat,100,4)~~|\n"
        "loss=(T+TIME STEP*(in-out))*lk~~|\nT=INTEG(in-out-loss,100)~~|",
        step=1.0,
        stop=40.0,
    )
    on_the_belt = 5 * (0.8 + 0.8**2 + 0.8**3 + 0.8**4)
    assert outflow(path, "T")[-1] == pytest.approx(on_the_belt, rel=1e-12)


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("DELAY CONVEYOR(1,Time,0,flat,0,4)", "needs constants for its transit times"),
        ("DELAY CONVEYOR(1,4,0,low,0,4)", "a profile without negative values"),
    ],
)
def test_a_belt_that_cannot_be_laid_is_refused(write_model, equation, words):
    with pytest.raises(SDError, match=words):
        compile_model(read_model(write_model(f"{FLAT}low((0,-1),(1,2))~~|\ny={equation}~~|")))


def kiln(size, time, entering, first, step, count):
    """Return what leaves at each step of a kiln with (batch, when it is done, what waits)."""
    batch, end, heap = first
    out = []
    for k in range(count + 1):
        now = k * step
        done = batch > 0 and now >= end - step / 2
        out.append(batch / step if done else 0)
        begins = (batch == 0 or done) and heap >= size(now) * (1 - 1e-9)
        heap += entering(now) * step - (size(now) if begins else 0)
        if begins:
            batch, end = size(now), now + time(now)
        elif done:
            batch = 0
    return out


@pytest.mark.parametrize(
    ("equation", "step", "expected"),
    [
        (
            "DELAY BATCH(3,10,2,7,1,4)",
            0.5,
            kiln(lambda t: 10, lambda t: 2, lambda t: 3, (7, 1, 4), 0.5, 40),
        ),
        (
            "DELAY BATCH(Time,5+Time,1+MODULO(Time,3),0,0,0)",
            1.0,
            kiln(lambda t: 5 + t, lambda t: 1 + t % 3, lambda t: t, (0, 0, 0), 1.0, 20),
        ),
        ("DELAY BATCH(0,10,2,7,0,4)", 1.0, [7.0] + [0.0] * 20),  # done as the run begins
    ],
)
def test_a_batch_is_worked_on_once_there_is_enough_and_leaves_at_once(
    write_model, equation, step, expected
):
    path = write_model(f"y={equation}~~|", step=step, stop=20.0)
    np.testing.assert_allclose(outflow(path), expected, rtol=1e-12)


def test_batches_lose_nothing(write_model):
    path = write_model(
        "in=3+SIN(Time)~~|\ny=DELAY BATCH(in,10,2,7,1,4)~~|\nT=INTEG(in-y,11)~~|", stop=40.0
    )
    held = outflow(path, "T")
    assert held.min() > -1e-9
    assert held.max() < 40
