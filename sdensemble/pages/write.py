"""Write a model's reference into a folder: Markdown by view in two languages, one csv, pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sdengine.syntax import Kind, Variable
from sdensemble.inputs.priors import Prior
from sdensemble.lang import LANGS
from sdensemble.outputs.write.diagram import save_png
from sdensemble.pages import diagrams, overview
from sdensemble.pages.content import Content, read_content, reference_digest
from sdensemble.pages.evidence import PAGE, basis, evidence_page, sourced
from sdensemble.pages.marks import anchor, cell, headed, listed, noted, plain, slug, word
from sdensemble.pages.shapes import Picture, svg
from sdensemble.pages.sheets import Sheet
from sdensemble.pages.variables import limits, table, value
from sdensemble.results.record import RunRecord, written
from sdensemble.study import Study


def write_reference(
    study: Study, folder: str | Path, *, png: bool = True, grey: bool = False
) -> tuple[Path, ...]:
    """Write a study's model reference; return what was written.

    Per language: README.md (index), a page for each view, loops.md, assumptions.md, and the
    pictures (SVG, with ``png`` also PNG; in greys with ``grey``). In common: variables.csv
    (UTF-8 with a mark for Excel) and run.json with the digest of the files it was made from. An
    earlier reference in the folder is replaced whole; a folder that holds anything else is refused.
    """
    content, folder = read_content(study), Path(folder)
    record = RunRecord(facts={"made_from": reference_digest(study)})
    with written(folder, record) as done:
        _write(content, done.partial, png=png, grey=grey)
    return tuple(folder / name for name in done.files)


def _write(content: Content, folder: Path, *, png: bool, grey: bool) -> list[Path]:
    """Write pages, pictures and the table of variables; return their paths."""
    written = [_save(folder / "variables.csv", "﻿" + table(content))]
    colours = diagrams.GREY if grey else diagrams.COLOUR
    for lang in LANGS:
        place = folder / lang
        pages = {"README.md": _index(content, lang), "assumptions.md": _assumptions(content, lang)}
        if content.loops:
            pages["loops.md"] = _loops_page(content, lang)
        if content.evidence.rows:
            pages[PAGE] = _evidence_page(content, lang)
        for view in content.graph.views:
            pages[f"{slug(view)}.md"] = _view_page(content, view, lang)
        written += [_save(place / name, text) for name, text in pages.items()]
        for stem, picture in _pictures(content, lang, colours).items():
            written.append(_save(place / f"{stem}.svg", svg(picture)))
            if png:
                save_png(picture, place / f"{stem}.png")
                written.append(place / f"{stem}.png")
    return written


def _save(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _stem(sheet: Sheet) -> str:
    return slug(sheet.view) + (f"-{sheet.part}" if sheet.parts > 1 else "")


def _pictures(content: Content, lang: str, colours: diagrams.Palette) -> dict[str, Picture]:
    model, graph = content.model, content.graph
    titles = {view: content.view_label(view, lang) for view in graph.views}
    out = {"overview": overview.draw_overview(model, graph, titles, lang, colours)}
    for sheet in content.sheets:
        part = f" ({sheet.part}/{sheet.parts})" if sheet.parts > 1 else ""
        title = titles[sheet.view] + part
        out[_stem(sheet)] = diagrams.draw_sheet(sheet, model, lang, title, colours)
    for loop in content.loops:
        signs = content.signs[loop.id]
        out[f"loop-{slug(loop.id)}"] = diagrams.draw_loop(loop, signs, model, graph, lang, colours)
    return out


# ── pages ──────────────────────────────────────────────────────────────────────────────────


def _index(content: Content, lang: str) -> str:
    model, graph = content.model, content.graph
    say = lambda key: word(key, lang)  # noqa: E731
    lines = [
        f"# {headed(say('title'), model.path.name, lang)}",
        "",
        say("made"),
        "",
        "![](overview.svg)",
        "",
        f"- [{say('assumptions')}](assumptions.md)",
        *([f"- [{say('loops')}](loops.md)"] if content.loops else []),
        *([f"- [{say('evidence')}]({PAGE})"] if content.evidence.rows else []),
        f"- [{say('all')}](../variables.csv)",
        "",
        f"## {say('views')}",
        "",
        f"| {say('view')} | {say('variables')} | {say('stocks')} | {say('constants')} |"
        f" {say('assumed')} |",
        "|---|---|---|---|---|",
    ]
    for view in graph.views:
        own = [model[n] for n in graph.members(view)]
        constants = [v for v in own if v.kind is Kind.CONSTANT]
        lines.append(
            f"| [{content.view_label(view, lang)}]({slug(view)}.md) | {len(own)} |"
            f" {sum(v.kind is Kind.STOCK for v in own)} | {len(constants)} |"
            f" {sum(v.note.assumption for v in constants)} |"
        )
    label = lambda view: content.view_label(view, lang)  # noqa: E731
    lines += ["", f"## {say('links')}", "", f"| {say('from')} | {say('to')} |", "|---|---|"]
    weights = overview.view_links(graph)
    for view in graph.views:
        to = [f"{label(t)} {n}" for (s, t), n in weights.most_common() if s == view]
        if to:
            lines.append(f"| {label(view)} | {listed(to, lang)} |")
    lines += [
        "",
        f"## {say('index')}",
        "",
        f"| {say('variable')} | {say('label')} | {say('kind')} | {say('unit')} | {say('view')} |",
        "|---|---|---|---|---|",
    ]
    for name in sorted(model.variables, key=str.casefold):
        view = graph.view[name]
        lines.append(
            f"| {_link(content, name)} | {cell(model.label(name, lang))} |"
            f" {say(content.kind(name))} | {cell(model[name].unit)} | {label(view)} |"
        )
    return "\n".join(lines) + "\n"


def _view_page(content: Content, view: str, lang: str) -> str:
    lines = [f"# {content.view_label(view, lang)}", "", f"[{word('index', lang)}](README.md)", ""]
    for sheet in content.sheets:
        if sheet.view == view:
            lines += [f"![]({_stem(sheet)}.svg)", ""]
    for name in content.graph.members(view):
        lines += _entry(content, name, lang)
    return "\n".join(lines) + "\n"


def _entry(content: Content, name: str, lang: str) -> list[str]:
    model, graph = content.model, content.graph
    variable, say = model[name], lambda key: word(key, lang)
    note = variable.note
    dims = f"[{', '.join(variable.dims)}]" if variable.dims else ""
    both = cell(" · ".join(text for text in (note.zh, note.en) if text))
    head = [say(content.kind(name)), f"{say('unit')} {cell(variable.unit) or '—'}"]
    if variable.limits != (None, None):
        head.append(f"{say('limits')} {limits(variable)}")
    lines = [f"### {anchor(name)}{plain(name)}{dims}", "", both, "", " · ".join(head), ""]
    lines += ["```", content.source.equation(model, name), "```", ""]
    source = _source(content, variable, lang)
    if source:
        known = noted(f"{say('known')} {note.known_on}", lang) if note.known_on else ""
        lines.append(f"- {headed(say('source'), source + known, lang)}")
    for s, told in content.prior_texts(name, lang).items():
        lines.append(f"- {headed(say('prior') + noted(s, lang), cell(told), lang)}")
    reads = [_link(content, r) for r in graph.acts[name]]
    reads += [_link(content, r) + noted(say("initial"), lang) for r in graph.starts[name]]
    if variable.kind is not Kind.CONSTANT:
        lines.append(f"- {headed(say('reads'), listed(reads, lang) or say('nothing'), lang)}")
    users = [_link(content, u) for u in content.users[name]]
    lines.append(f"- {headed(say('used'), listed(users, lang) or say('nothing'), lang)}")
    return [*lines, ""]


def _assumptions(content: Content, lang: str) -> str:
    model, say = content.model, lambda key: word(key, lang)
    sets = tuple(content.priors)
    assumed = [
        v
        for v in model.variables.values()
        if v.note.assumption or (v.kind is Kind.CONSTANT and content.prior_texts(v.name))
    ]
    lines = [
        f"# {say('assumptions')}",
        "",
        f"[{say('index')}](README.md)",
        "",
        f"| {say('variable')} | {say('label')} | {say('value')} | {say('unit')} | {say('limits')} |"
        + "".join(f" {say('prior')}{noted(s, lang)} |" for s in sets)
        + f" {say('source')} |",
        "|---" * (6 + len(sets)) + "|",
    ]
    for v in assumed:
        priors = content.prior_texts(v.name, lang)
        cells = [_link(content, v.name), model.label(v.name, lang), value(v), v.unit, limits(v)]
        cells += [priors.get(s) or say("none") for s in sets]
        told = [cells[0], *map(cell, cells[1:]), _source(content, v, lang)]
        lines.append("| " + " | ".join(told) + " |")
    lines += ["", f"## {say('basis')}", ""]
    for prior in _by_name(content):
        name = plain(prior.name) + noted(listed(prior.sets, lang) or "—", lang)
        lines.append(f"- {headed(name, basis(content.evidence, prior, lang), lang)}")
    return "\n".join(lines) + "\n"


def _source(content: Content, variable: Variable, lang: str) -> str:
    assumed = word("assumption", lang) if variable.note.assumption else ""
    return sourced(content.evidence, variable.note.source) or assumed


def _by_name(content: Content) -> tuple[Prior, ...]:
    """Return every prior once, whatever sets it is in."""
    return tuple({p.name: p for items in content.priors.values() for p in items}.values())


def _evidence_page(content: Content, lang: str) -> str:
    told = {name: v.note.source for name, v in content.model.variables.items()}
    priors, link = _by_name(content), partial(_link, content)
    return evidence_page(content.evidence, told, priors, link, lang)


def _loops_page(content: Content, lang: str) -> str:
    say = lambda key: word(key, lang)  # noqa: E731
    lines = [f"# {say('loops')}", "", f"[{say('index')}](README.md)", "", say("how"), ""]
    for loop in content.loops:
        lines += [
            f"## {loop.id} {loop.title[lang]}{noted(diagrams.word(loop.kind, lang), lang)}",
            "",
            f"![](loop-{slug(loop.id)}.svg)",
            "",
            f"| {say('from')} | {say('to')} | {say('sign')} | {say('stated')} | {say('through')} |",
            "|---|---|---|---|---|",
        ]
        for (source, target, _), sign in zip(loop.links, content.signs[loop.id], strict=True):
            through = listed([_link(content, n) for n in sign.through], lang)
            lines.append(
                f"| {_link(content, source)} | {_link(content, target)} | {sign.text} |"
                f" {sign.stated} | {through if sign.found else say('absent')} |"
            )
        lines.append("")
    return "\n".join(lines) + "\n"


def _link(content: Content, name: str) -> str:
    return f"[{plain(name)}]({slug(content.graph.view[name])}.md#{slug(name)})"
