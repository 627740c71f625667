"""Kill a verb at a moment, then look at what it left: whole or absent, and the next one is right.

A child is forked from a process that has all packages loaded, runs the verb, and kills itself
either at one of its calls that change the disk (opening to write, renaming, removing, making a
folder) or after a share of the time the verb takes.

    python -m tests.kills 200 1 [kills.jsonl]      kills, seed, file of what was found

With a file each kill is written there as a line of its own, and those already there are not done
again: an interrupted count goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sdensemble.inputs.folder import StudyRemark
from sdensemble.results.stored import latest_run
from tests.evidence.small import make_study, truth_figures

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.copyfile")
FIGURE = "year,measure,sector,value,unit,published_on\n2023,sales,total,190,Ton,2024-03-01\n"
VERBS = {
    "run": ["run", "--members", "64", "--out", "outputs/run", "--replace"],
    "run-again": ["run", "--members", "64", "--seed", "2", "--out", "outputs/first", "--replace"],
    "calibrate": ["calibrate", "--particles", "128", "--no-profiles"],
    "observe": ["observe", "add", "mine.csv", "--particles", "128"],
    "brief": ["brief", "outputs/first", "--out", "outputs/paper", "--replace"],
}
CHECKS = (
    ["observe", "list"],
    ["brief", "outputs/first", "--out", "outputs/after"],
)
"""What is asked after each kill, and must be right."""


@dataclass(frozen=True)
class Kill:
    """When the child dies: at its change of the disk so numbered, or after so many seconds."""

    change: int = -1
    seconds: float = 0.0


def prepared(place: Path) -> Path:
    """Return a study with a posterior and a run, and a figure to add."""
    truth = {"growth": 0.1, "start": 105.0, "ratio": 0.9}
    study = make_study(place, truth_figures(truth, range(2019, 2023), 1))
    (study / "mine.csv").write_text(FIGURE, encoding="utf-8")
    first = ["calibrate", "--particles", "128", "--seed", "5", "--no-profiles"]
    for words in (first, VERBS["run-again"][:-1]):
        status, said = called(study, words)
        assert status == 0, said
    return study


@cache
def prepared_once() -> Path:
    """Return the same where nobody changes it; it goes with this process."""
    place = Path(tempfile.mkdtemp(prefix="prepared-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return prepared(place)


def loaded(study: Path, words: list[str]) -> None:
    """Run a verb in this process, so that a child need not load what it needs."""
    from click.testing import CliRunner

    from sdensemble.verbs.cli import main

    with contextlib.chdir(study):
        assert CliRunner().invoke(main, words).exit_code == 0


def called(
    study: Path,
    words: list[str],
    kill: Kill | None = None,
    before: Callable[[], object] | None = None,
) -> tuple[int, str]:
    """Run a verb in a child in the study's folder; return its status and what it said.

    ``before`` is called in the child first.
    """
    with tempfile.TemporaryFile("w+") as told:
        child = _forked()
        if child == 0:
            status = 70
            try:
                for number in (1, 2):
                    os.dup2(told.fileno(), number)
                os.chdir(study)
                if before is not None:
                    before()
                if kill is not None:
                    _arm(kill)
                status = _main(words)
            finally:
                sys.stdout.flush()
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        told.seek(0)
        return os.waitstatus_to_exitcode(ended), told.read()


def _forked() -> int:
    with warnings.catch_warnings():  # no other thread of this process does anything
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _main(words: list[str]) -> int:
    from sdensemble.verbs.cli import main

    sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))
    try:
        main([*words, "--lang", "en"])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def _arm(kill: Kill) -> None:
    """Have this process killed."""
    if kill.seconds:
        signal.setitimer(signal.ITIMER_REAL, kill.seconds)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        return
    left = [kill.change]

    def seen(event: str, arguments: tuple) -> None:
        if changes(event, arguments):
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(seen)


def changes(event: str, arguments: tuple) -> bool:
    """Return whether an event changes the disk."""
    if event == "open":
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in CHANGES


def counted(study: Path, words: list[str]) -> tuple[int, float]:
    """Return how often a verb changes the disk, and how many seconds it takes."""
    read, write = os.pipe()
    child = _forked()
    if child == 0:
        count = [0]

        def seen(event: str, arguments: tuple) -> None:
            count[0] += changes(event, arguments)

        try:
            os.chdir(study)
            for number in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            sys.addaudithook(seen)
            _main(words)
        finally:
            os.write(write, str(count[0]).encode())
            os._exit(0)
    begun = time.monotonic()
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as stream:
        return int(stream.read()), time.monotonic() - begun


def hidden(study: Path) -> list[str]:
    """Return what writers leave only while they write."""
    return sorted(
        path.relative_to(study).as_posix()
        for path in study.rglob(".*")
        if not path.name.endswith((".unfinished", ".unfinished.npz"))
    )


def state(study: Path) -> dict[str, bytes]:
    """Return the bytes of what stands in the folder of the calibration."""
    folder = study / "calibration"
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def half(study: Path) -> Iterator[str]:
    """Yield what is wrong with the folders of outputs."""
    for folder in (study / "outputs").iterdir():
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        try:
            record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            yield f"{folder.name} has no whole record"
            continue
        yield from (
            f"{folder.name} lacks {name}"
            for name in record["files"]
            if not (folder / name).is_file()
        )


def faults(
    prepared_study: Path, verb: str, kill: Kill, place: Path, checks: tuple[list[str], ...] = CHECKS
) -> list[str]:
    """Kill a verb in a copy of a study; return what is wrong afterwards."""
    study = place / "study"
    shutil.copytree(prepared_study, study)
    words = VERBS[verb]
    before = state(study)
    status, said = called(study, words, kill)
    if status not in (0, -signal.SIGKILL, -signal.SIGALRM):
        return [f"ended with {status}: {said[-300:]}"]
    wrong = list(half(study))
    left = hidden(study)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StudyRemark)  # that an earlier run was put back
        run = latest_run(study / "outputs")
    if run is None or run.name not in ("first", "run"):
        wrong.append(f"the latest run is {run}")
    heard = ""
    for check in checks:
        status, told = called(study, check)
        heard += told
        if status or "Traceback" in told or "fault of the program" in told:
            wrong.append(f"{' '.join(check)} ended with {status}: {told[-300:]}")
    now = state(study)
    if verb == "observe" and {**now, "x": b""} != {**before, "x": b""}:
        news = {name for name in {*now, *before} if now.get(name) != before.get(name)}
        if "history.csv" not in news or "observed.log.csv" not in news:
            wrong.append(f"an import is there in parts: {sorted(news)}")
        called(study, ["observe", "undo"])
    if verb not in ("observe", "calibrate") and now != before:
        wrong.append("the calibration has changed")
    status, told = called(study, words)
    heard += told
    if status or "Traceback" in told:
        wrong.append(f"again: ended with {status}: {told[-300:]}")
    wrong += list(half(study))
    if rest := hidden(study):
        wrong.append(f"left for good: {rest}")
    if [name for name in left if name.endswith((".partial", ".json"))] and "killed" not in heard:
        wrong.append(f"not said: {left}")
    shutil.rmtree(study)
    return wrong


def chosen(number: int, seed: int, sizes: dict[str, tuple[int, float]]) -> tuple[str, Kill]:
    """Return the verb whose turn it is, and a random moment of it."""
    chance = random.Random(f"{seed} {number}")
    verb = list(VERBS)[number % len(VERBS)]
    changes_made, seconds = sizes[verb]
    if number // len(VERBS) % 3 == 2:
        return verb, Kill(seconds=max(0.01, chance.uniform(0, seconds)))
    return verb, Kill(chance.randrange(changes_made))


def killed(
    count: int, seed: int, place: Path, say: Callable[[str], object], file: Path | None = None
) -> list[str]:
    """Kill so many times; return what was wrong, with the kill.

    What stands in the file already counts as done.
    """
    done = [json.loads(line) for line in _lines(file)]
    study = prepared(place)
    sizes = measured(study, place)
    say(f"changes of the disk and seconds: {sizes}")
    for number in range(len(done), count):
        verb, kill = chosen(number, seed, sizes)
        found = [f"{verb} {kill}: {one}" for one in faults(study, verb, kill, place)]
        done.append(found)
        if file is not None:
            with file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found) + "\n")
        say(f"{number + 1} {verb} {kill}: {found or 'right'}")
    return [one for found in done for one in found]


def _lines(file: Path | None) -> list[str]:
    """Return the whole lines of a file; one cut short by a kill is taken away."""
    if file is None or not file.is_file():
        return []
    text = file.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    file.write_text(whole, encoding="utf-8")
    return whole.splitlines()


def measured(study: Path, place: Path) -> dict[str, tuple[int, float]]:
    """Return how often each verb changes the disk, and how many seconds it takes."""
    sizes = {}
    for verb, words in VERBS.items():
        for number in range(2):
            copy = place / f"measured-{verb}-{number}"
            shutil.copytree(study, copy)
            if number:
                sizes[verb] = counted(copy, words)
            else:
                loaded(copy, words)
            shutil.rmtree(copy)
    return sizes


def main() -> None:
    """Kill as often as the first argument says, with the second as seed."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    file = Path(sys.argv[3]).resolve() if sys.argv[3:] else None
    import matplotlib

    matplotlib.use("Agg")
    from sdensemble.verbs import cli  # noqa: F401  loaded before the forks

    with tempfile.TemporaryDirectory() as place:
        wrong = killed(count, seed, Path(place), lambda text: print(text, flush=True), file)
    print(f"{count} kills, {len(wrong)} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
