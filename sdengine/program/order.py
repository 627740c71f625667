"""Put statements into an order in which each reads only what is already there."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np

from sdengine.errors import Message, SDError
from sdengine.ir import Statement, reshaped


def sort_statements(
    statements: Sequence[Statement],
    given: np.ndarray,
    where: str,
    owner_of: Callable[[int], str] = lambda slot: "",
) -> tuple[Statement, ...]:
    """Return the statements in dependency order.

    ``given`` marks the slots that have a value before the first statement, ``owner_of`` names
    the variable and element a slot belongs to. Where statements
    of whole variables depend on each other in a ring, the ring is taken apart point by point;
    a ring that remains raises SDError naming its variables.
    """
    _refuse_orphans(statements, given, where, owner_of)
    order, stuck = _sort(statements, given)
    if not stuck:
        return tuple(order)
    ring = {id(s) for s in stuck}
    apart = [p for s in statements for p in (points(s) if id(s) in ring else (s,))]
    order, stuck = _sort(apart, given)
    if stuck:
        raise SDError(Message("{where}: {what}", where=where, what=_describe(stuck, given)))
    return tuple(order)


def _refuse_orphans(
    statements: Sequence[Statement],
    given: np.ndarray,
    where: str,
    owner_of: Callable[[int], str],
) -> None:
    """Raise where a statement reads a slot that nothing gives a value, naming both."""
    defined = given.copy()
    for statement in statements:
        defined[statement.target] = True
    lines: dict[str, None] = {}
    for statement in statements:
        orphan = statement.reads[~defined[statement.reads]]
        if orphan.size:
            what = owner_of(int(orphan[0])) or "an element"
            lines[f'{where} "{statement.name}": reads {what}, which no equation defines'] = None
    if lines:
        raise SDError(list(lines))


def _sort(
    statements: Sequence[Statement], given: np.ndarray
) -> tuple[list[Statement], list[Statement]]:
    """Return (ordered, not orderable), keeping the given order where it is free."""
    owner = np.full(len(given), -1)
    for number, statement in enumerate(statements):
        owner[statement.target] = number
    needs = [_needs(s, owner, given) for s in statements]
    missing = [len(n) for n in needs]
    users: list[list[int]] = [[] for _ in statements]
    for number, need in enumerate(needs):
        for other in need:
            users[other].append(number)
    order, ready = [], [n for n, count in enumerate(missing) if count == 0]
    while ready:
        number = ready.pop()
        order.append(number)
        for user in users[number]:
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    stuck = [s for n, s in enumerate(statements) if missing[n] > 0]
    return [statements[n] for n in order], stuck


def _needs(statement: Statement, owner: np.ndarray, given: np.ndarray) -> set[int]:
    reads = statement.reads
    owners = owner[reads]
    return set(owners[(owners >= 0) & ~given[reads]].tolist())


def points(statement: Statement) -> tuple[Statement, ...]:
    """Return a statement as one statement per point."""
    out = []
    for p in range(statement.points):
        place = slice(p, p + 1)
        expr = reshaped(statement.expr, operator.itemgetter(place))
        out.append(Statement(statement.name, statement.target[place], expr))
    return tuple(out)


def _describe(stuck: Sequence[Statement], given: np.ndarray) -> str:
    """Name one ring among the statements that wait for each other."""
    owner = {int(slot): s for s in stuck for slot in s.target}
    path, seen = [stuck[0]], {id(stuck[0]): 0}
    while True:
        following = next(owner[int(r)] for r in path[-1].reads if int(r) in owner and not given[r])
        if id(following) in seen:
            names = [s.name for s in path[seen[id(following)] :]] + [following.name]
            ring = " ← ".join(f'"{n}"' for n in dict.fromkeys(names)) + f' ← "{names[0]}"'
            return Message("a loop without a stock: {ring}", ring=ring)
        seen[id(following)] = len(path)
        path.append(following)
