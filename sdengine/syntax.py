"""What a model file says, as frozen values: Model, Variable, Note, Clock and expressions."""

from __future__ import annotations

import builtins
import enum
import functools
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sdengine.errors import Message, SDError, did_you_mean


class Kind(enum.Enum):
    """What a variable is to the modeller."""

    STOCK = "stock"
    AUXILIARY = "auxiliary"
    CONSTANT = "constant"
    LOOKUP = "lookup"
    DATA = "data"


# ── expressions ────────────────────────────────────────────────────────────────────────────


class Expr:
    """An equation's right-hand side; one of the six forms below."""

    __slots__ = ()


NA = -(2.0**109)
"""Vensim's :NA:, a number like any other: far below all that occur."""


@dataclass(frozen=True)
class Number(Expr):
    """A literal."""

    value: float


@dataclass(frozen=True, eq=False)
class Array(Expr):
    """A literal list or matrix, in the order of the subscripts on the left-hand side."""

    values: np.ndarray


@dataclass(frozen=True)
class Ref(Expr):
    """A variable by its name in the file; ``subscripts`` as written, ``d!`` where reduced."""

    name: str
    subscripts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table(Expr):
    """A graphical function. ``mode`` is "hold" (flat ends) or "extrapolate" or "discrete"."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    mode: str = "hold"


@dataclass(frozen=True, eq=False)
class Series(Expr):
    """Data through time. ``rule`` says what holds between two times: "interpolate" or
    "look_forward" or "hold_backward", or "raw" where nothing does. Empty where the file names
    no source: then a run must be given the values."""

    times: np.ndarray
    values: np.ndarray
    rule: str = "interpolate"


@dataclass(frozen=True)
class Call(Expr):
    """A function of expressions; operators are functions too (add, mul, lt, integ, smooth …)."""

    function: str
    args: tuple[Expr, ...]


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield ``expr`` and every expression inside it, outermost first."""
    waiting = [expr]
    while waiting:
        expr = waiting.pop()
        yield expr
        if isinstance(expr, Call):
            waiting.extend(reversed(expr.args))


def reached(start: str, leads: Mapping[str, Iterable[str]]) -> set[str]:
    """Return all that ``start`` leads to, however far; itself only by a circle.

    >>> sorted(reached("a", {"a": "b", "b": "c"}))
    ['b', 'c']
    """
    found: set[str] = set()
    todo = [start]
    while todo:
        new = set(leads.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return found


def turned(leads: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return what leads to each name, for all of these names."""
    found: dict[str, set[str]] = {name: set() for name in leads}
    for name, others in leads.items():
        for other in others:
            found[other].add(name)
    return found


# ── the model ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Note:
    """A variable's comment, taken apart: "中文: …; EN: …; source: …; known_on: …".

    ``text`` is the comment as written. ``assumption`` is true where the comment holds the
    word ASSUMPTION. Missing parts are empty strings.
    """

    text: str = ""
    zh: str = ""
    en: str = ""
    source: str = ""
    known_on: str = ""
    assumption: bool = False

    def label(self, lang: str) -> str:
        """Return the label in "zh" or "en", the other where it has none, or nothing.

        Of another language it is that in English.
        """
        return (self.zh or self.en) if lang == "zh" else (self.en or self.zh)


@dataclass(frozen=True)
class Equation:
    """One equation of a variable: the subscripts it is written for, and its right-hand side."""

    subscripts: tuple[str, ...]
    expr: Expr
    excepts: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Variable:
    """One variable of the file.

    ``dims`` are subscript ranges, outermost first. ``value`` is the array of a constant
    (shape: the sizes of ``dims``), None for every other kind.
    """

    name: str
    kind: Kind
    dims: tuple[str, ...]
    unit: str
    limits: tuple[float | None, float | None]
    note: Note
    equations: tuple[Equation, ...]
    value: np.ndarray | None = field(default=None, compare=False)

    @functools.cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call in its equations."""
        parts = (part for equation in self.equations for part in walk(equation.expr))
        return tuple(part for part in parts if isinstance(part, Call))


@dataclass(frozen=True)
class Clock:
    """Start, stop, step and save interval, in the file's own time unit.

    ``method`` is how the file asks stocks to be integrated: "euler", "rk2" or "rk4".
    """

    start: float
    stop: float
    step: float
    save: float
    unit: str = ""
    method: str = "euler"

    @property
    def steps(self) -> int:
        """Number of steps from start to stop."""
        return round((self.stop - self.start) / self.step)

    @property
    def save_every(self) -> int:
        """Steps between two saved times."""
        return max(1, round(self.save / self.step))

    def saved(self, steps: int | None = None) -> np.ndarray:
        """Return the steps that are saved, of the first so many: nearest to each multiple of the
        save interval from the start on, as Vensim and PySD do."""
        steps = self.steps if steps is None else steps
        each = max(self.save / self.step, 1.0)
        if abs(each - round(each)) <= 1e-6 * each:
            return np.arange(0, steps + 1, round(each), dtype=np.int64)
        nearest = np.floor(each * np.arange(int(steps / each) + 2) + 0.5).astype(np.int64)
        return np.unique(nearest[nearest <= steps])

    def times(self) -> np.ndarray:
        """Return the saved times, start and stop included."""
        if self.saved().size > 1 and (np.diff(self.saved()) == self.save_every).all():
            return self.start + self.step * self.save_every * np.arange(self.saved().size)
        return self.start + self.step * self.saved()


@functools.lru_cache(maxsize=2**16)
def fold(name: str) -> str:
    """Return a name as Vensim compares it: case, spaces and underscores alike.

    >>> fold(' Water  Level ') == fold('water_level')
    True
    """
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return " ".join(name.replace("_", " ").split()).casefold()


def identifier(name: str) -> str:
    """Return the Python name PySD gives a variable; empty where no letter or digit is left.

    PySD numbers names that end up alike and names its own code uses; of these only Python's
    words are known here.

    >>> identifier("Température (°C)"), identifier("for"), identifier("2nd cup")
    ('temperature_c', 'for_1', 'nvs_2nd_cup')
    """
    plain = unicodedata.normalize("NFD", re.sub(r"[\s_]+", "_", name.strip().lower()))
    word = re.sub(r"_+", "_", re.sub(r"[^0-9a-z_]", "", plain.encode("ascii", "ignore").decode()))
    if not word.strip("_"):
        return ""
    if not word[0].isalpha():
        word = f"nvs_{word.lstrip('_')}"
    return f"{word}_1" if keyword.iskeyword(word) or hasattr(builtins, word) else word


@dataclass(frozen=True)
class Model:
    """What one model file says.

    ``ranges`` maps each subscript range to its element names in order; ``variables`` maps
    names as written to variables. ``labels`` maps (range, element) to language → label, from
    ``labels.csv`` beside the file where there is one. ``digest`` is a hash of the file and of
    the files it reads numbers from; ``files`` maps the names of those to their own hashes.
    ``mappings`` maps (range, range it maps to) to the element of the first that belongs to each
    element of the second, an empty text where none does. ``bound`` are constants the clock
    hangs on: a run cannot set them. ``remarks`` are what a person should know about how the file
    was read: what was put right, and where other programs are known to differ.
    """

    path: Path
    digest: str
    clock: Clock
    ranges: Mapping[str, tuple[str, ...]]
    variables: Mapping[str, Variable]
    labels: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    mappings: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.__dict__["_folded"] = {fold(name): name for name in self.variables}

    def name_of(self, name: str) -> str | None:
        """Return the name as written in the file, or None.

        ``name`` is compared as Vensim does (case, spaces and underscores alike); failing that,
        as the Python name PySD gives a variable, where only one variable has it.
        """
        found = self.__dict__["_folded"].get(fold(name))
        return found if found is not None else self._identified.get(name.strip())

    @functools.cached_property
    def _identified(self) -> dict[str, str]:
        words = {name: identifier(name) for name in self.variables}
        count = Counter(words.values())
        return {word: name for name, word in words.items() if word and count[word] == 1}

    def __contains__(self, name: str) -> bool:
        return self.name_of(name) is not None

    def __getitem__(self, name: str) -> Variable:
        """Return a variable by any name ``name_of`` knows; raise SDError with the nearest."""
        found = self.name_of(name)
        if found is None:
            raise SDError(
                Message(
                    '{file}: no variable "{name}"{hint}',
                    file=self.path.name,
                    name=name,
                    hint=did_you_mean(name, self.variables),
                )
            )
        return self.variables[found]

    def shape(self, variable: Variable) -> tuple[int, ...]:
        """Return the sizes of a variable's ranges."""
        return tuple(len(self.ranges[dim]) for dim in variable.dims)

    def elements(self, range_name: str) -> tuple[str, ...]:
        """Return the element names of a range."""
        return self.ranges[range_name]

    def constants(self) -> tuple[Variable, ...]:
        """Return the constants all of whose elements have a value, in file order."""
        return self._constants

    @functools.cached_property
    def _constants(self) -> tuple[Variable, ...]:
        return tuple(
            v for v in self.variables.values() if v.kind is Kind.CONSTANT and v.value is not None
        )

    def label(self, name: str, lang: str) -> str:
        """Return a variable's label in "zh" or "en"; its own name where it has none.

        Of another language it is that in English.
        """
        note = self[name].note
        return (note.zh if lang == "zh" else note.en) or self[name].name

    def element_label(self, range_name: str, element: str, lang: str) -> str:
        """Return an element's label in "zh" or "en"; its own name where it has none.

        Of another language it is that in English.
        """
        labels = self.labels.get((range_name, element), {})
        return labels.get("zh" if lang == "zh" else "en") or element
