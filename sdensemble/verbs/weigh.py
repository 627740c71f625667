"""weigh: two levers at equal outlay, over doses, horizons and worlds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sdensemble.verbs.options import WorldOptions, argument
from sdensemble.verbs.result import SILENT, Tell, VerbResult


@dataclass(frozen=True, kw_only=True)
class WeighOptions(WorldOptions):
    """What a weighing may be asked with: the name of a file of ``scenarios/questions``.

    The first of them where none is named.
    """

    name: str = argument("")


def weigh(asked: WeighOptions, tell: Tell = SILENT) -> VerbResult:
    """Weigh two levers at equal outlay, as a file of scenarios/questions asks."""
    from sdensemble.decide import weigh as work
    from sdensemble.outputs.decide.weigh import weigh_document
    from sdensemble.verbs.worlds import Job, question_of

    job = Job(asked, tell, asked.name or "weigh")
    question = question_of(job.study, asked.name)
    if asked.target:
        question = replace(question, target=asked.target)
    if asked.year:
        question = replace(question, years=(asked.year,))
    where = job.worlds(every=True)
    runs = question.levels**2 + 2 * question.levels + len(where) * (work.SPARSE + 2)
    found = work.weigh(where, question, progress=job.bar(where[:1], runs * asked.members))
    return job.done(
        found, weigh_document(found, job.study), levers=[one.lever for one in question.sides]
    )
