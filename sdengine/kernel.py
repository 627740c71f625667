"""Model → Kernel, and a Kernel's run: the table of contents of this room."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Problems, SDError, did_you_mean
from sdengine.ir import Program, Slots
from sdengine.native.emit import emit
from sdengine.native.jit import Native, address, aligned, load_or_compile, processor
from sdengine.native.plan import Plan, make_plan
from sdengine.native.wasm import WasmKernel, wasm_kernel
from sdengine.program.final_time import settled
from sdengine.program.held import Held
from sdengine.program.lower import lower
from sdengine.program.prune import pruned
from sdengine.recursion import deeply
from sdengine.syntax import Model

LANES = (1, 2, 4, 8, 16, 32, 64)
CACHE = 2**20  # bytes of workspace that stay in a processor's second-level cache
SMALL_CACHE = 2**15  # and in its first


def compile_model(model: Model, *, lanes: int | None = None, use_cache: bool = True) -> Kernel:
    """Return the model's Kernel: machine code that runs many members at once.

    The code is kept in the user's cache folder under a key made of what it computes and the
    processor it was made for; a second call loads it. ``lanes`` members run side by side, 1 to
    64 in powers of two (see ``lanes_for``). Raises SDError where the model holds a function or
    structure that is not supported, or a loop without a stock.

    >>> from sdensemble import compile_model, read_model
    >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
    >>> kernel.program.stocks
    1
    """
    if lanes is not None and (isinstance(lanes, bool) or lanes not in LANES):
        raise SDError(f"lanes must be one of {', '.join(map(str, LANES))}, not {lanes!r}")
    model = settled(model)
    return _compiled(model, lower(model), lanes, use_cache)


def _compiled(model: Model, program: Program, lanes: int | None, use_cache: bool) -> Kernel:
    try:
        plan, lanes, text = deeply(_written, program, lanes)
    except RecursionError:
        raise SDError(f"{model.path.name}: an equation is nested too deeply") from None
    native, cached = load_or_compile(text, use_cache=use_cache)
    return Kernel(model, plan, lanes, native, cached)


def _written(program: Program, lanes: int | None) -> tuple[Plan, int, str]:
    """Return (plan, lanes, assembly) of a program."""
    plan = make_plan(program, reciprocals=not processor().divides)
    lanes = lanes or lanes_for(plan.size)
    return plan, lanes, emit(plan, lanes, processor())


def lanes_for(size: int) -> int:
    """Return how many members run side by side: 16 where the cache holds them, else 8, and 32
    of a small model, which then spends its time on what it keeps.

    No result depends on it; speed does (benchmarks/speed.py).
    """
    if size * 32 * 8 <= SMALL_CACHE:
        return 32
    return 16 if size * 16 * 8 <= CACHE else 8


@dataclass(frozen=True, eq=False)
class Trajectories:
    """What a run kept.

    ``values[name]`` has shape (time, *dims, member), at ``times``. ``totals[name]`` has shape
    (interval, *dims, member): the integral from ``times[i]`` to ``times[i + 1]`` by the
    trapezium rule, in the variable's unit times the time unit. ``first_bad`` has one integer
    per member: the index in ``times`` at which a kept value or a stock was first not finite,
    or -1.
    """

    times: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]
    totals: Mapping[str, NDArray[np.float64]]
    first_bad: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled model. ``run`` is safe to call from several threads."""

    model: Model
    plan: Plan = field(repr=False)
    lanes: int
    native: Native = field(repr=False)
    from_cache: bool

    @property
    def program(self) -> Program:
        """The model as slots and statements."""
        return self.plan.program

    def only(self, names: Iterable[str], *, use_cache: bool = True) -> Kernel:
        """Return a kernel that computes what these variables hang on and keeps nothing else.

        Every bit of them is the same, in less time; compiling it is worth it for many members.
        Raises SDError naming a variable that is not in the model.

        >>> from sdensemble import compile_model, read_model
        >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
        >>> few = kernel.only(["teacup temperature"])
        >>> few.run(report=["teacup temperature"]).values["teacup temperature"].shape
        (31, 1)
        """
        inputs = _Inputs(self.model, self.program)
        found = self._named(names, inputs)
        inputs.problems.raise_if_any()
        return _compiled(self.model, pruned(self.program, found), self.lanes, use_cache)

    def run(
        self,
        constants: Mapping[str, ArrayLike] | None = None,
        held: Mapping[str, Held] | None = None,
        *,
        report: Iterable[str] = (),
        totals: Iterable[str] = (),
        members: int | None = None,
        steps: int | None = None,
        every: int | None = None,
        threads: int | None = None,
        progress: Callable[[int], None] | None = None,
        ids: ArrayLike | None = None,
    ) -> Trajectories:
        """Return the trajectories of all members.

        ``constants`` maps a constant to (*dims,) or (*dims, member); ``held`` maps a constant
        to values through time. ``report`` names variables kept at every saved time, ``totals``
        variables integrated between saved times; nothing else is kept. ``every`` is the number
        of steps between saved times (the file's SAVEPER without it), ``steps`` the number of
        steps to run. ``progress`` is called with the number of members just finished. ``ids``
        are the members' numbers, 0 and up without it: random functions hang on them.

        Same inputs, same bits, whatever ``threads`` is and however members are split into
        calls. Raises SDError listing every unknown name, wrong shape and value that is not
        finite.

        >>> from sdensemble import compile_model, read_model
        >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
        >>> run = kernel.run({"lid": [0, 0.5, 1]}, report=["teacup temperature"])
        >>> run.values["teacup temperature"].shape, run.times[-1]
        ((31, 3), np.float64(30.0))
        """
        inputs = _Inputs(self.model, self.program)
        threads = inputs.whole("threads", threads, default_threads(), 1)
        shared, count, kept, summed = self._laid_out(
            inputs, constants or {}, held or {}, report, totals, members, steps, every, self.lanes
        )
        out, out_totals, every = shared["out"], shared["out_totals"], shared["every"]
        numbers = _numbers(ids, count, shared["stride"], self.program.name)
        self._blocks(shared, numbers, count, threads, progress)
        out[:, np.isin(_all(kept), self.program.void)] = np.nan
        out_totals[:, np.isin(_all(summed), self.program.void)] = np.nan
        times = self.program.start + self.program.step * every * np.arange(len(out))
        return Trajectories(
            times=np.asarray(times, np.float64),
            values=dict(_split(out, kept, count)),
            totals=dict(_split(out_totals[1:], summed, count)),
            first_bad=shared["bad"][:count],
        )

    def wasm(
        self,
        constants: Mapping[str, ArrayLike] | None = None,
        *,
        report: Iterable[str] = (),
        totals: Iterable[str] = (),
        steps: int | None = None,
        every: int | None = None,
        lanes: int = 4,
    ) -> WasmKernel:
        """Return the kernel for WebAssembly, its memory laid out for a block of ``lanes`` members.

        Arguments are those of ``run``; the block's members are the first ones. The module's
        values agree with ``run``'s to rounding. Raises SDError as ``run`` does, and where this
        LLVM writes no WebAssembly.

        >>> from sdengine import compile_model, read_model
        >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
        >>> kernel.wasm(report=["teacup temperature"]).module[:4]
        b'\x00asm'
        """
        inputs = _Inputs(self.model, self.program)
        given = {name: np.asarray(value, float) for name, value in (constants or {}).items()}
        shared, *_ = self._laid_out(inputs, given, {}, report, totals, None, steps, every, lanes)
        members = np.arange(lanes)
        scratch = {
            "W": np.empty((self.plan.size + 2 * self.program.stocks) * lanes),
            "sums": np.empty(max(shared["n_totals"], 1) * lanes),
            "history": np.empty(len(self.program.fixed) * (shared["steps"] + 1) * lanes),
            "feed_rows": _noise_rows(self.program, members, shared["steps"]),
        }
        arrays = {k: v for k, v in {**shared, **scratch}.items() if isinstance(v, np.ndarray)}
        return wasm_kernel(self.plan, arrays, {**shared, "m0": 0}, lanes=lanes)

    def _laid_out(
        self,
        inputs: _Inputs,
        constants: Mapping[str, ArrayLike],
        held: Mapping[str, Held],
        report: Iterable[str],
        totals: Iterable[str],
        members: int | None,
        steps: int | None,
        every: int | None,
        lanes: int,
    ) -> tuple[dict[str, Any], int, dict[str, Slots], dict[str, Slots]]:
        """Return (what all blocks of a run share, the number of members, the slots of each
        variable kept, and of each integrated)."""
        steps = inputs.whole("steps", steps, self.program.steps, 0)
        every = inputs.whole("every", every, self.program.save_every, 1)
        members = None if members is None else inputs.whole("members", members, 1, 1)
        inputs.problems.raise_if_any()
        inputs.read(constants, held)
        inputs.feed(constants, held, steps)
        kept, summed = self._named(report, inputs), self._named(totals, inputs)
        inputs.problems.raise_if_any()
        count = inputs.count(members)
        saved = steps // every + 1
        table = inputs.table(count, lanes)
        stride = table["stride"]
        shared = {
            **table,
            "defaults": self.program.defaults,
            "report": _without(_all(kept), self.program.void),
            "n_report": len(_all(kept)),
            "totals": _without(_all(summed), self.program.void),
            "n_totals": len(_all(summed)),
            "out": np.empty((saved, len(_all(kept)), stride)),
            "out_totals": np.empty((saved, len(_all(summed)), stride)),
            "bad": np.full(stride, -1, np.int64),
            "steps": steps,
            "every": every,
            "flags": self._flags(inputs),
        }
        return shared, count, kept, summed

    def _flags(self, inputs: _Inputs) -> NDArray[np.int64]:
        """Return for each invariant loop what can make it run again (see ``driver``)."""
        later = [slots.ravel() for step, slots, _ in inputs.changes if step > 0]
        held = self.plan.waiting(np.concatenate([np.empty(0, np.int64), *later]))
        switched = self.plan.waiting(self.plan.switches[:, 1])
        return held + 2 * switched.astype(np.int64)

    def _named(self, names: Iterable[str], inputs: _Inputs) -> dict[str, Slots]:
        found = {}
        for name in names:
            written = self.model.name_of(name)
            if written is None or written not in self.program.slots:
                known = did_you_mean(name, self.program.slots)
                inputs.problems.add(self.program.name, f'no variable "{name}" to keep{known}')
            elif not self._keeps(written):
                inputs.problems.add(
                    self.program.name, f'"{written}" is not among what this kernel keeps'
                )
            else:
                found[written] = self.program.where(written)
        return found

    def _keeps(self, name: str) -> bool:
        kept = self.program.kept
        return kept is None or bool(np.isin(self.program.where(name), kept).all())

    def _blocks(
        self,
        shared: dict[str, Any],
        numbers: NDArray[np.int64],
        count: int,
        threads: int,
        progress: Callable[[int], None] | None,
    ) -> None:
        """Run every block of ``lanes`` members; each thread has a workspace of its own."""
        starts = iter(range(0, shared["stride"], self.lanes))
        slots = self.plan.size + 2 * self.program.stocks
        places = {name: address(value) for name, value in shared.items()}
        block = shared["rows"].nbytes // len(shared["rows"])
        lock, stop = threading.Lock(), threading.Event()

        def work() -> None:
            workspace = aligned(slots * self.lanes)
            sums = aligned(max(shared["n_totals"], 1) * self.lanes)
            history = aligned(len(self.program.fixed) * (shared["steps"] + 1) * self.lanes)
            scratch = {"W": workspace, "sums": sums, "history": history}
            own = {**places, **{name: address(array) for name, array in scratch.items()}}
            while not stop.is_set():
                with lock:
                    start = next(starts, None)
                if start is None:
                    return
                members = numbers[start : start + self.lanes]
                random = _noise_rows(self.program, members, shared["steps"])
                own["rows"] = places["rows"] + start // self.lanes * block
                self.native.run({**own, "m0": start, "feed_rows": address(random)})
                if progress:
                    progress(min(self.lanes, count - start))

        blocks = shared["stride"] // self.lanes
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


def default_threads() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _all(named: Mapping[str, Slots]) -> Slots:
    parts = [slots.ravel() for slots in named.values()]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _without(slots: Slots, void: Slots) -> Slots:
    """Return slots with another in place of those that have no value, so that no check fails."""
    empty = np.isin(slots, void)
    if not empty.any():
        return slots
    some = slots[~empty][:1]
    return np.where(empty, some[0] if some.size else 0, slots)


def _split(
    out: NDArray[np.float64], named: Mapping[str, Slots], count: int
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    at = 0
    for name, slots in named.items():
        part = out[:, at : at + slots.size, :count]
        yield name, part.reshape(len(out), *slots.shape, count)
        at += slots.size


class _Inputs:
    """Checks what a run is given and lays it out as the driver reads it."""

    def __init__(self, model: Model, program: Program):
        self.model, self.program = model, program
        self.problems = Problems()
        self.changes: list[tuple[int, Slots, NDArray[np.float64]]] = []  # step, slots, values
        self.feeds: list[tuple[int, Slots, NDArray[np.float64]]] = []
        self.given: set[str] = set()
        self.steps = 0
        self.counts: dict[int, str] = {}

    def whole(self, what: str, given: object, default: int, least: int) -> int:
        """Return a whole number given for ``what``, or its default; note another thing."""
        if given is None:
            return default
        if isinstance(given, int | np.integer) and not isinstance(given, bool) and given >= least:
            return int(given)
        why = f"{what} must be a whole number of at least {least}, not {given!r}"
        self.problems.add(self.program.name, why)
        return least

    def _numbers(self, name: str, given: object) -> NDArray[np.float64] | None:
        """Return what is given for ``name`` as numbers; note where it is none."""
        try:
            return np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            self.problems.add(self.program.name, f'"{name}" is given what is not a number')
            return None

    def read(self, constants: Mapping[str, ArrayLike], held: Mapping[str, Held]) -> None:
        for name, given in constants.items():
            slots, numbers = self._settable(name), self._numbers(name, given)
            if slots is not None and numbers is not None:
                self._change(name, -1, slots, numbers)
        for name, series in held.items():
            slots = self._settable(name)
            times, rows = (self._numbers(name, part) for part in (series.times, series.values))
            if slots is None or times is None or rows is None:
                continue
            if times.ndim != 1 or rows.ndim < 1 or len(times) != len(rows):
                self.problems.add(self.program.name, f'"{name}" needs one value for each time')
                continue
            start, step = self.program.start, self.program.step
            if not np.isfinite(times).all() or (np.diff(times) < 0).any():
                self.problems.add(self.program.name, f'"{name}": times must ascend')
                continue
            when = np.ceil(np.clip((times - start) / step, -1, 2**53) - 1e-6).astype(int)
            for at, values in zip(when, rows, strict=True):
                self._change(name, max(int(at), 0), slots, values)

    def feed(
        self, constants: Mapping[str, ArrayLike], held: Mapping[str, Held], steps: int
    ) -> None:
        """Note what data are at every step: as in the file, until the caller's own begin."""
        program = self.program
        self.steps = steps
        for name in sorted(program.unfed - self.given):
            self.problems.add(program.name, f'data "{name}" have no source: give their values')
        if not program.feeds:
            return
        until: dict[str | None, float] = {
            self.model.name_of(name): float(np.min(series.times, initial=np.inf))
            for name, series in held.items()
        }
        until |= {self.model.name_of(name): -np.inf for name in constants}
        when = program.start + program.step * np.arange(steps + 1, dtype=np.float64)
        for feed in program.feeds:
            end = until.get(feed.name, np.inf)
            values = feed.at(when[when < end - 1e-6 * program.step], program.step)
            new = np.ones_like(values, bool)
            new[1:] = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
            for k in np.flatnonzero(new.any(axis=1)):
                self.feeds.append((int(k), feed.slots[new[k]], values[k][new[k]]))

    def _settable(self, name: str) -> Slots | None:
        written = self.model.name_of(name)
        if written in self.program.settable:
            self.given.add(str(written))
            return self.program.where(str(written))
        why = "is not a constant" if written else "is not in the model"
        near = did_you_mean(name, self.program.settable) if not written else ""
        self.problems.add(self.program.name, f'"{name}" {why}{near}')
        return None

    def _change(self, name: str, step: int, slots: Slots, values: NDArray[np.float64]) -> None:
        alike = values.shape in (slots.shape, ())
        if not alike and values.shape[:-1] != slots.shape:
            dims = self.model[name].dims
            self.problems.add(
                self.program.name,
                f'"{name}" needs shape {slots.shape} {dims} or that with members last, '
                f"got {values.shape}",
            )
            return
        if not (np.isfinite(values.sum()) or np.isfinite(values).all()):
            self.problems.add(self.program.name, f'"{name}" is given a value that is not finite')
            return
        if not alike:
            self.counts.setdefault(values.shape[-1], name)
        else:
            values = np.broadcast_to(values, slots.shape)
        self.changes.append((step, slots, values))

    def count(self, members: int | None) -> int:
        """Return the number of members; every input that has a member axis must agree."""
        counts = dict(self.counts)
        if members is not None:
            counts.setdefault(members, "members")
        if len(counts) > 1:
            parts = ", ".join(f'"{name}" {count}' for count, name in counts.items())
            raise SDError(f"{self.program.name}: numbers of members differ: {parts}")
        return next(iter(counts), 1)

    def table(self, count: int, lanes: int) -> dict[str, Any]:
        """Return rows, events and strides for the driver, ascending in step."""
        stride = -(-count // lanes) * lanes
        ordered = sorted(self.changes, key=lambda change: change[0])
        feeds, feed_values = _feed_events(self.feeds, self.program, self.steps)
        each = [c for c in ordered if c[2].ndim > c[1].ndim]
        # block by block, so that what a block reads lies together
        rows = np.empty((stride // lanes, sum(c[1].size for c in each), lanes))
        events: list[NDArray[np.int64]] = []
        event_values: list[NDArray[np.float64]] = []
        row = 0
        for step, slots, values in ordered:
            event = np.empty((slots.size, 3), np.int64)
            event[:, 0], event[:, 1], event[:, 2] = step, slots.ravel(), -1
            value = np.zeros(slots.size)
            if values.ndim > slots.ndim:
                _spread(values.reshape(slots.size, count), rows[:, row : row + slots.size])
                event[:, 2] = np.arange(row, row + slots.size)
                row += slots.size
            else:
                value[:] = values.ravel()
            events.append(event)
            event_values.append(value)
        return {
            "rows": rows,
            "stride": stride,
            "events": np.concatenate(events) if events else np.zeros((1, 3), np.int64),
            "event_values": np.concatenate(event_values) if events else np.zeros(1),
            "n_events": sum(len(e) for e in events),
            "feeds": feeds,
            "feed_values": feed_values,
            "n_feeds": len(feed_values),
        }


def _spread(values: NDArray[np.float64], blocks: NDArray[np.float64]) -> None:
    """Write (row, member) into (block, row, lane); the tail repeats the last member."""
    count, lanes = values.shape[1], blocks.shape[2]
    full = count // lanes
    blocks[:full] = values[:, : full * lanes].reshape(len(values), full, lanes).swapaxes(0, 1)
    if full < len(blocks):
        blocks[full] = values[:, -1:]
        blocks[full, :, : count - full * lanes] = values[:, full * lanes :]


def _feed_events(
    changes: list[tuple[int, Slots, NDArray[np.float64]]], program: Program, steps: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return what data and random numbers do as rows (step, slot, row or -1) and values."""
    parts = [np.zeros((0, 4))]
    for step, slots, values in changes:
        same = np.full(slots.size, -1.0)
        parts.append(np.stack([np.full(slots.size, step), slots, same, values], axis=1))
    slots = np.concatenate([np.empty(0, np.int64), *(noise.slots for noise in program.noises)])
    if slots.size:
        when = np.repeat(np.arange(steps + 1), slots.size)
        row = np.arange(when.size)
        parts.append(np.stack([when, np.tile(slots, steps + 1), row, 0.0 * row], axis=1))
    table = np.concatenate(parts)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return np.ascontiguousarray(table[:, :3], np.int64), np.ascontiguousarray(table[:, 3])


def _noise_rows(program: Program, members: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    """Return the random numbers of a block of members, one row for each step and slot."""
    if not program.noises:
        return np.zeros((1, len(members)))
    parts = [noise.at(members, steps) for noise in program.noises]
    return np.ascontiguousarray(np.concatenate(parts, axis=1).reshape(-1, len(members)))


def _numbers(ids: ArrayLike | None, count: int, stride: int, name: str) -> NDArray[np.int64]:
    """Return the members' numbers, the tail repeating the last."""
    numbers = np.arange(count) if ids is None else np.asarray(ids)
    if (
        numbers.shape != (count,)
        or numbers.dtype.kind not in "iu"
        or (numbers < 0).any()
        or (numbers >= 2**32).any()
    ):
        raise SDError(f"{name}: ids must be {count} whole numbers from 0 to 2**32 - 1")
    return np.concatenate([numbers, np.repeat(numbers[-1:], stride - count)]).astype(np.int64)
