"""Finished blocks on disk: the same command, given again after an interruption, goes on from them.

A block is kept under a digest of all that its values hang on (``Work.key``), behind a digest of the
values themselves: one of another model, input, seed or version is never found, and one that was
cut short is run again.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from sdengine.errors import Message
from sdengine.kernel import Kernel
from sdensemble.ensemble.blocks import Count, Runner, Values, Work
from sdensemble.inputs.folder import unfinished

PATIENCE = 30.0
"""Seconds from which on blocks are kept: what took less is sooner run again than stored."""
DIGEST = 16  # bytes before the values


class Kept:
    """A runner that keeps what another has finished, and takes what an earlier process had.

    ``parent`` is the folder in which the command writes, ``name`` the number of its run: the
    blocks lie beside it, hidden, until ``done``. ``say`` is told once that there were any.
    """

    def __init__(
        self,
        runner: Runner,
        parent: Path,
        name: str,
        say: Callable[[Message], None] | None = None,
        *,
        patience: float | None = None,
    ):
        self.runner, self.folder, self.say = runner, unfinished(parent, name), say
        self.from_time = time.monotonic() + (PATIENCE if patience is None else patience)

    def run(
        self, kernel: Kernel, work: Work, indexes: Sequence[int], count: Count | None = None
    ) -> Iterator[tuple[int, Values]]:
        """Yield blocks found finished, then the others as they are run."""
        place = self.folder / work.key(kernel)
        left = []
        for index in indexes:
            values = load(place / str(index), work, index)
            if values is None:
                left.append(index)
                continue
            self._tell()
            if count:
                count(work.runs(index))
            yield index, values
        try:
            for index, values in self.runner.run(kernel, work, left, count):
                self._keep(place / str(index), values)
                yield index, values
        except KeyboardInterrupt as stop:
            if self.folder.is_dir():
                stop.args = (Message("interrupted; the same command goes on from where it was"),)
            raise

    def done(self) -> None:
        """Take away what was kept: the command has written what it was to write."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of whatever runs the blocks."""
        self.runner.close()

    def _keep(self, path: Path, values: Values) -> None:
        if time.monotonic() < self.from_time:
            return
        try:
            store(path, values)
        except OSError:  # a full disk ends the keeping, not the run
            self.from_time = float("inf")
            shutil.rmtree(self.folder, ignore_errors=True)

    def _tell(self) -> None:
        if self.say is not None:
            self.say(Message("this command was interrupted before: going on from where it was"))
            self.say = None


def store(path: Path, values: Values) -> None:
    """Write a block's values behind their digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(np.ascontiguousarray(array).tobytes() for array in values.values())
    path.write_bytes(hashlib.blake2b(data, digest_size=DIGEST).digest() + data)


def load(path: Path, work: Work, index: int) -> Values | None:
    """Return a block's values; None where there is none, or not all of it."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, data = data[:DIGEST], data[DIGEST:]
    if hashlib.blake2b(data, digest_size=DIGEST).digest() != digest:
        return None
    members, at, values = work.members(index).size, 0, {}
    for name in work.keep:
        shape = work.shape(name, members)
        size = int(np.prod(shape))
        values[name] = np.frombuffer(data, np.float64, size, at).reshape(shape)
        at += 8 * size
    return values
