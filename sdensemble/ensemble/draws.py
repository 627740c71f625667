"""Draws of uncertain constants from their priors: points in the unit cube made numbers."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sdengine.errors import Message, SDError, either
from sdengine.native.cache import cache_folder, load, store
from sdengine.streams import Stream
from sdengine.syntax import Model
from sdensemble.inputs.config import Floats, bounds, cell_name, default_of
from sdensemble.inputs.priors import Priors

Method = Literal["sobol", "latin", "plain"]

REPLICATES = 16
"""Independent repetitions a sample has where nothing is said: their spread is its error."""
SOBOL_COLUMNS = 256
"""Sobol columns made at least, so that a prior appended to the file changes no earlier one."""
BITS = 30  # of a Sobol number; half a step of that grid is added, which keeps 0 out
PART = 4096  # members worked on at once where all are
EVEN = 2**11
"""Members of a replicate below which a Sobol sample must be a power of two to be even."""
DEEPEST = 2**16
"""Members of the longest replicate: a larger sample has more replicates, not longer ones."""


class Source(Protocol):
    """Where the numbers of members come from: those of any member, alone or among others."""

    @property
    def digest(self) -> str:
        """What the numbers are made of: two sources of one digest give the same bits."""

    def of(self, members: NDArray[np.int64]) -> Floats:
        """Return the numbers of some members, (column, member)."""


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

    @cached_property
    def digest(self) -> str:
        """A digest of what the constants are made of; of the constants where that is unknown."""
        made = hashlib.blake2b(repr((self.seed, self.method)).encode(), digest_size=16)
        if isinstance(self.values, Drawn):
            made.update(self.values.digest.encode())
            return made.hexdigest()
        for name in sorted(self.values):
            made.update(name.encode() + np.ascontiguousarray(self.values[name]).tobytes())
        return made.hexdigest()


class Drawn(Mapping[str, Floats]):
    """Constants made when somebody asks for them, by whoever runs their members.

    ``source`` gives a member's numbers in the order of ``column_names``: what the priors draw,
    or with ``uniform`` the point of the unit cube it is drawn from. All members' constants at
    once take three times the memory of their points, of a million members several GiB.
    """

    def __init__(
        self, priors: Priors, model: Model, source: Source, size: int, *, uniform: bool = True
    ):
        self.priors, self.model, self.source = priors, model, source
        self.size, self.uniform = size, uniform
        self.names = tuple(dict.fromkeys(prior.constant for prior in priors.items))
        self.whole: dict[str, Floats] = {}

    @property
    def digest(self) -> str:
        """What the constants are made of."""
        return f"{self.source.digest} {self.priors.name} {self.priors.digest} {self.model.digest}"

    def numbers(self, members: NDArray[np.int64]) -> Floats:
        """Return the numbers the priors draw, (column, member)."""
        found = self.source.of(members)
        return drawn_numbers(self.priors, found) if self.uniform else found

    def of(self, members: NDArray[np.int64]) -> dict[str, Floats]:
        """Return the constants of some members: the same bits whatever others are asked for."""
        return constants_of(self.priors, self.model, self.numbers(np.asarray(members, np.int64)))

    def __getitem__(self, name: str) -> Floats:
        if name not in self.names:
            raise KeyError(name)
        if not self.whole:
            ids = np.arange(self.size)
            parts = [self.of(ids[at : at + PART]) for at in range(0, self.size, PART)]
            self.whole = {n: np.concatenate([p[n] for p in parts], axis=-1) for n in self.names}
        return self.whole[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "whole": {}}


@dataclass(frozen=True)
class Points:
    """Points of the unit cube, (column, member), each a function of its place.

    Replicate r holds the members from r × ``count`` on: its own scramble of the Sobol points, its
    own Latin hypercube, or just the next members.
    """

    names: tuple[str, ...]
    count: int
    seed: int
    method: Method

    @property
    def digest(self) -> str:
        """What the points are made of."""
        return hashlib.blake2b(repr(self).encode(), digest_size=16).hexdigest()

    def of(self, members: NDArray[np.int64]) -> Floats:
        """Return the points of some members, uniform in (0, 1), shape (column, member)."""
        found = np.empty((len(self.names), members.size))
        for r in np.unique(members // self.count) if self.names else ():
            here = members // self.count == r
            sampler = _SAMPLERS[self.method]
            found[:, here] = sampler(self.names, self.count, members[here], self.seed, int(r))
        return found


def draw(
    priors: Priors,
    model: Model,
    n: int,
    *,
    seed: int,
    method: Method = "sobol",
    replicates: int | None = None,
) -> Draws:
    """Return the constants of ``n`` members, the same for the same seed on every call.

    Replicate r holds the members from r × n / replicates on. A sample of more replicates of
    the same length begins with the same members: that is how one grows. Without ``replicates``
    there are REPLICATES, and more where they would be longer than DEEPEST. Else the members
    belong to ``n``: with another ``n``, member 7 of a Sobol or Latin sample is another world.

    Sobol columns follow the order of the file: a prior put between others shifts the columns
    behind it, one appended at the end changes none (up to SOBOL_COLUMNS numbers a member, and
    from there up to each doubling). Latin and plain columns go by the constant's name: no prior
    changes another, unless they are correlated. Raise SDError for an impossible ``n``.

    Sources: Owen (1998), scrambling, as in ``scipy.stats.qmc``; McKay et al. (1979), Latin
    hypercube.
    """
    replicates = replicates or replicates_of(n)
    _check_size(n, method, replicates, seed)
    points = Points(column_names(priors, model), n // replicates, seed, method)
    replicate = np.repeat(np.arange(replicates), n // replicates)
    return Draws(Drawn(priors, model, points, n), replicate, seed, method, priors)


def replicates_of(n: int) -> int:
    """Return how many independent repetitions a sample of ``n`` members has."""
    return max(REPLICATES, n // DEEPEST)


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
            'sampling method "{method}": there are {methods}', method=method, methods=methods
        )
    if seed < 0:
        raise SDError("seed {seed}: must be a whole number from 0", seed=seed)
    count = max(n, 1) / replicates
    if method == "sobol" and count < EVEN:
        below = 2 ** max(math.floor(math.log2(count)), 0)
        above = 2 ** max(math.ceil(math.log2(count)), 0)
        rule = Message("Sobol points need {n} replicates of 1, 2, 4, 8 … members", n=replicates)
    elif replicates > REPLICATES and replicates == n // DEEPEST:
        replicates, below = DEEPEST, replicates
        above = below + (n % DEEPEST > 0)
        rule = Message("so many come in replicates of {n}", n=DEEPEST)
    else:
        below, above = max(math.floor(count), 1), math.ceil(count)
        rule = Message("members come in {n} equal replicates", n=replicates)
    if n not in (below * replicates, above * replicates):
        sizes = either(str(size * replicates) for size in sorted({below, above}))
        raise SDError("{n} members: {rule} — take {sizes}", n=n, rule=rule, sizes=sizes)


def _sobol(
    names: Sequence[str], count: int, ids: NDArray[np.int64], seed: int, replicate: int
) -> Floats:
    """Return the points of members of one scramble of the Sobol sequence, (column, member).

    Each is the sum, without carry, of those at the powers of two that its number is made of.
    """
    places = ids - replicate * count
    first, *powers = _powers(len(names), (count - 1).bit_length(), seed, replicate)
    found = np.repeat(first[:, None], places.size, axis=1)
    for bit, point in enumerate(powers):
        found ^= np.where(places >> bit & 1, (point ^ first)[:, None], np.uint32(0))
    return (found + 0.5) * 2.0**-BITS


@functools.lru_cache(128)
def _powers(columns: int, bits: int, seed: int, replicate: int) -> NDArray[np.uint32]:
    """Return the points at 0, 1, 2, 4, 8 … of a scramble as whole numbers, (bits + 1, column).

    They are kept on disk: scipy takes a second to be loaded and to make them.
    """
    said = (scipy.__version__, np.__version__, BITS, columns, bits, seed, replicate)
    name = hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()
    path = cache_folder() / f"{name}.sobol"
    kept = load(path)
    if kept is None:
        engine, found = _sobol_engine(columns, seed, replicate), []
        for place in (0, *(2**bit for bit in range(bits))):
            if place > engine.num_generated:
                engine.fast_forward(place - engine.num_generated)
            found.append(engine.random(1)[0, :columns] * 2**BITS)
        kept = np.array(found).astype(np.uint32).tobytes()
        store(path, kept)
    return np.frombuffer(kept, np.uint32).reshape(bits + 1, columns)


def _sobol_engine(columns: int, seed: int, replicate: int) -> Any:
    from scipy.stats import qmc  # here, as its import takes most of a second

    # scipy's scramble depends on the number of columns, so that is rounded up generously.
    made = max(SOBOL_COLUMNS, 2 ** math.ceil(math.log2(columns)))
    sequence = np.random.SeedSequence(seed, spawn_key=(replicate,))
    return qmc.Sobol(made, scramble=True, bits=BITS, rng=np.random.default_rng(sequence))


def _latin(
    names: Sequence[str], count: int, ids: NDArray[np.int64], seed: int, replicate: int
) -> Floats:
    """Return the points of members of one Latin hypercube, shape (column, member)."""
    return _hypercube(tuple(names), count, seed, replicate)[:, ids - replicate * count]


@functools.lru_cache(32)
def _hypercube(names: tuple[str, ...], count: int, seed: int, replicate: int) -> Floats:
    ids = np.arange(replicate * count, (replicate + 1) * count)
    streams = [Stream(seed, "draws").sub(name) for name in names]
    order = np.array([stream.sub("order").uniform(ids)[0, 0] for stream in streams])
    inside = np.array([stream.uniform(ids)[0, 0] for stream in streams])
    rank = order.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return (rank + inside) / count


def _plain(
    names: Sequence[str], count: int, ids: NDArray[np.int64], seed: int, replicate: int
) -> Floats:
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
