"""Stella's special stocks — non-negative, conveyors, queues, ovens — as ordinary equations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sdengine.errors import Message
from sdengine.model.build import ZERO
from sdengine.model.conveyor import conveyor, profile
from sdengine.model.draft import Draft, flows_of
from sdengine.model.items import Item
from sdengine.model.non_negative import limit_outflows
from sdengine.model.queues import oven, queue
from sdengine.model.stella import Names, plain


def mark_driven(items: Sequence[Item], names: Names) -> None:
    """Note which flows a conveyor, queue or oven drives: those need no equation of their own.

    A conveyor's first outflow that is no leakage is what comes off its end; every other one is
    a leakage, whose equation is the fraction that leaks.
    """
    by_name = {plain(item.name): item for item in items}
    for item in items:
        if item.options.get("spreadflow", "").lower() == "dist":
            profile(item, names, ZERO)  # a table that is asked for by name
        if item.options.get("special") is None:
            continue
        outflows = [by_name[n] for n in flows_of(item, names).outflows if n in by_name]
        ends = [flow for flow in outflows if "leak" not in flow.options]
        if item.options["special"] == "conveyor":
            for leak in [flow for flow in outflows if flow not in ends[:1]]:
                leak.options.setdefault("leak", "")
                if leak.options["leak"].strip():
                    leak.equations, leak.pieces = (leak.options["leak"],), ()
                leak.options |= {"fraction": leak.name, "pushed": "conveyor"}
                leak.options["leaks from"] = plain(item.name)
            ends = ends[:1]
        if item.options["special"] != "queue":
            for flow in ends:
                flow.options["pushed"] = item.options["special"]
        for flow in ends:
            flow.options["driven"] = item.name


def write_out(draft: Draft, items: Sequence[Item], behaviour: tuple[bool, bool]) -> None:
    """Write the special stocks among ``items`` as ordinary equations.

    ``behaviour`` says whether stocks and flows are non-negative where they do not say. Raises
    ValueError for what has no ordinary form.
    """
    by_name = {plain(item.name): item for item in items}
    stocks = [item for item in items if item.kind == "stock"]
    behind = {
        name: stock
        for stock in stocks
        if "special" in stock.options
        for name in flows_of(stock, draft.names).inflows
    }
    for name, stock in behind.items():
        _require_room(by_name[name], stock) if name in by_name else None
    for item in stocks:
        special, flows = item.options.get("special"), flows_of(item, draft.names)
        if special is not None and not flows.outflows and special != "queue":
            raise ValueError(
                Message('<{special}> ("{name}") has no outflow', special=special, name=item.name)
            )
        if special == "conveyor":
            conveyor(draft, item, flows, by_name, behind)
        elif special == "oven":
            oven(draft, item, flows)
    for item in stocks:  # a queue gives what the stocks behind it can take
        if item.options.get("special") == "queue":
            queue(draft, item, flows_of(item, draft.names), by_name, stocks)
    found = [flows_of(item, draft.names) for item in stocks]
    leaves = Counter(name for flows in found for name in set(flows.outflows))
    comes = Counter(name for flows in found for name in set(flows.inflows))
    one_way = _one_way(items, behaviour)
    for item in stocks:
        own, flows = item.non_negative, flows_of(item, draft.names)
        if item.options.get("special") or not (behaviour[0] if own is None else own):
            continue
        wide = any(set(draft.names.arrays.get(n, ())) - set(item.dims) for n in flows.outflows)
        once = (
            not wide
            and all(leaves[n] == 1 for n in flows.outflows)
            and all(comes[n] == 1 for n in flows.inflows)
        )
        if once:  # a flow of several stocks cannot be drawn in Stella: there the stock stays at 0
            limit_outflows(draft, item.name, flows, one_way)


def _require_room(flow: Item, stock: Item) -> None:
    """Raise ValueError where a conveyor or oven sends what the next stock may have to turn away."""
    if "pushed" in flow.options and stock.options["special"] == "oven":
        told = (
            '"{flow}" brings what leaves a conveyor or oven to the oven "{name}", which takes '
            "nothing while it cooks: put a queue between them"
        )
        raise ValueError(Message(told, flow=flow.name, name=stock.name))


def _one_way(items: Sequence[Item], behaviour: tuple[bool, bool]) -> set[str]:
    """Return the flows that never run backwards."""
    return {
        plain(item.name)
        for item in items
        if item.kind == "flow"
        and (
            (behaviour[1] if item.non_negative is None else item.non_negative)
            or "driven" in item.options
            or "leak" in item.options
        )
    }
