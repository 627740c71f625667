"""A document as one frozen value: what it says and in what order, before any page exists.

Word, HTML, PDF, Markdown and the terminal are writers of it. Figures and tables are numbered here,
once, so that every writer counts alike; a sentence points at one with ``Ref(id)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from sdensemble.lang import Words, joined, phrase, say, tell
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.table import Table

OPEN, CLOSE = "\ue000", "\ue001"
"""Signs of the private use area that hold the place of a reference until it has a number."""


@dataclass(frozen=True)
class Ref:
    """A reference to a table, figure, box or annex of the same document, by its id."""

    id: str

    def told(self, lang: str) -> str:
        """Return the place of the number; ``Document.text`` and ``pieces`` put it in."""
        return f"{OPEN}{self.id}{CLOSE}"


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (chapter) and deeper."""

    text: Words
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``style`` is body, lead (the answer), line, note, source or verbatim.

    One of style line is one line where no width is asked for; verbatim text is never folded.
    """

    text: Words
    style: str = "body"


@dataclass(frozen=True)
class Items:
    """A list of points, numbered where ``ordered``."""

    items: tuple[Words, ...]
    ordered: bool = False


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


@dataclass(frozen=True)
class Box:
    """Blocks apart from the running text, with a title and a number."""

    id: str
    title: Words
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Annex:
    """Blocks after the text, on a page of their own, with a title and a number."""

    id: str
    title: Words
    blocks: tuple[Block, ...]


Block: TypeAlias = "Heading | Paragraph | Items | PageBreak | Table | Figure | Box | Annex"


@dataclass(frozen=True)
class Piece:
    """A run of text; ``ref`` is the id it points at, empty in plain text."""

    text: str
    ref: str = ""


@dataclass(frozen=True)
class Document:
    """A document; ``run`` and ``source`` say where its numbers come from, ``date`` is ISO text."""

    id: str
    title: Words
    blocks: tuple[Block, ...]
    subtitle: Words = ""
    date: str = ""
    source: Words = ""
    run: str = ""
    keywords: Mapping[str, str] = field(default_factory=dict)

    def walk(self) -> Iterator[Block]:
        """Yield every block, those inside boxes and annexes after their own."""
        yield from _walk(self.blocks)

    @cached_property
    def numbers(self) -> dict[str, Words]:
        """The number of each table, figure, box and annex by its id, as words ("Figure 2").

        Raises ValueError where two have one id.
        """
        counts: dict[type, int] = {}
        found: dict[str, Words] = {}
        for block in self.walk():
            kind = type(block)
            if kind not in NUMBERED:
                continue
            counts[kind] = counts.get(kind, 0) + 1
            if block.id in found:  # type: ignore[union-attr]
                raise ValueError(f'document "{self.id}": two blocks are called "{block.id}"')  # type: ignore[union-attr]
            found[block.id] = phrase(NUMBERED[kind], n=counts[kind])  # type: ignore[union-attr]
        return found

    def caption(self, block: Table | Figure | Box | Annex) -> Words:
        """Return the number and title of a numbered block: "Figure 2. The fan"."""
        title = block.caption or block.title if isinstance(block, Figure) else block.title
        return phrase("document.captioned", number=self.numbers[block.id], title=title)

    def pieces(self, words: Words, lang: str) -> list[Piece]:
        """Return words as plain text and references, each reference with its number.

        Raises KeyError where a reference points at nothing.
        """
        found = []
        for place, text in enumerate(re.split(f"{OPEN}(.*?){CLOSE}", tell(words, lang))):
            if place % 2:
                found.append(Piece(tell(self.numbers[text], lang), text))
            elif text:
                found.append(Piece(text))
        return found

    def text(self, words: Words, lang: str) -> str:
        """Return words as text with every reference numbered."""
        return "".join(piece.text for piece in self.pieces(words, lang))


def verbatim(text: Words) -> Document:
    """Return a document of one text that is never folded."""
    return Document("text", "", (Paragraph(text, "verbatim"),))


NUMBERED: Mapping[type, str] = {
    Table: "document.table",
    Figure: "document.figure",
    Box: "document.box",
    Annex: "document.annex",
}


def _walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Box | Annex):
            yield from _walk(block.blocks)


def source_line(source: Words, run: str, lang: str) -> str:
    """Return the source and run of a table or figure as one line, empty where neither is named."""
    said = [phrase("document.source", source=source)] if source else []
    said += [phrase("document.run", run=run)] if run else []
    return say("language.ended", lang, text=joined(said, "clause")) if said else ""
