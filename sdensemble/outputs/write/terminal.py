"""Tables and documents as text in columns, folded to the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sdensemble.lang import tell
from sdensemble.outputs.document import (
    Annex,
    Block,
    Box,
    Document,
    Heading,
    Items,
    Paragraph,
    source_line,
)
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.table import Table
from sdensemble.outputs.text import folded, width, wrap

WIDE = 100
"""Columns of running text where no width is asked for and no table is wider."""


def table_lines(table: Table, lang: str, columns: int | None = None) -> list[str]:
    """Return the head and rows of a table as aligned lines, without title and notes.

    A table wider than ``columns`` is folded into several below one another.
    """
    shown = [table.head(lang)]
    heads = dict(table.groups)
    for place, row in enumerate(table.texts(lang)):
        if place in heads:
            shown.append([tell(heads[place], lang), *[""] * (len(row) - 1)])
        shown.append(row)
    leading = [column.form.right for column in table.columns]
    left = leading.index(True) if True in leading else len(leading)
    return folded(shown, columns, left=max(left, 1), keys=table.stub)


def table_text(table: Table, lang: str, columns: int | None = None) -> str:
    """Return a table with its title above, notes and source below."""
    lines = table_lines(table, lang, columns)
    wide = columns or max(WIDE, max(map(width, lines)))
    above, below = tell(table.title, lang), tell(table.all_notes(), lang)
    source = source_line(table.source, table.run, lang)
    parts = [wrap(above, wide) if above else [], lines, wrap(below, wide) if below else []]
    return "\n".join(
        line for part in [*parts, wrap(source, wide) if source else []] for line in part
    )


def document_text(document: Document, lang: str, columns: int | None = None) -> str:
    """Return a document as plain text; of figures their captions."""
    blocks = [tell(document.title, lang), tell(document.subtitle, lang)]
    blocks += ["\n".join(_block(document, one, lang, columns)) for one in document.walk()]
    return "\n\n".join(filter(None, blocks))


def _block(document: Document, block: Block, lang: str, columns: int | None) -> Iterator[str]:
    wide = columns or WIDE
    match block:
        case Heading():
            yield document.text(block.text, lang)
        case Paragraph():
            yield from wrap(document.text(block.text, lang), wide)
        case Items():
            for place, item in enumerate(block.items, start=1):
                mark = f"{place}. " if block.ordered else "– "
                first, *more = wrap(document.text(item, lang), wide - width(mark))
                yield mark + first
                yield from (" " * width(mark) + line for line in more)
        case Table():
            yield from wrap(document.text(document.caption(block), lang), wide)
            yield from table_lines(block, lang, columns)
            yield from wrap(document.text(block.all_notes(), lang), wide)
        case Figure() | Box() | Annex():
            yield from wrap(document.text(document.caption(block), lang), wide)
