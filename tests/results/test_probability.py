from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdensemble.results.probability import (
    Key,
    Probability,
    difference,
    joint_event,
    threshold_event,
)

KEY = Key("y > 3", 2025, "output_value", "constant", "nominal", "through-2019", "history", "m", "a")
REPLICATE = np.repeat(np.arange(4), 5)
VALUES = np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 4)


def event(values=VALUES, comparator=">", **changed):
    return threshold_event(replace(KEY, **changed), np.array(values), comparator, 3.0, REPLICATE)


def test_a_probability_is_the_share_beyond_the_threshold():
    assert event().probability().middle == 0.4
    assert event(comparator=">=").probability().middle == 0.6


def test_lost_members_turn_a_probability_into_bounds():
    values = VALUES.copy()
    values[[0, 3]] = np.nan
    found = event(values).probability()
    assert (found.lost, found.members, found.bounded) == (2, 20, True)
    assert (found.least.mean, found.most.mean) == (7 / 20, 9 / 20)
    assert found.interval[0] < 7 / 20
    assert found.interval[1] > 9 / 20


@pytest.mark.parametrize("field", ["measure", "scope", "price_basis", "as_of", "prior_set"])
def test_probabilities_of_different_questions_cannot_be_compared(field):
    first, second = event().probability(), event(**{field: "another"}).probability()
    with pytest.raises(SDError, match=f"different questions.*{field}"):
        _ = first < second
    with pytest.raises(SDError, match=field):
        difference(event(), event(**{field: "another"}))


def test_scenarios_of_one_question_can_be_compared_but_only_paired_be_subtracted():
    better = event(VALUES + 1, scenario="b")
    assert event().probability() < better.probability()
    with pytest.raises(SDError, match="paired"):
        _ = better.probability() - event().probability()
    found = difference(better, event())
    assert found.found.mean == pytest.approx(0.2)
    assert (found.key.scenario, found.against) == ("b", "a")
    assert found.distinguishable


def test_a_difference_of_nothing_is_not_distinguishable():
    found = difference(event(scenario="b"), event())
    assert (found.found.mean, found.distinguishable) == (0.0, False)


def test_pairs_with_a_lost_side_are_left_out():
    values = VALUES + 1
    values[2] = np.nan
    found = difference(event(values, scenario="b"), event())
    assert (found.lost, found.found.members) == (1, 19)
    assert found.found.mean == pytest.approx(3 / 19)


def test_different_members_cannot_be_paired():
    other = replace(event(scenario="b"), replicate=REPLICATE[::-1])
    with pytest.raises(SDError, match="same members"):
        difference(other, event())


def test_a_joint_event_needs_every_part_in_the_same_member():
    values = VALUES.copy()
    values[0] = np.nan  # lost, and the other part misses: a miss
    values[4] = np.nan  # lost, and the other part hits: lost
    found = joint_event(replace(KEY, event="both"), [event(values), event()]).probability()
    assert found.lost == 1
    assert (found.least.mean, found.most.mean) == (7 / 20, 8 / 20)


def test_no_public_function_returns_a_bare_probability():
    assert isinstance(event().probability(), Probability)


def test_an_unknown_comparator_is_refused():
    with pytest.raises(SDError, match="comparator"):
        event(comparator="<")
