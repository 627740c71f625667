"""Papers and figures of a stored run, and what a run was made of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sdengine.errors import Message, SDError, did_you_mean
from sdensemble.inputs.folder import RECORD
from sdensemble.lang import LANGS, Words, joined, phrase, say
from sdensemble.outputs.document import Document, verbatim
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.figures.fan import fan
from sdensemble.outputs.pages.against import against
from sdensemble.outputs.pages.brief import brief
from sdensemble.outputs.pages.material import Material
from sdensemble.outputs.pages.trace import trace_document
from sdensemble.outputs.pages.workbook import workbook
from sdensemble.results.record import RunRecord, records, written
from sdensemble.results.results import Results, reference
from sdensemble.results.stored import NO_RUN, latest_run, run_of, stored_results
from sdensemble.study import Study
from sdensemble.verbs.brief import BriefOptions, FigureOptions, TraceOptions
from sdensemble.verbs.result import VerbResult, key_of


def write_brief(asked: BriefOptions) -> VerbResult:
    """Write the paper of a run as Word, Excel and HTML files, and as PDF where asked.

    With ``against`` the paper is of two runs: what changed between them, and what that did to P.
    Raises SDError where there is no such run, or it is of another state of the study.
    """
    from sdensemble.outputs.write.docx import write_docx
    from sdensemble.outputs.write.html import write_html
    from sdensemble.outputs.write.layouts import layout_of
    from sdensemble.outputs.write.xlsx import write_xlsx

    study, layout = asked.opened(), layout_of(asked.layout)
    folder = _run_folder(study, asked.run)
    record = _record(folder)
    results, others = _stored(study, folder)
    material = _material(study, results, others, record)
    if asked.against is None:
        document, name, lang = brief(results, material), "brief", asked.lang
    else:
        earlier = _record(run_of(asked.against))
        document, name, lang = against(study.report, earlier, record), "against", asked.lang
    stem = say(f"brief.file_{name}", lang)

    def write(path: Path) -> None:
        write_docx(document, path / f"{stem}.docx", lang, asked.layout, asked.template)
        write_html(document, path / f"{stem}.html", lang)
        if asked.against is None:
            book = workbook(results, material)
            write_xlsx(book, path / f"{say('brief.file_book', lang)}.xlsx", lang)
        if asked.pdf:
            from sdensemble.outputs.write.pdf import write_pdf

            write_pdf(document, path / f"{stem}.pdf", lang, asked.layout)
        _pictures(document, path / "figures", lang)

    more = "" if lang == LANGS[0] else f"-{lang}"
    out = asked.out or folder.with_name(f"{folder.name}-{name}{more}")
    files = _written(out, write, folder)
    fonts = [f"{font} → {instead}" for font, instead in layout.fonts().items() if font != instead]
    named = bool(fonts) and asked.template is None
    told = verbatim(phrase("brief.written", fonts=joined(fonts, "clause"))) if named else None
    number, key = _id(record), key_of(results)
    return VerbResult(told, document, out, files, run=folder, id=number, key=key)


def _pictures(document: Document, folder: Path, lang: str) -> None:
    """Write each figure of a document as PNG, SVG and PDF."""
    from sdensemble.outputs.write.picture import write_figure

    figures = [block for block in document.walk() if isinstance(block, Figure)]
    if figures:
        folder.mkdir()
    for figure in figures:
        write_figure(figure, folder / figure.id, lang)


def _written(out: Path, write: Callable[[Path], None], run: Path) -> tuple[Path, ...]:
    """Write a folder whole or not at all, with a record of its files and of the run it is of.

    The record holds no time, so that the same run gives the same bytes.
    """
    with written(out, RunRecord(facts={"run": os.path.relpath(run, out)})) as writing:
        write(writing.partial)
    return tuple(out / name for name in writing.files)


def _id(record: Mapping[str, Any]) -> str:
    return str(record.get("id", ""))


# ── reading a run back ──


def _run_folder(study: Study, run: Path | None) -> Path:
    folder = run_of(run) if run else latest_run(study.folder / "outputs")
    if folder is None:
        raise SDError(Message("no stored run in outputs/: use the verb run first"))
    return folder


def _record(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SDError(Message(NO_RUN, folder=folder, file=RECORD)) from None
    return dict(found)


def _stored(study: Study, folder: Path) -> tuple[Results, tuple[Results, ...]]:
    """Return the results of a stored run, and those under its further prior sets."""
    given = {"scenarios": study.scenarios, "targets": study.targets}
    more = {"spec": study.report, "model": study.model}
    first = stored_results(folder, **given, **more)  # type: ignore[arg-type]
    names = sorted(path.name for path in folder.glob("ensemble-*.nc"))
    others = [stored_results(folder, **given, **more, file=name) for name in names]  # type: ignore[arg-type]
    return first, tuple(others)


def _material(
    study: Study, results: Results, others: Sequence[Results], record: Mapping[str, Any]
) -> Material:
    own = [row for row in study.history if row.own]
    notes: list[Words] = []
    if own and results.posterior:
        unpublished = sum(row.unpublished for row in own)
        notes.append(phrase("brief.own", n=len(own), unpublished=unpublished))
    draws = _draws(study, results, record)
    return Material(others, study.history, draws, record, _sources(study, results), notes)


def _sources(study: Study, results: Results) -> list[Words]:
    """Return the publications a posterior was fitted to, each once; none before calibration."""
    if not results.posterior:
        return []
    terms = {term.series for term in study.fit.terms} if study.fit else set()
    found: dict[str, Words] = {}
    for row in study.history:
        if row.role == "observed" and row.series in terms:
            said = row.source + (f" {row.url}" if row.url else "")
            mark = phrase("brief.own_source", file=said) if row.unpublished else said
            found.setdefault(said, mark)
    return list(found.values())


def _draws(study: Study, results: Results, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the constants of a run's members, drawn again; none where an input has changed."""
    held, now = dict(record.get("files_read", {})), study.digests()
    inputs = [name for name in held if name.startswith(("model/", "calibration/"))]
    if not inputs or any(held[name] != now.get(name) for name in inputs):
        return {}
    from sdensemble.evidence.members import choose_members

    options = dict(record.get("options", {}))
    study = study.at(str(options.get("as_of", "")))
    drawn: dict[str, Any] = {
        "seed": int(options.get("seed", 1)),
        "method": options.get("method", "sobol"),
        "prior_only": bool(options.get("prior_only", False)),
    }
    try:
        members = choose_members(study, results.prior_set, results.members, **drawn)
    except SDError:  # the posterior of then is gone: the table is left out
        return {}
    return members.draws.values


# ── one figure ──


def draw_figure(asked: FigureOptions) -> VerbResult:
    """Draw one outcome under one scenario, or several, as PNG, SVG and PDF with its numbers.

    Raises SDError.
    """
    from sdensemble.outputs.write.csv import write_table
    from sdensemble.outputs.write.picture import write_figure

    study = asked.opened()
    folder = _run_folder(study, asked.run)
    results, others = _stored(study, folder)
    chosen = _outcome(results, asked.outcome)
    names = [results.scenario(one.name) for one in study.named(asked.scenarios)]
    names = names or [reference(results)]
    if len(names) == 1:
        made = fan(
            results,
            names[0],
            study.history,
            others,
            outcome=chosen,
            lower=not asked.no_lower,
            title=asked.title,
            width=asked.width,
        )
    else:
        from sdensemble.outputs.pages.figures import several

        made = several(results, names, chosen, title=asked.title, width=asked.width)
    stem = f"{chosen.id}-{'-'.join(one.name for one in names)}"[:80]

    def write(path: Path) -> None:
        write_figure(made, path / stem, asked.lang, grey=asked.grey)
        write_table(path / f"{stem}.csv", made.data(), asked.lang)

    place = asked.out or folder.with_name(f"{folder.name}-figure-{stem}")
    files = _written(place, write, folder)
    said, number = verbatim(made.caption or made.title), _id(_record(folder))
    return VerbResult(said, made, place, files, run=folder, id=number, key=key_of(results))


def _outcome(results: Results, name: str) -> Any:
    """Return an outcome by id or label; the headline where none is named."""
    every = results.outcomes()
    if not name:
        return every[0]
    asked = name.strip().casefold()
    for one in every:
        if asked in {one.id.casefold(), *(text.casefold() for text in one.label.values())}:
            return one
    spoken = [text for one in every for text in (one.id, *one.label.values())]
    told = 'no outcome "{name}"{hint} (there are {known})'
    known = ", ".join(dict.fromkeys(one.label["zh"] or one.id for one in every))
    raise SDError(Message(told, name=name, hint=did_you_mean(name, spoken), known=known))


# ── back to where a number comes from ──


def traced(asked: TraceOptions) -> VerbResult:
    """Return what a run was made of, by its number or its folder.

    Raises SDError with the numbers there are where none begins so.
    """
    study, name = asked.opened(), asked.number
    known = list(records(study.folder / "outputs"))
    found = [
        (place, record)
        for place, record in known
        if name and str(record.get("id", "")).startswith(name.strip().casefold())
    ]
    if not found and name and Path(name).is_dir():
        found = [(Path(name), _record(run_of(Path(name))))]
    if not found:
        ids = (str(record["id"]) for _, record in known if record.get("id"))
        shown = list(dict.fromkeys(ids))[:8]
        told = 'no run "{name}" in outputs/ (there are {known})'
        raise SDError(Message(told, name=name, known=", ".join(shown) or "—"))
    place, record = found[0]
    more = [other for other, _ in found[1:]]
    document = trace_document(place, record, study.digests(), more)
    return VerbResult(document, record, run=place, id=_id(record))
