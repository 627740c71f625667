"""A small study with figures of a known truth."""

from __future__ import annotations

import pytest

from sdensemble.evidence import fitter, fitting
from sdensemble.study import Study, open_study
from tests.evidence.small import make_study, truth_figures

TRUTH = {"growth": 0.1, "start": 105.0, "ratio": 0.9}


_FITS: dict[str, tuple[fitting.Posterior, list]] = {}


@pytest.fixture
def fits_kept(monkeypatch):
    """Take what was fitted before from memory, with what it told of its progress.

    That a fit has the same bits, interrupted or not, is the subject of test_fit.
    """
    make = fitter.fit_posterior

    def fit(problem, bound, *, seed, settings, checkpoint=None, progress=None):
        key = fitting.fit_key(bound, seed, settings)
        if key not in _FITS:
            told = []
            made = make(
                problem, bound, seed=seed, settings=settings, progress=lambda *of: told.append(of)
            )
            _FITS[key] = made, told
        made, told = _FITS[key]
        for line in told if progress else ():
            progress(*line)
        return made

    monkeypatch.setattr(fitter, "fit_posterior", fit)


@pytest.fixture
def small(tmp_path) -> Study:
    """The small study, with figures of 2019 to 2022."""
    return open_study(make_study(tmp_path, truth_figures(TRUTH, range(2019, 2023), 1)))
