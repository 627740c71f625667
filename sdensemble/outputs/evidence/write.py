"""Documents on evidence as plain texts and pictures, in every language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sdensemble.lang import LANGS, Words, phrase
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.write.terminal import document_text
from sdensemble.study import Study


def write_texts(folder: Path, document: Document) -> None:
    """Write a document as plain text."""
    for lang in LANGS:
        path = folder / f"{document.id}-{lang}.txt"
        path.write_text(document_text(document, lang) + "\n", encoding="utf-8")


def draw(folder: Path, figures: Iterable[Figure], study: Study, said: Words = "") -> None:
    """Draw figures, each with what is ``said`` of them all and its source."""
    from sdensemble.outputs.write.picture import write_figure

    model = {"model": study.model.path.name, "digest": study.model.digest[:8]}
    source = phrase("figure.source_with", file="calibration/history.csv", **model)
    for figure in figures:
        for lang in LANGS:
            told = replace(figure, source=source, notes=(*figure.notes, said))
            write_figure(told, folder / f"{figure.id}-{lang}", lang)
