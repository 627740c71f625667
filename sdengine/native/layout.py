"""What a run has to know of a plan: the workspace's size, and what changes of constants reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdengine.ir import Slots


@dataclass(frozen=True, eq=False)
class Layout:
    """``size`` and ``switches`` are those of the plan; for each statement of each of its
    ``invariant`` loops, in order, (slots written, slots read)."""

    size: int
    switches: NDArray[np.int64]
    invariant: tuple[tuple[tuple[Slots, Slots], ...], ...]

    def waiting(self, slots: Slots) -> NDArray[np.bool_]:
        """Return which invariant loops have to run again once these slots have changed."""
        changed = np.zeros(self.size, bool)
        changed[slots] = True
        again = np.zeros(len(self.invariant), bool)
        for number, loop in enumerate(self.invariant):
            for written, read in loop:
                if changed[read].any():
                    again[number] = changed[written] = True
        return again
