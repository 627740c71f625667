"""Inputs one after the other in a process that may die; what was found is counted in a file.

The process is forked from one in which everything is loaded. Each input has SECONDS of processor
time and MEMORY beyond what was there; one that takes more, or kills the process, is a fault, and
another process goes on behind it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

Attempt = Callable[[int], bool]
"""Handle the input so numbered; return whether it was taken. Whatever it raises is a fault."""
SECONDS = 10.0
PATIENCE = 300.0
"""Seconds by the clock without an answer: the process waits for something that never comes."""
MEMORY = 2 << 30
ROOM = 4 * MEMORY
"""Addresses beyond those at first: the stacks of threads take them and no memory."""
AT_ONCE = 2000
"""Inputs of one process."""


@dataclass
class Count:
    """How many inputs of a kind were handled, and taken; the faults by number; the dearest."""

    done: int = 0
    taken: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    longest: tuple[float, int] = (0.0, -1)


def handled(prepare: Callable[[Path], Attempt], first: int, last: int, count: Count) -> None:
    """Handle the inputs of a range, and add them to a count."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        attempt = prepare(place)
        while first < last:
            for number, verdict, seconds in _process(attempt, first, min(last, first + AT_ONCE)):
                count.done += 1
                count.taken += verdict == "taken"
                count.longest = max(tuple(count.longest), (round(seconds, 2), number))
                if verdict not in ("taken", "refused"):
                    count.faults.append((number, verdict))
                first = number + 1


def _process(attempt: Attempt, first: int, last: int) -> Iterator[tuple[int, str, float]]:
    """Yield number, verdict and seconds of each input that one process lived to handle."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if child == 0:
        os.close(read)
        try:
            _work(attempt, first, last, write)
        finally:
            os._exit(0)
    os.close(write)
    number, hung = first, False
    with os.fdopen(read, "rb", buffering=0) as stream:
        held = b""
        while True:
            if not select.select([stream], [], [], PATIENCE)[0]:
                hung = True
                os.kill(child, signal.SIGKILL)
            got = stream.read(65536)
            if not got:
                break
            *lines, held = (held + got).split(b"\n")
            for line in lines:
                verdict, seconds = json.loads(line)
                yield number, verdict, seconds
                number += 1
    _, ended = os.waitpid(child, 0)
    if number < last:
        died = f"the process died: {signal.Signals(ended & 127).name if ended & 127 else ended}"
        yield number, "the process waits for ever" if hung else died, 0.0


def _work(attempt: Attempt, first: int, last: int, told: int) -> None:
    """Handle inputs and tell of each; ends the process where one takes too long."""
    import io
    import sys

    sys.stdout = sys.stderr = io.StringIO()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    held = _memory()
    for number in range(first, last):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        begun = time.process_time()
        try:
            verdict = "taken" if attempt(number) else "refused"
            assert _memory() < held + MEMORY, "takes too much memory"
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            verdict = f"{error!r:.300} at {Path(where.filename).name}:{where.lineno}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        line = json.dumps((verdict, time.process_time() - begun)) + "\n"
        os.write(told, line.encode())


def _memory() -> int:
    """Return the most bytes this process has held."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def read_counts(file: Path) -> dict[str, Count]:
    """Return the counts a file holds, by kind; none where there is no file."""
    with contextlib.suppress(FileNotFoundError):
        held = json.loads(file.read_text(encoding="utf-8"))
        return {kind: Count(**one) for kind, one in held.items()}
    return {}


def write_counts(file: Path, counts: dict[str, Count]) -> None:
    """Write counts whole or not at all."""
    made = file.with_name(f".{file.name}.new")
    text = json.dumps({kind: asdict(one) for kind, one in counts.items()}, indent=1)
    made.write_text(text, encoding="utf-8")
    os.replace(made, file)
