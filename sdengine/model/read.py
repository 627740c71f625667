"""Read a Vensim or XMILE file into a Model: the table of contents of this room."""

from __future__ import annotations

import csv
import dataclasses
import functools
import hashlib
import itertools
import math
import operator
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sdengine import cache
from sdengine.errors import Problems, SDError, did_you_mean
from sdengine.model.external import Outside, OutsideError, Points, Source, digest_of
from sdengine.model.macros import inline
from sdengine.model.parse import Element, Section, parse
from sdengine.recursion import deeply
from sdengine.syntax import (
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
    Series,
    Table,
    Variable,
    fold,
    walk,
)

STOCKS = ("integ", "integ_non_negative")
LARGEST = 1_000_000  # elements of one variable, and of a model's variables together
MOST_STEPS = 10_000_000
CONTROL = ("initial time", "final time", "time step", "saveper")

_PLAIN: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": operator.pow,
    "power": operator.pow,
    "min": min,
    "max": max,
    "abs": abs,
    "integer": math.trunc,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "and": lambda a, b: bool(a and b),
    "or": lambda a, b: bool(a or b),
    "not": operator.not_,
    "if_then_else": lambda condition, yes, no: yes if condition else no,
}
_NOTE_KEYS = {"中文": "zh", "EN": "en", "source": "source", "known_on": "known_on"}


def read_model(path: str | Path, *, use_cache: bool = True) -> Model:
    """Return the Model a ``.mdl``, ``.xmile`` or ``.stmx`` file describes.

    A file read before is taken from the user's cache by its content and that of the files it
    reads numbers from, without PySD. Raises SDError naming every variable that cannot be read,
    and refuses an empty model.

    >>> model = read_model("examples/teacup/model/teacup.mdl")
    >>> model["Teacup_Temperature"].unit, model.clock.steps
    ('Degree', 240)
    """
    path = Path(path)
    if not path.is_file():
        raise SDError(f"{path}: no such model file")
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    stored = cache.cache_folder() / f"{digest}-{_version()}.model"
    model = _recall(stored, path.parent) if use_cache else None
    if model is None:
        try:
            model, data = deeply(_read_whole, path, digest)
        except RecursionError:
            raise SDError(f"{path.name}: an equation is nested too deeply to be read") from None
        if use_cache:
            cache.store(stored, data)
    return dataclasses.replace(model, path=path, labels=_labels(path.with_name("labels.csv")))


def _recall(stored: Path, folder: Path) -> Model | None:
    """Return a cached model; a cache file that cannot be used counts as missing."""
    data = cache.load(stored)
    try:
        model = deeply(pickle.loads, data) if data else None
        fresh = model and all(digest_of(folder / f) == d for f, d in model.files.items())
        return model if fresh else None
    except Exception:
        return None


@functools.cache
def _version() -> str:
    """Return a key that changes with these readers and with PySD."""
    from importlib.metadata import version

    here = Path(__file__).parent
    files = (*sorted(here.glob("*.py")), here.parent / "syntax.py")
    own = b"".join(p.read_bytes() for p in files)
    return hashlib.blake2b(own + version("pysd").encode(), digest_size=8).hexdigest()


def _read_whole(path: Path, digest: str) -> tuple[Model, bytes]:
    model = _read(path, digest)
    return model, pickle.dumps(model)


def _read(path: Path, digest: str) -> Model:
    (section, *macros), method = parse(path)
    problems = Problems()
    outside = Outside(path.parent)
    ranges, mappings = _ranges(section, path, problems, outside)
    variables: dict[str, Variable] = {}
    control: dict[str, Expr] = {}
    unit = ""
    last: Element | None = None
    known: set[str] = set()
    for element in inline(section.elements, macros, path):
        if fold(element.name) in CONTROL:
            unit = element.unit or unit
            if element.equations:
                control[fold(element.name)] = element.equations[0].expr
            if fold(element.name) == "final time":
                last = element
            continue
        if fold(element.name) in known:
            problems.add(f'{path.name} "{element.name}"', "is defined twice")
        known.add(fold(element.name))
        variable = _variable(element, ranges, path, problems, outside)
        if variable is not None:
            variables[variable.name] = variable
    problems.raise_if_any()
    size = sum(math.prod(len(ranges[d]) for d in v.dims) for v in variables.values())
    if size > LARGEST:
        raise SDError(f"{path.name}: {size:,} elements in all; at most {LARGEST:,} are read")
    if not variables:
        raise SDError(f"{path.name}: no variable found — is this a system-dynamics model?")
    clock = dataclasses.replace(_clock(control, variables, path, unit), method=method)
    if math.isnan(clock.stop) and last is not None:  # an equation: known when the model runs
        stop = _variable(last, ranges, path, problems, outside)
        problems.raise_if_any()
        variables |= {} if stop is None else {stop.name: stop}
    variables = _spelled(variables)
    files = dict(sorted(outside.files.items()))
    if files:
        parts = "".join([digest, *(name + own for name, own in files.items())])
        digest = hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
    bound = _bound(control.values(), variables)
    return Model(path, digest, clock, ranges, variables, {}, mappings, files, bound)


# ── subscript ranges ───────────────────────────────────────────────────────────────────────


def _ranges(
    section: Section, path: Path, problems: Problems, outside: Outside
) -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, str], tuple[str, ...]]]:
    ranges: dict[str, tuple[str, ...]] = {}
    mappings: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, content in section.ranges:
        if isinstance(content, list):
            twice = [e for e, n in Counter(map(fold, content)).items() if n > 1]
            if twice:
                problems.add(path.name, f'range "{name}" has the element "{twice[0]}" twice')
            ranges[name] = tuple(content)
        elif isinstance(content, dict):
            try:
                ranges[name] = tuple(outside.subscript(**content))
            except OutsideError as error:
                problems.add(f'{path.name} range "{name}"', str(error))
    for name, elements in ranges.items():
        ranges[name] = _expanded(elements, ranges)
    for name, content in section.ranges:
        if isinstance(content, str):
            copied = _lookup(ranges, content)
            if copied is None:
                near = did_you_mean(content, ranges)
                problems.add(path.name, f'range "{name}" copies unknown "{content}"{near}')
            else:
                ranges[name] = ranges[copied]
    for name, target, parts in section.mappings:
        here, there = _lookup(ranges, name), _lookup(ranges, target)
        if here is None or there is None:
            if here is not None:
                near = did_you_mean(target, ranges)
                problems.add(path.name, f'range "{name}" maps to unknown "{target}"{near}')
            continue
        try:
            mappings[here, there] = _mapped(ranges, here, there, parts)
        except ValueError as error:
            problems.add(path.name, f'range "{name}" cannot map to "{target}": {error}')
    return ranges, mappings


def _mapped(
    ranges: Mapping[str, tuple[str, ...]], here: str, there: str, parts: tuple[str, ...]
) -> tuple[str, ...]:
    """Return, for each element of the range ``there``, the element of ``here`` it belongs to.

    It is an empty text where there is none. ``parts`` are elements or ranges in ``there``, one
    for each element of ``here``; without them the mapping goes by position.
    """
    own, order = ranges[here], [fold(element) for element in ranges[there]]
    listed = [e for part in parts for e in _numbered(part)]
    if listed and len(listed) != len(own):
        listed = list(_expanded(tuple(listed), ranges))
    listed = listed or list(ranges[there])
    if len(listed) != len(own):
        raise ValueError(f"it has {len(own)} elements, and {len(listed)} stand against them")
    out = [""] * len(order)
    for element, part in zip(own, listed, strict=True):
        inside = _lookup(ranges, part) if parts else None
        for name in ranges[inside] if inside else (part,):
            if fold(name) not in order:
                raise ValueError(f'"{name}" is not in "{there}"{did_you_mean(name, ranges[there])}')
            out[order.index(fold(name))] = element
    return tuple(out)


def _numbered(part: str) -> list[str]:
    """Return the elements of a numbered range (A1-A9), or the name itself."""
    ends = re.fullmatch(r"\((.*?)(\d+)-(.*?)(\d+)\)", part)
    if ends is None or ends[1] != ends[3]:
        return [part]
    return [f"{ends[1]}{number}" for number in range(int(ends[2]), int(ends[4]) + 1)]


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
    first: dict[str, str] = {}
    for element in out:
        first.setdefault(fold(element), element)
    return tuple(first.values())


def _lookup(known: Mapping[str, Any], name: str) -> str | None:
    return next((candidate for candidate in known if fold(candidate) == fold(name)), None)


# ── variables ──────────────────────────────────────────────────────────────────────────────


def _variable(
    element: Element,
    ranges: Mapping[str, tuple[str, ...]],
    path: Path,
    problems: Problems,
    outside: Outside,
) -> Variable | None:
    if not element.equations:
        return None
    dims = _dims(element.name, element.equations, ranges, path, problems)
    if dims is None:
        return None
    size = math.prod(len(ranges[dim]) for dim in dims)
    if size > LARGEST:
        problems.add(
            f'{path.name} "{element.name}"', f"has {size:,} elements; at most {LARGEST:,} are read"
        )
        return None
    if _twice(element.equations, ranges):
        problems.add(f'{path.name} "{element.name}"', "is defined twice")
        return None
    try:
        equations = tuple(
            made
            for equation in element.equations
            for made in _told(equation, element, ranges, outside)
        )
    except OutsideError as error:
        problems.add(f'{path.name} "{element.name}"', str(error))
        return None
    variable = Variable(
        name=element.name,
        kind=_kind(equations),
        dims=dims,
        unit=element.unit,
        limits=element.limits,
        note=read_note(element.text),
        equations=equations,
    )
    if variable.kind is not Kind.CONSTANT:
        return variable
    try:
        value = _constant_value(variable, ranges)
    except ValueError as error:
        problems.add(f'{path.name} "{element.name}"', str(error))
        return None
    if value is None:  # the elements are not all given: let the equations speak
        return variable
    return dataclasses.replace(variable, value=value)


def _twice(equations: tuple[Equation, ...], ranges: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether two equations define the same element."""
    if len(equations) == 1:
        return False
    seen: set[tuple[str, ...]] = set()
    for equation in equations:
        own = set(_points(equation.subscripts, ranges))
        for excepted in equation.excepts:
            own -= set(_points(excepted, ranges))
        if seen & own:
            return True
        seen |= own
    return False


def _points(
    subscripts: tuple[str, ...], ranges: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    """Yield the elements that subscripts stand for, as names are compared."""
    owns = [_lookup(ranges, subscript) for subscript in subscripts]
    lists = [ranges[own] if own else (s,) for own, s in zip(owns, subscripts, strict=True)]
    yield from itertools.product(*([fold(name) for name in names] for names in lists))


def _told(
    equation: Equation,
    element: Element,
    ranges: Mapping[str, tuple[str, ...]],
    outside: Outside,
) -> Iterator[Equation]:
    """Yield an equation with the numbers in place of the file it reads them from."""
    source = equation.expr
    if isinstance(source, Series):
        yield dataclasses.replace(equation, expr=dataclasses.replace(source, rule=element.rule))
        return
    if not isinstance(source, Source):
        if any(isinstance(part, Source) for part in walk(source)):
            raise OutsideError("numbers from a file inside a larger expression: not supported")
        yield equation
        return
    owns = [_lookup(ranges, subscript) for subscript in equation.subscripts]
    lists = [ranges[own] if own else (s,) for own, s in zip(owns, equation.subscripts, strict=True)]
    shape = [len(names) for names in lists]
    if source.kind == "constants":
        values = outside.constants(source, shape)
        expr = Array(values) if shape else Number(float(values))
        yield dataclasses.replace(equation, expr=expr)
        return
    if sum(n > 1 for n in shape) > 1:
        raise OutsideError("a series from a file has at most one dimension")
    size = int(np.prod(shape, dtype=int))
    rule = element.rule if source.kind == "data" else "lookup"
    read = outside.raw_points if rule == "raw" else outside.points
    for names, points in zip(itertools.product(*lists), read(source, size), strict=True):
        yield Equation(tuple(names), _series(points, rule), equation.excepts)


def _series(points: Points, rule: str) -> Expr:
    x, y = points
    if rule == "lookup":
        return Table(tuple(x.tolist()), tuple(y.tolist()))
    return Series(x, y, rule)


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
    if all(isinstance(e, Series) for e in exprs):
        return Kind.DATA
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
    ranks |= {len(excepted) for equation in equations for excepted in equation.excepts}
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
        index = _places(variable, equation.subscripts, ranges)
        literal: Any = equation.expr
        data = literal.values if isinstance(literal, Array) else literal.value
        spot = np.ix_(*index) if index else ()
        wanted = value[spot].shape
        if np.ndim(data) and np.size(data) != math.prod(wanted):
            size = f"{' × '.join(map(str, wanted))} are" if wanted else "one is"
            raise ValueError(f"{np.size(data)} numbers stand where {size} needed")
        before = value.copy()
        value[spot] = np.reshape(data, wanted) if np.ndim(data) else data
        for excepted in equation.excepts:
            gap = np.ix_(*_places(variable, excepted, ranges))
            value[gap] = before[gap]
    value.setflags(write=False)
    return None if np.isnan(value).any() else value


def _places(
    variable: Variable, subscripts: tuple[str, ...], ranges: Mapping[str, tuple[str, ...]]
) -> list[list[int]]:
    """Return, for each of a variable's ranges, the places that a subscript stands for."""
    index = []
    for dim, subscript in zip(variable.dims, subscripts, strict=True):
        own = _lookup(ranges, subscript)
        names = ranges[own] if own else (subscript,)
        order = {fold(e): place for place, e in enumerate(ranges[dim])}
        for name in names:
            if fold(name) not in order:
                near = did_you_mean(name, ranges[dim])
                raise ValueError(f'"{name}" is not in range "{dim}"{near}')
        index.append([order[fold(name)] for name in names])
    return index


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


def _bound(control: Iterable[Expr], variables: Mapping[str, Variable]) -> frozenset[str]:
    """Return the constants that the times of the simulation are computed from."""
    read = {fold(e.name) for expr in control for e in walk(expr) if isinstance(e, Ref)}
    return frozenset(n for n, v in variables.items() if fold(n) in read and v.value is not None)


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
        if found is None and name == "final time" and expr is not None:
            return math.nan
        if expr is None:
            raise SDError(f'{path.name}: "{name.upper()}" is missing')
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
            try:
                return None if None in parts else float(_PLAIN[expr.function](*parts))
            except (ArithmeticError, TypeError):
                return None
        return None

    start, stop, step, save = (value(name) for name in CONTROL)
    clock = Clock(start, stop, step, save, (unit or "").strip())
    if not all(map(math.isfinite, (start, step, save))) or math.isinf(stop):
        raise SDError(f"{path.name}: the times of the simulation must be finite numbers")
    ratio = clock.save / clock.step if clock.step > 0 else 0.0
    if clock.step <= 0 or clock.stop < clock.start:
        raise SDError(
            f"{path.name}: FINAL TIME must not lie before INITIAL TIME, TIME STEP above 0"
        )
    if clock.stop - clock.start > MOST_STEPS * clock.step:
        raise SDError(f"{path.name}: more than {MOST_STEPS:,} steps from start to end")
    if ratio < 1 - 1e-9 or abs(ratio - round(ratio)) > 1e-6:
        raise SDError(
            f"{path.name}: SAVEPER {clock.save} is not a multiple of TIME STEP {clock.step}"
        )
    return clock
