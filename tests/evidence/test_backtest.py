"""Rolling origins, later years blind and then fitted, the account of a miss, the way ahead."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdensemble.evidence.audit import audit, from_year
from sdensemble.evidence.backtest import MODEL, backtest, stacking_weights
from sdensemble.evidence.calibrate import Asked, calibrate
from sdensemble.history import vintage
from sdensemble.scenarios import Scenario, Setting
from sdensemble.study import open_study
from tests.calibration.conftest import TRUTH
from tests.calibration.small import make_study, truth_figures


def test_every_later_figure_is_forecast_from_every_origin(small, tmp_path):
    found = backtest(small, particles=256, lang="en", out=tmp_path / "scores")
    made = {(r.origin, r.year) for r in found.rows if r.method == MODEL and "sales" in r.series}
    assert made == {(2019, 2020), (2019, 2021), (2019, 2022), (2020, 2021), (2020, 2022),
                    (2021, 2022)}  # fmt: skip
    assert {r.method for r in found.rows} == {MODEL, "last growth"}
    assert all(r.year > r.origin for r in found.rows)
    assert "years ahead" in found.text
    assert (tmp_path / "scores" / "backtest.csv").is_file()
    assert (tmp_path / "scores" / "backtest.png").stat().st_size > 10_000


def test_years_added_later_are_forecast_blind_and_then_fitted(tmp_path):
    """The held-back test: the forecast of 2023 and 2024 does not move when they arrive."""
    every = truth_figures(TRUTH, range(2019, 2025), 1)
    known = "".join(row + "\n" for row in every.splitlines() if int(row[:4]) < 2023)
    study = open_study(make_study(tmp_path / "a", known))
    later = open_study(make_study(tmp_path / "b", every))
    blind = calibrate(study, Asked(as_of="through-2022", particles=256, profiles=False))
    again = calibrate(later, Asked(as_of="through-2022", particles=256, profiles=False))
    assert blind.posterior
    assert again.posterior
    assert blind.posterior.digest == again.posterior.digest
    rows = [r for r in backtest(later, particles=256).rows if r.method == MODEL]
    scored = [r for r in rows if r.origin == 2022]
    assert {(r.year, r.series) for r in scored} == {
        (y, f"{m}/total") for y in (2023, 2024) for m in ("sales", "volume")
    }
    assert np.mean([r.score.inside[2] for r in rows]) > 0.8
    fitted = calibrate(later, Asked(particles=256, profiles=False))
    assert fitted.posterior
    assert {figure["year"] for figure in fitted.posterior.figures} == set(range(2019, 2025))
    assert fitted.posterior.forecast_from == 2025


def test_the_shares_of_a_miss_add_up_to_it(small):
    found = audit(small, scenario="dear", start=2027, members=256, lang="en")
    assert {r.year for r in found.rows} == {2020, 2021, 2022}
    for one in found.splits:
        assert sum(one.shares.values()) == pytest.approx(math.log(one.value / one.forecast))
        assert set(one.shares) == {"demand", "other", "shocks", "left"}
    assert np.array_equal(found.kept[: 2027 - 2019], found.new[: 2027 - 2019])
    assert (found.new[-1] > found.kept[-1]).all()
    assert "Counterfactual" in found.text


def test_past_levers_hold_until_the_year_and_new_ones_follow():
    words = {"zh": "", "en": ""}

    def made(name: str, *settings: Setting) -> Scenario:
        return Scenario(name, 1, words, words, settings)

    past = made("past", Setting("a", None, (2020.5, 2024.0), (1.0, 2.0), "lever"),
                Setting("b", None, (2020.5,), (5.0,), "lever"))  # fmt: skip
    ahead = made("ahead", Setting("a", None, (2020.0,), (9.0,), "lever"),
                 Setting("c", None, (2020.0, 2022.0), (3.0, 4.0), "lever"))  # fmt: skip
    found = {s.constant: (s.times, s.values) for s in from_year(past, ahead, 2026.0).settings}
    assert found == {
        "a": ((2020.5, 2024.0, 2026.0), (1.0, 2.0, 9.0)),
        "b": ((2020.5,), (5.0,)),
        "c": ((2026.0, 2028.0), (3.0, 4.0)),
    }


def test_a_structure_that_forecast_better_weighs_more():
    found = stacking_weights({"main": [1.0, 1.2], "other": [-2.0, -1.0]})
    assert found["main"] > 0.7
    assert sum(found.values()) == pytest.approx(1)


def test_origins_use_only_what_was_known(small):
    rows = vintage(small.history, "through-2020").fitted()
    assert max(o.time for o in rows) == 2020
