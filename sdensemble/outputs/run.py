"""Writes everything a run leaves behind, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.errors import Message
from sdengine.syntax import Model
from sdensemble.inputs.folder import Whole, check_folder, check_space
from sdensemble.inputs.history import Observation
from sdensemble.inputs.report import ReportSpec
from sdensemble.lang import LANGS, Words, say, spoken
from sdensemble.outputs import fonts
from sdensemble.outputs.answer import answer
from sdensemble.outputs.apart import Desk, Figures
from sdensemble.outputs.document import Document
from sdensemble.outputs.tables import write_tables
from sdensemble.outputs.workbook import Workbook
from sdensemble.outputs.write.terminal import write_texts
from sdensemble.results.asked import Cell
from sdensemble.results.record import RunRecord, written
from sdensemble.results.results import Results

if TYPE_CHECKING:
    import xarray as xr

    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.inputs.targets import Target

FIGURES = "figures"
LEFT_OUT = "the ensembles hold what tables and figures are made of; --keep all stores every series"
LARGE = 2**28
"""Bytes of results from which what is left out is said."""


def check_ready(folder: Path) -> None:
    """Raise SDError for all that would stop the writing of a run, before it is computed."""
    check_folder(folder)
    fonts.require_font()


def write_run(
    folder: Path,
    every: Sequence[Results],
    *,
    record: RunRecord,
    free: bool = False,
    lang: str = LANGS[0],
    notes: Sequence[Words] = (),
    history: Sequence[Observation] = (),
    keep: str = "asked",
    asked: Iterable[Cell] = (),
    desk: Desk | None = None,
) -> tuple[Whole, Document]:
    """Write a run's folder: ensemble, tables, figures with captions, answer and record.

    The first of ``every`` is the run; the others, under further prior sets, add rows to the
    tables, columns to the answer and a NetCDF file each. ``notes`` stand at the end of the answer.
    The files hold what is asked for again and the cells ``asked``; with another ``keep`` than
    "asked" all of it. Figures are drawn at the ``desk``. With ``free`` the folder may get a
    number; the result says which, and the answer stands beside it. Nothing of the folder exists
    until all of it does. Raises SDError.
    """
    check_ready(folder)
    share = 0.3 if keep == "asked" else 1.0
    check_space(folder, round(share * sum(one.data.nbytes for one in every)) + 30_000_000)
    with written(folder, record.adding(**_facts(every)), free=free) as writing:
        document, missing, left = _write(
            writing.partial, every, record, keep, tuple(asked), lang, history, notes, desk or Desk()
        )
    if left:
        writing.notes = (*writing.notes, Message(LEFT_OUT))
    if missing:
        told = Message("figures: the font has no glyph for {missing}", missing=" ".join(missing))
        writing.notes = (*writing.notes, told)
    return writing, document


def all_results(
    dataset: xr.Dataset,
    extra: Mapping[str, xr.Dataset] | None,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    spec: ReportSpec,
    model: Model,
) -> tuple[Results, ...]:
    """Return results of an ensemble and of those under further prior sets, in this order."""
    found = []
    for data in (dataset, *(extra or {}).values()):
        held = {str(name) for name in data["scenario"].values}
        run = tuple(scenario for scenario in scenarios if scenario.name in held)
        found.append(Results(data, run, tuple(targets), spec, model))
    return tuple(found)


def _write_ensembles(
    folder: Path, every: Sequence[Results], keep: str, more: Sequence[Cell]
) -> bool:
    """Write the ensemble, and one for each further prior set; return whether much was left out."""
    from sdensemble.results import asked as again
    from sdensemble.results.store import label_dataset, write_ensemble

    left = False
    for number, one in enumerate(every):
        name = f"ensemble-{one.prior_set}.nc" if number else "ensemble.nc"
        stored = again.asked(one, more) if keep == again.ASKED else None
        write_ensemble(folder / name, label_dataset(one), asked=stored)
        left |= stored is not None and not again.is_all(stored, one)
    return left and sum(one.data.nbytes for one in every) >= LARGE


def _write(
    folder: Path,
    every: Sequence[Results],
    record: RunRecord,
    keep: str,
    more: Sequence[Cell],
    lang: str,
    history: Sequence[Observation],
    notes: Sequence[Words],
    desk: Desk,
) -> tuple[Document, str, bool]:
    """Write all files but the record, side by side.

    Returns the answer, the characters figures could not show, and whether much of the ensembles is
    left out.

    Tables and the workbook take the interpreter; packing the ensembles needs none of it, and a
    desk may be a process of its own.
    """
    from sdensemble.outputs.figures import figures_of
    from sdensemble.outputs.figures.horizons import answer_figures
    from sdensemble.outputs.write.xlsx import write_xlsx

    first, *others = every
    (folder / FIGURES).mkdir()
    with ThreadPoolExecutor(2) as beside:
        stored = beside.submit(_write_ensembles, folder, every, keep, more)
        figures = (*figures_of(first, history, others), *answer_figures(first))
        drawn = beside.submit(desk.write, Figures(folder / FIGURES, figures, lang))
        document = answer(first, others, notes)
        write_texts(folder, document, "answer")
        write_tables(folder, every, lang)
        book = folder / f"{say('brief.file_book', lang)}.xlsx"
        write_xlsx(_workbook(every, record), book, lang)
        return document, drawn.result(), stored.result()


def _workbook(every: Sequence[Results], record: RunRecord) -> Workbook:
    """Return the workbook that people copy from into their own papers."""
    from sdensemble.outputs.pages.material import Material
    from sdensemble.outputs.pages.workbook import workbook

    told = {"started": record.started, "command": record.command}
    return workbook(every[0], Material(others=every[1:], record=told))


def _facts(every: Sequence[Results]) -> dict[str, Any]:
    """Return what the record says of the ensembles."""
    first = every[0]
    return {
        "model_digest": first.model.digest,
        "report_digest": first.spec.digest,
        "scenario_digests": {s.name: s.digest for s in first.scenarios},
        "ensembles": [
            {**one.data.attrs, "members": one.members, "lost": one.lost} for one in every
        ],
        "answers": [answer for one in every for answer in _answers(one)],
    }


def _answers(results: Results) -> Iterator[dict[str, Any]]:
    """Yield P of each headline target under each scenario: what two runs are compared by."""
    asked = results.question
    targets = [asked, *(t for t in results.headline_targets() if t is not asked)]
    for target in targets:
        for scenario in results.scenarios:
            found = results.event(target, scenario).probability()
            yield {
                "target": target.id,
                "target_title": spoken(target),
                "scenario": scenario.name,
                "scenario_title": dict(scenario.title),
                "prior_set": results.prior_set,
                "year": results.year(target),
                "measure": target.measure,
                "scope": target.scope,
                "p": found.middle,
                "se": found.se,
            }
