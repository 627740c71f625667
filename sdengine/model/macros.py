"""Macros, taken apart: every call gets equations of its own, so that its stocks are its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from sdengine.errors import Problems
from sdengine.model.equation import MARK
from sdengine.model.external import Source
from sdengine.model.parse import Element, Section
from sdengine.syntax import Call, Equation, Expr, Number, Ref, Table, fold, walk

DEPTH = 20  # macros calling macros
GLOBAL = ("time", "time step", "initial time", "final time", "saveper")


def inline(elements: Sequence[Element], macros: Sequence[Section], path: Path) -> list[Element]:
    """Return the elements with every call of a macro replaced by what the macro says.

    The variables of a macro become elements named after the variable that calls it. They take
    on the subscripts of the calling equation. A name followed by "$" means the model's own.
    """
    if not macros:
        return list(elements)
    inliner = _Inliner({fold(macro.name): macro for macro in macros}, Problems(), path)
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

    def element(self, element: Element) -> list[Element]:
        """Return an element without calls of macros, and the elements those calls need."""
        made: list[Element] = []
        equations = []
        self.calls = 0
        for equation in element.equations:
            try:
                site = _Site(element.name, equation, made)
                expr = self.expand(equation.expr, site, 0)
            except MacroError as error:
                self.problems.add(f'{self.path.name} "{element.name}"', str(error))
                continue
            equations.append(dataclasses.replace(equation, expr=expr))
        return [dataclasses.replace(element, equations=tuple(equations)), *made]

    def expand(self, expr: Expr, site: _Site, depth: int) -> Expr:
        """Return an expression with the calls of macros in it replaced by references."""
        if not isinstance(expr, Call):
            return expr
        args = tuple(self.expand(arg, site, depth) for arg in expr.args)
        called, _, number = fold(expr.function).partition(MARK)
        macro = self.macros.get(called)
        if macro is None:
            return Call(expr.function, args)
        if depth >= DEPTH:
            raise MacroError(f'macro "{macro.name}" calls itself')
        result = macro.name
        if number:
            if int(number) >= len(macro.returns):
                raise MacroError(f'macro "{macro.name}" has {len(macro.returns)} further results')
            result = macro.returns[int(number)]
        return self._call(macro, args, site, depth, result)

    def _call(
        self, macro: Section, args: tuple[Expr, ...], site: _Site, depth: int, result: str
    ) -> Expr:
        if len(args) != len(macro.params):
            raise MacroError(
                f'macro "{macro.name}" takes {len(macro.params)} arguments, is given {len(args)}'
            )
        if macro.ranges:
            raise MacroError(f'macro "{macro.name}" defines subscripts of its own: not supported')
        for ref in (e for arg in args for e in walk(arg) if isinstance(e, Ref)):
            if any(s.endswith("!") for s in ref.subscripts):
                raise MacroError(
                    f'macro "{macro.name}" stands inside a sum over "!" or has one in an argument:'
                    " not supported; give the sum a variable of its own"
                )
        self.calls += 1
        prefix = f"{site.owner} · {macro.name} {self.calls}"
        names: dict[str, Expr] = {}
        for param, arg in zip(macro.params, args, strict=True):
            if isinstance(arg, Ref | Number):
                names[fold(param)] = arg
            else:
                names[fold(param)] = site.define(f"{prefix} · {param}", arg, own=())
        tables = set()
        for element in macro.elements:
            own = {equation.subscripts for equation in element.equations}
            if own != {()}:
                raise MacroError(
                    f'"{element.name}" in macro "{macro.name}" has subscripts: not supported'
                )
            if _is_table(element):
                tables.add(fold(element.name))
            subscripts = () if _is_table(element) else site.equation.subscripts
            names[fold(element.name)] = Ref(f"{prefix} · {element.name}", subscripts)
        if fold(result) not in names:
            raise MacroError(f'macro "{macro.name}" has no equation for "{result}"')
        local = _Local(macro.name, names, tables | {fold(param) for param in macro.params})
        for element in macro.elements:
            for equation in element.equations:
                expr = self.expand(local.of(equation.expr), site, depth + 1)
                name = f"{prefix} · {element.name}"
                if fold(element.name) in tables:
                    site.made.append(Element(name, (Equation((), expr),), element.unit))
                else:
                    site.define(name, expr, own=(), unit=element.unit)
        return names[fold(result)]


@dataclasses.dataclass
class _Site:
    """The equation in which a macro is called, and the elements made for its calls."""

    owner: str
    equation: Equation
    made: list[Element]

    def define(self, name: str, expr: Expr, own: tuple[str, ...], unit: str = "") -> Ref:
        subscripts = self.equation.subscripts + own
        made = Equation(subscripts, expr, self.equation.excepts)
        self.made.append(Element(name, (made,), unit))
        return Ref(name, subscripts)


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
        args = tuple(self.of(arg) for arg in expr.args)
        function = fold(expr.function)
        stands = self.names.get(function)
        if stands is None or function not in self.tables:
            return Call(expr.function.removesuffix("$"), args)
        if not isinstance(stands, Ref):
            raise MacroError(f'"{expr.function}" in macro "{self.macro}" is not a function')
        if stands.subscripts:
            return Call("lookup", (stands, *args))
        return Call(stands.name, args)

    def _ref(self, ref: Ref) -> Expr:
        name = fold(ref.name)
        if name in self.names:
            if ref.subscripts:
                raise MacroError(f'"{ref.name}" in macro "{self.macro}" has subscripts')
            return self.names[name]
        if name.endswith("$"):
            return Ref(ref.name.rstrip().removesuffix("$").rstrip("_ "), ref.subscripts)
        if name in GLOBAL:
            return ref
        raise MacroError(f'no "{ref.name}" in macro "{self.macro}" (write "{ref.name}$"?)')


def _is_table(element: Element) -> bool:
    return any(
        isinstance(e.expr, Table) or (isinstance(e.expr, Source) and e.expr.kind == "lookups")
        for e in element.equations
    )
