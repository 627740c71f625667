"""A model file held against other engines, as a document."""

from __future__ import annotations

from collections.abc import Iterator

from sdengine.oracle.crosscheck import Comparison, CrossCheck
from sdensemble.lang import joined, phrase
from sdensemble.outputs.document import Block, Document, Paragraph
from sdensemble.outputs.form import Number
from sdensemble.outputs.table import Heads, table_from

cell = Heads("crosscheck.")
SHOWN = 15
"""Variables told of unasked, the worst first."""


def crosscheck_document(found: CrossCheck, *, every: bool = False) -> Document:
    """Return the differences, worst first, each engine for itself."""
    head = phrase("crosscheck.head", file=found.model.path.name, steps=found.steps)
    left = phrase("crosscheck.random", n=len(found.random)) if found.random else ""
    blocks: list[Block] = [Paragraph(joined([head, left], "nothing"))]
    for one in found.comparisons:
        blocks += _blocks(one, every)
    return Document("crosscheck", "", tuple(blocks))


def _blocks(one: Comparison, every: bool) -> Iterator[Block]:
    """Yield what one engine gives, the worst difference first."""
    if one.failure:
        yield Paragraph(phrase("crosscheck.failed", engine=one.engine, why=one.failure))
        return
    outside = sum(d.outside for d in one.differences)
    notes = [phrase("crosscheck.note", note=one.note)] if one.note else []
    notes += [phrase("crosscheck.absent", n=len(one.absent))] if one.absent else []
    yield Paragraph(
        phrase(
            "crosscheck.verdict",
            engine=one.engine,
            n=len(one.differences),
            outside=phrase(f"crosscheck.{'outside' if outside else 'within'}", n=outside),
            notes=joined(notes, "nothing"),
        )
    )
    shown = one.differences if every else one.differences[:SHOWN]
    three = Number(digits=3)
    yield table_from(
        one.engine,
        "",
        shown,
        cell("variable", "name"),
        cell("largest", "largest", three),
        cell("of", "of", three),
        cell("norm", lambda one: phrase(f"crosscheck.{'broken' if one.outside else 'kept'}")),
    )
    if len(shown) < len(one.differences):
        yield Paragraph(phrase("crosscheck.more", n=len(one.differences) - len(shown)))
    if every and one.absent:
        yield Paragraph(phrase("crosscheck.missing", names=", ".join(one.absent)))
