"""How random processes move: autoregressions, cycles, jumps and two states, member by member."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sdengine.native.uniform import normal, uniform
from sdengine.streams import Stream

Floats = NDArray[np.float64]
Pair = tuple[float, float]


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


@dataclass(frozen=True)
class Form(ABC):
    """How a process moves. Each starts at 0, its known state, unless it is ``stationary``."""

    rule: ClassVar[str] = ""

    def valid(self, hold: float) -> bool:
        """Tell whether the parameters keep the rule."""
        return True

    @abstractmethod
    def path(self, stream: Stream, grid: Grid) -> Floats:
        """Return what the process adds, in the constant's unit, shape (step, element, member)."""

    @abstractmethod
    def reach(self) -> tuple[float, float, float]:
        """Return the least and greatest jump, and the greatest standard deviation around it."""


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
