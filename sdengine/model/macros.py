"""Macros, taken apart: every call gets equations of its own, so that its stocks are its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sdengine.errors import Message, Problems
from sdengine.limits import at_most, limit
from sdengine.model.equation import MARK
from sdengine.model.external import Source
from sdengine.model.ranges import Ranges
from sdengine.model.sections import Element, Section
from sdengine.syntax import Call, Equation, Expr, Number, Ref, Table, fold

_REDUCING = ("sum", "prod", "vmin", "vmax", "vmin_xmile", "vmax_xmile", "vector_select")
GLOBAL = ("time", "time step", "initial time", "final time", "saveper")


def inline(
    elements: Sequence[Element], macros: Sequence[Section], path: Path, ranges: Ranges
) -> list[Element]:
    """Return the elements with every call of a macro replaced by what the macro says.

    The variables of a macro become elements named after the variable that calls it. They take
    on the subscripts of the calling equation, and those marked "!" in the arguments where the
    call stands inside a sum. A name followed by "$" means the model's own.
    """
    if not macros:
        return list(elements)
    inliner = _Inliner({fold(macro.name): macro for macro in macros}, Problems(), path, ranges)
    out = [made for element in elements for made in inliner.element(element)]
    inliner.problems.raise_if_any()
    return out


class MacroError(Exception):
    """What is wrong with a macro or with a call of it, in words."""


@dataclasses.dataclass
class _Inliner:
    macros: Mapping[str, Section]
    problems: Problems
    path: Path
    ranges: Ranges
    calls: int = 0  # within one element
    made: int = 0  # equations, in the whole file

    def element(self, element: Element) -> list[Element]:
        """Return an element without calls of macros, and the elements those calls need."""
        made: list[Element] = []
        equations = []
        self.calls = 0
        for equation in element.equations:
            try:
                site = _Site(element.name, equation.subscripts, equation.excepts, made)
                expr = self.expand(equation.expr, site, ())
            except MacroError as error:
                self.problems.add(f'{self.path.name} "{element.name}"', error.args[0])
                continue
            equations.append(dataclasses.replace(equation, expr=expr))
        return [dataclasses.replace(element, equations=tuple(equations)), *made]

    def expand(self, expr: Expr, site: _Site, inside: tuple[str, ...]) -> Expr:
        """Return an expression with the calls of macros in it replaced by references.

        ``inside`` are the macros whose equations it comes from, outermost first.
        """
        if not isinstance(expr, Call):
            return expr
        args = tuple([self.expand(arg, site, inside) for arg in expr.args])
        called, _, number = fold(expr.function).partition(MARK)
        macro = self.macros.get(called)
        if macro is None:
            return Call(expr.function, args)
        if called in inside:
            raise MacroError(Message('macro "{name}" calls itself', name=macro.name))
        result = macro.name
        if number:
            if int(number) >= len(macro.returns):
                raise MacroError(
                    Message(
                        'macro "{name}" has {n} further results',
                        name=macro.name,
                        n=len(macro.returns),
                    )
                )
            result = macro.returns[int(number)]
        return self._call(macro, args, site, (*inside, called), result)

    def _call(
        self,
        macro: Section,
        args: tuple[Expr, ...],
        outer: _Site,
        inside: tuple[str, ...],
        result: str,
    ) -> Expr:
        if len(args) != len(macro.params):
            raise MacroError(
                Message(
                    'macro "{name}" takes {n} arguments, is given {m}',
                    name=macro.name,
                    n=len(macro.params),
                    m=len(args),
                )
            )
        if macro.ranges:
            raise MacroError(
                Message(
                    'macro "{name}" defines subscripts of its own: not supported', name=macro.name
                )
            )
        self.made += len(macro.elements)
        if self.made > limit("MACROS"):
            self.problems.add(
                f'{self.path.name} "{outer.owner}"',
                Message(
                    'macro "{name}" and others stand for more than {limit:,} equations; {most}',
                    name=macro.name,
                    limit=limit("MACROS"),
                    most=at_most("MACROS", "made"),
                ),
            )
            self.problems.raise_if_any()
        marked = dict.fromkeys(s for arg in args for s in _marks(arg))
        taken = {fold(s) for s in outer.subscripts}
        own = {m: self._range(m[:-1], taken) for m in marked}
        site = outer.within(tuple(own.values()))
        args = tuple([_unmarked(arg, own) for arg in args])
        self.calls += 1
        prefix = f"{site.owner} · {macro.name} {self.calls}"
        names: dict[str, Expr] = {}
        for param, arg in zip(macro.params, args, strict=True):
            if isinstance(arg, Ref | Number):
                names[fold(param)] = arg
            else:
                names[fold(param)] = site.define(f"{prefix} · {param}", arg)
        tables = set()
        for element in macro.elements:
            if any(equation.subscripts for equation in element.equations):
                raise MacroError(
                    Message(
                        '"{name}" in macro "{macro}" has subscripts: not supported',
                        name=element.name,
                        macro=macro.name,
                    )
                )
            if _is_table(element):
                tables.add(fold(element.name))
            subscripts = () if _is_table(element) else site.subscripts
            names[fold(element.name)] = Ref(f"{prefix} · {element.name}", subscripts)
        found = names.get(fold(result))
        if found is None:
            raise MacroError(
                Message(
                    'macro "{name}" has no equation for "{result}"', name=macro.name, result=result
                )
            )
        local = _Local(macro.name, names, tables | {fold(param) for param in macro.params})
        for element in macro.elements:
            for equation in element.equations:
                expr = self.expand(local.of(equation.expr), site, inside)
                name = f"{prefix} · {element.name}"
                if fold(element.name) in tables:
                    site.made.append(Element(name, (Equation((), expr),), element.unit))
                else:
                    site.define(name, expr, element.unit)
        if not marked or not isinstance(found, Ref):
            return found
        if fold(found.name) not in {fold(f"{prefix} · {e.name}") for e in macro.elements}:
            return args[0] if len(args) == 1 else found
        return Ref(found.name, (*outer.subscripts, *marked))

    def _range(self, name: str, taken: set[str]) -> str:
        """Return the range that a mark "!" runs over inside a macro, under another name where
        the equation has the range already."""
        return self.ranges.alias(name) if fold(name) in taken else name


def _marks(expr: Expr) -> Iterator[str]:
    """Yield the subscripts marked "!" that no reduction inside the expression takes."""
    if isinstance(expr, Ref):
        yield from (s for s in expr.subscripts if s.endswith("!"))
    elif isinstance(expr, Call) and fold(expr.function).replace(" ", "_") not in _REDUCING:
        for arg in expr.args:
            yield from _marks(arg)


def _unmarked(expr: Expr, own: Mapping[str, str]) -> Expr:
    """Return an expression with the marked subscripts as plain ranges, but for those inside a
    reduction of its own."""
    if isinstance(expr, Ref) and expr.subscripts:
        return Ref(expr.name, tuple(own.get(s, s) for s in expr.subscripts))
    if isinstance(expr, Call) and fold(expr.function).replace(" ", "_") not in _REDUCING:
        return Call(expr.function, tuple([_unmarked(arg, own) for arg in expr.args]))
    return expr


def _is_table(element: Element) -> bool:
    return any(
        isinstance(e.expr, Table) or (isinstance(e.expr, Source) and e.expr.kind == "lookups")
        for e in element.equations
    )


@dataclasses.dataclass
class _Site:
    """The equation in which a macro is called, and the elements made for its calls."""

    owner: str
    subscripts: tuple[str, ...]
    excepts: tuple[tuple[str, ...], ...]
    made: list[Element]

    def within(self, more: tuple[str, ...]) -> _Site:
        """Return the site with further subscripts, those that a sum around the call runs over."""
        excepts = tuple((*excepted, *more) for excepted in self.excepts)
        return _Site(self.owner, self.subscripts + more, excepts, self.made)

    def define(self, name: str, expr: Expr, unit: str = "") -> Ref:
        self.made.append(Element(name, (Equation(self.subscripts, expr, self.excepts),), unit))
        return Ref(name, self.subscripts)


@dataclasses.dataclass
class _Local:
    """The names inside one call of a macro."""

    macro: str
    names: Mapping[str, Expr]
    tables: set[str]  # those that may stand as functions

    def of(self, expr: Expr) -> Expr:
        """Return an expression of the macro with its names replaced by what they stand for."""
        if isinstance(expr, Ref):
            return self._ref(expr)
        if not isinstance(expr, Call):
            return expr
        args = tuple([self.of(arg) for arg in expr.args])
        function = fold(expr.function)
        stands = self.names.get(function)
        if stands is None or function not in self.tables:
            return Call(expr.function.removesuffix("$"), args)
        if not isinstance(stands, Ref):
            raise MacroError(
                Message(
                    '"{name}" in macro "{macro}" is not a function',
                    name=expr.function,
                    macro=self.macro,
                )
            )
        if stands.subscripts:
            return Call("lookup", (stands, *args))
        return Call(stands.name, args)

    def _ref(self, ref: Ref) -> Expr:
        name = fold(ref.name)
        if name in self.names:
            if ref.subscripts:
                raise MacroError(
                    Message(
                        '"{name}" in macro "{macro}" has subscripts',
                        name=ref.name,
                        macro=self.macro,
                    )
                )
            return self.names[name]
        if name.endswith("$"):
            return Ref(ref.name.rstrip().removesuffix("$").rstrip("_ "), ref.subscripts)
        if name in GLOBAL:
            return ref
        raise MacroError(
            Message(
                'no "{name}" in macro "{macro}" (write "{name}$"?)', name=ref.name, macro=self.macro
            )
        )
