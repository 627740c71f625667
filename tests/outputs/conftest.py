"""A synthetic run shared by the tests of outputs."""

from __future__ import annotations

import pytest

from tests.outputs import synthetic


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """A synthetic run of every scenario, never changed by a test."""
    return synthetic.results(tmp_path_factory.mktemp("spec"))


@pytest.fixture(scope="session")
def plan(tmp_path_factory):
    """Three scenarios of the same study under another prior set."""
    names = ("baseline", "plant-grants", "land-quota")
    folder = tmp_path_factory.mktemp("plan")
    return synthetic.results(folder, names, growth=0.08, prior_set="plan")


@pytest.fixture
def run(results, plan):
    """What write_run and terminal_summary are given, as keyword arguments."""
    return {
        "dataset": results.data,
        "scenarios": results.scenarios,
        "targets": results.targets,
        "spec": results.spec,
        "model": results.model,
        "extra": {"plan": plan.data},
    }
