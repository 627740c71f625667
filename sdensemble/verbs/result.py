"""What every verb gives back, and where it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sdensemble.lang import Words
    from sdensemble.outputs.document import Document


@dataclass(frozen=True, eq=False)
class VerbResult:
    """The answer of a verb as a value; a terminal, a script and a notebook take what they need.

    ``document`` is all that is said, ``printed`` the part a terminal shows where that is less;
    ``found`` the labelled numbers behind it. ``folder`` is where the verb wrote, or the one file
    of it; ``files`` its files. ``notes`` are to be told beside the answer; ``ok`` is False where
    what was tested failed. ``id`` is the number of the run whose numbers these are, ``run`` its
    folder where that is another.
    """

    document: Document | None = None
    found: Any = None
    folder: Path | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[Words, ...] = ()
    ok: bool = True
    id: str = ""
    run: Path | None = None
    printed: Document | None = None

    def text(self, lang: str, columns: int | None = None) -> str:
        """Return what a terminal shows, in a language and to a width."""
        from sdensemble.outputs.write.terminal import document_text

        shown = self.printed or self.document
        return document_text(shown, lang, columns) if shown else ""


class Tell:
    """Where a verb tells how far it is; this one tells nobody."""

    def __call__(self, line: Words) -> None:
        """Tell a line."""

    def bar(self, runs: int) -> Callable[[int], None]:
        """Return what is called with the member runs just finished, of so many to come."""
        return lambda done: None


SILENT = Tell()
