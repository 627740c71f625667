"""How much of a package's effect each of its levers has, so that nothing is counted twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import SDError
from sdensemble.results.jackknife import jackknife
from sdensemble.results.shapley import Package, packages, share_weights

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

EXACT = 6
"""Levers up to which every one of the 2^k packages is computed."""
BATCH = 64
"""Packages asked for at once."""
PERMUTATIONS = 24
"""Orders taken beyond, half of them the reverse of the other half."""


def shapley(values: ArrayLike, names: Sequence[str], replicate: NDArray[np.int64]) -> xr.Dataset:
    """Return each lever's share of the whole package's effect, with errors and interactions.

    ``values``, shape (2^k, member), are the outcome under every package in the order of
    ``packages``; row 0 is without any. Shares add up to the effect of the whole, exactly.

    The Dataset has, over ``lever`` and in the outcome's unit: ``share``; ``alone``, the effect of
    the lever by itself; ``last``, what it adds to all others; each with ``_se``; and over
    ``lever`` × ``other`` the pairs' ``interaction`` with its error (above 0: they complement
    each other). Attributes: ``whole`` and ``excess``, the whole less the sum of the levers
    alone, each with ``_se``. Source: Shapley (1953); interaction index Grabisch & Roubens (1999).
    """
    table = np.asarray(values, dtype=float)
    k = len(names)
    if table.shape != (2**k, replicate.size):
        told = "{k} levers have {packages} packages of {members}, not {shape}"
        raise SDError(told, k=k, packages=2**k, members=replicate.size, shape=table.shape)
    weights, rows = _weights(k)
    found = jackknife(lambda some: weights @ table[:, some].mean(axis=1), replicate)
    return _labelled(found.value, found.se, rows, names)


def _weights(k: int) -> tuple[Array, dict[str, slice]]:
    """Return what every figure is as a weighted sum of the packages' means, and their places."""
    place = {package: bits for bits, package in enumerate(packages(k))}
    rows: list[Array] = list(share_weights(k))

    def add(terms: Sequence[tuple[Package, float]]) -> None:
        row = np.zeros(2**k)
        for package, weight in terms:
            row[place[package]] += weight
        rows.append(row)

    whole, none = frozenset(range(k)), frozenset[int]()
    for i in range(k):
        add([(frozenset([i]), 1.0), (none, -1.0)])
    for i in range(k):
        add([(whole, 1.0), (whole - {i}, -1.0)])
    for i, j in combinations(range(k), 2):
        others = [p for p in packages(k) if i not in p and j not in p]
        terms = []
        for p in others:
            orders = math.factorial(len(p)) * math.factorial(k - len(p) - 2)
            weight = orders / math.factorial(k - 1)
            terms += [(p | {i, j}, weight), (p | {i}, -weight), (p | {j}, -weight), (p, weight)]
        add(terms)
    add([(whole, 1.0), (none, -1.0)])
    add([(whole, 1.0), (none, k - 1.0), *((frozenset([i]), -1.0) for i in range(k))])
    pairs = k * (k - 1) // 2
    ends = np.cumsum([0, k, k, k, pairs, 1, 1])
    keys = ("share", "alone", "last", "interaction", "whole", "excess")
    spans = {key: slice(int(a), int(b)) for key, a, b in zip(keys, ends, ends[1:], strict=False)}
    return np.array(rows), spans


def _labelled(value: Array, se: Array, spans: dict[str, slice], names: Sequence[str]) -> xr.Dataset:
    import xarray as xr

    k = len(names)
    data: dict[str, Any] = {}
    for key in ("share", "alone", "last"):
        data[key] = ("lever", value[spans[key]])
        data[f"{key}_se"] = ("lever", se[spans[key]])
    for key, source in (("interaction", value), ("interaction_se", se)):
        square = np.full((k, k), np.nan)
        for (i, j), one in zip(
            combinations(range(k), 2), source[spans["interaction"]], strict=True
        ):
            square[i, j] = square[j, i] = one
        data[key] = (("lever", "other"), square)
    attrs = {key: float(value[spans[key]][0]) for key in ("whole", "excess")}
    attrs |= {f"{key}_se": float(se[spans[key]][0]) for key in ("whole", "excess")}
    return xr.Dataset(data, {"lever": list(names), "other": list(names)}, attrs)


def shapley_sampled(
    values: Callable[[Sequence[Package]], Array],
    names: Sequence[str],
    replicate: NDArray[np.int64],
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 1,
) -> xr.Dataset:
    """Return shares of a package of many levers from orders drawn by chance.

    ``values`` gives the outcome of some packages, shape (package, member), and is asked for each
    once, BATCH at a time. Every order is followed by its reverse. ``share_se`` joins the error of
    the members with that of the orders; ``last`` and ``alone`` are exact; interactions are not
    told.
    """
    import xarray as xr

    k = len(names)
    rng = np.random.default_rng(seed)
    half = [[int(i) for i in rng.permutation(k)] for _ in range(max(permutations // 2, 2))]
    orders = [line for order in half for line in (order, order[::-1])]
    whole, none = frozenset(range(k)), frozenset[int]()
    wanted = [frozenset(line[:place]) for line in orders for place in range(k + 1)]
    wanted += [frozenset([i]) for i in range(k)] + [whole - {i} for i in range(k)]
    needed = list(dict.fromkeys(wanted))
    asked: dict[Package, Array] = {}
    for first in range(0, len(needed), BATCH):
        some = needed[first : first + BATCH]
        asked |= dict(zip(some, np.asarray(values(some), dtype=float), strict=True))
    steps = np.zeros((len(half), k, replicate.size))
    for number, line in enumerate(orders):
        for place, i in enumerate(line):
            gain = asked[frozenset(line[: place + 1])] - asked[frozenset(line[:place])]
            steps[number // 2, i] += 0.5 * gain
    share = jackknife(lambda some: steps[:, :, some].mean(axis=(0, 2)), replicate)
    spread = steps.mean(axis=2).std(axis=0, ddof=1) / math.sqrt(len(half))
    alone = np.array([asked[frozenset([i])] - asked[none] for i in range(k)])
    last = np.array([asked[whole] - asked[whole - {i}] for i in range(k)])
    total = asked[whole] - asked[none]
    ends = np.array([*alone, *last, total, total - alone.sum(axis=0)])
    found = jackknife(lambda some: ends[:, some].mean(axis=1), replicate)
    data = {"share": share.value, "share_se": np.hypot(share.se, spread)}
    for key, at in (("alone", 0), ("last", k)):
        data |= {key: found.value[at : at + k], f"{key}_se": found.se[at : at + k]}
    attrs = {"whole": float(found.value[-2]), "whole_se": float(found.se[-2])}
    attrs |= {"excess": float(found.value[-1]), "excess_se": float(found.se[-1])}
    attrs["packages"] = len(asked)
    return xr.Dataset({n: ("lever", v) for n, v in data.items()}, {"lever": list(names)}, attrs)
