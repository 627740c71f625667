"""Files that end in a digest of themselves: damage is told before any library looks inside.

NetCDF readers stop where the data end, and so see nothing of it. What has no such end, as files
written elsewhere or before, is read as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sdengine.errors import Message, SDError

MARK = b"sdensemble digest "
SIZE = 16
READ = 1 << 22


def seal(path: Path) -> None:
    """Write a digest of a file behind it; raises OSError when the disk is full."""
    with path.open("r+b") as file:
        made = _digest(file, file.seek(0, 2))
        file.write(MARK + made)


def require_whole(path: Path) -> None:
    """Raise SDError where a file is not what it was when it was sealed, and OSError."""
    with path.open("rb") as file:
        end = file.seek(0, 2) - len(MARK) - SIZE
        if end < 0:
            return
        file.seek(end)
        found = file.read()
        if found.startswith(MARK) and _digest(file, end) != found[len(MARK) :]:
            told = "{file}: is damaged: it is not as it was written"
            raise SDError(told, file=path)


@contextmanager
def reading(path: Path, told: Callable[[Exception], Message]) -> Iterator[None]:
    """Check that a file is whole, and read it in the block.

    A damaged file without a digest may raise whatever its libraries meet: SDError as ``told``.
    """
    try:
        require_whole(path)
        yield
    except (MemoryError, SDError):
        raise
    except Exception as error:
        raise SDError(told(error)) from error


def _digest(file: IO[bytes], size: int) -> bytes:
    """Return the digest of the first so many bytes, and stand behind them."""
    made = hashlib.blake2b(digest_size=SIZE)
    file.seek(0)
    while size:
        data = file.read(min(READ, size))
        made.update(data)
        size -= len(data)
    return made.digest()
