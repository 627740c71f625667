"""A small study with figures of a known truth."""

from __future__ import annotations

import pytest

from sdensemble.study import Study, open_study
from tests.evidence.small import make_study, truth_figures

TRUTH = {"growth": 0.1, "start": 105.0, "ratio": 0.9}


@pytest.fixture
def small(tmp_path) -> Study:
    """The small study, with figures of 2019 to 2022."""
    return open_study(make_study(tmp_path, truth_figures(TRUTH, range(2019, 2023), 1)))
