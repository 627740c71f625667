"""Random processes that push the model's neutral constants about, member by member.

A process adds to the value its constant has in the model. It is held between the times of one
grid, a quarter of a year apart unless the file says other, and keyed by (seed, name, element,
member, step): adding a process changes no other number, and a member meets the same world under
every scenario.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Message, SDError, did_you_mean
from sdengine.native.uniform import normal, uniform
from sdengine.program.held import Held
from sdengine.streams import Stream
from sdengine.syntax import Clock, Model
from sdensemble.inputs.config import (
    EVIDENCE_KEYS,
    Cell,
    Section,
    Vintage,
    as_number,
    bounds,
    cell_name,
    default_of,
    find_cells,
    find_constant,
    read_evidence,
    short,
    span,
)

Floats = NDArray[np.float64]
Pair = tuple[float, float]
BAND = 6.0
"""Standard deviations that must fit within a constant's limits: 2 values in 10^9 lie outside."""


@dataclass(frozen=True)
class Grid:
    """Where a process is to be sampled: steps of ``hold`` years from the step numbered
    ``first`` on, elements and members."""

    hold: float
    first: int
    steps: int
    elements: int
    members: NDArray[np.int64]

    def normal(self, stream: Stream, *, elements: int | None = None) -> Floats:
        """Return standard normal numbers, shape (step, element, member)."""
        count = self.elements if elements is None else elements
        return normal(stream, self.members, steps=self.steps, elements=count, first=self.first)

    def uniform(self, stream: Stream) -> Floats:
        """Return uniform numbers, shape (step, element, member)."""
        return uniform(
            stream, self.members, steps=self.steps, elements=self.elements, first=self.first
        )

    def between(self, stream: Stream, pair: Pair) -> Floats:
        """Return one number a member between the ends of a pair, shape (member,)."""
        return pair[0] + (pair[1] - pair[0]) * stream.uniform(self.members)[0, 0]


# ── the forms ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Form:
    """How a process moves. Each starts at 0, its known state, unless it is ``stationary``."""

    rule: ClassVar[str] = ""

    def valid(self, hold: float) -> bool:
        """Tell whether the parameters keep the rule."""
        return True

    def path(self, stream: Stream, grid: Grid) -> Floats:
        """Return what the process adds, in the constant's unit, shape (step, element, member)."""
        raise NotImplementedError

    def reach(self) -> tuple[float, float, float]:
        """Return the least and greatest jump, and the greatest standard deviation around it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Ar1(Form):
    """A first-order autoregression, x' = phi x + sd sqrt(1 - phi²) e.

    ``sd`` is the stationary standard deviation, drawn per member between the two ends;
    ``half_life`` (years) sets phi = 0.5^(hold / half_life). ``common`` is the share of variance
    that all elements have in common, and so the correlation between two of them. With
    ``mean_corrected`` half the variance reached at each time is taken off, so that the mean of
    exp(x) stays 1 from the start.
    """

    sd: Pair
    half_life: float
    common: float = 0.0
    mean_corrected: bool = False
    stationary: bool = False
    rule: ClassVar[str] = "sd and half_life must be above 0, and common from 0 to 1"

    def valid(self, hold: float) -> bool:
        """Tell whether the parameters keep the rule."""
        return 0 < self.sd[0] <= self.sd[1] and self.half_life > 0 and 0 <= self.common <= 1

    def path(self, stream: Stream, grid: Grid) -> Floats:
        """Return what the process adds, in the constant's unit, shape (step, element, member)."""
        phi = 0.5 ** (grid.hold / self.half_life)
        sd = grid.between(stream.sub("sd"), self.sd)
        own = _autoregress(grid.normal(stream), phi, self.stationary)
        if self.common:
            shared = _autoregress(
                grid.normal(stream.sub("common"), elements=1), phi, self.stationary
            )
            own = math.sqrt(self.common) * shared + math.sqrt(1 - self.common) * own
        own *= sd
        if self.mean_corrected:
            steps = np.arange(grid.steps)
            reached = np.ones(grid.steps) if self.stationary else 1 - phi ** (2 * steps)
            own -= reached[:, None, None] * (sd**2 / 2)
        return own

    def reach(self) -> tuple[float, float, float]:
        """Return the least and greatest jump, and the greatest standard deviation around it."""
        shift = -(self.sd[1] ** 2) / 2 if self.mean_corrected else 0.0
        return shift, 0.0, self.sd[1]


@dataclass(frozen=True)
class Cycle(Form):
    """A stochastic cycle: a second-order autoregression with complex roots.

    x'' = 2 r cos(w) x' - r² x + s e, with w = 2 pi hold / period and r = 0.5^(hold / half_life);
    ``period`` (years) is drawn per member between the two ends, as is ``sd``, the stationary
    standard deviation. Source: Harvey (1989), "Forecasting, structural time series models and
    the Kalman filter", section 2.3, without the moving-average part.
    """

    sd: Pair
    period: Pair
    half_life: float
    mean_corrected: bool = False
    stationary: bool = False
    rule: ClassVar[str] = (
        "sd and half_life must be above 0, and a period at least four steps of the grid"
    )

    def valid(self, hold: float) -> bool:
        """Tell whether the parameters keep the rule."""
        sound = 0 < self.sd[0] <= self.sd[1] and self.half_life > 0
        return sound and 4 * hold <= self.period[0] <= self.period[1]

    def path(self, stream: Stream, grid: Grid) -> Floats:
        """Return what the process adds, in the constant's unit, shape (step, element, member)."""
        damping = 0.5 ** (grid.hold / self.half_life)
        period = grid.between(stream.sub("period"), self.period)
        sd = grid.between(stream.sub("sd"), self.sd)
        first, second = 2 * damping * np.cos(2 * np.pi * grid.hold / period), -(damping**2)
        # The innovation that makes the stationary variance 1 (Yule-Walker), and the correlation
        # of neighbours.
        push = np.sqrt((1 + second) * ((1 - second) ** 2 - first**2) / (1 - second))
        alike = first / (1 - second)
        noise = grid.normal(stream)
        x = np.zeros_like(noise)
        before, effect, effect_before = np.zeros_like(noise[0]), push, np.zeros_like(push)
        reached = np.zeros((grid.steps, 1, grid.members.size))
        if self.stationary:
            before = replace(grid, steps=1).normal(stream.sub("before"))[0]
            x[0] = alike * before + np.sqrt(1 - alike**2) * noise[0]
            reached[:] = 1
        for i in range(1, grid.steps):
            x[i] = first * x[i - 1] + second * (x[i - 2] if i > 1 else before) + push * noise[i]
            if not self.stationary:
                reached[i, 0] = reached[i - 1, 0] + effect**2
                effect, effect_before = first * effect + second * effect_before, effect
        x *= sd
        return x - reached * (sd**2 / 2) if self.mean_corrected else x

    def reach(self) -> tuple[float, float, float]:
        """Return the least and greatest jump, and the greatest standard deviation around it."""
        shift = -(self.sd[1] ** 2) / 2 if self.mean_corrected else 0.0
        return shift, 0.0, self.sd[1]


@dataclass(frozen=True)
class Jump(Form):
    """Events that arrive by chance and fade.

    ``rate`` is arrivals a year; a step of the grid holds one at most, with probability
    1 - exp(-rate × hold). Each adds a size drawn between the two ends of ``size``, with the sign
    written there, which halves every ``recovery_half_life`` years. An event that comes before an
    earlier one has faded replaces it where it is larger, so that nothing exceeds ``size``.
    """

    rate: float
    size: Pair
    recovery_half_life: float
    rule: ClassVar[str] = (
        "rate and recovery_half_life must be above 0, and size ascend without passing 0"
    )

    def valid(self, hold: float) -> bool:
        """Tell whether the parameters keep the rule."""
        low, high = self.size
        sound = self.rate > 0 and self.recovery_half_life > 0
        return sound and low <= high and low * high >= 0

    def path(self, stream: Stream, grid: Grid) -> Floats:
        """Return what the process adds, in the constant's unit, shape (step, element, member)."""
        fading = 0.5 ** (grid.hold / self.recovery_half_life)
        chance = -math.expm1(-self.rate * grid.hold)
        arrives = grid.uniform(stream) < chance
        low, high = self.size
        sizes = np.where(arrives, low + (high - low) * grid.uniform(stream.sub("size")), 0.0)
        larger = np.minimum if low < 0 else np.maximum
        sizes[0] = 0.0
        for i in range(1, grid.steps):
            sizes[i] = larger(sizes[i], fading * sizes[i - 1])
        return sizes

    def reach(self) -> tuple[float, float, float]:
        """Return the least and greatest jump, and the greatest standard deviation around it."""
        return min(self.size[0], 0.0), max(self.size[1], 0.0), 0.0


@dataclass(frozen=True)
class Markov(Form):
    """Two states, +size and -size, each left after ``stay`` years in the mean.

    Until the first change it adds nothing, and goes to either state with equal chance; with
    ``stationary`` it starts in one of them.
    """

    size: float
    stay: float
    stationary: bool = False
    rule: ClassVar[str] = "size must be above 0, and stay at least one step of the grid"

    def valid(self, hold: float) -> bool:
        """Tell whether the parameters keep the rule."""
        return self.size > 0 and self.stay >= hold

    def path(self, stream: Stream, grid: Grid) -> Floats:
        """Return what the process adds, in the constant's unit, shape (step, element, member)."""
        changes = grid.uniform(stream) < grid.hold / self.stay
        changes[0] = self.stationary
        side = np.where(replace(grid, steps=1).uniform(stream.sub("side")) < 0.5, 1.0, -1.0)
        begun = np.logical_or.accumulate(changes, axis=0)
        odd = np.logical_xor.accumulate(changes, axis=0)
        return np.where(begun, self.size * side * np.where(odd, 1.0, -1.0), 0.0)

    def reach(self) -> tuple[float, float, float]:
        """Return the least and greatest jump, and the greatest standard deviation around it."""
        return -self.size, self.size, 0.0


FORMS: dict[str, type[Any]] = {"ar1": Ar1, "cycle": Cycle, "jump": Jump, "markov": Markov}


def _autoregress(noise: Floats, phi: float, stationary: bool) -> Floats:
    """Return a first-order autoregression of stationary variance 1, in the place of its noise."""
    push = math.sqrt(1 - phi**2)
    if not stationary:
        noise[0] = 0.0
    for i in range(1, len(noise)):
        noise[i] = phi * noise[i - 1] + push * noise[i]
    return noise


# ── the processes of a study ───────────────────────────────────────────────────────────────

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
class Forcing(Vintage):
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
            Message(
                '[[process]] "{name}" is given twice; its name is the key of its numbers', name=name
            )
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
            Message(
                "hold {hold:g} must be a whole number of the model's steps of {step:g}",
                hold=hold,
                step=clock.step,
            )
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
            hint = did_you_mean(name, FORMS) or f": there are {', '.join(FORMS)}"
            table.problem(Message('no form "{name}"{hint}', name=name, hint=hint))
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
            table.problem(Message("give sd, or sd_low and sd_high, not both"))
        value = [value, value]
    if key not in table.values:
        table.problem(Message("{key} is missing", key=key))
        return None
    ends = [as_number(end) for end in value] if isinstance(value, list) else []
    if len(ends) == 2 and None not in ends:
        return ends[0], ends[1]  # type: ignore[return-value]
    table.problem(
        Message("{key} must be two numbers such as [0.1, 0.4], not {value!r}", key=key, value=value)
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
                    Message(
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
                )
                break


def sample(
    forcing: Forcing,
    model: Model,
    members: ArrayLike,
    *,
    seed: int,
    from_time: float | None = None,
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
                Message(
                    '{file}: "{name}" reached {min:.3g} to {max:.3g}, outside its limits in'
                    " {file2} ({name2}) — widen them",
                    file=short(forcing.path),
                    name=name,
                    min=array.min(),
                    max=array.max(),
                    file2=short(model.path),
                    name2=span(model[name]),
                )
            )
    return {name: Held(times, array) for name, array in values.items()}
