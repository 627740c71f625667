"""Tempered sequential Monte Carlo in a whitened space, where the prior is standard normal.

The particles go from the prior to the posterior by powers of the likelihood, each chosen so that
half the particles still count. They are independent runs side by side, ``replicates`` of them:
resampling stays within a run, so the spread of the runs' means is the Monte Carlo error. Only
the shape and the size of the proposals are learned on all of them together.

Moves are preconditioned Crank-Nicolson steps, which keep a Gaussian in balance in any dimension:
two thirds of them that of the particles' own mean and covariance, one third the prior, whose
tails are never too light. At each power they go on until no direction remembers where it began.

Sources: Del Moral, Doucet and Jasra (2006), sequential Monte Carlo samplers; Cotter, Roberts,
Stuart and White (2013), MCMC methods for functions; Beskos et al. (2015), SMC for inverse
problems (adaptive powers and steps).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdengine.streams import Stream
from sdensemble.evidence.fixed_order import cholesky, invert, product

Floats = NDArray[np.float64]
LogLikelihood = Callable[[Floats], Floats]
"""From particles (dimension, particle) in the whitened space to their log-likelihoods."""

WANTED = 0.3
"""The share of proposals to accept."""
MEMORY = 0.15
"""The correlation with the start of the moves, of any direction, below which they end."""
CHANCE = 3.5
"""Standard errors by which a coordinate must be off the prior to be told by the data."""


@dataclass(frozen=True)
class Settings:
    """How the sampler works. ``most_moves`` bounds the moves at one power."""

    replicates: int = 16
    particles: int = 256
    keep: float = 0.5
    most_moves: int = 120
    threads: int = 1

    @property
    def size(self) -> int:
        """How many particles there are in all."""
        return self.replicates * self.particles


@dataclass(frozen=True)
class Stage:
    """One power: the moves made, the share accepted, and the correlation left at their end."""

    power: float
    moves: int
    accepted: float
    memory: float
    distinct: int


@dataclass(frozen=True, eq=False)
class Moves:
    """How far the moves at a power are: where the particles began, and what has been accepted."""

    z: Floats
    loglik: Floats
    distinct: int
    accepted: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class State:
    """Where the sampler stands: enough to go on from, to the same bits.

    ``z`` (dimension, particle); ``loglik`` (particle,); ``evidence`` (replicate,), the log of
    the normalising constant so far; ``steps`` the sizes of the two kinds of moves; ``moves``
    are under way at this power, None between two powers.
    """

    z: Floats
    loglik: Floats
    power: float
    evidence: Floats
    steps: tuple[float, float]
    stages: tuple[Stage, ...] = ()
    moves: Moves | None = None

    @property
    def done(self) -> bool:
        """True where the particles are those of the posterior."""
        return self.power >= 1.0 and self.moves is None

    def to_arrays(self) -> dict[str, Any]:
        """Return the state as arrays by name."""
        table = [astuple(stage) for stage in self.stages]
        moves = self.moves and {
            "moves_z": self.moves.z,
            "moves_loglik": self.moves.loglik,
            "moves_distinct": np.array(self.moves.distinct),
            "moves_accepted": np.array(self.moves.accepted),
        }
        return {
            **(moves or {}),
            "z": self.z,
            "loglik": self.loglik,
            "power": np.array(self.power),
            "evidence": self.evidence,
            "steps": np.array(self.steps),
            "stages": np.array(table).reshape(-1, 5),
        }


def log_evidence(evidence: Floats) -> tuple[float, float]:
    """Return the log evidence of replicates' logs, and its standard error.

    The mean is taken of the evidence itself, whose estimate is unbiased, not of its log.
    """
    top = float(evidence.max())
    each = np.exp(evidence - top)
    error = float(each.std(ddof=1) / math.sqrt(each.size) / each.mean())
    return top + math.log(float(each.mean())), error


def from_arrays(arrays: Any) -> State:
    """Return the state that ``to_arrays`` gave."""
    rows = [
        Stage(float(p), int(m), float(a), float(c), int(d)) for p, m, a, c, d in arrays["stages"]
    ]
    return State(
        np.array(arrays["z"]),
        np.array(arrays["loglik"]),
        float(arrays["power"]),
        np.array(arrays["evidence"]),
        (float(arrays["steps"][0]), float(arrays["steps"][1])),
        tuple(rows),
        _moves_from(arrays) if "moves_z" in arrays else None,
    )


def _moves_from(arrays: Any) -> Moves:
    accepted = tuple(map(float, arrays["moves_accepted"]))
    begun = np.array(arrays["moves_z"]), np.array(arrays["moves_loglik"])
    return Moves(*begun, int(arrays["moves_distinct"]), accepted)


def temper(
    target: LogLikelihood,
    dimensions: int,
    *,
    seed: int,
    settings: Settings | None = None,
    state: State | None = None,
    after: Callable[[State], None] | None = None,
) -> State:
    """Return particles of the posterior of a standard normal prior and a log-likelihood.

    ``state`` goes on from an interrupted run; ``after`` is called with the state after every few
    moves, and at the end of each power. Same seed and settings, same bits, whatever the threads
    and wherever it was interrupted. Raises SDError where no particle has a finite likelihood.
    """
    settings = settings or Settings()
    state = state or _start(target, dimensions, seed, settings)
    while not state.done:
        stream = Stream(seed, "smc").sub(f"stage {len(state.stages)}")
        if state.moves is None:
            state = _resampled(state, stream, settings)
        for moved in _moved(target, state, stream, settings):
            state = moved
            if after:
                after(state)
    return state


def prior_particles(dimensions: int, seed: int, settings: Settings) -> Floats:
    """Return the particles the sampler starts from, standard normal (dimension, particle)."""
    stream = Stream(seed, "smc").sub("start")
    return stream.normal(np.arange(settings.size), elements=dimensions)[0]


def _start(target: LogLikelihood, dimensions: int, seed: int, settings: Settings) -> State:
    z = prior_particles(dimensions, seed, settings)
    loglik = finite(target(z))
    if not np.isfinite(loglik).any():
        raise SDError("no draw of the prior has a likelihood: the model fails on every one of them")
    return State(z, loglik, 0.0, np.zeros(settings.replicates), (0.5, 0.3))


def finite(loglik: Floats) -> Floats:
    """Return log-likelihoods with those that are no number as impossible."""
    return np.where(np.isfinite(loglik), loglik, -np.inf)


def _resampled(state: State, stream: Stream, settings: Settings) -> State:
    """Return the particles at the next power, before their first move."""
    power = _next_power(state, settings)
    weights = _weights(state, power)
    evidence = state.evidence + _log_means(state, power, settings)
    chosen = _resample(weights, stream.sub("resample"), settings)
    z, loglik = state.z[:, chosen], state.loglik[chosen]
    moves = Moves(z, loglik, int(np.unique(chosen).size))
    return replace(state, z=z, loglik=loglik, power=power, evidence=evidence, moves=moves)


def effective_number(weights: Floats) -> float:
    """Return how many draws of equal weight weighted ones are worth (Kish); 0 without any."""
    total = float(weights.sum())
    return total**2 / float((weights**2).sum()) if total > 0 else 0.0


def _weights(state: State, power: float) -> Floats:
    """Return the particles' weights at the next power, the greatest being 1."""
    step = (power - state.power) * state.loglik
    step = np.where(np.isfinite(state.loglik), step, -np.inf)
    return np.exp(step - step.max())


def _next_power(state: State, settings: Settings) -> float:
    """Return the greatest power at which the share ``keep`` of the particles still counts."""

    def enough(power: float) -> bool:
        weights = _weights(state, power)
        return effective_number(weights) >= settings.keep * weights.size

    if enough(1.0):
        return 1.0
    low, high = state.power, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return max(low, state.power + 1e-9)


def _log_means(state: State, power: float, settings: Settings) -> Floats:
    """Return the log of each replicate's mean incremental weight, shape (replicate,)."""
    step = (power - state.power) * state.loglik
    step = np.where(np.isfinite(state.loglik), step, -np.inf).reshape(settings.replicates, -1)
    top = np.maximum(step.max(axis=1), -1e300)
    return top + np.log(np.maximum(np.exp(step - top[:, None]).mean(axis=1), 1e-300))


def _resample(weights: Floats, stream: Stream, settings: Settings) -> NDArray[np.int64]:
    """Return which particles go on, by systematic resampling within each replicate."""
    chosen = []
    offsets = stream.uniform(np.arange(settings.replicates))[0, 0]
    for r, own in enumerate(weights.reshape(settings.replicates, -1)):
        total = own.sum()
        if total <= 0:
            raise SDError("a replicate of the sampler has lost every particle: give it more")
        edges = np.cumsum(own) / total
        points = (np.arange(own.size) + offsets[r]) / own.size
        picked = np.minimum(np.searchsorted(edges, points, side="right"), own.size - 1)
        chosen.append(picked + r * own.size)
    return np.concatenate(chosen)


# ── moves ──────────────────────────────────────────────────────────────────────────────────


@dataclass(eq=False)
class _Walk:
    """Particles on the move, and the shares of them that each move took."""

    z: Floats
    loglik: Floats
    accepted: list[float]


def _moved(
    target: LogLikelihood, state: State, stream: Stream, settings: Settings
) -> Iterator[State]:
    """Yield the state after every few moves at its power, in the end after enough of them."""
    begun = state.moves
    assert begun is not None
    reference = _reference(begun.z, settings.threads)
    walk = _Walk(state.z.copy(), state.loglik.copy(), list(begun.accepted))
    first = reference.away(begun.z)
    scale = np.maximum((first**2).mean(axis=1), 1e-12)
    first_fit = _standard(begun.loglik)
    steps = list(state.steps)

    def memory() -> float:
        kept = (first * reference.away(walk.z)).mean(axis=1) / scale
        return float(max(kept.max(), (first_fit * _standard(walk.loglik)).mean()))

    while True:
        made = len(walk.accepted)
        left = memory() if made else 1.0
        moves = replace(begun, accepted=tuple(walk.accepted))
        state = replace(
            state,
            z=walk.z.copy(),
            loglik=walk.loglik.copy(),
            steps=(steps[0], steps[1]),
            moves=moves,
        )
        if made >= settings.most_moves or (made >= 6 and left <= MEMORY):
            break
        if made > len(begun.accepted):
            yield state
        for kind in (0, 0, 1):
            noise = stream.sub(f"move {len(walk.accepted) + 1}")
            own = reference if kind == 0 else None
            rate = _step(target, walk, state.power, steps[kind], noise, own)
            steps[kind] = min(max(steps[kind] * math.exp(rate - WANTED), 1e-4), 0.999)
    stage = Stage(state.power, made, float(np.mean(walk.accepted)), left, begun.distinct)
    yield replace(state, stages=(*state.stages, stage), moves=None)


def _standard(values: Floats) -> Floats:
    """Return values with mean 0 and variance 1; zeros where they do not differ."""
    centred = values - values.mean()
    spread = math.sqrt(float((centred**2).mean()))
    return centred / spread if spread > 0 else np.zeros_like(values)


def _step(
    target: LogLikelihood,
    walk: _Walk,
    power: float,
    step: float,
    stream: Stream,
    reference: _Reference | None,
) -> float:
    """Move every particle once, in place; return the share accepted.

    The proposal keeps the reference in balance, the prior where none is given.
    """
    ids = np.arange(walk.z.shape[1])
    noise = stream.normal(ids, elements=len(walk.z))[0]
    shrink = math.sqrt(1 - step**2)
    if reference is None:
        new = shrink * walk.z + step * noise
        odds = np.zeros(ids.size)
    else:
        w = reference.away(walk.z)
        moved = shrink * w + step * noise
        new = reference.back(moved)
        odds = reference.odds(moved, new) - reference.odds(w, walk.z)
    found = finite(target(new))
    with np.errstate(invalid="ignore"):
        odds = odds + power * (found - walk.loglik)
    luck = np.log(stream.sub("accept").uniform(ids)[0, 0])
    taken = luck < np.where(np.isnan(odds), -np.inf, odds)
    walk.z[:, taken] = new[:, taken]
    walk.loglik[taken] = found[taken]
    rate = float(taken.mean())
    walk.accepted.append(rate)
    return rate


@dataclass(frozen=True, eq=False)
class _Reference:
    """The Gaussian that proposals keep in balance: fitted in ``told``, the prior elsewhere."""

    told: NDArray[np.int64]
    mean: Floats
    factor: Floats
    inverse: Floats
    threads: int

    def away(self, z: Floats) -> Floats:
        """Return where particles are relative to the reference, standard normal under it."""
        w = z.copy()
        w[self.told] = product(self.inverse, z[self.told] - self.mean[:, None], self.threads)
        return w

    def back(self, w: Floats) -> Floats:
        """Return the particles that are so far away."""
        z = w.copy()
        z[self.told] = self.mean[:, None] + product(self.factor, w[self.told], self.threads)
        return z

    def odds(self, w: Floats, z: Floats) -> Floats:
        """Return the log of the prior's density over the reference's, but for a constant."""
        return ((w[self.told] ** 2).sum(axis=0) - (z[self.told] ** 2).sum(axis=0)) / 2


def _reference(z: Floats, threads: int) -> _Reference:
    """Return the particles' own Gaussian in the coordinates the data speak of.

    Those are the ones whose mean or variance is off the prior's by more than chance. In all the
    others the prior itself is the better guess: a covariance of hundreds of coordinates is mostly
    noise. Where there are too few particles it is drawn towards independent coordinates.
    """
    count = z.shape[1]
    off = np.abs(z.mean(axis=1)) * math.sqrt(count)
    off = np.maximum(off, np.abs((z**2).mean(axis=1) - 1) * math.sqrt(count / 2))
    told = np.flatnonzero(off > CHANCE)
    own = z[told]
    mean = own.mean(axis=1)
    away = own - mean[:, None]
    covariance = np.einsum("in,jn->ij", away, away) / count
    size = told.size
    share = 1e-9 if count >= 4 * size else size / (size + count)
    covariance = (1 - share) * covariance + share * np.diag(np.diag(covariance))
    factor = cholesky(covariance)
    return _Reference(told, mean, factor, invert(factor), threads)
