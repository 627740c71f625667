"""Run a Program with plain NumPy, statement by statement: slow, short, and the native
kernel's oracle. Nothing here is optimised, so that it can be read beside the equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sdengine.functions import MEANINGS
from sdengine.ir import (
    Const,
    Fold,
    Interp,
    Load,
    Node,
    Op,
    Program,
    Statement,
    Time,
    Values,
)

Change = tuple[NDArray[np.int64], NDArray[np.float64]]


def run_reference(
    program: Program,
    constants: Mapping[str, NDArray[np.float64]] | None = None,
    *,
    members: int = 1,
    held: Mapping[int, Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]] | None = None,
    steps: int | None = None,
    every: int | None = None,
    given: Sequence[str] = (),
) -> NDArray[np.float64]:
    """Return every slot at every saved time, shape (time, slot, member).

    ``constants`` maps names to (*dims,) or (*dims, member); ``held`` maps a step number to
    (slots, values (slot, member)) set from that step on. Data named in ``given`` are left to
    ``held``.
    """
    held = held or {}
    state = np.repeat(program.defaults[:, None], members, axis=1)
    for name, value in (constants or {}).items():
        slots = program.where(name)
        value = np.asarray(value, float)
        if value.ndim == slots.ndim:
            value = value[..., None]
        state[slots] = value
    steps = program.steps if steps is None else steps
    every = every or program.save_every
    saved, inflows = [], []
    fed = _fed(program, {*(constants or {}), *given}, steps, members)
    with np.errstate(all="ignore"):
        _apply(state, fed.get(0, ()))
        _apply(state, held.get(0, ()))
        _execute(program.initial, state, program.start, program.step)
        for k in range(steps + 1):
            if k:
                _apply(state, fed.get(k, ()))
                _apply(state, held.get(k, ()))
            _execute(program.dynamic, state, program.start + k * program.step, program.step)
            if k % every == 0:
                saved.append(state.copy())
            inflows.append(state[program.fixed[:, 1]].copy())
            _move(program, state, inflows)
    return np.array(saved)


def _fed(program: Program, given: set[str], steps: int, members: int) -> dict[int, list[Change]]:
    """Return what data and random numbers are at every step, but for what the caller gives."""
    when = program.start + program.step * np.arange(steps + 1, dtype=np.float64)
    out: dict[int, list[Change]] = {}
    for feed in program.feeds:
        if feed.name not in given:
            for k, values in enumerate(feed.at(when, program.step)):
                out.setdefault(k, []).append((feed.slots, values[:, None]))
    ids = np.arange(members)
    for noise in program.noises:
        for k, numbers in enumerate(noise.at(ids, steps)):
            out.setdefault(k, []).append((noise.slots, numbers))
    return out


def _move(
    program: Program, state: NDArray[np.float64], inflows: Sequence[NDArray[np.float64]]
) -> None:
    """Take the state to the next step; ``inflows`` are those of fixed delays, so far."""
    for to, source in program.copies:
        state[to] = state[source]
    _advance(program, state, program.start + (len(inflows) - 1) * program.step)
    state[program.non_negative] = np.maximum(state[program.non_negative], 0.0)
    for row, (out, _, order, first) in enumerate(program.fixed):
        for member in range(state.shape[1]):
            at = len(inflows) - int(state[order, member])
            state[out, member] = inflows[at][row, member] if at >= 0 else state[first, member]


STAGES = {"euler": (), "rk2": ((1.0, 1.0),), "rk4": ((0.5, 2.0), (0.5, 2.0), (1.0, 1.0))}


def _advance(program: Program, state: NDArray[np.float64], time: float) -> None:
    """Move the stocks on by one step; each later stage is (part of the step, weight)."""
    n, step = program.stocks, program.step
    start, total = state[:n].copy(), state[n : 2 * n].copy()
    weights = 1.0
    for part, weight in STAGES[program.method]:
        state[:n] = start + part * step * state[n : 2 * n]
        _execute(program.dynamic, state, time + part * step, step)
        total += weight * state[n : 2 * n]
        weights += weight
    state[:n] = start + step / weights * total


def _apply(
    state: NDArray[np.float64],
    changes: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> None:
    for slots, values in changes:
        state[slots] = values


def _execute(
    statements: Sequence[Statement], state: NDArray[np.float64], time: float, step: float
) -> None:
    for statement in statements:
        value = _value(statement.expr, state, time)
        state[statement.target] = np.broadcast_to(value, (statement.points, state.shape[1]))


def _value(node: Node, state: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """Return a node's value, broadcastable to (*points, member)."""
    if isinstance(node, Const):
        return np.float64(node.value)  # type: ignore[return-value]
    if isinstance(node, Values):
        return node.values[..., None]
    if isinstance(node, Time):
        return np.float64(time)  # type: ignore[return-value]
    if isinstance(node, Load):
        return state[node.slots]
    parts = [_value(part, state, time) for part in node.parts]
    if isinstance(node, Interp):
        return _looked_up(node, parts[0])
    if isinstance(node, Fold):
        terms = np.broadcast_to(parts[0], np.broadcast_shapes(np.shape(parts[0]), (node.width, 1)))
        total = terms[..., 0, :]
        for column in range(1, node.width):  # in order: np.sum's order depends on the shape
            total = MEANINGS[node.name](total, terms[..., column, :])
        return total
    assert isinstance(node, Op)
    return MEANINGS[node.name](*parts)


def _looked_up(node: Interp, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each point's curve at ``at``, broadcastable to (*points, member)."""
    found = [curve.at(at) for curve in node.curves]
    if node.which is None:
        return found[0]
    number = node.which[..., None]
    out = np.broadcast_to(found[0], np.broadcast_shapes(np.shape(at), number.shape))
    for other, values in enumerate(found[1:], 1):
        out = np.where(number == other, values, out)
    return out
