"""An audit: what was forecast, what came, why they differ, and what follows; its document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdensemble.evidence.audit import LEFT, OUTSIDE, SCOPE, SHOCKS, Audit, Floats, Split
from sdensemble.inputs.units import total_unit
from sdensemble.lang import Words, joined, phrase
from sdensemble.outputs.document import Block, Document, Items, Paragraph
from sdensemble.outputs.evidence.common import (
    PLAIN,
    QUANTILES,
    THREE,
    TWO,
    Upwards,
    by_measure,
    cell,
    document,
    evidence_table,
    forecast_of,
    lines,
    series_cells,
    with_error,
)
from sdensemble.outputs.form import Number
from sdensemble.outputs.naming import information_date, moment, period_of
from sdensemble.outputs.table import Cell, Column, Table
from sdensemble.results.jackknife import measured
from sdensemble.study import Study

POINTS = Number(places=1, signed=True, factor=100.0)
ERROR = Upwards(factor=100.0)
FIVE = (0.05, 0.5, 0.95)
OTHER = "other"
WORDS = {SHOCKS: "shocks_word", LEFT: "left", OUTSIDE: "outside_word"}
"""Keys of the shares that are no group's."""
UNLESS_NAMED = {SCOPE: "scope_word", OTHER: "other_word"}
"""Keys of shares that a study may give a title of its own."""


def audit_document(study: Study, found: Audit) -> Document:
    """Return the forecasts with their scores, the split of the misses, and the way ahead."""
    blocks: list[Block] = [_forecasts(study, found)]
    if found.left_out:
        blocks += _left_out(study, found)
    if found.splits:
        blocks += [_splits(study, found.splits), *lines(_zeros(study, found.splits))]
        blocks.append(Paragraph(phrase("evidence.shapley")))
    blocks += [_counterfactual(study, found), _ahead(study, found)]
    return document("audit", [*blocks, *lines([phrase("evidence.errors")])])


def _forecasts(study: Study, found: Audit) -> Table:
    return evidence_table(
        "audit",
        found.rows,
        *series_cells(study),
        cell("value", "value", PLAIN),
        cell("forecast", lambda row: (*forecast_of(row.score), row.score.median_error), QUANTILES),
        with_error("pit", "score.pit", "score.pit_error", TWO, "PIT"),
        with_error("crps", "score.crps", "score.error", THREE, "CRPS"),
        notes=(phrase("evidence.score_words"),),
        date=information_date(found.issued, study.report.issued),
        scenario=found.lived.title,
    )


def _left_out(study: Study, found: Audit) -> list[Block]:
    """Return the later statistics without a term, by reason and measure."""
    items = []
    for why in dict.fromkeys(why for _, why in found.left_out):
        rows = [row for row, own in found.left_out if own == why]
        key = f"evidence.why_{why.replace(' ', '_')}"
        items.append(phrase(key, n=len(rows), rows=by_measure(study, rows)))
    return [Paragraph(phrase("evidence.left_out", n=len(found.left_out))), Items(tuple(items))]


def _splits(study: Study, splits: Sequence[Split]) -> Table:
    titles = study.require_fit().titles

    def head(name: str) -> Words:
        if name in WORDS:
            return phrase(f"evidence.{WORDS[name]}")
        unnamed = name in UNLESS_NAMED and name not in titles
        return phrase(f"evidence.{UNLESS_NAMED[name]}") if unnamed else titles.get(name, name)

    def share(name: str) -> Cell:
        return Column(name, head(name), POINTS), lambda one: one.shares[name]

    miss = cell("miss", "miss", POINTS)
    most = cell("most_error", lambda one: max(one.errors.values()), ERROR)
    shares = map(share, splits[0].shares)
    return evidence_table("split", splits, *series_cells(study), miss, *shares, most)


def _zeros(study: Study, splits: Sequence[Split]) -> Iterator[Words]:
    """Yield which parts are 0 by construction: no discrepancy or no bias in the series' term."""
    terms = {term.name: term for term in study.require_fit().terms}
    own = [terms[name] for name in dict.fromkeys(one.series for one in splits)]
    for key, zero in (
        ("discrepancy", [t for t in own if not t.discrepancy_sd]),
        ("shocks", [t for t in own if t.discrepancy_sd and not t.shock_share]),
        ("bias", [t for t in own if not t.bias_sd]),
    ):
        if zero:
            yield phrase(f"evidence.zero_{key}", rows=joined([term.title for term in zero]))


def _unit(study: Study) -> Words:
    """Return the headline's unit; of what a period brings, without the period."""
    unit = total_unit(study.model, study.report.headline.whole.variable)
    return study.report.unit_words(unit)


def _by_year(study: Study, found: Audit, paths: dict[str, Floats]) -> Iterator[Cell]:
    """Yield the columns of rows by period's place: the period; 5, 50 and 95% of each path."""
    yield Column("year", period_of(study.model, study.report)), lambda place: found.years[place]
    for name, path in paths.items():
        yield cell(name, partial(_quantiles, found.replicate, path), QUANTILES)


def _quantiles(replicate: NDArray[np.int64], path: Floats, place: int) -> tuple[float, ...]:
    """Return 5, 50 and 95% of a period's members, and the Monte Carlo error of the median."""
    values = path[place]
    middle = measured(lambda some: np.nanmedian(values[some]), replicate)
    return (*np.nanquantile(values, FIVE).tolist(), middle.se)


def _counterfactual(study: Study, found: Audit) -> Table:
    names: dict[str, Any] = {"scenario": found.lived.title, "baseline": found.baseline.title}
    cells = _by_year(study, found, {"difference": found.effect})
    places = range(len(found.years))
    return evidence_table("counterfactual", places, *cells, unit=_unit(study), **names)


def _ahead(study: Study, found: Audit) -> Table:
    paths = {"kept_on": found.kept}
    if found.new is not None:
        paths |= {"new": found.new, "difference": found.new - found.kept}
    words: dict[str, Any] = {
        "end": moment(study.model, study.report, found.years[-1]),
        "name": study.report.headline.whole.label,
        "unit": _unit(study),
    }
    name = "kept_ahead"
    if found.ahead is not None:
        name, start = "ahead", moment(study.model, study.report, found.start)
        words |= {"start": start, "scenario": found.ahead.title}
    places = [place for place, year in enumerate(found.years) if year >= found.start - 1]
    return evidence_table(name, places, *_by_year(study, found, paths), **words)
