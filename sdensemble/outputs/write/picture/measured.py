"""How wide and high text is on paper, in millimetres, measured by the letters of the font."""

from __future__ import annotations

from functools import cache
from typing import Any

from matplotlib.ft2font import FT2Font, LoadFlags

from sdensemble.outputs.fonts import FONT
from sdensemble.outputs.text import wrap

SMALL, NORMAL = 7.0, 8.0
"""Points of notes, ticks and labels, and of titles."""
LINE = 3.3
"""Millimetres from one line of small text to the next."""
EM = 1000.0
"""The size in points at which letters are measured."""


@cache
def _font() -> FT2Font:
    font = FT2Font(str(FONT))
    font.set_size(EM, 72)
    return font


@cache
def _advance(sign: str) -> float:
    """Return how far the pen moves on after a character, as a share of the font's size."""
    font = _font()  # a character it lacks has its own sign, number 0
    glyph = font.load_glyph(font.get_char_index(ord(sign)), LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance / 65536 / EM)


def text_mm(text: str, size: float = SMALL) -> float:
    """Return the width in millimetres of a line of text at ``size`` points."""
    return sum(map(_advance, text)) * size * 25.4 / 72


def fold(text: str, mm: float, size: float = SMALL) -> str:
    """Return a text in lines of at most ``mm`` millimetres, room for a sign that hangs kept."""
    room = mm - 0.36 * size
    lines = [line for part in text.split("\n") for line in wrap(part, room, _measure(size))]
    if len(lines) > 1 and text_mm(lines[-1], size) < 0.08 * mm and "\n" not in text:
        lines = wrap(text, room * 0.94, _measure(size))  # no word alone on the last line
    return "\n".join(piece for line in lines for piece in _cut(line, room, size))


def _cut(line: str, mm: float, size: float) -> list[str]:
    """Return a line, or, where it is one word far too long for its room, that word in pieces."""
    if " " in line or len(line) < 2 or text_mm(line, size) <= 1.5 * max(mm, 5.0):
        return [line]
    each = max(int(len(line) * mm / text_mm(line, size)), 4)
    return [line[at : at + each] for at in range(0, len(line), each)]


def even(text: str, mm: float, size: float = SMALL) -> str:
    """Return a label in as few lines as fit ``mm``, about equally long."""
    if text_mm(text, size) <= mm:
        return text
    lines = fold(text, mm, size).count("\n") + 1
    least = text_mm(text, size) / lines
    tried = (fold(text, min(mm, least * more + 1), size) for more in (1.15, 1.3, 1.5, 1.8))
    return next((one for one in tried if one.count("\n") < lines), fold(text, mm, size))


def _measure(size: float) -> Any:
    return lambda text: text_mm(text, size)


def height_of(text: str, line: float = LINE) -> float:
    return (text.count("\n") + 1) * line if text else 0.0


def joined_lines(*parts: str) -> str:
    """Return texts one below the other."""
    return "\n".join(part for part in parts if part)
