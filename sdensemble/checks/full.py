"""Every test of a study, and the report of them."""

from __future__ import annotations

from pathlib import Path

from sdensemble.checks.report import write_report
from sdensemble.checks.run import FULL, Checked, Progress, validate
from sdensemble.study import Study


def full_check(
    study: Study, folder: Path | None, progress: Progress | None = None
) -> tuple[tuple[Checked, ...], Path]:
    """Run every test and write the report; return the tests and the folder of the report."""
    checked = validate(study, members=FULL, progress=progress)
    place = folder or study.folder / "outputs" / "validation"
    write_report(place, study, checked)
    return checked, place
