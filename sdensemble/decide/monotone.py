"""The surface that rises with both levers and lies nearest to the estimates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]
ROUNDS = 400


def rising(values: ArrayLike, se: ArrayLike) -> Array:
    """Return the surface nearest to ``values``, (row, column), that falls along neither axis.

    Least squares weighted by 1 / ``se``²; where an error is 0 or NaN the smallest of the others
    stands for it. Source: Dykstra's alternating projections (Boyle & Dykstra 1986).
    """
    z, error = np.array(values, dtype=float), np.array(se, dtype=float)
    known = error[np.isfinite(error) & (error > 0)]
    error = np.where(np.isfinite(error) & (error > 0), error, known.min() if known.size else 1.0)
    weights = 1 / error**2
    off = [np.zeros_like(z), np.zeros_like(z)]
    for _ in range(ROUNDS):
        before = z.copy()
        for axis in (0, 1):
            y, w = np.moveaxis(z + off[axis], axis, 0), np.moveaxis(weights, axis, 0)
            fitted = np.array(
                [isotonic_regression(y[:, i], weights=w[:, i]).x for i in range(y.shape[1])]
            ).T
            fitted = np.moveaxis(fitted, 0, axis)
            off[axis] = z + off[axis] - fitted
            z = fitted
        if np.abs(z - before).max() <= 1e-12 * max(np.abs(z).max(), 1e-300):
            break
    return z
