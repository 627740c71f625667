"""Delays whose time varies: what comes out when, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine import compile_model, read_model


@pytest.mark.parametrize(
    ("formula", "expected"),
    [  # what goes in is the time; the delay changes at time 3
        ("DELAY INFORMATION(Time,4-STEP(2,3),-1)", [-1, -1, -1, -1, 0, 3, 4, 5, 6]),
        ("DELAY INFORMATION(Time,2+STEP(2,3),-1)", [-1, -1, 0, 1, 2, 2, 2, 3, 4]),
        ("DELAY INFORMATION(Time,2,-1)", [-1, -1, 0, 1, 2, 3, 4, 5, 6]),
        ("DELAY MATERIAL(1,4-STEP(2,3),1,0)", [1, 1, 1, 1, 1, 2, 2, 1, 1]),
        ("DELAY MATERIAL(1,2+STEP(2,3),1,0)", [1, 1, 1, 1, 1, 0, 0, 1, 1]),
    ],
)
def test_a_delay_that_varies_gives_up_or_keeps(write_model, formula, expected):
    path = write_model(f"y={formula}~~|", step=1.0, stop=8.0)
    run = compile_model(read_model(path)).run(report=["y"])
    np.testing.assert_array_equal(run.values["y"][:, 0], expected)
