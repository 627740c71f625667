"""What a page carries to run the ensemble: the kernel for WebAssembly, draws, random processes."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sdengine.errors import SDError
from sdengine.kernel import Kernel
from sdengine.native.wasm import WasmKernel
from sdengine.streams import Stream
from sdengine.syntax import Model
from sdensemble.ensemble.draws import Draws
from sdensemble.ensemble.forcing import Forcing
from sdensemble.ensemble.run import whole_years
from sdensemble.inputs.config import default_of

LANES = 8  # members in a workspace
SUBSTREAMS = ("sd", "common", "size", "side", "period", "before")
"""Names of the streams beside a process's own (see ``ensemble.forcing``)."""


Cell = tuple[str, int]
"""A cell of a variable: its name as the model writes it, and the number of the cell."""


@dataclass(frozen=True)
class Series:
    """One number a year that is kept: a cell of a variable, and how a year becomes one number."""

    variable: str
    cell: int
    aggregate: str


@dataclass(frozen=True, eq=False)
class Carried:
    """A kernel with the series it keeps, in the order in which the page finds them."""

    kernel: Kernel
    wasm: WasmKernel
    series: tuple[Series, ...]
    years: range

    def sums(self, aside: Container[str]) -> int:
        """Return how many of the series summed over a year stand before those that come last and
        belong to the variables ``aside``."""
        summed = [series.variable for series in self.series if series.aggregate != "end"]
        while summed and summed[-1] in aside:
            summed.pop()
        return len(summed)

    def index(self, variable: str, cell: int = 0) -> int:
        """Return where a series stands."""
        name = self.kernel.model[variable].name
        return next(i for i, s in enumerate(self.series) if (s.variable, s.cell) == (name, cell))

    def slots(self, constant: str) -> list[int]:
        """Return the slots of a constant, cell by cell."""
        return [int(slot) for slot in self.kernel.program.where(constant).ravel()]


def carried(
    kernel: Kernel, keep: Mapping[str, str], cells: Container[Cell] | None = None
) -> Carried:
    """Return a kernel as a page carries it; ``keep`` maps variables to their aggregates, of which
    only ``cells`` are kept where they are named.

    Series kept at the end of each year stand first. Raises SDError for a model with random
    functions of its own, which the page cannot draw.
    """
    model = kernel.model
    if kernel.program.noises:
        raise SDError(
            "{file}: the model draws random numbers of its own, which a cockpit cannot repeat:"
            " move them to the study's forcing",
            file=model.path.name,
        )
    every, years = whole_years(model)
    names = {model[name].name: aggregate for name, aggregate in keep.items()}
    kinds = [[n for n, how in names.items() if (how == "end") is ends] for ends in (True, False)]
    wasm = kernel.only(names).wasm(
        report=kinds[0], totals=kinds[1], steps=every * len(years), every=every, lanes=LANES
    )
    series, chosen = [], []
    for kind in kinds:
        whole = [(n, cell) for n in kind for cell in range(_cells(model, n))]
        chosen.append([i for i, cell in enumerate(whole) if cells is None or cell in cells])
        series += [Series(*whole[i], names[whole[i][0]]) for i in chosen[-1]]
    return Carried(kernel, wasm.keeping(*chosen), tuple(series), years)


def _cells(model: Model, name: str) -> int:
    return int(np.prod(model.shape(model[name]), dtype=int))


def drawn(kernel: Kernel, draws: Draws) -> tuple[list[int], list[list[float]], bytes]:
    """Return (slots whose members differ, [slot, value] of other slots that are set, the draws).

    The draws are one float32 for each slot and member, slot after slot, which holds them exactly:
    a draw is a number of 24 bits (``ensemble.draws``). Their bytes stand in ``planes``.
    """
    slots: list[int] = []
    fixed: list[list[float]] = []
    rows = [np.empty((0, draws.members), np.float32)]
    for name, values in draws.values.items():
        own = np.ravel(default_of(kernel.model, kernel.model[name]))
        flat = np.asarray(values).reshape(-1, draws.members)
        for cell, slot in enumerate(kernel.program.where(name).ravel()):
            if (flat[cell] != flat[cell, 0]).any():
                slots.append(int(slot))
                rows.append(flat[cell : cell + 1].astype(np.float32))
            elif flat[cell, 0] != own[cell]:
                fixed.append([int(slot), float(flat[cell, 0])])
    return slots, fixed, planes(np.concatenate(rows).astype("<f4").tobytes())


def planes(data: bytes) -> bytes:
    """Return float32 numbers as four planes of bytes, which compress better than the numbers."""
    return np.frombuffer(data, np.uint8).reshape(-1, 4).T.tobytes()


def forced(forcing: Forcing | None, kernel: Kernel, seed: int) -> dict[str, Any]:
    """Return the random processes with the keys of their numbers and the steps they act at."""
    if forcing is None:
        return {"hold": 1.0, "first": 0, "processes": []}
    model, clock = kernel.model, kernel.model.clock
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
        own = np.broadcast_to(default_of(model, model[process.drives]), shape).ravel()
        processes.append(
            {
                **asdict(process.form),
                "form": type(process.form).__name__.lower(),
                "drives": process.drives,
                "steps": steps.tolist(),
                "slots": [int(s) for s in kernel.program.where(process.drives).ravel()],
                "defaults": own.tolist(),
                "cells": [
                    int(np.ravel_multi_index(cell, shape)) if shape else 0 for cell in process.cells
                ],
                "keys": {"own": stream.key, **{n: stream.sub(n).key for n in SUBSTREAMS}},
            }
        )
    return {"hold": forcing.hold, "first": first, "processes": processes}


def slider_end(low: float, high: float, own: float, used: Sequence[float]) -> float:
    """Return how far a slider goes: three times the most that any scenario sets, rounded up to
    one digit, within the limits; without a scenario the limit, or twice the model's own value.

    >>> slider_end(0, 100, 1.5, [4.16]), slider_end(0, 0.12, 0, []), slider_end(0, math.inf, 2, [])
    (20.0, 0.12, 4.0)
    """
    most = max((abs(value) for value in used), default=0.0) * 3
    if not most and math.isfinite(high):
        return float(high)
    most = max(most, 2 * abs(own)) or 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return float(min(high, math.ceil(most / unit - 1e-9) * unit))
