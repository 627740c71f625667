"""Stocks that cannot go below zero: their outflows take no more than there is.

As in Stella, an outflow is at most what the stock holds plus what flows in within the step; of
several outflows the first takes first. Nothing is made: what is held back stays in the stock.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdengine.model.build import STEP, ZERO, add, div, least, most, sub
from sdengine.model.draft import Draft, Flows
from sdengine.syntax import Call, Expr


def limit_outflows(draft: Draft, stock: str, flows: Flows, one_way: set[str]) -> None:
    """Limit a stock's outflows, in their order, and inflows that run backwards.

    ``one_way`` are the flows that never do. An inflow that itself hangs on the outflow in the
    same moment is not counted on.
    """
    inflows = [name for name in flows.inflows if name in draft.elements]
    outflows = [name for name in flows.outflows if name in draft.elements]
    for name in inflows:
        if name not in outflows and name not in one_way:
            _hold_back(draft, name, stock)
    order = _in_order(draft, outflows)
    for place, name in enumerate(order):
        _limit(draft, name, stock, inflows, order[:place])


def _in_order(draft: Draft, flows: Sequence[str]) -> list[str]:
    """Return flows so that one comes behind those its own equation reads."""
    left, out = list(flows), []
    while left:
        free = [n for n in left if not any(draft.hangs_on(n, o) for o in left if o != n)]
        out.append((free or left)[0])
        left.remove(out[-1])
    return out


def _limit(
    draft: Draft, name: str, stock: str, inflows: Sequence[str], earlier: Sequence[str]
) -> None:
    known = [i for i in inflows if i != name and not draft.hangs_on(i, name)]
    taken = [o for o in earlier if not draft.hangs_on(o, name)]

    def limited(expr: Expr, subscripts: tuple[str, ...]) -> Expr:
        held = div(draft.at(stock, subscripts), STEP)
        there = add(held, *(draft.at(i, subscripts) for i in known))
        left = sub(there, *(draft.at(o, subscripts) for o in taken))
        return least(expr, most(left, ZERO))

    draft.rewrite(name, limited)


def _hold_back(draft: Draft, name: str, stock: str) -> None:
    """Keep an inflow that runs backwards from taking more than the stock holds."""

    def held(expr: Expr, subscripts: tuple[str, ...]) -> Expr:
        return most(expr, Call("neg", (most(div(draft.at(stock, subscripts), STEP), ZERO),)))

    draft.rewrite(name, held)
