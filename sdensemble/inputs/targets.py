"""Targets: the quantified goals of a policy, one row each, that a run is scored against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Message, Problems, SDError, did_you_mean, nearest
from sdengine.syntax import Clock, Model, Variable, reached
from sdensemble.inputs.config import Section, bounds, find_cells, find_constant, short, span
from sdensemble.inputs.rows import cell_year, need, parts_of, read_rows, row_as
from sdensemble.inputs.units import amount_of, same_unit

AGGREGATES = ("annual", "mean", "end")
"""How a year becomes one number: the integral over it, its mean, or the value at its end."""
COMPARATORS = {">": np.greater, ">=": np.greater_equal}
ABOUT = "about"
"""The comparator of a value written as "about": met inside the band ``low`` to ``high``."""
KEY = ("measure", "scope", "price_basis")
ROLES = ("outcome", "reference", "lever", "indicator")
SCORED = ("outcome", "reference")
SINGLE = ("variable", "aggregate", "year", "comparator", "value", "unit", "measure")


@dataclass(frozen=True)
class Target:
    """One row of the targets.

    ``role`` says what becomes of the row: an "outcome" is scored in every run; a "reference" is
    scored too but is no target of the policy; a "lever" is set, through the constants ``lever``
    (parted by semicolons) at ``lever_value`` in ``lever_unit``; an "indicator" is not simulated.
    A lever row without a constant, and every indicator, says why in ``reason_zh`` and
    ``reason_en``; a reference may say there what it rests on.

    A joint target names others in ``joint`` and is met when all of them are; it has no
    variable, comparator or value, and its measure, scope and price basis are theirs unless the
    row says other. ``within`` names the row of the whole this one is a part of: the two are
    never added, and are scored jointly where both are scored. ``aggregate`` is "annual"
    (integral over the year), "mean" (of the year) or "end" (value at the end of the year);
    ``unit`` is that of ``value``, ``low`` and ``high``. These two are the band of a value
    written as "about", or the ends of a range, which is met at its lower end.

    ``entity`` and ``quantity`` are what published statistics are found by; ``source_row`` is
    the row's name in the list it was taken from.
    """

    id: str
    zh: str = ""
    en: str = ""
    variable: str = ""
    element: str = ""
    aggregate: str = ""
    year: int | None = None
    comparator: str = ""
    value: float | None = None
    unit: str = ""
    measure: str = ""
    scope: str = ""
    price_basis: str = ""
    section: str = ""
    joint: tuple[str, ...] = ()
    headline: bool = False
    note: str = ""
    role: str = "outcome"
    low: float | None = None
    high: float | None = None
    within: str = ""
    lever: tuple[str, ...] = ()
    lever_value: float | None = None
    lever_unit: str = ""
    reason_zh: str = ""
    reason_en: str = ""
    entity: str = ""
    quantity: str = ""
    source_row: str = ""

    def __hash__(self) -> int:
        return hash(self.id)  # thousands of look-ups by a target need no more

    @property
    def scored(self) -> bool:
        """True where a run gives the row a probability."""
        return self.role in SCORED


COLUMNS = tuple(field.name for field in fields(Target))


def met(values: ArrayLike, comparator: str, threshold: float) -> NDArray[np.bool_]:
    """Return, in the shape of ``values``, whether each meets ``> threshold`` or ``>= threshold``.

    NaN meets nothing: whoever reports a probability counts the NaN apart.
    """
    if comparator not in COMPARATORS:
        told = 'comparator "{comparator}": there are {comparators}'
        raise SDError(told, comparator=comparator, comparators=", ".join(COMPARATORS))
    return COMPARATORS[comparator](np.asarray(values, dtype=float), threshold)


def holds(target: Target, values: ArrayLike) -> NDArray[np.bool_]:
    """Return, in the shape of ``values``, whether each meets a target with a value of its own."""
    if target.value is None:
        raise SDError('target "{id}" has no value of its own', id=target.id)
    if target.comparator != ABOUT:
        return met(values, target.comparator, target.value)
    low, high = band(target)
    values = np.asarray(values, dtype=float)
    return (values >= low) & (values <= high)


def band(target: Target) -> tuple[float, float]:
    """Return the band of a target written as "about"; raise SDError where it has none."""
    if target.low is None or target.high is None:
        raise SDError('target "{id}" has no band: it needs low and high', id=target.id)
    return target.low, target.high


def scored(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the rows that a run gives a probability, in their order."""
    return tuple(target for target in targets if target.scored)


def readings(target: Target, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the references that ask the same of the same thing in another measure or scope."""

    def asked(one: Target) -> tuple[object, ...]:
        same = one.entity, one.quantity, one.year, one.comparator, one.value, one.unit
        return (*same, one.price_basis)

    if not target.quantity or target.joint:
        return ()
    return tuple(
        one
        for one in targets
        if one.role == "reference"
        and one is not target
        and asked(one) == asked(target)
        and (one.measure, one.scope) != (target.measure, target.scope)
    )


def leaves(target: Target, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the single targets that make up a joint one, each once; a single one itself."""
    if not target.joint:
        return (target,)
    by_id = {one.id: one for one in targets}
    parts = (part for name in target.joint for part in leaves(by_id[name], targets))
    return tuple(dict.fromkeys(parts))


def last_year(target: Target, targets: Sequence[Target]) -> int:
    """Return a target's year; of a joint one the last of its parts'."""
    return max(part.year or 0 for part in leaves(target, targets))


def unit_of(variable: Variable, aggregate: str, clock: Clock) -> str | None:
    """Return the unit of an aggregate of a variable: an integral over time loses its "/Year".

    None where the variable is no rate and so has no sensible integral.
    """
    if aggregate != "annual":
        return variable.unit or "Dmnl"
    return amount_of(variable.unit, clock.unit)


# ── the file ──


TYPED = ("year", "comparator", "value", "headline", "low", "high", "lever_value")
"""Columns in which signs and digits of full width are read as plain ones."""


def read_targets(path: Path, model: Model) -> tuple[Target, ...]:
    """Return the rows of a CSV file in UTF-8 or GBK, in file order, checked against the model.

    Rows of every role; ``scored`` picks those a run gives a probability. Raise SDError with
    every problem found.
    """
    found = Problems()
    targets, places = [], {}
    for table in read_rows(Path(path), COLUMNS, ("id", *SINGLE, *KEY), TYPED, found):
        places[table.text("id")] = table
        targets.append(_read_target(table, model))
    _check_joint(targets, places)
    found.raise_if_any()
    return tuple(_with_key(target, targets) for target in targets)


def _read_target(table: Section, model: Model) -> Target:
    """Return one row; the problems of a row that does not hold are noted."""
    role = table.one_of("role", ROLES, "outcome")
    levers = tuple(model.name_of(name) or name for name in parts_of(table.text("lever")))
    target = row_as(table, Target, year=cell_year(table, "year"), role=role, lever=levers)
    if target.joint:
        for name in ("variable", "comparator", "value"):
            if table.text(name):
                table.problem("{name} must be empty in a joint target", name=name)
    elif target.scored:
        _check_single(table, target, model)
        _check_band(table, target)
    if not target.scored:
        _check_unscored(table, target, model)
    return target


def _check_band(table: Section, target: Target) -> None:
    """Note a band that is missing, turned round, or does not fit the value."""
    value, low, high = target.value, target.low, target.high
    about = target.comparator == ABOUT
    if (low is None) != (high is None) or (about and low is None):
        told = "low and high: give both" if not about else "about needs low and high"
        table.problem(told)
        return
    if value is None or low is None or high is None:
        return
    words = {"value": value, "low": low, "high": high}
    if not low < high:
        table.problem("low ({low:g}) must be below high ({high:g})", **words)
    elif about and not low <= value <= high:
        table.problem("value ({value:g}) is outside its band, {low:g} to {high:g}", **words)
    elif not about and value != low:
        told = "value must be the lower end of the range, {low:g}, not {value:g}"
        table.problem(told, **words)


def _check_unscored(table: Section, target: Target, model: Model) -> None:
    """Note what a row that no run scores must say, or must leave empty."""
    role = target.role
    for name in ("variable", "headline"):
        if table.text(name) not in ("", "0"):
            told = "{name} must be empty in a row that is not scored (role {role})"
            table.problem(told, name=name, role=role)
    if target.joint:
        table.problem("joint must be empty in a row that is not scored (role {role})", role=role)
    levers = parts_of(table.text("lever"))
    if role == "indicator" and levers:
        table.problem("lever must be empty in an indicator")
    if role == "indicator" or not levers:
        what = Message("is not simulated" if role == "indicator" else "has no lever of its own")
        for name in ("reason_zh", "reason_en"):
            if not table.text(name):
                table.problem("{name} is missing: say why the row {what}", name=name, what=what)
    for name in levers:
        variable = find_constant(model, name, table)
        if variable is None or not table.text("lever_value"):
            continue
        value, unit = target.lever_value, table.text("lever_unit", needed=True)
        if unit and not same_unit(unit, variable.unit):
            words = {"unit": unit, "unit2": variable.unit or "Dmnl", "name": name}
            table.problem("lever_unit is {unit}, but must be {unit2} ({name})", **words)
        low, high = bounds(variable)
        if value is not None and not low <= value <= high:
            told = "lever_value {value:g} is outside the limits ({variable})"
            table.problem(told, value=value, variable=span(variable))


def _check_single(table: Section, target: Target, model: Model) -> None:
    """Note what keeps a single target from being scored in this model."""
    need(table, SINGLE)
    table.one_of("aggregate", AGGREGATES)
    comparator, year = target.comparator, target.year
    if comparator and comparator not in (*COMPARATORS, ABOUT):
        told = 'comparator must be >, >= or about, not "{comparator}"'
        table.problem(told, comparator=comparator)
    clock = model.clock
    if year is not None and not clock.start <= year <= clock.stop - 1:
        told = "the year {year:g} is not wholly within the model's time, {start:g} to {stop:g}"
        table.problem(told, year=year, start=clock.start, stop=clock.stop)
    if target.variable:
        _check_variable(table, target, model)


def _check_variable(table: Section, target: Target, model: Model) -> None:
    """Note an unknown variable or element, and a unit that is not the model's."""
    name, element = target.variable, target.element
    written = model.name_of(name)
    if written is None:
        like = nearest(name, model.variables)
        told = ' — did you mean "{like}" ({unit})?'
        hint = Message(told, like=like, unit=model.variables[like].unit) if like else ""
        told = 'no variable "{name}" in {file}{hint}'
        table.problem(told, name=name, file=short(model.path), hint=hint)
        return
    variable = model.variables[written]
    if element or variable.dims:
        cells = find_cells(model, variable, element, table)
        if len(cells) > 1:
            told = '"{written}" has {cells} elements here — name one in element'
            table.problem(told, written=written, cells=len(cells))
    unit, aggregate = target.unit, target.aggregate
    expected = unit_of(variable, aggregate, model.clock)
    if expected is None:
        told = '"{written}" is in {unit}, no rate a year: use aggregate mean or end'
        table.problem(told, written=written, unit=variable.unit or "Dmnl")
    elif unit and aggregate in AGGREGATES and not same_unit(unit, expected):
        told = "unit is {unit}, but must be {expected} ({aggregate} of {written})"
        table.problem(told, unit=unit, expected=expected, aggregate=aggregate, written=written)


def _check_joint(targets: Sequence[Target], places: Mapping[str, Section]) -> None:
    """Note parts and wholes that do not exist, parts that no run scores, and rings of either."""
    by_id = {target.id: target for target in targets}
    joint = {target.id: target.joint for target in targets}
    within = {target.id: (target.within,) if target.within else () for target in targets}
    for target in targets:
        place = places[target.id]
        for name in target.joint:
            if name not in by_id:
                told = 'joint: no target "{name}"{hint}'
                place.problem(told, name=name, hint=did_you_mean(name, by_id))
            elif not by_id[name].scored:
                told = 'joint: "{name}" is not scored (role {what})'
                place.problem(told, name=name, what=by_id[name].role)
        if target.within and target.within not in by_id:
            hint = did_you_mean(target.within, by_id)
            place.problem('within: no target "{within}"{hint}', within=target.within, hint=hint)
        if target.id in reached(target.id, within):
            place.problem("within: the target is part of itself")
        if target.id in reached(target.id, joint):
            place.problem("joint: the target is part of itself")


def _with_key(target: Target, targets: Sequence[Target]) -> Target:
    """Return a joint target with the measure, scope and price basis of its parts."""
    if not target.joint:
        return target
    joined = key_of(leaves(target, targets))
    return replace(target, **{n: told for n, told in joined.items() if not getattr(target, n)})


def key_of(parts: Sequence[Target]) -> dict[str, Any]:
    """Return measure, scope and price basis of what parts join: theirs, each once."""
    return {name: " + ".join(dict.fromkeys(getattr(part, name) for part in parts)) for name in KEY}
