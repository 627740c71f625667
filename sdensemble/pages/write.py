"""Write a model's reference into a folder: Markdown by view in two languages, one csv, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdengine.model.describe import limits_text
from sdengine.syntax import Kind, Variable
from sdensemble.inputs.priors import Prior
from sdensemble.lang import LANGS
from sdensemble.outputs.text import markdown_table
from sdensemble.outputs.write.diagram import save_png
from sdensemble.pages import diagrams, overview
from sdensemble.pages.content import Content, read_content, reference_digest
from sdensemble.pages.evidence import PAGE, basis, evidence_page, sourced
from sdensemble.pages.marks import Marks, anchor, cell, plain, slug
from sdensemble.pages.shapes import Picture, svg
from sdensemble.pages.sheets import Sheet
from sdensemble.pages.variables import table, value
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
        place, texts = folder / lang, Pages(content, Marks(lang)).texts()
        written += [_save(place / name, text) for name, text in texts.items()]
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


@dataclass(frozen=True)
class Pages:
    """The pages of a reference in one language."""

    content: Content
    marks: Marks

    def texts(self) -> dict[str, str]:
        """Return every page by the name of its file."""
        pages = {"README.md": self.index(), "assumptions.md": self.assumptions()}
        if self.content.loops:
            pages["loops.md"] = self.loops()
        if self.content.evidence.rows:
            pages[PAGE] = self.evidence()
        views = self.content.graph.views
        return pages | {f"{slug(view)}.md": _ended(self.of_view(view)) for view in views}

    def label(self, view: str) -> str:
        """Return what a view is called."""
        return self.content.view_label(view, self.marks.lang)

    def link(self, name: str) -> str:
        """Return a variable's name as a link to where it is told of."""
        return f"[{plain(name)}]({slug(self.content.graph.view[name])}.md#{slug(name)})"

    def index(self) -> str:
        """Return the first page: the views, the links between them, every variable."""
        model, graph, say = self.content.model, self.content.graph, self.marks.say
        views = []
        for view in graph.views:
            own = [model[n] for n in graph.members(view)]
            constants = [v for v in own if v.kind is Kind.CONSTANT]
            stocks = sum(v.kind is Kind.STOCK for v in own)
            counts = len(own), stocks, len(constants), sum(v.note.assumption for v in constants)
            views.append([f"[{self.label(view)}]({slug(view)}.md)", *map(str, counts)])
        weights = overview.view_links(graph)
        to = {
            view: [f"{self.label(t)} {n}" for (s, t), n in weights.most_common() if s == view]
            for view in graph.views
        }
        links = [[self.label(view), self.marks.listed(own)] for view, own in to.items() if own]
        variables = [
            [
                self.link(name),
                cell(model.label(name, self.marks.lang)),
                say(self.content.kind(name)),
                cell(model[name].unit),
                self.label(graph.view[name]),
            ]
            for name in sorted(model.variables, key=str.casefold)
        ]
        return _ended(
            [
                f"# {self.marks.headed(say('title'), model.path.name)}",
                "",
                say("made"),
                "",
                "![](overview.svg)",
                "",
                f"- [{say('assumptions')}](assumptions.md)",
                *([f"- [{say('loops')}](loops.md)"] if self.content.loops else []),
                *([f"- [{say('evidence')}]({PAGE})"] if self.content.evidence.rows else []),
                f"- [{say('all')}](../variables.csv)",
                "",
                *self._part("views", "view variables stocks constants assumed", views),
                *self._part("links", "from to", links),
                *self._part("index", "variable label kind unit view", variables)[:-1],
            ]
        )

    def _part(self, title: str, heads: str, rows: Sequence[Sequence[str]]) -> list[str]:
        table = markdown_table(self.marks.heads(heads), rows)
        return [f"## {self.marks.say(title)}", "", *table, ""]

    def of_view(self, view: str) -> Iterator[str]:
        """Yield the lines of a view: its diagrams and its variables."""
        yield from self.marks.begun(self.label(view))
        for sheet in self.content.sheets:
            if sheet.view == view:
                yield from (f"![]({_stem(sheet)}.svg)", "")
        for name in self.content.graph.members(view):
            yield from self._entry(name)

    def _entry(self, name: str) -> Iterator[str]:
        """Yield all that is said of a variable."""
        graph, say, noted = self.content.graph, self.marks.say, self.marks.noted
        variable = self.content.model[name]
        note = variable.note
        dims = f"[{', '.join(variable.dims)}]" if variable.dims else ""
        both = cell(" · ".join(text for text in (note.zh, note.en) if text))
        head = [say(self.content.kind(name)), f"{say('unit')} {cell(variable.unit) or '—'}"]
        if limits := limits_text(variable):
            head.append(f"{say('limits')} {limits}")
        yield from (f"### {anchor(name)}{plain(name)}{dims}", "", both, "", " · ".join(head), "")
        yield from ("```", self.content.source.equation(self.content.model, name), "```", "")
        if source := self._source(variable):
            known = noted(f"{say('known')} {note.known_on}") if note.known_on else ""
            yield self._point(say("source"), source + known)
        for s, told in self.content.prior_texts(name, self.marks.lang).items():
            yield self._point(say("prior") + noted(s), cell(told))
        reads = [self.link(r) for r in graph.acts[name]]
        reads += [self.link(r) + noted(say("initial")) for r in graph.starts[name]]
        if variable.kind is not Kind.CONSTANT:
            yield self._point(say("reads"), self.marks.listed(reads) or say("nothing"))
        users = map(self.link, self.content.users[name])
        yield self._point(say("used"), self.marks.listed(users) or say("nothing"))
        yield ""

    def _point(self, head: str, text: str) -> str:
        return f"- {self.marks.headed(head, text)}"

    def _source(self, variable: Variable) -> str:
        assumed = self.marks.say("assumption") if variable.note.assumption else ""
        return sourced(self.content.evidence, variable.note.source) or assumed

    def assumptions(self) -> str:
        """Return the page of what is assumed or has a prior, and what the priors rest on."""
        model, say, noted = self.content.model, self.marks.say, self.marks.noted
        sets = tuple(self.content.priors)
        rows = []
        for v in model.variables.values():
            priors = self.content.prior_texts(v.name, self.marks.lang)
            if v.note.assumption or (v.kind is Kind.CONSTANT and priors):
                told = [model.label(v.name, self.marks.lang), value(v), v.unit, limits_text(v)]
                told += [priors.get(s) or say("none") for s in sets]
                rows.append([self.link(v.name), *map(cell, told), self._source(v)])
        heads = self.marks.heads("variable label value unit limits")
        heads += [*(say("prior") + noted(s) for s in sets), say("source")]
        lines = [*self.marks.begun(say("assumptions")), *markdown_table(heads, rows)]
        lines += ["", f"## {say('basis')}", ""]
        for prior in _by_name(self.content):
            name = plain(prior.name) + noted(self.marks.listed(prior.sets) or "—")
            lines.append(self._point(name, basis(self.content.evidence, prior, self.marks)))
        return _ended(lines)

    def evidence(self) -> str:
        """Return the page of every row a number may rest on."""
        told = {name: v.note.source for name, v in self.content.model.variables.items()}
        priors = _by_name(self.content)
        return evidence_page(self.content.evidence, told, priors, self.link, self.marks)

    def loops(self) -> str:
        """Return the page of the named loops, each with its diagram and its links."""
        say = self.marks.say
        lines = [*self.marks.begun(say("loops")), say("how"), ""]
        heads = self.marks.heads("from to sign stated through")
        for loop in self.content.loops:
            kind = self.marks.noted(diagrams.word(loop.kind, self.marks.lang))
            lines += [f"## {loop.id} {loop.title[self.marks.lang]}{kind}", ""]
            lines += [f"![](loop-{slug(loop.id)}.svg)", ""]
            rows = []
            signs = self.content.signs[loop.id]
            for (source, target, _), sign in zip(loop.links, signs, strict=True):
                through = self.marks.listed(map(self.link, sign.through))
                ends = [self.link(source), self.link(target), sign.text, sign.stated]
                rows.append([*ends, through if sign.found else say("absent")])
            lines += [*markdown_table(heads, rows), ""]
        return _ended(lines)


def _ended(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _by_name(content: Content) -> tuple[Prior, ...]:
    """Return every prior once, whatever sets it is in."""
    return tuple({p.name: p for items in content.priors.values() for p in items}.values())
