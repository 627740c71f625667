"""What the verbs of a policy share: its tables and figures as a written folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdensemble.outputs.cells import Row
from sdensemble.outputs.document import Block, Document
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.heads import write_csv, write_meanings
from sdensemble.outputs.policy.regions import place_rows
from sdensemble.results.record import RunRecord, written
from sdensemble.study import Study
from sdensemble.verbs.result import VerbResult, key_of

if TYPE_CHECKING:
    from sdensemble.results.results import Results


def policy_document(*blocks: Block) -> Document:
    """Return blocks as one answer."""
    return Document("policy", "", blocks)


def regions_table(study: Study) -> dict[str, Iterable[Row]]:
    """Return the rows of the table of places; nothing where the study has none."""
    if not study.places:
        return {}
    return {"regions": place_rows(study.places, study.model)}


def keyed(results: Results | None) -> dict[str, Any]:
    """Return the number of the run that P is read from, and what it is conditional on."""
    if results is None:
        return {}
    return {"id": str(results.data.attrs.get("run_id", "")), "key": key_of(results)}


def write_policy(
    study: Study,
    folder: Path,
    tables: Mapping[str, Iterable[Row]],
    lang: str,
    *,
    run: Path | None = None,
    figures: Iterable[Figure] = (),
) -> VerbResult:
    """Write tables, what their columns mean, and figures, whole or not at all, with a record.

    The record names the run they were made from, by its place beside the folder.
    """
    facts: dict[str, Any] = {} if run is None else {"run": os.path.relpath(run, folder)}
    record = RunRecord.begin(as_of=study.information, files_read=study.digests(), **facts)
    with written(folder, record) as writing:
        for name, rows in tables.items():
            write_csv(writing.partial, name, rows, lang)
        write_meanings(writing.partial, tables, lang)
        if drawn := tuple(figures):
            from sdensemble.outputs.figures import draw_figures

            (writing.partial / "figures").mkdir()
            draw_figures(writing.partial / "figures", drawn, lang)
    files = tuple(folder / name for name in writing.files)
    return VerbResult(folder=folder, files=files, notes=writing.notes, run=run)
