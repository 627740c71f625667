"""A study → what the cockpit carries: its kernel for WebAssembly, its draws, its facts.

Numbers that are large go as bytes (the module; one number of 24 bits for each draw and member),
the rest as one JSON value, in which every text stands in each language.
"""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sdensemble.draws import Draws
from sdensemble.errors import SDError
from sdensemble.forcing import Forcing
from sdensemble.kernel.compile import Kernel, _Inputs, _feed_events
from sdensemble.kernel.driver import SIGNATURE
from sdensemble.kernel.native import _POINTERS
from sdensemble.kernel.wasm import constants_end, wasm_module
from sdensemble.model.types import Model, Variable
from sdensemble.rng import Stream
from sdensemble.section import default_of

LANES = 8
SUBSTREAMS = ("sd", "common", "size", "side", "period", "before")


@dataclass(frozen=True)
class Packed:
    """The cockpit's contents: ``facts`` for JSON, and the bytes of each blob by name."""

    facts: Mapping[str, Any]
    blobs: Mapping[str, bytes]


def program_facts(kernel: Kernel, module: bytes, report: Sequence[int], totals: Sequence[int], every: int, steps: int) -> dict[str, Any]:
    """Return how the module's memory is laid out and what its slots hold."""
    program, plan = kernel.program, kernel.plan
    if program.noises:
        raise SDError(f"{program.name}: a model with random functions of its own has no cockpit yet")
    inputs = _Inputs(kernel.model, program)
    inputs.feed({}, {}, steps)
    inputs.problems.raise_if_any()
    feeds, feed_values = _feed_events(inputs.feeds, program, steps)
    waiting = {}
    for name in sorted(program.settable):
        for slot in program.where(name).ravel():
            loops = np.flatnonzero(plan.waiting(np.array([slot])))
            if loops.size:
                waiting[int(slot)] = loops.tolist()
    switched = plan.waiting(plan.switches[:, 1]).astype(int)
    return {
        "lanes": LANES,
        "signature": list(SIGNATURE),
        "pointers": sorted(_POINTERS),
        "workspace": plan.size + 2 * program.stocks,
        "fixed": len(program.fixed),
        "steps": steps,
        "every": every,
        "constantsEnd": constants_end(module),
        "defaults": program.defaults.tolist(),
        "report": list(report),
        "totals": list(totals),
        "feeds": feeds.ravel().tolist(),
        "feedValues": feed_values.tolist(),
        "loops": len(switched),
        "switched": switched.tolist(),
        "waiting": waiting,
    }


def draw_facts(model: Model, kernel: Kernel, draws: Draws) -> tuple[list[int], list[list[float]], bytes]:
    """Return (slots that differ between members, [slot, value] of those that do not, the draws).

    The draws are float32, slot after slot, member after member: exact, as draws are numbers of
    24 bits.
    """
    slots, fixed, rows = [], [], []
    for name, values in draws.values.items():
        own = default_of(model, model[name])
        flat = np.asarray(values).reshape(-1, draws.members)
        for cell, slot in enumerate(kernel.program.where(name).ravel()):
            if (flat[cell] == flat[cell, 0]).all():
                if flat[cell, 0] != np.ravel(own)[cell]:
                    fixed.append([int(slot), float(flat[cell, 0])])
                continue
            slots.append(int(slot))
            rows.append(flat[cell].astype(np.float32))
    return slots, fixed, np.array(rows, np.float32).reshape(len(rows), draws.members).tobytes()


def forcing_facts(forcing: Forcing | None, model: Model, kernel: Kernel, seed: int) -> dict[str, Any]:
    """Return the processes with the keys of their random numbers, and the steps they act at."""
    if forcing is None:
        return {"hold": 1, "first": 0, "processes": []}
    clock = model.clock
    first = 0
    if forcing.from_time is not None:
        first = max(0, math.ceil((forcing.from_time - clock.start) / forcing.hold - 1e-9))
    count = math.floor((clock.stop - clock.start) / forcing.hold + 1e-9) + 1
    times = clock.start + forcing.hold * np.arange(first, count, dtype=np.float64)
    steps = np.maximum(np.ceil((times - clock.start) / clock.step - 1e-6).astype(int), 0)
    processes = []
    for process in forcing.processes:
        stream = Stream(seed, "forcing").sub(process.name)
        shape = model.shape(model[process.drives])
        keys = {"own": stream.key, **{name: stream.sub(name).key for name in SUBSTREAMS}}
        cells = [int(np.ravel_multi_index(cell, shape)) if shape else 0 for cell in process.cells]
        processes.append(
            {
                **asdict(process.form),
                "form": type(process.form).__name__.lower(),
                "drives": process.drives,
                "steps": steps.tolist(),
                "slots": kernel.program.where(process.drives).ravel().tolist(),
                "defaults": np.broadcast_to(default_of(model, model[process.drives]), shape).ravel().tolist(),
                "cells": cells,
                "keys": keys,
            }
        )
    return {"hold": forcing.hold, "first": first, "processes": processes}


def packed_bytes(data: bytes) -> bytes:
    """Return bytes compressed, the same bytes each time."""
    return gzip.compress(data, 9, mtime=0)


def digest(data: bytes) -> str:
    """Return the digest by which the page sees that a blob is whole."""
    return hashlib.sha256(data).hexdigest()


def series_of(model: Model, kept: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Return (variable, aggregate, cell) of each kept series: those at a year's end first."""
    ordered = sorted(kept.items(), key=lambda item: item[1] != "end")
    return [
        (name, aggregate, cell)
        for name, aggregate in ordered
        for cell in range(int(np.prod(model.shape(model[name]), dtype=int)))
    ]


def reach(variable: Variable, used: Sequence[float]) -> float:
    """Return how far a lever's slider goes: three times the most any scenario sets, rounded up
    to one digit, within the limits; the upper limit where no scenario sets it."""
    low, high = variable.limits
    most = max((abs(value) for value in used), default=0.0)
    if not most:
        most = abs(high) / 3 if math.isfinite(high) else 1.0
    unit = 10.0 ** math.floor(math.log10(3 * most))
    return float(min(high, math.ceil(3 * most / unit) * unit))
