"""Writers: each turns the same values into one kind of file. None of them makes a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdensemble.outputs.document import Document


@dataclass(frozen=True)
class Paper:
    """A kind of file a document is written as: module of this room and function.

    The function takes (document, path, lang), and of the look what it has a use for. ``asked`` is
    the option of ``brief`` that asks for the kind; without one it is written always.
    """

    writer: str
    asked: str = ""


PAPERS: Mapping[str, Paper] = {
    ".docx": Paper("docx:write_docx"),
    ".html": Paper("html:write_html"),
    ".pdf": Paper("pdf:write_pdf", asked="pdf"),
}
"""By suffix: a new kind of paper is a module here and a line."""


def write_paper(document: Document, path: Path, lang: str, **look: Any) -> Path:
    """Write a document as the kind of file the path's suffix names; ``look``: layout, template."""
    module, _, function = PAPERS[path.suffix].writer.partition(":")
    made: Path = getattr(import_module(f"{__name__}.{module}"), function)(
        document, path, lang, **look
    )
    return made
