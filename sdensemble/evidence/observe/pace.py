"""How far a refit is, and how long it still takes: told as it goes, from what it took so far."""

from __future__ import annotations

import math
import time

from sdensemble.evidence.observe.words import sentence
from sdensemble.lang import Phrase, Tell, Words, phrase

STAGES = 9.0
"""Powers of the likelihood a fit takes, until the first ones tell: what stored fits took."""


class Pace:
    """Tells the time left of several fits, each a row of growing powers from 0 to 1.

    Powers grow about geometrically, so what is left of a fit is counted in logarithms. A range
    is told, not a point: the moves at each power are not known beforehand.
    """

    def __init__(self, fits: int, tell: Tell | None):
        self.fits, self.tell = fits, tell
        self.begun, self.done = time.monotonic(), 0
        self.powers: list[float] = []

    def stage(self, power: float, _: Words) -> None:
        """Note a power reached, and tell how far all is."""
        if power > 0.0:
            self.powers.append(power)
        if self.tell is None or not self.powers:
            return
        share = (self.done + self.share()) / self.fits
        spent = time.monotonic() - self.begun
        left = spent * (1 - share) / max(share, 0.01)
        low, high = lasting(0.7 * left), lasting(1.5 * left)
        if share < 1:
            so_far = {"share": f"{100 * share:.0f}", "spent": lasting(spent)}
            span = low if low == high else phrase("language.range", low=low, high=high)
            self.tell(sentence("pace", left=span, **so_far))

    def share(self) -> float:
        """Return how much of the present fit is done, by the powers it went through."""
        last, count = self.powers[-1], len(self.powers)
        if last >= 1.0:
            return 1.0
        if count == 1:
            return 1 / STAGES
        step = math.log(last / self.powers[0]) / (count - 1)
        rest = -math.log(last) / step if step > 0 else STAGES
        return count / (count + rest)

    def next_fit(self) -> None:
        """Begin the next fit."""
        self.done, self.powers = self.done + 1, []


def lasting(seconds: float) -> Phrase:
    """Return a time in words: "40 s", "3 min"."""
    if seconds < 90:
        return sentence("seconds", n=max(1, round(seconds)))
    return sentence("minutes", n=round(seconds / 60))
