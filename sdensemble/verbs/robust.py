"""robust: which of some scenarios holds in every structure, prior set and scope."""

from __future__ import annotations

from dataclasses import dataclass

from sdensemble.verbs.options import PROBABILITY, WorldOptions, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class RobustOptions(WorldOptions):
    """What is asked of scenarios: that P is ``enough`` in each reading and world."""

    scenarios: tuple[str, ...] = argument((), required=True)
    readings: tuple[str, ...] = option((), "--reading")
    enough: float = option(0.8, type=PROBABILITY, show_default="80%")


def robust(asked: RobustOptions, tell: Tell = SILENT) -> VerbResult:
    """Say which of SCENARIOS holds in every world: regret, dominance."""
    from sdensemble.decide.hold import hold
    from sdensemble.decide.measures import find_target
    from sdensemble.outputs.decide.hold import hold_document
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "robust")
    named = [find_target(job.study, name) for name in asked.readings]
    targets = [job.target, *(named or job.readings())]
    every = job.against(asked.scenarios)
    where = job.worlds(every=True)
    count = job.bar(where, len(every) * asked.members)
    found = hold(where, every, targets, enough=asked.enough, progress=count)
    return job.done(found, hold_document(found, where[0], job.study), every)
