"""Draws figures and writes the workbook in a process of its own, while tables are made.

matplotlib holds the interpreter, so a thread would gain nothing. Figures and workbook are frozen
values: they are handed over as they are, through a pipe, and what comes back is which signs the
font lacks, or what is to be told: a full disk, say. The process ends with the one that started it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import SDError
from sdensemble.outputs.figure import Figure
from sdensemble.outputs.workbook import Workbook


@dataclass(frozen=True)
class Papers:
    """What is drawn: figures into a folder, and a workbook, told in a language."""

    folder: Path
    figures: Sequence[Figure]
    book: Workbook
    file: Path
    lang: str

    def write(self) -> str:
        """Write all; return the characters the figures' font lacks."""
        from sdensemble.outputs.figures import draw_figures
        from sdensemble.outputs.write.xlsx import write_xlsx

        missing = draw_figures(self.folder, self.figures, self.lang)[1]
        write_xlsx(self.book, self.file, self.lang)
        return missing

    def write_apart(self) -> str:
        """Write all in another process, which is waited for; return what ``write`` does."""
        if not sys.executable:  # a Python inside another program
            return self.write()
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, str(os.getpid())],
            input=pickle.dumps(self),
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace").strip())
        found: str | SDError | OSError = pickle.loads(done.stdout)
        if isinstance(found, Exception):
            raise found
        return found


def main() -> None:
    """Write the papers that come in, and say what signs are missing."""
    threading.Thread(target=_end_with, args=[int(sys.argv[1])], daemon=True).start()
    papers: Papers = pickle.load(sys.stdin.buffer)
    found: str | SDError | OSError
    try:
        found = papers.write()
    except (SDError, OSError) as error:
        found = error
    sys.stdout.buffer.write(pickle.dumps(found))


def _end_with(parent: int) -> None:
    """End this process as soon as the one that started it is gone, killed perhaps."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)


if __name__ == "__main__":
    main()
