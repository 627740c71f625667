"""A model file → its sections, in one reading: Vensim's language or XMILE's."""

from __future__ import annotations

from pathlib import Path

from sdengine.errors import Message, SDError
from sdengine.model.sections import File
from sdengine.model.text import decode
from sdengine.model.vensim import read_vensim
from sdengine.model.xmile import read_xmile

ENDINGS = (".mdl", ".xmile", ".stmx", ".itmx", ".xml")


def parse(path: Path) -> File:
    """Return the sections of a file. Every failure is one SDError that names its variables."""
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise SDError(
            Message(
                "{file}: not a Vensim (.mdl) or XMILE (.xmile, .stmx, .itmx) file", file=path.name
            )
        )
    try:
        text = decode(path.read_bytes())
        return read_vensim(text) if kind == ".mdl" else read_xmile(text)
    except RecursionError:
        raise SDError(
            Message("{file}: an equation is nested too deeply to be read", file=path.name)
        ) from None
    except ValueError as error:
        lines = [Message("{where}: {what}", where=path.name, what=line) for line in error.args]
        raise SDError(lines) from error
