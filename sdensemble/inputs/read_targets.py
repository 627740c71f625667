"""Reads the targets of a study: a CSV file, each row checked against the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdengine.errors import Message, Problems, did_you_mean, nearest
from sdengine.syntax import Model, reached
from sdensemble.inputs.config import Section, bounds, find_cells, find_constant, short, span
from sdensemble.inputs.rows import cell_number, parts_of, read_rows
from sdensemble.inputs.targets import (
    ABOUT,
    AGGREGATES,
    COLUMNS,
    COMPARATORS,
    KEY,
    ROLES,
    SCORED,
    SINGLE,
    Target,
    leaves,
    unit_of,
)
from sdensemble.inputs.units import same_unit

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
    text = {name: table.text(name) for name in COLUMNS}
    joint = parts_of(text["joint"])
    numbers = {name: cell_number(table, name) for name in ("value", "low", "high", "lever_value")}
    year = cell_number(table, "year")
    if year is not None and year != int(year):
        table.problem('year must be a whole year, not "{year}"', year=text["year"])
    role = table.one_of("role", ROLES, "outcome")
    if text["headline"] not in ("", "0", "1"):
        table.problem('headline must be 1, 0 or empty, not "{headline}"', headline=text["headline"])
    if joint:
        for name in ("variable", "comparator", "value"):
            if text[name]:
                table.problem("{name} must be empty in a joint target", name=name)
    elif role in SCORED:
        _check_single(table, year, model)
        _check_band(table, numbers)
    if role not in SCORED:
        _check_unscored(table, role, joint, model)
    typed = ("year", "joint", "headline", "role", "lever", *numbers)
    given: dict[str, Any] = {name: text[name] for name in COLUMNS if name not in typed}
    return Target(
        **given | numbers,
        year=None if year is None else int(year),
        joint=joint,
        headline=text["headline"] == "1",
        role=role,
        lever=tuple(model.name_of(name) or name for name in parts_of(text["lever"])),
    )


def _check_band(table: Section, numbers: Mapping[str, float | None]) -> None:
    """Note a band that is missing, turned round, or does not fit the value."""
    value, low, high = (numbers[name] for name in ("value", "low", "high"))
    about = table.text("comparator") == ABOUT
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


def _check_unscored(table: Section, role: str, joint: Sequence[str], model: Model) -> None:
    """Note what a row that no run scores must say, or must leave empty."""
    for name in ("variable", "headline"):
        if table.text(name) not in ("", "0"):
            told = "{name} must be empty in a row that is not scored (role {role})"
            table.problem(told, name=name, role=role)
    if joint:
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
        value, unit = cell_number(table, "lever_value"), table.text("lever_unit", needed=True)
        if unit and not same_unit(unit, variable.unit):
            words = {"unit": unit, "unit2": variable.unit or "Dmnl", "name": name}
            table.problem("lever_unit is {unit}, but must be {unit2} ({name})", **words)
        low, high = bounds(variable)
        if value is not None and not low <= value <= high:
            told = "lever_value {value:g} is outside the limits ({variable})"
            table.problem(told, value=value, variable=span(variable))


def _check_single(table: Section, year: float | None, model: Model) -> None:
    """Note what keeps a single target from being scored in this model."""
    for name in SINGLE:
        table.text(name, needed=True)
    table.one_of("aggregate", AGGREGATES)
    comparator = table.text("comparator")
    if comparator and comparator not in (*COMPARATORS, ABOUT):
        told = 'comparator must be >, >= or about, not "{comparator}"'
        table.problem(told, comparator=comparator)
    clock = model.clock
    if year is not None and not clock.start <= year <= clock.stop - 1:
        told = "the year {year:g} is not wholly within the model's time, {start:g} to {stop:g}"
        table.problem(told, year=year, start=clock.start, stop=clock.stop)
    if name := table.text("variable"):
        _check_variable(table, name, model)


def _check_variable(table: Section, name: str, model: Model) -> None:
    """Note an unknown variable or element, and a unit that is not the model's."""
    written = model.name_of(name)
    if written is None:
        like = nearest(name, model.variables)
        told = ' — did you mean "{like}" ({unit})?'
        hint = Message(told, like=like, unit=model.variables[like].unit) if like else ""
        told = 'no variable "{name}" in {file}{hint}'
        table.problem(told, name=name, file=short(model.path), hint=hint)
        return
    variable, element = model.variables[written], table.text("element")
    if element or variable.dims:
        cells = find_cells(model, variable, element, table)
        if len(cells) > 1:
            told = '"{written}" has {cells} elements here — name one in element'
            table.problem(told, written=written, cells=len(cells))
    unit, aggregate = table.text("unit"), table.text("aggregate")
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
    parts = leaves(target, targets)
    joined: dict[str, Any] = {
        name: " + ".join(dict.fromkeys(getattr(part, name) for part in parts))
        for name in KEY
        if not getattr(target, name)
    }
    return replace(target, **joined)
