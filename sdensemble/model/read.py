"""Read a Vensim or XMILE file into a Model. The only module that imports PySD."""

from __future__ import annotations

import csv
import dataclasses
import functools
import hashlib
import operator
import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sdensemble import cache
from sdensemble.errors import Problems, SDError
from sdensemble.model.types import (
    Array,
    Call,
    Clock,
    Equation,
    Expr,
    Kind,
    Model,
    Note,
    Number,
    Ref,
    Table,
    Variable,
    fold,
)

STOCKS = ("integ", "integ_non_negative")
CONTROL = ("initial time", "final time", "time step", "saveper")

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
_PLAIN: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
}
_NOTE_KEYS = {"中文": "zh", "EN": "en", "source": "source", "known_on": "known_on"}


def read_model(path: str | Path, *, use_cache: bool = True) -> Model:
    """Return the Model a ``.mdl``, ``.xmile`` or ``.stmx`` file describes.

    A file read before is taken from the user's cache by its content, without PySD. Raises
    SDError naming every variable that cannot be read, and refuses an empty model.
    """
    path = Path(path)
    if not path.is_file():
        raise SDError(f"{path}: no such model file")
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    stored = cache.cache_folder() / f"{digest}-{_version()}.model"
    model = _recall(stored) if use_cache else None
    if model is None:
        model = _read(path, digest)
        if use_cache:
            cache.store(stored, pickle.dumps(model))
    return dataclasses.replace(model, path=path, labels=_labels(path.with_name("labels.csv")))


def _recall(stored: Path) -> Model | None:
    """Return a cached model; a cache file that cannot be used counts as missing."""
    data = cache.load(stored)
    try:
        return pickle.loads(data) if data else None
    except Exception:
        return None


@functools.cache
def _version() -> str:
    """Return a key that changes with this reader and with PySD."""
    from importlib.metadata import version

    here = Path(__file__)
    own = here.read_bytes() + here.with_name("types.py").read_bytes()
    return hashlib.blake2b(own + version("pysd").encode(), digest_size=8).hexdigest()


def _read(path: Path, digest: str) -> Model:
    section = _parse(path)
    problems = Problems()
    ranges, mappings = _ranges(section, path, problems)
    variables: dict[str, Variable] = {}
    control: dict[str, Expr] = {}
    unit = ""
    for element in section.elements:
        equations = _equations(element, path, problems)
        if fold(element.name) in CONTROL:
            unit = (element.units or "").strip() or unit
            if equations:
                control[fold(element.name)] = equations[0].expr
            continue
        variable = _variable(element, equations, ranges, path, problems)
        if variable is not None:
            variables[variable.name] = variable
    problems.raise_if_any()
    if not variables:
        raise SDError(f"{path.name}: no variable found — is this a system-dynamics model?")
    clock = _clock(control, variables, path, unit)
    variables = _spelled(variables)
    return Model(path, digest, clock, ranges, variables, {}, mappings)


def _parse(path: Path) -> Any:
    """Return PySD's main section; every failure of its parser becomes one SDError."""
    from pysd.translators.vensim.vensim_file import VensimFile
    from pysd.translators.xmile.xmile_file import XmileFile

    kind = path.suffix.lower()
    if kind not in (".mdl", ".xmile", ".stmx", ".xml"):
        raise SDError(f"{path.name}: not a Vensim (.mdl) or XMILE (.xmile, .stmx) file")
    reader = VensimFile if kind == ".mdl" else XmileFile
    try:
        file = reader(path)
        file.parse()
        sections = file.get_abstract_model().sections
    except RecursionError:
        raise SDError(f"{path.name}: an equation is nested too deeply to be read") from None
    except Exception as error:
        raise SDError(f"{path.name}: cannot be read: {_short(error)}") from error
    macros = [section.name for section in sections[1:]]
    if macros:
        raise SDError(f"{path.name}: macros are not supported: {', '.join(macros)}")
    return sections[0]


def _short(error: Exception) -> str:
    """Return the useful end of a parser's message on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " … ".join(lines[:2] + lines[-1:])[:400] if lines else type(error).__name__


# ── subscript ranges ───────────────────────────────────────────────────────────────────────


def _ranges(
    section: Any, path: Path, problems: Problems
) -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, str], tuple[str, ...]]]:
    ranges: dict[str, tuple[str, ...]] = {}
    mappings: dict[tuple[str, str], tuple[str, ...]] = {}
    pending = list(section.subscripts)
    for item in pending:
        if isinstance(item.subscripts, list):
            ranges[item.name] = tuple(item.subscripts)
        elif isinstance(item.subscripts, dict):
            problems.add(path.name, f'range "{item.name}" is read from a file: not supported')
    for name, elements in ranges.items():
        ranges[name] = _expanded(elements, ranges)
    for item in pending:
        if isinstance(item.subscripts, str):
            copied = _lookup(ranges, item.subscripts)
            if copied is None:
                problems.add(path.name, f'range "{item.name}" copies unknown "{item.subscripts}"')
            else:
                ranges[item.name] = ranges[copied]
        for target in item.mapping or []:
            mappings[item.name, target] = ranges.get(item.name, ())
    return ranges, mappings


def _expanded(
    elements: tuple[str, ...], ranges: Mapping[str, tuple[str, ...]], depth: int = 0
) -> tuple[str, ...]:
    """Return a range's elements with the ranges among them replaced by their elements."""
    out: list[str] = []
    for element in elements:
        inner = _lookup(ranges, element)
        if inner is None or depth > len(ranges):
            out.append(element)
        else:
            out += _expanded(ranges[inner], ranges, depth + 1)
    return tuple(out)


def _lookup(known: Mapping[str, Any], name: str) -> str | None:
    return next((candidate for candidate in known if fold(candidate) == fold(name)), None)


# ── variables ──────────────────────────────────────────────────────────────────────────────


def _variable(
    element: Any,
    equations: tuple[Equation, ...],
    ranges: Mapping[str, tuple[str, ...]],
    path: Path,
    problems: Problems,
) -> Variable | None:
    if not equations:
        return None
    kind = _kind(equations)
    dims = _dims(element.name, equations, ranges, path, problems)
    if dims is None:
        return None
    variable = Variable(
        name=element.name,
        kind=kind,
        dims=dims,
        unit=(element.units or "").strip(),
        limits=tuple(element.limits),
        note=read_note(element.documentation or ""),
        equations=equations,
    )
    if kind is not Kind.CONSTANT:
        return variable
    value = _constant_value(variable, ranges)
    if value is None:  # the elements are not all given: let the equations speak
        return variable
    return dataclasses.replace(variable, value=value)


def _equations(element: Any, path: Path, problems: Problems) -> tuple[Equation, ...]:
    out = []
    for component in element.components:
        try:
            expr = _expression(component.ast)
        except _Unsupported as error:
            problems.add(f'{path.name} "{element.name}"', f"{error} is not supported")
            continue
        names, excepts = component.subscripts
        out.append(Equation(tuple(names), expr, tuple(tuple(e) for e in excepts)))
    return tuple(out)


def _spelled(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """Return the variables with every reference spelled as its variable is (PySD folds them)."""
    written = {fold(name): name for name in variables}

    def spell(expr: Expr) -> Expr:
        if isinstance(expr, Ref):
            return dataclasses.replace(expr, name=written.get(fold(expr.name), expr.name))
        if isinstance(expr, Call):
            return Call(expr.function, tuple(map(spell, expr.args)))
        return expr

    return {
        name: dataclasses.replace(
            variable,
            equations=tuple(dataclasses.replace(e, expr=spell(e.expr)) for e in variable.equations),
        )
        for name, variable in variables.items()
    }


def _kind(equations: tuple[Equation, ...]) -> Kind:
    exprs = [equation.expr for equation in equations]
    if all(isinstance(e, Number | Array) for e in exprs):
        return Kind.CONSTANT
    if all(isinstance(e, Table) for e in exprs):
        return Kind.LOOKUP
    if any(isinstance(e, Call) and e.function in STOCKS for e in exprs):
        return Kind.STOCK
    return Kind.AUXILIARY


def _dims(
    name: str,
    equations: tuple[Equation, ...],
    ranges: Mapping[str, tuple[str, ...]],
    path: Path,
    problems: Problems,
) -> tuple[str, ...] | None:
    """Return the smallest ranges that hold every subscript the variable is written with."""
    ranks = {len(equation.subscripts) for equation in equations}
    if len(ranks) != 1:
        problems.add(f'{path.name} "{name}"', "is written with different numbers of subscripts")
        return None
    dims = []
    for position in range(ranks.pop()):
        used: list[str] = []
        for equation in equations:
            subscript = equation.subscripts[position]
            own = _lookup(ranges, subscript)
            used += ranges[own] if own else (subscript,)
        exact = [_lookup(ranges, e.subscripts[position]) for e in equations]
        dim = _covering(used, exact, ranges)
        if dim is None:
            problems.add(
                f'{path.name} "{name}"', f"no range holds the elements {sorted(set(used))}"
            )
            return None
        dims.append(dim)
    return tuple(dims)


def _covering(
    used: list[str], exact: list[str | None], ranges: Mapping[str, tuple[str, ...]]
) -> str | None:
    wanted = {fold(element) for element in used}
    for name in exact:
        if name and {fold(e) for e in ranges[name]} == wanted:
            return name
    fits = [r for r in ranges if wanted <= {fold(e) for e in ranges[r]}]
    return min(fits, key=lambda r: len(ranges[r])) if fits else None


def _constant_value(variable: Variable, ranges: Mapping[str, tuple[str, ...]]) -> Any:
    shape = tuple(len(ranges[dim]) for dim in variable.dims)
    value = np.full(shape, np.nan)
    for equation in variable.equations:
        if equation.excepts:
            return None
        index = []
        for dim, subscript in zip(variable.dims, equation.subscripts, strict=True):
            own = _lookup(ranges, subscript)
            names = ranges[own] if own else (subscript,)
            order = [fold(e) for e in ranges[dim]]
            index.append([order.index(fold(n)) for n in names])
        literal = equation.expr
        data = literal.values if isinstance(literal, Array) else literal.value  # type: ignore[union-attr]
        spot = np.ix_(*index) if index else ()
        value[spot] = np.reshape(data, value[spot].shape) if np.ndim(data) else data
    value.setflags(write=False)
    return None if np.isnan(value).any() else value


def read_note(text: str) -> Note:
    """Return a comment taken apart at its "key: value;" parts (see Note)."""
    text = " ".join(text.replace("\\", " ").split())
    keys = "|".join(_NOTE_KEYS)
    parts = re.split(rf"(?:^|[;；])\s*({keys})\s*[:：]\s*", text)
    found = {
        _NOTE_KEYS[k]: v.strip().rstrip(";；")
        for k, v in zip(parts[1::2], parts[2::2], strict=True)
    }
    return Note(text=text, assumption="ASSUMPTION" in text, **found)


def _labels(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Read ``labels.csv`` (range, element, zh, en), the names of subscript elements."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["range"], row["element"]): {"zh": row.get("zh", ""), "en": row.get("en", "")}
        for row in rows
    }


def _clock(
    control: Mapping[str, Expr], variables: Mapping[str, Variable], path: Path, unit: str
) -> Clock:
    """Return the clock; its four numbers may be written as arithmetic on constants."""
    constants = {fold(n): v for n, v in variables.items() if v.value is not None and not v.dims}

    def value(name: str, depth: int = 0) -> float:
        expr = control.get(name)
        if name == "saveper" and expr is None:
            return value("time step")
        found = None if expr is None else number(expr, depth)
        if found is None:
            raise SDError(f'{path.name}: "{name.upper()}" must be a number')
        return found

    def number(expr: Expr, depth: int) -> float | None:
        if isinstance(expr, Number):
            return expr.value
        if isinstance(expr, Ref) and fold(expr.name) in CONTROL and depth < len(CONTROL):
            return value(fold(expr.name), depth + 1)
        if isinstance(expr, Ref) and fold(expr.name) in constants:
            return float(np.asarray(constants[fold(expr.name)].value))
        if isinstance(expr, Call) and expr.function in _PLAIN:
            parts = [number(arg, depth) for arg in expr.args]
            return None if None in parts else _PLAIN[expr.function](*parts)
        return None

    clock = Clock(*(value(name) for name in CONTROL), unit=(unit or "").strip())
    ratio = clock.save / clock.step if clock.step > 0 else 0.0
    if clock.step <= 0 or clock.stop <= clock.start:
        raise SDError(f"{path.name}: FINAL TIME must lie after INITIAL TIME, TIME STEP above 0")
    if ratio < 1 - 1e-9 or abs(ratio - round(ratio)) > 1e-6:
        raise SDError(
            f"{path.name}: SAVEPER {clock.save} is not a multiple of TIME STEP {clock.step}"
        )
    return clock


# ── expressions ────────────────────────────────────────────────────────────────────────────


class _Unsupported(Exception):
    """A structure of the file that has no form here."""


def _expression(node: Any) -> Expr:
    """Return PySD's syntax tree in our five forms."""
    if isinstance(node, bool | int | float | np.integer | np.floating):
        return Number(float(node))
    if isinstance(node, np.ndarray):
        return Array(np.asarray(node, dtype=float))
    handler = _HANDLERS.get(type(node).__name__)
    if handler is None:
        raise _Unsupported(type(node).__name__.removesuffix("Structure"))
    return handler(node)


def _arithmetic(node: Any) -> Expr:
    if node.operators == ["negative"]:
        inner = _expression(node.arguments[0])
        return Number(-inner.value) if isinstance(inner, Number) else Call("neg", (inner,))
    out = _expression(node.arguments[0])
    for sign, argument in zip(node.operators, node.arguments[1:], strict=True):
        out = Call(_ARITHMETIC[sign], (out, _expression(argument)))
    return out


def _logic(node: Any) -> Expr:
    if node.operators == [":NOT:"]:
        return Call("not", (_expression(node.arguments[0]),))
    out = _expression(node.arguments[0])
    for sign, argument in zip(node.operators, node.arguments[1:], strict=True):
        out = Call(_LOGIC[sign], (out, _expression(argument)))
    return out


def _reference(node: Any) -> Ref:
    subscripts = node.subscripts.subscripts if node.subscripts else ()
    return Ref(node.reference, tuple(subscripts))


def _call(node: Any) -> Expr:
    args = tuple(_expression(argument) for argument in node.arguments)
    function = node.function
    if not isinstance(function, str):
        if function.subscripts:
            return Call("lookup", (_reference(function), *args))
        function = function.reference
    return Call(function.replace(" ", "_").casefold(), args)


def _table(node: Any) -> Table:
    mode = {"interpolate": "hold", "extrapolate": "extrapolate", "hold_backward": "discrete"}
    if node.type not in mode:
        raise _Unsupported(f"lookup of type {node.type}")
    return Table(tuple(map(float, node.x)), tuple(map(float, node.y)), mode[node.type])


def _stateful(function: str, *fields: str) -> Any:
    def convert(node: Any) -> Expr:
        return Call(function, tuple(_expression(getattr(node, field)) for field in fields))

    return convert


def _integ(node: Any) -> Expr:
    function = "integ_non_negative" if node.non_negative else "integ"
    return Call(function, (_expression(node.flow), _expression(node.initial)))


_HANDLERS = {
    "ArithmeticStructure": _arithmetic,
    "LogicStructure": _logic,
    "ReferenceStructure": _reference,
    "SubscriptsReferenceStructure": lambda node: Ref("", tuple(node.subscripts)),
    "CallStructure": _call,
    "GameStructure": lambda node: _expression(node.expression),
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
        "lookup", (_expression(node.lookups), _expression(node.argument))
    ),
}
