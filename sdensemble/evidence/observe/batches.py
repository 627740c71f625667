"""What people have brought in, batch by batch, and how to take a batch back."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sdengine.errors import SDError, did_you_mean
from sdensemble.evidence.observe.keep import LOG, LOG_HEAD, logged
from sdensemble.inputs.forgiving import in_utf8, separator
from sdensemble.inputs.history import Observation, batches_of
from sdensemble.inputs.together import Together
from sdensemble.study import Study


@dataclass(frozen=True)
class Batch:
    """One import: its name, and its rows."""

    name: str
    rows: tuple[Observation, ...]


def batches(study: Study) -> tuple[Batch, ...]:
    """Return the imports of a study, the earliest first."""
    return tuple(
        Batch(name, tuple(row for row in study.history if row.batch == name))
        for name in batches_of(study.history)
        if name
    )


@dataclass(frozen=True)
class Undone:
    """A batch taken back, and the posteriors that returned with it."""

    batch: Batch
    posteriors: tuple[Path, ...]


def observe_undo(study: Study, name: str = "") -> Undone:
    """Take a batch back, the latest where none is named, and return what was done.

    Its rows leave the history; the posterior it replaced returns, one made for it goes. The log
    keeps what was added and gains a line that it was taken back. All of it or nothing.
    """
    found = batches(study)
    names = [one.name for one in found]
    if not found:
        raise SDError("there is no import to take back")
    if name and name not in names:
        hint, shown = did_you_mean(name, names), ", ".join(names)
        told = 'no import "{name}"{hint} (there are {shown})'
        raise SDError(told, name=name, hint=hint, shown=shown)
    batch = next(one for one in found if one.name == (name or names[-1]))
    folder = study.folder / "calibration"
    history, log = folder / "history.csv", folder / LOG
    copies = sorted(folder.glob(f"*.before-{batch.name}.nc"))
    made = sorted(folder.glob(f"posterior-{batch.name}*.nc"))
    kept = {copy: copy.with_name(copy.name.replace(f".before-{batch.name}", "")) for copy in copies}
    if batch is not found[-1]:
        kept = {}  # a later import fitted anew on top of it: that posterior is of neither
    with Together(folder) as files:
        for copy, place in kept.items():
            held = copy.read_bytes()
            files.add(place, lambda path, held=held: path.write_bytes(held))  # type: ignore[misc]
        row = [datetime.now().astimezone().isoformat(timespec="seconds"), batch.name, "undo"]
        row += [""] * (len(LOG_HEAD) - len(row))
        files.add(log, lambda path: path.write_bytes(logged(log, [row])))
        files.add(history, lambda path: path.write_bytes(_without(history, batch.name)))
        files.put()
    for path in (*copies, *made):
        path.unlink(missing_ok=True)
    return Undone(batch, tuple(kept.values()))


def _without(path: Path, batch: str) -> bytes:
    """Return a history's bytes without the lines of a batch; every other byte stays."""
    held = in_utf8(path.read_bytes())
    mark = b"\xef\xbb\xbf" if held.startswith(b"\xef\xbb\xbf") else b""
    lines = _records(held.decode("utf-8-sig"))
    parted = separator(lines[0])
    heads = next(csv.reader([lines[0]], delimiter=parted))
    place = heads.index("batch")
    kept = [lines[0]]
    for line in lines[1:]:
        cells: Sequence[str] = next(csv.reader(io.StringIO(line, newline=""), delimiter=parted), [])
        if len(cells) <= place or cells[place] != batch:
            kept.append(line)
    return mark + "".join(kept).encode("utf-8")


def _records(text: str) -> list[str]:
    """Return the records of a CSV text with their line ends; a quoted cell may span lines."""
    found, held = [], ""
    for line in text.splitlines(keepends=True):
        held += line
        if held.count('"') % 2 == 0:
            found.append(held)
            held = ""
    return [*found, held] if held else found
