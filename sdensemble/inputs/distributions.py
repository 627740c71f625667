"""Distributions by their quantiles: small, frozen, and without the slow import of scipy.stats."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, ndtr, ndtri

Floats = NDArray[np.float64]


class Distribution(ABC):
    """A distribution given by its parameters, which are the fields of the class."""

    rule: ClassVar[str] = ""

    def valid(self) -> bool:
        """Tell whether the parameters keep the rule."""
        return True

    @abstractmethod
    def ppf(self, u: Floats) -> Floats:
        """Return the quantiles of probabilities, in the constant's unit."""

    @abstractmethod
    def cdf(self, x: float) -> float:
        """Return the probability of a value below ``x``."""


@dataclass(frozen=True)
class Normal(Distribution):
    """The normal distribution."""

    mean: float
    sd: float
    rule: ClassVar[str] = "sd must be above 0"

    def valid(self) -> bool:
        return self.sd > 0

    def ppf(self, u: Floats) -> Floats:
        return self.mean + self.sd * ndtri(u)

    def cdf(self, x: float) -> float:
        return float(ndtr((x - self.mean) / self.sd))


@dataclass(frozen=True)
class Lognormal(Distribution):
    """The distribution whose logarithm is normal around the logarithm of the median."""

    median: float
    log_sd: float
    rule: ClassVar[str] = "median and log_sd must be above 0"

    def valid(self) -> bool:
        return self.median > 0 and self.log_sd > 0

    def ppf(self, u: Floats) -> Floats:
        return self.median * np.exp(self.log_sd * ndtri(u))

    def cdf(self, x: float) -> float:
        return float(ndtr(math.log(x / self.median) / self.log_sd)) if x > 0 else 0.0


@dataclass(frozen=True)
class Uniform(Distribution):
    """The uniform distribution from low to high."""

    low: float
    high: float
    rule: ClassVar[str] = "low must be below high"

    def valid(self) -> bool:
        return self.low < self.high

    def ppf(self, u: Floats) -> Floats:
        return self.low + (self.high - self.low) * u

    def cdf(self, x: float) -> float:
        return min(max((x - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class Triangular(Distribution):
    """The triangular distribution from low over its mode to high."""

    low: float
    mode: float
    high: float
    rule: ClassVar[str] = "low, mode and high must ascend, low below high"

    def valid(self) -> bool:
        return self.low <= self.mode <= self.high and self.low < self.high

    def ppf(self, u: Floats) -> Floats:
        width, rise, fall = self.high - self.low, self.mode - self.low, self.high - self.mode
        below = self.low + np.sqrt(u * width * rise)
        above = self.high - np.sqrt((1 - u) * width * fall)
        return np.where(u * width < rise, below, above)

    def cdf(self, x: float) -> float:
        width = self.high - self.low
        if x <= self.low or x >= self.high:
            return float(x >= self.high)
        if x < self.mode:
            return (x - self.low) ** 2 / (width * (self.mode - self.low))
        return 1 - (self.high - x) ** 2 / (width * (self.high - self.mode))


@dataclass(frozen=True)
class Beta(Distribution):
    """The beta distribution on 0 to 1, given by its mean and standard deviation."""

    mean: float
    sd: float
    rule: ClassVar[str] = "mean must lie between 0 and 1, and sd² between 0 and mean × (1 - mean)"

    def valid(self) -> bool:
        return 0 < self.mean < 1 and self.sd > 0 and self.sd**2 < self.mean * (1 - self.mean)

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shape parameters."""
        total = self.mean * (1 - self.mean) / self.sd**2 - 1
        return self.mean * total, (1 - self.mean) * total

    def ppf(self, u: Floats) -> Floats:
        return betaincinv(*self.shapes, u)

    def cdf(self, x: float) -> float:
        return float(betainc(*self.shapes, min(max(x, 0.0), 1.0)))


@dataclass(frozen=True)
class Truncated(Distribution):
    """A distribution restricted to an interval, by restricting the quantiles it is asked for."""

    base: Distribution
    low: float
    high: float

    @property
    def outside(self) -> float:
        """The probability that the base leaves the interval."""
        return self.base.cdf(self.low) + 1 - self.base.cdf(self.high)

    def ppf(self, u: Floats) -> Floats:
        first, last = self.base.cdf(self.low), self.base.cdf(self.high)
        return self.base.ppf(first + (last - first) * u)

    def cdf(self, x: float) -> float:
        first, last = self.base.cdf(self.low), self.base.cdf(self.high)
        return min(max((self.base.cdf(x) - first) / (last - first), 0.0), 1.0)


DISTRIBUTIONS: dict[str, type[Any]] = {
    "normal": Normal,
    "lognormal": Lognormal,
    "uniform": Uniform,
    "triangular": Triangular,
    "beta": Beta,
}
