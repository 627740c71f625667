"""Rolling origins, later years blind and then fitted, the account of a miss, the way ahead."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sdensemble import SDError
from sdensemble.ensemble.variants import Variant
from sdensemble.evidence.audit import LEFT, OUTSIDE, OWN, SCOPE, SHOCKS, audit, from_year
from sdensemble.evidence.backtest import (
    MODEL,
    Row,
    against,
    backtest,
    known_years,
    stacking_weights,
)
from sdensemble.evidence.calibrate import calibrate
from sdensemble.evidence.scores import Score
from sdensemble.evidence.structures import Standing, mix
from sdensemble.inputs.history import vintage
from sdensemble.inputs.scenarios import Scenario, Setting
from sdensemble.outputs.evidence.audit import audit_document
from sdensemble.outputs.evidence.common import QUANTILES, Upwards, plus_minus
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.estimate import share_of
from sdensemble.results.probability import Key, Probability
from sdensemble.study import open_study
from sdensemble.verbs.backtest import BacktestOptions
from sdensemble.verbs.backtest import backtest as ask
from tests.evidence.conftest import TRUTH
from tests.evidence.small import line, make_study, truth_figures


def said(study, found):
    return " ".join(document_text(audit_document(study, found), "en").split())


def test_every_later_figure_is_forecast_from_every_origin(small, tmp_path):
    found = backtest(small, particles=256)
    done = ask(BacktestOptions(study=small, particles=256, out=tmp_path / "scores"))
    made = {(r.origin, r.year) for r in found.rows if r.method == MODEL and "sales" in r.series}
    assert made == {
        (2019, 2020),
        (2019, 2021),
        (2019, 2022),
        (2020, 2021),
        (2020, 2022),
        (2021, 2022),
    }
    assert {r.method for r in found.rows} == {MODEL, "last growth"}
    assert all(r.year > r.origin for r in found.rows)
    assert "years ahead" in done.text("en")
    assert (tmp_path / "scores" / "backtest.csv").is_file()
    assert (tmp_path / "scores" / "backtest-en.png").stat().st_size > 10_000


def test_years_added_later_are_forecast_blind_and_then_fitted(tmp_path):
    """The held-back test: the forecast of 2023 and 2024 does not move when they arrive."""
    every = truth_figures(TRUTH, range(2019, 2025), 1)
    known = "".join(row + "\n" for row in every.splitlines() if int(row[:4]) < 2023)
    study = open_study(make_study(tmp_path / "a", known))
    later = open_study(make_study(tmp_path / "b", every))
    blind = calibrate(study, as_of="through-2022", particles=256, profiles=False)
    again = calibrate(later, as_of="through-2022", particles=256, profiles=False)
    assert blind.posterior
    assert again.posterior
    assert blind.posterior.digest == again.posterior.digest
    rows = [r for r in backtest(later, particles=256).rows if r.method == MODEL]
    scored = [r for r in rows if r.origin == 2022]
    assert {(r.year, r.series) for r in scored} == {
        (y, f"{m}/total") for y in (2023, 2024) for m in ("sales", "volume")
    }
    assert np.mean([r.score.inside[2] for r in rows]) > 0.8
    fitted = calibrate(later, particles=256, profiles=False)
    assert fitted.posterior
    assert {figure["year"] for figure in fitted.posterior.figures} == set(range(2019, 2025))
    assert fitted.posterior.forecast_from == 2025


def test_the_shares_of_a_miss_add_up_to_it(small):
    found = audit(small, scenario="dear", start=2027, members=256)
    assert {r.year for r in found.rows} == {2020, 2021, 2022}
    for one in found.splits:
        assert sum(one.shares.values()) == pytest.approx(math.log(one.value / one.forecast))
        assert set(one.shares) == set(one.errors) == {"demand", "other", *OWN}
        assert one.errors["demand"] > 0
        assert one.errors[LEFT] > 0
    assert np.array_equal(found.kept[: 2027 - 2019], found.new[: 2027 - 2019])
    assert (found.new[-1] > found.kept[-1]).all()
    assert "Counterfactual" in said(small, found)


def test_a_constant_bias_is_scope_and_what_has_no_discrepancy_has_no_shocks(small):
    found = audit(small, members=256)
    volume = [one for one in found.splits if one.series == "volume/total"]
    sales = [one for one in found.splits if one.series == "sales/total"]
    assert all(one.shares[SHOCKS] == one.shares[OUTSIDE] == 0 for one in volume)
    assert all(one.errors[SHOCKS] == one.errors[OUTSIDE] == 0 for one in volume)
    assert len({round(one.shares[SCOPE], 12) for one in volume}) == 1  # a constant, not 0
    assert volume[0].shares[SCOPE] != 0
    assert all(one.shares[SCOPE] == 0 for one in sales)
    assert "0 by construction" in said(small, found)
    assert "Volume" in said(small, found) or "volume" in said(small, found)
    assert "dependence" in said(small, found)


def test_without_new_levers_the_way_ahead_is_that_of_the_past_ones_alone(small):
    found = audit(small, members=256)
    assert found.new is None
    assert "past levers kept" in said(small, found)
    assert "with the new levers" not in said(small, found)
    assert "with the new levers" in said(small, audit(small, scenario="dear", members=256))


def test_every_later_statistic_is_in_the_audit_or_named_with_its_reason(small):
    path = small.folder / "calibration" / "history.csv"
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line(2021, "firms", 12))
        stream.write(line(2021, "sales", 70).replace("2021-12-31", "2021-06-30"))
    found = audit(open_study(small.folder), members=256)
    assert [(one.measure, why) for one, why in found.left_out] == [
        ("firms", "no measure"),
        ("sales", "part of a year"),
    ]
    assert "of a measure and sector that fit.toml does not name" in said(small, found)
    assert "that end within a year" in said(small, found)


def test_past_levers_hold_until_the_year_and_new_ones_follow():
    words = {"zh": "", "en": ""}

    def made(name: str, *settings: Setting) -> Scenario:
        return Scenario(name, 1, words, words, settings)

    past = made(
        "past",
        Setting("a", None, (2020.5, 2024.0), (1.0, 2.0), "lever"),
        Setting("b", None, (2020.5,), (5.0,), "lever"),
    )
    ahead = made(
        "ahead",
        Setting("a", None, (2020.0,), (9.0,), "lever"),
        Setting("c", None, (2020.0, 2022.0), (3.0, 4.0), "lever"),
    )
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


def test_a_structure_that_all_members_agree_on_has_an_error_all_the_same():
    key = Key("sales", 2025, "sales", "", "", "latest", "history", "m" * 16, "all")
    every = share_of(np.ones(256, bool), np.arange(256) % 16)
    assert not np.isfinite(every.se)
    assert Probability(key, every, every, 0).error == pytest.approx((1 - 0.05 ** (1 / 256)) / 2)


def test_the_mixture_of_structures_has_a_key_and_refuses_another():
    key = Key("sales", 2025, "sales", "", "", "latest", "history", "m" * 16, "all")
    words = {"zh": "", "en": ""}

    def standing(name: str, p: float, weight: float, posterior: str = "p") -> Standing:
        variant = Variant(name, 1, words, words, "", None)  # type: ignore[arg-type]
        own = replace(key, model_set=name, posterior=posterior)
        return Standing(variant, 0.0, weight, p, 0.01, own)

    found = mix((standing("a", 0.2, 0.25), standing("b", 0.6, 0.75)))
    assert found.probability == pytest.approx(0.5)
    assert (found.low, found.high) == (0.2, 0.6)
    assert "a 0.25" in found.key.model_set
    assert "b 0.75" in found.key.model_set
    later = mix((standing("a", 0.3, 0.25, "q"), standing("b", 0.6, 0.75)))
    with pytest.raises(SDError, match="posterior"):
        _ = found < later
    assert found < mix((standing("a", 0.4, 0.25), standing("b", 0.6, 0.75)))


def test_a_rival_starts_from_nothing_computed_from_a_later_figure(tmp_path):
    """A row derived backward from 2020 and published with it is unknown at the end of 2019."""
    rows = (
        line(2018, "sales", 80, "2021-08-27", role="derived")
        + line(2019, "sales", 100, "2020-09-21", role="derived")
        + line(2020, "sales", 110, "2021-08-27")
    )
    study = open_study(make_study(tmp_path, rows))

    def known(origin: int) -> list[tuple[float, float]]:
        found = known_years(vintage(study.history, f"through-{origin}"), ("sales", "total"), origin)
        return [(o.time, o.value) for o in found]

    assert known(2019) == [(2019, 100)]
    assert known(2020) == [(2018, 80), (2019, 100), (2020, 110)]


def test_a_rival_starts_from_the_last_published_revision_whatever_the_order_of_rows(tmp_path):
    rows = (
        line(2020, "sales", 115, "2022-06-01")
        + line(2020, "sales", 110, "2021-03-01")
        + line(2019, "sales", 90)
        + line(2019, "sales", 99, "2020-09-21", role="derived")
    )
    study = open_study(make_study(tmp_path, rows))
    found = known_years(vintage(study.history, "through-2020"), ("sales", "total"), 2020)
    assert [o.value for o in found] == [90, 115]


def test_rivals_are_compared_on_the_same_figures_and_a_difference_within_error_is_a_tie():
    def row(method: str, year: int, crps: float, error: float = 0.0) -> Row:
        score = Score(1, 1, 1, crps, 0, 0.5, (True,) * 3, parts=(crps - error, crps + error))
        assert score.error == pytest.approx(error)
        return Row(2019, year, "s/t", method, 1.0, score)

    rows = [
        row(MODEL, 2020, 0.09),
        row(MODEL, 2021, 0.03, 0.002),
        row("a", 2021, 0.033),
        row("b", 2021, 0.02),
        row("c", 2021, 0.05),
    ]
    assert [against(rows, name) for name in "abcd"] == [0, -1, 1, None]


def test_figures_that_miss_together_do_not_make_a_mean_more_certain():
    def score(crps: float, parts: tuple[float, ...] = ()) -> Score:
        return Score(1, 1, 1, crps, 0, 0.5, (True,) * 3, parts=parts)

    years = (2020, 2021, 2022, 2023)
    rows = [
        Row(2019, year, "s/t", method, 1.0, one)
        for year in years
        for method, one in ((MODEL, score(0.10, (0.09, 0.11))), ("a", score(0.115)))
    ]
    assert against(rows, "a") == 0  # 0.015 is within 2 × 0.01, however many figures


def test_origins_use_only_what_was_known(small):
    rows = vintage(small.history, "through-2020").fitted()
    assert max(o.time for o in rows) == 2020


def test_an_error_is_told_rounded_up_and_only_where_there_is_one():
    assert QUANTILES.text((4888.0, 5273.0, 5668.0, 9.7), "en") == "4888 / 5273 / 5668 ±10"
    assert QUANTILES.text((1.0, 2.0, 3.0, 0.031), "en") == "1 / 2 / 3 ±0.04"
    assert QUANTILES.text((1.0, 2.0, 3.0), "en") == "1 / 2 / 3"
    assert Upwards(factor=100.0).text(0.00141, "en") == "0.2"  # "at most" 0.1 would be less
    shown = [plus_minus(error, 3) for error in (0.0001, 0.0, math.nan)]
    assert shown == ["±0.001", "", ""]  # a formula has no error of drawing
