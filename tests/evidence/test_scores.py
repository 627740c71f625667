"""Scores, baselines and stacking against numbers worked out by hand or by formula."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from sdensemble.evidence.scores import crps_normal, crps_of, score_normal
from sdensemble.evidence.stacking import stack
from sdensemble.inputs.baselines import Baseline
from sdensemble.inputs.history import Observation


def test_the_crps_of_normal_draws_is_the_formulas():
    draws = np.random.default_rng(1).normal(2, 3, 200_000)
    assert crps_of(draws, 4.0) == pytest.approx(crps_normal(2, 3, 4.0), rel=0.01)
    assert crps_of(np.array([5.0]), 7.0) == pytest.approx(2.0)


def test_bands_hold_what_lies_inside():
    assert score_normal(0, 1, math.exp(0.5)).inside == (True, True, True)
    assert score_normal(0, 1, math.exp(1.5)).inside == (False, False, True)
    assert score_normal(0, 1, math.exp(3.0)).inside == (False, False, False)


def known(*pairs: tuple[int, float]) -> list[Observation]:
    return [Observation(y, "t", "m", v, "u", "s", date(y, 12, 31), "") for y, v in pairs]


def test_naive_forecasts_go_on_from_the_last_figure():
    past = known((2019, 100), (2020, 110))
    titles = {"zh": "", "en": ""}
    assert Baseline("a", "last growth", titles, 0.05).median(past, 2022) == pytest.approx(133.1)
    assert Baseline("b", "trend", titles, 0.05, 0.13).median(past, 2021) == pytest.approx(124.3)
    plan = Baseline("c", "path", titles, 0.05, points=((2020.0, 50.0), (2022.0, 200.0)))
    assert plan.median(past, 2021) == pytest.approx(220)
    curve = Baseline("d", "logistic", titles, 0.05).median(past, 2040)
    assert 110 < curve < 400
    assert Baseline("a", "last growth", titles, 0.05).median(past[:1], 2022) is None


def test_stacking_leans_to_what_forecast_better_and_not_without_figures():
    even = stack(np.zeros((0, 3)))
    assert even == pytest.approx([1 / 3] * 3)
    better = stack(np.array([[0.0, -3.0]] * 6))
    assert 0.8 < better[0] < 1
    assert better.sum() == pytest.approx(1)
    assert stack(np.array([[-1.0, -1.0]])) == pytest.approx([0.5, 0.5], abs=0.01)
