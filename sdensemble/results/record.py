"""The record that stands in every folder a verb writes, and the one way into such a folder."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sdensemble import __version__
from sdensemble.inputs.folder import RECORD, Whole, whole

PACKAGES = ("numpy", "scipy", "llvmlite", "xarray", "netCDF4", "matplotlib", "pysd")
"""Whose versions a record holds."""


@dataclass(frozen=True)
class RunRecord:
    """What run.json says: by what command, when, with what options, from which files.

    ``files_read`` maps a file to its digest. ``facts`` are what a verb adds of its own. A record
    that must be the same whenever it is made has no ``command`` and no ``started``.
    """

    command: str = ""
    started: str = ""
    as_of: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    files_read: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(
        cls,
        options: Mapping[str, Any] | None = None,
        *,
        as_of: str = "",
        files_read: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> RunRecord:
        """Return the record of a verb that starts now, with the options that make its numbers."""
        return cls(
            shlex.join(["python", Path(sys.argv[0]).name, *sys.argv[1:]]),
            datetime.now().astimezone().isoformat(timespec="seconds"),
            as_of,
            dict(options or {}),
            dict(files_read or {}),
            facts,
        )

    @property
    def id(self) -> str:
        """The number of a run, under each figure and table: eight letters of what it is made of.

        The same files, options, information date and version have the same number.
        """
        made = [sorted(self.files_read.items()), dict(self.options), self.as_of, __version__]
        text = json.dumps(made, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    def adding(self, **facts: Any) -> RunRecord:
        """Return the record with more facts."""
        return replace(self, facts={**self.facts, **facts})

    def content(self, files: Sequence[str]) -> dict[str, Any]:
        """Return what is written, for a folder of these files; what is empty is left out."""
        found: dict[str, Any] = {}
        if self.command:
            found = {
                "id": self.id,
                "command": self.command,
                "started": self.started,
                "engine": f"sdensemble {__version__}",
                "versions": versions(),
            }
        for name in ("as_of", "options", "files_read"):
            if value := getattr(self, name):
                found[name] = dict(value) if isinstance(value, Mapping) else value
        return {**found, **self.facts, "files": sorted(files)}


@contextlib.contextmanager
def written(folder: Path, record: RunRecord, *, free: bool = False) -> Iterator[Whole]:
    """Yield a place to write into; at the end its run.json is written, then it has its name.

    All of ``folder`` is there or nothing. With ``free`` it may be ``folder-2``, ``folder-3`` …:
    the yielded value's ``folder`` says which, and its ``notes`` what is to be told of it.
    What is written can add to the record by the yielded value's ``facts``. Raises SDError.
    """
    with whole(folder, free=free) as writing:
        yield writing
        names = [
            path.relative_to(writing.partial).as_posix()
            for path in writing.partial.rglob("*")
            if path.is_file()
        ]
        content = record.adding(**writing.facts).content(names)
        text = json.dumps(content, ensure_ascii=False, indent=2, default=str)
        (writing.partial / RECORD).write_text(text + "\n", encoding="utf-8")
        writing.files = (*sorted(names), RECORD)


def records(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each folder inside a folder that holds a record, with it, the latest first."""
    found = []
    for path in folder.glob(f"[!.]*/{RECORD}"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            started = datetime.fromisoformat(record.get("started") or "1970-01-02").timestamp()
        except (OSError, ValueError, TypeError, AttributeError):
            continue
        found.append((past(started), str(path), record))
    for _, place, record in sorted(found, key=lambda one: one[:2], reverse=True):
        yield Path(place).parent, record


def past(moment: float) -> tuple[bool, float]:
    """Return what sorts moments (seconds since 1970), those to come before all others.

    Such a one was written by a clock that has been set back since.
    """
    return moment <= time.time() + 1, moment


def stamped(study: Path, kind: str = "") -> Path:
    """Return the folder of a run started now: ``outputs/20260131-093000`` with ``-kind``."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return study / "outputs" / (f"{stamp}-{kind}" if kind else stamp)


def versions() -> dict[str, str]:
    """Return the versions of Python, the platform and the packages a result depends on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
