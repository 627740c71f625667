"""Draws figures and writes the workbook in a process of its own, while tables are made.

matplotlib holds the interpreter, so a thread would gain nothing. Figures and workbook are frozen
values: they are handed over as they are, and what comes back is which signs the font lacks.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
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
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name],
            input=pickle.dumps(self),
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
        if done.returncode:
            raise SDError(f"figures: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode()


def main() -> None:
    """Write the papers that come in, and say what signs are missing."""
    papers: Papers = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(papers.write().encode())


if __name__ == "__main__":
    main()
