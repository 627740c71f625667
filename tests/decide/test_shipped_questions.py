"""The question files and groups that come with the study hold against its model."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from sdensemble.decide.levers import find_lever
from sdensemble.decide.measures import find_target
from sdensemble.verbs.worlds import groups_of, question_of


@pytest.fixture(params=["land-or-grants"])
def question(request, study):
    return question_of(study, request.param)


def test_every_question_file_is_listed_here(root):
    held = {path.stem for path in (root / "scenarios" / "questions").glob("*.toml")}
    assert held == {"land-or-grants"}


def test_a_question_asks_of_levers_and_a_target_that_are_there(question, study):
    assert find_target(study, question.target).scored
    for side in question.sides:
        lever = find_lever(study, side.lever, low=side.low, high=side.high, start=side.start)
        assert lever.low <= side.level <= lever.high
    assert len(question.costs) == 3
    assert {cost.kind for cost in question.costs} == {"none", "treasury", "forgone"}
    assert question.used_unit == "Mu"


def test_groups_take_most_of_what_is_drawn_and_nothing_twice(study):
    groups = groups_of(study).members
    named = [name for members in groups.values() for name in members]
    assert len(named) == len(set(named))
    drawn = {prior.constant for prior in study.priors("history").items}
    assert len(drawn & set(named)) > 0.7 * len(drawn)
    rates = [name for name in named if fnmatch(name, "* execution")]
    assert set(rates) <= set(groups["execution"])
