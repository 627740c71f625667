"""What an import keeps beside the history: its log, and the posterior it replaced."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

LOG = "observed.log.csv"
LOG_HEAD = (
    "when",
    "batch",
    "file",
    "line",
    "time",
    "sector",
    "measure",
    "value",
    "unit",
    "published_on",
    "replaces",
    "fitted",
    "target",
    "as_of_before",
    "posterior_before",
    "before",
    "alone_moved",
    "alone_moved_se",
    "as_of_after",
    "posterior_after",
    "after",
    "moved",
    "moved_se",
)
"""Columns of the log: a row for each new figure and target; probabilities are shares."""


def replaced(place: Path, batch: str) -> Path:
    """Return where the posterior is kept that an import put another in the place of."""
    return place.with_name(f"{place.stem}.before-{batch}.nc")


def logged(path: Path, rows: Iterable[Sequence[object]]) -> bytes:
    """Return the log's bytes with rows behind them."""
    held = path.read_bytes() if path.is_file() else b""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    if not held:
        writer.writerow(LOG_HEAD)
    writer.writerows(rows)
    return (held or b"\xef\xbb\xbf") + made.getvalue().encode("utf-8")
