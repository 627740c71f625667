"""Forecasts from every origin beside naive ones: their document, table of files and figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sdensemble.evidence.backtest import MODEL, Backtest, Row, against, mean_crps_error
from sdensemble.evidence.scores import BANDS
from sdensemble.inputs.history import LATEST, vintage
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.cells import picked
from sdensemble.outputs.document import Block, Document
from sdensemble.outputs.evidence.common import (
    PLAIN,
    THREE,
    TWO,
    Besides,
    Quantiles,
    cell,
    document,
    draw,
    evidence_table,
    forecast_of,
    lines,
    method_title,
    no_term,
    plus_minus,
    series_cells,
    series_title,
    with_error,
)
from sdensemble.outputs.evidence.figures import backtest_figure
from sdensemble.outputs.form import Number, Shown
from sdensemble.outputs.heads import write_csv, write_meanings
from sdensemble.outputs.naming import period_of
from sdensemble.outputs.table import Column, Table
from sdensemble.outputs.write.terminal import write_texts
from sdensemble.study import Study

HELD = Number(places=0, factor=100.0, suffix="%")
"""A share of figures counted, which may be none or all."""
BAND_HEAD = "/".join(f"{100 * band:.0f}" for band in BANDS) + "%"


def backtest_document(study: Study, found: Backtest) -> Document:
    """Return every forecast, the means by series and horizon, and the plain verdict."""
    if not found.rows:
        return document("backtest", lines([phrase("evidence.no_backtest")]))
    blocks: list[Block] = [_scores(study, found), _by_horizon(study, found)]
    blocks += lines(_coverage(study, found))
    blocks += lines(no_term(study, vintage(study.history, LATEST)))
    return document("backtest", blocks)


def _scores(study: Study, found: Backtest) -> Table:
    return evidence_table(
        "backtest",
        found.rows,
        *series_cells(study),
        cell("origin", "origin"),
        cell("who", lambda row: method_title(study, row.method)),
        cell("value", "value", PLAIN),
        cell("forecast", lambda row: forecast_of(row.score), Quantiles(digits=4)),
        with_error("crps", "score.crps", "score.error", THREE, "CRPS"),
        cell("log_score", "score.log_score", TWO),
        (Column("pit", "PIT", TWO), "score.pit"),
        (Column("inside", BAND_HEAD), lambda row: _signs(row.score.inside)),
        notes=(phrase("evidence.score_words"),),
    )


def _signs(inside: Sequence[bool]) -> str:
    return "".join("+" if one else "-" for one in inside)


def _by_horizon(study: Study, found: Backtest) -> Table:
    """Return by series and horizon who forecast best."""
    every = [
        [row for row in found.rows if (row.series, row.horizon) == (series, horizon)]
        for series in dict.fromkeys(row.series for row in found.rows)
        for horizon in sorted({row.horizon for row in found.rows if row.series == series})
    ]
    notes = [phrase("evidence.errors"), phrase("evidence.same_figures")]
    if study.fit and study.fit.baselines:
        sizes = sorted({f"{b.sd:.0%}" for b in study.fit.baselines})
        notes.append(phrase("evidence.rivals_error", sd="/".join(sizes)))
    unit = period_of(study.model, study.report)
    return evidence_table(
        "by_horizon",
        every,
        cell("series", lambda own: series_title(study, own[0].series)),
        (Column("horizon", phrase("evidence.horizon", unit=unit)), lambda own: own[0].horizon),
        cell("figures", lambda own: len(_by(MODEL, own))),
        *(
            (Column(name, method_title(study, name), Besides()), partial(_mean_score, name))
            for name in found.methods
        ),
        cell("verdict", lambda own: _verdict(study, own, found.methods)),
        notes=notes,
    )


def _by(method: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.method == method]


def _mean(rows: Sequence[Row], what: str) -> float:
    return float(np.mean([getattr(row.score, what) for row in rows])) if rows else float("nan")


def _mean_score(method: str, rows: Sequence[Row]) -> tuple[float, str] | None:
    """Return a mean CRPS with what stands beside it.

    Its Monte Carlo error, and the number of figures where they are fewer than the model's.
    """
    own, most = _by(method, rows), len(_by(MODEL, rows))
    if not own:
        return None
    error = mean_crps_error([row.score for row in own])
    beside = [one for one in [plus_minus(error, 3)] if one]
    beside += [str(len(own))] if len(own) < most else []
    return _mean(own, "crps"), ", ".join(beside)


def _verdict(study: Study, rows: Sequence[Row], names: Sequence[str]) -> Words:
    found = {name: against(rows, name) for name in names if name != MODEL}
    rivals = {name: way for name, way in found.items() if way is not None}
    if not rivals:
        return phrase("evidence.no_rival")
    said = []
    for way, word in ((-1, "naive_best"), (0, "tie")):
        who = [method_title(study, name) for name, one in rivals.items() if one == way]
        if who:
            said.append(phrase(f"evidence.{word}", who=joined(who)))
    return joined(said, "clause") if said else phrase("evidence.model_best")


def _coverage(study: Study, found: Backtest) -> Iterator[Words]:
    """Yield how often each method's intervals held the figure."""
    for name in found.methods:
        own = _by(name, found.rows)
        held = np.mean([row.score.inside for row in own], axis=0)
        shares = {key: Shown(share, HELD) for key, share in zip("abc", held, strict=True)}
        log = Shown(_mean(own, "log_score"), TWO)
        who = method_title(study, name)
        yield phrase("evidence.coverage", who=who, n=len(own), log=log, **shares)


def backtest_records(study: Study, found: Backtest) -> Iterator[dict[str, Any]]:
    """Yield a row of ``backtest.csv`` for each forecast."""
    for row in found.rows:
        score = row.score
        inside = zip(BANDS, score.inside, strict=True)
        yield {
            **picked(row, "series origin year horizon method value"),
            **picked(score, "low median high log_score pit"),
            "crps_log": score.crps,
            "crps_error": score.error,
            **{f"inside_{100 * band:.0f}": int(one) for band, one in inside},
        }


def write_backtest(folder: Path, study: Study, found: Backtest, lang: str) -> None:
    """Write table, texts and figure; the table's heads are in a language."""
    write_csv(folder, "backtest", backtest_records(study, found), lang)
    write_meanings(folder, ["backtest"], lang)
    write_texts(folder, backtest_document(study, found), "backtest")
    draw(folder, [backtest_figure(study, found)], study)
