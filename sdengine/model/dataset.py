"""Datasets of Vensim: those in text are read; how the others are exported is told.

What a .vdf or .vdfx file holds is not documented ("File Formats" in Vensim's reference manual). The
text form .dat is: a line with a name, then lines of a time and a value ("Data Format .dat").
"""

from __future__ import annotations

from pathlib import Path

from sdengine.errors import Message, SDError

CLOSED = (".vdf", ".vdfx")
OPEN = ".dat"


def refuse_closed(path: Path) -> None:
    """Raise SDError for a dataset in Vensim's own format, with the way out."""
    if path.suffix.lower() in CLOSED:
        told = (
            "{file}: a dataset in Vensim's own format, which only Vensim reads; export it there "
            "(Model > Export Dataset…) and give the .tab, .csv or .dat file"
        )
        raise SDError(Message(told, file=path.name))


def dat_rows(path: Path) -> list[list[object]]:
    """Return the rows of a .dat file as a table: times in the first column, a column a name.

    A name that comes again goes on; a time that a name lacks is an empty cell. Remarks behind
    numbers, and behind a name after "/", are left out.
    """
    series: dict[str, dict[float, float]] = {}
    here: dict[float, float] | None = None
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        words = line.split()
        pair = [_number(word) for word in words[:2]]
        if len(pair) == 2 and None not in pair and here is not None:
            here[float(pair[0] or 0)] = float(pair[1] or 0)
        elif words and pair[0] is None:
            name = line.partition("/")[0].partition("<")[0].strip()
            here = series.setdefault(name, {}) if name else here
    times = sorted({time for values in series.values() for time in values})
    rows: list[list[object]] = [["time", *series]]
    return rows + [[time, *(values.get(time) for values in series.values())] for time in times]


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
