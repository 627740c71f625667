"""Text in columns: Chinese signs take two, so that tables align on a terminal."""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Sequence


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal: two for each wide character."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def untagged(text: str) -> str:
    """Return a text for Markdown in which nothing is taken for a tag of HTML."""
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text)


def wrap(text: str, columns: float, measure: Callable[[str], float] = width) -> list[str]:
    """Return a text as lines of at most ``columns``, broken at blanks or between wide signs.

    ``measure`` returns how wide a text is, in columns unless another unit is wanted.
    """
    lines, line = [], ""
    for piece in re.findall(r"[ -~–—±−≈]+?(?:\s+|$|(?=[^ -~–—±−≈]))|.", text):
        closing = piece[0] in "，。；：、）”"
        if line and measure(line + piece.rstrip()) > columns and not closing:
            kept = line.rstrip("（“([")  # an opening sign goes with what it opens
            line, carried = (kept, line[len(kept) :]) if kept else (line, "")
            lines.append(line.rstrip())
            line = carried
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


def folded(
    rows: Sequence[Sequence[str]], columns: int | None, left: int = 1, keys: int = 1
) -> list[str]:
    """Return a table, or, where it is wider than ``columns``, tables below one another.

    Each holds the first ``keys`` cells of every row and as many of the others as fit; cells of
    one that is too wide alone stand on several lines. None fits everything.
    """
    whole = table(rows, left)
    if columns is None or max(map(width, whole)) <= columns:
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
        if len(part) == 1 and widths[part[0]] > room > 20:
            shown = [
                [*(row[:keys] if place == 0 else [""] * keys), piece]
                for row in shown
                for place, piece in enumerate(wrap(row[keys], room - 2))
            ]
        lines += table(shown, left)
    return lines


def terminal_columns() -> int | None:
    """Return the columns of the terminal text goes to; None where it goes to a file or pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _pad(text: str, size: int, left: bool) -> str:
    space = " " * (size - width(text))
    return text + space if left else space + text
