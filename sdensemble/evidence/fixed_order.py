"""Linear algebra whose sums are taken in one order: the same bits with any number of threads."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COLUMNS = 512
"""Columns that one thread takes at once."""


def cholesky(matrix: Floats) -> Floats:
    """Return the triangular factor of a positive matrix by sums in a fixed order.

    A library's own may add in another order with another number of threads.
    """
    size = len(matrix)
    factor = np.zeros_like(matrix)
    for j in range(size):
        rest = matrix[j:, j] - np.einsum("ik,k->i", factor[j:, :j], factor[j, :j])
        factor[j:, j] = rest / math.sqrt(max(rest[0], 1e-12))
    return factor


def invert(factor: Floats) -> Floats:
    """Return the inverse of a lower triangular factor by sums in a fixed order."""
    inverse = np.zeros_like(factor)
    for i in range(len(factor)):
        inverse[i, i] = 1 / factor[i, i]
        if i:
            inverse[i, :i] = -np.einsum("k,kj->j", factor[i, :i], inverse[:i, :i]) * inverse[i, i]
    return inverse


def correlated(factor: Floats, normal: Floats) -> Floats:
    """Return a triangular factor times normal numbers, (row, particle), in a fixed order."""
    out = np.zeros(normal.shape)
    for i in range(len(factor)):
        for j in range(i + 1):
            out[i] += factor[i, j] * normal[j]
    return out


def product(matrix: Floats, columns: Floats, threads: int) -> Floats:
    """Return matrix @ columns, every sum in the same order however the columns are shared out."""
    out = np.empty((len(matrix), columns.shape[1]))
    places = [slice(i, i + COLUMNS) for i in range(0, columns.shape[1], COLUMNS)]

    def work(place: slice) -> None:
        out[:, place] = np.einsum("ij,jn->in", matrix, np.ascontiguousarray(columns[:, place]))

    if threads <= 1 or len(places) < 2:
        for place in places:
            work(place)
        return out
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, places))
    return out
