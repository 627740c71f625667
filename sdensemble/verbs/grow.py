"""A sample that grows round by round until P is as exact as was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdensemble.ensemble.run import joined
from sdensemble.lang import Words, phrase

if TYPE_CHECKING:
    import xarray as xr

Part = Callable[[int, int], "xr.Dataset"]
"""Given a number of rounds and a first member: the members from there to the end of the rounds."""


@dataclass(frozen=True, eq=False)
class Grown:
    """The sample a run ended with, and the standard error of P in it (the greatest of all)."""

    data: xr.Dataset
    rounds: int
    error: float
    wanted: float

    @property
    def met(self) -> bool:
        """True where P is as exact as was asked for."""
        return self.error <= self.wanted

    def said(self, size: int) -> Words:
        """Return what is told of it, for rounds of so many members."""
        words = {"n": size * self.rounds, "error": 100 * self.error, "wanted": 100 * self.wanted}
        return phrase(f"run.until_{'met' if self.met else 'not_met'}", **words)


def grown(
    part: Part,
    error_of: Callable[[xr.Dataset], float],
    wanted: float,
    *,
    size: int,
    most: int,
    say: Callable[[Words], None],
) -> Grown:
    """Return members, round upon round of ``size``, until the error is ``wanted`` or they are
    ``most``.

    No member is run twice: a longer sample begins with the shorter one. The next number of rounds
    is what the error so far, which falls with their root, says would do, but at most twice as
    many: the error itself is known to a fifth or so.
    """
    rounds, limit = 1, max(most // size, 1)
    data = part(1, 0)
    while True:
        error = error_of(data)
        found = Grown(data, rounds, error, wanted)
        if found.met or rounds >= limit:
            return found
        more = following(rounds, error / wanted, limit)
        words = {"n": size * rounds, "error": 100 * error, "more": size * more}
        say(phrase("run.until_more", **words))
        data = joined([data, part(more, size * rounds)])
        rounds = more


def following(rounds: int, ratio: float, limit: int) -> int:
    """Return how many rounds to go on to, where the error is so many times what is wanted."""
    enough = math.ceil(rounds * min(ratio, 2.0) ** 2)
    return min(limit, max(rounds + 1, min(2 * rounds, enough)))
