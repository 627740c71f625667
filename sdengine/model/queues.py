"""Stella's queues and ovens as ordinary equations.

A queue holds batches, one for each step in which something flowed in, and gives them in their
order: the stock behind it says how much it takes. An oven fills until it is full or its fill
time is over, cooks for its cook time without taking anything in, and empties within one step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdengine.errors import Message
from sdengine.model.build import (
    HALF,
    ONE,
    STEP,
    ZERO,
    add,
    before,
    div,
    least,
    most,
    mul,
    sub,
    test,
    total,
    when,
)
from sdengine.model.draft import Draft, Flows, flows_of
from sdengine.model.items import Item
from sdengine.model.stella import plain
from sdengine.syntax import Call, Expr, Number, Ref

_NO_OVEN = ("arrest", "sample", "clean_time")
_BATCHES = 2_000  # of a queue at most: what stands behind them joins the last


def queue(
    draft: Draft, item: Item, flows: Flows, items: Mapping[str, Item], stocks: Sequence[Item]
) -> None:
    """Write one queue: what leaves is what the stock behind it takes, front batch first.

    An outflow marked as overflow takes at once what the others leave. Where the next stock takes
    several batches in a step, or is no conveyor or oven, the order of batches does not matter.
    """
    outflows = [name for name in flows.outflows if name in draft.elements]
    inflows = [name for name in flows.inflows if name in draft.elements]
    behind = {
        name: stock
        for stock in stocks
        for name in flows_of(stock, draft.names).inflows
        if name in outflows
    }
    fed = {name: stock.options for name, stock in behind.items() if "special" in stock.options}
    apart = any(
        o.get("one_at_a_time", "true") != "false" or o.get("batch_integrity") == "true"
        for o in fed.values()
        if o["special"] != "queue"
    )
    name = item.name.replace("\\n", " ")
    if apart:
        front = _batches(draft, item, name, inflows, outflows)
    else:
        front = div(Ref(name, item.dims), STEP)
    for place, flow in enumerate(outflows):
        earlier = outflows[:place]
        whole = "overflow" in items[flow].options
        integral = fed.get(flow, {}).get("batch_integrity") == "true"

        def taken(
            room: Expr,
            at: tuple[str, ...],
            earlier: list[str] = earlier,
            whole: bool = whole,
            integral: bool = integral,
            flow: str = flow,
        ) -> Expr:
            held = div(Ref(name, item.dims), STEP) if whole else front
            left = most(sub(held, *(draft.at(n, at) for n in earlier)), ZERO)
            given = _with_request(room, left, "driven" in items[flow].options)
            return when(test("ge", given, left), left, ZERO) if integral else given

        draft.rewrite(flow, taken, item.dims)


def _with_request(expr: Expr, left: Expr, driven: bool) -> Expr:
    """Return an outflow's equation with all that is left in the place of its own request, which
    a flow that a queue drives does not have; limits the next stock has set stay around it."""
    if not driven:
        return least(expr, left)
    if expr == ZERO:
        return left
    if isinstance(expr, Call):
        args = list(expr.args)
        place = 1 if expr.function == "if_then_else" else 0
        args[place] = _with_request(args[place], left, driven)
        return Call(expr.function, tuple(args))
    return least(expr, left)


def _batches(
    draft: Draft, item: Item, name: str, inflows: Sequence[str], outflows: Sequence[str]
) -> Expr:
    """Define the queue's batches; return the rate at which the front one could leave."""
    dims = item.dims
    step, start, stop = map(draft.number, (STEP, Ref("initial_time"), Ref("final_time")))
    if step is None or start is None or stop is None or not step > 0:
        raise ValueError(
            Message('<queue> ("{name}") needs numbers for start, stop and dt', name=name)
        )
    count = max(min(int((stop - start) / step + 2.5), _BATCHES), 2)
    draft.take_places(count, f'<queue> ("{name}")', Message("batches"))
    batch, head, tail = (f"{name} · {what}" for what in ("batch", "front", "behind"))
    names = [f"{name} · {k}" for k in range(1, count + 1)]
    draft.ranges += [(batch, names), (head, names[:-1]), (tail, names[1:])]
    draft.mappings.append((head, tail, tuple(names[1:])))
    held, waiting = f"{name} · held", f"{name} · waiting"

    def here(what: str, place: str) -> Ref:
        return Ref(what, (*dims, place))

    first = f"{name} · at first"
    rows = draft.first_values(name)
    draft.define(first, rows, item.unit)
    given = mul(add(*(draft.at(n, dims) for n in outflows)), STEP)
    gained = mul(add(*(draft.at(n, dims) for n in inflows)), STEP)
    draft.define(f"{name} · given", [(dims, given)], item.unit)
    draft.define(f"{name} · gained", [(dims, gained)], item.unit)
    rest = f"{name} · left"
    one = here(held, names[0])
    draft.define(
        rest,
        [
            ((*dims, names[0]), sub(one, Ref(f"{name} · given", dims))),
            ((*dims, tail), here(held, tail)),
        ],
        item.unit,
    )
    gone = test("le", here(rest, names[0]), ZERO)
    number = total(when(test("gt", Ref(rest, (*dims, f"{batch}!")), ZERO), ONE, ZERO))
    draft.define(f"{name} · emptied", [(dims, when(gone, ONE, ZERO))])
    draft.define(waiting, [(dims, number)])
    own = test("eq", Ref(batch), least(add(Ref(waiting, dims), ONE), Number(float(count))))
    draft.define(
        f"{name} · put",
        [((*dims, batch), when(own, Ref(f"{name} · gained", dims), ZERO))],
        item.unit,
    )
    moved = test("gt", Ref(f"{name} · emptied", dims), ZERO)
    draft.define(
        f"{name} · next",
        [
            (
                (*dims, head),
                add(
                    when(moved, here(rest, tail), most(here(rest, head), ZERO)),
                    here(f"{name} · put", head),
                ),
            ),
            (
                (*dims, names[-1]),
                add(when(moved, ZERO, here(rest, names[-1])), here(f"{name} · put", names[-1])),
            ),
        ],
        item.unit,
    )
    begin = when(test("eq", Ref(batch), ONE), Ref(first, dims), ZERO)
    draft.define(held, [((*dims, batch), before(here(f"{name} · next", batch), begin))], item.unit)
    draft.elements.pop(plain(name))
    draft.define(name, [(dims, total(Ref(held, (*dims, f"{batch}!"))))], item.unit)
    return div(here(held, names[0]), STEP)


def oven(draft: Draft, item: Item, flows: Flows) -> None:
    """Write one oven: it fills, cooks without taking anything in, and empties in one step."""
    dims, name = item.dims, item.name.replace("\\n", " ")

    def here(what: str) -> Ref:
        return Ref(f"{name} · {what}", dims)

    cook, capacity = draft.option(item, "len", "cook_time"), draft.option(item, "capacity")
    fill = draft.option(item, "fill_time", "fill")
    if cook is None:
        raise ValueError(Message('<oven> ("{name}") has no <len>, its cook time', name=name))
    for key in _NO_OVEN:
        if item.options.get(key, "").strip():
            raise ValueError(
                Message('<{key}> of the oven "{name}" is not supported', key=key, name=name)
            )
    contents = Ref(name, dims)
    idle = test("lt", here("time left"), ZERO)
    filled = test("ge", here("filling"), sub(fill or ZERO, HALF))
    if capacity is not None:
        full = test("ge", contents, mul(capacity, Number(1 - 1e-9)))
        filled = full if fill is None else test("or", filled, full)
    ready = test("and", test("gt", contents, ZERO), filled)
    draft.define(f"{name} · begins", [(dims, when(test("and", idle, ready), ONE, ZERO))])
    begins = test("gt", here("begins"), ZERO)
    busy = test("or", begins, test("ge", here("time left"), ZERO))
    draft.define(f"{name} · cooks", [(dims, when(busy, ONE, ZERO))])
    draft.define(f"{name} · to cook", [(dims, when(begins, cook, here("time left")))])
    cooks = test("gt", here("cooks"), ZERO)
    done = test("and", cooks, test("le", here("to cook"), HALF))
    draft.define(f"{name} · done", [(dims, when(done, ONE, ZERO))])
    minus = Number(-1.0)
    later = when(cooks, sub(here("to cook"), STEP), minus)
    later = when(test("gt", here("done"), ZERO), minus, later)
    draft.define(f"{name} · time left", [(dims, before(later, minus))])
    gained = add(*(draft.at(n, dims) for n in flows.inflows if n in draft.elements))
    holds = test("or", test("gt", contents, ZERO), test("gt", gained, ZERO))
    filling = when(
        test("and", holds, test("le", here("cooks"), ZERO)), add(here("filling"), STEP), ZERO
    )
    draft.define(f"{name} · filling", [(dims, before(filling, ZERO))])
    room = None if capacity is None else most(div(sub(capacity, contents), STEP), ZERO)
    entering = [n for n in flows.inflows if n in draft.elements]
    idle_now = test("le", here("cooks"), ZERO)
    draft.admit(entering, room, lambda inflow: when(idle_now, inflow, ZERO), dims)
    leaving = [n for n in flows.outflows if n in draft.elements]
    if leaving:
        off = when(test("gt", here("done"), ZERO), div(contents, STEP), ZERO)
        draft.rewrite(leaving[0], lambda _, __: off, dims)
