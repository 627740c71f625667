"""A model file's bytes → text, in whatever encoding real files have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdengine.errors import Message
from sdengine.limits import at_most, limit


def decode(data: bytes) -> str:
    """Return a file's text without a byte-order mark, its lines ended by one newline.

    Raises ValueError for a file that is too large to be a model.

    >>> decode(bytes.fromhex("efbbbf") + b"a=1~~|")
    'a=1~~|'
    """
    if len(data) > limit("BYTES"):
        raise ValueError(
            Message("a file of {n:,} bytes; {most}", n=len(data), most=at_most("BYTES"))
        )
    text = data.decode("utf-8-sig", errors="replace")
    bad, high = text.count("\ufffd"), len(text) - len(text.encode("ascii", errors="ignore"))
    if 0 < 20 * bad < high and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return _lines(text)  # UTF-8 with a letter cut through here and there
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return _lines(text)
    return _lines(data.decode("latin-1"))


def _lines(text: str) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    # control characters in XML are told by line where it is repaired (``repair``)
    return text if text.lstrip().startswith("<") else plain(text)


_CONTROLS = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x80-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return a text with blanks for what a terminal would obey: control characters, among them
    the one that begins an escape sequence, and marks that turn the direction of writing.

    Names of a file are printed in messages and tables; none of them moves the cursor there.
    """
    return _CONTROLS.sub(" ", text)


def _encodings(data: bytes) -> Iterator[str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield "utf-16"
    yield "utf-8-sig"
    said = re.match(rb"\s*\{\s*([A-Za-z0-9_-]+)\s*\}", data) or re.match(
        rb"""\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9_-]+)["']""", data
    )
    if said:
        yield said[1].decode("ascii")
    yield from ("gb18030", "cp1252") if _looks_chinese(data) else ("cp1252", "gb18030")


def _looks_chinese(data: bytes) -> bool:
    """Whether pairs of high bytes outnumber single ones: in Latin text those stand alone."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", data)]
    return sum(length // 2 for length in runs) > sum(length % 2 for length in runs)
