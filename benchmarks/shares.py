"""Where a default run's time goes, as shares: ``python -m benchmarks.shares [members]``.

Each line is what one part takes of all processor time of the run, and the last how many times
what its member runs take in the kernel alone the whole run takes. Run it twice: the first
compiles.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PARTS = {
    "kernel": ("sdengine.kernel", "Kernel.run"),
    "forcing": ("sdensemble.ensemble.worlds", "sample"),
    "drawing": ("sdensemble.ensemble.draws", "Drawn.of"),
    "tables": ("sdensemble.outputs.run", "write_tables"),
    "figures": ("sdensemble.outputs.figures", "draw_figures"),
    "ensemble files": ("sdensemble.outputs.run", "_write_ensembles"),
    "workbook": ("sdensemble.outputs.run", "_write_workbook"),
}


def timed(spent: dict[str, float], lock: threading.Lock) -> None:
    """Wrap each part so that what it takes is added up."""
    import importlib

    for part, (module, name) in PARTS.items():
        place: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for step in path:
            place = getattr(place, step)
        setattr(place, last, _timing(getattr(place, last), part, spent, lock))


def _timing(
    call: Callable[..., Any], part: str, spent: dict[str, float], lock: threading.Lock
) -> Callable[..., Any]:
    def made(*args: Any, **named: Any) -> Any:
        begun = time.thread_time()
        try:
            return call(*args, **named)
        finally:
            with lock:
                spent[part] += time.thread_time() - begun

    return made


def main() -> None:
    """Run the shipped study and print the shares."""
    from sdensemble.verbs.run import RunOptions
    from sdensemble.verbs.run_study import run_study

    members = int(sys.argv[1]) if len(sys.argv) > 1 else RunOptions().members
    spent: dict[str, float] = defaultdict(float)
    timed(spent, threading.Lock())
    begun, used = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as place:
        run_study(RunOptions(study=ROOT, members=members, out=Path(place) / "run", prior_only=True))
    whole, total = time.perf_counter() - begun, time.process_time() - used
    for part, seconds in sorted(spent.items(), key=lambda one: -one[1]):
        print(f"{part:15} {seconds / total:6.1%}  {seconds:6.1f} s of a processor")
    print(f"whole run {whole:.1f} s; {total / spent['kernel']:.2f} times what the kernel takes")


if __name__ == "__main__":
    main()
