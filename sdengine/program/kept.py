"""What a run keeps of some variables: their slots side by side, and its values apart again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sdengine.ir import Program, Slots


@dataclass(frozen=True, eq=False)
class Kept:
    """``named`` has the slots of each variable, in its shape; some of them may be void."""

    program: Program
    named: Mapping[str, Slots]

    @cached_property
    def slots(self) -> Slots:
        """The slots of all variables, one after the other."""
        parts = [slots.ravel() for slots in self.named.values()]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    @cached_property
    def void(self) -> NDArray[np.bool_]:
        """Which of them have no value."""
        return np.isin(self.slots, self.program.void)

    @property
    def looked_at(self) -> Slots:
        """The slots, another in place of those without a value, so that no check fails."""
        some = self.slots[~self.void][:1]
        return np.where(self.void, some[0] if some.size else 0, self.slots)

    def apart(self, out: NDArray[np.float64], count: int) -> Iterator[tuple[str, NDArray]]:
        """Yield each variable's values, NaN where it has none: (time, *dims, member) out of
        (time, slot, member), so many members of them."""
        out[:, self.void] = np.nan
        at = 0
        for name, slots in self.named.items():
            part = out[:, at : at + slots.size, :count]
            yield name, part.reshape(len(out), *slots.shape, count)
            at += slots.size
