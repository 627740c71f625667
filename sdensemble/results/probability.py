"""Probabilities that carry what they are the probability of, and paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdengine.errors import SDError
from sdensemble.results.estimate import Estimate, mean_of, share_of

if TYPE_CHECKING:
    from sdensemble.inputs.targets import Target


def year_of(target: Target) -> int:
    """Return the year of a single target."""
    if target.year is None:
        raise SDError('target "{id}" has no year of its own', id=target.id)
    return target.year


def value_of(target: Target) -> float:
    """Return the value a single target compares with, in its unit."""
    if target.value is None:
        raise SDError('target "{id}" has no value of its own', id=target.id)
    return target.value


@dataclass(frozen=True)
class Key:
    """What a probability is conditional on: all of it must agree before two are compared.

    ``event`` is the condition in words of the model ("teacup temperature end >= 60 Degree");
    ``as_of`` the information date; ``scenario`` the policy path, the one field that may differ.
    ``model_set`` names the structure, or the structures averaged over; ``posterior`` the draws
    given observations, "prior" where constants are drawn from the prior.
    """

    event: str
    year: int
    measure: str
    scope: str
    price_basis: str
    as_of: str
    prior_set: str
    model_digest: str
    scenario: str
    model_set: str = "main"
    posterior: str = "prior"


def require_same_question(first: Key, second: Key) -> None:
    """Raise SDError naming every field but the scenario in which two keys differ."""
    differing = [
        f"{f.name}: {getattr(first, f.name)!r} against {getattr(second, f.name)!r}"
        for f in fields(Key)
        if f.name != "scenario" and getattr(first, f.name) != getattr(second, f.name)
    ]
    if differing:
        told = "these are probabilities of different questions and cannot be compared: {differing}"
        raise SDError(told, differing="; ".join(differing))


@dataclass(frozen=True)
class Probability:
    """A probability with its key: bounds where members were lost, and its Monte Carlo error.

    ``least`` counts lost (NaN) members as misses, ``most`` as hits; without lost members they
    are the same. All are shares in [0, 1].
    """

    key: Key
    least: Estimate
    most: Estimate
    lost: int

    @property
    def members(self) -> int:
        """Number of members, lost ones included."""
        return self.least.members

    @property
    def bounded(self) -> bool:
        """True where lost members leave only bounds."""
        return self.lost > 0

    @property
    def middle(self) -> float:
        """The share, or the middle of its bounds where members were lost."""
        return (self.least.mean + self.most.mean) / 2

    @property
    def se(self) -> float:
        """Monte Carlo standard error; NaN where no member, or every member, hits."""
        return max(self.least.se, self.most.se)

    @property
    def error(self) -> float:
        """Its standard error; where all members hit or none, half its interval."""
        return max(self.least.error, self.most.error)

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the Monte Carlo error, from the lower to the upper bound."""
        return self.least.low, self.most.high

    def __lt__(self, other: Probability) -> bool:
        require_same_question(self.key, other.key)
        return self.most.mean < other.least.mean

    def __gt__(self, other: Probability) -> bool:
        return other < self

    def __sub__(self, other: Probability) -> Difference:
        require_same_question(self.key, other.key)
        raise SDError("a difference of probabilities is paired: use difference(event, event)")


@dataclass(frozen=True, eq=False)
class Event:
    """Which members hit: ``hit``, ``lost`` and ``replicate`` have shape (member,)."""

    key: Key
    hit: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    replicate: NDArray[np.int64]

    def probability(self) -> Probability:
        """Return the probability of the event, as bounds where members are lost."""
        return self._found

    @cached_property
    def _found(self) -> Probability:
        lost = int(np.count_nonzero(self.lost))
        least = share_of(self.hit & ~self.lost, self.replicate)
        most = share_of(self.hit | self.lost, self.replicate) if lost else least
        return Probability(self.key, least, most, lost)


def threshold_event(
    key: Key,
    values: NDArray[np.float64],
    comparator: str,
    value: float,
    replicate: NDArray[np.int64],
) -> Event:
    """Return the event that ``values``, shape (member,), are beyond a threshold of their unit."""
    if comparator not in (">", ">="):
        raise SDError(
            "comparator {comparator!r} of {event!r} is not one of > >=",
            comparator=comparator,
            event=key.event,
        )
    with np.errstate(invalid="ignore"):
        hit = values > value if comparator == ">" else values >= value
    return Event(key, hit, ~np.isfinite(values), replicate)


def band_event(
    key: Key, values: NDArray[np.float64], low: float, high: float, replicate: NDArray[np.int64]
) -> Event:
    """Return the event that ``values``, shape (member,), are from ``low`` to ``high``."""
    with np.errstate(invalid="ignore"):
        hit = (values >= low) & (values <= high)
    return Event(key, hit, ~np.isfinite(values), replicate)


def joint_event(key: Key, parts: Sequence[Event]) -> Event:
    """Return the event that every part holds in the same member.

    A member is lost only where no known part already misses.
    """
    missed = np.any([~part.hit & ~part.lost for part in parts], axis=0)
    lost = np.any([part.lost for part in parts], axis=0) & ~missed
    return Event(key, ~missed & ~lost, lost, parts[0].replicate)


@dataclass(frozen=True)
class Difference:
    """A paired difference: ``key`` is of the first side, ``against`` the scenario subtracted.

    ``lost`` counts pairs left out because either side is NaN.
    """

    key: Key
    against: str
    found: Estimate
    lost: int

    @property
    def distinguishable(self) -> bool:
        """True where the difference is at least twice its standard error."""
        return distinguishable(self.found)


def distinguishable(found: Estimate) -> bool:
    """Return whether a mean difference is at least two standard errors from zero."""
    return found.mean != 0.0 and abs(found.mean) >= 2 * found.se


def difference(first: Event, second: Event) -> Difference:
    """Return the paired difference in probability, first minus second, in the same members."""
    require_same_question(first.key, second.key)
    if not np.array_equal(first.replicate, second.replicate):
        raise SDError(
            "{one} and {other} were not run on the same members",
            one=first.key.scenario,
            other=second.key.scenario,
        )
    lost = first.lost | second.lost
    moved = np.where(lost, np.nan, first.hit.astype(float) - second.hit.astype(float))
    found = mean_of(moved, first.replicate)
    return Difference(first.key, second.key.scenario, found, int(np.count_nonzero(lost)))
