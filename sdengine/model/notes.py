"""What a file says for people: comments taken apart, labels of subscript elements."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from sdengine.errors import Message, SDError
from sdengine.syntax import Note

_KEYS = {"中文": "zh", "EN": "en", "source": "source", "known_on": "known_on"}
_ASSUMED = re.compile(r"\s*[;；]\s*(?=ASSUMPTION\b)")
_PARTS = re.compile(rf"(?:^|[;；])\s*({'|'.join(_KEYS)})\s*[:：]\s*")


def read_note(text: str) -> Note:
    """Return a comment taken apart at its "key: value;" parts (see Note).

    What follows a label as "; ASSUMPTION: …" is no part of it: it stands where the source would.
    """
    text = " ".join(text.replace("\\", " ").split())
    parts = _PARTS.split(text)
    found = {
        _KEYS[k]: v.strip().rstrip(";；") for k, v in zip(parts[1::2], parts[2::2], strict=True)
    }
    for key in ("zh", "en"):
        found[key], *assumed = _ASSUMED.split(found.get(key, ""), maxsplit=1)
        if assumed:
            found.setdefault("source", assumed[0])
    return Note(text=text, assumption="ASSUMPTION" in text, **found)


def read_labels(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Return what ``labels.csv`` (range, element, zh, en) calls subscript elements."""
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SDError(
            Message("{file}: cannot be read: {error}", file=path.name, error=error)
        ) from error
    if rows and not {"range", "element"} <= rows[0].keys():
        raise SDError(
            Message("{file}: needs the columns range, element, zh and en", file=path.name)
        )
    return {
        (row["range"], row["element"]): {"zh": row.get("zh", ""), "en": row.get("en", "")}
        for row in rows
    }
