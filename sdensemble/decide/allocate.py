"""A fixed envelope, allotted step by step to where the next step does most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdensemble.decide.measures import paid
from sdensemble.decide.target_runs import TargetRuns
from sdensemble.decide.worlds import Count, World
from sdensemble.inputs.config import default_of
from sdensemble.inputs.scenarios import Scenario, Setting, laid_over
from sdensemble.inputs.targets import Target
from sdensemble.results.estimate import Estimate, mean_of
from sdensemble.results.probability import difference

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Slot:
    """One place an envelope can go: a lever, one of its elements, in one span of years.

    A step adds ``step`` (in the lever's unit) to its level from ``begin`` to ``end``, up to
    ``most``; ``before`` is its level without any, ``amount`` what a step takes of the envelope.
    """

    envelope: str
    lever: str
    element: str | None
    cell: tuple[int, ...]
    unit: str
    begin: float
    end: float
    before: float
    step: float
    most: float
    amount: float


@dataclass(frozen=True, eq=False)
class Allotted:
    """How an envelope is best allotted, against spreading it evenly.

    ``steps`` counts each slot's steps; ``gain`` is the mean effect on the outcome of each step
    taken, in order, on the sample that chose it. Effects ``best`` and ``even``, and their paired
    difference ``better``, are on a fresh sample, as are the changes of P and the money paid.
    """

    target: Target
    slots: tuple[Slot, ...]
    steps: tuple[int, ...]
    even: tuple[float, ...]
    order: tuple[int, ...]
    gain: tuple[float, ...]
    best_effect: Estimate
    even_effect: Estimate
    better: Estimate
    better_median: float
    chance: Estimate
    searched_effect: float
    treasury: tuple[Estimate, Estimate]
    forgone: tuple[Estimate, Estimate]


def with_steps(
    base: Scenario, slots: Sequence[Slot], steps: Sequence[float], name: str
) -> Scenario:
    """Return a scenario in which each slot's lever is raised by its steps in its years."""
    schedules: dict[tuple[str, str | None, tuple[int, ...]], dict[float, float]] = {}
    for slot, count in zip(slots, steps, strict=True):
        key = (slot.lever, slot.element, slot.cell)
        marks = schedules.setdefault(key, {})
        marks[slot.begin] = slot.before + count * slot.step
        marks.setdefault(slot.end, slot.before)
    new = [
        Setting(
            lever,
            element,
            tuple(sorted(marks)),
            tuple(marks[t] for t in sorted(marks)),
            "lever",
            (cell,),
        )
        for (lever, element, cell), marks in schedules.items()
    ]
    return replace(base, name=name, settings=laid_over(base, new), digest="", package=None)


def slots_of(
    world: World,
    lever: str,
    envelope: float,
    spans: Sequence[tuple[float, float]],
    steps: int,
    *,
    most: float,
    name: str = "",
) -> tuple[Slot, ...]:
    """Return the slots of a lever: each element in each span, sized so that the envelope is
    spent by ``steps`` steps of equal amount (level × years)."""
    model = world.kernel.model
    variable = model[lever]
    own = default_of(model, variable)
    amount = envelope / steps
    found = []
    for cell in np.ndindex(model.shape(variable)):
        element = ", ".join(
            model.elements(dim)[i] for dim, i in zip(variable.dims, cell, strict=True)
        )
        for begin, end in spans:
            found.append(
                Slot(
                    name or lever,
                    variable.name,
                    element or None,
                    cell,
                    variable.unit,
                    begin,
                    end,
                    float(own[cell]),
                    amount / (end - begin),
                    most,
                    amount,
                )
            )
    return tuple(found)


def allocate(
    world: World,
    fresh: World,
    slots: Sequence[Slot],
    steps: int,
    base: Scenario,
    target: Target,
    *,
    progress: Count | None = None,
) -> Allotted:
    """Return the allotment of an envelope that greedy steps find, confirmed on fresh members.

    Every step tries each slot that has room and takes the one of greatest mean effect on the
    target's outcome: with falling returns that is the best allotment, with interactions it is a
    good one (Nemhauser, Wolsey & Fisher 1978: at least 63% of the best where returns fall).
    ``slots`` may belong to several envelopes; each is spent by ``steps`` steps.
    """
    runs = TargetRuns(world, target, progress)
    envelopes = list(dict.fromkeys(slot.envelope for slot in slots))
    counts, order, gain = [0] * len(slots), [], []
    spent = dict.fromkeys(envelopes, 0)
    (start,) = runs.outcomes(runs.run([base]))
    reached = 0.0
    for _ in range(steps * len(envelopes)):
        open_ = [
            k
            for k, slot in enumerate(slots)
            if spent[slot.envelope] < steps
            and slot.before + (counts[k] + 1) * slot.step <= slot.most + 1e-12
        ]
        if not open_:
            told = "the envelope is larger than all its places can take within their limits"
            raise SDError(told)
        tried = [
            with_steps(base, slots, [c + (i == k) for i, c in enumerate(counts)], f"{k}")
            for k in open_
        ]
        effects = [float(np.nanmean(own - start)) for own in runs.outcomes(runs.run(tried))]
        best = int(np.argmax(effects))
        chosen = open_[best]
        counts[chosen] += 1
        spent[slots[chosen].envelope] += 1
        order.append(chosen)
        gain.append(effects[best] - reached)
        reached = effects[best]
    judged = replace(runs, world=fresh)
    return _judge(judged, slots, counts, evenly(slots, steps), base, order, gain, reached)


def evenly(slots: Sequence[Slot], steps: int) -> tuple[float, ...]:
    """Return each slot's share of its envelope's steps where it is spread evenly."""
    sizes = {one.envelope: sum(s.envelope == one.envelope for s in slots) for one in slots}
    return tuple(steps / sizes[slot.envelope] for slot in slots)


def _judge(
    runs: TargetRuns,
    slots: Sequence[Slot],
    counts: Sequence[int],
    even: tuple[float, ...],
    base: Scenario,
    order: Sequence[int],
    gain: Sequence[float],
    reached: float,
) -> Allotted:
    """Return the allotment judged on fresh members, against an even one and against none."""
    replicate, target = runs.world.replicate, runs.target
    made = [base, with_steps(base, slots, counts, "best"), with_steps(base, slots, even, "even")]
    results = runs.run(made)
    none, best, spread = results.scenarios
    before, chosen, evened = runs.outcomes(results)

    def money(one: Scenario, forgone: bool) -> Estimate:
        return mean_of(paid(results, one, none, runs.last, forgone=forgone), replicate)

    return Allotted(
        target,
        tuple(slots),
        tuple(counts),
        even,
        tuple(order),
        tuple(gain),
        mean_of(chosen - before, replicate),
        mean_of(evened - before, replicate),
        mean_of(chosen - evened, replicate),
        float(np.nanmedian(chosen - evened)),
        difference(results.event(target, best), results.event(target, none)).found,
        reached,
        (money(best, False), money(spread, False)),
        (money(best, True), money(spread, True)),
    )
