"""A well-kept sampler of another kind finds the same posterior: stored, rerun behind a marker."""

from __future__ import annotations

import json
import math

import pytest

from tests.store_second_sampler import COMMAND, STORED, run


def _compare(found):
    assert len(found["coordinates"]) >= 8
    for name, one in found["coordinates"].items():
        mine, other = one["ours"], one["emcee"]
        error = math.hypot(mine["error"], other["error"])
        # 3.5 standard errors: one in a hundred for the worst of some twenty coordinates
        assert abs(mine["mean"] - other["mean"]) < 3.5 * error, name
        assert error < 0.05, name
        assert mine["sd"] / other["sd"] == pytest.approx(1, abs=0.08), name


def test_the_stored_posteriors_of_two_samplers_agree():
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert stored["command"] == COMMAND
    _compare(stored)


@pytest.mark.full
def test_two_samplers_agree_when_run_again():
    pytest.importorskip("emcee")
    _compare(run(steps=1500, burn=500))
