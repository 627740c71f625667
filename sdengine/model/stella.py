"""What names and calls mean in XMILE: Stella's functions and arrays in the engine's own forms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from sdengine.errors import Message
from sdengine.functions import FUNCTIONS as KNOWN
from sdengine.functions import named
from sdengine.model.build import ONE, ZERO, add, div, sub, total
from sdengine.model.clock import constant_of
from sdengine.model.equation import Reader, Subscript, Text, counted
from sdengine.model.points import EquationError
from sdengine.model.stella_functions import ARITY, FUNCTIONS, RUNS
from sdengine.model.tokens import tokens
from sdengine.model.vensim_calls import FORMS, function_name
from sdengine.syntax import Call, Expr, Number, Ref

TABLE_OF = " · table"  # ends the name of a graphical function that belongs to a variable
CLOCK = {"dt": "time_step", "starttime": "initial_time", "stoptime": "final_time"}
_MOVING = {"self", "time", *CLOCK}
_REDUCERS = {
    **{"sum": "sum", "arraysum": "sum", "mean": "mean", "arraymean": "mean", "prod": "prod"},
    **{"stddev": "stddev", "arraystddev": "stddev"},
}
_NUMBERS = {"pi": Number(math.pi), "inf": div(ONE, ZERO), "nan": div(ZERO, ZERO), **RUNS}
_TABLES = (
    *("lookupinv", "lookupmean", "lookuparea", "lookup extrapolate", "lookup forward"),
    *("lookup backward", "lookup invert", "lookup area", "lookup slope"),
)
_VECTORS = ("vector sort order", "vector rank", "vector reorder")
_EXTREMES = ("min", "max", "vmin", "vmax")
_FEW = ("min", "max")
_CYCLES = (
    *("ctmean", "ctmax", "ctmin", "ctstddev", "ctflow", "cyclemean", "cyclemax", "cyclemin"),
    *("throughput", "qelem", "qlen", "osstate", "rework"),
)
_PLACES = ("size", "mean", "stddev", *_EXTREMES)


def unquoted(name: str) -> str:
    """Return a name without its quotes, of which each part of module."variable" may have some."""
    return re.sub(r'(?<!\\)"', "", name) if '"' in name else name


def plain(name: str) -> str:
    """Return a name as XMILE compares it."""
    text = unquoted(name.replace("\\n", " ").replace("_", " ").strip())
    return " ".join(text.split()).casefold()


def twin(dim: str, place: int) -> str:
    """Return the name of a range where it stands again among a variable's, at this place."""
    return f"{dim} · {place + 1}"


@dataclass
class Names:
    """What a file's names stand for: ranges with their elements, variables' ranges, what macros
    take for arguments that are left out, which graphical functions are called by name, which
    variables have one (``tables``), beside an equation (``tabled``), the ranges that equations
    made by naming a first and a last element (``slices``), and the conveyors, queues and ovens
    that are no arrays (``holders``), and the variables whose graphical functions inputs of modules
    are connected to (``copies``). ``nowhere`` is what stands at a place outside an array."""

    ranges: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    arrays: dict[str, tuple[str, ...]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    macros: dict[str, list[str | None]] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    tabled: set[str] = field(default_factory=set)
    slices: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    holders: set[str] = field(default_factory=set)
    copies: dict[str, str] = field(default_factory=dict)
    nowhere: Expr = ZERO


@dataclass(frozen=True)
class Stella:
    """Names and calls of XMILE (an ``equation.Dialect``).

    ``module`` is the module the equation stands in, if any; ``own`` the variable it defines and
    ``dims`` that variable's ranges.
    """

    names: Names
    module: str = ""
    own: str = ""
    dims: tuple[str, ...] = ()

    def read(self, text: str) -> Expr:
        """Return the expression a text spells; raise EquationError where it spells none."""
        reader = Reader(tokens(text.replace("\\n", "_"), xmile=True), self, xmile=True)
        return reader.whole()

    def whole_name(self, text: str) -> str:
        """Return a name as the whole file knows it: those of a module come first, and with a dot
        in front there is none."""
        if text.startswith("."):
            return text[1:]
        own = f"{self.module}.{plain(text)}"
        return own if self.module and plain(own) in self.names.variables else text

    # ── names ──────────────────────────────────────────────────────────────────────────────

    def name(self, text: str, subscripts: tuple[Subscript, ...] | None) -> Expr:
        """Return what a name stands for: a variable, an element, the clock."""
        text = self.whole_name(text)
        name = plain(text)
        if name in self.names.variables:
            return self._array(text, subscripts)
        if name.endswith("'") and subscripts is None:
            dims = self.names.arrays.get(name[:-1], ())
            if dims:  # transposed: its ranges by their names, one that it has twice in turn
                twice = any(dim == twin(dims[0], place) for place, dim in enumerate(dims))
                return Ref(unquoted(text)[:-1], dims[::-1] if twice else dims)
        if subscripts is None:
            if name == "self":
                return Ref(unquoted(self.own), self.dims)
            if name in CLOCK:
                return Ref(CLOCK[name])
            if name in _NUMBERS:
                return _NUMBERS[name]
        if "." in text and not text.startswith('"'):
            head, _, element = text.partition(".")
            if plain(head) in self.names.ranges:  # an element by its range
                return Ref(unquoted(element))
        return self._array(text, subscripts)

    def _array(self, text: str, subscripts: tuple[Subscript, ...] | None) -> Expr:
        """Return a reference with every subscript by name, or computed where an equation
        stands in its place."""
        if subscripts is None:
            return Ref(unquoted(text))
        self._require_no_holder(unquoted(text))
        dims = self.names.arrays.get(plain(text), ())
        if dims and len(dims) != len(subscripts):
            raise EquationError(
                Message(
                    'uses "{text}" with {n} subscripts, it has {m}',
                    text=text,
                    n=len(subscripts),
                    m=len(dims),
                )
            )
        found = [
            self._subscript(subscript, dims[place] if dims else "")
            for place, subscript in enumerate(subscripts)
        ]
        if all(isinstance(one, str) for one in found):
            return Ref(unquoted(text), tuple(self._twin(str(s), n) for n, s in enumerate(found)))
        return self._computed(text, dims, found)

    def _twin(self, subscript: str, place: int) -> str:
        """Return the second name of a range that the equation's own variable has twice."""
        own = self.dims[place] if place < len(self.dims) else ""
        return own if plain(own) == plain(twin(subscript, place)) else subscript

    def _subscript(self, subscript: Subscript, dim: str) -> Subscript:
        elements = self.names.ranges.get(plain(dim), ("", ()))[1]
        if isinstance(subscript, Expr):
            return subscript
        if subscript == "*":
            if not dim:
                raise EquationError(Message("has [*] on something that is no array"))
            return f"{dim}!"
        if ":" in subscript and not subscript.startswith('"'):
            return f"{self._slice(subscript, dim)}!"
        bare = subscript.strip('"')
        if bare.isdigit() and elements and bare not in elements:
            if not 1 <= int(bare) <= len(elements):
                raise EquationError(
                    Message(
                        'has subscript {bare}, "{dim}" has {n} elements',
                        bare=bare,
                        dim=dim,
                        n=len(elements),
                    )
                )
            return elements[int(bare) - 1]
        head, dot, element = bare.partition(".")
        if dot and plain(head) in self.names.ranges:
            return element
        if plain(bare) in {plain(e) for e in elements} or plain(bare) in self.names.ranges:
            return subscript.replace("_", " ")
        if elements and plain(self.whole_name(bare)) in self.names.variables | _MOVING:
            return self.name(bare, None)
        if elements and re.fullmatch(r"\d*\.\d*", bare):
            return Number(float(bare))
        return subscript.replace("_", " ")

    def _slice(self, subscript: str, dim: str) -> str:
        """Return a range of its own for the elements from one to another, "2:4" or "a:c"."""
        name, elements = self.names.ranges.get(plain(dim), ("", ()))
        places = []
        for end in subscript.split(":"):
            place = {plain(e): n for n, e in enumerate(elements)}.get(plain(end), -1)
            places.append(int(end) - 1 if place < 0 and end.isdigit() else place)
        first, last = places
        if not 0 <= first <= last < len(elements):
            raise EquationError(
                Message(
                    'has the subscript {subscript}, which are no elements of "{dim}"',
                    subscript=subscript,
                    dim=dim,
                )
            )
        made = f"{name} {subscript}"
        self.names.slices[made] = self.names.ranges[plain(made)] = (
            made,
            elements[first : last + 1],
        )
        return made

    def _computed(self, text: str, dims: tuple[str, ...], found: list[Subscript]) -> Expr:
        """Return an element of an array whose place is computed: 0 where there is none, as in
        Stella, or no number where the file says so. Fractions are cut off."""
        if not dims:
            raise EquationError(
                Message('has a computed subscript on "{text}", which is no array', text=text)
            )
        lengths = [len(self.names.ranges[plain(dim)][1]) for dim in dims]
        first = [
            self.names.ranges[plain(dim)][1][0] if isinstance(one, Expr) else one
            for dim, one in zip(dims, found, strict=True)
        ]
        offset: Expr | None = None
        inside: Expr | None = None
        for place, one in enumerate(found):
            if not isinstance(one, Expr):
                continue
            fixed = constant_of(one, lambda _: None)
            if fixed is not None and not 1 <= math.trunc(fixed) <= lengths[place]:
                told = (
                    'has subscript {fixed:g} on "{text}", "{dim}" has {n} elements; the name of an '
                    "element stands in quotes where it holds signs"
                )
                what = Message(told, fixed=fixed, text=text, dim=dims[place], n=lengths[place])
                raise EquationError(what)
            whole = Call("integer", (one,))
            step = Number(float(math.prod(lengths[place + 1 :])))
            part = Call("mul", (Call("sub", (whole, Number(1.0))), step))
            ends = (
                Call("ge", (whole, Number(1.0))),
                Call("le", (whole, Number(float(lengths[place])))),
            )
            offset = part if offset is None else Call("add", (offset, part))
            for end in ends:
                inside = end if inside is None else Call("and", (inside, end))
        assert offset is not None
        assert inside is not None
        ref = Ref(unquoted(text), tuple(str(one) for one in first))
        return Call(
            "if_then_else", (inside, Call("vector_elm_map", (ref, offset)), self.names.nowhere)
        )

    # ── functions ──────────────────────────────────────────────────────────────────────────

    def call(
        self,
        name: str,
        args: tuple[Expr, ...],
        subscripts: tuple[Subscript, ...] | None,
        outputs: tuple[str, ...],
    ) -> Expr:
        """Return a function of arguments in the engine's forms."""
        text = self.whole_name(name)
        word = plain(text)
        if any(isinstance(arg, Text) for arg in args):
            raise EquationError(
                Message('has the function "{name}" of a text, which is not supported', name=name)
            )
        if word in self.names.macros:
            return self._macro(text, args)
        if word in _PLACES and len(args) == 1 and isinstance(args[0], Ref):
            self._require_no_holder(args[0].name)
        if word in self.names.variables and (word in self.names.tables or not _known(word)):
            table = self._array(text, subscripts)
            return self._lookup(self._table(table) if isinstance(table, Ref) else table, args)
        if word == "lookup" and len(args) == 2 and isinstance(args[0], Ref):
            return self._lookup(self._table(args[0]), args[1:])
        if word in _TABLES and args and isinstance(args[0], Ref):
            args = (self._table(args[0]), *args[1:])
        if word in _VECTORS:
            args = tuple(self._spelled(arg) for arg in args)
        if word == "size":
            return self._size(args)
        if word in _REDUCERS and len(args) == 1:
            return self._reduce(_REDUCERS[word], self._marked(self.open(args[0])))
        if word == "mean" and len(args) > 1:
            return div(add(*args), Number(float(len(args))))
        if word == "rank" and len(args) == 2:
            return Call("rank", (self.open(args[0]), args[1]))
        if word in _EXTREMES and len(args) == 1:
            kind = word[-3:]
            return Call(f"v{kind}_xmile" if word in _FEW else word, (self.open(args[0]),))
        if word in _FEW and len(args) > 1:
            args = tuple(self._one(word, arg) for arg in args)
            out = args[0]
            for arg in args[1:]:
                out = Call(word, (out, arg))
            return out
        if word == "nan":
            return _NUMBERS[word]
        if word in _CYCLES:
            told = "asks for {name}: cycle times and single batches are not followed"
            raise EquationError(Message(told, name=name))
        made = FUNCTIONS.get((word, len(args)))
        if made is not None:
            return made(*args)
        if word in ARITY:
            counted(name, args, *ARITY[word])
        elif function_name(word) in FORMS:  # as Vensim exports it
            count, form = FORMS[function_name(word)]
            counted(name, args, count)
            return form(*args)
        return Call(word.replace(" ", "_"), args)

    def _require_no_holder(self, name: str) -> None:
        """Raise for a conveyor, queue or oven whose single places are asked for."""
        if plain(name) in self.names.holders:
            told = 'asks for the single places of "{name}", which is not supported'
            raise EquationError(Message(told, name=name))

    def _macro(self, text: str, args: tuple[Expr, ...]) -> Expr:
        """Return a call of a macro, arguments that are left out by their defaults."""
        parts = list(args)
        for default in self.names.macros[plain(text)][len(args) :]:
            if default is None:
                break
            parts.append(self.read(default))
        return Call(plain(text).replace(" ", "_"), tuple(parts))

    def _table(self, ref: Ref) -> Ref:
        """Return a reference to a graphical function: a variable's own, beside its equation."""
        name = self.names.copies.get(plain(ref.name), ref.name)
        name += TABLE_OF if plain(name) in self.names.tabled else ""
        self.names.looked_up.add(plain(name))
        return Ref(name, ref.subscripts)

    def _lookup(self, table: Expr, args: tuple[Expr, ...]) -> Expr:
        if isinstance(table, Ref) and not table.subscripts:
            dims = self.names.arrays.get(plain(table.name), ())
            if not dims:
                return Call(plain(table.name).replace(" ", "_"), args)
            table = Ref(table.name, dims)
        return Call("lookup", (table, *args))

    def _size(self, args: tuple[Expr, ...]) -> Expr:
        if len(args) == 1 and isinstance(args[0], Ref):
            name = plain(args[0].name)
            if name in self.names.ranges and name not in self.names.variables:
                return Number(float(len(self.names.ranges[name][1])))
            return Number(float(math.prod(self._widths(self.open(args[0])))))
        raise EquationError(Message("has SIZE of something that is no array"))

    def _reduce(self, name: str, part: Expr) -> Expr:
        if name not in ("mean", "stddev"):
            return Call(name, (part,))
        widths = self._widths(part)
        if not widths:
            raise EquationError(
                Message("has {name} of something that is no array", name=name.upper())
            )
        count = Number(float(math.prod(widths)))
        mean = div(total(part), count)
        if name == "mean":
            return mean
        apart = Call("pow", (sub(part, mean), Number(2.0)))
        return Call("sqrt", (div(total(apart), count),))

    def _one(self, word: str, arg: Expr) -> Expr:
        """Return what MIN or MAX compares: of an array in an equation that has none, its own."""
        opened = arg if self.dims else self.open(arg)
        return arg if opened == arg else Call(f"v{word}_xmile", (opened,))

    def _spelled(self, arg: Expr) -> Expr:
        """Return an array that stands bare with its subscripts."""
        if isinstance(arg, Ref) and not arg.subscripts:
            return Ref(arg.name, self.names.arrays.get(plain(arg.name), ()))
        return arg

    def open(self, expr: Expr) -> Expr:
        """Return an expression with every array that stands bare in it reduced as a whole."""
        if isinstance(expr, Ref) and not expr.subscripts:
            dims = self.names.arrays.get(plain(expr.name), ())
            return Ref(expr.name, tuple(f"{dim}!" for dim in dims)) if dims else expr
        if isinstance(expr, Call):
            args = [self.open(arg) for arg in expr.args]
            if expr.function == "lookup":
                args[0] = expr.args[0]
            return Call(expr.function, tuple(args))
        return expr

    def _marked(self, expr: Expr) -> Expr:
        """Return an expression with the ranges reduced that the equation's variable has not."""
        if isinstance(expr, Ref):
            own = {plain(dim) for dim in self.dims}
            loose = [plain(s) in self.names.ranges and plain(s) not in own for s in expr.subscripts]
            named = zip(expr.subscripts, loose, strict=True)
            return Ref(expr.name, tuple(f"{s}!" if free else s for s, free in named))
        if isinstance(expr, Call):
            return Call(expr.function, tuple(self._marked(arg) for arg in expr.args))
        return expr

    def _widths(self, expr: Expr) -> list[int]:
        """Return the lengths of the ranges marked as reduced in an expression."""
        marked: dict[str, None] = {}
        todo = [expr]
        while todo:
            one = todo.pop()
            if isinstance(one, Ref):
                marked |= dict.fromkeys(s for s in one.subscripts if s.endswith("!"))
            todo += one.args if isinstance(one, Call) else ()
        return [len(self.names.ranges[plain(s[:-1])][1]) for s in marked]


def _known(word: str) -> bool:
    """Whether a word is a function of the language, whatever a variable may be called."""
    return word in ARITY or word in _REDUCERS or word in _EXTREMES or named(word) in KNOWN
