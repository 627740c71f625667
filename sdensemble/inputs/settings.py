"""What a person sets on the command line beside plain constants: formulas, tables, first values,
series from csv, xlsx, tab or dat files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sdengine.errors import Message, Problems, SDError, did_you_mean
from sdengine.model.cells import digest_of, grid_of
from sdengine.model.settings import Through, with_settings
from sdengine.syntax import Kind, Model, fold
from sdensemble.inputs.config import Section, find_cells
from sdensemble.inputs.vensim.text import number, split_name

_POINTS = re.compile(r"\s*\(\s*([^(),\s]+)\s*,\s*([^(),\s]+)\s*\)\s*(?:,|$)")
_CLOCK = ("final time", "initial time", "time step", "saveper")
_TIME = ("time", "year", "date", "t", "时间", "年", "年份")


@dataclass(frozen=True)
class Changed:
    """A model as a person changed it.

    ``settings`` are those left for its constants, ``files`` the series' names with their hashes.
    """

    model: Model
    settings: tuple[str, ...]
    files: dict[str, str]


def changed(
    model: Model,
    *,
    settings: Sequence[str] = (),
    initial: Sequence[str] = (),
    series: Sequence[Path] = (),
    data: Sequence[Path] = (),
) -> Changed:
    """Return a model in which everything a person set is set.

    ``settings`` are "name=3", "name[element]=3" or "table=(0,0),(10,20)"; ``initial`` are
    "stock=50"; ``series`` and ``data`` are csv, xlsx, tab or dat files with a column of times and
    one for each variable or element: data fill what has no source (other variables of an exported
    run are left out), series take the place of anything.
    Raises SDError with every problem.
    """
    found = _Reader(model)
    left = tuple(text for text in settings if not found.setting(text))
    for text in initial:
        found.initial(text)
    for path in data:
        found.file(path, "--data")
    for path in series:
        found.file(path, "--series")
    found.problems.raise_if_any()
    out = with_settings(
        model, found.values, tables=found.tables, initial=found.firsts, series=found.series
    )
    return Changed(out, left, found.files)


class _Reader:
    def __init__(self, model: Model):
        self.model, self.problems = model, Problems()
        self.values: dict[str, Any] = {}
        self.firsts: dict[str, Any] = {}
        self.tables: dict[str, list[tuple[float, float]]] = {}
        self.series: dict[str, Through] = {}
        self.files: dict[str, str] = {}

    def setting(self, text: str) -> bool:
        """Take one --set; return False where it is left to those who set constants."""
        left, sign, right = text.partition("=")
        name = split_name(left)
        written = self.model.name_of(name[0]) if name else None
        if not sign or name is None:
            return False
        if written is None:
            near = did_you_mean(name[0], self._no_constants())
            if near:
                self.problems.add(f'--set "{text}"', _unknown(name[0], near))
            return bool(near)
        if right.lstrip().startswith("("):
            points = _points(right)
            if points is None or name[1]:
                self.problems.add(f'--set "{text[:60]}"', "write table=(0,0),(10,20)")
            else:
                self.tables[written] = points
            return True
        variable, value = self.model[written], number(right)
        constant = variable.kind is Kind.CONSTANT and variable.value is not None
        if constant or value is None or variable.kind in (Kind.STOCK, Kind.LOOKUP):
            return self._misplaced(text, written) if value is not None and not constant else False
        self._put(self.values, f'--set "{text}"', written, name[1], value)
        return True

    def _no_constants(self) -> list[str]:
        """Return the variables that are no constants: those have a message of their own."""
        constants = {variable.name for variable in self.model.constants()}
        return [name for name in self.model.variables if name not in constants]

    def _misplaced(self, text: str, written: str) -> bool:
        stock = self.model[written].kind is Kind.STOCK
        told = '"{name}" is a graphical function: use --set "{name}=(0,0),(10,20)"'
        told = '"{name}" is a stock: use --initial "{name}=…"' if stock else told
        what = Message(told, name=written)
        self.problems.add(f'--set "{text}"', what)
        return True

    def initial(self, text: str) -> None:
        """Take one --initial."""
        left, sign, right = text.partition("=")
        name, value = split_name(left), number(right)
        written = self.model.name_of(name[0]) if name else None
        where = f'--initial "{text}"'
        if not sign or name is None or value is None:
            self.problems.add(where, "write stock=50")
        elif written is None:
            near = did_you_mean(name[0], self.model.variables)
            self.problems.add(where, _unknown(name[0], near))
        elif name[1]:
            what = Message("give every element the same first value, or set them in the file")
            self.problems.add(where, what)
        else:
            self._put(self.firsts, where, written, "", value)

    def _put(
        self, into: dict[str, Any], where: str, written: str, element: str, value: float
    ) -> None:
        variable = self.model[written]
        section = Section(where, {}, self.problems)
        full = into.setdefault(written, np.full(self.model.shape(variable), np.nan))
        for cell in find_cells(self.model, variable, element, section):
            full[cell] = value

    # ── files ──────────────────────────────────────────────────────────────────────────────

    def file(self, path: Path, option: str) -> None:
        """Take the series of one file."""
        where = f"{option} {path.name}"
        beside = self.model.path.parent / path
        there = path if path.is_file() or not beside.is_file() else beside
        if not there.is_file():
            self.problems.add(where, "no such file")
            return
        self.files[path.name] = digest_of(there)
        try:
            head, times, columns = _columns(there)
        except SDError as error:
            self.problems.take(error)
            return
        found: dict[str, np.ndarray] = {}
        computed: list[str] = []
        for title, column in zip(head, columns.T, strict=True):
            name = split_name(title)
            written = self.model.name_of(name[0]) if name else None
            if written is None and fold(title) in _CLOCK:
                continue  # an exported run of Vensim has these beside its variables
            if name is None or written is None:
                near = did_you_mean(title, self.model.variables)
                self.problems.add(where, _unknown(title, near))
                continue
            variable = self.model[written]
            if option == "--data" and variable.kind is not Kind.DATA:
                computed.append(written)
                continue
            shape = self.model.shape(variable)
            full = found.setdefault(written, np.full((len(times), *shape), np.nan))
            section = Section(f'{where} "{title}"', {}, self.problems)
            for cell in find_cells(self.model, variable, name[1], section):
                np.moveaxis(full, 0, -1)[cell] = column
        for written in computed if not found else ():  # a whole run holds more than data
            what = Message('"{name}" has an equation; --series takes its place', name=written)
            self.problems.add(where, what)
        for written, full in found.items():
            self.series[written] = Through(times, full)


def _unknown(name: str, near: str) -> Message:
    return Message('no variable "{name}"{near}', name=name, near=near)


def _points(text: str) -> list[tuple[float, float]] | None:
    """Return the points "(x,y),(x,y)" spells, None where it spells something else."""
    at, out = 0, []
    while at < len(text.rstrip()):
        found = _POINTS.match(text, at)
        x, y = (number(part) for part in found.groups()) if found else (None, None)
        if found is None or x is None or y is None:
            return None
        out.append((x, y))
        at = found.end()
    return out or None


def _columns(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the titles, times and values (time, title) of a file.

    Times stand in the first column or the first row, whichever begins with a word for time or
    with an empty cell; else in the first column.
    """
    cells = grid_of(path)
    if cells.shape[0] and cells.shape[1] and all(_is_number(v) for v in cells[0, 1:]):
        cells = cells.T  # times run across
    titles = [str(v).strip() if v is not None else "" for v in cells[0, 1:]] if cells.size else []
    keep = [i for i, title in enumerate(titles) if title]
    rows = list(_numbered(cells[1:])) if cells.size else []
    if not keep or not rows:
        told = "{file}: needs a column of times and one for each variable"
        raise SDError(told, file=path.name)
    first = fold(str(cells[0, 0] or "").partition("(")[0])  # Vensim writes "Time (Year)"
    if first and first not in _TIME and not _is_number(cells[0, 0]):
        told = '{file}: the first column is "{name}"; call it "time"'
        raise SDError(told, file=path.name, name=first)
    table = np.array(sorted(rows, key=lambda row: row[0]), dtype=float)
    return [titles[i] for i in keep], table[:, 0], table[:, [i + 1 for i in keep]]


def _numbered(rows: Any) -> Iterator[list[float]]:
    for row in rows:
        if _is_number(row[0]):
            yield [float(v) if _is_number(v) else np.nan for v in row]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        return number(value) is not None
    return isinstance(value, int | float) and abs(value) < 1e300
