"""Uncertain constants: priors read from TOML, and draws of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sdengine.errors import Message, SDError, did_you_mean
from sdengine.streams import Stream
from sdengine.syntax import Model, Variable
from sdensemble.inputs.config import (
    EVIDENCE_KEYS,
    Cell,
    Floats,
    Section,
    Vintage,
    bounds,
    cell_name,
    default_of,
    find_cells,
    find_constant,
    read_evidence,
    short,
    span,
)
from sdensemble.inputs.distributions import DISTRIBUTIONS, Distribution, Truncated
from sdensemble.inputs.sources import Sources, read_sources
from sdensemble.lang import Words, has, joined, phrase, say

Method = Literal["sobol", "latin", "plain"]


SOLE_SET = "prior"
"""The name of a file's one set where no entry names any."""
PRIOR_KEYS = ("constant", "element", "each", "scale", "sets", "distribution", "group", "effects")
REPLICATES = 16
"""Independent repetitions a sample has where nothing is said: their spread is its error."""
TOLERATED = 0.01
"""The probability that may lie outside the model's limits and be cut off."""


@dataclass(frozen=True)
class Prior:
    """What is believed of one constant before seeing history.

    ``cells`` are the indices of the elements it acts on, ``((),)`` for a scalar; with ``each``
    every one of them is drawn by itself. With ``scale`` the drawn number multiplies the model's
    own value. ``distribution`` is already cut to the model's limits. ``effects`` names the rows of
    collected evidence it rests on.
    """

    constant: str
    element: str | None
    each: bool
    scale: bool
    distribution: Distribution
    unit: str
    basis: str
    known_on: date | None
    kind: str
    assumption: bool
    group: str | None
    sets: tuple[str, ...]
    cells: tuple[Cell, ...] = ((),)
    exempt: str = ""
    effects: tuple[str, ...] = ()

    @property
    def columns(self) -> int:
        """How many numbers a member draws for it."""
        return len(self.cells) if self.each else 1

    @property
    def name(self) -> str:
        """The constant with its element, as messages print it."""
        return f"{self.constant}[{self.element}]" if self.element else self.constant


@dataclass(frozen=True)
class Priors(Vintage):
    """The priors of one set, in file order, with the correlation within each group."""

    items: tuple[Prior, ...]
    correlations: Mapping[str, float] = field(default_factory=dict)
    name: str = SOLE_SET
    path: Path = Path("priors.toml")
    digest: str = ""
    first: bool = True
    """Whether it is the first set of its file: the one meant where none is named."""

    @property
    def entries(self) -> tuple[Prior, ...]:
        """The priors, as entries with evidence."""
        return self.items


def read_priors(path: Path, model: Model, prior_set: str = "") -> Priors:
    """Return one set of priors of a TOML file, the first where none is named: see below.

    In a file that names no set every entry belongs to any.
    """
    every = read_prior_sets(path, model)
    first = next(iter(every.values()))
    if not prior_set or prior_set in every:
        return every[prior_set] if prior_set else first
    if tuple(every) == (SOLE_SET,):
        return replace(first, name=prior_set)
    hint = did_you_mean(prior_set, every)
    told = 'no prior set "{prior_set}"{hint}; it has {known}'
    known = ", ".join(every)
    raise SDError(Message(f"{short(path)}: {told}", prior_set=prior_set, hint=hint, known=known))


def read_prior_sets(path: Path, model: Model) -> dict[str, Priors]:
    """Return every set of priors of a TOML file by name, checked against the model.

    Sets are those its entries name, in the order of ``sets`` at its top, else as they come; an
    entry that names none belongs to all. Raise SDError with every problem found.
    """
    path = Path(path)
    top, digest = Section.of_file(path, ("prior", "correlation", "sets"))
    sources = read_sources(path.parent)
    entries = [_read_prior(table, model, sources) for table in top.entries("prior")]
    items = tuple(prior for prior in entries if prior is not None)
    correlations = _read_correlations(top, items)
    named = [*_read_sets(top), *(name for prior in items for name in prior.sets)]
    found: dict[str, Priors] = {}
    for name in dict.fromkeys(named or [SOLE_SET]):
        chosen = tuple(prior for prior in items if not prior.sets or name in prior.sets)
        _check_set(name, chosen, correlations, model, top)
        found[name] = Priors(chosen, correlations, name, path, digest, not found)
    top.found.raise_if_any()
    return found


def _read_prior(table: Section, model: Model, sources: Sources) -> Prior | None:
    """Return one prior, or None with its problems noted."""
    name, element = table.text("constant", needed=True), table.text("element")
    table = table.titled(f"{name}[{element}]" if name and element else name)
    before = len(table.found.lines)
    base = _read_distribution(table)
    evidence = read_evidence(table)
    scale, each = table.flag("scale"), table.flag("each")
    variable = find_constant(model, name, table) if name else None
    cells: tuple[Cell, ...] = ()
    if variable is not None:
        table.unit("Dmnl" if scale else variable.unit)
        cells = find_cells(model, variable, element, table)
        if len(cells) > 1 and not (each or scale):
            table.problem(
                Message(
                    "has {cells} elements — give element = …, each = true (a draw for each), or"
                    " scale = true (one factor for all)",
                    cells=len(cells),
                )
            )
    sets = _read_sets(table)
    effects = _read_effects(table, sources)
    if variable is None or base is None or not cells or len(table.found.lines) > before:
        return None
    distribution = _within_limits(base, variable, cells, scale, model, table)
    return Prior(
        constant=variable.name,
        element=element or None,
        each=each,
        scale=scale,
        distribution=distribution,
        unit="Dmnl" if scale else variable.unit,
        group=table.text("group") or None,
        sets=sets,
        cells=cells,
        effects=effects,
        **evidence._asdict(),
    )


def _read_distribution(table: Section) -> Distribution | None:
    """Return the distribution of one entry, and note the keys that belong to none."""
    name = table.text("distribution", needed=True)
    if name not in DISTRIBUTIONS:
        if name:
            hint = did_you_mean(name, DISTRIBUTIONS) or f": there are {', '.join(DISTRIBUTIONS)}"
            table.problem(Message('no distribution "{name}"{hint}', name=name, hint=hint))
        return None
    kind = DISTRIBUTIONS[name]
    keys = [parameter.name for parameter in fields(kind)]
    table.only((*PRIOR_KEYS, *EVIDENCE_KEYS, *keys))
    numbers = [table.number(key) for key in keys]
    if None in numbers:
        return None
    made = kind(*numbers)
    if made.valid():
        return made
    table.problem(Message("{rule} in {made}", rule=kind.rule, made=describe(made)))
    return None


def _read_sets(table: Section) -> tuple[str, ...]:
    """Return the names of the sets an entry belongs to; none where it belongs to all."""
    sets = table.values.get("sets", [])
    if isinstance(sets, list) and all(isinstance(name, str) and name for name in sets):
        return tuple(sets)
    table.problem(Message('sets must be a list of names such as ["low", "high"]'))
    return ()


def _read_effects(table: Section, sources: Sources) -> tuple[str, ...]:
    """Return the rows of evidence an entry names; note those that no table has."""
    names = table.values.get("effects", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        table.problem('effects must be a list of rows such as ["E004", "E079"]')
        return ()
    for name in names:
        if name not in sources.by_id:
            hint = did_you_mean(name, sources.by_id)
            table.problem(f'effects: no row "{name}" in the tables of evidence{hint}')
    return tuple(names)


def _within_limits(
    base: Distribution,
    variable: Variable,
    cells: Sequence[Cell],
    scale: bool,
    model: Model,
    table: Section,
) -> Distribution:
    """Return the distribution cut to the limits; note a problem if that cuts off too much."""
    low, high = bounds(variable)
    if scale:
        own = default_of(model, variable)
        low, high = _factor_bounds([float(own[cell]) for cell in cells], low, high)
    cut = Truncated(base, low, high)
    if low > high or cut.outside > TOLERATED:
        share = 1.0 if low > high else cut.outside
        factor = f" as a factor, {low:.4g} to {high:.4g}" if scale else ""
        table.problem(
            Message(
                "{share:.1%} of {base} lies outside the limits in {file} ({variable}{factor});"
                " at most {tolerated:.0%} may",
                share=share,
                base=describe(base),
                file=short(model.path),
                variable=span(variable),
                factor=factor,
                tolerated=TOLERATED,
            )
        )
    return cut if cut.outside > 0 else base


def _factor_bounds(own: Sequence[float], low: float, high: float) -> tuple[float, float]:
    """Return the factors that keep every value within low and high."""
    ends = [sorted((low / value, high / value)) for value in own if value]
    return max((e[0] for e in ends), default=-math.inf), min((e[1] for e in ends), default=math.inf)


def describe(distribution: Any, lang: str = "en") -> str:
    """Return a distribution in words: ``lognormal(median 0.36, log_sd 0.4)``."""
    if isinstance(distribution, Truncated):
        return describe(distribution.base, lang)
    parts = [
        phrase(
            "distribution.part",
            key=_word(part.name),
            value=f"{getattr(distribution, part.name):g}",
        )
        for part in fields(distribution)
    ]
    name = _word(type(distribution).__name__.lower())
    return say("distribution.described", lang, name=name, parts=joined(parts, "within"))


def _word(key: str) -> Words:
    return phrase(f"distribution.{key}") if has(f"distribution.{key}") else key


def _read_correlations(top: Section, items: Sequence[Prior]) -> dict[str, float]:
    """Return the correlation within each group."""
    groups = {prior.group for prior in items if prior.group}
    correlations: dict[str, float] = {}
    for table in top.entries("correlation"):
        table.only(("group", "rho"))
        group, rho = table.text("group", needed=True), table.number("rho")
        if group and group not in groups:
            table.problem(
                Message(
                    'no prior has group "{group}"{hint}',
                    group=group,
                    hint=did_you_mean(group, groups),
                )
            )
        if group in correlations:
            table.problem(Message('group "{group}" is given twice', group=group))
        if group and rho is not None:
            correlations[group] = rho
    return correlations


def _check_set(
    name: str,
    items: Sequence[Prior],
    correlations: Mapping[str, float],
    model: Model,
    top: Section,
) -> None:
    """Note elements that one set draws twice, and correlations that cannot be."""
    seen: dict[tuple[str, Cell], Prior] = {}
    for prior in items:
        twice = [cell for cell in prior.cells if (prior.constant, cell) in seen]
        seen.update({(prior.constant, cell): prior for cell in prior.cells})
        if twice:
            where = cell_name(model, model[prior.constant], twice[0])
            top.problem(
                Message(
                    '[[prior]] "{where}" is drawn twice in the set "{name}"', where=where, name=name
                )
            )
    for group, rho in correlations.items():
        size = sum(prior.columns for prior in items if prior.group == group)
        # An equicorrelated matrix is positive definite between -1/(size - 1) and 1.
        if size > 1 and not -1 / (size - 1) < rho < 1:
            top.problem(
                Message(
                    '[[correlation]] "{group}": rho {rho:g} is impossible for {size} numbers —'
                    " it must lie between {size2:.3g} and 1",
                    group=group,
                    rho=rho,
                    size=size,
                    size2=-1 / (size - 1),
                )
            )


# ── drawing ────────────────────────────────────────────────────────────────────────────────

SOBOL_COLUMNS = 256
"""Sobol columns made at least, so that a prior appended to the file changes no earlier one."""
BITS = 30  # of a Sobol number; half a step of that grid is added, which keeps 0 out
PART = 4096  # members worked on at once where all are


@dataclass(frozen=True, eq=False)
class Draws:
    """The constants of every member.

    ``values`` maps a constant to an array (*ranges, member) in the model's unit, with the
    model's own value where an element is not drawn. ``replicate`` (member,) numbers the
    independent repetitions: the spread of their means is the Monte Carlo error.
    """

    values: Mapping[str, Floats]
    replicate: NDArray[np.int64]
    seed: int
    method: str
    priors: Priors

    @property
    def members(self) -> int:
        """The number of members."""
        return self.replicate.size

    def of(self, members: NDArray[np.int64]) -> dict[str, Floats]:
        """Return the constants of some members, (*ranges, member)."""
        if isinstance(self.values, Drawn):
            return self.values.of(members)
        return {name: values[..., members] for name, values in self.values.items()}


class Drawn(Mapping[str, Floats]):
    """Constants made from points in the unit cube when somebody asks for them.

    The points of a million members take a third of the memory their constants would, and are
    turned into constants by the threads that run them. ``points`` has shape (column, member):
    uniform numbers, or whole ones of BITS bits, of which a number is the middle.
    """

    def __init__(self, priors: Priors, model: Model, points: NDArray[Any]):
        self.priors, self.model, self.points = priors, model, points
        self.names = tuple(dict.fromkeys(prior.constant for prior in priors.items))
        self.whole: dict[str, Floats] = {}

    def of(self, members: NDArray[np.int64] | slice) -> dict[str, Floats]:
        """Return the constants of some members: the same bits whatever others are asked for."""
        if isinstance(members, np.ndarray) and (np.diff(members) == 1).all() and members.size:
            members = slice(int(members[0]), int(members[-1]) + 1)  # no copy
        points = self.points[:, members]
        if points.dtype == np.uint32:
            points = points * 2.0**-BITS + 2.0 ** -(BITS + 1)
        return constants_of(self.priors, self.model, drawn_numbers(self.priors, points))

    def __getitem__(self, name: str) -> Floats:
        if name not in self.names:
            raise KeyError(name)
        if not self.whole:
            count = self.points.shape[1]
            parts = [self.of(slice(at, at + PART)) for at in range(0, count, PART)]
            self.whole = {n: np.concatenate([p[n] for p in parts], axis=-1) for n in self.names}
        return self.whole[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def draw(
    priors: Priors,
    model: Model,
    n: int,
    *,
    seed: int,
    method: Method = "sobol",
    replicates: int = REPLICATES,
) -> Draws:
    """Return the constants of ``n`` members, the same for the same seed on every call.

    Replicate r holds the members from r × n / replicates on: its own scramble of the Sobol
    points, its own Latin hypercube, or just the next members. The members belong to ``n``: with
    another ``n``, member 7 of a Sobol or Latin sample is another world.

    Sobol columns follow the order of the file: a prior put between others shifts the columns
    behind it, one appended at the end changes none (up to SOBOL_COLUMNS numbers a member, and
    from there up to each doubling). Latin and plain columns go by the constant's name: no prior
    changes another, unless they are correlated. Raise SDError for an impossible ``n``.

    Sources: Owen (1998), scrambling, as in ``scipy.stats.qmc``; McKay et al. (1979), Latin
    hypercube.
    """
    _check_size(n, method, replicates, seed)
    names = column_names(priors, model)
    count = n // replicates
    points = np.empty((len(names), n), np.uint32 if method == "sobol" else np.float64)
    for r in range(replicates if names else 0):
        ids = np.arange(r * count, (r + 1) * count)
        points[:, ids[0] : ids[-1] + 1] = _SAMPLERS[method](names, ids, seed, r)
    replicate = np.repeat(np.arange(replicates), count)
    return Draws(Drawn(priors, model, points), replicate, seed, method, priors)


def column_names(priors: Priors, model: Model) -> tuple[str, ...]:
    """Return the names of the numbers a member draws, in the order of the Sobol columns."""
    return tuple(
        cell_name(model, model[prior.constant], cell) if prior.each else prior.name
        for prior in priors.items
        for cell in (prior.cells if prior.each else prior.cells[:1])
    )


def _check_size(n: int, method: str, replicates: int, seed: int) -> None:
    """Raise SDError for an unknown method, a seed below 0, or an ``n`` that cannot be."""
    if method not in get_args(Method):
        methods = ", ".join(get_args(Method))
        raise SDError(
            Message(
                'sampling method "{method}": there are {methods}', method=method, methods=methods
            )
        )
    if seed < 0:
        raise SDError(Message("seed {seed}: must be a whole number from 0", seed=seed))
    count = max(n, 1) / replicates
    if method == "sobol":
        below = 2 ** max(math.floor(math.log2(count)), 0)
        above = 2 ** max(math.ceil(math.log2(count)), 0)
        rule = f"Sobol points need {replicates} replicates of 1, 2, 4, 8 … members"
    else:
        below, above = max(math.floor(count), 1), math.ceil(count)
        rule = f"members come in {replicates} equal replicates"
    if n not in (below * replicates, above * replicates):
        sizes = " or ".join(str(size * replicates) for size in sorted({below, above}))
        raise SDError(Message("{n} members: {rule} — take {sizes}", n=n, rule=rule, sizes=sizes))


def _sobol(
    names: Sequence[str], ids: NDArray[np.int64], seed: int, replicate: int
) -> NDArray[np.uint32]:
    """Return one scramble of the first Sobol points as whole numbers, shape (column, member)."""
    # Here, because importing scipy.stats takes most of a second.
    from scipy.stats import qmc

    # scipy's scramble depends on the number of columns, so that is rounded up generously.
    columns = max(SOBOL_COLUMNS, 2 ** math.ceil(math.log2(len(names))))
    sequence = np.random.SeedSequence(seed, spawn_key=(replicate,))
    engine = qmc.Sobol(columns, scramble=True, bits=BITS, rng=np.random.default_rng(sequence))
    points = np.empty((len(names), ids.size), np.uint32)
    for at in range(0, ids.size, PART):  # a part at a time: all columns take a lot of memory
        part = engine.random(min(PART, ids.size - at))[:, : len(names)]
        points[:, at : at + PART] = part.T * 2.0**BITS
    return points


def _latin(names: Sequence[str], ids: NDArray[np.int64], seed: int, replicate: int) -> Floats:
    """Return one Latin hypercube, shape (column, member)."""
    streams = [Stream(seed, "draws").sub(name) for name in names]
    order = np.array([stream.sub("order").uniform(ids)[0, 0] for stream in streams])
    inside = np.array([stream.uniform(ids)[0, 0] for stream in streams])
    rank = order.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return (rank + inside) / ids.size


def _plain(names: Sequence[str], ids: NDArray[np.int64], seed: int, replicate: int) -> Floats:
    """Return independent uniform numbers, shape (column, member)."""
    return np.array([Stream(seed, "draws").sub(name).uniform(ids)[0, 0] for name in names])


_SAMPLERS = {"sobol": _sobol, "latin": _latin, "plain": _plain}


def _correlate(uniforms: Floats, priors: Priors) -> None:
    """Give each group its correlation, in place, by a Gaussian copula.

    The factor is triangular, so a column depends on earlier ones only; the sums have a fixed
    order, where a matrix product might depend on the number of threads.
    """
    owner = [prior.group for prior in priors.items for _ in range(prior.columns)]
    for group, rho in priors.correlations.items():
        rows = [i for i, name in enumerate(owner) if name == group]
        if rho == 0 or len(rows) < 2:
            continue
        size = len(rows)
        factor = np.linalg.cholesky(np.full((size, size), rho) + (1 - rho) * np.eye(size))
        normals = ndtri(uniforms[rows])
        for j, row in enumerate(rows):
            total = factor[j, 0] * normals[0]
            for i in range(1, j + 1):
                total += factor[j, i] * normals[i]
            uniforms[row] = np.clip(ndtr(total), 2.0**-53, 1 - 2.0**-53)


def drawn_numbers(priors: Priors, uniforms: Floats) -> Floats:
    """Return the numbers of members, (column, member), from uniform ones in (0, 1).

    Columns are those of ``column_names``; a group's correlation is given to them first. The
    numbers are in the constants' units, or factors where a prior scales. ``uniforms`` stay.
    """
    uniforms = uniforms.copy()
    _correlate(uniforms, priors)
    numbers = np.empty_like(uniforms)
    column = 0
    for prior in priors.items:
        end = column + prior.columns
        numbers[column:end] = prior.distribution.ppf(uniforms[column:end])
        column = end
    return numbers


def of_24_bits(values: Floats, low: float, high: float) -> Floats:
    """Return values rounded to 24 bits, from ``low`` to ``high``.

    A draw is rounded where it is made, so that a file of half the size, such as the page that
    carries a whole ensemble, holds the very numbers that a run uses. Only rounding can carry a
    value over a limit here (see _within_limits); it then takes the next number inside.
    """
    short = np.asarray(values, np.float32)
    short = np.where(short < low, np.nextafter(short, np.float32(np.inf)), short)
    short = np.where(short > high, np.nextafter(short, np.float32(-np.inf)), short)
    return short.astype(np.float64)


def constants_of(priors: Priors, model: Model, numbers: Floats) -> dict[str, Floats]:
    """Return the constants' full arrays, (*ranges, member), from ``drawn_numbers``."""
    values: dict[str, Floats] = {}
    column = 0
    for prior in priors.items:
        variable = model[prior.constant]
        own = default_of(model, variable)
        if prior.constant not in values:
            values[prior.constant] = np.repeat(own[..., None], numbers.shape[1], axis=-1)
        for i, cell in enumerate(prior.cells):
            drawn = numbers[column + (i if prior.each else 0)]
            value = own[cell] * drawn if prior.scale else drawn
            values[prior.constant][cell] = of_24_bits(value, *bounds(variable))
        column += prior.columns
    return values
