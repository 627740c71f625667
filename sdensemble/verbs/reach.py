"""solve and frontier: how much of a lever, or of a mix, gives a probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdengine.errors import SDError
from sdensemble.verbs.options import (
    PROBABILITIES,
    PROBABILITY,
    WorldOptions,
    argument,
    option,
    spread,
)
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.decide.levers import Lever
    from sdensemble.study import Study


@dataclass(frozen=True, kw_only=True)
class SolveOptions(WorldOptions):
    """What is sought of ``lever``, from ``low`` to ``high``, set at ``start``.

    Either what gives ``probability``, or what has the effect of the scenario ``like``.
    """

    lever: str = argument("", required=True)
    probability: float | None = option(None, "--p", type=PROBABILITY)
    like: str = option("")
    low: float | None = option(None, "--from", type=float)
    high: float | None = option(None, "--to", type=float)
    start: float | None = option(type=float)


def solve(asked: SolveOptions, tell: Tell = SILENT) -> VerbResult:
    """Say how much of LEVER gives a probability, or another's effect."""
    from sdensemble.decide.levers import find_lever
    from sdensemble.decide.reach import reach
    from sdensemble.outputs.decide.reach import solve_document
    from sdensemble.verbs.worlds import Job

    if (asked.probability is None) == (not asked.like):
        raise SDError("give either a probability or a scenario to be like")
    if asked.probability is not None and not 0 < asked.probability < 1:
        raise SDError("the probability must lie between 0 and 1 (0.8 or 80%)")
    job = Job(asked, tell, "solve")
    lever = find_lever(job.study, asked.lever, low=asked.low, high=asked.high, start=asked.start)
    other = job.study.named((asked.like,))[0] if asked.like else None
    where = job.worlds()
    found = reach(
        where,
        lever,
        job.base,
        job.target,
        probability=asked.probability,
        like=other,
        progress=job.bar(where, 12 * asked.members),
    )
    like = [other] if other else []
    return job.done(found, solve_document(found, where[0], job.study), like, [lever.constant])


@dataclass(frozen=True, kw_only=True)
class FrontierOptions(WorldOptions):
    """What is sought of a mix: least cost for each probability, searched with fewer members."""

    levers: tuple[str, ...] = argument((), required=True)
    probabilities: tuple[float, ...] = option(
        spread(0.5, 0.95, 10), "--p", type=PROBABILITIES, show_default="50%:95%:10"
    )
    with_forgone: bool = option(False)
    searched: int = option(512, "--search")


def frontier(asked: FrontierOptions, tell: Tell = SILENT) -> VerbResult:
    """Find the least-cost mix of LEVERS ("name" or "name=low:high"), on fresh members."""
    from sdensemble.decide.reach import edge
    from sdensemble.outputs.decide.reach import edge_document
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "frontier")
    chosen = [_ranged(job.study, text) for text in asked.levers]
    world = job.world(members=min(asked.searched, asked.members))
    fresh = job.world(fresh=True)
    size = max(6 * len(chosen), 8) * 13 * len(asked.probabilities)
    found = edge(
        world,
        fresh,
        chosen,
        job.base,
        job.target,
        list(asked.probabilities),
        with_forgone=asked.with_forgone,
        seed=asked.seed,
        progress=job.bar([world], size * world.draws.members),
    )
    return job.done(
        found, edge_document(found, fresh, job.study), levers=[one.constant for one in chosen]
    )


def _ranged(study: Study, text: str) -> Lever:
    """Return a lever with its range: ``"lever"``, or ``"lever=low:high"``."""
    from sdensemble.decide.levers import find_lever
    from sdensemble.verbs.worlds import level

    name, mark, given = text.replace("＝", "=").partition("=")
    if not mark:
        return find_lever(study, text)
    try:
        low, high = (level(v) for v in given.replace("：", ":").split(":"))
    except ValueError:
        raise SDError('"{text}": write "lever=low:high"', text=text) from None
    return find_lever(study, name.strip(), low=low, high=high)
