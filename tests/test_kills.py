"""A verb killed at any moment leaves all or nothing, and what comes after it is right."""

from __future__ import annotations

import sys

import pytest

from tests.kills import CHECKS, Kill, faults, killed, prepared

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and signals")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("killed"))


@pytest.mark.parametrize(
    ("verb", "change"),
    [
        ("run-again", 40),  # in the middle of its tables
        ("calibrate", 30),
        ("observe", 17),  # between two files that change together
    ],
)
def test_what_a_killed_verb_leaves_is_whole_or_absent(study, tmp_path, verb, change):
    assert faults(study, verb, Kill(change), tmp_path, CHECKS[:1]) == []


@pytest.mark.full
def test_two_hundred_kills_at_random_moments_leave_nothing_half(tmp_path):
    assert killed(200, 1, tmp_path, print) == []
