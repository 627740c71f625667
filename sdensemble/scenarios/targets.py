"""Targets: the quantified goals of a policy, one row each, that a run is scored against."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdensemble.errors import Problems, SDError, did_you_mean, nearest
from sdensemble.model.types import Clock, Model, Variable
from sdensemble.section import (
    Section,
    find_cells,
    same_unit,
    short,
)

AGGREGATES = ("annual", "end", "mean")
COMPARATORS = {">": np.greater, ">=": np.greater_equal}
KEY = ("measure", "scope", "price_basis")
TYPED = ("year", "comparator", "value", "headline")
"""Columns in which signs and digits of full width are read as plain ones."""
SINGLE = ("variable", "aggregate", "year", "comparator", "value", "unit", "measure")


@dataclass(frozen=True)
class Target:
    """One row of the targets.

    A joint target names others in ``joint`` and is met when all of them are; it has no
    variable, comparator or value, and its measure, scope and price basis are theirs unless the
    row says other. ``aggregate`` is "annual" (integral over the year), "mean" (of the year) or
    "end" (value at the end of the year); ``unit`` is that of ``value``.
    """

    id: str
    zh: str
    en: str
    variable: str
    element: str
    aggregate: str
    year: int | None
    comparator: str
    value: float | None
    unit: str
    measure: str
    scope: str
    price_basis: str
    section: str
    joint: tuple[str, ...]
    headline: bool
    note: str


COLUMNS = tuple(field.name for field in fields(Target))


def met(values: ArrayLike, comparator: str, threshold: float) -> NDArray[np.bool_]:
    """Return, in the shape of ``values``, whether each meets ``> threshold`` or ``>= threshold``.

    NaN meets nothing: whoever reports a probability counts the NaN apart.
    """
    if comparator not in COMPARATORS:
        raise SDError(f'comparator "{comparator}": there are {", ".join(COMPARATORS)}')
    return COMPARATORS[comparator](np.asarray(values, dtype=float), threshold)


def leaves(target: Target, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the single targets that make up a joint one, each once; a single one itself."""
    if not target.joint:
        return (target,)
    by_id = {one.id: one for one in targets}
    parts = (part for name in target.joint for part in leaves(by_id[name], targets))
    return tuple(dict.fromkeys(parts))


def read_targets(path: Path, model: Model) -> tuple[Target, ...]:
    """Return the targets of a CSV file in UTF-8 or GBK, in file order, checked against the model.

    Raise SDError with every problem found.
    """
    path = Path(path)
    found = Problems()
    reader = csv.reader(io.StringIO(_read_text(path), newline=""))
    header = [cell.strip() for cell in next(reader, [])]
    _check_header(header, Section(f"{short(path)} line 1", {}, found))
    found.raise_if_any()
    targets, places = [], {}
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if name}
        cells |= {key: _plain(cells[key]) for key in TYPED if key in cells}
        name = cells.get("id", "")
        table = Section(f"{short(path)} line {reader.line_num} ({name})", cells, found)
        if not name or name in places:
            table.problem("id is given twice" if name else "id is missing")
        places[name] = table
        targets.append(_read_target(table, model))
    _check_joint(targets, places)
    found.raise_if_any()
    return tuple(_with_key(target, targets) for target in targets)


def _read_text(path: Path) -> str:
    """Return a file's text, from UTF-8 or else from GBK, as Excel saves it in China."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SDError(f"{short(path)}: cannot be read — {error.strerror or error}") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SDError(f"{short(path)}: is neither UTF-8 nor GBK — save it as CSV UTF-8")


def _plain(cell: str) -> str:
    """Return a cell as Excel and WPS mean it: plain signs and digits, no thousands separators.

    >>> _plain("＞"), _plain("≥"), _plain("１,２００"), _plain("1 234.5")
    ('>', '>=', '1200', '1234.5')
    """
    cell = unicodedata.normalize("NFKC", cell).replace("≥", ">=").replace("≧", ">=").strip()
    grouped = re.fullmatch(r"[+-]?\d{1,3}([,\u2019' ]\d{3})+(\.\d+)?", cell)
    return re.sub(r"[,\u2019' ]", "", cell) if grouped else cell


def _check_header(header: Sequence[str], table: Section) -> None:
    """Note columns that are missing or unknown."""
    for name in header:
        if name and name not in COLUMNS:
            table.problem(f'no such column "{name}"{did_you_mean(name, COLUMNS)}')
    for name in dict.fromkeys(("id", *SINGLE, *KEY)):
        if name not in header:
            table.problem(f'column "{name}" is missing')


def _read_target(table: Section, model: Model) -> Target:
    """Return one row; the problems of a row that does not hold are noted."""
    text = {name: table.text(name) for name in COLUMNS}
    joint = tuple(part.strip() for part in text["joint"].split(";") if part.strip())
    year, value = _number(table, "year"), _number(table, "value")
    if year is not None and year != int(year):
        table.problem(f'year must be a whole year, not "{text["year"]}"')
    if text["headline"] not in ("", "0", "1"):
        table.problem(f'headline must be 1, 0 or empty, not "{text["headline"]}"')
    if joint:
        for name in ("variable", "comparator", "value"):
            if text[name]:
                table.problem(f"{name} must be empty in a joint target")
    else:
        _check_single(table, year, model)
    return Target(
        **{
            name: text[name]
            for name in COLUMNS
            if name not in ("year", "value", "joint", "headline")
        },
        year=None if year is None else int(year),
        value=value,
        joint=joint,
        headline=text["headline"] == "1",
    )


def _number(table: Section, name: str) -> float | None:
    """Return a cell as a finite number, or None where it is empty or no number."""
    text = table.text(name)
    try:
        number = float(text) if text else None
    except ValueError:
        number = math.nan
    if number is None or math.isfinite(number):
        return number
    table.problem(f'{name} must be a number, not "{text}"')
    return None


def _check_single(table: Section, year: float | None, model: Model) -> None:
    """Note what keeps a single target from being scored in this model."""
    for name in SINGLE:
        table.text(name, needed=True)
    aggregate, comparator = table.text("aggregate"), table.text("comparator")
    if aggregate and aggregate not in AGGREGATES:
        hint = did_you_mean(aggregate, AGGREGATES)
        table.problem(f'aggregate must be one of {", ".join(AGGREGATES)}, not "{aggregate}"{hint}')
    if comparator and comparator not in COMPARATORS:
        table.problem(f'comparator must be > or >=, not "{comparator}"')
    clock = model.clock
    if year is not None and not clock.start <= year <= clock.stop - 1:
        table.problem(
            f"the year {year:g} is not wholly within the model's time, "
            f"{clock.start:g} to {clock.stop:g}"
        )
    if name := table.text("variable"):
        _check_variable(table, name, model)


def _check_variable(table: Section, name: str, model: Model) -> None:
    """Note an unknown variable or element, and a unit that is not the model's."""
    written = model.name_of(name)
    if written is None:
        like = nearest(name, model.variables)
        hint = f' — did you mean "{like}" ({model.variables[like].unit})?' if like else ""
        table.problem(f'no variable "{name}" in {short(model.path)}{hint}')
        return
    variable, element = model.variables[written], table.text("element")
    if element or variable.dims:
        cells = find_cells(model, variable, element, table)
        if len(cells) > 1:
            table.problem(f'"{written}" has {len(cells)} elements here — name one in element')
    unit, aggregate = table.text("unit"), table.text("aggregate")
    expected = unit_of(variable, aggregate, model.clock)
    if expected is None:
        table.problem(
            f'"{written}" is in {variable.unit or "Dmnl"}, no rate a year: '
            "use aggregate mean or end"
        )
    elif unit and aggregate in AGGREGATES and not same_unit(unit, expected):
        table.problem(f"unit is {unit}, but must be {expected} ({aggregate} of {written})")


def unit_of(variable: Variable, aggregate: str, clock: Clock) -> str | None:
    """Return the unit of an aggregate of a variable: an integral over time loses its "/Year".

    None where the variable is no rate and so has no sensible integral.
    """
    if aggregate != "annual":
        return variable.unit or "Dmnl"
    amount, slash, per = variable.unit.rpartition("/")
    time = (clock.unit or "Year").strip().casefold().rstrip("s")
    if not slash or per.strip().casefold().rstrip("s") != time:
        return None
    return "Dmnl" if amount.strip() in ("", "1") else amount.strip()


def _check_joint(targets: Sequence[Target], places: Mapping[str, Section]) -> None:
    """Note parts of joint targets that do not exist, and targets that are part of themselves."""
    parts = {target.id: target.joint for target in targets}
    for target in targets:
        for name in target.joint:
            if name not in parts:
                places[target.id].problem(f'joint: no target "{name}"{did_you_mean(name, parts)}')
        reached: set[str] = set()
        ahead = list(target.joint)
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += parts.get(name, ())
        if target.id in reached:
            places[target.id].problem("joint: the target is part of itself")


def _with_key(target: Target, targets: Sequence[Target]) -> Target:
    """Return a joint target with the measure, scope and price basis of its parts."""
    if not target.joint:
        return target
    parts = leaves(target, targets)
    joined: dict[str, Any] = {
        name: " + ".join(dict.fromkeys(getattr(part, name) for part in parts))
        for name in KEY
        if not getattr(target, name)
    }
    return replace(target, **joined)
