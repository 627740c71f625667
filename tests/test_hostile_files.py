"""Files of a study that somebody broke, by chance or on purpose: an answer or one clear message.

A fixed seed mangles each file of a small study; `pytest -m full` does so 100,000 times.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdensemble.verbs.cli import main

STUDY = Path("examples/teacup")
SECONDS = 5.0


def faults(study: Path, lang: str) -> list[str]:
    """Return what is wrong with the way a study is refused, or taken."""
    begun = time.monotonic()
    done = CliRunner().invoke(main, ["check", "--study", str(study), "--lang", lang])
    found = []
    if done.exception and not isinstance(done.exception, SystemExit):
        found.append(f"traceback: {done.exception!r}")
    if "fault of the program" in done.output or "程序错误" in done.output:
        found.append(done.output[-300:])
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in done.output):
        found.append(f"a control character reaches the terminal: {done.output[-300:]!r}")
    if time.monotonic() - begun > 4 * SECONDS:
        found.append(f"took {time.monotonic() - begun:.0f} s")
    return found


@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000, "1e400", "[" * 3000 + "]" * 3000])
@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("calibration/priors.toml", "low"),
        ("scenarios/lid.toml", "order"),
        ("outputs/report.toml", "as_of"),
    ],
)
def test_numbers_and_brackets_beyond_measure_are_refused_by_file(
    tmp_path: Path, file: str, key: str, value: str
) -> None:
    study = tmp_path / "study"
    shutil.copytree(STUDY, study)
    lines = (study / file).read_text(encoding="utf-8-sig").splitlines()
    at = next((i for i, line in enumerate(lines) if line.startswith(f"{key} =")), 0)
    lines[at : at + 1] = [f"{key} = {value}"]
    (study / file).write_text("\n".join(lines), encoding="utf-8")
    assert faults(study, "en") == []
    done = CliRunner().invoke(main, ["check", "--study", str(study), "--lang", "en"])
    assert done.exit_code == 1
    assert Path(file).name in done.output


def test_a_pipe_among_the_scenarios_is_not_waited_for(tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(STUDY, study)
    os.mkfifo(study / "scenarios" / "pipe.toml")
    done = CliRunner().invoke(main, ["check", "--study", str(study), "--lang", "en"])
    assert done.exit_code == 1
    assert "pipe.toml: is no plain file" in done.output


def test_an_end_time_that_is_an_equation_is_checked_as_it_is_run(tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(STUDY, study)
    path = study / "model" / "teacup.mdl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("FINAL TIME=", "FINAL TIME=\nTIME="), encoding="utf-8")
    assert faults(study, "en") == []
