"""compare: scenarios held against the baseline and against each other, in every world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdensemble.verbs.options import RUN, WorldOptions, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class CompareOptions(WorldOptions):
    """What a comparison may be asked with.

    Money counts ``through`` a year. With ``runs``, folders of stored runs, nothing is run: the
    scenarios are taken from there.
    """

    scenarios: tuple[str, ...] = argument((), required=True)
    through: int | None = option(type=int)
    runs: tuple[Path, ...] = option((), "--run", type=RUN, multiple=True)


def compare(asked: CompareOptions, tell: Tell = SILENT) -> VerbResult:
    """Compare SCENARIOS with the baseline and with each other, everywhere.

    Raises SDError where stored runs are of different keys.
    """
    from sdensemble.decide import compare as work
    from sdensemble.outputs.decide.compare import compare_document
    from sdensemble.verbs.worlds import Job, require_held

    job = Job(asked, tell, "compare")
    base, *others = every = job.against(asked.scenarios)
    how: dict[str, Any] = {"readings": job.readings(), "through": asked.through}
    if asked.runs:
        kept = job.stored(asked.runs)
        require_held(kept[1], every)
        found = work.compare_results([kept], job.study, every, base, job.target, **how)
        return job.done(found, compare_document(found, job.study), every)
    where = job.worlds(every=True)
    count = job.bar(where, len(every) * asked.members)
    found = work.compare(where, others, base, job.target, **how, progress=count)
    return job.done(found, compare_document(found, job.study), every)
