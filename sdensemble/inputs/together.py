"""Files of one folder that change together: all of them or none, whatever interrupts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from sdengine.errors import Message, SDError
from sdensemble.inputs.folder import StudyRemark, disk_problem, turn

JOURNAL = ".together.json"
"""Stands in the folder only while new forms are put in their places: which files, by name, and
whether each was there before."""


class Together:
    """New forms of files, made beside them and put in their place one after the other.

    A failure or an interruption at any step puts the old ones back. What was killed outright in
    the moment of the renames is taken back by whoever opens the folder next (``mend``). One
    writer has the folder at a time; others wait.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[str] = []
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Together:
        self._open.enter_context(turn(self.folder))
        _mend(self.folder)
        for left in (*self.folder.glob(".*.new"), *self.folder.glob(".*.old")):
            _unlink(left)  # of a writer that was killed: no other has the folder now
            told = "{left}: half-written by a run that was killed; removed"
            warnings.warn(StudyRemark(Message(told, left=left.name)), stacklevel=3)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._open:
            if not (self.folder / JOURNAL).exists():  # else what is left is still needed
                for name in self.made:
                    for left in (_new(self.folder / name), _aside(self.folder / name)):
                        _unlink(left, *left.parent.glob(f".{left.name}.*"))
        if isinstance(error, OSError):
            raise SDError(disk_problem(self.folder, error, elsewhere=False)) from error

    def add(self, path: Path, write: Callable[[Path], object]) -> None:
        """Make the new form of a file by ``write``, called with the path to write to."""
        assert path.parent == self.folder
        self.made.append(path.name)
        write(_new(path))

    def put(self) -> None:
        """Put every new form in its place, in the order they were added."""
        journal = self.folder / JOURNAL
        held = {name: (self.folder / name).exists() for name in self.made}
        for name, there in held.items():
            if there:
                shutil.copy2(self.folder / name, _aside(self.folder / name))
        try:
            journal.write_text(json.dumps(held), encoding="utf-8")
            for name in self.made:
                os.replace(_new(self.folder / name), self.folder / name)
            journal.unlink()
        except BaseException:
            for _ in range(2):  # a second interruption must not end it half way
                with contextlib.suppress(OSError, KeyboardInterrupt):
                    _take_back(self.folder, held)
            raise


def mend(folder: Path) -> None:
    """Take back what was killed while it put files in their place, and say so (StudyRemark)."""
    if (folder / JOURNAL).exists():
        with turn(folder):  # a living writer has it: then there is nothing to take back
            _mend(folder)


def _mend(folder: Path) -> None:
    journal = folder / JOURNAL
    try:
        held = json.loads(journal.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except ValueError:  # cut short: no file was put in its place yet
        held = {}
    if not _is_journal(held):
        told = "{file}: is no journal of ours: look at it, and remove it"
        raise SDError(told, file=journal)
    _take_back(folder, held)
    for name in held:
        _unlink(_new(folder / name))
    told = "{names}: what was to change them was killed half way; they are as they were before"
    note = Message(told, names=", ".join(held) or folder.name)
    warnings.warn(StudyRemark(note), stacklevel=4)


def _is_journal(held: object) -> bool:
    """Return whether a journal names plain files of its own folder, so that nothing else goes."""
    return isinstance(held, dict) and all(
        name == Path(name).name and not name.startswith(".") and isinstance(there, bool)
        for name, there in held.items()
    )


def _take_back(folder: Path, held: Mapping[str, bool]) -> None:
    """Put the old forms of files back; the journal goes last, when all of them are there."""
    for name, there in reversed(list(held.items())):
        path = folder / name
        if not there:
            path.unlink(missing_ok=True)
        elif _aside(path).exists():
            os.replace(_aside(path), path)
    (folder / JOURNAL).unlink(missing_ok=True)


def _unlink(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _new(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
