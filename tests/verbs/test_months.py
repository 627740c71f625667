"""Every verb on a study that counts months and has its labels in one language: nothing leaks.

What a verb says is a document, so each is asked once and told in every language.
"""

from __future__ import annotations

import re
import shutil

import pytest

from sdensemble.lang import LANGS
from sdensemble.outputs.table import Table
from sdensemble.study import open_study
from sdensemble.verbs.allocate import AllocateOptions, allocate
from sdensemble.verbs.audit import AuditOptions, audit
from sdensemble.verbs.backtest import BacktestOptions, backtest
from sdensemble.verbs.batch import BatchOptions, GridOptions, batch, grid
from sdensemble.verbs.calibrate import CalibrateOptions, calibrate
from sdensemble.verbs.check import CheckOptions, check
from sdensemble.verbs.compare import CompareOptions, compare
from sdensemble.verbs.describe import DescribeOptions, describe
from sdensemble.verbs.forecast import ForecastOptions, forecast
from sdensemble.verbs.ledger import LedgerOptions, ledger
from sdensemble.verbs.matter import (
    DiscoverOptions,
    InformationOptions,
    PackageOptions,
    SensitivityOptions,
    discover,
    information,
    package,
    sensitivity,
)
from sdensemble.verbs.observe import ListOptions, listed
from sdensemble.verbs.reach import FrontierOptions, SolveOptions, frontier, solve
from sdensemble.verbs.robust import RobustOptions, robust
from sdensemble.verbs.run_options import RunOptions
from sdensemble.verbs.run_study import run_study
from sdensemble.verbs.scorecard import ScorecardOptions, scorecard
from sdensemble.verbs.weigh import WeighOptions, weigh

BOTH = """order = 5
title = "Adverts and cards"
purpose = "Both at half their strength."
package = "money"
[levers]
"advertising" = { value = 500, start = 6, unit = "Euro/Month" }
"loyalty card" = { value = 0.2, start = 6, unit = "Dmnl" }
"""
LEAKS = {
    "zh": r"\d\s*年|年份|年均|各年|当年|该年|逐年|年底"
    r"|财政|土地|用地|产值|产业|山西|省级|集群|亿元|None",
    "en": r"\d,? years?\b|\bin (12|36|47)\b"
    r"|treasury|\bland\b|Shanxi|cluster|sector|yuan|opinion|None",
}
"""What is a year where months are meant, or of the Shanxi study."""


@pytest.fixture(scope="module")
def library(tmp_path_factory, root):
    folder = tmp_path_factory.mktemp("library") / "study"
    shutil.copytree(root / "examples" / "library", folder, ignore=shutil.ignore_patterns("20*"))
    (folder / "scenarios" / "both.toml").write_text(BOTH, encoding="utf-8")
    return folder


def clean(result):
    """Hold what a verb says, in every language, against what must not stand in it."""
    assert result.document is not None
    for lang in LANGS:
        text = result.text(lang)
        for line in text.splitlines():
            assert not re.search(LEAKS[lang], line), (lang, line)
    for table in result.document.walk():
        if isinstance(table, Table):
            for lang in LANGS:
                assert all(table.head(lang)[1:]), (table.id, table.head(lang))
    return result


FEW = {"members": 32, "prior_only": True}
WORLDS = {
    "compare": (compare, CompareOptions, {"scenarios": ("adverts", "cards")}),
    "robust": (robust, RobustOptions, {"scenarios": ("adverts", "cards")}),
    "information": (information, InformationOptions, {"scenarios": ("adverts", "cards")}),
    "weigh": (weigh, WeighOptions, {}),
    "sensitivity": (sensitivity, SensitivityOptions, {}),
    "package": (package, PackageOptions, {"scenario": "both"}),
    "discover": (discover, DiscoverOptions, {}),
    "solve": (solve, SolveOptions, {"lever": "advertising", "probability": 0.95}),
    "frontier": (
        frontier,
        FrontierOptions,
        {"levers": ("advertising",), "probabilities": (0.95,), "searched": 32},
    ),
    "grid": (grid, GridOptions, {"levers": ("advertising=0:1000:2",)}),
    "allocate": (
        allocate,
        AllocateOptions,
        {"envelopes": ("advertising=6000",), "spans": ((6, 12), (12, 18)), "steps": 2}
        | {"searched": 32},
    ),
}


@pytest.mark.parametrize("verb", WORLDS)
def test_a_question_of_levers_speaks_of_months_and_of_this_study(library, verb, tmp_path):
    ask, options, more = WORLDS[verb]
    clean(ask(options(study=library, out=tmp_path / "out", **FEW, **more)))


def test_a_batch_takes_a_schedule_of_months(library, tmp_path):
    sheet = tmp_path / "batch.csv"
    sheet.write_text("scenario,Spending on adverts\nfew,6: 200; 24: 400\n", encoding="utf-8")
    asked = BatchOptions(study=library, file=sheet, out=tmp_path / "out", **FEW)
    found = clean(batch(asked)).found
    few = next(one for one in found.scenarios if one.name == "few")
    assert few.settings[0].times == (6.0, 24.0)


def test_what_evidence_says_speaks_of_months(library):
    study = open_study(library)
    clean(calibrate(CalibrateOptions(study=study, particles=128, no_profiles=True)))
    study = open_study(library)
    few = {"study": study, "members": 128}
    clean(forecast(ForecastOptions(**few, to=12)))
    clean(audit(AuditOptions(**few)))
    clean(listed(ListOptions(study=study)))
    clean(check(CheckOptions(study=study)))
    clean(describe(DescribeOptions(study=study, what="outlay")))


@pytest.mark.full
def test_a_backtest_speaks_of_months(library):
    clean(backtest(BacktestOptions(study=library, particles=128)))


def test_a_run_and_what_is_read_from_it_speak_of_months(library, no_figures, tmp_path):
    done = clean(run_study(RunOptions(study=library, out=tmp_path / "run", **FEW)))
    clean(scorecard(ScorecardOptions(study=library, run=done.folder, out=tmp_path / "score")))
    clean(ledger(LedgerOptions(study=library, run=done.folder, out=tmp_path / "ledger")))
    for path in sorted((tmp_path / "run").glob("*.csv")):
        head = path.read_text("utf-8-sig").splitlines()[0]
        assert not re.search(LEAKS["zh"], head), (path.name, head)
