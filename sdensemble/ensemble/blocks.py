"""Blocks of members: the one unit of which a run, its resumption, a stream and a cluster are made.

A block is a pure function of a work and its number: members are keyed by (seed, member), so no
number depends on which block is run where, when, beside which, or whether it was run before.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdengine.kernel import Kernel, Trajectories, default_threads
from sdengine.native.blocks import Buffers
from sdengine.syntax import Model
from sdensemble import __version__
from sdensemble.ensemble.draws import Draws
from sdensemble.ensemble.forcing import Forcing
from sdensemble.ensemble.worlds import World, worlds
from sdensemble.inputs.scenarios import Scenario

MOST, SHARE = 2048, 16
"""Members of a block at most; a smaller sample has SHARE blocks, so that every thread has one."""
LANES = 64  # a block is a multiple of what runs side by side

Values = dict[str, NDArray[np.float64]]
"""What a block kept: by variable, shape (scenario, year, *ranges, member), as kernels give it."""
Count = Callable[[int], None]
"""Told of the member runs just finished."""


@dataclass(frozen=True, eq=False)
class Work:
    """What all blocks of an ensemble have in common.

    ``keep`` maps variables, as the model writes them, to their aggregate; ``every`` is the number
    of steps in a year. ``only`` are the numbers of the members to run, ascending; all without it.
    ``into`` has room for all of them, where each block of this process writes its part; in
    ``broken`` it notes the places of scenarios in which a member may not be finite.
    """

    model: Model
    scenarios: tuple[Scenario, ...]
    draws: Draws
    forcing: Forcing | None
    keep: Mapping[str, str]
    years: range
    every: int
    size: int
    only: NDArray[np.int64] | None = None
    into: Buffers | None = None
    broken: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        """Return the number of blocks."""
        return -(-self.ids.size // self.size)

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The numbers of all members that are run."""
        return np.arange(self.draws.members) if self.only is None else self.only

    def place(self, index: int) -> slice:
        """Return where a block's members stand among all."""
        return slice(index * self.size, (index + 1) * self.size)

    def members(self, index: int) -> NDArray[np.int64]:
        """Return the numbers of a block's members."""
        return self.ids[self.place(index)]

    def shape(self, name: str, members: int) -> tuple[int, ...]:
        """Return the shape of a kept variable for so many members."""
        own = self.model.shape(self.model[name])
        return (len(self.scenarios), len(self.years), *own, members)

    @cached_property
    def kept(self) -> tuple[list[str], list[str]]:
        """The variables kept as they stand at a year's end, and those summed over a year."""
        ends = [name for name, how in self.keep.items() if how == "end"]
        return ends, [name for name in self.keep if name not in ends]

    def buffers(self, members: int) -> Buffers:
        """Return room for what so many members keep, with a time before the first year's end."""
        ends, sums = (sum(math.prod(self.shape(n, 1)[2:]) for n in names) for names in self.kept)
        padded = -(-members // LANES) * LANES
        return Buffers.of((len(self.scenarios), len(self.years) + 1), ends, sums, padded)

    def named(self, buffers: Buffers, members: int) -> Values:
        """Return what lies in such room, variable by variable."""
        found = {}
        for names, array in zip(self.kept, (buffers.values, buffers.totals), strict=True):
            at = 0
            for name in names:
                shape = self.shape(name, members)
                end = at + math.prod(shape[2:-1])
                found[name] = array[:, 1:, at:end, :members].reshape(shape)
                at = end
        return {name: found[name] for name in self.keep}

    def runs(self, index: int) -> int:
        """Return how many runs of a member a block is."""
        return len(self.scenarios) * self.members(index).size

    def key(self, kernel: Kernel) -> str:
        """Return a digest of all that the work's values hang on."""
        made = (
            *(__version__, kernel.digest, self.model.digest),
            *(sorted(self.keep.items()), self.years, self.every, self.size, self.ids.tobytes()),
            *(self.draws.digest, self.draws.members, self.draws.seed, self._shocks),
            *((scenario.name, scenario.meaning) for scenario in self.scenarios),
        )
        return hashlib.blake2b(repr(made).encode(), digest_size=16).hexdigest()

    @cached_property
    def _shocks(self) -> object:
        forcing = self.forcing
        return forcing and (forcing.processes, forcing.hold, forcing.from_time)


def block_size(members: int) -> int:
    """Return how many members a block of a sample has."""
    share = -(-members // SHARE)
    return max(min(MOST, -(-share // LANES) * LANES), 1)


def block(
    kernel: Kernel,
    work: Work,
    index: int,
    count: Count | None = None,
    stop: threading.Event | None = None,
) -> Values:
    """Return what a block's members keep in every scenario; nothing once ``stop`` is set.

    The whole years before scenarios part are run once, and each goes on from there.
    """
    members = work.members(index)
    common = worlds(work.model, work.draws, work.forcing, members)
    given = kernel.given(common.constants, common.shocks, members.size)
    if work.into is None or work.size % kernel.lanes:  # blocks of odd sizes would meet there
        buffers = work.buffers(members.size)
    else:
        buffers = work.into[..., work.place(index)]
    values = work.named(buffers, members.size)
    ends, sums = work.kept

    def run(own: World, years: int, **more: Any) -> Trajectories:
        """Run so many years under what a scenario has of its own."""
        return kernel.run(
            own.constants,
            own.held,
            given=given,
            report=ends,
            totals=sums,
            members=members.size,
            ids=members,
            every=work.every,
            steps=work.every * years,
            threads=1,
            **more,
        )

    every = [common.own(scenario) for scenario in work.scenarios]
    for places in _alike_at_start(every):
        shared, begun, state = _years_before_they_part([every[p] for p in places], work), None, None
        if shared:
            begun = run(World(every[places[0]].constants, {}), shared, keep_state=True)
            state = begun.state
        for place in places:
            if stop is not None and stop.is_set():
                return {}
            left, room = len(work.years) - shared, buffers[place, shared:]
            found = run(every[place], left, progress=count, state=state, into=room)
            if any((one.first_bad >= 0).any() for one in (begun, found) if one is not None):
                work.broken.add(place)
            if begun is not None:
                for name, how in work.keep.items():
                    values[name][place, :shared] = _yearly(begun, name, how)
    return values


def _alike_at_start(every: Sequence[World]) -> list[list[int]]:
    """Return the places of scenarios that begin with the same constants, together."""
    groups: dict[Any, list[int]] = {}
    for place, own in enumerate(every):
        key = tuple((name, own.constants[name].tobytes()) for name in sorted(own.constants))
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def _years_before_they_part(every: Sequence[World], work: Work) -> int:
    """Return how many whole years pass before any of several scenarios sets anything.

    The last moment of a year counts to it: what is set there changes its integral.
    """
    times = [float(held.times[0]) for own in every for held in own.held.values()]
    if not times or len(every) < 2:
        return 0
    ahead = math.ceil(min(times) - work.years[0] - 1e-6) - 1
    return min(max(ahead, 0), len(work.years) - 1)


def _yearly(run: Trajectories, name: str, aggregate: str) -> NDArray[np.float64]:
    """Return (year, *dims, member); a mean over a year is the integral over one time unit."""
    return run.values[name][1:] if aggregate == "end" else run.totals[name]


class Runner(Protocol):
    """Who runs the blocks of a work."""

    def run(
        self, kernel: Kernel, work: Work, indexes: Sequence[int], count: Count | None = None
    ) -> Iterator[tuple[int, Values]]:
        """Yield blocks of a work with their numbers, as they are finished, in any order."""

    def close(self) -> None:
        """Let go of whatever runs them."""


@dataclass(frozen=True)
class Threads:
    """Threads of this process; as many as there are processors where no number is given."""

    number: int | None = None

    def run(
        self, kernel: Kernel, work: Work, indexes: Sequence[int], count: Count | None = None
    ) -> Iterator[tuple[int, Values]]:
        """Yield blocks as they are finished; the first error, or a break, stops the others."""
        stop = threading.Event()
        number = self.number or default_threads()
        with ThreadPoolExecutor(number) as pool:

            def submit(index: int) -> Future[Values]:
                return pool.submit(block, kernel, work, index, count, stop)

            try:
                yield from in_turn(submit, indexes, number + 1, _first_done)
            finally:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Let go of whatever runs them: nothing outlasts a run."""


def in_turn(
    submit: Callable[[int], Any],
    indexes: Sequence[int],
    ahead: int,
    first_done: Callable[[Sequence[Any]], Sequence[Any]],
) -> Iterator[tuple[int, Values]]:
    """Yield what was submitted as it is done, with at most ``ahead`` on the way."""
    waiting = iter(indexes)
    running = {submit(index): index for index in islice(waiting, ahead)}
    while running:
        for done in first_done(list(running)):
            index = running.pop(done)
            yield index, done.result()
            del done  # what it holds is let go before the next is waited for
            running.update((submit(index), index) for index in islice(waiting, 1))


def _first_done(futures: Sequence[Future[Values]]) -> Sequence[Future[Values]]:
    return list(wait(futures, return_when=FIRST_COMPLETED).done)
