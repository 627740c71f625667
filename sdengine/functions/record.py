"""What the engine knows of a function: one record, in one place.

To support a further function write its record in the file of its family; nothing else has to be
touched. A test walks all records, computes each example and fails where a record lacks anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdengine.functions.scope import Scope
from sdengine.functions.unit_rules import UnitRule
from sdengine.ir import Load, Node, Op, Slots
from sdengine.syntax import Call, Expr, Model, Variable

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """``formula`` is ``value`` at time 4 of a model that starts at 0 and goes in steps of 1,
    where the equations ``given`` stand beside it. ``xmile`` says that only XMILE writes it so."""

    formula: str
    value: float
    given: str = ""
    xmile: bool = False


class Names(Protocol):
    """What the names in an equation mean."""

    @property
    def element(self) -> Mapping[str, int]:
        """The number of every element of any range, by its folded name."""

    @property
    def ranges(self) -> Mapping[str, tuple[str, ...]]:
        """The elements of every range, by its folded name."""

    @property
    def variables(self) -> Mapping[str, Variable]:
        """The variables, by their folded names."""

    def variable(self, name: str) -> Variable:
        """Return a variable by its name in an equation."""

    def elements(self, subscript: str) -> NDArray[np.int64]:
        """Return the numbers of the elements a range or element means."""

    def key(self, name: str) -> str:
        """Return a range's name as scopes know it."""

    def follow(self, subscript: str, scope: Scope) -> tuple[str, NDArray[np.int64]]:
        """Return the range of the left-hand side a range stands for, and its elements."""


class Statements(Protocol):
    """What a function may state: values held, hidden stocks, what was a step ago."""

    def where(self, name: str) -> Slots:
        """Return a variable's slots, in its shape."""

    def keep(self, value: Node, what: str, scope: Scope) -> Slots:
        """Return slots that hold a value at every step, in the scope's shape."""

    def frozen(self, value: Node, scope: Scope) -> Load:
        """Return a value as it is at the start."""

    def stock(self, what: str, initial: Node, scope: Scope) -> Load:
        """Return a hidden stock per point, starting at a value."""

    def rate(self, stock: Load, flow: Node, scope: Scope) -> None:
        """State the net flow of a hidden stock."""

    def memory(self, update: Callable[[Node], Node], initial: Node, scope: Scope) -> Node:
        """Return update(last), where last is what this was one step ago."""

    def lagged(self, value: Node, initial: Node, scope: Scope) -> Node:
        """Return a value of one step ago, at first another."""

    def previous(self, value: Node, initial: Node, scope: Scope) -> Node:
        """Return the same under any method of integration."""

    def pipeline(
        self, inflow: Node, steps: Node, initial: Node, scope: Scope, *, follows: bool = False
    ) -> Node:
        """Return an inflow of so many steps ago, as many as at the start unless it ``follows``."""

    def states(self, target: Slots, flow: Node, initial: Node) -> None:
        """State the net flow and first value of stocks."""

    def becomes(self, target: Slots, new: Node, initial: Node, scope: Scope) -> None:
        """State what stocks are one step later, and their first value."""

    def never_negative(self, target: Slots) -> None:
        """Raise stocks to 0 where they fall below."""

    def computes(self, target: Slots, running: Node, initial: Node) -> None:
        """State what slots are at every step, and what they are while the start is computed."""

    def noise(self, seed: int, scope: Scope) -> Load:
        """Return random numbers in (0, 1) of this call."""

    def step_time(self) -> Node:
        """Return the time at the start of a step."""


class Constants(Protocol):
    """What the constants of a file alone say, before any run."""

    structural: set[str]  # those that no run can set

    def value(self, node: Node) -> NDArray[Any] | None:
        """Return a node's value where constants of the file alone give it."""

    def fixed(self, node: Node) -> NDArray[Any] | None:
        """Return the same, and let no run set those constants."""

    def whole_number(self, node: Node) -> int:
        """Return the order of a delay or smooth."""


class Builder(Protocol):
    """What a function's lowering may ask of the model that is being lowered."""

    @property
    def model(self) -> Model:
        """The model."""

    @property
    def names(self) -> Names:
        """What names mean."""

    @property
    def statements(self) -> Statements:
        """What can be stated."""

    @property
    def constants(self) -> Constants:
        """What constants say."""

    def node(self, expr: Expr, scope: Scope) -> Node:
        """Return an expression over the points of a scope."""

    def curves(self, ref: Expr, scope: Scope) -> Any:
        """Return the graphical function a reference means at each point, a ``Choice``."""

    def series_of(self, ref: Expr, scope: Scope) -> tuple[Any, str]:
        """Return the data series a reference means at each point, and its rule."""

    def inside_marks(self, exprs: Sequence[Expr], scope: Scope) -> tuple[Scope, int]:
        """Return the scope inside a reduction over subscripts marked "!", and its width."""


class Writer(Protocol):
    """What a function's emission may ask of the text that is being written."""

    body: Any

    def value(self, node: Node, index: str | None) -> str:
        """Return the name of a node's vector."""

    def truth(self, node: Node, index: str | None) -> str:
        """Return a node as a mask: whether it is not 0."""

    def is_number(self, node: Node) -> bool:
        """Whether a node cannot be NaN."""


Statement = Callable[[Builder, Call, Scope, Slots], None]
Lowering = Callable[[Builder, Call, Scope], Node]
Emission = Callable[[Writer, Op, str | None], str]


def elementwise(builder: Builder, call: Call, scope: Scope) -> Node:
    """Lower a function of numbers to the operation of its name."""
    return Op(call.function, tuple(builder.node(arg, scope) for arg in call.args))


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A function of numbers alone, which an ``Op`` names.

    ``meaning`` is its definition in NumPy, which the machine code is tested against, and
    ``emit`` writes it (``mask`` where its value is a truth, 1 or 0). ``cost`` is its rough work
    in simple operations. ``seldom`` says that time alone changes it only now and then.
    """

    name: str
    meaning: Callable[..., Any] | None = None
    emit: Emission | None = None
    mask: Emission | None = None
    cost: int = 1
    seldom: bool = False


@dataclass(frozen=True, kw_only=True)
class Function(Operation):
    """One function as models call it; an operation too where it is one of numbers alone.

    ``name`` is what a Call is known by, ``spellings`` how model files write it, ``arity`` the
    numbers of arguments it takes in an equation. ``unit`` gives the unit of its value or what
    is wrong with its arguments'. ``lower`` makes an expression over points of it; where it may
    only stand directly behind the equation sign it has ``stands`` instead. ``reduces`` says that
    subscripts marked "!" inside it are its own, ``stock`` that a variable of this is one.

    ``example`` is computed by a test.
    """

    spellings: tuple[str, ...]
    arity: tuple[int, ...]
    unit: UnitRule
    example: Example
    lower: Lowering | None = elementwise
    stands: Statement | None = None
    reduces: bool = False
    stock: bool = False


def of_values(write: Callable[..., str]) -> Emission:
    """Return the emission of an operation that needs only its parts' vectors."""

    def emit(writer: Writer, node: Op, index: str | None) -> str:
        return write(writer.body, *(writer.value(part, index) for part in node.parts))

    return emit


def of_nodes(write: Callable[[Builder, tuple[Node, ...], Scope], Node]) -> Lowering:
    """Return the lowering of a function that needs only its arguments' nodes."""

    def lower(builder: Builder, call: Call, scope: Scope) -> Node:
        return write(builder, tuple(builder.node(arg, scope) for arg in call.args), scope)

    return lower
