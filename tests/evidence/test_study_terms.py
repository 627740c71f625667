"""The study's own fit.toml: which rows enter, which do not, and where the split comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdensemble import compile_model, open_study
from sdensemble.ensemble.members import from_prior
from sdensemble.evidence.fitting import make_problem
from sdensemble.evidence.predictive import Source
from sdensemble.inputs.history import vintage
from sdensemble.lang import tell
from sdensemble.outputs.evidence.common import label_of, no_term
from sdensemble.outputs.text import width
from tests.evidence.shocks import shock_shares

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def study():
    return open_study(ROOT)


def fitted(study, name):
    rows = vintage(study.history, name).fitted()
    return make_problem(compile_model(study.model), study.priors(), study.fit, rows, study.lived)


def test_the_figures_that_are_fitted_are_these_and_no_other(study):
    """Series without a figure change no fit; the half year of 2021 gives way to the year."""
    ids = {datum.observation.id for datum in fitted(study, "latest").data}
    known = {"O001", "O002", "O006", "O083", "O015", "O227", "O230", "O152", "O207", "O208", "O105"}
    assert ids == known
    through = {datum.observation.id for datum in fitted(study, "through-2022").data}
    assert through == known


def test_a_half_year_is_fitted_while_the_year_is_not_out(study):
    ids = {datum.observation.id for datum in fitted(study, "2021-10-01").data}
    assert {"O004", "O016"} <= ids
    assert "O002" not in ids


def test_the_rows_likeliest_to_come_have_a_term(study):
    names = {term.name for term in study.fit.terms}
    clusters = {f"output_value/{one}" for one in study.model.ranges["cluster"]}
    assert len(clusters) == 10
    assert (
        clusters
        | {
            "output_value/total",
            "output_value/ten",
            "leading_firms_revenue/total",
            "sales_revenue/total",
            "output_value_as_reported/ten",
        }
        <= names
    )


def test_what_has_no_term_is_said_by_measure(study):
    (said,) = no_term(study, vintage(study.history, "latest"))
    assert "of series that fit.toml does not name" in tell(said, "en")
    assert "other measures" in tell(said, "en")
    assert "没有对应的序列" in tell(said, "zh")


def test_every_number_of_the_priors_is_said_in_words_and_in_few(study):
    for prior in study.priors().items:
        for lang in ("zh", "en"):
            said = tell(label_of(study, prior.name), lang)
            assert said.split(" (")[0] != prior.constant or " " not in prior.constant, prior.name
            assert width(said) < 100
    assert tell(label_of(study, "tea lead"), "en") == (
        "Growth of medicinal tea above that of beverages while it is…"
    )
    assert tell(label_of(study, "growth offset[fruit]"), "zh").endswith("（果品）")


def test_the_share_of_the_shocks_is_what_the_forcing_makes_of_each_series(study):
    problem = replace(fitted(study, "through-2019"), data=())
    members = from_prior(problem.priors, problem.model, study.forcing, 512, seed=1, as_of="")
    source = Source(problem, members, None)
    terms = [i for i, term in enumerate(study.fit.terms) if term.discrepancy_sd]
    for index, share in shock_shares(source, terms).items():
        term = study.fit.terms[index]
        assert term.shock_share == pytest.approx(share, abs=0.3), term.name
