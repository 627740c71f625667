"""Draws figures in a process of its own, while the rest is computed.

matplotlib holds the interpreter, so a thread would gain nothing. Figures are frozen values: they
are handed over as they are, through a pipe, and what comes back is which signs the font lacks, or
what is to be told: a full disk, say. The process is started while a run's files are read, has
loaded matplotlib when its members are run, and ends with the one that started it.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sdengine.errors import SDError
from sdensemble.outputs.figure import Figure

MANY = 2**10
"""Members from which figures have a process of their own."""


NEEDED = ("sdensemble.outputs.figures", "sdensemble.outputs.write.picture")
"""What such a process loads while it waits."""


@dataclass(frozen=True)
class Figures:
    """Figures, into a folder, told in a language."""

    folder: Path
    figures: Sequence[Figure]
    lang: str

    def write(self) -> str:
        """Write all; return the characters their font lacks."""
        from sdensemble.outputs.figures import draw_figures

        return draw_figures(self.folder, self.figures, self.lang)[1]


class Desk:
    """Where figures are drawn: here, or in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes] | None = None):
        self.process = process

    def write(self, figures: Figures) -> str:
        """Write figures, and wait for them; return and raise what their ``write`` does."""
        if self.process is None:
            return figures.write()
        to, back, errors = self.process.stdin, self.process.stdout, self.process.stderr
        assert to is not None
        assert back is not None
        assert errors is not None
        try:
            pickle.dump(figures, to)
            to.flush()
            found: str | SDError | OSError = pickle.load(back)
        except (BrokenPipeError, EOFError):
            raise RuntimeError(errors.read().decode(errors="replace").strip()) from None
        if isinstance(found, Exception):
            raise found
        return found


@contextmanager
def desk(members: int, threads: int) -> Iterator[Desk]:
    """Give a desk for a job of so many members; it is gone behind the block."""
    if members < MANY or threads < 2 or not sys.executable:  # a Python inside another program
        yield Desk()
        return
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        yield Desk(process)
    finally:
        process.kill()  # whatever it still does is not waited for
        process.communicate()


def main() -> None:
    """Write the figures that come in, and say what signs are missing."""
    threading.Thread(target=_end_with, args=[int(sys.argv[1])], daemon=True).start()
    gc.disable()  # it does not live long enough for circles to matter
    for name in NEEDED:
        import_module(name)

    while True:
        try:
            figures: Figures = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        found: str | SDError | OSError
        try:
            found = figures.write()
        except (SDError, OSError) as error:
            found = error
        sys.stdout.buffer.write(pickle.dumps(found))
        sys.stdout.buffer.flush()


def _end_with(parent: int) -> None:
    """End this process as soon as the one that started it is gone, killed perhaps."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)


if __name__ == "__main__":
    main()
