"""Documents as Word files that Word, WPS and LibreOffice open alike.

What python-docx does not do by itself: the fonts of Chinese letters (``eastAsia``) and of theme,
captions and references as fields with their number already in them, widths in the grid of a table,
three-line tables whose head stays with what follows, and the same bytes twice.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from docx import Document as new_docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

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
from sdensemble.outputs.table import Table
from sdensemble.outputs.write.archive import undated
from sdensemble.outputs.write.docx.styles import (
    add_footer,
    make_styles,
    name_substitutes,
    set_page,
    set_properties,
)
from sdensemble.outputs.write.docx.wordml import (
    add_field,
    add_tab,
    framed,
    new_element,
    set_edge,
    set_indent,
    three_lines,
)
from sdensemble.outputs.write.layouts import CAPTION, Layout, layout_of, widths

ROOMY = 4
"""Columns up to which a head has room for its unit beside it."""
KEPT_TOGETHER = 14
"""Rows up to which a table is kept on one page."""


def write_docx(
    document: Document,
    path: Path,
    lang: str,
    *,
    layout: str = "office",
    template: Path | None = None,
) -> Path:
    """Write a document as a Word file and return its path.

    ``template`` is a .docx whose page, header, footer and styles are kept; the styles a document
    needs and the template lacks come from the layout. The same document gives the same bytes.
    """
    made = _Writer(document, lang, layout_of(layout), template).make()
    stream = io.BytesIO()
    made.save(stream)
    path.write_bytes(undated(stream.getvalue()))
    return path


def _open(template: Path | None) -> Any:
    if template is None:
        return new_docx()
    try:
        made = new_docx(str(template))
    except Exception as error:  # python-docx lets through whatever its parts raise
        told = "{file}: is no Word document (.docx) that can be read — {why}"
        raise SDError(told, file=template.name, why=error) from None
    body = made.element.body
    for child in list(body):
        if child.tag != qn("w:sectPr"):
            body.remove(child)
    return made


class _Writer:
    """The writing of one document: holds the open file and counts bookmarks."""

    def __init__(self, document: Document, lang: str, layout: Layout, template: Path | None):
        self.document, self.lang, self.layout = document, lang, layout
        self.file = _open(template)
        self.own = template is None
        self.marks: dict[str, tuple[str, int]] = {
            name: (f"_Ref{500000000 + zlib.crc32(name.encode()) % 400000000}", place)
            for place, name in enumerate(document.numbers, start=1)
        }

    def make(self) -> Any:
        """Return the file with everything in it."""
        if self.own:
            set_page(self.file, self.layout)
        make_styles(self.file, self.layout, self.own)
        set_properties(self.file, self.document, self.lang, self.own)
        document = self.document
        self._paragraph(document.title, "Title")
        if tell(document.subtitle, self.lang):
            self._paragraph(document.subtitle, "Subtitle")
        for block in document.blocks:
            self._block(block)
        if self.own:
            add_footer(self.file, self.document, self.lang)
            name_substitutes(self.file, self.layout)
        return self.file

    # ── blocks ──

    def _block(self, block: Block) -> None:
        match block:
            case Heading():
                self._paragraph(block.text, f"Heading {min(block.level, 3)}")
            case Paragraph():
                styles = {"note": "SD Note", "source": "SD Source", "lead": "SD Lead"}
                self._paragraph(block.text, styles.get(block.style, "SD Body"))
            case Items():
                self._items(block)
            case PageBreak():
                self.file.add_page_break()
            case Table():
                self._table(block)
            case Figure():
                self._figure(block)
            case Box():
                self._box(block)
            case Annex():
                head = self._captioned(block, "Heading 1")
                head.paragraph_format.page_break_before = True
                for inner in block.blocks:
                    self._block(inner)

    def _paragraph(self, words: Words, style: str) -> Any:
        paragraph = self.file.add_paragraph(style=style)
        self._runs(paragraph, words)
        return paragraph

    def _runs(self, paragraph: Any, words: Words) -> None:
        """Write words; a reference is a field that holds the number it points at."""
        for piece in self.document.pieces(words, self.lang):
            if piece.ref:
                add_field(paragraph, f"REF {self.marks[piece.ref][0]} \\h", piece.text)
            else:
                paragraph.add_run(piece.text)

    def _items(self, block: Items) -> None:
        for place, item in enumerate(block.items, start=1):
            paragraph = self.file.add_paragraph(style="SD Point")
            mark = say("docx.ordered", self.lang, n=place) if block.ordered else "•"
            size = self.layout.faces["body"].size
            hang = {"left": str(int(40 * size)), "leftChars": "200"}
            hang |= {"hanging": str(int(20 * size * 1.5)), "hangingChars": "150"}
            set_indent(paragraph._p.get_or_add_pPr(), **hang)
            paragraph.add_run(f"{mark}\t")
            add_tab(paragraph, int(40 * size))
            self._runs(paragraph, item)

    def _captioned(self, block: Table | Figure | Box | Annex, style: str) -> Any:
        """Write a caption: its number is a field that counts, inside a bookmark."""
        document, lang = self.document, self.lang
        number = tell(document.numbers[block.id], lang)
        text = document.text(document.caption(block), lang)
        before, after = text.split(number, 1)
        paragraph = self.file.add_paragraph(style=style)
        name, place = self.marks[block.id]
        paragraph.add_run(before)
        paragraph._p.append(new_element("w:bookmarkStart", **{"w:id": str(place), "w:name": name}))
        found = re.search(r"\d+", number)
        if found is None:
            paragraph.add_run(number)
        else:
            kind = number[: found.start()].strip() or type(block).__name__
            paragraph.add_run(number[: found.start()])
            add_field(paragraph, f"SEQ {kind} \\* ARABIC", found[0])
            paragraph.add_run(number[found.end() :])
        paragraph._p.append(new_element("w:bookmarkEnd", **{"w:id": str(place)}))
        paragraph.add_run(after)
        return paragraph

    def _box(self, block: Box) -> None:
        """Write a box: its paragraphs share one border, so they make one frame."""
        begun = len(self.file.element.body) - 1  # the last element is the section
        self._captioned(block, "SD Box")
        for inner in block.blocks:
            if isinstance(inner, Paragraph):
                self._paragraph(inner.text, "SD Box")
            elif isinstance(inner, Items):
                for place, item in enumerate(inner.items, start=1):
                    paragraph = self.file.add_paragraph(style="SD Box")
                    mark = say("docx.ordered", self.lang, n=place) if inner.ordered else "• "
                    paragraph.add_run(mark)
                    self._runs(paragraph, item)
            else:
                self._block(inner)
        for element in list(self.file.element.body)[begun:]:
            if element.tag == qn("w:p"):
                framed(element.get_or_add_pPr())

    def _figure(self, figure: Figure) -> None:
        """Write a figure with its caption below and the source below that."""
        from sdensemble.outputs.write.picture import png_bytes

        # The title stands in the caption, so that it is not said twice.
        png = png_bytes(replace(figure, title=""), self.lang, 300)
        paragraph = self.file.add_paragraph(style="SD Figure")
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(io.BytesIO(png))
        room = (self._width(), self._height() - CAPTION)
        sizes = (shape.width / Mm(1), shape.height / Mm(1))
        scale = min(1.0, *(free / size for free, size in zip(room, sizes, strict=True)))
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape._inline.docPr.set("descr", tell(figure.caption or figure.title, self.lang))
        self._captioned(figure, "Caption").paragraph_format.space_after = Pt(8)

    def _height(self) -> float:
        """Return the height of the text in mm, that of the template where there is one."""
        section = self.file.sections[-1]
        return float((section.page_height - section.top_margin - section.bottom_margin) / Mm(1))

    def _width(self) -> float:
        """Return the width of the text in mm, that of the template where there is one."""
        if self.own:
            return self.layout.width
        section = self.file.sections[0]
        return float((section.page_width - section.left_margin - section.right_margin) / Mm(1))

    # ── tables ──

    def _table(self, table: Table) -> None:
        """Write a three-line table under its caption, with notes and source below."""
        lang, document = self.lang, self.document
        self._captioned(table, "Caption").paragraph_format.keep_with_next = True
        heads, rows = table.head(lang), table.texts(lang)
        right = [column.form.right for column in table.columns]
        groups = {first: tell(head, lang) for first, head in table.groups}
        lines = _lines(rows, groups)
        made = self.file.add_table(rows=0, cols=len(heads))
        made.autofit = False
        size = self.layout.faces["cell"].size
        grid = [Mm(width) for width in widths(table, lang, self._width(), size)]
        for element, width in zip(made._tbl.tblGrid.iterchildren(), grid, strict=True):
            element.set(qn("w:w"), str(int(width / 635)))
        three_lines(made)
        together = len(lines) <= KEPT_TOGETHER
        if len(heads) > ROOMY:  # a unit on a line of its own is not broken within
            heads = [
                "\n".join(part.strip() for part in column.parts(lang) if part)
                for column in table.columns
            ]
        self._row(made, heads, grid, right, head=True, follow=True)
        for place, (cells, whole) in enumerate(lines):
            follow = together and place + 1 < len(lines)
            self._row(made, cells, grid, right, follow=follow or whole, whole=whole)
        notes = document.text(table.all_notes(), lang)
        if notes:
            self._paragraph(say("document.notes", lang, notes=notes), "SD Note")
        said = source_line(table.source, table.run, lang)
        self._paragraph(said, "SD Source")

    def _row(
        self,
        made: Any,
        cells: Sequence[str],
        grid: Sequence[Any],
        right: Sequence[bool],
        head: bool = False,
        follow: bool = False,
        whole: bool = False,
    ) -> None:
        """Add a row; ``follow`` keeps it on the page of the next, ``whole`` makes it one cell."""
        row = made.add_row()
        properties = row._tr.get_or_add_trPr()
        properties.append(new_element("w:cantSplit"))
        if head:
            properties.append(new_element("w:tblHeader"))
        held = row.cells
        if whole:
            held[0].merge(held[-1])
            cells, held = cells[:1], held[:1]
        for place, (cell, text) in enumerate(zip(held, cells, strict=True)):
            cell.width = grid[place] if not whole else sum(grid)
            paragraph = cell.paragraphs[0]
            paragraph.style = self.file.styles["SD Cell"]
            paragraph.paragraph_format.keep_with_next = follow
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
            if right[place] and not whole:
                paragraph.alignment = (
                    WD_ALIGN_PARAGRAPH.CENTER if head else WD_ALIGN_PARAGRAPH.RIGHT
                )
            run = paragraph.add_run(text)
            run.bold = True if whole else None
            cell.vertical_alignment = 1
            if head:
                set_edge(cell, "bottom", 6)


def _lines(
    rows: Sequence[Sequence[str]], groups: Mapping[int, str]
) -> list[tuple[Sequence[str], bool]]:
    """Return the rows with a row of its own before each group."""
    found: list[tuple[Sequence[str], bool]] = []
    for place, row in enumerate(rows):
        if place in groups:
            found.append(([groups[place]], True))
        found.append((row, False))
    return found
