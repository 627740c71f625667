"""What it is worth to know more before a lever is chosen: EVPI and EVPPI."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import BSpline

from sdensemble.results.jackknife import WithError, measured, parts_of

Array = NDArray[np.float64]
FOLDS = 8
"""Parts of the members: what is expected in one is learnt from the others."""
INNER_KNOTS = 4
PENALTIES = np.logspace(-4, 6, 21)


def best_action(utility: ArrayLike) -> int:
    """Return the action of greatest mean utility, (action, member), members with NaN left out."""
    table = np.asarray(utility, dtype=float)
    return int(np.argmax(table[:, np.isfinite(table).all(axis=0)].mean(axis=1)))


def evpi(utility: ArrayLike, replicate: NDArray[np.int64]) -> WithError:
    """Return the expected value of perfect information: E[max u] − max E[u].

    ``utility`` has shape (action, member): each action on the same members. What a choice with
    all known gains over the best choice made now, in the utility's unit.
    """
    table = np.asarray(utility, dtype=float)
    kept = np.isfinite(table).all(axis=0)
    table = table[:, kept]

    def worth(some: NDArray[np.int64]) -> float:
        few = table[:, some]
        return float(few.max(axis=0).mean() - few.mean(axis=1).max())

    return measured(worth, replicate[kept])


def evppi(utility: ArrayLike, inputs: ArrayLike, replicate: NDArray[np.int64]) -> WithError:
    """Return the expected value of knowing some inputs only, in the utility's unit.

    ``utility`` has shape (action, member), ``inputs`` (input, member). The utility expected given
    the inputs is a regression on them (additive penalised splines, the penalty by generalised
    cross-validation). What is expected of a member is learnt from the other parts of the sample,
    so that an inert input is worth 0 within its error, and not the more the longer the list of
    inputs tried: the estimate leans low where a regression in the sample leans high.
    Source: Strong, Oakley & Brennan (2014).
    """
    table = np.asarray(utility, dtype=float)
    x = np.atleast_2d(np.asarray(inputs, dtype=float))
    kept = np.isfinite(table).all(axis=0) & np.isfinite(x).all(axis=0)
    table, x, replicate = table[:, kept], x[:, kept], replicate[kept]
    best = best_action(table)
    gain = table - table[best]
    basis, penalty = spline_basis(x)
    chosen = np.full(gain.shape[1], best)
    for members in folds(replicate):
        others = np.setdiff1d(np.arange(gain.shape[1]), members)
        fit = ridge(basis[others], gain[:, others].T, penalty)
        chosen[members] = np.argmax(basis[members] @ fit, axis=1)
    moved = gain[chosen, np.arange(chosen.size)]
    return measured(lambda some: moved[some].mean(), replicate)


def folds(replicate: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the members of each fold: whole scrambles together."""
    parts = parts_of(replicate)
    count = min(FOLDS, len(parts))
    return [np.concatenate(parts[i::count]) for i in range(count)]


def spline_basis(x: Array) -> tuple[Array, Array]:
    """Return an additive cubic spline basis, (member, column), and its roughness penalty.

    Inputs, shape (input, member), are taken by their ranks, so that neither unit nor tail
    matters; an input without variance adds no column.
    """
    members = x.shape[1]
    blocks, roughness = [np.ones((members, 1))], [np.zeros((1, 1))]
    inner = np.linspace(0, 1, INNER_KNOTS + 2)[1:-1]
    knots = np.concatenate([np.zeros(4), inner, np.ones(4)])
    for values in x:
        if np.ptp(values) == 0:
            continue
        rank = (np.argsort(np.argsort(values, kind="stable"), kind="stable") + 0.5) / members
        block = BSpline.design_matrix(rank, knots, 3).toarray()
        blocks.append(block - block.mean(axis=0))
        second = np.diff(np.eye(block.shape[1]), 2, axis=0)
        roughness.append(second.T @ second + 1e-3 * np.eye(block.shape[1]))
    columns = sum(block.shape[1] for block in blocks)
    penalty, at = np.zeros((columns, columns)), 0
    for part in roughness:
        penalty[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return np.concatenate(blocks, axis=1), penalty


def ridge(basis: Array, values: Array, penalty: Array) -> Array:
    """Return coefficients (column, output) of penalised least squares, penalty chosen by GCV."""
    n, columns = basis.shape
    gram = basis.T @ basis + 1e-9 * n * np.eye(columns)
    root = np.linalg.cholesky(gram)
    inner = np.linalg.solve(root, np.linalg.solve(root, penalty).T)
    weights, vectors = np.linalg.eigh((inner + inner.T) / 2)
    weights = np.maximum(weights, 0.0)
    turned = vectors.T @ np.linalg.solve(root, basis.T @ values)
    square = (values**2).sum(axis=0)
    best, score = np.zeros(values.shape[1]), np.full(values.shape[1], np.inf)
    for size in PENALTIES:
        kept = 1 / (1 + size * weights)
        left = square - ((2 * kept - kept**2)[:, None] * turned**2).sum(axis=0)
        gcv = n * left / (n - kept.sum()) ** 2
        better = gcv < score
        best[better], score[better] = size, gcv[better]
    shrunk = turned / (1 + weights[:, None] * best)
    return np.linalg.solve(root.T, vectors @ shrunk)


def explained(values: ArrayLike, inputs: ArrayLike, replicate: NDArray[np.int64]) -> WithError:
    """Return the share of an output's variance that some inputs explain, out of sample.

    The same regression as ``evppi``: 1 − (error of prediction)² / variance. It needs no second
    sample, and so serves draws that cannot be taken apart, such as a posterior's.
    """
    y = np.asarray(values, dtype=float)
    x = np.atleast_2d(np.asarray(inputs, dtype=float))
    kept = np.isfinite(y) & np.isfinite(x).all(axis=0)
    y, x, replicate = y[kept], x[:, kept], replicate[kept]
    basis, penalty = spline_basis(x)
    expected = np.empty(y.size)
    for members in folds(replicate):
        others = np.setdiff1d(np.arange(y.size), members)
        expected[members] = (basis[members] @ ridge(basis[others], y[others, None], penalty))[:, 0]

    def share(some: NDArray[np.int64]) -> float:
        variance = y[some].var()
        return 1 - float(((y[some] - expected[some]) ** 2).mean() / variance) if variance else 0.0

    return measured(share, replicate)
