"""The user's cache folder: machine code, and what else is slow to make, checked when it is read.

A file holds the digest of its code before the code itself, so that one cut short or changed by a
fault of the disk is compiled again. Code is taken only from a folder that belongs to this user and
that nobody else may write to: else anybody could have put it there.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

DIGEST = 32  # bytes of the digest before the code
FOLDER = "SDENSEMBLE_CACHE"
"""Names the folder in the environment, in place of the user's own cache."""


def cache_folder() -> Path:
    """Return where machine code is kept: the user's cache folder, or $SDENSEMBLE_CACHE."""
    if named := os.environ.get(FOLDER):
        return Path(named)
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "sdensemble"


def store(path: Path, code: bytes) -> None:
    """Write a cache file whole or not at all; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(code) + code)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)


def load(path: Path) -> bytes | None:
    """Return a cache file's code; None where it is missing, damaged or not this user's own."""
    try:
        if not _own(path.parent):
            return None
        data = path.read_bytes()
    except OSError:
        return None
    digest, code = data[:DIGEST], data[DIGEST:]
    return code if code and digest == _digest(code) else None


def _digest(code: bytes) -> bytes:
    return hashlib.blake2b(code, digest_size=DIGEST).digest()


def _own(folder: Path) -> bool:
    """Tell whether a folder is this user's, and nobody else may write to it."""
    if os.name == "nt":  # the folder of a Windows account is its own already
        return True
    found = folder.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
