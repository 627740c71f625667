"""What a forecast adds to the model's number: discrepancy, shocks, parts of a year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from sdengine.streams import Stream
from sdensemble import SDError, compile_model
from sdensemble.ensemble.members import from_prior
from sdensemble.evidence.diagnose import prior_numbers
from sdensemble.evidence.fitting import fit_posterior, make_problem, shocks_from
from sdensemble.evidence.likelihood import Problem, student_noise
from sdensemble.evidence.members import from_posterior
from sdensemble.evidence.posterior import bound_of
from sdensemble.evidence.predictive import (
    Source,
    carried,
    error_draws,
    forecast_logs,
    wander,
)
from sdensemble.evidence.smc import Settings
from sdensemble.inputs.fit import Fit, pick, without_term
from sdensemble.inputs.history import vintage
from sdensemble.study import Study, open_study
from tests.evidence.shocks import shock_shares
from tests.evidence.small import line, make_study

MEMBERS = 4096


def with_share(fit: Fit, share: float, sd: float | None = None) -> Fit:
    terms = [
        replace(t, shock_share=share, discrepancy_sd=sd or t.discrepancy_sd) for t in fit.terms
    ]
    return replace(fit, terms=tuple(terms))


def problem_of(study: Study, name: str = "latest", share: float = 0.0) -> Problem:
    assert study.fit is not None
    rows = vintage(study.history, name).fitted()
    return make_problem(
        compile_model(study.model), study.priors(), with_share(study.fit, share), rows, study.lived
    )


def blind(study: Study, share: float = 0.0, *, forced: bool = True) -> Source:
    """A source that knows no figure."""
    problem = replace(problem_of(study, share=share), data=())
    forcing = study.forcing if forced else None
    members = from_prior(problem.priors, problem.model, forcing, MEMBERS, seed=3, as_of="")
    return Source(problem, members, None)


def told(study: Study, share: float = 0.0) -> Source:
    """A source that knows the figures of 2019 to 2022."""
    problem = problem_of(study, share=share)
    rows = [datum.observation for datum in problem.data]
    bound = bound_of(problem.model, problem.priors, problem.fit, problem.scenario, rows, "latest")
    posterior = fit_posterior(problem, bound, settings=Settings(particles=64))
    members = from_posterior(
        posterior, problem.priors, problem.model, study.forcing, MEMBERS, seed=3, as_of=""
    )
    return Source(problem, members, posterior)


def test_the_forecast_of_an_unseen_series_has_the_whole_discrepancy_in_every_year(small):
    """No figure yet: the stationary spread stated in fit.toml, not the bias alone."""
    found = wander(blind(small), 0, 2030)
    assert found.shape == (12, MEMBERS)
    assert found.std(axis=1) == pytest.approx(np.full(12, 0.03), rel=0.06)
    near = np.corrcoef(found[3], found[5])[0, 1]
    assert near == pytest.approx(0.5, abs=0.05)  # the half-life is two years


def test_the_discrepancy_spreads_again_after_the_last_figure_and_never_falls_silent(small):
    source = told(small)
    found = wander(source, 0, 2030).std(axis=1)
    assert found[3] < 0.03
    assert found[4] > found[3]
    assert found[-1] == pytest.approx(0.03, rel=0.08)


def test_in_the_years_of_figures_the_discrepancy_is_the_posteriors_own(small):
    source = told(small, share=0.5)
    found = wander(source, 0, 2030)
    post = source.posterior
    assert post is not None
    rows = [i for i, f in enumerate(post.figures) if f["measure"] == "sales"]
    size = post.particles
    taken = np.concatenate([r * size + np.arange(MEMBERS // 16) % size for r in range(16)])
    for row, year in zip(rows, range(4), strict=True):
        assert np.allclose(found[year], (post.discrepancy[row] - post.bias[row])[taken], atol=1e-6)


def test_shocks_are_not_counted_twice_where_they_are_drawn(small):
    """The share that stands for them is gone from the blind forecast, and fades after a fit."""
    assert wander(blind(small, 0.75), 0, 2030).std(axis=1) == pytest.approx(
        np.full(12, 0.03 * 0.5), rel=0.06
    )
    assert np.abs(wander(blind(small, 1.0), 0, 2030)).max() < 1e-12
    after = wander(told(small, 1.0), 0, 2030)
    for ahead in (1, 4):
        assert np.allclose(after[3 + ahead], after[3] * 0.5 ** (ahead / 2.0))


def test_where_no_forcing_acts_prior_predictive_and_ex_ante_forecast_have_the_same_spread(small):
    source = blind(small, 0.5, forced=False)
    problem = problem_of(small, share=0.5)
    z, numbers = prior_numbers(problem, count=16384)
    check = problem.predicted(numbers) + problem.discrepancy(z)
    for i, datum in enumerate(problem.data):
        sd = problem.fit.terms[datum.term].sd
        noise = student_noise(Stream(1, "n").sub(f"{i}"), np.arange(16384), sd)
        logs = forecast_logs(source, [datum.term], 2022)[datum.term]
        ahead = logs + carried(source, datum.term, 2022)
        ahead = ahead[datum.year - 2019] + error_draws(source, datum.term, datum.year)
        assert np.std(ahead) == pytest.approx(np.std(check[i] + noise), rel=0.05)
        assert np.median(ahead) == pytest.approx(np.median(check[i] + noise), abs=0.02)


def test_the_share_of_the_shocks_is_what_the_forcing_makes_of_the_discrepancy(small):
    found = shock_shares(blind(small), [0, 1])
    assert 0.3 < found[0] <= 1.0
    assert found[1] == 0.0  # a series without discrepancy has nothing to share


def test_a_path_does_not_hang_on_how_far_it_is_asked_for(small):
    source = told(small, 0.5)
    assert np.array_equal(wander(source, 0, 2030)[:7], wander(source, 0, 2025))


# ── parts of a year, series without a figure, rows without a term ──

PART = """
[[term.part]]
measure = "sales_h1"
ends = "06-30"
share = 0.5
sd = 0.1
basis = "test"
"""


def study_with_half_year(tmp_path, history: str) -> Study:
    folder = make_study(tmp_path, history)
    path = folder / "calibration" / "fit.toml"
    text = path.read_text("utf-8").replace(
        'leads = true\nbasis = "test"\n', 'leads = true\nbasis = "test"\n' + PART
    )
    path.write_text(text, "utf-8")
    return open_study(folder)


def half(year: int, value: float, measure: str = "sales_h1") -> str:
    return line(year, measure, value).replace(f"{year}-12-31", f"{year}-06-30")


def test_a_half_year_counts_until_the_whole_year_is_known(tmp_path):
    study = study_with_half_year(tmp_path, line(2020, "sales", 130) + half(2021, 70))
    problem = problem_of(study)
    assert [(d.year, d.observation.measure) for d in problem.data] == [
        (2020, "sales"),
        (2021, "sales_h1"),
    ]
    assert problem.shares == pytest.approx([0, np.log(0.5)])
    assert problem.errors == pytest.approx([0.03, np.hypot(0.03, 0.1)])
    assert shocks_from(problem) == 2021.5
    z = np.zeros((problem.dimensions, 1))
    twice = study_with_half_year(tmp_path / "b", line(2020, "sales", 130) + half(2021, 140))
    assert problem_of(twice).loglik(z) != problem.loglik(z)
    both = study_with_half_year(tmp_path / "c", half(2021, 70) + line(2021, "sales", 145))
    assert [d.observation.value for d in problem_of(both).data] == [145]
    own = study_with_half_year(tmp_path / "d", half(2021, 70, "sales"))
    assert [d.observation.value for d in problem_of(own).data] == [70]


def test_a_part_of_a_year_without_a_share_is_not_fitted_and_is_named(tmp_path):
    late = line(2021, "sales", 100).replace("2021-12-31", "2021-09-30")
    study = study_with_half_year(tmp_path, late + line(2021, "firms", 12))
    assert study.fit is not None
    rows = vintage(study.history, "latest").fitted()
    assert pick(study.fit.terms, rows, study.model) == {}
    left = without_term(study.fit.terms, rows, study.model)
    assert {(o.measure, o.period_end) for o in left} == {
        ("sales", date(2021, 9, 30)),
        ("firms", date(2021, 12, 31)),
    }


def test_every_fault_of_a_part_is_told(tmp_path):
    study = study_with_half_year(tmp_path, "")
    path = study.folder / "calibration" / "fit.toml"
    text = path.read_text("utf-8").replace('"06-30"', '"June"').replace("share = 0.5", "share = 2")
    path.write_text(text, "utf-8")
    with pytest.raises(SDError) as caught:
        _ = open_study(study.folder).fit
    told = "\n".join(caught.value.problems)
    assert "ends must be a month and day" in told
    assert "share must be above 0" in told


def test_a_term_for_each_element_is_one_term_an_element(tmp_path):
    folder = make_study(tmp_path)
    path = folder / "calibration" / "fit.toml"
    more = """
[[term]]
measure = "value"
each = "goods"
title = { zh = "{name}产值", en = "Value of {name}" }
variable = "trade"
unit = "Ton"
sd = 0.03
basis = "test"
"""
    path.write_text(path.read_text("utf-8").replace("[[group]]", more + "[[group]]"), "utf-8")
    with pytest.raises(SDError, match='each: no range "goods"'):
        _ = open_study(folder).fit


def test_no_half_year_reaches_a_vintage_that_ends_before_it(tmp_path):
    study = study_with_half_year(tmp_path, line(2020, "sales", 130) + half(2021, 70))
    assert [d.year for d in problem_of(study, "through-2020").data] == [2020]
