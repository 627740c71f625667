"""Writes a run's folder whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

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

    The work happens in a hidden sibling, removed on any failure or interruption, and an
    earlier run in ``folder`` stays until the new one is complete. Failures of the disk are
    raised as SDError.
    """
    check_folder(folder)
    partial: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent)
        partial = Path(made)
        partial.chmod(0o777 & ~_umask())
        yield partial
        _take_name(partial, folder)
    except OSError as error:
        raise SDError(_disk_problem(folder, error)) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def free_name(folder: Path) -> Iterator[Path]:
    """Yield ``folder``, or the first of ``folder-2``, ``folder-3`` … that nobody has.

    The name is taken by an empty folder, which goes again where nothing was put into it, so that
    two runs started in the same second have two folders.
    """
    for number in itertools.count(1):
        taken = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            taken.parent.mkdir(parents=True, exist_ok=True)
            taken.mkdir()
            break
        except FileExistsError:
            continue
        except OSError as error:
            raise SDError(_disk_problem(folder, error)) from error
    try:
        yield taken
    finally:
        with contextlib.suppress(OSError):  # not empty: the run is there
            taken.rmdir()


def _take_name(partial: Path, folder: Path) -> None:
    """Rename ``partial`` to ``folder``; an earlier run steps aside and returns on failure."""
    try:
        partial.rename(folder)  # onto nothing; on POSIX onto an empty folder as well
        return
    except OSError:
        if not folder.exists():
            raise
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.earlier")
    folder.rename(aside)
    try:
        partial.rename(folder)
    except BaseException:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


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
