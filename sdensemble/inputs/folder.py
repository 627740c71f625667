"""Writes a run's folder whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sdengine.errors import Message, SDError

RECORD = "run.json"
"""Every run's own record; its ``files`` lists what the run wrote."""


def check_folder(folder: Path) -> None:
    """Raise SDError unless a run may be written here: nothing there, or an earlier run.

    A folder that holds anything else than the files an earlier run lists is never touched.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise SDError(
            Message("{folder}: is a file; a run needs a folder of its own", folder=folder)
        )
    held = {str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file()}
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        ours = {RECORD, *record["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    foreign = sorted(held - ours)
    if foreign:
        raise SDError(
            Message(
                "{folder}: holds {foreign}, which no run wrote; choose another folder with --out",
                folder=folder,
                foreign=foreign[0],
            )
        )


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; what a killed process left beside it is taken away."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.*.partial"):
            left.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(".partial", f".{path.name}.", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SDError(_disk_problem(path, error)) from None


def check_space(folder: Path, needed: int) -> None:
    """Raise SDError where the disk of ``folder`` has fewer than ``needed`` bytes left."""
    parent = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise SDError(
            Message(
                "{folder}: the disk has {free:.0f} MB left and the run needs about {needed:.0f}"
                " MB; nothing was written",
                folder=folder,
                free=free / 1000000.0,
                needed=needed / 1000000.0,
            )
        )


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into; it takes the name ``folder`` only when all went well.

    See ``whole``, which also tells what it found.
    """
    with whole(folder) as writing:
        yield writing.partial


@contextlib.contextmanager
def whole(folder: Path, *, free: bool = False) -> Iterator[Whole]:
    """Yield a place to write into; it takes the name ``folder`` only when all went well.

    With ``free`` it takes the first of ``folder``, ``folder-2``, ``folder-3`` … that nobody has.
    The work happens in a hidden sibling, removed on any failure or interruption, and an
    earlier run in ``folder`` stays until the new one is complete. What a killed process left
    beside it is cleaned up first, and said in ``notes``. Failures of the disk are raised as
    SDError.
    """
    if not free:
        check_folder(folder)
    partial: Path | None = None
    sign = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        notes = swept(folder.parent)
        sign, partial = _hold(folder)
        partial.mkdir()
        writing = Whole(partial, folder, notes)
        yield writing
        writing.folder = _take_free(partial, folder) if free else _take_name(partial, folder)
    except OSError as error:
        raise SDError(_disk_problem(folder, error)) from error
    finally:
        if partial is not None:
            if sign is not None:
                sign.close()
            with contextlib.suppress(OSError):
                _sign(partial).unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)


@dataclass
class Whole:
    """Where a run is written: ``partial`` while it is, ``folder`` when all of it is there.

    ``notes`` say what was cleaned up that a killed process had left; ``facts`` are what the
    writer adds to the record, ``files`` the names of all that was written.
    """

    partial: Path
    folder: Path
    notes: tuple[Message, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def swept(parent: Path) -> tuple[Message, ...]:
    """Remove what killed processes left half-written in a folder; return what is said of it.

    An earlier run that had stepped aside for one that was never completed is put back.
    """
    notes = []
    for left in sorted(parent.glob(f".*{PARTIAL}")):
        sign = _sign(left)
        if not left.is_dir() or not sign.exists() or _is_held(sign):
            continue
        shutil.rmtree(left, ignore_errors=True)
        with contextlib.suppress(OSError):
            _sign(left).unlink(missing_ok=True)
        told = "{left}: half-written by a run that was killed; removed"
        notes.append(Message(told, left=_name_of(left)))
    for left in sorted(parent.glob(f".*{UNFINISHED}")):
        with contextlib.suppress(OSError):
            if left.is_dir() and _forgotten(left):
                shutil.rmtree(left, ignore_errors=True)
                told = "{left}: kept by a command that was interrupted two weeks ago; removed"
                notes.append(Message(told, left=left.name))
    for aside in sorted(parent.glob(f".*{EARLIER}")):
        place = parent / _name_of(aside)
        if not place.exists():
            with contextlib.suppress(OSError):
                aside.rename(place)
                told = "{place}: put back, after a run that was to replace it was killed"
                notes.append(Message(told, place=place.name))
        else:
            shutil.rmtree(aside, ignore_errors=True)
    return tuple(notes)


PARTIAL, EARLIER, SIGN = ".partial", ".earlier", ".writing"
"""Ends of the hidden names of a run being written, of the one it replaces, and of its sign."""
UNFINISHED = ".unfinished"
"""End of the hidden name of what an interrupted command has finished, to go on from."""
STALE = 14 * 24 * 3600
"""Seconds after which nobody goes on from there."""


def unfinished(parent: Path, name: str) -> Path:
    """Return where a command keeps what it has finished until it has all: no run is there."""
    return parent / f".{name}{UNFINISHED}"


def _forgotten(place: Path) -> bool:
    """Return whether nothing was kept in a place for so long that nobody will go on from it."""
    times = [one.stat().st_mtime for one in (place, *place.glob("*"))]
    return time.time() - max(times) > STALE


def _name_of(hidden: Path) -> str:
    """Return the name a hidden folder stands for: ".name.abc.partial" → "name"."""
    return hidden.name[1:].rsplit(".", 2)[0]


def _sign(partial: Path) -> Path:
    """Return the file that a process keeps locked as long as it writes ``partial``."""
    return partial.with_name(partial.name.removesuffix(PARTIAL) + SIGN)


def _hold(folder: Path) -> tuple[IO[bytes], Path]:
    """Return the open, locked sign of a new writer, and the folder it is to write.

    The system lets go of the lock when the writer dies. It is held before the folder is made, so
    that nobody finds a folder without it.
    """
    handle, name = tempfile.mkstemp(prefix=f".{folder.name}.", suffix=SIGN, dir=folder.parent)
    stream = os.fdopen(handle, "wb")
    partial = Path(name.removesuffix(SIGN) + PARTIAL)
    if sys.platform != "win32":  # there an open file cannot be removed, which is lock enough
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return stream, partial


def _is_held(sign: Path) -> bool:
    """Return whether a living process holds a sign."""
    try:
        if sys.platform == "win32":
            sign.unlink()
            return False
        import fcntl

        with sign.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _take_free(partial: Path, folder: Path) -> Path:
    """Rename ``partial`` to the first free of ``folder``, ``folder-2`` …; return which."""
    for number in itertools.count(1):
        place = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        if place.exists():
            continue
        try:
            partial.rename(place)
            return place
        except OSError:
            if not place.exists():
                raise
    raise AssertionError("numbers end")


def _take_name(partial: Path, folder: Path) -> Path:
    """Rename ``partial`` to ``folder``; an earlier run steps aside and returns on failure."""
    try:
        partial.rename(folder)  # onto nothing; on POSIX onto an empty folder as well
        return folder
    except OSError:
        if not folder.exists():
            raise
    aside = folder.with_name(f".{folder.name}.{os.getpid()}{EARLIER}")
    folder.rename(aside)
    try:
        partial.rename(folder)
    except BaseException:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
    return folder


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _disk_problem(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        told = "{folder}: the disk is full; nothing was written. Free some space or use --out"
        return Message(told, folder=folder)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        told = "{folder}: writing is not allowed here; nothing was written. Use --out"
        return Message(told, folder=folder)
    told = "{folder}: could not be written ({error}); nothing was written"
    return Message(told, folder=folder, error=error)
