"""Read a study's TOML against its model: every key, name, unit and number checked."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sdensemble.errors import Problems, SDError, did_you_mean, nearest
from sdensemble.model.types import Kind, Model, Variable, fold

Floats = NDArray[np.float64]
Cell = tuple[int, ...]


def short(path: Path) -> str:
    """Return a file's name with its folder, as messages print it."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """Return a TOML file's content and the digest of its bytes; raise SDError with the line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SDError(f"{short(path)}: cannot be read — {error.strerror or error}") from None
    try:
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SDError(f"{short(path)}: is not UTF-8 — save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what, line = str(error), ""
        if at := re.search(r" \(at line (\d+), column (\d+)\)$", what):
            what, line = what[: at.start()], f" line {at[1]} column {at[2]}"
        raise SDError(f"{short(path)}{line}: is not valid TOML — {what}") from None
    return content, hashlib.blake2b(raw, digest_size=16).hexdigest()


@dataclass(frozen=True)
class Section:
    """One table of a TOML file: its values, its place in messages, and where problems go.

    A method that meets a problem notes it and returns a stand-in, so that reading goes on.
    """

    where: str
    values: Mapping[str, Any]
    found: Problems

    @classmethod
    def of_file(cls, path: Path, keys: Collection[str]) -> tuple[Section, str]:
        """Return a TOML file as the table that may hold ``keys``, and the digest of its bytes."""
        content, digest = read_toml(path)
        top = cls(short(path), content, Problems())
        top.only(keys)
        return top, digest

    def entries(self, key: str) -> list[Section]:
        """Return the tables of an array, each under its number: ``[[prior]] 3``."""
        return [
            Section(f"{self.where} [[{key}]] {i}", values, self.found)
            for i, values in enumerate(self.tables(key), start=1)
        ]

    def titled(self, title: str) -> Section:
        """Return an entry under its title in place of its number, where it has one."""
        if not title:
            return self
        place = self.where.rsplit(" ", 1)[0]
        return Section(f'{place} "{title}"', self.values, self.found)

    def problem(self, what: str) -> None:
        """Note a problem of this table."""
        self.found.add(self.where, what)

    def only(self, known: Collection[str]) -> None:
        """Note every key that is not one of ``known``."""
        for key in self.values:
            if key not in known:
                self.problem(f'no such key "{key}"{did_you_mean(key, known)}')

    def text(self, key: str, *, needed: bool = False) -> str:
        """Return a text without outer blanks; empty where it is missing."""
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.problem(f"{key} must be a text in quotes, not {value}")
        elif needed and not value.strip():
            self.problem(f"{key} is missing")
        return value.strip() if isinstance(value, str) else ""

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is missing."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.problem(f"{key} must be true or false, not {value!r}")
        return value is True

    def number(self, key: str) -> float | None:
        """Return a finite number, or None where it is missing or no number."""
        if key not in self.values:
            self.problem(f"{key} is missing")
            return None
        value = as_number(self.values[key])
        if value is None:
            self.problem(f"{key} must be a number, not {self.values[key]!r}")
        return value

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        """Return the entries of an array of tables, ``[[key]]``."""
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        self.problem(f"write [[{key}]] before each entry")
        return []

    def unit(self, expected: str) -> None:
        """Note a unit that is missing or not the expected one."""
        given = self.text("unit", needed=True)
        if given and not same_unit(given, expected):
            self.problem(f"unit is {given}, but must be {expected or 'Dmnl'} as in the model")


def as_number(value: object) -> float | None:
    """Return a TOML value as a finite float, or None; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def same_unit(one: str, other: str) -> bool:
    """Tell whether two units are written alike, blanks apart; no unit is Dmnl."""
    return ("".join(one.split()) or "Dmnl") == ("".join(other.split()) or "Dmnl")


def bounds(variable: Variable) -> tuple[float, float]:
    """Return a variable's limits, infinite where it has none."""
    low, high = variable.limits
    return -math.inf if low is None else low, math.inf if high is None else high


def span(variable: Variable) -> str:
    """Return a variable's unit and limits in words: ``1/Year, 0 to 0.5``."""
    low, high = variable.limits
    unit = variable.unit or "Dmnl"
    if low is None and high is None:
        return unit
    if high is None:
        return f"{unit}, from {low:g}"
    return f"{unit}, up to {high:g}" if low is None else f"{unit}, {low:g} to {high:g}"


def find_constant(model: Model, name: str, table: Section) -> Variable | None:
    """Return a constant of the model; note a problem with the nearest one if there is none."""
    constants = {variable.name: variable for variable in model.constants()}
    written = model.name_of(name)
    if written in constants:
        return constants[written]
    like = nearest(name, constants)
    hint = f' — did you mean "{like}" ({span(constants[like])})?' if like else ""
    if written is None:
        table.problem(f"no such constant in {short(model.path)}{hint}")
    else:
        kind = model.variables[written].kind.value
        table.problem(f"is no {Kind.CONSTANT.value} in {short(model.path)} but {kind}{hint}")
    return None


def find_cells(model: Model, variable: Variable, element: str, table: Section) -> tuple[Cell, ...]:
    """Return the indices of an element, of a subrange's elements, or of all where it is empty.

    For more than one range, ``element`` names one of each, parted by commas. A scalar has the
    one index ``()``. Return no index, with the problem noted, where a name is unknown.
    """
    parts = [part.strip() for part in element.split(",")] if element else list(variable.dims)
    if len(parts) != len(variable.dims):
        shape = " and ".join(variable.dims) or "no range: it is a scalar"
        table.problem(f'element "{element}" does not fit — "{variable.name}" has {shape}')
        return ()
    positions = []
    for part, dim in zip(parts, variable.dims, strict=True):
        elements = {fold(name): i for i, name in enumerate(model.ranges[dim])}
        subranges = {fold(name): inside for name, inside in model.ranges.items()}
        chosen = [part] if fold(part) in elements else subranges.get(fold(part), (part,))
        if not all(fold(name) in elements for name in chosen):
            hint = did_you_mean(part, model.ranges[dim]) or f": {', '.join(model.ranges[dim])}"
            table.problem(f'no element "{part}" in range {dim}{hint}')
            return ()
        positions.append([elements[fold(name)] for name in chosen])
    return tuple(itertools.product(*positions))


def cell_name(model: Model, variable: Variable, cell: Cell) -> str:
    """Return ``name[element]``, or the bare name of a scalar."""
    inside = ", ".join(model.ranges[dim][i] for dim, i in zip(variable.dims, cell, strict=True))
    return f"{variable.name}[{inside}]" if inside else variable.name


def default_of(model: Model, variable: Variable) -> Floats:
    """Return a constant's own array, of the shape of its ranges."""
    value = np.asarray(variable.value, dtype=float)
    return np.array(np.broadcast_to(value, model.shape(variable)))


class Evidence(NamedTuple):
    """Where numbers come from.

    ``known_on`` is the end of the period of the latest figure they rest on; ``exempt`` is the
    reason why that may lie after the information date, empty where it may not.
    """

    basis: str
    known_on: date | None
    kind: str
    assumption: bool
    exempt: str = ""


class Dated(Protocol):
    """An entry with evidence: a prior or a process."""

    @property
    def name(self) -> str: ...
    @property
    def known_on(self) -> date | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def exempt(self) -> str: ...


EVIDENCE_KEYS = ("unit", "basis", "known_on", "kind", "assumption", "exempt")
KINDS = ("anchored", "structural")


def read_evidence(table: Section) -> Evidence:
    """Return the evidence of one entry; an entry with a date is anchored unless it says other."""
    known_on = table.values.get("known_on")
    if isinstance(known_on, str):
        try:
            known_on = date.fromisoformat(known_on)
        except ValueError:
            table.problem(f'known_on must be a date such as "2019-12-31", not "{known_on}"')
    elif known_on is not None and type(known_on) is not date:
        table.problem(f"known_on must be a date, not {known_on!r}")
    kind = table.text("kind")
    if kind and kind not in KINDS:
        table.problem(f'kind must be anchored or structural, not "{kind}"')
    if known_on is None and kind != "structural":
        table.problem('known_on is missing — give the date, or kind = "structural"')
    return Evidence(
        basis=table.text("basis", needed=True),
        known_on=known_on if type(known_on) is date else None,
        kind=kind or "anchored",
        assumption=table.flag("assumption"),
        exempt=_read_exempt(table, known_on, kind),
    )


def _read_exempt(table: Section, known_on: object, kind: str) -> str:
    """Return the reason of an exemption; note one that is empty or that exempts nothing."""
    if "exempt" not in table.values:
        return ""
    if kind == "structural":
        table.problem("exempt is not needed: structural entries are exempt")
    elif known_on is None:
        table.problem("exempt needs known_on: the date that is exempted")
    reason = table.text("exempt")
    if not reason and isinstance(table.values["exempt"], str):
        table.problem("exempt must give the reason")
    return reason


class Vintage:
    """A file of entries with evidence, which can tell what was not known at a date."""

    path: Path

    @property
    def entries(self) -> Sequence[Dated]:
        """The entries, in file order."""
        raise NotImplementedError

    def check_vintage(self, as_of: date | str) -> tuple[str, ...]:
        """Return a line for each anchored entry known only after a date and not exempt."""
        day = as_date(as_of)
        return tuple(
            f'{short(self.path)} "{item.name}": known on {item.known_on}, after {day}'
            for item in _later(self.entries, day)
            if item.kind == "anchored" and not item.exempt
        )

    def exempt(self, as_of: date | str) -> tuple[str, ...]:
        """Return the names of those known only after a date and exempt, or structural."""
        late = _later(self.entries, as_date(as_of))
        return tuple(item.name for item in late if item.kind != "anchored" or item.exempt)


def _later(items: Iterable[Dated], day: date) -> list[Dated]:
    return [item for item in items if item.known_on is not None and item.known_on > day]


def as_date(day: date | str) -> date:
    """Return a date given as such or as ISO text."""
    return date.fromisoformat(day) if isinstance(day, str) else day
