"""The text of an XMILE file → its sections: variables, ranges, modules, macros.

A document (``xmile_document``) becomes items, one for each variable, whose modules are joined
(``modules``); each item's texts are then read once, by Stella's rules (``stella``).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence

from sdengine.errors import Message, did_you_mean
from sdengine.limits import at_most, limit
from sdengine.model.build import total
from sdengine.model.draft import Draft
from sdengine.model.equation import negated
from sdengine.model.items import Item, Piece
from sdengine.model.modules import joined
from sdengine.model.points import EquationError, number
from sdengine.model.repair import document
from sdengine.model.sections import CLOCK, Element, File, Section
from sdengine.model.special import mark_driven, write_out
from sdengine.model.stella import TABLE_OF, Names, Stella, plain, twin, unquoted
from sdengine.model.xmile_document import KINDS, Document
from sdengine.syntax import Call, Equation, Expr, Number, Ref, Table, fold

Macros = Sequence[tuple[str, tuple[str, ...], list[Item]]]


def read_xmile(text: str) -> File:
    """Return the sections of an XMILE file: the model itself, then its macros.

    Raises ValueError saying what is wrong with the file as a whole, or with each equation by
    its name, one argument each.
    """
    root, space, remarks = document(text)
    tree = Document(root, space)
    (method, more), clock, ranges = tree.method(), tree.clock(), tree.ranges()
    items, macros = joined(tree.models()), list(tree.macros())
    if len(items) > limit("VARIABLES"):
        raise ValueError(
            Message("{n:,} variables; {most}", n=len(items), most=at_most("VARIABLES"))
        )
    ranges += _twins(ranges, [*items, *(item for _, _, own in macros for item in own)])
    names = _names(ranges, items, macros)
    names.macros = tree.defaults()
    if tree.says_nan_outside():
        names.nowhere = Number(math.nan)
    mark_driven(items, names)
    if method != "euler" and any("special" in item.options for item in items):
        told = (
            "conveyors, queues and ovens move once a step: run by Euler's method "
            "instead of {method}"
        )
        method, more = "euler", (*more, Message(told, method=method))
    times = _clock(clock, names)
    reader = _Items(names, tree.non_negative(), {fold(e.name): e for e in times})
    drafts = [reader.draft(items), *(reader.draft(own) for _, _, own in macros)]
    if reader.faults:
        raise ValueError(*(_unread(name, what) for name, what in reader.faults[:10]))
    main = drafts[0]
    ranges += [*main.ranges, *((name, list(part)) for name, part in names.slices.values())]
    elements = (*main.elements.values(), *main.twice, *times)
    sections = [
        Section("__main__", (), elements, tuple(ranges), tuple(main.mappings), (), main.bound)
    ]
    for (name, params, _), draft in zip(macros, drafts[1:], strict=True):
        if draft.ranges:
            raise ValueError(
                Message('macro "{name}" holds a conveyor, queue or oven: not supported', name=name)
            )
        found = tuple(e for e in draft.elements.values() if fold(e.name) not in CLOCK)
        sections.append(Section(name, params, found, ()))
    return File(tuple(sections), method, (*remarks, *more, *tree.included()))


def _twins(
    ranges: Sequence[tuple[str, list[str]]], items: Sequence[Item]
) -> list[tuple[str, list[str]]]:
    """Give a range that a variable has twice a second name there; return those."""
    elements = {plain(name): own for name, own in ranges}
    made: dict[str, list[str]] = {}
    for item in items:
        known = [plain(dim) for dim in item.dims]
        if len(set(known)) < len(known):
            item.dims = tuple(
                twin(dim, place) if plain(dim) in known[:place] else dim
                for place, dim in enumerate(item.dims)
            )
            made |= {
                dim: elements[key]
                for dim, key in zip(item.dims, known, strict=True)
                if plain(dim) != key and key in elements
            }
    return list(made.items())


def _names(
    ranges: Sequence[tuple[str, list[str]]],
    items: Sequence[Item],
    macros: Macros,
) -> Names:
    names = Names()
    for name, elements in ranges:
        names.ranges[plain(name)] = (name, tuple(elements))
    for item in [*items, *(item for _, _, own in macros for item in own)]:
        name = plain(item.name)
        names.variables.add(name)
        if item.dims:
            names.arrays[name] = item.dims
        unknown = [dim for dim in item.dims if plain(dim) not in names.ranges]
        if unknown:
            near = did_you_mean(unknown[0], [own for own, _ in names.ranges.values()])
            raise ValueError(
                Message(
                    '"{name}" stands over "{unknown}", which is no range{near}',
                    name=item.name,
                    unknown=unknown[0],
                    near=near,
                )
            )
        if "special" in item.options and not item.dims:
            names.holders.add(name)
        if item.table is not None or any(piece.table is not None for piece in item.pieces):
            names.tables.add(name)
        if item.table is not None and any(text.strip() for text in item.equations):
            names.tabled.add(name)
    for item in items:
        source = item.source
        if item.table is None and source in names.tables:
            names.copies[plain(item.name)] = names.copies.get(source, source)
            names.tables.add(plain(item.name))
    return names


def _unread(name: str, what: str) -> str:
    return Message('"{name}" cannot be read: it {what}', name=name, what=what)


def _clock(clock: tuple[str, str, str, str], names: Names) -> list[Element]:
    """Return the four times of the simulation; every step is saved."""
    *texts, unit = clock
    own = ("INITIAL TIME", "FINAL TIME", "TIME STEP")
    out = []
    for name, text in zip(own, texts, strict=True):
        try:
            expr = Stella(names).read(text)
        except EquationError as error:
            raise ValueError(_unread(name, error.args[0])) from None
        out.append(Element(name, (Equation((), expr),), unit))
    return [*out, Element("SAVEPER", (Equation((), Ref("time_step")),), unit)]


class _Items:
    """Reads items into elements. ``faults`` are (name, what is wrong with its equation).

    ``flows`` says whether stocks and flows are non-negative where they do not say.
    """

    def __init__(
        self, names: Names, flows: tuple[bool, bool], clock: Mapping[str, Element]
    ) -> None:
        self.names, self.flows, self.clock = names, flows, clock
        self.faults: list[tuple[str, str]] = []

    def draft(self, items: Sequence[Item]) -> Draft:
        """Return the elements of a model or macro, by their kind, special stocks written out."""
        found: dict[str, list[Element]] = {kind: [] for kind in KINDS}
        for item in items:
            if item.kind in ("aux", "flow") and fold(item.name) in CLOCK:
                self._require_clock(item)
                continue
            if item.kind == "stock" and item.pieces:
                found["aux"].append(self._firsts(item))
            equations = tuple(self._equations(item))
            kind = "gf" if all(isinstance(e.expr, Table) for e in equations) else item.kind
            found[kind].append(_element(item, equations))
        found["gf"] += [
            _element(item, (Equation((), item.table),), f"{item.name}{TABLE_OF}")
            for item in items
            if item.table is not None and plain(f"{item.name}{TABLE_OF}") in self.names.looked_up
        ]
        known: dict[str, Element] = {}
        twice: list[Element] = []
        for element in (element for kind in KINDS for element in found[kind]):
            if plain(element.name) in known:
                twice.append(element)
            known.setdefault(plain(element.name), element)
        draft = Draft(known, twice, names=self.names, clock=self.clock)
        if not self.faults:
            write_out(draft, items, self.flows)
        return draft

    def _require_clock(self, item: Item) -> None:
        """Note it as a fault where a variable with the name of a time of the clock, which Vensim
        writes beside it, has another value."""
        text, own = "".join(item.equations), self.clock.get(fold(item.name))
        with contextlib.suppress(ValueError, EquationError):
            expr = None if own is None else own.equations[0].expr
            if isinstance(expr, Number) and number(text) != expr.value:
                what = "bears the name of the clock's {value}: rename it"
                self.faults.append((_shown(item), Message(what, value=expr.value)))

    def _firsts(self, item: Item) -> Element:
        """Return the first values of a stock that are given by element, as a variable."""
        if not item.dims:
            raise ValueError(Message('"{name}" has elements but no dimensions', name=item.name))
        name = f"{item.name} · initial"
        pieces, item.pieces = item.pieces, ()
        start = Item("aux", name, item.module, item.macro, item.dims, item.equations)
        start.pieces = pieces
        inside = ", ".join(f'"{dim}"' for dim in item.dims)
        item.equations = (f'"{name}"[{inside}]',)
        self.names.variables.add(plain(name))
        self.names.arrays[plain(name)] = item.dims
        return _element(start, tuple(self._equations(start)))

    def _equations(self, item: Item) -> list[Equation]:
        if item.pieces:
            own = [Equation(p.subscripts, self._piece(item, p)) for p in item.pieces]
            return [*self._others(item), *own]
        texts = [text for text in item.equations if text.strip()]
        if not texts and "driven" in item.options:
            return [Equation(item.dims, Number(0.0))]  # its stock says what it is
        if item.table is not None and not texts and item.kind in ("aux", "gf"):
            return [Equation(item.dims, item.table)]  # a table that is called by name
        if not item.equations:
            raise ValueError(Message('"{name}" has no equation', name=_shown(item)))
        if len(item.equations) > 1:
            lists = [self.names.ranges.get(plain(dim), ("", ()))[1] for dim in item.dims]
            if [len(elements) for elements in lists] != [len(item.equations)]:
                raise ValueError(
                    Message('"{name}" has {n} equations', name=_shown(item), n=len(item.equations))
                )
            return [
                Equation((element,), self._right(item, text, item.table, item.first))
                for element, text in zip(lists[0], item.equations, strict=True)
            ]
        return [Equation(item.dims, self._right(item, item.equations[0], item.table, item.first))]

    def _others(self, item: Item) -> list[Equation]:
        """Return the equation that stands for the elements that have none of their own."""
        named = tuple(piece.subscripts for piece in item.pieces)
        lengths = [len(self.names.ranges[plain(dim)][1]) for dim in item.dims]
        if not any(text.strip() for text in item.equations) or len(named) >= math.prod(lengths):
            return []
        expr = self._right(item, item.equations[0], item.table, item.first)
        return [Equation(item.dims, expr, named)]

    def _piece(self, item: Item, piece: Piece) -> Expr:
        text = piece.equation
        if text is None and item.equations:
            text = item.equations[0]
        table = piece.table or item.table
        if table is not None and (item.kind == "gf" or text is None):
            if item.kind not in ("gf", "aux"):
                raise ValueError(
                    Message(
                        '"{name}" has a graphical function without an equation', name=_shown(item)
                    )
                )
            return table
        return self._right(item, text or "", table, piece.first or item.first)

    def _right(self, item: Item, text: str, table: Table | None, first: str) -> Expr:
        """Return a variable's right-hand side; note what is wrong with it."""
        dialect = Stella(self.names, item.module, item.name, item.dims)
        try:
            if not text.strip():
                raise EquationError(Message("has no equation"))
            expr = dialect.read(text)
            if table is not None:
                expr = Call("lookup", (table, expr))
            if first.strip():
                expr = Call("active_initial", (expr, dialect.read(first)))
        except (EquationError, RecursionError) as error:
            deep = isinstance(error, RecursionError)
            self.faults.append(
                (_shown(item), Message("is nested too deeply") if deep else error.args[0])
            )
            return Number(0.0)
        own = item.non_negative
        if item.kind == "flow" and (self.flows[1] if own is None else own):
            return Call("max", (expr, Number(0.0)))
        if item.kind == "stock":
            function = "integ_non_negative" if (self.flows[0] if own is None else own) else "integ"
            return Call(function, (_net(item, dialect), expr))
        return expr


def _net(item: Item, dialect: Stella) -> Expr:
    """Return what a stock gains in a unit of time: its inflows less its outflows."""
    gains, losses = (
        [_flow(unquoted(dialect.whole_name(_bare(flow))), item, dialect) for flow in flows]
        for flows in (item.inflows, item.outflows)
    )
    if not gains and not losses:
        return Number(0.0)
    out: Expr = gains[0] if gains else negated(losses.pop(0))
    for gain in gains[1:]:
        out = Call("add", (out, gain))
    for loss in losses:
        out = Call("sub", (out, loss))
    return out


def _flow(name: str, item: Item, dialect: Stella) -> Expr:
    """Return what a flow brings to a stock: where it is an array and the stock is none, the sum."""
    dims = dialect.names.arrays.get(plain(name), ())
    if set(dims) <= set(item.dims):
        return Ref(name)
    return total(Ref(name, tuple(d if d in item.dims else f"{d}!" for d in dims)))


def _bare(name: str) -> str:
    """Return a flow's name as it stands, a quoted one with its quotes."""
    name = name.replace("\\n", "_").strip()
    return name if name.startswith('"') else "_".join(name.split())


def _shown(item: Item) -> str:
    return item.name.replace("\\n", " ")


def _element(item: Item, equations: tuple[Equation, ...], name: str = "") -> Element:
    name = (name or item.name).replace("\\n", " ")
    return Element(name, equations, item.unit, item.limits, item.text)
