"""Pieces of WordprocessingML that python-docx does not make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt


def new_element(tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(name), value)
    return element


def set_fonts(properties: Any, east: str, latin: str) -> None:
    """Name the fonts of Latin and Chinese letters, and that what is both is Chinese."""
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    names = {"w:ascii": latin, "w:hAnsi": latin, "w:eastAsia": east, "w:cs": latin}
    properties.insert(0, new_element("w:rFonts", **names, **{"w:hint": "eastAsia"}))


def set_indent(properties: Any, **values: str) -> None:
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    indent = properties._add_ind() if hasattr(properties, "_add_ind") else new_element("w:ind")
    for name, value in values.items():
        indent.set(qn(f"w:{name}"), value)


def ungrid(style: Any) -> None:
    """Let a style leave the grid of the page, which would stretch its lines."""
    properties = style.element.get_or_add_pPr()
    if properties.find(qn("w:snapToGrid")) is None:
        element = new_element("w:snapToGrid", **{"w:val": "0"})
        spacing = properties.find(qn("w:spacing"))
        if spacing is not None:
            spacing.addprevious(element)
        else:
            properties.insert(0, element)


def add_tab(paragraph: Any, place: int) -> None:
    paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(place / 20))


def add_field(paragraph: Any, instruction: str, cached: str) -> None:
    """Add a field in five runs, with the text it shows before anything updates it."""
    for kind in ("begin", "", "separate", "text", "end"):
        run = paragraph.add_run(cached if kind == "text" else "")
        if kind == "":
            element = new_element("w:instrText", **{"xml:space": "preserve"})
            element.text = f" {instruction} "
            run._r.append(element)
        elif kind != "text":
            run._r.append(new_element("w:fldChar", **{"w:fldCharType": kind}))


def three_lines(table: Any) -> None:
    """Give a table a thick line above and below, and no other."""
    properties = table._tbl.tblPr
    for tag in ("w:tblBorders", "w:tblStyle", "w:jc"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    borders = new_element("w:tblBorders")
    for side, size in (
        ("top", "12"),
        ("left", ""),
        ("bottom", "12"),
        ("right", ""),
        ("insideH", ""),
        ("insideV", ""),
    ):
        line = {"w:val": "single", "w:sz": size, "w:space": "0", "w:color": "000000"}
        borders.append(new_element(f"w:{side}", **(line if size else {"w:val": "nil"})))
    layout = properties.find(qn("w:tblLayout"))
    if layout is None:
        properties.append(borders)
    else:
        layout.addprevious(borders)
    margins = new_element("w:tblCellMar")
    for side, length in (("left", "60"), ("right", "60")):
        margins.append(new_element(f"w:{side}", **{"w:w": length, "w:type": "dxa"}))
    look = properties.find(qn("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)


def set_edge(cell: Any, side: str, size: int) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = new_element("w:tcBorders")
    line = {"w:val": "single", "w:sz": str(size), "w:space": "0", "w:color": "000000"}
    borders.append(new_element(f"w:{side}", **line))
    align = properties.find(qn("w:vAlign"))
    if align is None:
        properties.append(borders)
    else:
        align.addprevious(borders)


def framed(properties: Any) -> None:
    """Put a paragraph in a frame; neighbours with the same one share it."""
    borders = new_element("w:pBdr")
    for side in ("top", "left", "bottom", "right"):
        line = {"w:val": "single", "w:sz": "4", "w:space": "4", "w:color": "808080"}
        borders.append(new_element(f"w:{side}", **line))
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
