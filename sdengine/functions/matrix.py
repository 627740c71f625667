"""INVERT MATRIX: by Gauss and Jordan with the largest pivot of each column, without branches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sdengine.errors import Message
from sdengine.functions.algebra import chosen, op
from sdengine.functions.record import Builder, Example, Function
from sdengine.functions.scope import LoweringError, Scope, allowed
from sdengine.functions.unit_rules import rule
from sdengine.ir import Const, Load, Node, Slots
from sdengine.syntax import Call, Ref

LARGEST = 40  # rows


def invert(builder: Builder, call: Call, scope: Scope) -> Node:
    """INVERT MATRIX: the inverse of a square matrix, which a singular one has not."""
    matrix, size = call.args
    if not isinstance(matrix, Ref) or len(matrix.subscripts) < 2 or len(scope.shape) != 1:
        raise LoweringError(Message("INVERT MATRIX needs a matrix, and an equation of its own"))
    across, down = (s.removesuffix("!").strip() for s in reversed(matrix.subscripts[-2:]))
    (row_key, rows), (column_key, columns) = (
        builder.names.follow(down, scope),
        builder.names.follow(across, scope),
    )
    lists = [builder.names.elements(down), builder.names.elements(across)]
    n = len(lists[0])
    count = builder.constants.fixed(builder.node(size, scope))
    if len(lists[1]) != n or count is None or not np.all(count == n):
        raise LoweringError(
            Message("INVERT MATRIX needs a square matrix and the number of its rows")
        )
    if n > LARGEST:
        raise LoweringError(
            Message("INVERT MATRIX of {n} rows; at most {most} are taken", n=n, most=LARGEST)
        )
    others = {k: v for k, v in scope.axes.items() if k not in (row_key, column_key)}
    table = np.stack([*others.values(), np.zeros(scope.shape, np.int64)], axis=1)
    _, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
    allowed(2 * len(first) * n**3)
    axes = {k: v[first][:, None, None] for k, v in others.items()}
    axes |= {builder.names.key(down): lists[0][None, :, None]}
    axes |= {builder.names.key(across): lists[1][None, None, :]}
    inner = Scope((len(first), n, n), axes)
    slots = builder.statements.keep(builder.node(matrix, inner), "matrix", inner)
    inverse = _inverse(builder, slots)
    wanted = zip(lists, (rows, columns), strict=True)
    place = [np.argmax(own[None, :] == elements[:, None], axis=1) for own, elements in wanted]
    return Load(inverse[which.reshape(-1), place[0], place[1]])


def _inverse(builder: Builder, slots: Slots) -> Slots:
    """Return slots of the inverses of matrices (matrix, row, column)."""
    count, n, _ = slots.shape

    def keep(node: Node, shape: tuple[int, ...]) -> Slots:
        return builder.statements.keep(node, "inverse", Scope(shape))

    ones = keep(Const(1.0), (count,))
    zeros = keep(Const(0.0), (count,))
    left = [[slots[:, i, j] for j in range(n)] for i in range(n)]
    right = [[ones if i == j else zeros for j in range(n)] for i in range(n)]
    work = [a + b for a, b in zip(left, right, strict=True)]
    for k in range(n):
        work = _pivoted(keep, work, k, count)
        pivot = Load(work[k][k])
        top = [keep(op("div", Load(value), pivot), (count,)) for value in work[k]]
        done = []
        for i, row in enumerate(work):
            factor = Load(row[k])
            done.append(
                top
                if i == k
                else [
                    keep(op("sub", Load(value), op("mul", factor, Load(head))), (count,))
                    for value, head in zip(row, top, strict=True)
                ]
            )
        work = done
    return np.stack([np.stack(row[n:], axis=1) for row in work], axis=1)


def _pivoted(
    keep: Callable[[Node, tuple[int, ...]], Slots], work: list[list[Slots]], k: int, count: int
) -> list[list[Slots]]:
    """Return the rows with the one that is largest in column ``k`` moved to place ``k``."""
    best: Node = op("abs", Load(work[k][k]))
    which: Node = Const(float(k))
    for i in range(k + 1, len(work)):
        own = op("abs", Load(work[i][k]))
        larger = Load(keep(op("gt", own, best), (count,)))
        best = Load(keep(chosen(larger, own, best), (count,)))
        which = Load(keep(chosen(larger, Const(float(i)), which), (count,)))
    out = list(work)
    for i in range(k + 1, len(work)):
        here = Load(keep(op("eq", which, Const(float(i))), (count,)))
        old_k, old_i = out[k], out[i]
        pairs = list(zip(old_k, old_i, strict=True))
        out[k] = [keep(chosen(here, Load(b), Load(a)), (count,)) for a, b in pairs]
        out[i] = [keep(chosen(here, Load(a), Load(b)), (count,)) for a, b in pairs]
    return out


RECORDS = (
    Function(
        name="invert_matrix",
        spellings=("INVERT MATRIX",),
        arity=(2,),
        unit=rule("x ? -> 1/x"),
        lower=invert,
        example=Example(
            "w[a,x]",
            0.4,
            "r: a,b~~|\nq: x,y~~|\nm[r,q]=4,3;2,4;~~|\nw[r,q]=INVERT MATRIX(m[r,q],2)~~|",
        ),
    ),
)
