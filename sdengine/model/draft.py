"""The elements of an XMILE model while its special stocks are written as ordinary equations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sdengine.errors import Message
from sdengine.functions import STOCKS
from sdengine.limits import at_most, limit
from sdengine.model.build import ZERO, least, most, sub
from sdengine.model.clock import constant_of
from sdengine.model.items import Item
from sdengine.model.points import EquationError
from sdengine.model.sections import Element
from sdengine.model.stella import Names, Stella, plain
from sdengine.syntax import Call, Equation, Expr, Ref, fold, walk

_HELD = (*STOCKS, "delay_fixed", "previous", "initial", "active_initial")


@dataclass
class Draft:
    """Elements by their plain names, and the ranges and mappings added to them.

    ``bound`` are elements that give the model its shape: what they are computed from cannot be
    set for a run.
    """

    elements: dict[str, Element]
    twice: list[Element] = field(default_factory=list)  # of names that stand there already
    names: Names = field(default_factory=Names)
    clock: Mapping[str, Element] = field(default_factory=dict)
    ranges: list[tuple[str, list[str]]] = field(default_factory=list)
    mappings: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    bound: tuple[str, ...] = ()
    places: int = 0  # on all conveyors and in all queues so far

    def define(
        self, name: str, equations: Iterable[tuple[tuple[str, ...], Expr]], unit: str = ""
    ) -> str:
        """Add a variable; return its name."""
        made = tuple(Equation(subscripts, expr) for subscripts, expr in equations)
        self.elements[plain(name)] = Element(name, made, unit)
        return name

    def first_values(self, stock: str) -> list[tuple[tuple[str, ...], Expr]]:
        """Return a stock's first values as its equations give them, with their subscripts.

        Raises ValueError where another variable has its name.
        """
        rows = []
        for equation in self.elements[plain(stock)].equations:
            if not isinstance(equation.expr, Call) or equation.expr.function not in STOCKS:
                raise ValueError(Message('"{stock}" is defined twice', stock=stock))
            rows.append((equation.subscripts, equation.expr.args[1]))
        return rows

    def rewrite(
        self,
        name: str,
        change: Callable[[Expr, tuple[str, ...]], Expr],
        dims: tuple[str, ...] = (),
    ) -> None:
        """Put ``change(expression, subscripts)`` in the place of each of a variable's equations.

        What it makes may speak of the ranges ``dims``: in the equation of an element they are it.
        """
        element = self.elements[plain(name)]
        self.elements[plain(name)] = replace(
            element,
            equations=tuple(
                replace(e, expr=_of_element(change(e.expr, e.subscripts), dims, e.subscripts))
                for e in element.equations
            ),
        )

    def take_places(self, count: int, stock: str, what: str) -> None:
        """Count the places of a conveyor or batches of a queue; raise where they are too many."""
        self.places += count
        if self.places > limit("SLATS"):
            raise ValueError(
                Message(
                    "{stock}: {places:,} {what}; {most}",
                    stock=stock,
                    places=self.places,
                    what=what,
                    most=at_most("SLATS", "taken"),
                )
            )

    def admit(
        self,
        inflows: Sequence[str],
        room: Expr | None,
        gate: Callable[[Expr], Expr],
        dims: tuple[str, ...],
    ) -> None:
        """Limit a stock's inflows, in their order, to what there is room for, behind a gate."""
        for place, name in enumerate(inflows):
            earlier = inflows[:place]

            def limited(expr: Expr, at: tuple[str, ...], earlier: Sequence[str] = earlier) -> Expr:
                out = most(expr, ZERO)
                if room is not None:
                    out = least(out, most(sub(room, *(self.at(n, at) for n in earlier)), ZERO))
                return gate(out)

            self.rewrite(name, limited, dims)

    def option(self, item: Item, *keys: str) -> Expr | None:
        """Return what a stock says of itself under the first of these keys, as an equation."""
        text = next((t for k in keys if (t := item.options.get(k, "").strip())), "")
        dialect = Stella(self.names, item.module, item.name, item.dims)
        try:
            return self._spelled(dialect.read(text)) if text else None
        except EquationError as error:
            name = item.name.replace("\\n", " ")
            raise ValueError(
                Message(
                    '<{key}> of "{name}" cannot be read: it {error}',
                    key=keys[0],
                    name=name,
                    error=error.args[0],
                )
            ) from None

    def _spelled(self, expr: Expr) -> Expr:
        """Return an expression with the subscripts that XMILE leaves out."""
        if isinstance(expr, Ref) and not expr.subscripts:
            return Ref(expr.name, self.names.arrays.get(plain(expr.name), ()))
        if isinstance(expr, Call):
            return Call(expr.function, tuple(self._spelled(arg) for arg in expr.args))
        return expr

    def at(self, name: str, subscripts: Sequence[str]) -> Ref:
        """Return a reference to a variable at an equation's own subscripts, if it has any."""
        element = self.elements[plain(name)]
        own = element.equations[0].subscripts if element.equations else ()
        return Ref(element.name, tuple(subscripts) if own else ())

    def number(self, expr: Expr) -> float | None:
        """Return the largest value of an expression of constants; None where only a run can
        tell it."""
        return constant_of(expr, self._found)

    def _found(self, name: str) -> list[Expr] | None:
        element = self.elements.get(plain(name)) or self.clock.get(fold(name))
        return None if element is None else [e.expr for e in element.equations]

    def bind(self, expr: Expr) -> None:
        """Note that the model's shape hangs on an expression of constants."""
        self.bound += tuple(e.name for e in walk(expr) if isinstance(e, Ref) and e.name)

    def reads(self, name: str) -> set[str]:
        """Return the variables that a variable's value now hangs on."""
        found: set[str] = set()
        element = self.elements.get(plain(name))
        for equation in element.equations if element else ():
            todo: list[Expr] = [equation.expr]
            while todo:
                expr = todo.pop()
                if isinstance(expr, Ref):
                    found.add(plain(expr.name))
                elif isinstance(expr, Call) and expr.function not in _HELD:
                    todo += expr.args
                elif isinstance(expr, Call) and expr.function == "active_initial":
                    todo.append(expr.args[0])
        return found

    def hangs_on(self, name: str, other: str) -> bool:
        """Whether a variable's value now hangs on another's, however far."""
        seen, todo = {plain(name)}, [plain(name)]
        while todo:
            one = todo.pop()
            if one == plain(other):
                return True
            new = {read for read in self.reads(one) if read not in seen}
            seen |= new
            todo += new
        return False


def _of_element(expr: Expr, dims: Sequence[str], at: Sequence[str]) -> Expr:
    """Return an expression with each range as it stands on an equation's left-hand side."""
    places = {fold(dim): one for dim, one in zip(dims, at, strict=False) if dim != one}
    if not places:
        return expr
    if isinstance(expr, Ref):
        return Ref(expr.name, tuple(places.get(fold(s), s) for s in expr.subscripts))
    if isinstance(expr, Call):
        return Call(expr.function, tuple(_of_element(arg, dims, at) for arg in expr.args))
    return expr


@dataclass(frozen=True)
class Flows:
    """The flows of a stock by their plain names, in the file's order."""

    inflows: tuple[str, ...]
    outflows: tuple[str, ...]


def flows_of(item: Item, names: Names) -> Flows:
    """Return a stock's flows as the whole file knows them."""
    dialect = Stella(names, item.module)
    inflows, outflows = (
        tuple(plain(dialect.whole_name(flow.strip())) for flow in flows)
        for flows in (item.inflows, item.outflows)
    )
    return Flows(inflows, outflows)
