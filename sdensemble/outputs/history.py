"""Reads a file of observed series: ``time,sector,measure,value,unit,source,period_end,…``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sdensemble.errors import Problems, SDError

COLUMNS = ("time", "sector", "measure", "value", "unit", "source", "period_end", "published_on")


@dataclass(frozen=True)
class Observation:
    """One observed value: ``time`` is the year it speaks of, ``period_end`` its last day."""

    time: float
    sector: str
    measure: str
    value: float
    unit: str
    source: str
    period_end: date
    published_on: str


def read_history(path: Path) -> tuple[Observation, ...]:
    """Return the observations of a CSV file in UTF-8; raise SDError with every bad row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise SDError(f"{path}: columns missing: {', '.join(missing)}")
            rows = list(reader)
    except FileNotFoundError as error:
        raise SDError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise SDError(f"{path}: not UTF-8; save it as CSV UTF-8") from error
    problems = Problems()
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(_observation(row))
        except ValueError as error:
            problems.add(f"{path} line {number}", str(error))
    problems.raise_if_any()
    return tuple(found)


def _observation(row: dict[str, str]) -> Observation:
    return Observation(
        float(row["time"]),
        row["sector"],
        row["measure"],
        float(row["value"]),
        row["unit"],
        row["source"],
        date.fromisoformat(row["period_end"]),
        row["published_on"],
    )
