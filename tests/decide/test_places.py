"""Places on curves of levels, and the outlay at which two levers give the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdensemble.decide.places import place_of, value_at
from sdensemble.decide.weigh import _budget


def test_a_place_stands_between_levels_by_a_straight_line():
    values = np.array([0.0, 2.0, 6.0])
    assert [place_of(values, wanted) for wanted in (0.0, 1.0, 5.0, 6.0)] == [0, 0.5, 1.75, 2]
    assert math.isnan(place_of(values, 7.0))
    assert [float(value_at(values, place)) for place in (0.5, 1.75, 2.0)] == [1.0, 5.0, 6.0]


def test_two_levers_that_do_nothing_at_first_are_not_the_same_there():
    """The first gives 1 a unit of money beyond 30, the second 4 beyond 50: alike at 170 / 3."""
    money = np.linspace(0.0, 100.0, 11)
    first, second = np.maximum(money - 30, 0), 4 * np.maximum(money - 50, 0)
    assert _budget(money, first, money, second) == pytest.approx(170 / 3)
    assert math.isnan(_budget(money, first, money, 2 * first))
