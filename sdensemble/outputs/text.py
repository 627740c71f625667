"""Text in columns: Chinese signs take two, so that tables align on a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal: two for each wide character."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def wrap(text: str, columns: int) -> list[str]:
    """Return a text as lines of at most ``columns``, broken at blanks or between wide signs."""
    lines, line = [], ""
    for piece in re.findall(r"[ -~–—±−≈]+?(?:\s+|$|(?=[^ -~–—±−≈]))|.", text):
        closing = piece[0] in "，。；：、）"
        if line and width(line + piece.rstrip()) > columns and not closing:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def table(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return lines of aligned cells with a rule under the head; the first ``left`` to the left."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(_pad(c, w, i < left) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    return [line.rstrip() for line in (lines[0], rule, *lines[1:])]


def _pad(text: str, size: int, left: bool) -> str:
    space = " " * (size - width(text))
    return text + space if left else space + text
