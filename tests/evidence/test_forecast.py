"""The blind table of what is still to be published: complete, keyed, scored from files alone."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from sdensemble import SDError
from sdensemble.evidence.backtest import MODEL, backtest
from sdensemble.evidence.calibrate import calibrate
from sdensemble.evidence.forecast import LEVELS, forecast
from sdensemble.evidence.scores import crps_of
from sdensemble.inputs.history import known_through
from sdensemble.outputs.heads import read_csv
from sdensemble.study import open_study
from sdensemble.verbs.forecast import ForecastOptions
from sdensemble.verbs.forecast import forecast as ask
from tests.evidence.small import make_study, truth_figures

TRUTH = {"growth": 0.1, "start": 105.0, "ratio": 0.9}


def read(folder):
    return read_csv(folder / "forecast.csv")


def test_every_series_and_year_after_the_origin_has_a_row_with_its_whole_key(small, tmp_path):
    asked = ForecastOptions(study=small, as_of="through-2020", members=256, out=tmp_path / "f")
    found = ask(asked)
    rows = read(tmp_path / "f")
    made = {(r["series"], int(r["year"])) for r in rows if r["kind"] == "statistic"}
    assert made == {(f"{m}/total", y) for m in ("sales", "volume") for y in range(2021, 2031)}
    assert {int(r["year"]) for r in rows if r["kind"] == "model"} == set(range(2021, 2031))
    for row in rows:
        cuts = [float(row[f"q{1000 * q:03.0f}"]) for q in LEVELS]
        assert cuts == sorted(cuts)
        assert float(row["mc_error"]) > 0
        assert row["members"] == "256"
        assert row["unit"] == "Ton"
        assert (row["as_of"], row["origin"], row["prior_set"]) == (
            "through-2020",
            "2020",
            "prior",
        )
        assert len(row["posterior"]) == 16
        assert row["scenario"] == "baseline"
    assert "error and no discrepancy" in found.text("en")
    for name in ("forecast-zh.txt", "forecast-en.txt", "columns.csv", "forecast-zh.png"):
        assert (tmp_path / "f" / name).stat().st_size > 100
    assert "统计误差" in (tmp_path / "f" / "forecast-zh.txt").read_text("utf-8")


def test_anyone_can_score_a_later_figure_from_the_files_as_the_backtest_does(small, tmp_path):
    """The draws on disk give the CRPS that backtest prints for the same origin and year."""
    ask(ForecastOptions(study=small, as_of="through-2020", members=256, out=tmp_path / "f"))
    tested = {
        (r.series, r.year): r
        for r in backtest(small, particles=256).rows
        if r.method == MODEL and r.origin == 2020
    }
    with netCDF4.Dataset(tmp_path / "f" / "forecast.nc") as file:
        series, years = list(file["series"][:]), list(file["year"][:])
        draws = np.asarray(file["draws"][:])
        assert file.as_of == "through-2020"
        assert file["replicate"][:].max() == 15
    for (name, year), row in tested.items():
        logs = np.log(draws[series.index(name), years.index(year)])
        assert crps_of(logs, np.log(row.value)) == pytest.approx(row.score.crps, abs=1e-4)
        assert np.exp(np.median(logs)) == pytest.approx(row.score.median, rel=1e-4)


def test_a_statistic_is_less_certain_than_the_models_own_variable(small, tmp_path):
    found = forecast(small, as_of="through-2020", members=512)
    by_kind = {one.kind: one for one in found.series if one.name.startswith("sales/")}
    spread = {kind: np.log(one.draws[0]).std() for kind, one in by_kind.items()}
    assert spread["statistic"] > spread["model"]


def test_the_table_of_a_vintage_does_not_move_when_later_figures_arrive(tmp_path):
    every = truth_figures(TRUTH, range(2019, 2025), 1)
    known = "".join(row + "\n" for row in every.splitlines() if int(row[:4]) < 2022)
    before = forecast(
        open_study(make_study(tmp_path / "a", known)), as_of="through-2021", members=128
    )
    after = forecast(
        open_study(make_study(tmp_path / "b", every)), as_of="through-2021", members=128
    )
    for one, other in zip(before.series, after.series, strict=True):
        assert np.array_equal(one.draws, other.draws)
        assert one.seen == other.seen
    assert after.series[0].later[-1][0] == 2024


def test_the_stored_posterior_is_taken_and_the_prior_only_when_asked(small):
    fitted = calibrate(small, particles=256, profiles=False).posterior
    assert fitted is not None
    assert forecast(small, members=128).key["posterior"] == fitted.digest
    aside = forecast(small, members=128, prior_only=True)
    assert aside.key["posterior"] == "prior"
    assert aside.years[0] == 2023


def test_a_last_year_outside_the_models_time_is_refused(small):
    with pytest.raises(SDError, match="--to: 2040 is not from 2023 to 2030"):
        forecast(small, to=2040, members=128)


def test_the_last_year_known_is_read_from_the_name_of_a_vintage():
    assert known_through("through-2021") == 2021
    assert known_through("2021-12-31") == 2021
    assert known_through("2022-03-31") == 2021
    assert known_through("latest") is None
