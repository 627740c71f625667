"""Lines, names and numbers as Vensim's side files write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from sdengine.errors import SDError
from sdengine.model.text import decode
from sdensemble.inputs.config import short

_NAME = re.compile(r'("(?:[^"\\]|\\.)*"\s*|[^\[\]"=<>|]+)(?:\[([^\[\]]*)\])?')


def read_text(path: Path) -> str:
    """Return a file's text; raise SDError where it cannot be read."""
    try:
        return decode(path.read_bytes())
    except OSError as error:
        told = "{file}: cannot be read — {why}"
        raise SDError(told, file=short(path), why=error.strerror or error) from None


def read_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (place, line) of every line that is not blank, without comments in braces."""
    text = re.sub(r"\{[^{}]*\}", lambda found: "\n" * found[0].count("\n"), read_text(path))
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{short(path)} line {number}", line.strip()


def split_name(text: str) -> tuple[str, str] | None:
    """Return a variable's name and the elements in its brackets, or None.

    >>> split_name('"price, net"[north]')
    ('price, net', 'north')
    """
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    name = found[1].strip()
    return name[1:-1] if name.startswith('"') else name, (found[2] or "").strip()


def split_outside(text: str, sign: str) -> list[str]:
    """Return the parts of a text between signs that stand outside quotes and brackets."""
    quoted = re.split(r'("(?:[^"\\]|\\.)*"|\[[^\[\]]*\])', text)
    held = [part.replace(sign, "\0") if i % 2 == 0 else part for i, part in enumerate(quoted)]
    return "".join(held).split("\0")


def number(text: str) -> float | None:
    """Return a finite number, or None.

    >>> number(" 1.5e+07 "), number("1_0"), number("inf")
    (15000000.0, None, None)
    """
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
