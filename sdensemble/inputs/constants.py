"""Constants a person gives to a run: set by hand, by a file of changes, sampled or drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sdengine.errors import Problems
from sdengine.streams import Stream
from sdengine.syntax import Model, Variable, fold
from sdensemble.inputs.config import (
    Cell,
    Floats,
    Section,
    bounds,
    default_of,
    find_cells,
    find_constant,
    span,
)
from sdensemble.inputs.vensim import (
    Factor,
    Sensitivity,
    Steps,
    read_changes,
    read_sample,
    read_sensitivity,
)
from sdensemble.inputs.vensim.text import number, split_name

CLOCK = {fold(name) for name in ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")}
MOST = 1_000_000
"""Members one grid of VECTORs may have."""


@dataclass(frozen=True, eq=False)
class Given:
    """What a run is given.

    ``constants`` have shape (*dims,) or, for those in ``drawn``, (*dims, member). ``members``
    is None for a single run. ``how`` says in words where the members come from.
    """

    constants: dict[str, Floats]
    drawn: tuple[str, ...]
    members: int | None
    seed: int | None
    how: str
    notes: tuple[str, ...]


def read_given(
    model: Model,
    *,
    settings: Sequence[str] = (),
    changes: Sequence[Path] = (),
    sample: Path | None = None,
    sensitivity: Path | None = None,
    members: int | None = None,
    seed: int | None = None,
) -> Given:
    """Return the constants given, checked against the model; later ones override earlier ones.

    The order is: files of changes, ``settings`` ("name=3", "name[element]=3"), sample or
    sensitivity control. Raises SDError with every problem.
    """
    table = _Table(model)
    if members is not None and members < 1:
        table.problems.add("--members", "must be 1 or more")
    for path in changes:
        table.change(path)
    for text in settings:
        table.set(text)
    if sample and sensitivity:
        table.problems.add("--sample and --sensitivity", "give one of the two")
    control = table.control(sensitivity) if sensitivity else None
    if control and control.method == "file":
        sample = control.sample
    how = ""
    if control and control.method != "file":
        how, seed = table.draw(control, members, seed)
    elif sample:
        how, seed = table.sample(sample, members), None
    table.problems.raise_if_any()
    drawn = tuple(name for name, values in table.values.items() if name in table.drawn)
    count = table.members if drawn else members
    return Given(table.values, drawn, count, seed, how, tuple(table.notes()))


class _Place(NamedTuple):
    variable: Variable
    cells: tuple[Cell, ...]


class _Table:
    """The constants given so far, and the problems met."""

    def __init__(self, model: Model):
        self.model = model
        self.problems = Problems()
        self.values: dict[str, Floats] = {}
        self.drawn: set[str] = set()
        self.members: int | None = None

    def place(self, where: str, name: str, element: str) -> _Place | None:
        """Return a constant and the cells of it that are meant; note a problem if none are."""
        title = f'{where} "{name}[{element}]"' if element else f'{where} "{name}"'
        section = Section(title, {}, self.problems)
        if fold(name) in CLOCK and name not in self.model:
            section.problem("belongs to the clock of the model file and cannot be set for a run")
            return None
        variable = find_constant(self.model, name, section)
        cells = find_cells(self.model, variable, element, section) if variable else ()
        return _Place(variable, cells) if variable and cells else None

    def put(self, place: _Place, values: Floats) -> None:
        """Set cells to values of shape (1 or cell,) or (1 or cell, member)."""
        name = place.variable.name
        own = self.values.get(name, default_of(self.model, place.variable))
        if values.ndim > 1 and name not in self.drawn:
            own = np.repeat(own[..., None], values.shape[1], axis=-1)
            self.drawn.add(name)
        for i, cell in enumerate(place.cells):
            own[cell] = values[i if len(values) > 1 else 0]
        self.values[name] = own

    def set(self, text: str) -> None:
        """Take one ``name=3``."""
        left, sign, right = text.rpartition("=")
        name, value = split_name(left), number(right)
        if not sign or name is None or value is None:
            self.problems.add(f'--set "{text}"', "write name=3 or name[element]=3")
        elif place := self.place("--set", *name):
            self.put(place, np.array([value]))

    def change(self, path: Path) -> None:
        """Take a file of changes."""
        for one in read_changes(self.beside(path)):
            place = self.place(one.where, one.name, one.element)
            if place is None:
                continue
            if len(one.values) not in (1, len(place.cells)):
                what = f"gives {len(one.values)} numbers for {len(place.cells)} elements"
                self.problems.add(f'{one.where} "{one.name}"', what)
                continue
            self.put(place, np.array(one.values))

    def control(self, path: Path) -> Sensitivity:
        """Return a sensitivity control."""
        return read_sensitivity(self.beside(path))

    def beside(self, path: Path) -> Path:
        """Return a path as it is, or in the model's folder where only that exists."""
        other = self.model.path.parent / path
        return other if other.is_file() and not path.is_file() else path

    def sample(self, path: Path, members: int | None) -> str:
        """Take a sample; return where the members come from."""
        given = read_sample(self.beside(path))
        if members is not None:
            told = "{file} has {n} rows already"
            self.problems.add("--members", told, file=path.name, n=len(given.values))
        self.members = len(given.values)
        places = [self.place(given.where, *column) for column in given.columns]
        self._once(places, [f'{given.where} "{name}"' for name, _ in given.columns])
        for place, column in zip(places, given.values.T, strict=True):
            if place is not None:
                rows = np.repeat(column[None], len(place.cells), axis=0)
                own = np.array([self._own(place.variable)[cell] for cell in place.cells])
                self.put(place, np.where(np.isnan(rows), own[:, None], rows))
        return f"sample {path.name}"

    def _own(self, variable: Variable) -> Floats:
        own = self.values.get(variable.name, default_of(self.model, variable))
        return own[..., 0] if variable.name in self.drawn else own

    def draw(
        self, control: Sensitivity, members: int | None, seed: int | None
    ) -> tuple[str, int | None]:
        """Draw constants; return where the members come from, and the seed."""
        places = [self.place(f.where, f.name, f.element) for f in control.factors]
        self._once(places, [f'{f.where} "{f.name}"' for f in control.factors])
        if self.problems:
            return "", seed
        stepped = isinstance(control.factors[0].distribution, Steps)
        if stepped:
            values = self._steps(control, members, places)
            how, seed = "VECTOR", None
        else:
            seed = control.seed if seed is None else seed
            if seed == 0:
                self.problems.add(control.where, "seed 0 is another sample every time: give --seed")
            values = _numbers(control, members or control.simulations, seed)
            how = {"plain": "random", "latin": "Latin hypercube"}[control.method]
        self.members = values.shape[1]
        for place, row in zip(places, values, strict=True):
            if place is not None and not self.problems:
                self.put(place, row[None])
        return f"{control.where.split(' line ')[0]}, {how}", seed

    def _steps(
        self, control: Sensitivity, members: int | None, places: list[_Place | None]
    ) -> Floats:
        """Return the values of VECTORs, shape (factor, member): a grid, or one after another."""
        if members is not None:
            self.problems.add("--members", "the VECTORs say how many members there are")
        rows = [f.distribution.values() for f in control.factors]  # type: ignore[union-attr]
        if control.method != "each":
            if math.prod(map(len, rows)) > MOST:
                self.problems.add(control.where, "the grid has more than {most} points", most=MOST)
                return np.empty((len(rows), 0))
            return np.array([axis.ravel() for axis in np.meshgrid(*rows, indexing="ij")])
        total, at = sum(map(len, rows)), 0
        out = np.empty((len(rows), total))
        for i, (row, place) in enumerate(zip(rows, places, strict=True)):
            assert place is not None
            own = {float(self._own(place.variable)[cell]) for cell in place.cells}
            if len(own) > 1:
                what = "method U needs one value to return to; name an element"
                self.problems.add(f'{control.factors[i].where} "{place.variable.name}"', what)
            out[i] = own.pop()
            out[i, at : at + len(row)] = row
            at += len(row)
        return out

    def _once(self, places: Sequence[_Place | None], titles: Sequence[str]) -> None:
        """Note every cell that is drawn twice."""
        seen: set[tuple[str, Cell]] = set()
        for place, title in zip(places, titles, strict=True):
            cells = {(place.variable.name, cell) for cell in place.cells} if place else set()
            if cells & seen:
                self.problems.add(title, "stands twice")
            seen |= cells

    def notes(self) -> list[str]:
        """Return a line for each constant that leaves the limits the model states."""
        found = []
        for name, values in self.values.items():
            variable = self.model[name]
            low, high = bounds(variable)
            if values.min() < low or values.max() > high:
                ends = f"{values.min():g}"
                ends += f" to {values.max():g}" if values.min() < values.max() else ""
                found.append(f'"{name}" is {ends}, outside the model\'s limits ({span(variable)})')
        return found


def _numbers(control: Sensitivity, members: int, seed: int) -> Floats:
    """Return drawn values, shape (factor, member), each factor from a stream of its own."""
    ids = np.arange(members)
    rows = []
    for factor in control.factors:
        stream = Stream(seed, "sensitivity").sub(_label(factor))
        inside = stream.uniform(ids)[0, 0]
        if control.method == "latin":
            order = stream.sub("order").uniform(ids)[0, 0]
            rank = order.argsort(kind="stable").argsort(kind="stable")
            inside = (rank + inside) / members
        assert not isinstance(factor.distribution, Steps)
        rows.append(factor.distribution.ppf(inside))
    return np.array(rows)


def _label(factor: Factor) -> str:
    inside = ",".join(fold(part) for part in factor.element.split(","))
    return f"{fold(factor.name)}[{inside}]"
