"""A model file's text → sections of equations in our own forms. The only importer of PySD."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.errors import Problems, SDError
from sdengine.model.clean import clean_vensim, clean_xmile, decode, method_of
from sdengine.model.entries import Found, named
from sdengine.model.equation import MARK, NO_COMMA
from sdengine.model.external import Source
from sdengine.syntax import Array, Call, Equation, Expr, Number, Ref, Series, Table, fold

_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow"}
_LOGIC = {
    "=": "eq",
    "<>": "ne",
    "<": "lt",
    ">": "gt",
    "<=": "le",
    ">=": "ge",
    ":AND:": "and",
    ":OR:": "or",
}
CLOCK = ("initial time", "final time", "time step", "saveper")
RULES = ("interpolate", "look_forward", "hold_backward", "raw")


@dataclass(frozen=True)
class Element:
    """One name of a section with its equations. ``rule`` is the data keyword, if any."""

    name: str
    equations: tuple[Equation, ...]
    unit: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    text: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Section:
    """The main part of a file, or one macro. ``ranges`` are (name, elements or the name of the
    range it copies or the place it is read from). ``mappings`` are (range, range it maps to,
    elements or ranges in there, none where the mapping goes by position). ``returns`` are the
    further results of a macro."""

    name: str
    params: tuple[str, ...]
    elements: tuple[Element, ...]
    ranges: tuple[tuple[str, Any], ...]
    mappings: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    returns: tuple[str, ...] = ()


def parse(path: Path) -> tuple[list[Section], str]:
    """Return the main section and the macros of a file, and its integration method.

    Every failure of the parser becomes one SDError, as does every structure that has no form
    here, by the name of its variable.
    """
    kind = path.suffix.lower()
    if kind not in (".mdl", ".xmile", ".stmx", ".xml"):
        raise SDError(f"{path.name}: not a Vensim (.mdl) or XMILE (.xmile, .stmx) file")
    vensim = kind == ".mdl"
    try:
        text = decode(path.read_bytes())
        method = method_of(text, vensim=vensim)
        found = Found()
        clean = clean_vensim(text, found) if vensim else clean_xmile(text, found)
        sections = list(_abstract(clean, vensim=vensim, faults=found.faults))
        inner = [
            (name, params, *_abstract(document, vensim=False, faults=found.faults))
            for name, params, document in found.macros
        ]
    except RecursionError:
        raise SDError(f"{path.name}: an equation is nested too deeply to be read") from None
    except ValueError as error:
        raise SDError([f"{path.name}: {line}" for line in str(error).split("; ")]) from error
    except Exception as error:
        raise SDError(f"{path.name}: cannot be read: {_short(error)}") from error
    problems = Problems()
    out = [_section(section, path, problems, found) for section in sections]
    for name, params, section in inner:
        whole = _section(section, path, problems, found)
        elements = tuple(e for e in whole.elements if fold(e.name) not in CLOCK)
        out.append(
            dataclasses.replace(whole, name=name, params=params, elements=elements, ranges=())
        )
    problems.raise_if_any()
    out[0] = dataclasses.replace(out[0], mappings=tuple(found.mappings))
    return out, method


def cleaned_text(path: Path) -> str | None:
    """Return a file's text as PySD is given it, or None where that leaves something out."""
    found = Found()
    clean = clean_vensim if path.suffix.lower() == ".mdl" else clean_xmile
    try:
        text = clean(decode(path.read_bytes()), found)
    except ValueError:
        return None
    return None if found.mappings or found.macros or MARK in text else text


def _abstract(text: str, *, vensim: bool, faults: Sequence[tuple[str, str]]) -> Any:
    """Return PySD's abstract sections of a cleaned text."""
    from pysd.translators.vensim.vensim_file import VensimFile
    from pysd.translators.xmile.xmile_file import XmileFile

    disarm_pysd()
    folder = tempfile.mkdtemp()
    try:
        copy = Path(folder) / ("model.mdl" if vensim else "model.xmile")
        copy.write_text(text, encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader: Any = functools.partial(VensimFile, encoding="utf-8") if vensim else XmileFile
            file = reader(copy)
            try:
                file.parse()
            except RecursionError:
                raise
            except Exception as error:
                told = "; ".join(
                    f'"{name}" cannot be read: it {what}' for name, what in faults[:10]
                )
                raise ValueError(told or _culprits(reader(copy)) or _short(error)) from error
            loose = [(name, what) for name, what in faults if NO_COMMA in what]
            if loose:  # PySD takes arguments without commas
                told = "; ".join(f'"{name}" cannot be read: it {what}' for name, what in loose[:10])
                raise ValueError(told)
            return file.get_abstract_model().sections
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _culprits(file: Any) -> str:
    """Return which variables PySD's parser fails on, each with its message, or an empty text."""
    found = []
    with contextlib.suppress(Exception):
        file.parse(parse_all=False)
        for section in file.sections:
            section.parse(parse_all=False)
            for element in section.components or section.elements:
                name = getattr(element, "name", None) or named(getattr(element, "equation", ""))
                try:
                    if section.components:
                        element.parse(section.behaviors)
                    else:
                        getattr(element.parse(), "parse", lambda: None)()
                except Exception as error:
                    found.append(f'"{name}" cannot be read: {_short(error)}')
    return "; ".join(found[:10])


def disarm_pysd() -> None:
    """Put ``literal`` in the place of PySD's ``eval``: text of a file is never run as code."""
    from pysd.translators.vensim import vensim_element
    from pysd.translators.xmile import xmile_element

    modules: list[Any] = [vensim_element, xmile_element]
    for module in modules:
        module.eval = literal


def literal(text: str) -> Any:
    """Return the numbers, strings and tuples a text spells; anything else raises ValueError.

    PySD calls ``eval`` on pieces of the file; this stands in its place.

    >>> literal("(1, -2), (3e1, 4)")
    ((1, -2), (30.0, 4))
    """
    return _value(ast.parse(text.strip(), mode="eval").body)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(map(_value, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = _value(node.operand)
        if isinstance(value, int | float):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = _value(node.left), _value(node.right)  # PySD takes 41+1 for two numbers
        if isinstance(left, int | float) and isinstance(right, int | float):
            return left - right if isinstance(node.op, ast.Sub) else left + right
    raise ValueError("something else than numbers where numbers are expected")


def _short(error: Exception) -> str:
    """Return the useful end of a parser's message on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = dict.fromkeys(lines[:2] + lines[-1:])
    return " … ".join(told)[:400] or type(error).__name__


def _section(section: Any, path: Path, problems: Problems, found: Found) -> Section:
    def written(content: Any) -> Any:
        """Return names as the file has them, without quotes that were put in."""
        if isinstance(content, list):
            return [found.names.get(name, name) for name in content]
        return found.names.get(content, content) if isinstance(content, str) else content

    ranges = tuple((written(item.name), written(item.subscripts)) for item in section.subscripts)
    elements = [
        _element(element, written(element.name), path, problems) for element in section.elements
    ]
    params, returns = (tuple(names or ()) for names in (section.params, section.returns))
    return Section(section.name, params, tuple(elements), ranges, returns=returns)


def _element(element: Any, name: str, path: Path, problems: Problems) -> Element:
    equations, rule = [], ""
    for component in element.components:
        if component.type == "Data":
            rule = component.keyword or rule or "interpolate"
        try:
            expr = expression(component.ast)
        except UnsupportedError as error:
            problems.add(f'{path.name} "{name}"', f"{error} is not supported")
            continue
        names, excepts = component.subscripts
        equations.append(Equation(tuple(names), expr, tuple(tuple(e) for e in excepts)))
    if rule and rule not in RULES:
        problems.add(f'{path.name} "{name}"', f'keyword ":{rule}:" is not supported')
    return Element(
        name=name,
        equations=tuple(equations),
        unit=(element.units or "").strip(),
        limits=tuple(element.limits or (None, None)),
        text=element.documentation or "",
        rule=rule,
    )


# ── expressions ────────────────────────────────────────────────────────────────────────────


class UnsupportedError(Exception):
    """A structure of the file that has no form here."""


def expression(node: Any) -> Expr:
    """Return PySD's syntax tree in our forms."""
    if isinstance(node, bool | int | float | np.integer | np.floating):
        if np.isinf(float(node)):
            raise UnsupportedError("a number that is too large")
        return Number(float(node))
    if isinstance(node, np.ndarray):
        return Array(np.asarray(node, dtype=float))
    handler = _HANDLERS.get(type(node).__name__)
    if handler is None:
        raise UnsupportedError(type(node).__name__.removesuffix("Structure"))
    return handler(node)


def _arithmetic(node: Any) -> Expr:
    if node.operators == ["negative"]:
        inner = expression(node.arguments[0])
        return Number(-inner.value) if isinstance(inner, Number) else Call("neg", (inner,))
    parts = [expression(argument) for argument in node.arguments]
    if "^" in node.operators:  # from the right, as in PySD and XMILE
        out = parts.pop()
        while parts:
            out = Call("pow", (parts.pop(), out))
        return out
    out = parts[0]
    for sign, part in zip(node.operators, parts[1:], strict=True):
        out = Call(_ARITHMETIC[sign], (out, part))
    return out


def _logic(node: Any) -> Expr:
    if node.operators == [":NOT:"]:
        return Call("not", (expression(node.arguments[0]),))
    out = expression(node.arguments[0])
    for sign, argument in zip(node.operators, node.arguments[1:], strict=True):
        out = Call(_LOGIC[sign], (out, expression(argument)))
    return out


def _reference(node: Any) -> Ref:
    subscripts = node.subscripts.subscripts if node.subscripts else ()
    return Ref(node.reference.replace(MARK, "!"), tuple(subscripts))


def _call(node: Any) -> Expr:
    function = node.function
    if not isinstance(function, str):
        if function.subscripts:
            args = tuple(expression(argument) for argument in node.arguments)
            return Call("lookup", (_reference(function), *args))
        function = function.reference
    if any(isinstance(argument, str) for argument in node.arguments):
        raise UnsupportedError(f'function "{function}"')
    args = tuple(expression(argument) for argument in node.arguments)
    return Call(function.replace(" ", "_").casefold(), args)


def _table(node: Any) -> Table:
    mode = {"interpolate": "hold", "extrapolate": "extrapolate", "hold_backward": "discrete"}
    if node.type not in mode:
        raise UnsupportedError(f"lookup of type {node.type}")
    return Table(tuple(map(float, node.x)), tuple(map(float, node.y)), mode[node.type])


def _stateful(function: str, *fields: str) -> Callable[[Any], Expr]:
    def convert(node: Any) -> Expr:
        return Call(function, tuple(expression(getattr(node, field)) for field in fields))

    return convert


def _integ(node: Any) -> Expr:
    function = "integ_non_negative" if node.non_negative else "integ"
    return Call(function, (expression(node.flow), expression(node.initial)))


def _outside(kind: str, across: str) -> Callable[[Any], Expr]:
    def convert(node: Any) -> Expr:
        axis = getattr(node, across) if across else ""
        return Source(kind, node.file, node.tab, axis, node.cell)

    return convert


_HANDLERS: dict[str, Callable[[Any], Expr]] = {
    "ArithmeticStructure": _arithmetic,
    "LogicStructure": _logic,
    "ReferenceStructure": _reference,
    "SubscriptsReferenceStructure": lambda node: Ref("", tuple(node.subscripts)),
    "CallStructure": _call,
    "GameStructure": lambda node: expression(node.expression),
    "AllocateAvailableStructure": _stateful("allocate_available", "request", "pp", "avail"),
    "AllocateByPriorityStructure": _stateful(
        "allocate_by_priority", "request", "priority", "size", "width", "supply"
    ),
    "InitialStructure": _stateful("initial", "initial"),
    "IntegStructure": _integ,
    "SmoothStructure": _stateful("smooth", "input", "smooth_time", "initial", "order"),
    "SmoothNStructure": _stateful("smooth", "input", "smooth_time", "initial", "order"),
    "DelayNStructure": _stateful("delay_n", "input", "delay_time", "initial", "order"),
    "DelayFixedStructure": _stateful("delay_fixed", "input", "delay_time", "initial"),
    "SampleIfTrueStructure": _stateful("sample_if_true", "condition", "input", "initial"),
    "DelayStructure": _stateful("delay", "input", "delay_time", "initial", "order"),
    "TrendStructure": _stateful("trend", "input", "average_time", "initial_trend"),
    "ForecastStructure": _stateful("forecast", "input", "average_time", "horizon", "initial_trend"),
    "LookupsStructure": _table,
    "InlineLookupsStructure": lambda node: Call(
        "lookup", (expression(node.lookups), expression(node.argument))
    ),
    "DataStructure": lambda node: Series(np.empty(0), np.empty(0)),
    "GetDataStructure": _outside("data", "time_row_or_col"),
    "GetLookupsStructure": _outside("lookups", "x_row_or_col"),
    "GetConstantsStructure": _outside("constants", ""),
}
