"""allocate: fixed envelopes over the elements of their levers and spans of years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sdengine.errors import SDError
from sdensemble.verbs.options import SPAN, WorldOptions, argument, option
from sdensemble.verbs.result import SILENT, Tell, VerbResult

if TYPE_CHECKING:
    from sdensemble.decide.allocate import Slot
    from sdensemble.decide.worlds import World
    from sdensemble.study import Study


@dataclass(frozen=True, kw_only=True)
class AllocateOptions(WorldOptions):
    """What an allocation may be asked with.

    ``envelopes`` are ``"lever=amount"``, or ``"lever+lever=amount"`` where several share one: the
    amount is level × years, summed over all places. Each is spent in ``steps``, in ``spans``.
    """

    envelopes: tuple[str, ...] = argument((), required=True)
    spans: tuple[tuple[float, float], ...] = option(
        (), "--years", type=SPAN, multiple=True, required=True
    )
    steps: int = option(8, type=click.IntRange(2, 40))
    searched: int = option(512, "--search")


def allocate(asked: AllocateOptions, tell: Tell = SILENT) -> VerbResult:
    """Allot ENVELOPES ("lever=amount": level × years) over places and years."""
    from sdensemble.decide import allocate as work
    from sdensemble.outputs.decide.allocate import allocate_document
    from sdensemble.verbs.worlds import Job

    job = Job(asked, tell, "allocate")
    world = job.world(members=min(asked.searched, asked.members))
    fresh = job.world(fresh=True)
    slots = [slot for text in asked.envelopes for slot in _slots(job.study, world, asked, text)]
    runs = len(slots) * asked.steps * len(asked.envelopes)
    count = job.bar([world], runs * world.draws.members)
    found = work.allocate(world, fresh, slots, asked.steps, job.base, job.target, progress=count)
    return job.done(
        found, allocate_document(found, fresh, job.study), levers=[one.lever for one in slots]
    )


def _slots(study: Study, world: World, asked: AllocateOptions, text: str) -> Iterator[Slot]:
    """Yield where an envelope can be spent: each element and span of each of its levers."""
    from sdensemble.decide.allocate import slots_of
    from sdensemble.decide.levers import find_lever

    name, mark, given = text.replace("＝", "=").partition("=")
    try:
        amount = float(given)
    except ValueError:
        mark = ""
    if not mark or not amount > 0:
        raise SDError('"{text}": write "lever=amount"', text=text)
    for part in name.split("+"):
        lever = find_lever(study, part.strip())
        yield from slots_of(
            world, lever.constant, amount, asked.spans, asked.steps, most=lever.high, name=name
        )
