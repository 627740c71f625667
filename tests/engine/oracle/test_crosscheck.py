"""The same file in our kernel, PySD and pysimlin."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from sdengine.oracle import crosscheck as checks
from sdensemble import read_model
from sdensemble.verbs.cli import main
from tests.builders import small_model, variable

TEACUP = Path(__file__).resolve().parents[3] / "examples" / "teacup" / "model" / "teacup.mdl"


def call(*arguments):
    return CliRunner().invoke(main, ["crosscheck", *map(str, arguments), "--lang", "en"])


def test_the_engines_agree_on_the_teacup():
    found = call(TEACUP, "--steps", 16)
    assert found.exit_code == 0
    lines = found.output.splitlines()
    assert lines[0] == "teacup.mdl: 16 steps"
    assert lines[1].startswith("PySD 3")
    assert lines[1].endswith("9 variables, all within the norm")


def test_a_disagreement_with_pysd_ends_with_status_one(monkeypatch):
    run = checks.Oracle.run

    def warmer(self, **options):
        series = run(self, **options)
        series["teacup temperature"] = series["teacup temperature"] + 1e-4
        return series

    monkeypatch.setattr(checks.Oracle, "run", warmer)
    found = call(TEACUP, "--steps", 4)
    assert found.exit_code == 1
    worst = found.output.splitlines()[5]
    assert worst.split()[:3] == ["teacup", "temperature", "0.0001"]
    assert worst.endswith("OUTSIDE")


def test_a_file_pysd_does_not_run_is_said_and_ends_with_status_one(monkeypatch):
    def fails(self, model):
        raise RuntimeError("first line\nmore")

    monkeypatch.setattr(checks.Oracle, "__init__", fails)
    found = call(TEACUP, "--steps", 4)
    assert found.exit_code == 1
    assert "PySD did not run it: RuntimeError: first line … more" in found.output


def test_steps_beyond_the_clock_are_refused():
    found = call(TEACUP, "--steps", 241)
    assert found.exit_code == 1
    assert "has 1 to 240 steps" in found.stderr


def test_elements_and_runge_kutta_are_compared(write_model):
    path = write_model(
        "region: north, south ~~|\nrate[region] = 1, 2 ~~|\n"
        "x[region] = INTEG(-rate[region] * x[region], 1) ~~|\n"
    )
    settings = "\\\\\\---/// Sketch information\n///---\\\\\\\n:L<%^E!@\n15:0,0,0,1,0,0\n"
    path.write_text(path.read_text("utf-8") + settings, encoding="utf-8")
    found = checks.crosscheck(path)
    assert found.agree
    assert "the file asks for rk4; held against Euler" in found.comparisons[0].note


def test_what_random_functions_reach_is_left_out(write_model):
    path = write_model(
        "noise = RANDOM UNIFORM(0, 1, 0) ~~|\nx = INTEG(noise, 0) ~~|\nstill = 3 ~~|\n"
    )
    assert checks.touched_by_random(read_model(path)) == ("noise", "x")


def test_the_norm_looks_at_a_column_and_at_its_unit():
    model = small_model(variable("big", unit="Yi"), variable("small", unit="Yi"))
    expected = {"big": np.array([1e6, 1e6]), "small": np.array([1.0, 1.0])}
    near = {"big": expected["big"] + 1e-4, "small": expected["small"] + 5e-7}
    assert checks.disagreements(model, near, expected) == []
    far = {"big": expected["big"], "small": expected["small"] + np.array([0, 2e-6])}
    assert checks.disagreements(model, far, expected) == ["small: off by 2e-06 of 1"]
    assert [one.name for one in checks.compare(model, far, expected)] == ["small", "big"]


def test_no_number_agrees_with_no_number_only():
    model = small_model(variable("a"))
    nan, one = np.array([np.nan, np.inf]), np.array([1.0, np.inf])
    assert checks.disagreements(model, {"a": nan}, {"a": nan}) == []
    assert checks.disagreements(model, {"a": nan}, {"a": one}) != []
    assert checks.disagreements(model, {"a": one}, {"a": nan}) != []


def test_an_engine_that_takes_its_process_with_it_is_only_said(monkeypatch, tmp_path):
    package = tmp_path / "simlin"
    package.mkdir()
    (package / "__init__.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = checks.crosscheck(TEACUP, 4)
    assert found.comparisons[1].engine.startswith("pysimlin")
    assert found.comparisons[1].failure.startswith("RuntimeError")
    assert found.agree


def test_pysd_is_given_the_model_written_out_where_it_cannot_read_the_file(write_model):
    found = checks.crosscheck(write_model("x=Time {since the start} + 2 \\\n+ 1~~|\ny=-x^2~~|"))
    assert found.agree
    assert "given the model as our reader writes it out" in found.comparisons[0].note
