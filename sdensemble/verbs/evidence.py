"""The verbs of evidence: calibrate, backtest, forecast, audit, observe; from a study to files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sdensemble.evidence.audit import audit
from sdensemble.evidence.backtest import backtest
from sdensemble.evidence.calibrate import Asked as Fit
from sdensemble.evidence.calibrate import calibrate
from sdensemble.evidence.forecast import forecast, write_draws
from sdensemble.evidence.observe import batches, observe_add, observe_undo, read_figures
from sdensemble.evidence.structures import compare_structures
from sdensemble.inputs.history import LATEST
from sdensemble.lang import LANGS, Tell, Words
from sdensemble.outputs.columns import TABLES, write_meanings
from sdensemble.outputs.document import Document
from sdensemble.outputs.evidence.audit import audit_document
from sdensemble.outputs.evidence.backtest import (
    backtest_document,
    backtest_figure,
    backtest_records,
)
from sdensemble.outputs.evidence.calibrate import calibration_document, calibration_figures
from sdensemble.outputs.evidence.forecast import (
    forecast_document,
    forecast_figure,
    forecast_records,
)
from sdensemble.outputs.evidence.observe import (
    batches_document,
    observed_document,
    undone_document,
)
from sdensemble.outputs.evidence.structures import (
    CHANCES,
    WEIGHTS,
    chance_rows,
    structures_document,
    weight_rows,
)
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.text import terminal_columns
from sdensemble.outputs.write.csv import write_records, write_rows
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.record import RunRecord, VerbResult, written
from sdensemble.study import Study


@dataclass(frozen=True)
class Asked:
    """What every question about evidence may be asked with; ``draws`` are particles or members."""

    as_of: str = ""
    prior_set: str = ""
    seed: int = 1
    draws: int = 2048
    threads: int | None = None
    lang: str = "zh"
    out: Path | None = None


def _result(asked: Asked, document: Document, folder: Path | None, seconds: float) -> VerbResult:
    text = document_text(document, asked.lang, terminal_columns())
    return VerbResult(text, folder, seconds=seconds)


def calibrate_study(
    study: Study,
    asked: Asked,
    *,
    profiles: bool = True,
    figures: Path | None = None,
    tell: Tell | None = None,
) -> VerbResult:
    """Fit a study and keep the posterior; with ``figures`` draw the diagnosis there."""
    fit = Fit(
        asked.as_of,
        asked.prior_set,
        asked.seed,
        asked.draws,
        asked.threads,
        profiles,
        asked.out,
    )
    found = calibrate(study, fit, tell)
    drawn: tuple[Path, ...] = ()
    if figures is not None and found.diagnosis is not None:
        record = RunRecord.begin(as_of=found.known.name, files_read=study.digests())
        with written(figures, record) as writing:
            _draw(writing.partial, calibration_figures(study, found.diagnosis))
        drawn = tuple(figures / name for name in writing.files)
    done = _result(asked, calibration_document(study, found), found.path, found.seconds)
    return replace(done, files=drawn)


def weigh_structures(study: Study, asked: Asked, tell: Tell | None = None) -> VerbResult:
    """Fit every structure, and write the weights for ``run --weights``."""
    found = compare_structures(
        study,
        prior_set=asked.prior_set,
        seed=asked.seed,
        particles=asked.draws,
        threads=asked.threads,
        tell=tell,
    )
    folder = study.folder / "calibration"
    path = write_rows(folder / "variant-weights.csv", WEIGHTS, weight_rows(found))
    write_rows(folder / "variant-chances.csv", CHANCES, chance_rows(found))
    return _result(asked, structures_document(study, found), path, found.seconds)


def backtest_study(study: Study, asked: Asked, tell: Tell | None = None) -> VerbResult:
    """Forecast from every origin and score; with ``out`` write table, texts and figure there."""
    found = backtest(
        study,
        prior_set=asked.prior_set,
        seed=asked.seed,
        particles=asked.draws,
        threads=asked.threads,
        tell=tell,
    )
    document = backtest_document(study, found)
    if asked.out is not None:
        record = RunRecord.begin(as_of=LATEST, files_read=study.digests())
        with written(asked.out, record) as writing:
            rows = backtest_records(study, found)
            write_records(writing.partial / "backtest.csv", TABLES["backtest"], rows)
            write_meanings(writing.partial / "columns.csv", ["backtest"])
            _texts(writing.partial, document)
            _draw(writing.partial, [backtest_figure(study, found)])
    return _result(asked, document, asked.out, found.seconds)


def forecast_study(
    study: Study,
    asked: Asked,
    *,
    to: int | None = None,
    scenario: str = "",
    prior_only: bool = False,
    tell: Tell | None = None,
) -> VerbResult:
    """Forecast what is to be published; with ``out`` write table, draws, texts and figure there."""
    found = forecast(
        study,
        as_of=asked.as_of,
        to=to,
        scenario=scenario,
        prior_set=asked.prior_set,
        prior_only=prior_only,
        members=asked.draws,
        seed=asked.seed,
        threads=asked.threads,
        tell=tell,
    )
    document = forecast_document(study, found)
    if asked.out is not None:
        record = RunRecord.begin(
            as_of=found.known.name, files_read=study.digests(), key=dict(found.key)
        )
        with written(asked.out, record) as writing:
            rows = forecast_records(study, found)
            write_records(writing.partial / "forecast.csv", TABLES["forecast"], rows)
            write_meanings(writing.partial / "columns.csv", ["forecast"])
            write_draws(writing.partial / "forecast.nc", found)
            _texts(writing.partial, document)
            _draw(writing.partial, [forecast_figure(study, found)])
    return _result(asked, document, asked.out, found.seconds)


def audit_study(
    study: Study,
    asked: Asked,
    *,
    scenario: str = "",
    start: float | None = None,
    tell: Tell | None = None,
) -> VerbResult:
    """Hold the forecast of the policy's issue against what came."""
    found = audit(
        study,
        prior_set=asked.prior_set,
        scenario=scenario,
        start=start,
        seed=asked.seed,
        members=asked.draws,
        threads=asked.threads,
        tell=tell,
    )
    return _result(asked, audit_document(study, found), None, found.seconds)


def observe_figures(
    study: Study,
    file: Path,
    asked: Asked,
    *,
    each: bool = False,
    ask: Callable[[Words], str] | None = None,
    tell: Tell | None = None,
    **given: str,
) -> VerbResult:
    """Add the figures of a file, refit, and say what they moved; ``given`` fills its columns."""
    figures = read_figures(file, study, ask, **given)
    found = observe_add(
        study,
        figures,
        prior_set=asked.prior_set,
        seed=asked.seed,
        particles=asked.draws,
        each=each,
        threads=asked.threads,
        tell=tell,
    )
    return _result(asked, observed_document(study, found), None, found.seconds)


def list_observed(study: Study, asked: Asked) -> VerbResult:
    """Return the figures people brought in."""
    return _result(asked, batches_document(study, batches(study)), None, 0.0)


def undo_observed(study: Study, batch: str, asked: Asked) -> VerbResult:
    """Take back an import: the one named, or the latest."""
    return _result(asked, undone_document(observe_undo(study, batch)), None, 0.0)


def _texts(folder: Path, document: Document) -> None:
    """Write a document as plain text in every language."""
    for lang in LANGS:
        path = folder / f"{document.id}-{lang}.txt"
        path.write_text(document_text(document, lang) + "\n", encoding="utf-8")


def _draw(folder: Path, figures: Iterable[Figure]) -> None:
    """Draw figures in every language."""
    from sdensemble.outputs.write.picture import write_figure

    for figure in figures:
        for lang in LANGS:
            write_figure(figure, folder / f"{figure.id}-{lang}", lang)
