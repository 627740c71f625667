"""The writer that writes nothing: it tells every word and checks every mark, for tests."""

from __future__ import annotations

import math
from collections import Counter

from sdensemble.lang import Words
from sdensemble.outputs.document import Annex, Box, Document, Heading, Items, Paragraph, source_line
from sdensemble.outputs.figure import ROLES, Cells, Figure
from sdensemble.outputs.table import Table


def write(value: Table | Figure | Document, lang: str) -> Counter[str]:
    """Go through a value as a writer does and return how many of each thing it holds.

    Raises KeyError for a word the catalogue lacks and ValueError for marks whose numbers do not
    fit together, as any writer would fail on them.
    """
    if isinstance(value, Table):
        return _table(value, lang)
    if isinstance(value, Figure):
        return _figure(value, lang)
    return _document(value, lang)


def texts(value: Table | Figure | Document, lang: str) -> list[str]:
    """Return every text of a value in the order a reader meets it, numbers of tables included."""
    if isinstance(value, Table):
        rows = [cell for row in value.texts(lang) for cell in row]
        said: list[Words] = [value.title, *value.notes]
        return [
            *_told(said, lang),
            *value.head(lang),
            *rows,
            source_line(value.source, value.run, lang),
        ]
    if isinstance(value, Figure):
        return _figure_texts(value, lang)
    found = _told([value.title, value.subtitle], lang)
    for block in value.walk():
        if isinstance(block, Heading | Paragraph):
            found.append(value.text(block.text, lang))
        elif isinstance(block, Items):
            found += [value.text(one, lang) for one in block.items]
        elif isinstance(block, Table | Figure):
            found += [value.text(value.caption(block), lang), *texts(block, lang)]
        elif isinstance(block, Box | Annex):
            found.append(value.text(value.caption(block), lang))
    return found


def _told(words: list[Words], lang: str) -> list[str]:
    from sdensemble.lang import tell

    return [tell(one, lang) for one in words]


def _figure_texts(figure: Figure, lang: str) -> list[str]:
    said: list[Words] = [figure.title]
    for panel in figure.panels:
        said += [panel.title, panel.x.label(), panel.y.label(), *panel.x.names, *panel.y.names]
        said.append(panel.note)
        for column in panel.beside:
            said += [column.head, *column.texts]
        for mark in panel.marks:
            said += [getattr(mark, "name", ""), getattr(mark, "text", "")]
            held = getattr(mark, "texts", ())
            said += [t for row in held for t in row] if isinstance(mark, Cells) else held
    said += [*figure.notes, figure.caption]
    return [*_told(said, lang), source_line(figure.source, figure.run, lang)]


def _table(table: Table, lang: str) -> Counter[str]:
    texts(table, lang)
    table.natives(lang)
    for first, _ in table.groups:
        if not 0 <= first < len(table.rows):
            raise ValueError(f'table "{table.id}": a group begins at row {first}')
    return Counter(rows=len(table.rows), columns=len(table.columns), notes=len(table.notes))


def _figure(figure: Figure, lang: str) -> Counter[str]:
    texts(figure, lang)
    counts: Counter[str] = Counter(panels=len(figure.panels))
    for place, panel in enumerate(figure.panels):
        for column in panel.beside:
            if len(column.texts) != len(panel.y.names):
                raise ValueError(f'figure "{figure.id}", panel {place}: a column beside its rows')
        for mark in panel.marks:
            counts[type(mark).__name__.lower()] += 1
            if getattr(mark, "role", "series") not in ROLES:
                raise ValueError(f'figure "{figure.id}": no role "{mark.role}"')  # type: ignore[union-attr]
    for row in figure.data().records():
        low, high = row["low"], row["high"]
        if low is not None and high is not None and not math.isnan(low) and low > high:
            raise ValueError(f'figure "{figure.id}": {row["mark"]} from {low} to {high}')
    return counts


def _document(document: Document, lang: str) -> Counter[str]:
    texts(document, lang)
    counts: Counter[str] = Counter()
    for block in document.walk():
        counts[type(block).__name__.lower()] += 1
        if isinstance(block, Table | Figure):
            write(block, lang)
    return counts
