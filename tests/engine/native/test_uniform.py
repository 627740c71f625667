"""Random numbers in machine code are those of ``rng``, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine.native.uniform import normal, uniform
from sdengine.streams import Stream

STREAM = Stream(20260101, "rain")


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("elements", [1, 3])
@pytest.mark.parametrize("first", [0, 1, 6, 2**31])
@pytest.mark.parametrize("members", [1, 7, 8, 33])
def test_numbers_are_those_of_the_stream(steps, elements, first, members):
    ids = np.random.default_rng(members).integers(0, 2**32, members)
    shape = {"steps": steps, "elements": elements, "first": first}
    assert np.array_equal(uniform(STREAM, ids, **shape), STREAM.uniform(ids, **shape))
    assert np.array_equal(normal(STREAM, ids, **shape), STREAM.normal(ids, **shape))


def test_no_members_no_numbers():
    assert uniform(STREAM, np.empty(0, np.int64), steps=3).shape == (3, 1, 0)
