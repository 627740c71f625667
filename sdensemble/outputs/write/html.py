"""Documents as one HTML file with nothing outside it: on a screen, a telephone and in print."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

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
from sdensemble.outputs.table import Table

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { max-width: 46rem; margin: 0 auto; padding: 1rem 1rem 3rem; color: #111; background: #fff;
  font: 1rem/1.75 "Noto Serif SC", "Source Han Serif SC", SimSun, "宋体", Georgia, serif; }
h1, h2, h3, h4, caption, figcaption, th { font-family: "Noto Sans SC", "Source Han Sans SC",
  "Microsoft YaHei", "微软雅黑", SimHei, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.4; text-align: center; margin: 1rem 0 .5rem; }
h2 { font-size: 1.2rem; margin: 1.6rem 0 .4rem; } h3 { font-size: 1.05rem; margin: 1.2rem 0 .3rem; }
p { margin: .5rem 0; } p.subtitle { text-align: center; color: #444; }
p.lead { font-size: 1.08rem; border-left: .25rem solid #08519c; padding-left: .8rem; }
p.note, p.source { font-size: .85rem; line-height: 1.55; color: #444; margin: .25rem 0 .9rem; }
figure, .table { margin: 1.1rem 0; break-inside: avoid; }
figure svg { width: 100%; height: auto; display: block; }
figcaption, caption { font-size: .95rem; text-align: center; margin: .4rem 0; caption-side: top; }
.scroll { overflow-x: auto; } td.right { white-space: nowrap; }
tr > :first-child { min-width: 7em; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.45;
  border-top: 2px solid #000; border-bottom: 2px solid #000; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 1px solid #000; font-weight: 600; vertical-align: bottom; }
th, td { padding: .25rem .5rem; text-align: left; } .right { text-align: right; }
tr.group th { padding-top: .5rem; font-weight: 600; text-align: left; }
aside { border: 1px solid #888; padding: .4rem .9rem; margin: 1.1rem 0; font-size: .92rem;
  break-inside: avoid; }
footer { margin-top: 2rem; border-top: 1px solid #888; font-size: .85rem; color: #444; }
a { color: #08519c; }
@media screen { figure { overflow-x: auto; } figure svg { min-width: 34rem; } }
@media print { @page { size: A4; margin: 22mm 24mm; } body { max-width: none; padding: 0;
  font-size: 10.5pt; } a { color: inherit; text-decoration: none; } .scroll { overflow: visible; }
  section.annex, .break { break-before: page; } thead { display: table-header-group; }
  tr { break-inside: avoid; } h2, h3, caption, figcaption { break-after: avoid; } }
"""


def write_html(document: Document, path: Path, lang: str, **_look: object) -> Path:
    """Write a document as one HTML file and return its path; figures are SVG with their text."""
    path.write_text(html_text(document, lang), encoding="utf-8", newline="\n")
    return path


def html_text(document: Document, lang: str) -> str:
    """Return a document as HTML."""
    writer = _Writer(document, lang)
    title = escape(tell(document.title, lang))
    subtitle = tell(document.subtitle, lang)
    body = [f"<h1>{title}</h1>"]
    body += [f'<p class="subtitle">{escape(subtitle)}</p>'] if subtitle else []
    body += [writer.block(block) for block in document.blocks]
    said = source_line(document.source, document.run, lang)
    body += [f"<footer>{escape(said)}</footer>"] if said else []
    code = say("docx.language", lang)
    return (
        f'<!DOCTYPE html>\n<html lang="{code}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="sdensemble">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


class _Writer:
    """The writing of one document; ids of numbered blocks are the targets of references."""

    def __init__(self, document: Document, lang: str):
        self.document, self.lang = document, lang

    def words(self, words: Words) -> str:
        """Return words with each reference as a link."""
        return "".join(
            f'<a href="#{escape(piece.ref)}">{escape(piece.text)}</a>'
            if piece.ref
            else escape(piece.text)
            for piece in self.document.pieces(words, self.lang)
        )

    def caption(self, block: Table | Figure | Box | Annex) -> str:
        """Return the caption of a numbered block."""
        return self.words(self.document.caption(block))

    def block(self, block: Block) -> str:
        """Return a block as HTML."""
        match block:
            case Heading():
                level = min(block.level + 1, 4)
                return f"<h{level}>{self.words(block.text)}</h{level}>"
            case Paragraph():
                return f'<p class="{block.style}">{self.words(block.text)}</p>'
            case Items():
                tag = "ol" if block.ordered else "ul"
                rows = "".join(f"<li>{self.words(item)}</li>" for item in block.items)
                return f"<{tag}>{rows}</{tag}>"
            case PageBreak():
                return '<div class="break"></div>'
            case Table():
                return self.table(block)
            case Figure():
                return self.figure(block)
            case Box():
                inner = "\n".join(self.block(one) for one in block.blocks)
                head = f"<p><strong>{self.caption(block)}</strong></p>"
                return f'<aside id="{escape(block.id)}">{head}\n{inner}</aside>'
            case Annex():
                inner = "\n".join(self.block(one) for one in block.blocks)
                head = f"<h2>{self.caption(block)}</h2>"
                return f'<section class="annex" id="{escape(block.id)}">{head}\n{inner}</section>'

    def figure(self, figure: Figure) -> str:
        """Return a figure with its caption below."""
        from sdensemble.outputs.write.picture import svg_text

        # The title stands in the caption, so that it is not said twice.
        drawn = svg_text(replace(figure, title=""), self.lang)
        drawn = drawn[drawn.index("<svg") :]
        name = escape(self.document.text(self.document.caption(figure), self.lang))
        drawn = drawn.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
        caption = f"<figcaption>{self.caption(figure)}</figcaption>"
        return f'<figure id="{escape(figure.id)}">{drawn}{caption}</figure>'

    def table(self, table: Table) -> str:
        """Return a three-line table with its caption above, notes and source below."""
        right = [' class="right"' if column.form.right else "" for column in table.columns]
        heads = "".join(
            f'<th scope="col"{side}>{escape(head)}</th>'
            for side, head in zip(right, table.head(self.lang), strict=True)
        )
        groups = {first: tell(head, self.lang) for first, head in table.groups}
        rows = []
        for place, cells in enumerate(table.texts(self.lang)):
            if place in groups:
                wide = len(cells)
                head = escape(groups[place])
                rows.append(f'<tr class="group"><th colspan="{wide}">{head}</th></tr>')
            shown = "".join(
                f"<td{side}>{escape(cell)}</td>" for side, cell in zip(right, cells, strict=True)
            )
            rows.append(f"<tr>{shown}</tr>")
        notes = self.document.text(table.all_notes(), self.lang)
        said = source_line(table.source, table.run, self.lang)
        below = []
        if notes:
            text = escape(say("document.notes", self.lang, notes=notes))
            below.append(f'<p class="note">{text}</p>')
        below += [f'<p class="source">{escape(said)}</p>'] if said else []
        body = "\n".join(rows)
        return (
            f'<div class="table" id="{escape(table.id)}"><div class="scroll"><table>'
            f"<caption>{self.caption(table)}</caption><thead><tr>{heads}</tr></thead>\n"
            f"<tbody>{body}</tbody></table></div>{''.join(below)}</div>"
        )
