"""How large a workbook is, before it is opened: a small file may unpack to a very large one."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from xml.parsers import expat

from sdengine.errors import Message
from sdengine.limits import at_most, limit

READ = 1 << 20


def too_large(file: Path | io.BytesIO, name: str, *, whole: bool) -> Message | None:
    """Return what is too large in an .xlsx file to be opened; None where nothing is.

    ``whole`` counts merged cells too: a reader that keeps the sheet makes an object of each.
    What is no workbook is left to its reader.
    """
    most = limit("UNPACKED")
    try:
        with zipfile.ZipFile(file) as book:
            if sum(part.file_size for part in book.infolist()) > most:
                told = "{file}: is larger than {n:,} bytes unpacked; {most}"
                return Message(told, file=name, n=most, most=at_most("UNPACKED"))
            texts = [name for name in book.namelist() if name.casefold().endswith(".xml")]
            merged = sum(_merged(book, name) for name in texts) if whole else 0
    except Exception:  # damaged: what its reader makes of it is its own matter
        return None
    if merged > limit("MERGED"):
        told = "{file}: has {n:,} merged cells; {most}"
        return Message(told, file=name, n=merged, most=at_most("MERGED"))
    return None


def too_many(cells: int, name: str) -> Message | None:
    """Return what is wrong with a sheet of so many cells; None where nothing is."""
    if cells <= limit("CELLS"):
        return None
    return Message("{file}: has too many cells; {most}", file=name, most=at_most("CELLS"))


def _merged(book: zipfile.ZipFile, name: str) -> int:
    """Return how many cells a part of a workbook merges, as far as it can be read."""
    from openpyxl.utils import range_boundaries

    found = 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal found
        if tag.endswith("mergeCell") and "ref" in attributes:
            left, top, right, bottom = range_boundaries(attributes["ref"])
            found += (right - left + 1) * (bottom - top + 1)

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    with contextlib.suppress(Exception), book.open(name) as part:
        while data := part.read(READ):
            parser.Parse(data)
    return found
