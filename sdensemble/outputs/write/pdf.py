"""Documents as PDF by typst, the extra ``pdf``: text that can be copied, tagged, dated.

The document becomes typst's own markup, in which every text is a string literal, so that no sign
in a title is taken for a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sdengine.errors import SDError
from sdensemble.lang import Words, say, tell
from sdensemble.outputs.document import (
    Annex,
    Block,
    Box,
    Document,
    Heading,
    Items,
    PageBreak,
    Paragraph,
    source_line,
)
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.fonts import FAMILY, FONT, require_font
from sdensemble.outputs.table import Table
from sdensemble.outputs.write.layouts import CAPTION, layout_of, widths

VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
"""Width and height of a drawing."""
HEAD = """
#set document(title: {title}, author: "sdensemble", date: {date})
#set page(paper: "a4", margin: (top: {top}mm, right: {right}mm, bottom: {bottom}mm, left: {left}mm),
  footer: align(center, text(8pt, fill: luma(80))[#{footer} #context counter(page).display()]))
#set text(font: ({fonts}), size: 10.5pt, lang: {lang}, fallback: true)
#set par(justify: true, leading: 0.78em, spacing: 1em)
#show heading: set text(size: 12pt, weight: "regular")
#show heading: set block(above: 1.4em, below: 0.8em)
#show link: it => it
#let caption(body) = align(center, text(9.5pt, body))
#let small(body) = text(8.5pt, fill: luma(50), body)
#align(center, text(16pt, {title}))
"""


def write_pdf(
    document: Document, path: Path, lang: str, *, layout: str = "office", **_look: object
) -> Path:
    """Write a document as PDF (PDF/UA-1) and return its path; the same document, the same bytes.

    Raises SDError where typst, the extra ``pdf``, is not installed.
    """
    try:
        import typst
    except ImportError:
        told = (
            "PDF needs the extra pdf: python -m pip install '.[pdf]' (or open the Word file and"
            " save it as PDF)"
        )
        raise SDError(told) from None
    with TemporaryDirectory() as place:
        folder = Path(place)
        writer = _Writer(document, lang, layout, folder)
        (folder / "main.typ").write_text(writer.source(), encoding="utf-8")
        made = typst.compile(
            str(folder / "main.typ"),
            root=str(folder),
            font_paths=[str(require_font(FONT).parent)],
            ignore_system_fonts=True,
            timestamp=_when(document),
            pdf_standards=["ua-1"],
        )
    path.write_bytes(made)
    return path


def _when(document: Document) -> datetime:
    return datetime.fromisoformat(document.date or "2000-01-01").replace(tzinfo=UTC)


def _literal(text: str) -> str:
    """Return a text as a literal of typst."""
    shown = json.dumps(text, ensure_ascii=False)
    return shown.replace("\\b", "").replace("\\f", "")


class _Writer:
    """The writing of one document as typst's markup; pictures go into a folder beside it."""

    def __init__(self, document: Document, lang: str, layout: str, folder: Path):
        self.document, self.lang, self.folder = document, lang, folder
        self.layout = layout_of(layout)

    def source(self) -> str:
        """Return the whole markup."""
        document, lang = self.document, self.lang
        when = _when(document)
        head: Mapping[str, object] = {
            "title": _literal(tell(document.title, lang)),
            "date": f"datetime(year: {when.year}, month: {when.month}, day: {when.day})",
            "footer": _literal(say("document.run", lang, run=document.run) if document.run else ""),
            "fonts": _literal(FAMILY) + ",",
            "lang": _literal(say("docx.language", lang)[:2]),
            **self.layout.margins,
        }
        parts = [HEAD.format_map(head)]
        subtitle = tell(document.subtitle, lang)
        if subtitle:
            parts.append(f"#align(center, small({_literal(subtitle)}))")
        parts += [self.block(block) for block in document.blocks]
        return "\n\n".join(parts) + "\n"

    def words(self, words: Words) -> str:
        """Return words as code: texts, and links where they refer to something."""
        pieces = [
            f"link(label({_literal(piece.ref)}), {_literal(piece.text)})"
            if piece.ref
            else _literal(piece.text)
            for piece in self.document.pieces(words, self.lang)
        ]
        return "[" + "".join(f"#{piece};" for piece in pieces) + "]"

    def caption(self, block: Table | Figure | Box | Annex) -> str:
        """Return the caption of a numbered block."""
        return self.words(self.document.caption(block))

    def block(self, block: Block) -> str:
        """Return a block as markup."""
        match block:
            case Heading():
                return f"#heading(level: {min(block.level, 3)}, {self.words(block.text)})"
            case Paragraph():
                text = self.words(block.text)
                if block.style in ("note", "source"):
                    return f"#small({text})"
                return f"#par(first-line-indent: (amount: 2em, all: true), {text})"
            case Items():
                kind = "enum" if block.ordered else "list"
                return f"#{kind}({', '.join(self.words(item) for item in block.items)})"
            case PageBreak():
                return "#pagebreak(weak: true)"
            case Table():
                return self.table(block)
            case Figure():
                return self.figure(block)
            case Box():
                inner = "\n\n".join(self.block(one) for one in block.blocks)
                head = f"#strong({self.caption(block)}) #label({_literal(block.id)})"
                look = "width: 100%, stroke: 0.5pt + luma(120), inset: 8pt"
                return f"#block({look})[{head}\n\n{inner}]"
            case Annex():
                inner = "\n\n".join(self.block(one) for one in block.blocks)
                head = f"#heading(level: 1, {self.caption(block)}) #label({_literal(block.id)})"
                return f"#pagebreak(weak: true)\n{head}\n\n{inner}"

    def figure(self, figure: Figure) -> str:
        """Return a figure with its caption below."""
        from sdensemble.outputs.write.picture import svg_text

        name = f"{len(list(self.folder.glob('*.svg')))}.svg"
        drawn = svg_text(replace(figure, title=""), self.lang)
        (self.folder / name).write_text(drawn, encoding="utf-8")
        told = _literal(self.document.text(self.document.caption(figure), self.lang))
        wide, high = (float(size) for size in VIEW_BOX.findall(drawn)[0])
        room = self.layout.height - CAPTION
        size = "width: 100%" if self.layout.width * high / wide <= room else f"height: {room}mm"
        picture = f"align(center, image({_literal(name)}, {size}, alt: {told}))"
        caption = f"#caption({self.caption(figure)}) #label({_literal(figure.id)})"
        return f"#block(width: 100%, breakable: false)[#{picture}\n{caption}]"

    def table(self, table: Table) -> str:
        """Return a three-line table with its caption above, notes and source below."""
        lang, count = self.lang, len(table.columns)
        heads, rows = table.head(lang), table.texts(lang)
        wide = widths(table, lang, self.layout.width, 8.5)
        columns = ", ".join(f"{width:.2f}mm" for width in wide)
        sides = ", ".join("right" if column.form.right else "left" for column in table.columns)
        groups = {first: tell(head, lang) for first, head in table.groups}
        cells = [f"table.header({', '.join(f'[#{_literal(head)}]' for head in heads)})"]
        cells.append("table.hline(stroke: 0.5pt)")
        for place, row in enumerate(rows):
            if place in groups:
                cells.append(f"table.cell(colspan: {count}, [#{_literal(groups[place])}])")
            cells += [f"[#{_literal(cell)}]" for cell in row]
        body = ",\n  ".join(cells)
        made = (
            f"#text(8.5pt, table(columns: ({columns},), align: ({sides},), stroke: none,"
            f" inset: (x: 2pt, y: 3pt),\n  table.hline(stroke: 1pt),\n  {body},\n"
            "  table.hline(stroke: 1pt)))"
        )
        head = f"#caption({self.caption(table)}) #label({_literal(table.id)})"
        notes = self.document.text(table.all_notes(), lang)
        below = [say("document.notes", lang, notes=notes)] if notes else []
        below += [said for said in [source_line(table.source, table.run, lang)] if said]
        told = "\n".join(f"#small({_literal(text)})\n" for text in below)
        return f"#block(width: 100%, sticky: true, below: 0.5em)[{head}]\n{made}\n{told}"
