"""Files that change together: all of them or none, whatever interrupts."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

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


class Together:
    """New forms of files, made beside them and put in their place one after the other.

    A failure or an interruption at any step puts the old ones back. What is killed outright in
    the moment of the renames leaves the last file named, the one all else rests on, as it was.
    """

    def __init__(self) -> None:
        self.made: list[tuple[Path, Path]] = []
        self.held: set[Path] = set()
        """Files that were there before."""
        self.unrestored: set[Path] = set()
        """Files whose old form could not be put back: it stays beside them."""

    def __enter__(self) -> Together:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for new, path in self.made:
            aside = [] if path in self.unrestored else [_aside(path)]
            for left in (new, *aside, *new.parent.glob(f".{new.name}.*")):
                with contextlib.suppress(OSError):
                    left.unlink(missing_ok=True)

    def add(self, path: Path, write: Callable[[Path], object]) -> None:
        """Make the new form of a file by ``write``, called with the path to write to."""
        new = path.with_name(f".{path.name}.new")
        self.made.append((new, path))
        write(new)

    def put(self) -> None:
        """Put every new form in its place, in the order they were added."""
        begun: list[Path] = []
        try:
            for _, path in self.made:
                if path.exists():
                    self.held.add(path)
                    shutil.copy2(path, _aside(path))
            for new, path in self.made:
                begun.append(path)
                os.replace(new, path)
        except BaseException:
            self._restore(begun)
            raise

    def _restore(self, begun: Sequence[Path]) -> None:
        """Put the old forms back; go on with the others where one fails or one is interrupted."""
        self.unrestored = set(begun)
        for path in reversed(begun):
            for _ in range(2):  # a second interruption must not end it half way
                with contextlib.suppress(OSError, KeyboardInterrupt):
                    old = _aside(path)
                    if path in self.held and old.exists():
                        os.replace(old, path)
                    elif path not in self.held:
                        path.unlink(missing_ok=True)
                    self.unrestored.discard(path)


def replaced(place: Path, batch: str) -> Path:
    """Return where the posterior is kept that an import put another in the place of."""
    return place.with_name(f"{place.stem}.before-{batch}.nc")


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def logged(path: Path, rows: Iterable[Sequence[object]]) -> bytes:
    """Return the log's bytes with rows behind them."""
    held = path.read_bytes() if path.is_file() else b""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    if not held:
        writer.writerow(LOG_HEAD)
    writer.writerows(rows)
    return (held or b"\xef\xbb\xbf") + made.getvalue().encode("utf-8")
