"""The number of a run: what it was made of, in eight letters, so that any figure can be traced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sdensemble.inputs.folder import RECORD

ATTRIBUTE = "run_id"
"""Under which a dataset and a record keep it."""
NOT_PART = ("out", "lang", "threads", "keep")
"""Options that change no number."""


def run_id(files: Mapping[str, str], options: Mapping[str, Any], as_of: str, version: str) -> str:
    """Return the number of a run: the same inputs, options and version have the same one.

    ``files`` are the digests of every file read, by name.
    """
    asked = {name: value for name, value in options.items() if name not in NOT_PART}
    made = json.dumps([sorted(files.items()), asked, as_of, version], sort_keys=True, default=str)
    return hashlib.blake2b(made.encode(), digest_size=4).hexdigest()


def records(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each folder of runs inside a folder with its record, the latest first."""
    found = []
    for path in folder.glob(f"*/{RECORD}"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict):
            found.append((str(record.get("started", "")), path.parent, record))
    for _, place, record in sorted(found, key=lambda one: (one[0], str(one[1])), reverse=True):
        yield place, record
