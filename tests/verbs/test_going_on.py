"""Verbs of evidence go on from the fits they had finished, to the same answer."""

import pytest

from sdengine.errors import SDError
from sdensemble.evidence import fitter
from sdensemble.study import open_study
from sdensemble.verbs.audit import AuditOptions, audit
from sdensemble.verbs.backtest import BacktestOptions, backtest
from sdensemble.verbs.forecast import ForecastOptions, forecast
from tests.evidence.small import make_study, truth_figures

TRUTH = {"growth": 0.1, "start": 105.0, "ratio": 0.9}


@pytest.fixture
def folder(tmp_path):
    return make_study(tmp_path, truth_figures(TRUTH, range(2019, 2023), 1))


@pytest.fixture
def fits(monkeypatch):
    """Count fits; with ``after`` set the fit behind so many is interrupted."""
    make, state = fitter.fit_posterior, {"done": 0, "after": None}

    def fit(*of, **how):
        if state["done"] == state["after"]:
            raise KeyboardInterrupt
        state["done"] += 1
        return make(*of, **how)

    monkeypatch.setattr(fitter, "fit_posterior", fit)
    return state


@pytest.mark.parametrize(
    ("verb", "options", "count"),
    [
        (backtest, lambda at: BacktestOptions(study=at, particles=128), 3),
        (audit, lambda at: AuditOptions(study=at, members=128), 2),
    ],
)
def test_a_verb_interrupted_between_two_fits_goes_on_to_the_same_answer(
    folder, fits, verb, options, count
):
    fits["after"] = count - 1
    with pytest.raises(KeyboardInterrupt, match="the same command goes on from where it was"):
        verb(options(folder))
    said = []
    fits.update(done=0, after=None)
    found = verb(options(folder), said.append)
    assert fits["done"] == 1
    assert "going on from where it was" in str(said[0])
    assert list((folder / "outputs").glob(".*")) == []
    fits.update(done=0)
    again = verb(options(folder))
    assert fits["done"] == count
    assert again.found.rows == found.found.rows


def test_a_verb_that_is_refused_leaves_nothing_to_go_on_from(folder):
    with pytest.raises(SDError):
        audit(AuditOptions(study=folder, members=5))
    assert list((folder / "outputs").glob(".*")) == []


def test_where_nothing_may_be_written_a_forecast_is_made_all_the_same(folder, monkeypatch):
    (folder / "outputs" / ".forecast.unfinished").write_text("in the way")
    study = open_study(folder)
    found = forecast(ForecastOptions(study=study.folder, members=128))
    assert found.found.series
