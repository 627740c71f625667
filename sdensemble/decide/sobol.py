"""Shares of a variance by group of inputs: what an outcome, or a lever's effect, hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import SDError
from sdensemble.results.jackknife import jackknife

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def group_indices(
    f_a: ArrayLike,
    f_b: ArrayLike,
    f_ab: ArrayLike,
    replicate: NDArray[np.int64],
    groups: Sequence[str],
) -> xr.Dataset:
    """Return first-order and total shares of variance by group of inputs, each with its error.

    ``f_a`` and ``f_b``, shape (member,), are the outcome on two independent samples A and B;
    ``f_ab``, shape (group, member), the outcome on A with one group's inputs taken from B.
    Inputs may depend on each other inside a group, not across groups: a group is always swapped
    whole. ``replicate``, shape (member,), numbers the independent samples.

    The Dataset has the dimension ``group`` and ``first``, ``first_se``, ``total``, ``total_se``
    (shares, no unit). ``first`` is what knowing the group alone takes off the variance, ``total``
    what stays when all but the group is known; estimates may fall below 0 by their error.
    Attributes: ``mean``, ``variance``, ``members``, and ``lost``, the members left out of all
    because the outcome is not finite in one of their runs.

    Sources: first order Saltelli et al. (2010), centred; total Jansen (1999); groups of dependent
    inputs Jacques, Lavergne & Devictor (2006). Errors: jackknife over the replicates.
    """
    import xarray as xr

    a, b, ab = (np.asarray(values, dtype=float) for values in (f_a, f_b, f_ab))
    if ab.shape != (len(groups), a.size) or not a.shape == b.shape == replicate.shape:
        told = "shapes {a}, {b}, {ab} do not fit {n} groups"
        raise SDError(told, a=a.shape, b=b.shape, ab=ab.shape, n=len(groups))
    kept = np.isfinite(a) & np.isfinite(b) & np.isfinite(ab).all(axis=0)
    a, b, ab = a[kept], b[kept], ab[:, kept]
    found = jackknife(lambda some: _indices(a[some], b[some], ab[:, some]), replicate[kept])
    first, total = found.value
    return xr.Dataset(
        {
            "first": ("group", first),
            "first_se": ("group", found.se[0]),
            "total": ("group", total),
            "total_se": ("group", found.se[1]),
        },
        {"group": list(groups)},
        {
            "mean": float(np.concatenate([a, b]).mean()) if a.size else np.nan,
            "variance": float(np.concatenate([a, b]).var()) if a.size else np.nan,
            "members": int(a.size),
            "lost": int(np.count_nonzero(~kept)),
        },
    )


def _indices(a: Array, b: Array, ab: Array) -> Array:
    """Return first-order and total shares, shape (2, group); NaN without variance."""
    both = np.concatenate([a, b])
    variance = both.var() if both.size else np.nan
    if not variance > 0:
        return np.full((2, len(ab)), np.nan)
    first = ((b - both.mean()) * (ab - a)).mean(axis=1) / variance
    total = 0.5 * ((a - ab) ** 2).mean(axis=1) / variance
    return np.array([first, total])


def merged(groups: Sequence[Sequence[int]], tied: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return groups of columns joined where columns that are drawn together fall into several.

    ``tied`` lists columns that depend on each other (the groups of a copula). Groups that share
    one become one, in the order of their first. Columns and groups keep their order.

    >>> merged([[0, 1], [2], [3]], tied=[[1, 2]])
    [[0, 1, 2], [3]]
    """
    joined = [list(group) for group in groups]
    for columns in tied:
        hit = [group for group in joined if set(group) & set(columns)]
        if len(hit) > 1:
            together = sorted({column for group in hit for column in group})
            joined[joined.index(hit[0])] = together
            joined = [group for group in joined if group not in hit[1:]]
    return joined
