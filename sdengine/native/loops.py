"""Which statements share a loop, by what they read of each other and by their work."""

from __future__ import annotations

import bisect
import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sdengine.functions import OPERATIONS
from sdengine.ir import Fold, Interp, Load, Node, Op, Statement, nodes

# Work in one loop body, in units of one simple operation. Long bodies spill registers and
# compile slowly; short ones load and store more. Found by benchmark (docs/decisions).
BODY = 80
NARROW_BODY = 50  # the same for WebAssembly
MOST = 100  # statements in one: a compiler's work grows with the square of a long body


SEARCH = 40  # work of a search in a curve
MOST_WRITTEN = 18  # points of a curve that is written out piece by piece rather than searched


@dataclass(frozen=True, eq=False)
class Loop:
    """Statements computed together, point by point."""

    points: int
    statements: tuple[Statement, ...]


def group(statements: Sequence[Statement], given: np.ndarray, most: int = BODY) -> tuple[Loop, ...]:
    """Return loops holding ordered ``statements``: equal point counts together, bodies of
    ``most`` work.

    A statement may stand in the loop of one it reads only when it reads, at every point, what
    that very point has just written.
    """
    owner = np.full(len(given), -1)
    for number, statement in enumerate(statements):
        owner[statement.target] = number
    needs = [
        {
            n
            for n in set(owner[s.reads].tolist())
            if n >= 0 and n != i and not _given(s, n, owner, given)
        }
        for i, s in enumerate(statements)
    ]
    users: list[list[int]] = [[] for _ in statements]
    for number, need in enumerate(needs):
        for other in need:
            users[other].append(number)
    missing = [len(need) for need in needs]
    ready: dict[int, list[int]] = {}
    for number, statement in enumerate(statements):
        if not missing[number]:
            ready.setdefault(statement.points, []).append(number)
    out = []
    while ready:
        chosen = _choose(statements, ready, needs, users, missing, most)
        points = statements[chosen[0]].points
        out.append(Loop(points, tuple(statements[n] for n in chosen)))
        taken = set(chosen)
        for number in chosen:
            for user in users[number]:
                missing[user] -= 1
                if not missing[user] and user not in taken:
                    bisect.insort(ready.setdefault(statements[user].points, []), user)
        left = ready[points]
        for number in chosen:
            at = bisect.bisect_left(left, number)
            if at < len(left) and left[at] == number:
                del left[at]
        if not left:
            del ready[points]
    return tuple(out)


def _given(statement: Statement, number: int, owner: np.ndarray, given: np.ndarray) -> bool:
    reads = statement.reads
    return bool(given[reads[owner[reads] == number]].all())


def _choose(
    statements: Sequence[Statement],
    ready: dict[int, list[int]],
    needs: list[set[int]],
    users: list[list[int]],
    missing: list[int],
    most: int,
) -> list[int]:
    """Return the numbers of the next loop: single points first, then the longest loop."""
    best: list[int] = []
    for points in sorted(ready, key=lambda points: ready[points][0]):
        chosen = _fill(statements, ready[points], needs, users, missing, most)
        if points == 1:
            return chosen
        if len(chosen) > len(best):
            best = chosen
    return best


def _fill(
    statements: Sequence[Statement],
    ready: list[int],
    needs: list[set[int]],
    users: list[list[int]],
    missing: list[int],
    most: int,
) -> list[int]:
    """Return statements of one loop, in order: those ready, and those they make so."""
    points = statements[ready[0]].points
    chosen: list[int] = []
    inside: set[int] = set()
    met: Counter[int] = Counter()
    enabled: list[int] = []
    waiting = iter(ready)
    following = next(waiting, None)
    work = 0
    while following is not None or enabled:
        if enabled and (following is None or enabled[0] < following):
            number = heapq.heappop(enabled)
        else:
            assert following is not None
            number, following = following, next(waiting, None)
        statement = statements[number]
        if not _pointwise(statement, [statements[n] for n in needs[number] & inside]):
            continue
        weight = cost(statement.expr)
        if chosen and (work + weight > most or len(chosen) == MOST):
            break
        chosen.append(number)
        inside.add(number)
        work += weight
        for user in users[number]:
            met[user] += 1
            if met[user] == missing[user] and statements[user].points == points:
                heapq.heappush(enabled, user)
    return chosen


def _pointwise(statement: Statement, others: list[Statement]) -> bool:
    """Whether ``statement`` reads each of ``others`` only at its own point, none a logarithm."""
    for other in others:
        if isinstance(other.expr, Op) and other.expr.name == "log2_mantissa":
            return False
        low, high = other.target.min(), other.target.max()
        for node in nodes(statement.expr):
            if not isinstance(node, Load):
                continue
            touches = (node.slots >= low) & (node.slots <= high)
            if not touches.any():
                continue
            target = other.target.reshape(-1, *(1,) * (node.slots.ndim - 1))
            if not (node.slots == target).all():
                return False
    return True


def searched(node: Interp) -> bool:
    """Whether a curve's piece is looked for in memory, not among pieces written out."""
    return node.which is not None or len(node.curves[0].x) > MOST_WRITTEN


def cost(node: Node) -> int:
    """Return the rough work of a node, in simple operations."""
    if isinstance(node, Fold):
        return 2 + cost(node.parts[0])
    own = 0
    if isinstance(node, Op):
        own = OPERATIONS[node.name].cost
    elif isinstance(node, Interp):
        own = SEARCH if searched(node) else 3 * len(node.curves[0].x)
    return own + sum(cost(part) for part in node.parts)
