"""Where a policy stands: its ledger, its scorecard, and what it lays out where."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.errors import Message, SDError
from sdensemble.inputs.published import Statistic, known_at
from sdensemble.lang import phrase
from sdensemble.outputs.cells import Row
from sdensemble.outputs.document import Block, Document
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.heads import write_csv, write_meanings
from sdensemble.outputs.policy.conflicts import conflict_rows, conflicts_blocks
from sdensemble.outputs.policy.instruments import instruments_blocks
from sdensemble.outputs.policy.ledger import ledger_blocks, ledger_rows
from sdensemble.outputs.policy.regions import layout_blocks, place_rows, places_blocks
from sdensemble.outputs.policy.scorecard import scorecard_blocks, scorecard_rows, year_rows
from sdensemble.policy.ledger import ledger
from sdensemble.policy.regions import layout
from sdensemble.policy.scorecard import scorecard
from sdensemble.results.record import RunRecord, records, written
from sdensemble.results.results import reference
from sdensemble.results.stored import latest_run, run_of, stored_results
from sdensemble.study import Study
from sdensemble.verbs.ledger import LedgerOptions
from sdensemble.verbs.options import OfStudy
from sdensemble.verbs.result import SILENT, Tell, VerbResult, key_of
from sdensemble.verbs.run import RunOptions
from sdensemble.verbs.run_study import run_study
from sdensemble.verbs.scorecard import ScorecardOptions

if TYPE_CHECKING:
    from sdensemble.inputs.scenarios import Scenario
    from sdensemble.results.results import Results


def show_ledger(asked: LedgerOptions) -> VerbResult:
    """Write the ledger of a study's targets, and return it.

    P is read from the run named, else from the latest of the study with default options, else from
    the latest; without one there is none. Raises SDError.
    """
    study, as_of = _sound(asked), asked.as_of
    statistics = known_at((*study.published, *own_statistics(study)), as_of)
    folder = run_of(asked.run) if asked.run else _latest_default(study)
    results = _stored(study, folder) if folder else None
    chosen = _scenario(study, results, asked.scenario) if results else None
    entries = ledger(study.goals, statistics, results, chosen)
    name = folder.name if folder else ""
    laid = layout(study.goals, study.places, study.report)
    last = None if asked.run else _latest_fitting(study)
    newer = last.name if last and last.name != name else ""
    blocks = (
        *ledger_blocks(entries, study.report, as_of, results, chosen, name, study.model, newer),
        *layout_blocks(study.goals, laid),
        *conflicts_blocks(study.conflicts, results, chosen),
    )
    concerned: dict[str, list[str]] = {}
    for one in study.conflicts:
        for target in one.targets:
            concerned.setdefault(target, []).append(one.id)
    done = _write(
        study,
        asked.out or study.folder / "outputs" / "ledger",
        {
            "ledger": ledger_rows(entries, as_of, concerned, laid, study.report),
            **_regions_table(study),
            "conflicts": conflict_rows(study.conflicts, results),
        },
        asked.lang,
    )
    more = {"run": folder, **_keyed(results)}
    return replace(done, document=_document(blocks), found=entries, **more)


def show_scorecard(asked: ScorecardOptions, tell: Tell = SILENT) -> VerbResult:
    """Write the scorecard of a run in tables and figures, and return it.

    The run named, else one made now where members are asked for, else the study's latest; of its
    scenarios those named with what they are compared with, or all. Raises SDError where there
    is none.
    """
    study, run = _sound(asked), asked.run
    if run is None and asked.members is not None:
        names = ("study", "members", "seed", "prior_set", "scenarios", "lang")
        run = run_study(RunOptions(**asked.picked(*names)), tell).folder
    folder = run or latest_run(study.folder / "outputs")
    if folder is None:
        told = "no stored run in outputs/: use the verb run first, or --members to run now"
        raise SDError(Message(told))
    folder = run_of(folder)
    results = _few(study, _stored(study, folder), asked.scenarios)
    lines = scorecard(results)
    laid = layout(study.goals, study.places, study.report)
    blocks = (
        *scorecard_blocks(lines, results, study.goals),
        *layout_blocks(study.goals, laid),
        *conflicts_blocks(study.conflicts, results, reference(results)),
    )

    from sdensemble.outputs.policy.figures.scorecard import scorecard_figures

    done = _write(
        study,
        asked.out or folder.with_name(f"{folder.name}-scorecard"),
        {
            "scorecard": scorecard_rows(lines, results, laid),
            **_regions_table(study),
            "scorecard-years": year_rows(results),
            "conflicts": conflict_rows(study.conflicts, results),
        },
        asked.lang,
        run=folder,
        figures=scorecard_figures(lines, results),
    )
    if asked.members is not None:
        done = replace(done, notes=(*done.notes, phrase("run.written", folder=str(folder))))
    return replace(done, document=_document(blocks), found=lines, **_keyed(results))


def _few(study: Study, results: Results, names: Sequence[str]) -> Results:
    """Return results with only the scenarios named and those they are compared with."""
    if not names:
        return results
    wanted = [one.name for one in study.named(tuple(names))]
    wanted += [results.scenario(name).compares for name in wanted]
    return replace(results, scenarios=tuple(s for s in results.scenarios if s.name in wanted))


def show_regions(study: Study, *, lang: str = "zh", out: Path | None = None) -> VerbResult:
    """Return what the policy lays out where; with ``out`` write table and figure there."""
    places = study.places
    if not places:
        raise SDError(Message("{folder}: the study has no model/regions.csv", folder=study.folder))

    from sdensemble.outputs.policy.figures.regions import region_matrix

    document = _document(places_blocks(places, study.model))
    if out is None:
        return VerbResult(document)
    drawn = [region_matrix(places, study.model)]
    done = _write(study, out, _regions_table(study), lang, figures=drawn)
    return replace(done, document=document)


def _regions_table(study: Study) -> dict[str, Iterable[Row]]:
    """Return the rows of the table of places; nothing where the study has none."""
    if not study.places:
        return {}
    return {"regions": place_rows(study.places, study.model)}


def instruments_document(study: Study) -> Document:
    """Return the instruments of the policy with what each is set by, or why it is not."""
    return _document(instruments_blocks(study.instruments, study.model, study.report))


def _document(blocks: Sequence[Block]) -> Document:
    return Document("policy", "", tuple(blocks))


def _keyed(results: Results | None) -> dict[str, Any]:
    """Return the number of the run that P is read from, and what it is conditional on."""
    if results is None:
        return {}
    return {"id": str(results.data.attrs.get("run_id", "")), "key": key_of(results)}


def _sound(asked: OfStudy) -> Study:
    """Return the study; the ledger's date is that of what is published, not of the study."""
    study = asked.opened()
    if problems := study.check():
        raise SDError(problems)
    return study


def _stored(study: Study, folder: Path) -> Results:
    return stored_results(
        folder,
        scenarios=study.scenarios,
        targets=study.targets,
        spec=study.report,
        model=study.model,
    )


def own_statistics(study: Study) -> tuple[Statistic, ...]:
    """Return people's own figures as statistics, of the series that published ones are of.

    A figure of a series that no published statistic shares with the history speaks of no target.
    """
    series = {row.id: row.series for row in study.history if row.id and not row.own}
    found = {series[one.id]: one for one in study.published if one.id in series}
    return tuple(
        replace(
            found[row.series],
            id=f"{row.batch}:{row.measure}:{row.time:g}",
            year=int(row.time),
            value=row.value,
            unit=row.unit,
            source=row.source,
            published_on=row.published_on,
            note=row.note,
        )
        for row in study.history
        if row.own and row.series in found and row.period_end.month == 12
    )


DEFAULTS = ("scenarios", "as_of", "prior_only", "question")
"""Options that a run of the shipped default leaves empty."""


def _latest_default(study: Study) -> Path | None:
    """Return the latest run with default options that fits today's study; else the latest."""
    for place, record in records(study.folder / "outputs"):
        options = dict(record.get("options", {}))
        plain = not any(options.get(name) for name in DEFAULTS)
        first = str(options.get("prior_set") or study.prior_sets()[0])
        if not options or not plain or first != study.prior_sets()[0]:
            continue
        try:
            _stored(study, place)
        except SDError:
            continue
        return place
    return _latest_fitting(study)


def _latest_fitting(study: Study) -> Path | None:
    """Return the study's latest run where it is of today's model and scenarios, else None."""
    folder = latest_run(study.folder / "outputs")
    if folder is None:
        return None
    try:
        _stored(study, folder)
    except SDError:
        return None
    return folder


def _scenario(study: Study, results: Results, name: str) -> Scenario:
    """Return the scenario asked for, by name or title; the run's reference where none is."""
    if not name:
        return reference(results)
    return results.scenario(study.named((name,))[0].name)


def _write(
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
