"""Shared fixtures. Tests use a cache folder of their own, so that they compile what they test."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

if "SDENSEMBLE_CACHE" not in os.environ:
    os.environ["SDENSEMBLE_CACHE"] = tempfile.mkdtemp(prefix="sdensemble-test-cache-")
    atexit.register(shutil.rmtree, os.environ["SDENSEMBLE_CACHE"], ignore_errors=True)
os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples on every machine: what is accepted must not hang on luck. Explore with
# `pytest --hypothesis-profile default`.
settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


def pytest_configure(config: pytest.Config) -> None:
    """Let pass what pandas 3 says of pandas 4; pandas 2 has no such warning."""
    import pandas.errors

    if hasattr(pandas.errors, "Pandas4Warning"):
        config.addinivalue_line("filterwarnings", "ignore::pandas.errors.Pandas4Warning")


ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository: the Shanxi study."""
    return ROOT


@pytest.fixture(scope="session")
def study(root: Path):
    """The shipped study, read."""
    from sdensemble.study import open_study

    return open_study(root)


@pytest.fixture(scope="session")
def kernel(study):
    """The shipped model, compiled."""
    from sdensemble import compile_model

    return compile_model(study.model)


@pytest.fixture
def write_model(tmp_path: Path):
    """Return a function that writes a Vensim file with a short clock and returns its path."""

    def write(equations: str, name: str = "model.mdl", *, step: float = 0.25, stop: float = 2.0):
        clock = (
            f"INITIAL TIME=0~Year~|\nFINAL TIME={stop}~Year~|\n"
            f"TIME STEP={step}~Year~|\nSAVEPER=TIME STEP~Year~|\n"
        )
        path = tmp_path / name
        path.write_text("{UTF-8}\n" + equations + "\n" + clock, encoding="utf-8")
        return path

    return write


@pytest.fixture
def teacup(tmp_path: Path) -> Path:
    """A copy of the teacup study in a folder with Chinese characters and a space."""
    folder = tmp_path / "山西 研究" / "茶杯 study"
    shutil.copytree(ROOT / "examples" / "teacup", folder, ignore=_runs)
    return folder


def _runs(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder).name == "outputs" and "." not in name]


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawing out of a run, which takes longer than all the rest of it."""
    import sdensemble.outputs.figures as figures

    monkeypatch.setattr(figures, "draw_figures", lambda *args: ((), ""))


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """A synthetic run of every scenario, never changed by a test."""
    from tests.outputs import synthetic

    return synthetic.results(tmp_path_factory.mktemp("spec"))


@pytest.fixture(scope="session")
def plan(tmp_path_factory):
    """Three scenarios of the same study under another prior set."""
    from tests.outputs import synthetic

    names = ("baseline", "plant-grants", "land-quota")
    folder = tmp_path_factory.mktemp("plan")
    return synthetic.results(folder, names, growth=0.08, prior_set="plan")


@pytest.fixture
def run(results, plan):
    """What a run is made of: see synthetic.every_of and synthetic.answer."""
    return {
        "dataset": results.data,
        "scenarios": results.scenarios,
        "targets": results.targets,
        "spec": results.spec,
        "model": results.model,
        "extra": {"plan": plan.data},
    }
