"""Writes a run's folder whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sdengine.errors import Message, SDError

RECORD = "run.json"
"""Every run's own record; its ``files`` lists what the run wrote."""


class StudyRemark(UserWarning):
    """Something a person should know about what was done to a study's files."""


def check_folder(folder: Path) -> None:
    """Raise SDError unless a run may be written here: nothing there, or an earlier run.

    A folder that holds anything else than the files an earlier run lists is never touched.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise SDError("{folder}: is a file; a run needs a folder of its own", folder=folder)
    held = {str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file()}
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        ours = {RECORD, *record["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    foreign = sorted(held - ours)
    if foreign:
        told = "{folder}: holds {foreign}, which no run wrote; choose another folder with --out"
        raise SDError(told, folder=folder, foreign=foreign[0])


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as partial:
        partial.write_bytes(data)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write a file to; the file takes the name ``path`` when all went well."""
    with _beside(path) as partial:
        yield partial
        os.replace(partial, path)


def check_space(folder: Path, needed: int) -> None:
    """Raise SDError where the disk of ``folder`` has fewer than ``needed`` bytes left."""
    parent = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise SDError(
            "{folder}: the disk has {free:.0f} MB left and the run needs about {needed:.0f}"
            " MB; nothing was written",
            folder=folder,
            free=free / 1000000.0,
            needed=needed / 1000000.0,
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

    With ``free`` it takes the first of ``folder``, ``folder-2``, ``folder-3`` … that nobody has;
    so it does where another run took the name meanwhile, and says so. The work happens in a hidden
    sibling, removed on any failure or interruption, and an earlier run in ``folder`` stays until
    the new one is complete. What a killed process left beside it is cleaned up first, with a
    StudyRemark. Failures of the disk are raised as SDError.
    """
    if not free:
        check_folder(folder)
    there = folder.exists()
    with _beside(folder) as partial:
        partial.mkdir()
        writing = Whole(partial, folder)
        yield writing
        with turn(folder.parent):
            if free or (folder.exists() and not there):
                writing.folder = _take_free(partial, folder)
            else:
                _take_name(partial, folder)
        if not free and writing.folder != folder:
            told = "{folder}: another run took this name meanwhile; this one is in {place}"
            writing.notes += (Message(told, folder=folder, place=writing.folder),)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a hidden name beside ``path`` to write to, where killed processes left nothing.

    What stands under that name at the end goes. Failures of the disk are raised as SDError.
    """
    held: tuple[IO[bytes], Path] | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with turn(path.parent):
            sweep(path.parent)
            held = _hold(path)
        yield held[1]
    except OSError as error:
        raise SDError(disk_problem(_shown(path), error)) from error
    except RuntimeError as error:
        if "NetCDF: " not in str(error):  # which says no more of a disk than that
            raise
        raise SDError(disk_problem(_shown(path), _of_disk(path, error))) from error
    finally:
        if held is not None:
            sign, partial = held
            _remove(partial)  # before its sign: without one nobody would know it for ours
            sign.close()
            with contextlib.suppress(OSError):
                _sign(partial).unlink(missing_ok=True)


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Have a folder's names to oneself; others wait for their turn.

    The lock lies on the folder itself: nothing is left behind, and the system lets go of it when
    a process dies. Where there are no such locks (Windows, some network drives) nobody waits.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@dataclass
class Whole:
    """Where a run is written: ``partial`` while it is, ``folder`` when all of it is there.

    ``notes`` are to be told of the writing; ``facts`` are what the
    writer adds to the record, ``files`` the names of all that was written.
    """

    partial: Path
    folder: Path
    notes: tuple[Message, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def sweep(parent: Path) -> None:
    """Remove what killed processes left half-written in a folder, and say so (StudyRemark).

    An earlier run that had stepped aside for one that was never completed is put back.
    """
    for sign in sorted(parent.glob(f".*{SIGN}")):
        if not _OURS.fullmatch(sign.name) or _is_held(sign):
            continue
        left = sign.with_name(sign.name.removesuffix(SIGN) + PARTIAL)
        if left.exists():
            _remove(left)
            told = "{left}: half-written by a run that was killed; removed"
            warnings.warn(StudyRemark(Message(told, left=_name_of(left))), stacklevel=2)
        with contextlib.suppress(OSError):
            sign.unlink(missing_ok=True)
    for left in sorted(parent.glob(f".*{UNFINISHED}")):
        with contextlib.suppress(OSError):
            if left.is_dir() and _forgotten(left):
                shutil.rmtree(left, ignore_errors=True)
                told = "{left}: kept by a command that was interrupted two weeks ago; removed"
                warnings.warn(StudyRemark(Message(told, left=left.name)), stacklevel=2)
    _put_back(parent)


def put_back(parent: Path) -> None:
    """Give an earlier run its name back where one that was to replace it was killed between two
    renames, and say so (StudyRemark); wait for a living one."""
    if any(parent.glob(f".*{EARLIER}")):
        with turn(parent):
            _put_back(parent)


def _put_back(parent: Path) -> None:
    for aside in sorted(parent.glob(f".*{EARLIER}")):
        place = parent / _name_of(aside)
        if not place.exists():
            with contextlib.suppress(OSError):
                aside.rename(place)
                told = "{place}: put back, after a run that was to replace it was killed"
                warnings.warn(StudyRemark(Message(told, place=place.name)), stacklevel=2)
        else:
            shutil.rmtree(aside, ignore_errors=True)


PARTIAL, EARLIER, SIGN = ".partial", ".earlier", ".writing"
"""Ends of the hidden names of a run being written, of the one it replaces, and of its sign."""
_OURS = re.compile(rf"\..+\.[a-z0-9_]{{8}}{re.escape(SIGN)}")
"""Signs that ``_hold`` made: a folder may hold hidden files of others."""


def _remove(path: Path) -> None:
    """Take away a folder or file, or nothing."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


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


def _hold(path: Path) -> tuple[IO[bytes], Path]:
    """Return the open, locked sign of a new writer, and the name it is to write under.

    The system lets go of the lock when the writer dies. It is held before anything stands under
    that name, so that nobody finds it without.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=SIGN, dir=path.parent)
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


def _take_name(partial: Path, folder: Path) -> None:
    """Rename ``partial`` to ``folder``; an earlier run steps aside and returns on failure."""
    try:
        partial.rename(folder)  # onto nothing; on POSIX onto an empty folder as well
        return
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


def disk_problem(path: Path, error: OSError, *, elsewhere: bool = True) -> Message:
    """Return what is told of a disk that did not take a folder or file.

    ``elsewhere`` says that --out would choose another place.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        if _no_more_files(path):
            told = "{folder}: the disk takes no more files; nothing was written. Remove some"
            return Message(told, folder=path)
        if not elsewhere:
            told = "{folder}: the disk is full; nothing was written. Free some space"
            return Message(told, folder=path)
        told = "{folder}: the disk is full; nothing was written. Free some space or use --out"
        return Message(told, folder=path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        if not elsewhere:
            told = "{folder}: writing is not allowed here; nothing was written"
            return Message(told, folder=path)
        told = "{folder}: writing is not allowed here; nothing was written. Use --out"
        return Message(told, folder=path)
    told = "{folder}: could not be written ({error}); nothing was written"
    return Message(told, folder=path, error=error)


def _shown(path: Path) -> Path:
    """Return what a person knows of a path: the folder, where its name is hidden."""
    return path.parent if path.name.startswith(".") else path


def _of_disk(path: Path, error: Exception) -> OSError:
    """Return a library's failure as one of the disk: a full one, where it is nearly full."""
    parent = next(p for p in (path.parent, *path.absolute().parents) if p.exists())
    full = shutil.disk_usage(parent).free < 2**20
    return OSError(errno.ENOSPC if full else errno.EIO, str(error))


def _no_more_files(path: Path) -> bool:
    """Return whether a disk has room, but for no further file."""
    try:
        found = os.statvfs(next(p for p in (path, *path.absolute().parents) if p.exists()))
    except (AttributeError, OSError):  # Windows has no such count
        return False
    return found.f_files > 0 and found.f_favail == 0
