"""A batch of scenarios as people make it: one Excel or CSV file, a row each, a column a lever.

The first row with a name column heads the table; titles may stand above it. Columns are levers by
name or label in either language, with an element in square brackets and a unit in round ones:
``工厂投资补助（亿元/年）``. A cell is a number, a per cent (30%), a number with its unit,
or a schedule (``2021: 2; 2023: 6``); an empty one leaves the lever as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdengine.errors import Message, Problems, SDError
from sdengine.syntax import Model, fold
from sdensemble.inputs.config import Section, find_constant
from sdensemble.inputs.scenarios import LAST, Scenario, Setting, read_setting, split_name
from sdensemble.inputs.spreadsheet import HEAD_ROWS, Grid, letters, read_grids
from sdensemble.inputs.units import Units

NAMES = ("scenario", "name", "情景", "名称", "方案", "情景名称")
STARTS = ("start", "from", "起始", "起始年份", "开始年份", "起始时间")
TITLES = {"zh": ("title", "标题", "中文标题", "title_zh"), "en": ("title_en", "英文标题")}
IGNORED = ("note", "notes", "备注", "说明")
SCHEDULE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[:：]\s*([^;；]+)\s*")
MOST = 2000
"""Scenarios a batch may hold."""


def read_batch(
    path: Path,
    model: Model,
    *,
    units: Units,
    starts: Callable[[str], float],
    baseline: str,
    taken: Sequence[str] = (),
) -> tuple[Scenario, ...]:
    """Return the scenarios of an .xlsx or .csv file, in the order of their rows.

    ``starts`` says from when a lever is set where no column does; ``taken`` are names that stand
    for other scenarios. Raise SDError with every problem, each with sheet, row and column.
    """
    path = Path(path)
    found = Problems()
    grid, head = _table(path)
    header = grid.rows[head][1]
    sheet = _Sheet(grid, header, _columns(grid, header, model, units, found), found)
    scenarios: list[Scenario] = []
    for line, row in grid.rows[head + 1 :]:
        if not any(cell.strip() for cell in row):
            continue
        scenario = _row(sheet, line, row, model, units, starts)
        if scenario is None:
            continue
        place = sheet.place(line, sheet.find(NAMES))
        if fold(scenario.name) in {fold(one.name) for one in scenarios}:
            found.add(place, '"{name}" is given twice', name=scenario.name)
        elif fold(scenario.name) in map(fold, taken):
            told = '"{name}" is a scenario of the study: name the row otherwise'
            found.add(place, told, name=scenario.name)
        scenarios.append(scenario)
    if not scenarios and not found:
        found.add(grid.place, "has no scenario below its head")
    if len(scenarios) > MOST:
        told = "{n} scenarios; at most {most} at a time"
        found.add(grid.place, told, n=len(scenarios), most=MOST)
    found.raise_if_any()
    return tuple(replace(one, compares=baseline, path=path) for one in scenarios)


@dataclass(frozen=True)
class _Sheet:
    """The table, its head, which columns are levers with which unit, and where problems go."""

    grid: Grid
    header: Sequence[str]
    levers: Mapping[int, tuple[str, str]]
    found: Problems

    def find(self, words: Sequence[str]) -> int | None:
        """Return which column is headed by one of some words."""
        return next((i for i, cell in enumerate(self.header) if _plain(cell) in words), None)

    def place(self, line: int, column: int | None) -> str:
        """Return a cell's place in words."""
        told = "{place} row {line}, column {column}"
        return Message(told, place=self.grid.place, line=line, column=letters(column or 0))


def _columns(
    grid: Grid, header: Sequence[str], model: Model, units: Units, found: Problems
) -> dict[int, tuple[str, str]]:
    """Return (lever as written, unit) of each column that is one; note those of no lever."""
    levers: dict[int, tuple[str, str]] = {}
    seen: dict[tuple[str, str], str] = {}
    known = {*NAMES, *STARTS, *IGNORED, *TITLES["zh"], *TITLES["en"]}
    for i, cell in enumerate(header):
        if not cell.strip() or _plain(cell) in known:
            continue
        name, unit = headed(cell, model)
        place = Message("{place}, column {column}", place=grid.place, column=letters(i))
        probe = Section(Message('{place} "{name}"', place=place, name=name), {}, found)
        constant, element = split_name(name)
        variable = find_constant(model, constant, probe, units)
        if variable is None:
            continue
        key = (variable.name, fold(element))
        if key in seen:
            told = '"{name}" stands in column {other} already'
            found.add(place, told, name=name, other=seen[key])
            continue
        seen[key] = letters(i)
        levers[i] = (name, unit)
    if not levers and not found:
        found.add(grid.place, "has no column named by a lever")
    return levers


def headed(cell: str, model: Model) -> tuple[str, str]:
    """Return the lever and the unit of a head; a label may hold brackets of its own."""
    text = unicodedata.normalize("NFKC", cell).strip()
    labels = {
        fold(unicodedata.normalize("NFKC", label))
        for v in model.constants()
        for label in (v.name, v.note.zh, v.note.en)
        if label
    }
    if fold(split_name(text)[0]) in labels:
        return text, ""
    match = re.fullmatch(r"(.*\S)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text)
    return (match[1].strip(), match[2].strip()) if match else (text, "")


def _row(
    sheet: _Sheet,
    line: int,
    row: Sequence[str],
    model: Model,
    units: Units,
    starts: Callable[[str], float],
) -> Scenario | None:
    """Return the scenario of one row; None with its problems noted."""
    found, before = sheet.found, len(sheet.found.lines)

    def cell(i: int | None) -> str:
        return row[i].strip() if i is not None and i < len(row) else ""

    name_at, start_at = sheet.find(NAMES), sheet.find(STARTS)
    name = cell(name_at)
    if not name:
        found.add(sheet.place(line, name_at), "the scenario has no name")
    start = _number(cell(start_at))
    if cell(start_at) and start is None:
        found.add(sheet.place(line, start_at), '"{text}" is no year', text=cell(start_at))
    titles = {lang: cell(sheet.find(words)) for lang, words in TITLES.items()}
    spare = next(filter(None, titles.values()), name)
    settings: list[Setting] = []
    for i, (lever, unit) in sheet.levers.items():
        if not (text := cell(i)):
            continue
        values: dict[str, Any] = {"unit": unit} if unit else {}
        parts = [SCHEDULE.fullmatch(part) for part in re.split("[;；]", text) if part.strip()]
        if parts and all(parts):
            values["by_year"] = {part[1]: part[2].strip() for part in parts if part}
        else:
            quiet = Section("", {}, Problems())
            constant = find_constant(model, split_name(lever)[0], quiet, units)
            began = starts(constant.name) if constant is not None else model.clock.start
            values |= {"value": text, "start": began if start is None else start}
        where = Message('{place} "{name}"', place=sheet.place(line, i), name=lever)
        settings += read_setting(lever, Section(where, values, found), "lever", model, units)
    if len(found.lines) > before:
        return None
    title = {lang: text or spare for lang, text in titles.items()}
    return Scenario(name, LAST, title, {}, tuple(settings))


def _number(text: str) -> float | None:
    try:
        return float(unicodedata.normalize("NFKC", text).removesuffix("年")) if text else None
    except ValueError:
        return None


def _plain(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip().casefold()


# ── the file ──


def _table(path: Path) -> tuple[Grid, int]:
    """Return the table of a file that has a head, and the place of that head."""
    for grid in read_grids(path):
        for i, (_, row) in enumerate(grid.rows[:HEAD_ROWS]):
            if any(_plain(cell) in NAMES for cell in row):
                return grid, i
    told = (
        '{file}: no head in the first {n} rows: one column must be named "scenario" or "情景",'
        " the others by levers"
    )
    raise SDError(told, file=path.name, n=HEAD_ROWS)
