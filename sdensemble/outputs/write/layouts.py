"""How a paper is laid out: page, letters, and the widths of a table's columns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sdengine.errors import SDError, did_you_mean
from sdensemble.outputs.table import Table

LAYOUTS = Path(__file__).with_name("layouts.toml")
PADDING = 2.6
"""Millimetres beside the text of a cell, both sides together."""


@dataclass(frozen=True)
class Face:
    """Letters: the Chinese font, what replaces it, and size and line in points."""

    font: str
    instead: str
    size: float
    line: float | None = None
    closer: float = 0.0
    """Points by which letters stand closer than their size."""


CAPTION = 25.0
"""Millimetres of a page that a figure leaves to its caption."""


@dataclass(frozen=True)
class Layout:
    """A page and its letters; lengths in mm. ``pitch`` is Word's linePitch, 0 without a grid."""

    name: str
    page: tuple[float, float]
    margins: Mapping[str, float]
    latin: str
    indent: float
    faces: Mapping[str, Face]
    headings: tuple[Face, ...]
    pitch: int = 0

    @property
    def width(self) -> float:
        """Return the width of the text in mm."""
        return self.page[0] - self.margins["left"] - self.margins["right"]

    @property
    def height(self) -> float:
        """Return the height of the text in mm."""
        return self.page[1] - self.margins["top"] - self.margins["bottom"]

    def fonts(self) -> dict[str, str]:
        """Return each font asked for with what replaces it."""
        return {face.font: face.instead for face in (*self.faces.values(), *self.headings)}


@cache
def layouts() -> dict[str, Layout]:
    """Return the layouts there are, by name."""
    found = {}
    for name, given in tomllib.loads(LAYOUTS.read_text(encoding="utf-8")).items():
        found[name] = Layout(
            name,
            tuple(given["page"]),
            given["margins"],
            given["latin"],
            given["indent"],
            {key: Face(**given[key]) for key in ("body", "title", "caption", "cell", "note")},
            tuple(Face(**one) for one in given["headings"]),
            given.get("pitch", 0),
        )
    return found


def layout_of(name: str) -> Layout:
    """Return a layout by name; raise SDError with those there are."""
    if name not in layouts():
        hint, known = did_you_mean(name, layouts()), ", ".join(layouts())
        told = 'no layout "{name}"{hint} (there are {known})'
        raise SDError(told, name=name, hint=hint, known=known)
    return layouts()[name]


WHOLE = re.compile(r"[（(][^（()）]*[)）]$|[\x21-\u2e7f]+|.")
"""What of a head is not broken: the unit at its end, a word of Latin letters."""


def widths(table: Table, lang: str, width: float, size: float) -> list[float]:
    """Return the widths of a table's columns in mm, together ``width``, for letters of ``size``.

    Numbers keep to one line; words give way, then all alike.
    """
    heads, rows = table.head(lang), table.texts(lang)
    letter = size / 2 * 25.4 / 72

    def long(text: str) -> float:
        return letter * sum(2.0 if ord(sign) > 0x2E7F else 1.0 for sign in text)

    wanted, least = [], []
    for place, (head, column) in enumerate(zip(heads, table.columns, strict=True)):
        most = max((long(row[place]) for row in rows), default=0.0)
        word = max(map(long, WHOLE.findall(head)), default=0.0)
        floor = most if column.form.right else min(most, 14 * letter)
        least.append(PADDING + max(floor, word, long(head) / 3))
        own = long(head) if long(head) <= 10 * letter else long(head) / 2
        wanted.append(PADDING + max(most, word, own))
    if sum(wanted) <= width:
        return [one * width / sum(wanted) for one in wanted]
    if sum(least) >= width:
        return [one * width / sum(least) for one in least]
    spare = (width - sum(least)) / (sum(wanted) - sum(least))
    return [low + spare * (high - low) for low, high in zip(least, wanted, strict=True)]
