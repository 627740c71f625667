"""Random processes that push the model's neutral constants about, member by member.

A process adds to the value its constant has in the model. It is held between the times of one
grid, a quarter of a year apart unless the file says other, and keyed by (seed, name, element,
member, step): adding a process changes no other number, and a member meets the same world under
every scenario.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sdengine.errors import Message, SDError, did_you_mean
from sdengine.program.held import Held
from sdengine.streams import Stream
from sdengine.syntax import Clock, Model
from sdensemble.ensemble.processes import FORMS, Floats, Form, Grid, Pair
from sdensemble.inputs.config import (
    Cell,
    Section,
    bounds,
    cell_name,
    default_of,
    find_cells,
    find_constant,
    short,
    span,
)
from sdensemble.inputs.evidence import EVIDENCE_KEYS, Evidenced, read_evidence
from sdensemble.inputs.units import as_number

BAND = 6.0
"""Standard deviations that must fit within a constant's limits: 2 values in 10^9 lie outside."""

PROCESS_KEYS = ("name", "drives", "element", "form")


@dataclass(frozen=True)
class Process:
    """One random process, the constant it drives and where its numbers come from.

    ``cells`` are the indices of the elements it drives, ``((),)`` for a scalar. The name is the
    key of its random numbers: renaming a process draws it anew.
    """

    name: str
    drives: str
    element: str | None
    form: Form
    unit: str
    basis: str
    known_on: date | None
    kind: str
    assumption: bool
    cells: tuple[Cell, ...] = ((),)
    exempt: str = ""


@dataclass(frozen=True)
class Forcing(Evidenced):
    """The processes of a study, and the years for which their values are held.

    Before ``from_time``, where one is given, the constants they drive keep their own values.
    """

    processes: tuple[Process, ...] = ()
    hold: float = 0.25
    path: Path = Path("forcing.toml")
    digest: str = ""
    from_time: float | None = None

    @property
    def entries(self) -> tuple[Process, ...]:
        """The processes, as entries with evidence."""
        return self.processes


def read_forcing(path: Path, model: Model) -> Forcing:
    """Return the processes of a TOML file, checked against the model.

    Refused are processes that could carry a constant out of its limits: nothing is clipped
    later. Raise SDError with every problem found.
    """
    path = Path(path)
    top, digest = Section.of_file(path, ("hold", "process"))
    hold = _read_hold(top, model.clock)
    entries = [_read_process(table, hold, model) for table in top.entries("process")]
    processes = tuple(process for process in entries if process is not None)
    names = [process.name for process in processes]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        top.problem(
            '[[process]] "{name}" is given twice; its name is the key of its numbers', name=name
        )
    _check_reach(processes, model, top)
    top.found.raise_if_any()
    return Forcing(processes, hold, path, digest)


def _read_hold(top: Section, clock: Clock) -> float:
    """Return the years for which values are held: a whole number of the model's steps."""
    hold = top.number("hold") if "hold" in top.values else 0.25
    if hold is None:
        return 0.25
    steps = hold / clock.step
    if steps < 0.5 or abs(steps - round(steps)) > 1e-9:
        top.problem(
            "hold {hold:g} must be a whole number of the model's steps of {step:g}",
            hold=hold,
            step=clock.step,
        )
    return hold if hold > 0 else 0.25


def _read_process(table: Section, hold: float, model: Model) -> Process | None:
    """Return one process, or None with its problems noted."""
    name, drives = table.text("name", needed=True), table.text("drives", needed=True)
    table = table.titled(name)
    form = _read_form(table, hold)
    evidence = read_evidence(table)
    element = table.text("element")
    target = Section(f'{table.where} drives "{drives}"', table.values, table.found)
    variable = find_constant(model, drives, target) if drives else None
    if variable is None:
        return None
    table.unit(variable.unit)
    cells = find_cells(model, variable, element, table)
    if form is None or not cells or not name:
        return None
    return Process(
        name=name,
        drives=variable.name,
        element=element or None,
        form=form,
        unit=variable.unit,
        cells=cells,
        **evidence._asdict(),
    )


def _read_form(table: Section, hold: float) -> Form | None:
    """Return the form of one entry, and note the keys that belong to none."""
    name = table.text("form", needed=True)
    if name not in FORMS:
        if name:
            known = Message(": there are {known}", known=", ".join(FORMS))
            hint = did_you_mean(name, FORMS) or known
            table.problem('no form "{name}"{hint}', name=name, hint=hint)
        return None
    kind = FORMS[name]
    before = len(table.found.lines)
    keys, given = list(PROCESS_KEYS) + list(EVIDENCE_KEYS), {}
    for part in fields(kind):
        keys += ["sd", "sd_low", "sd_high"] if part.name == "sd" else [part.name]
        if part.name in table.values or part.default is MISSING:
            given[part.name] = _read_parameter(table, part.name, str(part.type))
    table.only(keys)
    if len(table.found.lines) > before:
        return None
    made = kind(**given)
    if made.valid(hold):
        return made
    table.problem(kind.rule)
    return None


def _read_parameter(table: Section, key: str, kind: str) -> float | bool | Pair | None:
    """Return one parameter of a form: a number, a flag, or a pair of ends.

    A fixed ``sd`` is a pair of equal ends; drawn, it is written as ``sd_low`` and ``sd_high``.
    """
    if kind == "bool":
        return table.flag(key)
    if kind == "float":
        return table.number(key)
    if key == "sd" and {"sd_low", "sd_high"} & set(table.values) and key not in table.values:
        low, high = table.number("sd_low"), table.number("sd_high")
        return None if low is None or high is None else (low, high)
    value = table.values.get(key)
    if key == "sd" and isinstance(value, int | float):
        if "sd_low" in table.values or "sd_high" in table.values:
            table.problem("give sd, or sd_low and sd_high, not both")
        value = [value, value]
    if key not in table.values:
        table.problem("{key} is missing", key=key)
        return None
    ends = [as_number(end) for end in value] if isinstance(value, list) else []
    if len(ends) == 2 and None not in ends:
        return ends[0], ends[1]  # type: ignore[return-value]
    table.problem(
        "{key} must be two numbers such as [0.1, 0.4], not {value!r}", key=key, value=value
    )
    return None


def _check_reach(processes: Sequence[Process], model: Model, top: Section) -> None:
    """Note the first element of each constant that its processes could carry out of limits."""
    driven: dict[str, dict[Cell, list[Process]]] = {}
    for process in processes:
        for cell in process.cells:
            driven.setdefault(process.drives, {}).setdefault(cell, []).append(process)
    for name, by_cell in driven.items():
        variable = model[name]
        own, (low, high) = default_of(model, variable), bounds(variable)
        for cell, acting in by_cell.items():
            reach = np.array([process.form.reach() for process in acting])
            wide = BAND * math.sqrt((reach[:, 2] ** 2).sum())
            least = float(own[cell] + reach[:, 0].sum() - wide)
            most = float(own[cell] + reach[:, 1].sum() + wide)
            if least < low or most > high:
                names = ", ".join(f'"{process.name}"' for process in acting)
                top.problem(
                    "[[process]] {names}: {cell} may reach {least:.3g} to {most:.3g}"
                    " ({band:g} standard deviations), outside its limits in {file}"
                    " ({variable})",
                    names=names,
                    cell=cell_name(model, variable, cell),
                    least=least,
                    most=most,
                    band=BAND,
                    file=short(model.path),
                    variable=span(variable),
                )
                break


def sample(
    forcing: Forcing, model: Model, members: ArrayLike, *, seed: int, from_time: float | None = None
) -> dict[str, Held]:
    """Return each driven constant's values through time, (time, *ranges, member), in its unit.

    ``members`` are the ensemble's own member numbers, in any order and chunk. The grid runs from
    the model's start to its stop; with ``from_time`` the processes start at the first grid
    time not before it, with the shocks those times have in a whole run. Raise SDError if a
    value leaves its constant's limits, which reading has made next to impossible.
    """
    clock, ids = model.clock, np.asarray(members, dtype=np.int64)
    from_time = forcing.from_time if from_time is None else from_time
    skip = 0
    if from_time is not None:
        skip = max(0, math.ceil((from_time - clock.start) / forcing.hold - 1e-9))
    count = math.floor((clock.stop - clock.start) / forcing.hold + 1e-9) + 1
    times = clock.start + forcing.hold * np.arange(skip, count, dtype=np.float64)
    values: dict[str, Floats] = {}
    for process in forcing.processes:
        own = default_of(model, model[process.drives])
        if process.drives not in values:
            shape = (times.size, *own.shape, ids.size)
            values[process.drives] = np.array(np.broadcast_to(own[None, ..., None], shape))
        grid = Grid(forcing.hold, skip, times.size, len(process.cells), ids)
        path = process.form.path(Stream(seed, "forcing").sub(process.name), grid)
        for i, cell in enumerate(process.cells):
            place: tuple[Any, ...] = (slice(None), *cell)
            values[process.drives][place] += path[:, i]
    for name, array in values.items():
        low, high = bounds(model[name])
        if array.size and (array.min() < low or array.max() > high):
            raise SDError(
                '{file}: "{name}" reached {min:.3g} to {max:.3g}, outside its limits in'
                " {file2} ({name2}) — widen them",
                file=short(forcing.path),
                name=name,
                min=array.min(),
                max=array.max(),
                file2=short(model.path),
                name2=span(model[name]),
            )
    return {name: Held(times, array) for name, array in values.items()}
