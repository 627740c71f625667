"""Documents on evidence as plain texts and pictures, in every language."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sdensemble.lang import LANGS
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.write.terminal import document_text


def write_texts(folder: Path, document: Document) -> None:
    """Write a document as plain text."""
    for lang in LANGS:
        path = folder / f"{document.id}-{lang}.txt"
        path.write_text(document_text(document, lang) + "\n", encoding="utf-8")


def draw(folder: Path, figures: Iterable[Figure]) -> None:
    """Draw figures."""
    from sdensemble.outputs.write.picture import write_figure

    for figure in figures:
        for lang in LANGS:
            write_figure(figure, folder / f"{figure.id}-{lang}", lang)
