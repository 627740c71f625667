"""QUEUE FIFO and the ages of what stands in it, against a queue kept entry by entry."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine import SDError, compile_model, read_model
from sdengine.syntax import NA

ASKED = (
    "mean=QUEUE AGE AVERAGE(q,0)~~|\nthree=QUEUE AGE AVERAGE(q,3)~~|\nold=QUEUE AGE OLDEST(q)~~|\n"
    "some=QUEUE AGE IN RANGE(q,2,3)~~|\nall=QUEUE AGE IN RANGE(q,:NA:,:NA:)~~|\n"
    "none=QUEUE AGE OLDEST(mean)~~|"
)


def kept(entries, entering, leaving, step, count):
    """Return the answers at each step; ``entries`` are (age, amount), the oldest first."""
    found = {name: [] for name in ("q", "mean", "three", "old", "some")}
    for k in range(count + 1):
        ages, amounts = np.array([*zip(*entries, strict=True)] or [[], []])
        total = amounts.sum()
        first = np.diff(np.minimum(np.append(0, amounts.cumsum()), min(3, total)))
        found["q"].append(total)
        found["mean"].append(ages @ amounts / total if total else 0)
        found["three"].append(ages @ first / first.sum() if total else 0)
        found["old"].append(ages.max(initial=0))
        found["some"].append(amounts[(ages > 1.99) & (ages < 3.01)].sum())
        gone, still = leaving(k) * step, []
        for age, amount in entries:
            taken = min(amount, gone)
            gone -= taken
            if amount - taken > 1e-12:
                still.append((age + step, amount - taken))
        entries = [*still, (step, entering(k) * step)]
    return found


@pytest.mark.parametrize(
    ("queue", "step", "expected"),
    [
        (
            "QUEUE FIFO(2+MODULO(Time,3),3,flat,10,4)",
            1.0,
            kept([(a, 2.5) for a in (4, 3, 2, 1)], lambda k: 2 + k % 3, lambda k: 3, 1.0, 10),
        ),
        (
            "QUEUE FIFO(2,MIN(0.4*Time,2),flat,0,4)",
            0.5,
            kept([], lambda k: 2, lambda k: min(0.2 * k, 2), 0.5, 20),
        ),
        (
            "QUEUE FIFO(1,2,late,8,2)",
            1.0,
            kept([(2, 6.0), (1, 2.0)], lambda k: 1, lambda k: 2, 1.0, 6),
        ),
    ],
)
def test_ages_are_those_of_a_queue_kept_entry_by_entry(write_model, queue, step, expected):
    count = len(expected["q"]) - 1
    text = f"flat((0,1),(1,1))~~|\nlate((0,0),(1,1))~~|\nq={queue}~~|\n{ASKED}"
    run = compile_model(read_model(write_model(text, step=step, stop=count * step))).run(
        report=[*expected, "all", "none"]
    )
    for name, values in expected.items():
        np.testing.assert_allclose(run.values[name][:, 0], values, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(run.values["all"], run.values["q"], atol=1e-12)
    assert set(run.values["none"].ravel()) == {NA}


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("QUEUE FIFO(1,2,flat,8)", "needs five arguments"),
        ("QUEUE FIFO(1,2,flat,8,Time)", "a constant for the range of first ages"),
        ("QUEUE FIFO(1,2,low,8,2)", "a profile without negative values"),
    ],
)
def test_a_queue_that_cannot_be_kept_is_refused(write_model, equation, words):
    text = f"flat((0,1),(1,1))~~|\nlow((0,-1),(1,1))~~|\nq={equation}~~|\n{ASKED}"
    with pytest.raises(SDError, match=words):
        compile_model(read_model(write_model(text)))
