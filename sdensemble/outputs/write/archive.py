"""Office files are zip archives: the same parts must give the same bytes."""

from __future__ import annotations

import io
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every part."""


def undated(packed: bytes) -> bytes:
    """Return a zip file with the time of every part set to one date."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.infolist():
            entry = zipfile.ZipInfo(part.filename, EPOCH)
            entry.external_attr = 0o600 << 16
            new.writestr(entry, old.read(part), zipfile.ZIP_DEFLATED)
    return stream.getvalue()
