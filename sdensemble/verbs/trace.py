"""trace: from a number back to the run it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdengine.errors import Message, SDError
from sdensemble.verbs.options import OfStudy, argument
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class TraceOptions(OfStudy):
    """Which number, or folder, is followed back."""

    number: str = argument("", required=True)


def trace(asked: TraceOptions, tell: Tell = SILENT) -> VerbResult:
    """Say what the run of a NUMBER under a figure or table was made of.

    Raises SDError with the numbers there are where none begins so.
    """
    from sdensemble.outputs.pages.trace import trace_document
    from sdensemble.results.record import records
    from sdensemble.results.stored import run_of
    from sdensemble.verbs.stored import record_of

    study, name = asked.opened(), asked.number
    known = list(records(study.folder / "outputs"))
    found = [
        (place, record)
        for place, record in known
        if name and str(record.get("id", "")).startswith(name.strip().casefold())
    ]
    if not found and name and Path(name).is_dir():
        found = [(Path(name), record_of(run_of(Path(name))))]
    if not found:
        ids = (str(record["id"]) for _, record in known if record.get("id"))
        shown = list(dict.fromkeys(ids))[:8]
        told = 'no run "{name}" in outputs/ (there are {known})'
        raise SDError(told, name=name, known=", ".join(shown) or Message("none"))
    place, record = found[0]
    more = [other for other, _ in found[1:]]
    document = trace_document(place, record, study.digests(), more)
    return VerbResult(document, record, run=place, id=str(record.get("id", "")))
