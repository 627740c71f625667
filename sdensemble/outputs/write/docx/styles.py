"""Page, styles, properties and footer of a Word file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.oxml import serialize_part_xml
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from sdensemble.lang import say, tell
from sdensemble.outputs.document import Document
from sdensemble.outputs.write.docx.wordml import (
    add_field,
    new_element,
    set_fonts,
    set_indent,
    ungrid,
)
from sdensemble.outputs.write.layouts import Face, Layout

THEMED = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")
"""Attributes that win over the fonts named beside them."""


def set_page(file: Any, layout: Layout) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Mm(layout.page[0]), Mm(layout.page[1])
    for side, length in layout.margins.items():
        setattr(section, f"{side}_margin", Mm(length))
    section.footer_distance = Mm(max(12.0, layout.margins["bottom"] - 12.0))
    for old in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(old)
    if layout.pitch:
        kind = {"w:type": "lines", "w:linePitch": str(layout.pitch)}
        section._sectPr.append(new_element("w:docGrid", **kind))


def make_styles(file: Any, layout: Layout, own: bool) -> None:
    """Make the styles a document needs; of a template only those it lacks."""
    styles = file.styles
    for part in styles.element.iter(qn("w:rFonts")):
        for name in THEMED if own else ():
            part.attrib.pop(qn(f"w:{name}"), None)
    faces = layout.faces
    body, justified = faces["body"], WD_ALIGN_PARAGRAPH.JUSTIFY
    if own:
        _style(file, layout, "Normal", body, align=justified)
        _style(file, layout, "Title", faces["title"], align=WD_ALIGN_PARAGRAPH.CENTER, after=10)
        _style(file, layout, "Subtitle", faces["note"], align=WD_ALIGN_PARAGRAPH.CENTER, after=10)
        for level, face in enumerate(layout.headings, start=1):
            style = _style(file, layout, f"Heading {level}", face, before=6, after=3)
            style.paragraph_format.keep_with_next = True
        _style(file, layout, "Caption", faces["caption"], align=WD_ALIGN_PARAGRAPH.CENTER, before=6)
    more: dict[str, tuple[Face, dict[str, Any]]] = {
        "SD Body": (body, {"align": justified, "indent": layout.indent}),
        "SD Lead": (body, {"align": justified, "indent": layout.indent}),
        "SD Point": (body, {}),
        "SD Note": (faces["note"], {"align": justified, "after": 3}),
        "SD Source": (faces["note"], {"after": 8}),
        "SD Cell": (faces["cell"], {}),
        "SD Figure": (faces["cell"], {"align": WD_ALIGN_PARAGRAPH.CENTER, "before": 4}),
        "SD Box": (faces["note"], {"align": justified}),
    }
    for name, (face, look) in more.items():
        if name not in styles:
            _style(file, layout, name, face, **look)
    for name in ("SD Note", "SD Source", "SD Cell", "SD Figure", "SD Box", "Caption"):
        ungrid(styles[name])


def _style(
    file: Any,
    layout: Layout,
    name: str,
    face: Face,
    align: Any = None,
    before: float = 0,
    after: float = 0,
    indent: float = 0,
) -> Any:
    """Return a paragraph style with the letters of a face, made where there is none."""
    styles = file.styles
    style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    if name.startswith("SD "):
        style.base_style = styles["Normal"]
        style.quick_style = True
    style.hidden = False
    font = style.font
    font.size, font.bold, font.italic = Pt(face.size), False, False
    font.color.rgb = RGBColor(0, 0, 0)
    set_fonts(style.element.get_or_add_rPr(), face.font, layout.latin)
    if face.closer:
        spacing = new_element("w:spacing", **{"w:val": str(round(-20 * face.closer))})
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
        set_indent(properties, firstLineChars=letters[0], firstLine=letters[1])
    elif name.startswith("SD "):
        set_indent(properties, firstLineChars="0", firstLine="0")
    return style


def set_properties(file: Any, document: Document, lang: str, own: bool) -> None:
    core = file.core_properties
    core.title, core.subject = tell(document.title, lang), document.run
    core.author = core.last_modified_by = "sdensemble"
    core.comments, core.language = document.run, say("docx.language", lang)
    core.keywords = ", ".join(f"{k}={v}" for k, v in document.keywords.items())
    when = document.date or "2000-01-01"
    core.created = core.modified = datetime.fromisoformat(when).replace(tzinfo=None)
    core.revision = 1
    settings = file.settings.element
    modern = {"w:uri": "http://schemas.microsoft.com/office/word", "w:val": "15"}
    compat = settings.find(qn("w:compat"))
    if compat is not None and own:
        for old in compat.findall(qn("w:compatSetting")):
            compat.remove(old)
        compat.append(new_element("w:compatSetting", **{"w:name": "compatibilityMode"}, **modern))


def add_footer(file: Any, document: Document, lang: str) -> None:
    footer = file.sections[0].footer
    paragraph = footer.paragraphs[0]
    paragraph.style = file.styles["SD Source"]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    fields = {"page": "\0PAGE\0", "pages": "\0NUMPAGES\0"}
    text = say("docx.page", lang, **fields)
    if document.run:
        text = say("docx.footer", lang, run=document.run, page=text)
    for place, part in enumerate(text.split("\0")):
        if place % 2:
            add_field(paragraph, part, "1")
        elif part:
            paragraph.add_run(part)


def name_substitutes(file: Any, layout: Layout) -> None:
    """Name in the font table what stands in for a font that a computer lacks."""
    part = file.part.part_related_by(RT.FONT_TABLE)
    table = parse_xml(part.blob)
    for font, instead in layout.fonts().items():
        if font != instead:
            entry = new_element("w:font", **{"w:name": font})
            entry.append(new_element("w:altName", **{"w:val": instead}))
            entry.append(new_element("w:charset", **{"w:val": "86"}))
            table.append(entry)
    part._blob = serialize_part_xml(table)
