"""Read a study's TOML against its model: every key, name, unit and number checked."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import Message, Problems, SDError, containing, did_you_mean, either, nearest
from sdengine.model.text import plain
from sdengine.syntax import Model, Variable, fold
from sdensemble.inputs.forgiving import decoded, tidied
from sdensemble.inputs.units import Units, as_number, in_words, same_unit
from sdensemble.lang import LANGS

Floats = NDArray[np.float64]
Cell = tuple[int, ...]


def short(path: Path) -> str:
    """Return a file's name with its folder, as messages print it; with all of a short path."""
    if path.is_absolute() and len(path.parts) <= 3:  # "tmp/a.mdl" would name another file
        return str(path)
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """Return a TOML file's content and the digest of its bytes; raise SDError with the line.

    What is no TOML is read again with the signs of a Chinese keyboard made plain and bare words
    quoted, before it is refused as it stands.
    """
    text, raw = read_text(path, "UTF-8")
    content: dict[str, Any] = _without_controls(_parsed(path, text))
    return content, hashlib.blake2b(raw, digest_size=16).hexdigest()


def read_text(path: Path, save_as: str) -> tuple[str, bytes]:
    """Return a file's text, from UTF-8, UTF-16 or GBK, and its bytes.

    Raises SDError where it cannot be read, with what to ``save_as`` where it is no such text.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise SDError("{file}: is no plain file", file=short(path))
    try:
        raw = path.read_bytes()
    except OSError as error:
        why = error.strerror or error
        raise SDError("{file}: cannot be read — {why}", file=short(path), why=why) from None
    try:
        return decoded(raw), raw
    except UnicodeDecodeError:
        told = "{file}: is neither UTF-8 nor GBK — save it as {form}"
        raise SDError(told, file=short(path), form=save_as) from None


def _without_controls(value: Any) -> Any:
    """Return a value with blanks for control characters that its texts spell out (``\\u001b``)."""
    if isinstance(value, dict):
        return {plain(key): _without_controls(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_controls(one) for one in value]
    return plain(value).replace("\r", " ") if isinstance(value, str) else value


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        first = error
    except (ValueError, RecursionError):
        told = "{file}: a number has too many digits, or brackets stand too deep, to be read"
        raise SDError(told, file=short(path)) from None
    with contextlib.suppress(ValueError, RecursionError):
        return tomllib.loads(tidied(text))
    if not (at := re.search(r" \(at line (\d+), column (\d+)\)$", str(first))):
        raise SDError("{file}: is not valid TOML — {why}", file=short(path), why=first)
    told = "{file} line {line} column {column}: is not valid TOML — {why}"
    where = {"file": short(path), "line": at[1], "column": at[2]}
    why = str(first)[: at.start()]
    if twice := re.fullmatch(r"Cannot declare \('(.+)',\) twice", why):
        raise SDError(told, **where, why=Message("[{key}] is given twice", key=twice[1]))
    raise SDError(told, **where, why=Message(why) if why in TOMLLIB_SAYS else why)


TOMLLIB_SAYS = (
    "Cannot overwrite a value",
    "Expected '=' after a key in a key/value pair",
    "Expected ']' at the end of a table declaration",
    "Expected newline or end of document after a statement",
    "Invalid initial character for a key part",
    "Invalid statement",
    "Invalid value",
    "Unclosed array",
    "Unclosed inline table",
    "Unterminated string",
)
"""What the parser finds wrong, where its words are always the same: the catalogues have them."""


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

    def table(self, key: str, *, needed: bool = False) -> Section:
        """Return a table of this one; an empty one, with the problem noted, where it is none."""
        value = self.values.get(key, {})
        if not isinstance(value, dict) or (needed and not value):
            self.problem("{key} must be a table: write [{key}] on a line of its own", key=key)
            value = {}
        return Section(f"{self.where} [{key}]", value, self.found)

    def tables_by_name(self) -> dict[str, Section]:
        """Return the tables of this one by their names; what is none counts as an empty one."""
        return {
            name: Section(
                f"{self.where} {name!r}", row if isinstance(row, dict) else {}, self.found
            )
            for name, row in self.values.items()
        }

    def listed(self, key: str, kind: type, told: str = "") -> tuple[Any, ...]:
        """Return a list of names (str), years (int) or numbers (float); none where it is no such.

        Nothing is noted of a list that is missing; ``told`` is what to note of anything else.
        """
        value = self.values.get(key, [])
        kinds = (int, float) if kind is float else (kind,)
        if isinstance(value, list) and all(type(one) in kinds and one != "" for one in value):
            return tuple(map(kind, value))
        what = {str: "{key} must be a list of names", int: "{key} must be a list of years"}
        self.problem(told or what.get(kind, "{key} must be a list of numbers"), key=key)
        return ()

    def variable(self, key: str, model: Model, *, needed: bool = False) -> str:
        """Return a variable as the model writes it, or as given, with the problem noted."""
        return self._written(key, self.text(key, needed=needed), model)

    def variables(self, key: str, model: Model) -> tuple[str, ...]:
        """Return a list of variables as the model writes them; what it has not is noted."""
        return tuple(self._written(key, name, model) for name in self.listed(key, str))

    def _written(self, key: str, name: str, model: Model) -> str:
        written = model.name_of(name) if name else ""
        if written is None:
            told = '{key}: no variable "{name}" in the model{hint}'
            self.problem(told, key=key, name=name, hint=did_you_mean(name, model.variables))
        return written or name

    def words(self, key: str, fallback: str = "") -> dict[str, str]:
        """Return a text in each language, one standing in for another, or the fallback in all.

        A text alone is that of every language; an empty mapping where there is none at all.
        """
        given = self.values.get(key, {})
        if isinstance(given, str):
            given = dict.fromkeys(LANGS, given)
        if not isinstance(given, dict):
            self.problem("{key} must be a table with zh and en", key=key)
            given = {}
        table = Section(f"{self.where} [{key}]", given, self.found)
        table.only(LANGS)
        return table.label(fallback)

    def label(self, fallback: str = "") -> dict[str, str]:
        """Return what a table's own keys, one a language, say: see ``words``."""
        words = {lang: self.text(lang) for lang in LANGS}
        spare = words.get("en") or next(filter(None, words.values()), fallback)
        return {lang: word or spare for lang, word in words.items()} if spare else {}

    def titled(self, title: str) -> Section:
        """Return an entry under its title in place of its number, where it has one."""
        if not title:
            return self
        place = self.where.rsplit(" ", 1)[0]
        return Section(f'{place} "{title}"', self.values, self.found)

    def problem(self, what: str, /, **values: object) -> None:
        """Note a problem of this table: a template with its values."""
        self.found.add(self.where, what, **values)

    def only(self, known: Collection[str]) -> None:
        """Note every key that is not one of ``known``."""
        for key in self.values:
            if key not in known:
                hint = did_you_mean(key, known)
                self.problem('no such key "{key}"{hint}', key=key, hint=hint)

    def text(self, key: str, *, needed: bool = False) -> str:
        """Return a text without outer blanks; empty where it is missing."""
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.problem("{key} must be a text in quotes, not {value}", key=key, value=value)
        elif needed and not value.strip():
            self.problem("{key} is missing", key=key)
        return value.strip() if isinstance(value, str) else ""

    def one_of(
        self, key: str, known: Collection[str], fallback: str = "", *, needed: bool = False
    ) -> str:
        """Return a text that must be one of ``known``; the fallback where it is missing."""
        value = self.text(key, needed=needed) or fallback
        if value and value not in known:
            hint, shown = did_you_mean(value, known), ", ".join(known)
            told = '{key} must be one of {known}, not "{value}"{hint}'
            self.problem(told, key=key, known=shown, value=value, hint=hint)
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is missing."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.problem("{key} must be true or false, not {value!r}", key=key, value=value)
        return value is True

    def number(self, key: str, fallback: float | None = None) -> float | None:
        """Return a finite number, or the fallback where it is missing; None where it is none."""
        if key not in self.values:
            if fallback is None:
                self.problem("{key} is missing", key=key)
            return fallback
        value = as_number(self.values[key])
        if value is None:
            given = self.values[key]
            self.problem("{key} must be a number, not {value!r}", key=key, value=given)
        return value

    def optional(self, key: str) -> float | None:
        """Return a finite number; None where it is missing, or is none, which is noted."""
        return self.number(key) if key in self.values else None

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        """Return the entries of an array of tables, ``[[key]]``."""
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        self.problem("write [[{key}]] before each entry", key=key)
        return []

    def unit(self, expected: str) -> None:
        """Note a unit that is missing or not the expected one."""
        given = self.text("unit", needed=True)
        if given and not same_unit(given, expected):
            words = {"given": given, "unit": expected or "Dmnl"}
            self.problem("unit is {given}, but must be {unit} as in the model", **words)


def bounds(variable: Variable) -> tuple[float, float]:
    """Return a variable's limits, infinite where it has none."""
    low, high = variable.limits
    return -math.inf if low is None else low, math.inf if high is None else high


def span(variable: Variable, units: Units = MappingProxyType({})) -> str:
    """Return a variable's unit and limits in words: ``1/Year, 0 to 0.5``."""
    low, high = variable.limits
    unit = in_words(variable.unit, units)
    words = {"unit": unit, "low": low, "high": high}
    if low is None and high is None:
        return unit
    if high is None:
        return Message("{unit}, from {low:g}", **words)
    return Message(
        "{unit}, up to {high:g}" if low is None else "{unit}, {low:g} to {high:g}", **words
    )


def find_constant(
    model: Model, name: str, table: Section, units: Units = MappingProxyType({})
) -> Variable | None:
    """Return a constant of the model by its name or its label in either language.

    Note a problem with the nearest one where there is none, or where a label means several.
    """
    constants = {variable.name: variable for variable in model.constants()}
    written = model.name_of(name)
    if written in constants:
        return constants[written]
    labels = labels_of(constants.values())
    meant = labels.get(fold(unicodedata.normalize("NFKC", name)), [])
    if written is None and len(meant) == 1:
        return constants[meant[0]]
    if written is None and meant:
        shown = either(f'"{one}"' for one in meant)
        table.problem("is the label of more than one constant: {shown}", shown=shown)
        return None
    hint = _hint(name, constants, labels, units)
    file = short(model.path)
    if written is None:
        table.problem("no such constant in {file}{hint}", file=file, hint=hint)
    else:
        kind = Message(model.variables[written].kind.value)
        told = "is no constant in {file} but {kind}{hint}"
        table.problem(told, file=file, kind=kind, hint=hint)
    return None


def labels_of(variables: Iterable[Variable]) -> dict[str, list[str]]:
    """Return each label, folded, with the names of the variables that have it."""
    found: dict[str, list[str]] = {}
    for variable in variables:
        for label in dict.fromkeys(filter(None, (variable.note.zh, variable.note.en))):
            named = found.setdefault(fold(unicodedata.normalize("NFKC", label)), [])
            if variable.name not in named:
                named.append(variable.name)
    return found


def _hint(
    name: str, constants: Mapping[str, Variable], labels: Mapping[str, Sequence[str]], units: Units
) -> str:
    """Return the nearest constant with its unit and limits; by its label where one is typed."""
    like = nearest(name, constants)
    shown = f'"{like}"'
    if not name.isascii() or like is None:
        label = next(iter(containing(name, labels)), None) or nearest(name, labels)
        if label is not None:
            like = labels[label][0]
            shown = f'"{label}" ({like})'
    if like is None:
        return ""
    return Message(
        " — did you mean {name} ({span})?", name=shown, span=span(constants[like], units)
    )


def find_cells(model: Model, variable: Variable, element: str, table: Section) -> tuple[Cell, ...]:
    """Return the indices of an element, of a subrange's elements, or of all where it is empty.

    An element goes by its name or its label. For more than one range, ``element`` names one of
    each, parted by commas. A scalar has the one index ``()``. Return no index, with the problem
    noted, where a name is unknown.
    """
    parts = [part.strip() for part in re.split("[,，、]", element)] if element else variable.dims
    if len(parts) != len(variable.dims):
        both: Message | str = Message("no range: it is a scalar")
        for i, dim in enumerate(variable.dims):
            both = Message("{one} and {other}", one=both, other=dim) if i else dim
        told = 'element "{element}" does not fit — "{name}" has {shape}'
        table.problem(told, element=element, name=variable.name, shape=both)
        return ()
    positions = []
    for part, dim in zip(parts, variable.dims, strict=True):
        elements = {fold(name): i for i, name in enumerate(model.ranges[dim])}
        for i, name in enumerate(model.ranges[dim]):
            for lang in LANGS:
                elements.setdefault(fold(model.element_label(dim, name, lang)), i)
        subranges = {fold(name): inside for name, inside in model.ranges.items()}
        chosen = [part] if fold(part) in elements else subranges.get(fold(part), (part,))
        if not all(fold(name) in elements for name in chosen):
            known = model.ranges[dim]
            hint = did_you_mean(part, known) or f": {', '.join(known)}"
            told = 'no element "{part}" in range {dim}{hint}'
            table.problem(told, part=part, dim=dim, hint=hint)
            return ()
        positions.append([elements[fold(name)] for name in chosen])
    return tuple(itertools.product(*positions))


def taken_twice(entries: Iterable[tuple[str, Sequence[Cell]]], model: Model) -> Iterator[str]:
    """Yield, of each entry (constant, cells) with a cell that an earlier one has, its name."""
    seen: set[tuple[str, Cell]] = set()
    for constant, cells in entries:
        twice = [cell for cell in cells if (constant, cell) in seen]
        seen.update((constant, cell) for cell in cells)
        if twice:
            yield cell_name(model, model[constant], twice[0])


def cell_name(model: Model, variable: Variable, cell: Cell) -> str:
    """Return ``name[element]``, or the bare name of a scalar."""
    inside = ", ".join(elements_at(model, variable, cell))
    return f"{variable.name}[{inside}]" if inside else variable.name


def elements_at(model: Model, variable: Variable, cell: Cell) -> tuple[str, ...]:
    """Return the elements that a cell of a variable stands for."""
    return tuple(model.ranges[dim][i] for dim, i in zip(variable.dims, cell, strict=True))


def default_of(model: Model, variable: Variable) -> Floats:
    """Return a constant's own array, of the shape of its ranges."""
    value = np.asarray(variable.value, dtype=float)
    return np.array(np.broadcast_to(value, model.shape(variable)))
