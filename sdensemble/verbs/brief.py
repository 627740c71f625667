"""brief: the paper of a stored run, or of two against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdengine.errors import SDError
from sdensemble.verbs.options import FILE, RUN, IntoFolder, OfStudy, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult, key_of

if TYPE_CHECKING:
    from sdensemble.lang import Words
    from sdensemble.outputs.document import Document
    from sdensemble.outputs.pages.material import Material
    from sdensemble.results.results import Results
    from sdensemble.study import Study
    from sdensemble.verbs.stored import StoredRun


TARGETS = "scenarios/targets.csv"


@dataclass(frozen=True, kw_only=True)
class BriefOptions(IntoFolder, OfStudy):
    """What a paper of ``run`` (the latest) may be asked with.

    ``template`` is a Word file of one's own; ``against`` another run, to tell what has changed.
    """

    run: Path | None = argument(type=RUN)
    layout: str = option("office")
    template: Path | None = option(type=FILE)
    against: Path | None = option(type=RUN)
    pdf: bool = option(False)


def brief(asked: BriefOptions, tell: Tell = SILENT) -> VerbResult:
    """Write the paper of a RUN (the latest) as Word, Excel and HTML.

    With ``against`` the paper is of two runs: what changed between them, and what that did to P.
    Raises SDError where there is no such run, or it is of another state of the study.
    """
    from sdensemble.lang import LANGS, joined, phrase, say
    from sdensemble.outputs.document import verbatim
    from sdensemble.outputs.pages.against import against
    from sdensemble.outputs.pages.brief import brief as paper
    from sdensemble.outputs.pages.workbook import workbook
    from sdensemble.outputs.write import PAPERS, write_paper
    from sdensemble.outputs.write.layouts import layout_of
    from sdensemble.outputs.write.xlsx import write_xlsx
    from sdensemble.results.stored import run_of
    from sdensemble.verbs.stored import record_of, stored_run

    study, layout = asked.opened(), layout_of(asked.layout)
    run = stored_run(study, asked.run)
    material = _material(study, run)
    if asked.against is None:
        document, name, lang = paper(run.results, material), "brief", asked.lang
    else:
        earlier = record_of(run_of(asked.against))
        document, name, lang = against(study.report, earlier, run.record), "against", asked.lang
    stem = say(f"brief.file_{name}", lang)

    def write(path: Path) -> None:
        look = asked.picked("layout", "template")
        for suffix, kind in PAPERS.items():
            if not kind.asked or getattr(asked, kind.asked):
                write_paper(document, path / f"{stem}{suffix}", lang, **look)
        if asked.against is None:
            book = workbook(run.results, material)
            write_xlsx(book, path / f"{say('brief.file_book', lang)}.xlsx", lang)
        _pictures(document, path / "figures", lang)

    more = "" if lang == LANGS[0] else f"-{lang}"
    out = asked.out or run.folder.with_name(f"{run.folder.name}-{name}{more}")
    files = run.write_beside(out, write)
    fonts = [f"{font} → {instead}" for font, instead in layout.fonts().items() if font != instead]
    named = bool(fonts) and asked.template is None
    told = verbatim(phrase("brief.written", fonts=joined(fonts, "clause"))) if named else None
    key = key_of(run.results)
    return VerbResult(told, document, out, files, run=run.folder, id=run.id, key=key)


def _pictures(document: Document, folder: Path, lang: str) -> None:
    """Write each figure of a document as PNG, SVG and PDF."""
    from sdensemble.outputs.figure import Figure
    from sdensemble.outputs.write.picture import write_figure

    figures = [block for block in document.walk() if isinstance(block, Figure)]
    if figures:
        folder.mkdir()
    for figure in figures:
        write_figure(figure, folder / figure.id, lang)


def _material(study: Study, run: StoredRun) -> Material:
    """Return what the paper is made of beside the results."""
    from sdensemble.lang import phrase
    from sdensemble.outputs.pages.material import Material

    own = [row for row in study.history if row.own]
    notes = []
    if own and run.results.posterior:
        unpublished = sum(row.unpublished for row in own)
        notes.append(phrase("brief.own", n=len(own), unpublished=unpublished))
    then, now = dict(run.record.get("files_read", {})), study.digests()
    if TARGETS in then and then[TARGETS] != now.get(TARGETS):
        notes.append(phrase("brief.targets_changed", file=TARGETS))
    draws, sources = _draws(study, run), _sources(study, run.results)
    return Material(run.others, study.history, draws, run.record, sources, notes)


def _sources(study: Study, results: Results) -> list[Words]:
    """Return the publications a posterior was fitted to, each once; none before calibration."""
    from sdensemble.lang import phrase

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


def _draws(study: Study, run: StoredRun) -> Mapping[str, Any]:
    """Return the constants of a run's members, drawn again; none where an input has changed."""
    held, now = dict(run.record.get("files_read", {})), study.digests()
    inputs = [name for name in held if name.startswith(("model/", "calibration/"))]
    if not inputs or any(held[name] != now.get(name) for name in inputs):
        return {}
    from sdensemble.evidence.members import choose_members

    options = dict(run.record.get("options", {}))
    study = study.at(str(options.get("as_of", "")))
    drawn: dict[str, Any] = {
        "seed": int(options.get("seed", 1)),
        "method": options.get("method", "sobol"),
        "prior_only": bool(options.get("prior_only", False)),
    }
    try:
        members = choose_members(study, run.results.prior_set, run.results.members, **drawn)
    except SDError:  # the posterior of then is gone: the table is left out
        return {}
    return members.draws.values
