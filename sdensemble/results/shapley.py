"""Shapley's shares of a whole in which parts work together: what each of them has of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Package = frozenset[int]


def packages(parts: int) -> Iterator[Package]:
    """Yield every package of so many parts, the empty one first, in the order of their bits."""
    for bits in range(2**parts):
        yield frozenset(i for i in range(parts) if bits >> i & 1)


def share_weights(parts: int) -> NDArray[np.float64]:
    """Return what turns the values of ``packages`` into each part's share, (part, package).

    A part's share is what it adds, averaged over every order in which the parts may come; the
    shares add up to the value of the whole less that of none. Source: Shapley (1953).
    """
    weights = np.zeros((parts, 2**parts))
    for place, package in enumerate(packages(parts)):
        for i in range(parts):
            others = len(package - {i})
            orders = math.factorial(others) * math.factorial(parts - others - 1)
            sign = 1 if i in package else -1
            weights[i, place] = sign * orders / math.factorial(parts)
    return weights
