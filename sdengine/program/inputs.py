"""What a run is given, checked and laid out as the driver reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdengine.ir import Program, Slots
from sdengine.program.held import Held, State
from sdengine.syntax import Clock, Model


@dataclass(frozen=True, eq=False)
class Given:
    """Constants and schedules checked and laid out once, for many runs of the same members.

    ``given`` are the names, ``first`` the time from which one is set; ``later`` are the slots
    that change after the start; ``rows``, ``events`` and ``event_values`` are what the driver
    reads.
    """

    program: Program
    count: int
    lanes: int
    first: Mapping[str, float]
    later: Slots
    rows: NDArray[np.float64]
    events: NDArray[np.int64]
    event_values: NDArray[np.float64]


class Inputs:
    """Checks what a run is given and lays it out as the driver reads it.

    What is read comes on top of what was ``given`` before, and wins where both set a value at
    one step.
    """

    def __init__(self, model: Model, program: Program, given: Given | None = None):
        self.model, self.program, self.before = model, program, given
        self.problems = Problems()
        self.changes: list[tuple[int, Slots, NDArray[np.float64]]] = []  # step, slots, values
        self.feeds: list[tuple[int, Slots, NDArray[np.float64]]] = []
        # by name, the time from which a value is given
        self.given: dict[str, float] = {} if given is None else dict(given.first)
        self.begin = self.end = 0  # the steps a run goes from and to
        self.counts: dict[int, str] = {} if given is None else {given.count: "given"}
        if given is not None and given.program.digest != program.digest:
            self.problems.add(
                program.name, Message("what is given was laid out for another kernel")
            )

    def span(self, steps: int | None, state: State | None) -> None:
        """Note the steps a run goes from and to; note a state that is not this program's."""
        left = max(self.program.steps - (0 if state is None else state.step), 0)
        length = self.whole("steps", steps, left, 0)
        if state is not None:
            if not _fits(state, self.program):
                self.problems.add(
                    self.program.name, Message("the state is not one of this kernel's")
                )
                self.problems.raise_if_any()
            self.begin = state.step
            self.counts.setdefault(state.values.shape[1], "state")
        self.end = self.begin + length

    def saves(self, every: int | None, clock: Clock) -> NDArray[np.int64]:
        """Return the steps that are saved, ascending: as the file says, or every so many."""
        if every is None:
            saved = clock.saved(self.end)
            return saved[saved >= self.begin]
        every = self.whole("every", every, 1, 1)
        return np.arange(self.begin, self.end + 1, every)

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
            numbers = np.asarray(given, dtype=float)
            if numbers.size:
                return numbers
            told = Message('"{name}" is given no number', name=name)
            self.problems.add(self.program.name, told)
            return None
        except (TypeError, ValueError, OverflowError):
            self.problems.add(
                self.program.name, Message('"{name}" is given what is not a number', name=name)
            )
            return None

    def read(self, constants: Mapping[str, ArrayLike], held: Mapping[str, Held]) -> None:
        """Note what constants are from the start and through time; note every problem."""
        for name, given in constants.items():
            slots, numbers = self._settable(name), self._numbers(name, given)
            if slots is not None and numbers is not None:
                self._since(name, -np.inf)
                self._change(name, -1, slots, numbers)
        for name, series in held.items():
            slots = self._settable(name)
            times, rows = (self._numbers(name, part) for part in (series.times, series.values))
            if slots is None or times is None or rows is None:
                continue
            if times.ndim != 1 or rows.ndim < 1 or len(times) != len(rows):
                self.problems.add(
                    self.program.name, Message('"{name}" needs one value for each time', name=name)
                )
                continue
            start, step = self.program.start, self.program.step
            if not np.isfinite(times).all() or (np.diff(times) < 0).any():
                self.problems.add(
                    self.program.name, Message('"{name}": times must ascend', name=name)
                )
                continue
            self._since(name, float(np.min(times, initial=np.inf)))
            when = np.ceil(np.clip((times - start) / step, -1, 2**53) - 1e-6).astype(int)
            for at, values in zip(when, rows, strict=True):
                self._change(name, max(int(at), 0), slots, values)

    def _since(self, name: str, time: float) -> None:
        written = str(self.model.name_of(name))
        self.given[written] = min(time, self.given.get(written, np.inf))

    def feed(self) -> None:
        """Note what data are at every step: as in the file, until the caller's own begin."""
        program = self.program
        for name in sorted(program.unfed - set(self.given)):
            self.problems.add(
                program.name, Message('data "{name}" have no source: give their values', name=name)
            )
        if not program.feeds:
            return
        when = program.start + program.step * np.arange(self.end + 1, dtype=np.float64)
        for feed in program.feeds:
            end = self.given.get(feed.name, np.inf)
            values = feed.at(when[when < end - 1e-6 * program.step], program.step)
            new = np.ones_like(values, bool)
            new[1:] = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
            for k in np.flatnonzero(new.any(axis=1)):
                self.feeds.append((int(k), feed.slots[new[k]], values[k][new[k]]))

    def _settable(self, name: str) -> Slots | None:
        written = self.model.name_of(name)
        if written in self.program.settable:
            self.given.setdefault(str(written), np.inf)
            return self.program.where(str(written))
        why = "is not a constant" if written else "is not in the model"
        near = did_you_mean(name, self.program.settable) if not written else ""
        self.problems.add(
            self.program.name, Message('"{name}" {why}{near}', name=name, why=why, near=near)
        )
        return None

    def _change(self, name: str, step: int, slots: Slots, values: NDArray[np.float64]) -> None:
        alike = values.shape in (slots.shape, ())
        if not alike and values.shape[:-1] != slots.shape:
            dims = self.model[name].dims
            self.problems.add(
                self.program.name,
                Message(
                    '"{name}" needs shape {wanted} {dims} or that with members last, got {shape}',
                    name=name,
                    wanted=slots.shape,
                    dims=dims,
                    shape=values.shape,
                ),
            )
            return
        if not (np.isfinite(values.sum()) or np.isfinite(values).all()):
            self.problems.add(
                self.program.name,
                Message('"{name}" is given a value that is not finite', name=name),
            )
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
            raise SDError(
                Message(
                    "{name}: numbers of members differ: {parts}",
                    name=self.program.name,
                    parts=parts,
                )
            )
        return next(iter(counts), 1)

    def later(self) -> Slots:
        """Return the slots that change after the start."""
        slots = [slots.ravel() for step, slots, _ in self.changes if step > 0]
        before = np.empty(0, np.int64) if self.before is None else self.before.later
        return np.unique(np.concatenate([before, *slots]))

    def laid(self, count: int, lanes: int) -> Given:
        """Return what was read as something further runs begin with."""
        rows, events, values = self._changes(count, lanes)
        return Given(self.program, count, lanes, self.given, self.later(), rows, events, values)

    def table(self, count: int, lanes: int) -> dict[str, Any]:
        """Return rows, events and strides for the driver, ascending in step."""
        rows, events, values = self._changes(count, lanes)
        if (before := self.before) is not None:
            events[:, 2] += np.where(events[:, 2] < 0, 0, before.rows.shape[1])
            events = np.concatenate([before.events, events])
            order = np.argsort(events[:, 0], kind="stable")
            events = events[order]
            values = np.concatenate([before.event_values, values])[order]
            rows = np.concatenate([before.rows, rows], axis=1) if rows.size else before.rows
        feeds, feed_values = _feed_events(self.feeds, self.program, self.end)
        return {
            "rows": rows,
            "stride": -(-count // lanes) * lanes,
            "events": events if len(events) else np.zeros((1, 3), np.int64),
            "event_values": values if len(events) else np.zeros(1),
            "n_events": len(events),
            "feeds": feeds,
            "feed_values": feed_values,
            "n_feeds": len(feed_values),
        }

    def _changes(
        self, count: int, lanes: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Return rows, events and their values of what was read, ascending in step."""
        stride = -(-count // lanes) * lanes
        ordered = sorted(self.changes, key=lambda change: change[0])
        each = [c for c in ordered if c[2].ndim > c[1].ndim]
        # block by block, so that what a block reads lies together
        rows = np.empty((stride // lanes, sum(c[1].size for c in each), lanes))
        events: list[NDArray[np.int64]] = [np.empty((0, 3), np.int64)]
        event_values: list[NDArray[np.float64]] = [np.empty(0)]
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
        return rows, np.concatenate(events), np.concatenate(event_values)


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


def noise_rows(program: Program, members: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    """Return the random numbers of a block of members, one row for each step and slot."""
    if not program.noises:
        return np.zeros((1, len(members)))
    parts = [noise.at(members, steps) for noise in program.noises]
    return np.ascontiguousarray(np.concatenate(parts, axis=1).reshape(-1, len(members)))


def member_numbers(ids: ArrayLike | None, count: int, stride: int, name: str) -> NDArray[np.int64]:
    """Return the members' numbers, the tail repeating the last."""
    numbers = np.arange(count) if ids is None else np.asarray(ids)
    if (
        numbers.shape != (count,)
        or numbers.dtype.kind not in "iu"
        or (numbers < 0).any()
        or (numbers >= 2**32).any()
    ):
        raise SDError(
            Message(
                "{name}: ids must be {count} whole numbers from 0 to 2**32 - 1",
                name=name,
                count=count,
            )
        )
    return np.concatenate([numbers, np.repeat(numbers[-1:], stride - count)]).astype(np.int64)


def _fits(state: State, program: Program) -> bool:
    """Return whether a state is of this program, in every shape: its slots are written to."""
    slots, members = state.slots, state.ids.size
    return (
        state.digest == program.digest
        and state.step >= 0
        and slots.dtype.kind == "i"
        and slots.ndim == 1
        and bool(np.isin(slots, np.arange(program.size)).all())
        and bool(np.isin(np.arange(program.stocks), slots).all())
        and members > 0
        and state.values.shape == (slots.size, members)
        and state.history.shape == (state.step, len(program.fixed), members)
        and state.values.dtype == state.history.dtype == np.float64
    )


def state_slots(program: Program) -> Slots:
    """Return the slots a run must remember to go on: stocks, and what was frozen at the start."""
    frozen = np.zeros(program.size, bool)
    for statement in program.initial:
        frozen[statement.target] = True
    for statement in program.dynamic:
        frozen[statement.target] = False
    frozen[: program.stocks] = True
    return np.flatnonzero(frozen)


def state_rows(
    state: State | None, lanes: int, stride: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return a state as (step, slot, row) and its rows, block by block."""
    if state is None:
        return np.zeros((1, 3), np.int64), np.zeros((stride // lanes, 0, lanes))
    events = np.zeros((len(state.slots), 3), np.int64)
    events[:, 1], events[:, 2] = state.slots, np.arange(len(state.slots))
    rows = np.empty((stride // lanes, len(state.slots), lanes))
    _spread(state.values, rows)
    return events, rows
