"""When a model stops that says so by an equation: FINAL TIME as a variable of its own."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from sdengine.errors import Message, SDError
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdengine.recursion import deeply
from sdengine.syntax import Model

LONGEST = 16384  # steps to look ahead


def settled(model: Model) -> Model:
    """Return the model with the time at which its default run stops as FINAL TIME.

    Every member then runs to that time; the constants it hangs on cannot be set.
    """
    if not math.isnan(model.clock.stop):
        return model
    steps = 64
    while steps <= LONGEST:
        clock = dataclasses.replace(model.clock, stop=model.clock.start + steps * model.clock.step)
        program = lower(dataclasses.replace(model, clock=clock))
        values = deeply(functools.partial(run_reference, program, every=1))
        ends = values[:, int(program.where("FINAL TIME").flat[0]), 0]
        times = clock.start + clock.step * np.arange(steps + 1)
        due = np.minimum(ends, np.concatenate([ends[:1], ends[:-1]]))  # now, or a step ago
        reached = np.flatnonzero(times >= due - 1e-6 * clock.step)
        if reached.size:
            stop = float(times[reached[0]])
            return dataclasses.replace(model, clock=dataclasses.replace(clock, stop=stop))
        steps *= 2
    raise SDError(
        Message(
            "{file}: FINAL TIME is not reached within {most} steps",
            file=model.path.name,
            most=LONGEST,
        )
    )
