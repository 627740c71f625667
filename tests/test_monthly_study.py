"""A study by the month with labels in one language runs through every verb, and no word of another
study stands in what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdensemble.verbs.cli import main

FOREIGN = (
    *("Shanxi", "province", "sector", "Yi", "mu", "opinion", "history priors", "plan priors"),
    *("山西", "省", "亿元", "意见", "集群", "2026.0"),
)
OWN = "time,measure,sector,value,unit,published_on\n9,members,town,2700,person,2024-11-20\n"


pytestmark = pytest.mark.usefixtures("no_figures")  # what is said is read, not what is drawn


@pytest.fixture(scope="module")
def library(root: Path, tmp_path_factory) -> Path:
    """A copy of the library, with a posterior and a run of it."""
    folder = tmp_path_factory.mktemp("study") / "library"
    shutil.copytree(root / "examples" / "library", folder)
    (folder / "own.csv").write_text(OWN, encoding="utf-8")
    call(folder, "calibrate", "--particles", 128, "--no-profiles")
    call(folder, "run", "--members", 32, "--out", folder / "outputs" / "run")
    return folder


def call(folder: Path, *words: object, lang: str = "en") -> str:
    """Return what a verb says, having made sure that it ends well."""
    arguments = [str(word) for word in (*words, "--study", folder, "--lang", lang)]
    found = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


VERBS = {
    "check": (),
    "run": ("--prior-only", "--members", 32, "--variant", "all"),
    "scorecard": (),
    "ledger": (),
    "backtest": ("--particles", 128),
    "forecast": ("--members", 128, "--to", 14),
    "audit": ("--members", 128, "--scenario", "adverts"),
    "describe": ("--levers",),
    "compare": ("adverts", "cards", "--members", 64),
}


SLOW = {"backtest"}


@pytest.mark.parametrize(
    "verb", [pytest.param(v, marks=[pytest.mark.full] if v in SLOW else []) for v in VERBS]
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_verb_says_months_and_no_word_of_another_study(library, verb, lang):
    if lang == "zh" and verb in ("backtest", "forecast", "audit"):
        pytest.skip("fits again: English shows it")
    text = call(library, verb, *VERBS[verb], lang=lang)
    text = re.sub(r"\d{4}-\d\d-\d\d|\S*/\S+", "", text)  # days and paths are the study's own
    found = [word for word in FOREIGN if re.search(rf"(?<![A-Za-z0-9]){word}(?![a-z0-9])", text)]
    assert not found, f"{found} in {text}"


def test_a_run_speaks_of_months(library):
    text = (library / "outputs" / "run" / "answer-en.txt").read_text("utf-8")
    assert "at least 3000 people in month 36" in text
    assert "第36月" in (library / "outputs" / "run" / "answer-zh.txt").read_text("utf-8")


def test_a_persons_own_figure_of_a_month_is_taken(library, tmp_path):
    folder = tmp_path / "library"
    shutil.copytree(library, folder)
    text = call(folder, "observe", "add", folder / "own.csv", "--particles", 128)
    assert "Members at the end of the month 9 = 2700 people" in text
