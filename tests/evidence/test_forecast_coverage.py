"""Intervals of forecasts hold what later comes at their stated rate, shocks and all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdengine.streams import Stream
from sdensemble import compile_model
from sdensemble.ensemble.members import from_prior
from sdensemble.evidence.fitting import fit_posterior, make_problem
from sdensemble.evidence.likelihood import Problem, student_noise
from sdensemble.evidence.members import from_posterior
from sdensemble.evidence.posterior import bound_of
from sdensemble.evidence.predictive import Source, carried, forecast_logs, score_figure
from sdensemble.evidence.smc import Settings
from sdensemble.inputs.history import vintage
from sdensemble.study import Study, open_study
from tests.evidence.small import make_study, truth_figures

FIRST, LAST, END = 2019, 2021, 2025


def worlds(study: Study, problem: Problem, count: int) -> np.ndarray:
    """Return the logs of figures of as many drawn worlds, (term, year, world).

    The world the fit supposes: until the last figure no shocks but the whole discrepancy; from
    there on drawn shocks, and of the discrepancy what does not stand for them.
    """
    blind = replace(problem, data=())
    forcing = replace(study.forcing, from_time=float(LAST + 1))
    members = from_prior(
        problem.priors, problem.model, forcing, count, seed=77, as_of="", replicates=1
    )
    # A posterior without figures: its draws are the prior's, its shocks begin after the last year.
    source = Source(blind, members, _Known(float(LAST + 1)))  # type: ignore[arg-type]
    found = []
    for index, term in enumerate(problem.fit.terms):
        logs = forecast_logs(source, [index], END)[index] + carried(source, index, END)
        ids = np.arange(count)
        noise = [
            student_noise(Stream(77, "world").sub(f"{index} {y}"), ids, term.sd)
            for y in range(END - FIRST + 1)
        ]
        found.append(logs + np.array(noise))
    return np.array(found)


class _Known:
    """Stands for a posterior that knows when shocks begin, and nothing else."""

    def __init__(self, when: float):
        self.forecast_from = when

    def rows_of(self, series: str) -> list[int]:
        """No figure of any series is fitted."""
        return []


@pytest.mark.parametrize(
    ("count", "off"), [(16, 0.07), pytest.param(64, 0.05, marks=pytest.mark.full)]
)
def test_ninety_per_cent_of_later_figures_lie_in_the_90_per_cent_intervals(tmp_path, count, off):
    """Drawn worlds, two series, four years ahead: PIT within the central 90% at 90 ± 5% in 64."""
    study = open_study(
        make_study(
            tmp_path,
            truth_figures({"growth": 0.1, "start": 105.0, "ratio": 0.9}, range(FIRST, LAST + 1), 1),
        )
    )
    assert study.fit is not None
    shares = [0.6 if term.discrepancy_sd else 0.0 for term in study.fit.terms]
    terms = [replace(t, shock_share=s) for t, s in zip(study.fit.terms, shares, strict=True)]
    fit = replace(study.fit, terms=tuple(terms))
    rows = vintage(study.history, "latest").fitted()
    base = make_problem(compile_model(study.model), study.priors(), fit, rows, study.lived)
    made = worlds(study, base, count)
    pits = []
    for world in range(count):
        data = tuple(
            replace(
                d,
                observation=replace(
                    d.observation, value=float(np.exp(made[d.term, d.year - FIRST, world]))
                ),
            )
            for d in base.data
        )
        problem = replace(base, data=data)
        known = [d.observation for d in data]
        bound = bound_of(problem.model, problem.priors, fit, problem.scenario, known, "latest")
        settings = Settings(particles=16)
        posterior = fit_posterior(problem, bound, seed=world, settings=settings)
        members = from_posterior(
            posterior,
            problem.priors,
            problem.model,
            study.forcing,
            256,
            seed=1000 + world,
            as_of="",
        )
        source = Source(problem, members, posterior)
        for index in range(len(fit.terms)):
            centre = forecast_logs(source, [index], END)[index] + carried(source, index, END)
            template = next(d.observation for d in data if d.term == index)
            for year in range(LAST + 1, END + 1):
                later = replace(
                    template,
                    time=float(year),
                    period_end=template.period_end.replace(year=year),
                    value=float(np.exp(made[index, year - FIRST, world])),
                )
                pits.append(score_figure(source, index, centre[year - FIRST], later).pit)
    held = np.abs(np.array(pits) - 0.5) <= 0.45
    assert held.size == count * 2 * 4
    assert abs(held.mean() - 0.9) < off
    assert abs(np.mean(pits) - 0.5) < 0.03 + off
