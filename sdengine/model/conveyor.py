"""A conveyor as an array of places that its contents move along, one step of time each.

What is on the conveyor stands in ``load``, a value for each place, of which place 1 leaves next.
In a step the first place leaves (the outflow), what leaks is taken from every place, the rest
moves on by one, and what flows in is put down as many places from the end as the transit time
has steps. As in Stella: what is put down keeps its place when the transit time changes; a linear
leakage takes the same amount in every step, an exponential one the same share of what is left;
a first value is spread so that the conveyor stands as a constant inflow would have left it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sdengine.errors import Message
from sdengine.model.build import (
    ONE,
    STEP,
    TIME,
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
from sdengine.model.points import EquationError
from sdengine.model.stella import Names, Stella, plain
from sdengine.model.stella_functions import below
from sdengine.syntax import Array, Call, Expr, Number, Ref, Table

_VARIABLE_MOST = 2_000  # places of a conveyor whose transit time only a run can tell


def conveyor(
    draft: Draft, item: Item, flows: Flows, items: Mapping[str, Item], behind: Mapping[str, Item]
) -> None:
    """Write one conveyor, its outflow, its leakages and what it takes in as equations.

    ``behind`` maps a flow to the stock it enters.
    """
    _Conveyor(draft, item, flows, items, behind).write()


class _Conveyor:
    def __init__(
        self,
        draft: Draft,
        item: Item,
        flows: Flows,
        items: Mapping[str, Item],
        behind: Mapping[str, Item],
    ):
        self.draft, self.item, self.items, self.behind = draft, item, items, behind
        self.name, self.dims = item.name.replace("\\n", " "), item.dims
        self.inflows = [name for name in flows.inflows if name in draft.elements]
        outflows = [name for name in flows.outflows if name in draft.elements]
        self.leaks = [name for name in outflows if "leak" in items[name].options]
        self.ends = [name for name in outflows if name not in self.leaks]
        for name in self.leaks:
            if "leak_integers" in items[name].options:
                raise ValueError(
                    Message('"{name}" leaks whole units only: not supported', name=items[name].name)
                )
        self.discrete = item.options.get("discrete") == "true"
        self.exponential = item.options.get("exponential_leak") == "true"
        self.spreads = {name: spread for name in self.inflows if (spread := self._spread(name))}
        self.unit = item.unit

    def _spread(self, name: str) -> str:
        """Return how an inflow is spread: "even", "dest", "dist"; empty where it is put down at
        the beginning."""
        spread = self.items[name].options.get("spreadflow", "").lower()
        if spread in ("", "beginning"):
            return ""
        if spread == "source":
            return "source" if "leak" in self.items[name].options else ""
        if spread not in ("even", "dest", "dist"):
            told = '"{name}" is spread over its conveyor as "{spread}", which is not supported'
            raise ValueError(Message(told, name=self.items[name].name, spread=spread))
        return spread

    def part(self, what: str) -> str:
        return f"{self.name} · {what}"

    def here(self, what: str, *place: str) -> Ref:
        """Return a reference to a part of the conveyor, at a place where it has places."""
        return Ref(self.part(what), (*self.dims, *place))

    def write(self) -> None:
        """Add the conveyor's parts to the draft and rewrite its flows."""
        draft, dims = self.draft, self.dims
        length = draft.option(self.item, "len")
        if length is None:
            raise ValueError(
                Message('<conveyor> ("{name}") has no <len>, its transit time', name=self.name)
            )
        count = self._count(length)
        slat, first, last = self.part("place"), f"{self.name} · 1", f"{self.name} · {count}"
        names = [f"{self.name} · {k}" for k in range(1, count + 1)]
        front, behind = self.part("front"), self.part("behind")
        draft.ranges.append((slat, names))
        if count > 1:
            draft.ranges += [(front, names[:-1]), (behind, names[1:])]
            draft.mappings.append((front, behind, tuple(names[1:])))
        sample = draft.option(self.item, "sample")
        if sample is not None:
            length = Call("sample_if_true", (sample, length, length))
        steps = Call("integer", (add(div(length, STEP), Number(0.5 + 1e-6)),))
        draft.define(
            self.part("steps"), [(dims, least(most(steps, ONE), Number(float(count))))], ""
        )
        stopped = draft.option(self.item, "arrest")
        draft.define(self.part("stopped"), [(dims, ZERO if stopped is None else stopped)])
        moving = test("eq", self.here("stopped"), ZERO)
        place = Ref(slat)
        start = self._first_value()
        if start is not ZERO:
            self._shares(slat, place)
        self._take_in(moving)
        begins = test("eq", place, self.here("steps"))
        put = [when(begins, self.here("taken"), ZERO)]
        for name, spread in self.spreads.items():
            came = mul(draft.at(name, dims), STEP)
            if spread == "source":
                put.append(self._mirrored(name, slat, count))
            else:
                put.append(mul(came, self._share(name, spread, slat, place, count)))
        draft.define(self.part("put"), [((*dims, slat), add(*put))], self.unit)
        waits = self._waits(self.ends[:1])
        for what in ("load", "base"):  # what stands there; what was put down when it came
            if what == "base" and (not self.leaks or self.exponential):
                continue
            kept = "left" if what == "load" else "base"
            on: Expr = self.here("put", last)
            if count > 1:
                rest = add(self.here(kept, behind), self.here("put", front))
                if waits is not None:
                    first_place = test("and", test("eq", Ref(front), ONE), waits)
                    rest = add(rest, when(first_place, self.here(kept, front), ZERO))
                rows = [((*dims, front), when(moving, rest, self._still(what, front)))]
            else:
                rows = []
                if waits is not None:
                    on = add(on, when(waits, self.here(kept, last), ZERO))
            rows.insert(0, ((*dims, last), when(moving, on, self._still(what, last))))
            draft.define(self.part(f"next {what}"), rows, self.unit)
            old = before(self.here(f"next {what}", slat), self._start(what, slat, start, count))
            draft.define(self.part(what), [((*dims, slat), old)], self.unit)
        self._leak(slat, place, moving)
        whole = total(Ref(self.part("load"), (*dims, f"{slat}!")))
        draft.elements.pop(plain(self.name))
        draft.define(self.name, [(dims, whole)], self.unit)
        if self.ends:
            off = when(_unless(waits, moving), div(self.here("left", first), STEP), ZERO)
            draft.rewrite(self.ends[0], lambda _, __: off, dims)

    def _still(self, what: str, place: str) -> Expr:
        """Return what stands at a place while the conveyor does not move: an oven empties on it
        all the same."""
        ovens = (n for n in self.inflows if self.items[n].options.get("pushed") == "oven")
        here = self.here(what, place)
        return add(here, self.here("put", place)) if any(ovens) else here

    # ── how long it is, what stands on it at first ─────────────────────────────────────────

    def _count(self, length: Expr) -> int:
        """Return how many places the conveyor needs; note what that hangs on."""
        draft = self.draft
        step, longest = draft.number(STEP), draft.number(length)
        start, stop = draft.number(Ref("initial_time")), draft.number(Ref("final_time"))
        if step is None or not step > 0:
            raise ValueError(
                Message('<conveyor> ("{name}") needs a number for <dt>', name=self.name)
            )
        if longest is not None:
            draft.bind(length)
            count = max(int(longest / step + 0.5 + 1e-6), 1)
        elif start is None or stop is None:
            raise ValueError(
                Message('<conveyor> ("{name}"): its <len> is no number', name=self.name)
            )
        elif self.item.options.get("fifo") == "true":
            told = (
                '<conveyor> ("{name}") keeps its order while its transit time changes (fifo): '
                "not supported"
            )
            raise ValueError(Message(told, name=self.name))
        else:  # what stays longer than the run never leaves
            count = max(min(int((stop - start) / step + 1.5), _VARIABLE_MOST), 1)
        draft.take_places(count, f'<conveyor> ("{self.name}")', Message("places"))
        return count

    def _first_value(self) -> Expr:
        """Return the first value as the stock's equation gives it, as a variable of its own;
        0 where nothing stands on it: what leaks may then hang on what does."""
        rows = self.draft.first_values(self.name)
        if all(isinstance(expr, Number) and expr.value == 0 for _, expr in rows):
            return ZERO
        if isinstance(rows[0][1], Array):
            return rows[0][1]
        self.draft.define(self.part("at first"), rows, self.unit)
        return self.here("at first")

    def _start(self, what: str, slat: str, start: Expr, count: int) -> Expr:
        if isinstance(start, Array):  # a list: what comes off in each unit of time
            step = self.draft.number(STEP) or 1.0
            listed = start.values.ravel()
            spread = (np.arange(count) * step + 1e-9).astype(int)
            values = listed[np.minimum(spread, len(listed) - 1)] * step
            self.draft.define(self.part("listed"), [((slat,), Array(values))], self.unit)
            return Ref(self.part("listed"), (slat,))
        if start is ZERO:
            return ZERO
        share = self.here("share", slat) if what == "load" else self.here("full", slat)
        return div(mul(start, share), self.here("shares"))

    def _shares(self, slat: str, place: Ref) -> None:
        """Define how much stands at each place under a constant inflow, 1 where it is put down."""
        steps = self.here("steps")
        gone = div(sub(steps, place), steps)  # of the way from where it was put down
        parts: list[Expr] = []
        for name in self.leaks:
            low, high = self._zone(name)
            inside = most(ZERO, sub(least(Number(high), gone), Number(low)))
            fraction = Ref(self._fraction(name), self.dims)
            if self.exponential:
                kept = sub(ONE, mul(fraction, STEP))
                parts.append(Call("pow", (kept, mul(inside, steps))))
            else:
                parts.append(mul(fraction, div(inside, Number(high - low))))
        share = mul(*parts) if self.exponential else sub(ONE, *parts)
        on = test("le", place, steps)
        rows = (*self.dims, slat)
        self.draft.define(self.part("full"), [(rows, when(on, ONE, ZERO))])
        self.draft.define(self.part("share"), [(rows, when(on, most(share, ZERO), ZERO))])
        whole = total(Ref(self.part("share"), (*self.dims, f"{slat}!")))
        self.draft.define(self.part("shares"), [(self.dims, whole)])

    # ── what leaks ─────────────────────────────────────────────────────────────────────────

    def _zone(self, name: str) -> tuple[float, float]:
        options = self.items[name].options
        try:
            low, high = (
                float(options.get(key, end)) for key, end in (("leak_start", 0), ("leak_end", 1))
            )
        except ValueError:
            low, high = 0.0, 0.0
        if not 0 <= low < high <= 1:
            raise ValueError(
                Message(
                    '"{name}": its leak zone must lie within 0 to 1', name=self.items[name].name
                )
            )
        return low, high

    def _fraction(self, name: str) -> str:
        """Return the variable that holds a leakage's fraction, its flow's own equation."""
        own = f"{self.items[name].name} · fraction"
        if plain(own) not in self.draft.elements:
            element = self.draft.elements[name]
            self.draft.define(own, [(e.subscripts, e.expr) for e in element.equations])
        return own

    def _leak(self, slat: str, place: Ref, moving: Expr) -> None:
        """Define what each leakage takes from each place, first to last, and what is left."""
        steps = self.here("steps")
        load = self.here("load", slat)
        rows = (*self.dims, slat)
        taken: list[Expr] = []
        for number, name in enumerate(self.leaks, 1):
            low, high = self._zone(name)
            begin, end = (div(sub(steps, p), steps) for p in (place, sub(place, ONE)))
            inside = most(ZERO, sub(least(Number(high), end), most(Number(low), begin)))
            fraction = Ref(self._fraction(name), self.dims)
            if self.exponential:
                amount = mul(load, fraction, STEP, inside, steps)
            else:
                amount = mul(self.here("base", slat), fraction, div(inside, Number(high - low)))
            left = sub(load, *taken)
            goes = _unless(self._waits([name]), moving)
            own = when(goes, most(ZERO, least(amount, left)), ZERO)
            self.draft.define(self.part(f"leak {number}"), [(rows, own)], self.unit)
            taken.append(self.here(f"leak {number}", slat))
            rate = div(total(Ref(self.part(f"leak {number}"), (*self.dims, f"{slat}!"))), STEP)
            self.draft.rewrite(name, lambda _, __, rate=rate: rate, self.dims)  # type: ignore[misc]
        self.draft.define(self.part("left"), [(rows, sub(load, *taken))], self.unit)

    # ── what flows in ──────────────────────────────────────────────────────────────────────

    def _take_in(self, moving: Expr) -> None:
        """Limit the inflows, in their order, to what the conveyor has room for.

        What another conveyor or an oven sends comes in any case, and first.
        """
        draft = self.draft
        capacity, rate = draft.option(self.item, "capacity"), draft.option(self.item, "in_limit")
        pushed = [name for name in self.inflows if "pushed" in self.items[name].options]
        asked = [name for name in self.inflows if name not in pushed]
        room: list[Expr] = []
        if capacity is not None:
            free = div(sub(capacity, Ref(self.name, self.dims)), STEP)
            gone = (Ref(n, self.dims) for n in (*self.ends[:1], *self.leaks))
            room.append(sub(add(free, *gone), *(draft.at(n, self.dims) for n in pushed)))
        if rate is not None:
            room.append(self._rest_of_unit(rate, asked) if self.discrete else rate)
        whole = most(least(*room), ZERO) if room else None
        stops = "arrest" in self.item.options

        def gate(inflow: Expr) -> Expr:
            return when(moving, inflow, ZERO) if stops else inflow

        draft.admit(asked, whole, gate, self.dims)
        placed = [name for name in self.inflows if name not in self.spreads]
        gained = add(*(self.draft.at(name, self.dims) for name in placed))
        self.draft.define(self.part("taken"), [(self.dims, mul(gained, STEP))], self.unit)

    def _rest_of_unit(self, rate: Expr, asked: Sequence[str]) -> Expr:
        """Return what may still come in this unit of time, all of it within one step."""
        name = self.part("let in")
        came = mul(add(*(self.draft.at(n, self.dims) for n in asked)), STEP)
        edge = (below(add(t, Number(1e-6))) for t in (add(TIME, STEP), TIME))
        later = when(test("gt", *edge), ZERO, add(self.here("let in"), came))
        self.draft.define(name, [(self.dims, before(later, ZERO))], self.unit)
        return div(sub(rate, self.here("let in")), STEP)

    def _mirrored(self, name: str, slat: str, count: int) -> Expr:
        """Return what a leakage of another conveyor puts down at each place: what it took there."""
        source = self.items[self.items[name].options["leaks from"]]
        alike = [item.options.get("len", "").split() for item in (source, self.item)]
        if alike[0] != alike[1] or source.dims != self.dims:
            told = (
                '"{name}" is spread as it was in "{source}", a conveyor of another transit time: '
                "not supported"
            )
            raise ValueError(Message(told, name=self.items[name].name, source=source.name))
        own = source.name.replace("\\n", " ")
        leaks = [n for n in flows_of(source, self.draft.names).outflows if self._leaks(n)]
        other = f"{own} · place"
        there = tuple(f"{own} · {k}" for k in range(1, count + 1))
        self.draft.mappings.append((slat, other, there))
        return Ref(f"{own} · leak {leaks.index(name) + 1}", (*self.dims, other))

    def _leaks(self, name: str) -> bool:
        return name in self.items and "leak" in self.items[name].options

    def _share(self, name: str, spread: str, slat: str, place: Ref, count: int) -> Expr:
        """Return the share of an inflow that is put down at a place where it is spread."""
        steps, rows = self.here("steps"), (*self.dims, slat)
        on, begins = test("le", place, steps), test("eq", place, steps)
        if spread == "even":
            return when(on, div(ONE, steps), ZERO)
        part = self.part(f"spread {name}")
        weights: list[tuple[tuple[str, ...], Expr]]
        if spread == "dest":  # as what stands there once it has moved on
            weights = [((*self.dims, f"{self.name} · {count}"), ZERO)]
            if count > 1:
                behind, front = self.here("left", self.part("behind")), self.part("front")
                weights.append(((*self.dims, front), behind))
        else:  # a profile from 0, where things are put down at first, to 1, where they leave
            way = div(add(sub(steps, place), Number(0.5)), steps)
            weights = [(rows, when(on, most(self._profile(name, way), ZERO), ZERO))]
        self.draft.define(part, weights)
        whole = total(Ref(part, (*self.dims, f"{slat}!")))
        self.draft.define(f"{part} · all", [(self.dims, whole)])
        sum_ = Ref(f"{part} · all", self.dims)
        even = when(begins, ONE, ZERO)
        return when(test("gt", sum_, ZERO), div(Ref(part, rows), sum_), even)

    def _profile(self, name: str, way: Expr) -> Expr:
        """Return an inflow's profile at a share of the way."""
        table = profile(self.items[name], self.draft.names, way)
        known = self.draft.elements.get(plain(table.function)) if isinstance(table, Call) else None
        points = known.equations[0].expr if known is not None else None
        if not isinstance(points, Table) or (points.x[0], points.x[-1]) != (0.0, 1.0):
            told = (
                '"{name}": what spreads it over its conveyor must be a graphical function '
                "from 0 to 1"
            )
            raise ValueError(Message(told, name=self.items[name].name))
        return table

    def _waits(self, flows: Sequence[str]) -> Expr | None:
        """Return whether what would leave has to wait, since the conveyor it enters stands still;
        None where it never does."""
        into = self.behind.get(flows[0]) if flows else None
        if into is None or into.options["special"] != "conveyor":
            return None
        stopped = self.draft.option(into, "arrest")
        return None if stopped is None else test("ne", stopped, ZERO)


def _unless(waits: Expr | None, moving: Expr) -> Expr:
    return moving if waits is None else test("and", moving, Call("not", (waits,)))


def profile(flow: Item, names: Names, way: Expr) -> Expr:
    """Return the graphical function that spreads a flow over its conveyor, at a share of the way.

    Raises ValueError where its name cannot be read.
    """
    dialect = Stella(names, flow.module, flow.name, flow.dims)
    try:
        return dialect.call(
            "LOOKUP", (dialect.read(flow.options.get("distrib_eq", "")), way), None, ()
        )
    except EquationError as error:
        told = '"{name}" cannot be read: it {what}'
        raise ValueError(Message(told, name=flow.name, what=error.args[0])) from None
