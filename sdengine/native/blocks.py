"""A run, block by block of members: threads, and what is remembered of each block."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.ir import Program, Slots
from sdengine.native.jit import address, aligned
from sdengine.native.made import Made
from sdengine.program.held import State
from sdengine.program.inputs import noise_rows, state_slots


def default_threads() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, eq=False)
class Buffers:
    """What a run keeps is written into these: (..., time, slot, member).

    ``values`` hold what is reported, ``totals`` what is integrated, nothing of use at their first
    time. Parts of larger ones serve as well: some scenario, some times, or members from a multiple
    of the kernel's ``lanes`` on, with room behind them to fill the last block.
    """

    values: NDArray[np.float64]
    totals: NDArray[np.float64]

    def __getitem__(self, where: Any) -> Buffers:
        return Buffers(self.values[where], self.totals[where])

    @classmethod
    def of(cls, ahead: tuple[int, ...], values: int, totals: int, members: int) -> Buffers:
        """Return new ones that start where a line of a cache does."""
        shapes = (*ahead, values, members), (*ahead, totals, members)
        return cls(*(aligned(math.prod(shape)).reshape(shape) for shape in shapes))


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of ``made.lanes`` members of a run. ``shared`` is what all blocks have in
    common, by the names of ``driver.SIGNATURE``."""

    made: Made
    program: Program
    shared: Mapping[str, Any]

    def run(
        self,
        numbers: NDArray[np.int64],
        count: int,
        threads: int,
        *,
        progress: Callable[[int], None] | None = None,
        state: State | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Run every block; each thread has a workspace of its own.

        ``numbers`` are the members', padded to whole blocks, of which ``count`` are asked for.
        ``state`` is what they go on from; ``memory`` takes what each block has come to.
        """
        lanes, native = self.made.lanes, self.made.native
        starts = iter(range(0, len(numbers), lanes))
        slots = self.made.layout.size + 2 * self.program.stocks
        places = {name: address(value) for name, value in self.shared.items()}
        sizes = {
            name: self.shared[name].nbytes // len(self.shared[name])
            for name in ("rows", "state_rows")
        }
        lock, stop = threading.Lock(), threading.Event()

        def work() -> None:
            workspace = aligned(slots * lanes)
            sums = aligned(max(self.shared["n_totals"], 1) * lanes)
            history = aligned(len(self.program.fixed) * (self.shared["steps"] + 1) * lanes)
            scratch = {"W": workspace, "sums": sums, "history": history}
            own = {**places, **{name: address(array) for name, array in scratch.items()}}
            while not stop.is_set():
                with lock:
                    start = next(starts, None)
                if start is None:
                    return
                members = numbers[start : start + lanes]
                random = noise_rows(self.program, members, self.shared["steps"])
                for name, size in sizes.items():
                    own[name] = places[name] + start // lanes * size
                if state is not None:
                    _recalled(state, history, start, lanes)
                native.run({**own, "m0": start, "feed_rows": address(random)})
                if memory is not None:
                    memory.take(workspace, history, start, lanes)
                if progress:
                    progress(min(lanes, count - start))

        blocks = len(numbers) // lanes
        if min(threads, blocks) <= 1:
            work()
            return
        with ThreadPoolExecutor(min(threads, blocks)) as pool:
            jobs = [pool.submit(work) for _ in range(min(threads, blocks))]
            try:
                wait(jobs, return_when=FIRST_EXCEPTION)
            finally:
                stop.set()
        for job in jobs:
            job.result()


def _recalled(state: State, history: NDArray[np.float64], start: int, lanes: int) -> None:
    """Put what fixed delays still hold of a block's members where the driver looks for it."""
    members = np.minimum(np.arange(start, start + lanes), state.values.shape[1] - 1)
    history[: state.history[..., members].size] = state.history[..., members].ravel()


@dataclass(frozen=True, eq=False)
class Memory:
    """What a run must remember, filled block by block: stocks, and inputs of fixed delays."""

    slots: Slots
    values: NDArray[np.float64]
    history: NDArray[np.float64]

    @classmethod
    def of(cls, program: Program, end: int, stride: int) -> Memory:
        """Return room for so many members after so many steps."""
        slots = state_slots(program)
        history = np.empty((end, len(program.fixed), stride))
        return cls(slots, np.empty((len(slots), stride)), history)

    def take(
        self, workspace: NDArray[np.float64], history: NDArray[np.float64], start: int, lanes: int
    ) -> None:
        """Keep what a block has come to."""
        here = slice(start, start + lanes)
        self.values[:, here] = workspace.reshape(-1, lanes)[self.slots]
        steps, fixed, _ = self.history.shape
        self.history[..., here] = history[: steps * fixed * lanes].reshape(steps, fixed, lanes)

    def state(self, program: Program, step: int, numbers: NDArray[np.int64], count: int) -> State:
        """Return the state of so many members."""
        values, history = self.values[:, :count], self.history[..., :count]
        return State(program.digest, step, self.slots, values, history, numbers[:count])
