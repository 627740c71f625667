"""What every verb gives back, and where it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sdensemble.lang import Words, in_all

if TYPE_CHECKING:
    from pathlib import Path

    from sdensemble.outputs.document import Document
    from sdensemble.results.results import Results


@dataclass(frozen=True, eq=False)
class VerbResult:
    """The answer of a verb as a value; a terminal, a script and a notebook take what they need.

    ``document`` is all that is said, ``printed`` the part a terminal shows where that is less;
    ``found`` the labelled numbers behind it. ``folder`` is where the verb wrote, or the one file
    of it; ``files`` its files. ``notes`` are to be told beside the answer; ``ok`` is False where
    what was tested failed. ``id`` is the number of the run whose numbers these are, ``run`` its
    folder where that is another; ``key`` what every probability in it is conditional on.
    """

    document: Document | None = None
    found: Any = None
    folder: Path | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[Words, ...] = ()
    ok: bool = True
    id: str = ""
    key: Mapping[str, Any] = field(default_factory=dict)
    run: Path | None = None
    printed: Document | None = None

    def text(self, lang: str, columns: int | None = None) -> str:
        """Return what a terminal shows, in a language and to a width."""
        from sdensemble.outputs.write.terminal import document_text

        shown = self.printed or self.document
        return document_text(shown, lang, columns) if shown else ""

    def json(self) -> dict[str, Any]:
        """Return the answer as plain values: see docs/json.md.

        Raises ValueError where a probability has no key or no number of its run.
        """
        from sdensemble.outputs.write.json import JsonWriter, plain

        writer = JsonWriter(self.document, self.key, self.id) if self.document else None
        return {
            "ok": self.ok,
            "run": {
                "id": self.id,
                "key": plain(self.key),
                "folder": _place(self.run or self.folder),
            },
            "written": _place(self.folder),
            "files": [_place(one) for one in self.files],
            "title": in_all(self.document.title) if self.document else in_all(""),
            "blocks": writer.blocks() if writer else [],
        }


def key_of(results: Results) -> dict[str, Any]:
    """Return what every probability of a run's results is conditional on."""
    attrs = results.data.attrs
    names = ("as_of", "prior_set", "model_set", "posterior", "model_digest", "method", "seed")
    return {**{name: attrs.get(name) for name in names}, "members": results.members}


def _place(path: Path | None) -> str | None:
    return None if path is None else path.as_posix()


class Tell:
    """Where a verb tells how far it is; this one tells nobody."""

    def __call__(self, line: Words) -> None:
        """Tell a line."""

    def bar(self, runs: int) -> Callable[[int], None]:
        """Return what is called with the member runs just finished, of so many to come."""
        return lambda done: None


SILENT = Tell()
