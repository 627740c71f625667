"""Blocks of a document as the terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sdensemble.outputs.document import Block, Document
from sdensemble.outputs.write.terminal import document_text


def told(blocks: Sequence[Block], lang: str, columns: int | None = None) -> str:
    """Return blocks as text in a language."""
    return document_text(Document("test", "", tuple(blocks)), lang, columns)
