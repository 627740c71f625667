"""Tables and documents as text in columns, folded to the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from sdensemble.lang import LANGS, tell
from sdensemble.outputs.document import Annex, Block, Box, Document, Heading, Items, Paragraph
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.table import Table
from sdensemble.outputs.text import WIDE, folded, width, wrap

CELL = 60
"""Columns a cell may take before it stands on several lines."""


def table_lines(table: Table, lang: str, columns: int | None = None) -> list[str]:
    """Return the head and rows of a table as aligned lines, without title and notes.

    A table wider than ``columns`` is folded into several below one another.
    """
    shown = [table.head(lang)]
    heads = dict(table.groups)
    for place, row in enumerate(table.texts(lang)):
        if place in heads:
            shown.append([tell(heads[place], lang), *[""] * (len(row) - 1)])
        cells = [wrap(text, CELL) for text in row]
        shown += [list(line) for line in zip_longest(*cells, fillvalue="")]
    leading = [column.form.right for column in table.columns]
    left = leading.index(True) if True in leading else len(leading)
    return folded(shown, columns, left=max(left, 1), keys=table.stub)


RUNNING = ("Heading", "Paragraph", "Items")
"""Blocks that follow one another without a blank line, where the second is no heading."""


def write_texts(folder: Path, document: Document, stem: str) -> None:
    """Write a document as plain text, a file for each language."""
    for lang in LANGS:
        text = document_text(document, lang)
        (folder / f"{stem}-{lang}.txt").write_text(text + "\n", encoding="utf-8")


def document_text(document: Document, lang: str, columns: int | None = None) -> str:
    """Return a document as plain text; of figures their captions.

    Running text is as wide as the widest table where no width is asked for.
    """
    tables = [one for one in document.walk() if isinstance(one, Table)]
    lines = [line for one in tables for line in table_lines(one, lang, columns)]
    wide = columns or max([WIDE, *map(width, lines)])
    found = [line for line in (tell(document.title, lang), tell(document.subtitle, lang)) if line]
    before = ""
    for block in document.walk():
        kind = type(block).__name__
        running = before in RUNNING and kind in RUNNING[1:]
        if found and not running:
            found.append("")
        found += _block(document, block, lang, columns, wide)
        before = kind
    return "\n".join(found)


def _block(
    document: Document, block: Block, lang: str, columns: int | None, wide: int
) -> Iterator[str]:
    match block:
        case Heading():
            yield document.text(block.text, lang)
        case Paragraph():
            text = document.text(block.text, lang)
            whole = block.style == "verbatim" or (block.style == "line" and columns is None)
            yield from [text] if whole else wrap(text, wide)
        case Items():
            for place, item in enumerate(block.items, start=1):
                mark = f"{place}. " if block.ordered else "– "
                first, *more = wrap(document.text(item, lang), wide - width(mark))
                yield mark + first
                yield from (" " * width(mark) + line for line in more)
        case Table():
            if block.title:
                yield from wrap(document.text(document.caption(block), lang), wide)
            yield from table_lines(block, lang, columns)
            if block.notes:
                yield from wrap(document.text(block.all_notes(), lang), wide)
        case Figure() | Box() | Annex():
            yield from wrap(document.text(document.caption(block), lang), wide)
