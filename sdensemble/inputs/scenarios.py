"""Scenario files: what a person sets, when, and what that makes of each member's constants."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdengine.syntax import Clock, Model, Variable, fold
from sdensemble.inputs.config import (
    Cell,
    Section,
    bounds,
    find_cells,
    find_constant,
    read_toml,
    short,
    span,
    taken_twice,
)
from sdensemble.inputs.units import Units, as_number, in_words, of_unit, quantity

Floats = NDArray[np.float64]
Kind = Literal["lever", "world"]
BASELINE = "baseline"
DEFAULT_SET = "default"
"""The set of the scenarios that name none: what a run does where no scenario is asked for."""
EXECUTION = "execution"
"""A lever's execution rate is the constant named as the lever with this word behind."""
NOTHING: Mapping[Any, Any] = MappingProxyType({})
KEYS = {
    "顺序": "order",
    "标题": "title",
    "名称": "title",
    "目的": "purpose",
    "说明": "purpose",
    "对照": "compares",
    "政策包": "package",
    "政策组": "set",
    "政策工具": "levers",
    "外部条件": "world",
    "取值": "value",
    "值": "value",
    "逐年": "by_year",
    "起始": "start",
    "起": "start",
    "执行率": EXECUTION,
    "单位": "unit",
    "中文": "zh",
    "英文": "en",
}
"""Chinese words for the keys of a scenario file."""
LAST = 1_000_000
"""The order of a scenario that gives none: behind those that do."""


@dataclass(frozen=True)
class Setting:
    """One constant, or one element of it, set from some times on.

    ``values`` are in the model's unit; each holds from its time until the next. ``cells`` are
    the indices it sets, ``((),)`` for a scalar.
    """

    constant: str
    element: str | None
    times: tuple[float, ...]
    values: tuple[float, ...]
    kind: Kind
    cells: tuple[Cell, ...] = ((),)


@dataclass(frozen=True)
class Scenario:
    """A named set of settings: a choice made by people, or a stress of the world.

    ``title`` and ``purpose`` map "zh" and "en" to a text, the title always to one. ``sets`` are
    the names under which it is run together with others.
    """

    name: str
    order: int
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    settings: tuple[Setting, ...]
    compares: str = BASELINE
    package: str | None = None
    sets: tuple[str, ...] = (DEFAULT_SET,)
    path: Path = Path()
    digest: str = ""

    @property
    def meaning(self) -> str:
        """A digest of what it sets: the same whatever its title, comments and order."""
        told = sorted(repr((s.constant, s.cells, s.times, s.values)) for s in self.settings)
        return hashlib.blake2b("\n".join(told).encode(), digest_size=16).hexdigest()


def laid_over(base: Scenario, settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """Return settings with those of a scenario that speak of other constants or elements."""
    taken = {(one.constant, cell) for one in settings for cell in one.cells}
    left = (
        replace(one, cells=tuple(cell for cell in one.cells if (one.constant, cell) not in taken))
        for one in base.settings
    )
    return (*(one for one in left if one.cells), *settings)


def moved_by(scenarios: Iterable[Scenario]) -> frozenset[str]:
    """Return every constant that any of the scenarios sets."""
    return frozenset(one.constant for scenario in scenarios for one in scenario.settings)


def read_scenarios(
    folder: Path, model: Model, refused: Mapping[str, str] = NOTHING, units: Units = NOTHING
) -> tuple[Scenario, ...]:
    """Return the scenarios of a folder's TOML files, by their order, then by name.

    ``refused`` says of folded names of instruments why no constant stands for them, ``units``
    holds the words for units of the model. Raise SDError with the problems of all files together.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))
    found, scenarios = Problems(), []
    for path in sorted(folder.glob("*.toml.txt")):
        told = "the name ends in .toml.txt (Windows may hide it): rename it to {name}"
        found.add(short(path), told, name=path.stem)
    if not paths and not found:
        raise SDError("{folder}: holds no scenario (a .toml file)", folder=folder.name)
    for path in paths:
        with found.noted():
            scenarios.append(read_scenario(path, model, refused, units))
    _check_compares(folder, scenarios, [path.stem for path in paths], found)
    found.raise_if_any()
    return tuple(sorted(scenarios, key=lambda scenario: (scenario.order, scenario.name)))


def _check_compares(
    folder: Path, scenarios: Sequence[Scenario], names: Sequence[str], found: Problems
) -> None:
    """Note scenarios that are compared with one that is missing; one alone is compared with none.

    Those that name none are compared with the baseline, whose absence is one problem.
    """
    orphans = [s for s in scenarios if s.compares not in names]
    for scenario in orphans:
        if scenario.compares != BASELINE:
            hint = did_you_mean(scenario.compares, names)
            told = 'compares: no such scenario "{name}"{hint}'
            found.add(short(scenario.path), told, name=scenario.compares, hint=hint)
    left = [s.name for s in orphans if s.compares == BASELINE]
    if left and len(names) > 1:
        more = Message("{first} and {n} more", first=left[0], n=len(left) - 1)
        told = (
            'no such scenario "{name}" ({name}.toml), with which {what} would be compared:'
            ' add it, or give each compares = "…" (its own name: with none)'
        )
        what = left[0] if len(left) == 1 else more
        found.add(folder.name, told, name=BASELINE, what=what)


def read_scenario(
    path: Path, model: Model, refused: Mapping[str, str] = NOTHING, units: Units = NOTHING
) -> Scenario:
    """Return the scenario of one TOML file, named as the file and checked against the model.

    Constants and elements go by name or label, units by name or word; a number may carry its
    unit or a per cent sign. ``refused`` and ``units`` are as in ``read_scenarios``. Raise SDError
    with every problem found.
    """
    path = Path(path)
    content, digest = read_toml(path)
    found = Problems()
    top = Section(short(path), _keyed(content), found)
    top.only(("order", "title", "purpose", "compares", "package", "set", "levers", "world"))
    order = top.number("order") if "order" in content else LAST
    title = top.words("title", path.stem)
    purpose = top.words("purpose")
    settings = read_settings(top, "levers", "lever", model, refused, units)
    settings += read_settings(top, "world", "world", model, refused, units)
    for name in taken_twice(((one.constant, one.cells) for one in settings), model):
        top.problem('"{name}" is set twice', name=name)
    compares, package = top.text("compares") or BASELINE, top.text("package") or None
    sets = _read_sets(top)
    found.raise_if_any()
    return Scenario(
        name=path.stem,
        order=LAST if order is None else int(order),
        title=title,
        purpose=purpose,
        settings=tuple(settings),
        compares=compares,
        package=package,
        sets=sets,
        path=path,
        digest=digest,
    )


def _keyed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with Chinese words for keys put as the keys; names of constants stay."""
    keyed = {KEYS.get(key, key): value for key, value in values.items()}
    for key in ("title", "purpose"):
        if isinstance(keyed.get(key), dict):
            keyed[key] = {KEYS.get(lang, lang): text for lang, text in keyed[key].items()}
    return keyed


def _read_sets(top: Section) -> tuple[str, ...]:
    """Return the sets a scenario is in: one name or a list of them, or the default set."""
    given = top.values.get("set", DEFAULT_SET)
    names = given if isinstance(given, list) else [given]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        told = 'set must be a name or a list of names such as ["{name}"]'
        top.problem(told, name=DEFAULT_SET)
        return (DEFAULT_SET,)
    return tuple(dict.fromkeys(name.strip() for name in names))


# ── settings ───────────────────────────────────────────────────────────────────────────────


def read_settings(
    top: Section,
    key: str,
    kind: Kind,
    model: Model,
    refused: Mapping[str, str] = NOTHING,
    units: Units = NOTHING,
) -> list[Setting]:
    """Return the settings of ``[levers]`` or ``[world]``, those of execution rates behind each."""
    given = top.values.get(key, {})
    if not isinstance(given, dict):
        top.problem("{key} must be a table: write [{key}] on a line of its own", key=key)
        return []
    settings = []
    for name, value in given.items():
        values = _keyed(value) if isinstance(value, dict) else {"value": value}
        table = Section(f'{top.where} [{key}] "{name}"', values, top.found)
        if fold(name) in refused and model.name_of(name) is None:
            table.problem("is refused: {why}", why=refused[fold(name)])
            continue
        settings += read_setting(name, table, kind, model, units)
    return settings


def read_setting(
    name: str, table: Section, kind: Kind, model: Model, units: Units
) -> list[Setting]:
    """Return the setting of one line, and that of its execution rate where it gives one."""
    table.only(("value", "by_year", "start", EXECUTION, "unit"))
    constant, element = split_name(name)
    variable = find_constant(model, constant, table, units)
    schedule = _read_schedule(table, model.clock, variable, units)
    if variable is None:
        return []
    if "unit" in table.values and of_unit(variable, table.text("unit"), units) is None:
        _wrong_unit(table, table.text("unit"), variable, units)
    settings = [_setting(variable, element, schedule, kind, model, table, units)]
    if EXECUTION in table.values:
        companion = f"{variable.name} {EXECUTION}"
        place = Section(f'{table.where} {EXECUTION}: "{companion}"', table.values, table.found)
        found = find_constant(model, companion, place, units)
        rate = _amount(table, EXECUTION, table.values[EXECUTION], found, units)
        if found is not None and rate is not None:
            own = element if found.dims == variable.dims else ""
            whole = {model.clock.start: rate}
            settings.append(_setting(found, own, whole, kind, model, place, units))
    return settings


def _amount(
    table: Section, key: str, value: object, variable: Variable | None, units: Units, unit: str = ""
) -> float | None:
    """Return a number in the model's unit, or None with the problem noted.

    The unit stands behind the number, or is given for the line (``unit``).
    """
    read = quantity(value)
    if read is None:
        table.problem("{key} must be a number, not {value!r}", key=key, value=value)
        return None
    number, behind = read
    if variable is None:
        return number
    factor = of_unit(variable, behind or unit, units)
    if factor is None and behind:
        _wrong_unit(table, behind, variable, units)
    # 30% is three tenths to the last bit, which 30 times a hundredth is not.
    return number / 100 if factor == 0.01 else number


def _wrong_unit(table: Section, given: str, variable: Variable, units: Units) -> None:
    words = {"given": given, "unit": in_words(variable.unit, units)}
    table.problem("unit is {given}, but {unit} in the model", **words)


def split_name(name: str) -> tuple[str, str]:
    """Return a constant's name and the element in brackets behind it, empty where none is.

    >>> split_name("birth rate[north]")
    ('birth rate', 'north')
    """
    plain = unicodedata.normalize("NFKC", name).replace("【", "[").replace("】", "]")
    match = re.fullmatch(r"(.*\S)\s*\[([^\[\]]*)\]\s*", plain)
    return (match[1].strip(), match[2].strip()) if match else (name.strip(), "")


def _read_schedule(
    table: Section, clock: Clock, variable: Variable | None, units: Units
) -> dict[float, float]:
    """Return the values of one line by the time from which each holds, in order of time."""
    if ("value" in table.values) == ("by_year" in table.values):
        table.problem("give either value or by_year")
        return {}
    unit = table.text("unit") if "unit" in table.values else ""
    if "by_year" not in table.values:
        start = table.number("start") if "start" in table.values else clock.start
        value = table.values["value"]
        pairs = [(start, _amount(table, "value", value, variable, units, unit))]
    else:
        pairs = _read_years(table, variable, units, unit)
    for time in [time for time, _ in pairs if time is not None]:
        if not clock.start <= time < clock.stop:
            words = {"time": time, "start": clock.start, "stop": clock.stop}
            told = "{time:g} is outside the model's time, {start:g} to {stop:g}"
            table.problem(told, **words)
    return dict(sorted((t, v) for t, v in pairs if t is not None and v is not None))


def _read_years(
    table: Section, variable: Variable | None, units: Units, unit: str
) -> list[tuple[float | None, float | None]]:
    """Return the (time, value) pairs of ``by_year``, None where either is no number."""
    if "start" in table.values:
        table.problem("start does not go with by_year: the years there say when")
    years = table.values["by_year"]
    if not isinstance(years, dict) or not years:
        example = 'by_year must be a table such as {{ "2020.5" = 5, "2023" = 9 }}'
        table.problem(Message(example))
        return []
    pairs = []
    for key, value in years.items():
        # An unquoted 2020.5 is, to TOML, the key 5 inside a table 2020.
        if isinstance(value, dict):
            year = f"{key}.{next(iter(value), '')}"
            table.problem('by_year: write the year in quotes, "{year}"', year=year)
            continue
        plain = unicodedata.normalize("NFKC", key).strip().removesuffix("年")
        time = as_number(float(plain)) if re.fullmatch(r"\d+(\.\d*)?", plain) else None
        if time is None:
            table.problem('by_year: "{key}" is no year', key=key)
        amount = None
        if quantity(value) is None:
            told = 'by_year: the value of "{key}" must be a number, not {value!r}'
            table.problem(told, key=key, value=value)
        else:
            amount = _amount(table, f"by_year {key}", value, variable, units, unit)
        pairs.append((time, amount))
    times = [time for time, _ in pairs]
    for time in dict.fromkeys(t for t in times if t is not None and times.count(t) > 1):
        table.problem("by_year: {time:g} is given twice", time=time)
    return pairs


def _setting(
    variable: Variable,
    element: str,
    schedule: Mapping[float, float],
    kind: Kind,
    model: Model,
    table: Section,
    units: Units,
) -> Setting:
    """Return one setting, with an unknown element or a value outside the limits noted."""
    low, high = bounds(variable)
    for value in schedule.values():
        if not low <= value <= high:
            told = "{value:g} is outside the limits of the constant ({span}){hint}"
            share = variable.unit == "Dmnl" and low <= value / 100 <= high
            hint = Message(' — {value:g}% is written "{value:g}%"', value=value) if share else ""
            table.problem(told, value=value, span=span(variable, units), hint=hint)
    cells = find_cells(model, variable, element, table)
    times, values = tuple(schedule), tuple(schedule.values())
    return Setting(variable.name, element or None, times, values, kind, cells)
