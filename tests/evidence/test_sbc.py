"""Simulation-based calibration on the study's own model: stored, and run again behind a marker."""

from __future__ import annotations

import json
import math

import pytest

from tests.store_sbc import COMMAND, STORED, run


def test_the_stored_ranks_of_at_least_eight_numbers_are_uniform():
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert stored["command"] == COMMAND
    assert stored["fits"] >= 64
    assert len(stored["numbers"]) >= 8
    room = 3 * math.sqrt(0.9 * 0.1 / stored["fits"])  # three standard errors of a share of 0.9
    for name, found in stored["numbers"].items():
        assert found["p"] > 0.01, name
        assert abs(found["coverage_90"] - 0.9) < room, name


@pytest.mark.full
def test_ranks_are_uniform_when_run_again():
    found = run(fits=100)
    for name, one in found["numbers"].items():  # type: ignore[union-attr, attr-defined]
        assert one["p"] > 0.01, name
