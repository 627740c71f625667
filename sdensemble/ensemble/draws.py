"""Draws of uncertain constants from their priors: points in the unit cube made numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sdengine.errors import Message, SDError
from sdengine.streams import Stream
from sdengine.syntax import Model
from sdensemble.inputs.config import (
    Floats,
    bounds,
    cell_name,
    default_of,
)
from sdensemble.inputs.priors import Priors

Method = Literal["sobol", "latin", "plain"]


REPLICATES = 16
"""Independent repetitions a sample has where nothing is said: their spread is its error."""
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
