"""Sensitivity control: ``.vsc``, how many simulations and how constants are drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, gamma

from sdengine.errors import Problems
from sdensemble.inputs.distributions import Distribution, Normal, Triangular, Truncated, Uniform
from sdensemble.inputs.vensim.text import number, read_lines, split_name, split_outside

Floats = NDArray[np.float64]
METHODS = {"M": "plain", "L": "latin", "U": "each", "F": "file"}


@dataclass(frozen=True)
class Steps:
    """Vensim's VECTOR: every value from low to high by an increment."""

    low: float
    high: float
    increment: float

    def values(self) -> Floats:
        """Return the values, low and (where the increment meets it) high included."""
        count = int(np.floor((self.high - self.low) / self.increment + 1e-9)) + 1
        return np.asarray(self.low + self.increment * np.arange(count), np.float64)


@dataclass(frozen=True)
class Factor:
    """A constant that is drawn, or run through; without brackets all elements alike."""

    name: str
    element: str
    distribution: Distribution | Steps
    where: str


@dataclass(frozen=True)
class Sensitivity:
    """What a sensitivity control asks for.

    ``method`` is "plain" (multivariate), "latin", "each" (one constant after the other) or
    "file"; then ``sample`` is the path. ``seed`` belongs to Vensim's generator: another one
    draws from the same distributions, not the same numbers.
    """

    simulations: int
    method: str
    seed: int
    sample: Path | None
    factors: tuple[Factor, ...]
    where: str


# ── distributions ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Exponential(Distribution):
    """The exponential distribution of mean 1, stretched and then shifted."""

    shift: float
    stretch: float
    rule: ClassVar[str] = "stretch must be above 0"

    def valid(self) -> bool:
        return self.stretch > 0

    def ppf(self, u: Floats) -> Floats:
        return self.shift - self.stretch * np.log1p(-u)

    def cdf(self, x: float) -> float:
        return float(-np.expm1(-max((x - self.shift) / self.stretch, 0.0)))


@dataclass(frozen=True)
class Weibull(Distribution):
    """The Weibull distribution of a shape and of mean 1, stretched and then shifted."""

    shape: float
    shift: float
    stretch: float
    rule: ClassVar[str] = "shape and stretch must be above 0"

    def valid(self) -> bool:
        return self.shape > 0 and self.stretch > 0

    @property
    def scale(self) -> float:
        """The scale that gives mean 1, stretched."""
        return self.stretch / float(gamma(1 + 1 / self.shape))

    def ppf(self, u: Floats) -> Floats:
        return self.shift + self.scale * (-np.log1p(-u)) ** (1 / self.shape)

    def cdf(self, x: float) -> float:
        return float(-np.expm1(-(max((x - self.shift) / self.scale, 0.0) ** self.shape)))


@dataclass(frozen=True)
class StretchedBeta(Distribution):
    """The beta distribution of two shapes, stretched and then shifted."""

    a: float
    b: float
    shift: float
    stretch: float
    rule: ClassVar[str] = "alpha, beta and stretch must be above 0"

    def valid(self) -> bool:
        return min(self.a, self.b, self.stretch) > 0

    def ppf(self, u: Floats) -> Floats:
        return self.shift + self.stretch * betaincinv(self.a, self.b, u)

    def cdf(self, x: float) -> float:
        inside = min(max((x - self.shift) / self.stretch, 0.0), 1.0)
        return float(betainc(self.a, self.b, inside))


# Vensim's name → our class, and the arguments after min and max as Vensim's manual names them
_DRAWN: dict[str, tuple[Callable[..., Distribution], tuple[str, ...]]] = {
    "RANDOM NORMAL": (Normal, ("mean", "stdev")),
    "RANDOM TRIANGULAR": (Triangular, ("start", "peak", "stop")),
    "RANDOM EXPONENTIAL": (Exponential, ("shift", "stretch")),
    "RANDOM WEIBULL": (Weibull, ("shape", "shift", "stretch")),
    "RANDOM BETA": (StretchedBeta, ("A", "B", "shift", "stretch")),
}
SUPPORTED = ("RANDOM UNIFORM", *_DRAWN, "VECTOR")


# ── the file ───────────────────────────────────────────────────────────────────────────────


def read_sensitivity(path: Path) -> Sensitivity:
    """Return a sensitivity control; raise SDError with every line that is not understood.

    With the method F the lines after the first are not read, as in Vensim.
    """
    path = Path(path)
    found = Problems()
    (where, header), *lines = [*read_lines(path)] or [(path.name, "")]
    count, method, seed, sample = _header(header, where, found)
    drawn = [] if method == "file" else [_factor(place, line, found) for place, line in lines]
    factors = tuple(factor for factor in drawn if factor is not None)
    if not lines and method != "file":
        found.add(where, "no constant is drawn")
    stepped = [factor for factor in factors if isinstance(factor.distribution, Steps)]
    if method == "each" and len(stepped) < len(factors):
        found.add(where, "method U is supported for VECTOR only; use M or L")
    elif method == "latin" and stepped:
        found.add(stepped[0].where, "VECTOR cannot be drawn by method L; use M or U")
    elif stepped and len(stepped) < len(factors):
        found.add(stepped[0].where, "VECTOR beside random distributions is not supported")
    found.raise_if_any()
    return Sensitivity(
        count, method, seed, path.parent / sample if sample else None, factors, where
    )


def _header(line: str, where: str, found: Problems) -> tuple[int, str, int, str]:
    """Return simulations, method, seed and file of ``200,M,1234,,0``."""
    cells = [cell.strip() for cell in line.split(",")] + [""] * 5
    count, method, seed = cells[0] or "200", cells[1].upper(), cells[2] or "1234"
    if not re.fullmatch(r"\d+", count) or int(count) < 1:
        found.add(where, 'number of simulations "{count}" is no whole number from 1', count=count)
        count = "1"
    if method not in METHODS:
        names = {"G": "G (Latin grid)"}
        told = 'method "{method}" is not supported (M, L, U, F)'
        found.add(where, told, method=names.get(method, method))
    if not re.fullmatch(r"-?\d+", seed):
        found.add(where, 'seed "{seed}" is no whole number', seed=seed)
        seed = "1234"
    if method == "F" and not cells[3]:
        found.add(where, "method F names no sample file")
    if any(cells[5:]):
        found.add(where, "has more than five parts: number, method, seed, file, warnings")
    return int(count), METHODS.get(method, ""), int(seed), cells[3] if method == "F" else ""


def _factor(where: str, line: str, found: Problems) -> Factor | None:
    sides = split_outside(line, "=")
    name = split_name(sides[0])
    call = re.fullmatch(r"([A-Za-z][\w ]*)\(([^()]*)\)", sides[-1].strip())
    if len(sides) != 2 or name is None or call is None:
        told = '"{line}" is not understood; write name = DISTRIBUTION(min, max, …)'
        found.add(where, told, line=line)
        return None
    function = " ".join(call[1].replace("_", " ").upper().split())
    try:
        return Factor(*name, _distribution(function, call[2]), where)
    except ValueError as error:
        found.add(where, '"{name}": {error}', name=name[0], error=error)
        return None


def _distribution(function: str, text: str) -> Distribution | Steps:
    """Return a distribution; raise ValueError saying what is wrong with it."""
    if function not in SUPPORTED:
        raise ValueError(f"distribution {function} is not supported ({', '.join(SUPPORTED)})")
    if function == "VECTOR":
        low, high, increment = _numbers(function, text, ("min", "max", "increment"))
        if not (low <= high and increment > 0):
            raise ValueError("VECTOR needs min ≤ max and an increment above 0")
        return Steps(low, high, increment)
    make, names = _DRAWN.get(function, (None, ()))
    low, high, *rest = _numbers(function, text, ("min", "max", *names))
    if not low < high:
        raise ValueError(f"{function}: min must be below max (Vensim would leave it out)")
    if make is None:
        return Uniform(low, high)
    base = make(*rest)
    if not base.valid():
        raise ValueError(f"{function}: {base.rule}")
    if base.cdf(high) - base.cdf(low) <= 0:
        raise ValueError(f"{function} has no probability between {low:g} and {high:g}")
    return Truncated(base, low, high)


def _numbers(function: str, text: str, names: tuple[str, ...]) -> list[float]:
    values = [number(part) for part in text.split(",")]
    if len(values) != len(names) or None in values:
        raise ValueError(f"{function} needs the numbers {', '.join(names)}")
    return [value for value in values if value is not None]
