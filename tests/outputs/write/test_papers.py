"""A kind of paper is one module and one line of the table of writers."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from sdensemble.outputs import write
from sdensemble.outputs.document import Document, Paragraph
from sdensemble.outputs.write import PAPERS, Paper, write_paper
from sdensemble.outputs.write.terminal import document_text
from sdensemble.verbs.brief import BriefOptions

PAPER = Document("paper", "", (Paragraph("one line"),))


def test_a_line_in_the_table_makes_a_new_kind_of_paper(tmp_path, monkeypatch):
    def write_plain(document: Document, path: Path, lang: str, **look: object) -> Path:
        path.write_text(document_text(document, lang), encoding="utf-8")
        return path

    module = ModuleType("plain")
    module.write_plain = write_plain
    monkeypatch.setitem(sys.modules, f"{write.__name__}.plain", module)
    monkeypatch.setitem(write.PAPERS, ".txt", Paper("plain:write_plain"))
    made = write_paper(PAPER, tmp_path / "paper.txt", "en", layout="office", template=None)
    assert made.read_text("utf-8").strip() == "one line"


def test_what_a_paper_is_asked_for_with_is_an_option_of_brief():
    asked = {kind.asked for kind in PAPERS.values() if kind.asked}
    assert asked <= set(BriefOptions.__dataclass_fields__)
