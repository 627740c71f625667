"""Text in columns: Chinese signs take two, so that tables align on a terminal."""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

WIDE = 100
"""Columns of text that goes to no terminal."""


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal: two for each wide character."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def untagged(text: str) -> str:
    """Return a text for Markdown in which nothing is taken for a tag of HTML."""
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text)


def markdown_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], rule: str = "---"
) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in (heads, *rows)]
    return [lines[0], "|" + f"{rule}|" * len(heads), *lines[1:]]


PIECES = re.compile(
    r"[ -~–—±−≈]+?(?:\s+|$|(?=[^ -~–—±−≈]))"  # a word of Latin letters, or a number
    r"|(?<![一-鿿])[一-鿿]{2,3}(?![一-鿿])"  # a short Chinese word, such as a unit
    r"|."
)
"""What a line is not broken within."""


def wrap(text: str, columns: float, measure: Callable[[str], float] = width) -> list[str]:
    """Return a text as lines of at most ``columns``, broken at blanks or between wide signs.

    ``measure`` returns how wide a text is, in columns unless another unit is wanted.
    """
    lines, line = [], ""
    for piece in PIECES.findall(text):
        closing = piece[0] in "，。；：、）”),.;:"
        if line and measure(line + piece.rstrip()) > columns and not closing:
            kept = line.rstrip("（“([")  # an opening sign goes with what it opens
            line, carried = (kept, line[len(kept) :]) if kept else (line, "")
            lines.append(line.rstrip())
            line, piece = carried, piece if carried else piece.lstrip()
        line += piece
    return [*lines, line.rstrip()]


def table(rows: Sequence[Sequence[str]], left: int = 1, heads: int = 1) -> list[str]:
    """Return lines of aligned cells with a rule under the head; the first ``left`` to the left.

    The head takes the first ``heads`` rows.
    """
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(_pad(c, w, i < left) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    return [line.rstrip() for line in (*lines[:heads], rule, *lines[heads:])]


def folded(
    rows: Sequence[Sequence[str]], columns: int | None, left: int = 1, keys: int = 1
) -> list[str]:
    """Return a table, or, where it is wider than ``columns``, tables below one another.

    Heads longer than their cells stand on several lines first. Then each table holds the first
    ``keys`` cells of every row and as many of the others as fit; cells of one that is too wide
    alone stand on several lines. None fits everything.
    """
    whole = table(rows, left)
    if columns is None or max(map(width, whole)) <= columns:
        return whole
    heads = _narrow(rows)
    rows = [*heads, *rows[1:]]
    whole = table(rows, left, len(heads))
    if max(map(width, whole)) <= columns:
        return whole
    widths = [max(width(row[i]) for row in rows) + 2 for i in range(len(rows[0]))]
    room = columns + 2 - sum(widths[:keys])
    parts: list[list[int]] = []
    used = room + 1
    for place in range(keys, len(widths)):
        if used + widths[place] > room or not parts:
            parts.append([])
            used = 0
        parts[-1].append(place)
        used += widths[place]
    lines: list[str] = []
    for part in parts:
        lines += [""] if lines else []
        shown = [[row[i] for i in (*range(keys), *part)] for row in rows]
        own = sum(any(row) for row in shown[: len(heads)])
        shown = [row for row in shown if any(row)]  # what went on in columns of another part
        if len(part) == 1 and widths[part[0]] > room > 20:
            shown = [
                [*(row[:keys] if place == 0 else [""] * keys), piece]
                for row in shown
                for place, piece in enumerate(wrap(row[keys], room - 2))
            ]
        lines += table(shown, left, own)
    return lines


HEAD = 14, 20
"""Columns a head may take on one line: at least and at most, between as its cells."""


def _narrow(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the head as rows, each part of it as narrow as the cells below."""
    cells = [max((width(row[i]) for row in rows[1:]), default=0) for i in range(len(rows[0]))]
    least, most = HEAD
    parts = [
        _folded_head(head, max(least, min(own, most)))
        for head, own in zip(rows[0], cells, strict=True)
    ]
    return [list(line) for line in zip_longest(*parts, fillvalue="")]


def _folded_head(head: str, columns: int) -> list[str]:
    """Return a head as lines; the unit in brackets at its end is not broken."""
    if width(head) <= columns:
        return [head]
    found = re.fullmatch(r"(.+?) ?([（(][^（()）]*[)）])", head)
    parts = found.groups() if found and width(found[2]) <= columns else (head,)
    return [line for part in parts for line in wrap(part, columns)]


def terminal_columns() -> int:
    """Return the columns of the terminal text goes to; ``WIDE`` where it goes to a file or pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE


def _pad(text: str, size: int, left: bool) -> str:
    space = " " * (size - width(text))
    return text + space if left else space + text
