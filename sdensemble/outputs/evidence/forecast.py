"""A blind forecast of what is still to be published: its document, table of files and figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdensemble.evidence.forecast import MODEL, STATISTIC, Forecast, Series, moments, write_draws
from sdensemble.lang import Words, phrase
from sdensemble.outputs.document import Document
from sdensemble.outputs.evidence.common import (
    QUANTILES,
    Upwards,
    cell,
    document,
    draw,
    evidence_table,
    lines,
    no_term,
)
from sdensemble.outputs.evidence.figures import forecast_figure
from sdensemble.outputs.heads import write_csv, write_meanings
from sdensemble.outputs.naming import information_date, label, moment
from sdensemble.outputs.table import Cell, Column, Table, by_language
from sdensemble.outputs.write.terminal import write_texts
from sdensemble.study import Study

SHOWN = 5
"""Periods a table for people shows: the first ones and the last."""
FIVE = (0.05, 0.5, 0.95)
PERCENT = Upwards(factor=100.0, suffix="%")


def forecast_document(study: Study, found: Forecast) -> Document:
    """Return 5, 50 and 95% of each series and year."""
    head = phrase("evidence.forecast_of", said=_said(study, found))
    years = list(found.years)
    if len(years) > SHOWN:
        years = [*years[: SHOWN - 1], years[-1]]
    tables = [_table(study, found, kind, years) for kind in (STATISTIC, MODEL)]
    more = [phrase("evidence.errors"), *no_term(study, found.known)]
    return document("forecast", [*lines([head]), *tables, *lines(more)])


def _said(study: Study, found: Forecast) -> Words:
    """Return what the forecast hangs on."""
    posterior = found.key["posterior"]
    return phrase(
        "evidence.forecast_from",
        date=information_date(found.known.name, study.report.issued),
        scenario=found.policy.title if found.policy else "-",
        priors=label(study.report, str(found.key["prior_set"])),
        posterior=phrase("evidence.from_prior") if posterior == "prior" else posterior,
    )


def _table(study: Study, found: Forecast, kind: str, years: Sequence[int]) -> Table:
    def quantiles(year: int) -> Cell:
        place, head = found.years.index(year), moment(study.model, study.report, year)
        column = Column(str(year), head, QUANTILES)
        return column, lambda one: np.nanquantile(one.draws[place], FIVE)

    return evidence_table(
        f"kind_{kind}",
        [one for one in found.series if one.kind == kind],
        cell("series", "title"),
        cell("unit", lambda one: study.report.unit_words(one.unit)),
        *map(quantiles, years),
        cell("median_error", lambda one: _median_error(found, one, years), PERCENT),
    )


def _median_error(found: Forecast, one: Series, years: Sequence[int]) -> float:
    """Return the Monte Carlo error of the medians, a share of them: the largest of some years."""
    rows = [moments(one.draws[found.years.index(year)], found.replicate) for year in years]
    shares = [row["mc_error_median"] / row["q500"] for row in rows if "q500" in row]
    return max(shares, default=float("nan"))


def forecast_records(study: Study, found: Forecast) -> Iterator[dict[str, Any]]:
    """Yield a row of ``forecast.csv`` for each series and year."""
    for one in found.series:
        measure, _, sector = one.name.partition("/")
        for i, year in enumerate(found.years):
            yield {
                "kind": one.kind,
                "series": one.name,
                "measure": measure,
                "sector": sector,
                **by_language("title", one.title),
                "unit": one.unit,
                **by_language("unit", study.report.unit_words(one.unit)),
                "year": year,
                "origin": found.origin,
                "horizon": year - found.origin,
                "fitted": int(year in one.fitted),
                **moments(one.draws[i], found.replicate),
                **found.key,
            }


def write_forecast(folder: Path, study: Study, found: Forecast, lang: str) -> None:
    """Write table, draws, texts and figure; the table's heads are in a language."""
    write_csv(folder, "forecast", forecast_records(study, found), lang)
    write_meanings(folder, ["forecast"], lang)
    write_draws(folder / "forecast.nc", found)
    write_texts(folder, forecast_document(study, found), "forecast")
    draw(folder, [forecast_figure(study, found)], study, _said(study, found))
