"""A study's stored runs read back with today's targets and titles."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdengine.errors import SDError
from sdensemble.inputs.folder import RECORD
from sdensemble.results.record import RunRecord, written
from sdensemble.results.results import Results
from sdensemble.results.stored import ENSEMBLE, NO_RUN, latest_run, run_of, stored_results
from sdensemble.study import Study


@dataclass(frozen=True)
class StoredRun:
    """A stored run: its results, those under further prior sets, and its record."""

    folder: Path
    record: Mapping[str, Any]
    results: Results
    others: tuple[Results, ...]

    @property
    def id(self) -> str:
        """Its number."""
        return str(self.record.get("id", ""))

    def write_beside(self, folder: Path, write: Callable[[Path], None]) -> tuple[Path, ...]:
        """Write a folder whole or not at all, with a record of its files and of this run.

        The record holds no time, so that the same run gives the same bytes.
        """
        with written(folder, RunRecord(facts={"run": os.path.relpath(self.folder, folder)})) as one:
            write(one.partial)
        return tuple(folder / name for name in one.files)


def stored_run(study: Study, run: Path | None) -> StoredRun:
    """Return a run of the study, the latest where none is named.

    Raises SDError where there is none, or it is of another state of the study.
    """
    folder = run_of(run) if run else latest_run(study.folder / "outputs")
    if folder is None:
        raise SDError("no stored run in outputs/: use the verb run first")
    record, results = record_of(folder), results_of(study, folder)
    more = sorted(path.name for path in folder.glob("ensemble-*.nc"))
    others = tuple(results_of(study, folder, name) for name in more)
    return StoredRun(folder, record, results, others)


def results_of(study: Study, folder: Path, file: str = ENSEMBLE) -> Results:
    """Return the results in a run's folder, or in one made from it. Raises SDError."""
    return stored_results(
        run_of(folder),
        scenarios=study.scenarios,
        targets=study.targets,
        spec=study.report,
        model=study.model,
        file=file,
    )


def record_of(folder: Path) -> dict[str, Any]:
    """Return what a run wrote of itself. Raises SDError where the folder holds no record."""
    try:
        return dict(json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise SDError(NO_RUN, folder=folder, file=RECORD) from None
