"""Documents on evidence as plain texts and pictures, in every language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sdensemble.lang import LANGS, Words
from sdensemble.outputs.document import Document
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.naming import made_from
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

    source = made_from(study.model, "calibration/history.csv")
    for figure in figures:
        for lang in LANGS:
            told = replace(figure, source=source, notes=(*figure.notes, said))
            write_figure(told, folder / f"{figure.id}-{lang}", lang)
