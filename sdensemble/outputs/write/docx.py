"""Documents as Word files that Word, WPS and LibreOffice open alike.

What python-docx does not do by itself: the fonts of Chinese letters (``eastAsia``) and of theme,
captions and references as fields with their number already in them, widths in the grid of a table,
three-line tables whose head stays with what follows, and the same bytes twice.
"""

from __future__ import annotations

import io
import re
import tomllib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from docx import Document as new_docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from sdengine.errors import Message, SDError, did_you_mean
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

LAYOUTS = Path(__file__).with_name("layouts.toml")
THEMED = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")
"""Attributes that win over the fonts named beside them."""
PADDING = 2.6
"""Millimetres beside the text of a cell, both sides together."""
KEPT_TOGETHER = 14
"""Rows up to which a table is kept on one page."""


@dataclass(frozen=True)
class Face:
    """Letters: the Chinese font, what replaces it, and size and line in points."""

    font: str
    instead: str
    size: float
    line: float | None = None
    closer: float = 0.0
    """Points by which letters stand closer than their size."""


@dataclass(frozen=True)
class Layout:
    """A page and its letters; lengths in mm. ``pitch`` is Word's linePitch, 0 without a grid."""

    name: str
    page: tuple[float, float]
    margins: Mapping[str, float]
    latin: str
    indent: float
    faces: Mapping[str, Face]
    headings: tuple[Face, ...]
    pitch: int = 0

    @property
    def width(self) -> float:
        """Return the width of the text in mm."""
        return self.page[0] - self.margins["left"] - self.margins["right"]

    def fonts(self) -> dict[str, str]:
        """Return each font asked for with what replaces it."""
        return {face.font: face.instead for face in (*self.faces.values(), *self.headings)}


@cache
def layouts() -> dict[str, Layout]:
    """Return the layouts there are, by name."""
    found = {}
    for name, given in tomllib.loads(LAYOUTS.read_text(encoding="utf-8")).items():
        found[name] = Layout(
            name,
            tuple(given["page"]),
            given["margins"],
            given["latin"],
            given["indent"],
            {key: Face(**given[key]) for key in ("body", "title", "caption", "cell", "note")},
            tuple(Face(**one) for one in given["headings"]),
            given.get("pitch", 0),
        )
    return found


def layout_of(name: str) -> Layout:
    """Return a layout by name; raise SDError with those there are."""
    if name not in layouts():
        hint, known = did_you_mean(name, layouts()), ", ".join(layouts())
        told = 'no layout "{name}"{hint} (there are {known})'
        raise SDError(Message(told, name=name, hint=hint, known=known))
    return layouts()[name]


def write_docx(
    document: Document,
    path: Path,
    lang: str,
    layout: str = "office",
    template: Path | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a document as a Word file and return its path.

    ``template`` is a .docx whose page, header, footer and styles are kept; the styles a document
    needs and the template lacks come from the layout. ``pictures`` are PNG files of figures by
    id, drawn here where they are missing. The same document gives the same bytes.
    """
    made = _Writer(document, lang, layout_of(layout), template, pictures or {}).make()
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
        raise SDError(Message(told, file=template.name, why=error)) from None
    body = made.element.body
    for child in list(body):
        if child.tag != qn("w:sectPr"):
            body.remove(child)
    return made


class _Writer:
    """The writing of one document: holds the open file and counts bookmarks."""

    def __init__(
        self,
        document: Document,
        lang: str,
        layout: Layout,
        template: Path | None,
        pictures: Mapping[str, bytes],
    ):
        self.document, self.lang, self.layout, self.pictures = document, lang, layout, pictures
        self.file = _open(template)
        self.own = template is None
        self.marks: dict[str, tuple[str, int]] = {
            name: (f"_Ref{500000000 + zlib.crc32(name.encode()) % 400000000}", place)
            for place, name in enumerate(document.numbers, start=1)
        }

    def make(self) -> Any:
        """Return the file with everything in it."""
        if self.own:
            self._page()
        self._styles()
        self._properties()
        document = self.document
        self._paragraph(document.title, "Title")
        if tell(document.subtitle, self.lang):
            self._paragraph(document.subtitle, "Subtitle")
        for block in document.blocks:
            self._block(block)
        if self.own:
            self._footer()
            self._substitutes()
        return self.file

    # ── page and letters ──

    def _page(self) -> None:
        section, layout = self.file.sections[0], self.layout
        section.page_width, section.page_height = Mm(layout.page[0]), Mm(layout.page[1])
        for side, length in layout.margins.items():
            setattr(section, f"{side}_margin", Mm(length))
        section.footer_distance = Mm(max(12.0, layout.margins["bottom"] - 12.0))
        for old in section._sectPr.findall(qn("w:docGrid")):
            section._sectPr.remove(old)
        if layout.pitch:
            kind = {"w:type": "lines", "w:linePitch": str(layout.pitch)}
            section._sectPr.append(_element("w:docGrid", **kind))

    def _styles(self) -> None:
        """Make the styles a document needs; of a template only those it lacks."""
        styles = self.file.styles
        for element in styles.element.iter(qn("w:rFonts")):
            for name in THEMED if self.own else ():
                element.attrib.pop(qn(f"w:{name}"), None)
        faces, layout = self.layout.faces, self.layout
        body, justified = faces["body"], WD_ALIGN_PARAGRAPH.JUSTIFY
        if self.own:
            self._style("Normal", body, align=justified)
            self._style("Title", faces["title"], align=WD_ALIGN_PARAGRAPH.CENTER, after=10)
            self._style("Subtitle", faces["note"], align=WD_ALIGN_PARAGRAPH.CENTER, after=10)
            for level, face in enumerate(layout.headings, start=1):
                style = self._style(f"Heading {level}", face, before=6, after=3)
                style.paragraph_format.keep_with_next = True
            self._style("Caption", faces["caption"], align=WD_ALIGN_PARAGRAPH.CENTER, before=6)
        more: dict[str, tuple[Face, dict[str, Any]]] = {
            "SD Body": (body, {"align": justified, "indent": layout.indent}),
            "SD Lead": (body, {"align": justified, "indent": layout.indent}),
            "SD Point": (body, {"align": justified}),
            "SD Note": (faces["note"], {"align": justified, "after": 3}),
            "SD Source": (faces["note"], {"after": 8}),
            "SD Cell": (faces["cell"], {}),
            "SD Figure": (faces["cell"], {"align": WD_ALIGN_PARAGRAPH.CENTER, "before": 4}),
            "SD Box": (faces["note"], {"align": justified}),
        }
        for name, (face, look) in more.items():
            if name not in styles:
                self._style(name, face, **look)
        for name in ("SD Note", "SD Source", "SD Cell", "SD Figure", "SD Box", "Caption"):
            _ungrid(styles[name])

    def _style(
        self,
        name: str,
        face: Face,
        align: Any = None,
        before: float = 0,
        after: float = 0,
        indent: float = 0,
    ) -> Any:
        """Return a paragraph style with the letters of a face, made where there is none."""
        styles = self.file.styles
        style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if name.startswith("SD "):
            style.base_style = styles["Normal"]
            style.quick_style = True
        style.hidden = False
        font = style.font
        font.size, font.bold, font.italic = Pt(face.size), False, False
        font.color.rgb = RGBColor(0, 0, 0)
        _fonts(style.element.get_or_add_rPr(), face.font, self.layout.latin)
        if face.closer:
            spacing = _element("w:spacing", **{"w:val": str(round(-20 * face.closer))})
            font.element.rPr.find(qn("w:sz")).addprevious(spacing)
        form = style.paragraph_format
        form.alignment, form.space_before, form.space_after = align, Pt(before), Pt(after)
        # Without a line of its own a cell would take the fixed one of the text around it.
        form.line_spacing = Pt(face.line) if face.line else 1.0
        properties = style.element.get_or_add_pPr()
        for border in properties.findall(qn("w:pBdr")):
            properties.remove(border)
        if indent:
            letters = str(int(100 * indent)), str(int(20 * indent * face.size))
            _indent(properties, firstLineChars=letters[0], firstLine=letters[1])
        elif name.startswith("SD "):
            _indent(properties, firstLineChars="0", firstLine="0")
        return style

    def _properties(self) -> None:
        core, document = self.file.core_properties, self.document
        core.title, core.subject = tell(document.title, self.lang), document.run
        core.author = core.last_modified_by = "sdensemble"
        core.comments, core.language = document.run, say("docx.language", self.lang)
        core.keywords = ", ".join(f"{k}={v}" for k, v in document.keywords.items())
        when = document.date or "2000-01-01"
        core.created = core.modified = datetime.fromisoformat(when).replace(tzinfo=None)
        core.revision = 1
        settings = self.file.settings.element
        modern = {"w:uri": "http://schemas.microsoft.com/office/word", "w:val": "15"}
        compat = settings.find(qn("w:compat"))
        if compat is not None and self.own:
            for old in compat.findall(qn("w:compatSetting")):
                compat.remove(old)
            compat.append(_element("w:compatSetting", **{"w:name": "compatibilityMode"}, **modern))

    def _footer(self) -> None:
        footer = self.file.sections[0].footer
        paragraph = footer.paragraphs[0]
        paragraph.style = self.file.styles["SD Source"]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        fields = {"page": "\0PAGE\0", "pages": "\0NUMPAGES\0"}
        text = say("docx.page", self.lang, **fields)
        if self.document.run:
            text = say("docx.footer", self.lang, run=self.document.run, page=text)
        for place, part in enumerate(text.split("\0")):
            if place % 2:
                _field(paragraph, part, "1")
            elif part:
                paragraph.add_run(part)

    def _substitutes(self) -> None:
        """Name in the font table what stands in for a font that a computer lacks."""
        part = self.file.part.part_related_by(RT.FONT_TABLE)
        table = parse_xml(part.blob)
        for font, instead in self.layout.fonts().items():
            if font != instead:
                entry = _element("w:font", **{"w:name": font})
                entry.append(_element("w:altName", **{"w:val": instead}))
                entry.append(_element("w:charset", **{"w:val": "86"}))
                table.append(entry)
        part._blob = serialize_part_xml(table)

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
                _field(paragraph, f"REF {self.marks[piece.ref][0]} \\h", piece.text)
            else:
                paragraph.add_run(piece.text)

    def _items(self, block: Items) -> None:
        for place, item in enumerate(block.items, start=1):
            paragraph = self.file.add_paragraph(style="SD Point")
            mark = say("docx.ordered", self.lang, n=place) if block.ordered else "•"
            size = self.layout.faces["body"].size
            hang = {"left": str(int(40 * size)), "leftChars": "200"}
            hang |= {"hanging": str(int(20 * size * 1.5)), "hangingChars": "150"}
            _indent(paragraph._p.get_or_add_pPr(), **hang)
            paragraph.add_run(f"{mark}\t")
            _tab(paragraph, int(40 * size))
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
        paragraph._p.append(_element("w:bookmarkStart", **{"w:id": str(place), "w:name": name}))
        found = re.search(r"\d+", number)
        if found is None:
            paragraph.add_run(number)
        else:
            kind = number[: found.start()].strip() or type(block).__name__
            paragraph.add_run(number[: found.start()])
            _field(paragraph, f"SEQ {kind} \\* ARABIC", found[0])
            paragraph.add_run(number[found.end() :])
        paragraph._p.append(_element("w:bookmarkEnd", **{"w:id": str(place)}))
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
                _framed(element.get_or_add_pPr())

    def _figure(self, figure: Figure) -> None:
        """Write a figure with its caption below and the source below that."""
        png = self.pictures.get(figure.id)
        if png is None:
            from sdensemble.outputs.write.picture import png_bytes

            # The title stands in the caption, so that it is not said twice.
            png = png_bytes(replace(figure, title=""), self.lang, 300)
        paragraph = self.file.add_paragraph(style="SD Figure")
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(io.BytesIO(png))
        scale = min(1.0, self._width() / (shape.width / Mm(1)))
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape._inline.docPr.set("descr", tell(figure.caption or figure.title, self.lang))
        self._captioned(figure, "Caption").paragraph_format.space_after = Pt(8)

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
        _three_lines(made)
        together = len(lines) <= KEPT_TOGETHER
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
        properties.append(_element("w:cantSplit"))
        if head:
            properties.append(_element("w:tblHeader"))
        held = row.cells
        if whole:
            held[0].merge(held[-1])
            cells, held = cells[:1], held[:1]
        for place, (cell, text) in enumerate(zip(held, cells, strict=True)):
            cell.width = grid[place] if not whole else sum(grid)
            paragraph = cell.paragraphs[0]
            paragraph.style = self.file.styles["SD Cell"]
            paragraph.paragraph_format.keep_with_next = follow
            if right[place] and not whole:
                paragraph.alignment = (
                    WD_ALIGN_PARAGRAPH.CENTER if head else WD_ALIGN_PARAGRAPH.RIGHT
                )
            run = paragraph.add_run(text)
            run.bold = True if whole else None
            cell.vertical_alignment = 1
            if head:
                _edge(cell, "bottom", 6)


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


def widths(table: Table, lang: str, width: float, size: float) -> list[float]:
    """Return the widths of a table's columns in mm, together ``width``, for letters of ``size``.

    Numbers keep to one line; words give way, then all alike.
    """
    heads, rows = table.head(lang), table.texts(lang)
    letter = size / 2 * 25.4 / 72

    def long(text: str) -> float:
        return letter * sum(2.0 if ord(sign) > 0x2E7F else 1.0 for sign in text)

    wanted, least = [], []
    for place, (head, column) in enumerate(zip(heads, table.columns, strict=True)):
        most = max((long(row[place]) for row in rows), default=0.0)
        word = max((long(part) for part in re.findall(r"[\x21-\u2e7f]+|.", head)), default=0.0)
        floor = most if column.form.right else min(most, 14 * letter)
        least.append(PADDING + max(floor, word, long(head) / 3))
        wanted.append(PADDING + max(most, word, long(head) / 2))
    if sum(wanted) <= width:
        return [one * width / sum(wanted) for one in wanted]
    if sum(least) >= width:
        return [one * width / sum(least) for one in least]
    spare = (width - sum(least)) / (sum(wanted) - sum(least))
    return [low + spare * (high - low) for low, high in zip(least, wanted, strict=True)]


# ── pieces of WordprocessingML ──


def _element(tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(name), value)
    return element


def _fonts(properties: Any, east: str, latin: str) -> None:
    """Name the fonts of Latin and Chinese letters, and that what is both is Chinese."""
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    names = {"w:ascii": latin, "w:hAnsi": latin, "w:eastAsia": east, "w:cs": latin}
    properties.insert(0, _element("w:rFonts", **names, **{"w:hint": "eastAsia"}))


def _indent(properties: Any, **values: str) -> None:
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    indent = properties._add_ind() if hasattr(properties, "_add_ind") else _element("w:ind")
    for name, value in values.items():
        indent.set(qn(f"w:{name}"), value)


def _ungrid(style: Any) -> None:
    """Let a style leave the grid of the page, which would stretch its lines."""
    properties = style.element.get_or_add_pPr()
    if properties.find(qn("w:snapToGrid")) is None:
        element = _element("w:snapToGrid", **{"w:val": "0"})
        spacing = properties.find(qn("w:spacing"))
        if spacing is not None:
            spacing.addprevious(element)
        else:
            properties.insert(0, element)


def _tab(paragraph: Any, place: int) -> None:
    paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(place / 20))


def _field(paragraph: Any, instruction: str, cached: str) -> None:
    """Add a field in five runs, with the text it shows before anything updates it."""
    for kind in ("begin", "", "separate", "text", "end"):
        run = paragraph.add_run(cached if kind == "text" else "")
        if kind == "":
            element = _element("w:instrText", **{"xml:space": "preserve"})
            element.text = f" {instruction} "
            run._r.append(element)
        elif kind != "text":
            run._r.append(_element("w:fldChar", **{"w:fldCharType": kind}))


def _three_lines(table: Any) -> None:
    """Give a table a thick line above and below, and no other."""
    properties = table._tbl.tblPr
    for tag in ("w:tblBorders", "w:tblStyle", "w:jc"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    borders = _element("w:tblBorders")
    for side, size in (
        ("top", "12"),
        ("left", ""),
        ("bottom", "12"),
        ("right", ""),
        ("insideH", ""),
        ("insideV", ""),
    ):
        line = {"w:val": "single", "w:sz": size, "w:space": "0", "w:color": "000000"}
        borders.append(_element(f"w:{side}", **(line if size else {"w:val": "nil"})))
    layout = properties.find(qn("w:tblLayout"))
    if layout is None:
        properties.append(borders)
    else:
        layout.addprevious(borders)
    margins = _element("w:tblCellMar")
    for side, length in (("left", "60"), ("right", "60")):
        margins.append(_element(f"w:{side}", **{"w:w": length, "w:type": "dxa"}))
    look = properties.find(qn("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)


def _edge(cell: Any, side: str, size: int) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = _element("w:tcBorders")
    line = {"w:val": "single", "w:sz": str(size), "w:space": "0", "w:color": "000000"}
    borders.append(_element(f"w:{side}", **line))
    align = properties.find(qn("w:vAlign"))
    if align is None:
        properties.append(borders)
    else:
        align.addprevious(borders)


def _framed(properties: Any) -> None:
    """Put a paragraph in a frame; neighbours with the same one share it."""
    borders = _element("w:pBdr")
    for side in ("top", "left", "bottom", "right"):
        line = {"w:val": "single", "w:sz": "4", "w:space": "4", "w:color": "808080"}
        borders.append(_element(f"w:{side}", **line))
    for later in _after_border(properties):
        later.addprevious(borders)
        return
    properties.append(borders)


def _after_border(properties: Any) -> Iterator[Any]:
    """Yield what must stand behind ``pBdr`` in the order of the schema."""
    before = {
        qn(f"w:{tag}")
        for tag in (
            "pStyle",
            "keepNext",
            "keepLines",
            "pageBreakBefore",
            "framePr",
            "widowControl",
            "numPr",
            "suppressLineNumbers",
        )
    }
    yield from (child for child in properties if child.tag not in before)
