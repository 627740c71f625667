"""Where a default run's time goes, as shares: ``python -m benchmarks.shares [members]``.

First the whole run, imports and all, in processor time, a line for each part; what is drawn in a
process of its own is one line. Then the same member runs in the kernel alone, on as many threads,
with nothing else beside it. The last line says how many times that the whole run takes, by the
clock and in processor time. Run it twice: the first compiles.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import times
from pathlib import Path
from typing import Any

BEGUN = time.perf_counter()
ROOT = Path(__file__).resolve().parent.parent
PARTS = {
    "kernel": ("sdengine.kernel", "Kernel.run"),
    "inputs laid out": ("sdengine.kernel", "Kernel.given"),
    "forcing": ("sdensemble.ensemble.worlds", "sample"),
    "drawing": ("sdensemble.ensemble.draws", "Draws.of"),
    "points drawn": ("sdensemble.verbs.run_study", "run_members"),
    "files of the study": ("sdensemble.verbs.run_study", "RunOptions.sound"),
    "model compiled or loaded": ("sdensemble.verbs.run_study", "compile_model"),
    "tables": ("sdensemble.outputs.run", "write_tables"),
    "figures as values": ("sdensemble.outputs.figures", "figures_of"),
    "figures drawn here": ("sdensemble.outputs.apart", "Figures.write"),
    "workbook written": ("sdensemble.outputs.write.xlsx", "write_xlsx"),
    "NetCDF": ("sdensemble.outputs.run", "_write_ensembles"),
    "workbook as a value": ("sdensemble.outputs.run", "_workbook"),
}
APART = "figures drawn apart"
Work = list[tuple[Any, tuple[Any, ...], dict[str, Any]]]


class Spent:
    """Processor seconds by part, and the calls of the kernel, to be made once more alone."""

    def __init__(self) -> None:
        self.by_part: dict[str, float] = defaultdict(float)
        self.lock = threading.Lock()
        self.calls: Work = []

    def watch(self) -> None:
        """Wrap each part so that what it takes is added up."""
        for part, (module, name) in PARTS.items():
            place: Any = importlib.import_module(module)
            *path, last = name.split(".")
            for step in path:
                place = getattr(place, step)
            setattr(place, last, self._timing(getattr(place, last), part))

    def _timing(self, call: Callable[..., Any], part: str) -> Callable[..., Any]:
        def made(*args: Any, **named: Any) -> Any:
            begun = time.thread_time()
            try:
                return call(*args, **named)
            finally:
                with self.lock:
                    self.by_part[part] += time.thread_time() - begun
                    if part == "kernel":
                        self.calls.append((call, args, {**named, "progress": None}))

        return made


def alone(calls: Work, threads: int) -> tuple[float, float]:
    """Make the kernel's calls again; return seconds by the clock and of the processors."""
    begun, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(_made, *call) for call in calls]:
            done.result()
    return time.perf_counter() - begun, time.process_time() - used


def _made(call: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> None:
    call(*args, **named)


def main() -> None:
    """Run the shipped study and print the shares."""
    from sdensemble.verbs.cli import settle

    settle()
    from sdengine.kernel import default_threads
    from sdensemble.verbs.run_options import RunOptions
    from sdensemble.verbs.run_study import run_study

    spent = Spent()
    spent.watch()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        more = {"members": int(sys.argv[1])} if len(sys.argv) > 1 else {}
        run_study(RunOptions(study=ROOT, out=folder, **more))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    wall, used = time.perf_counter() - BEGUN, time.process_time()
    clock = times()
    spent.by_part[APART] = clock.children_user + clock.children_system
    total = used + spent.by_part[APART]
    spent.by_part["imports, and all else"] = total - sum(spent.by_part.values())
    for part, seconds in sorted(spent.by_part.items(), key=lambda one: -one[1]):
        print(f"{part:32} {seconds / total:6.1%}  {seconds:6.1f} s of a processor")
    threads = default_threads()
    clock_alone, used_alone = alone(spent.calls, threads)
    print(f"whole run: {wall:.1f} s, {total:.1f} s of a processor; {size:,} bytes written")
    print(f"its member runs in the kernel alone, {threads} threads: {clock_alone:.1f} s,", end=" ")
    print(f"{used_alone:.1f} s of a processor")
    print(f"the whole run takes {wall / clock_alone:.2f} times that by the clock,", end=" ")
    print(f"{total / used_alone:.2f} in processor time")


if __name__ == "__main__":
    main()
