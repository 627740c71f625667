"""What limits each outcome, as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sdensemble.inputs.naming import element_label
from sdensemble.inputs.report import Outcome, Regime
from sdensemble.inputs.scenarios import Scenario
from sdensemble.outputs.cells import Row, outcome_cells, scenario_cells, source_cells
from sdensemble.outputs.table import by_language
from sdensemble.results.estimate import Array
from sdensemble.results.results import Results


def bottleneck_rows(
    results: Results,
    scenarios: Sequence[Scenario] | None = None,
    years: Sequence[int | str] | None = None,
) -> Iterator[Row]:
    """Yield mean regime shares by element and year, and how often each is the largest.

    Of all scenarios and years and of all years together ("all"), unless some are named.
    Behind the elements come the headline's groups and the headline itself: there a member's
    share is the mean of its elements' shares, weighted by their output in the year.
    """
    sets: dict[str, list[Any]] = {}
    for regime in results.spec.regimes:
        sets.setdefault(regime.set, []).append(regime)
    source = source_cells(results)
    every_year: tuple[int | str, ...] = (*map(int, results.years), "all")
    wanted = every_year if years is None else years
    for name, regimes in sets.items():
        shares = [_by_element(results, regime.variable) for regime in regimes]
        elements = _elements(results, regimes[0].variable)
        wholes = _wholes(results, elements)
        every = [
            outcome_cells(results, one) for one in (*elements, *(whole for whole, _ in wholes))
        ]
        named = [
            {"regime": one.id, **by_language("regime", one.label), "unit": "Dmnl"}
            for one in regimes
        ]
        for scenario in results.scenarios if scenarios is None else scenarios:
            own = [share[results.place(scenario)] for share in shares]
            summed = _sums(own)
            if wholes:
                summed = summed.beside(_sums(_of_wholes(results, scenario, own, elements, wholes)))
            shared = {**scenario_cells(results, scenario), "set": name, **source}
            for (which, element), row in _limits(summed, results.years, wanted):
                yield {**shared, **every[element], **named[which], **row}


def limits_of(
    results: Results, scenario: Scenario, year: int
) -> tuple[Outcome, dict[str, list[tuple[Regime, float]]]] | None:
    """Return what limits the first group of several elements (else the headline) in a year.

    For each set of limits their mean shares, the largest first; None where the report names no
    limits by element.
    """
    head = results.spec.headline
    several = [one for one in (*head.groups, head.whole) if len(results.made_of(one)) > 1]
    chosen = several[0] if several else head.whole
    regimes = {(one.set, one.id): one for one in results.spec.regimes}
    found: dict[str, list[tuple[Regime, float]]] = {}
    for row in bottleneck_rows(results, (scenario,), (year,)):
        if row["outcome"] == chosen.id:
            regime = regimes[row["set"], row["regime"]]
            found.setdefault(row["set"], []).append((regime, row["mean_share"]))
    if not found:
        return None
    return chosen, {name: sorted(held, key=lambda one: -one[1]) for name, held in found.items()}


def _by_element(results: Results, variable: str) -> Array:
    """Return a share as (scenario, member, year, element); one element where it has no range."""
    values = results.data[variable].transpose("scenario", "member", "year", ...).values
    return values.reshape(*values.shape[:3], -1)


def _elements(results: Results, variable: str) -> tuple[Outcome, ...]:
    dims = [str(d) for d in results.data[variable].dims if d not in ("scenario", "member", "year")]
    if not dims:
        return (results.spec.headline.whole,)
    names = map(str, results.data[dims[0]].values)
    labels = partial(element_label, results.model, dims[0])
    return tuple(Outcome(name, variable, name, labels(name)) for name in names)


def _wholes(results: Results, elements: Sequence[Outcome]) -> list[tuple[Outcome, list[int]]]:
    """Return the groups and the headline with the places of the elements they are made of."""
    head = results.spec.headline
    if len(elements) < 2:
        return []
    places = {element.id: place for place, element in enumerate(elements)}
    found = []
    for whole in (*head.groups, head.whole):
        parts = results.made_of(whole)
        if len(parts) > 1 and all(part in places for part in parts):
            found.append((whole, [places[part] for part in parts]))
    return found


def _of_wholes(
    results: Results,
    scenario: Scenario,
    shares: Sequence[Array],
    elements: Sequence[Outcome],
    wholes: Sequence[tuple[Outcome, list[int]]],
) -> list[Array]:
    """Return the shares of the wholes, by regime (member, year, whole)."""
    variable, place = str(results.spec.headline.components), results.place(scenario)
    parts_of_any = {part for _, parts in wholes for part in parts}
    weights = {i: results.series(variable, elements[i].id)[place] for i in parts_of_any}
    weighed = [{i: one[..., i] * w for i, w in weights.items()} for one in shares]
    found = []
    for _, parts in wholes:
        whole = sum(weights[part] for part in parts)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append([sum(of_regime[part] for part in parts) / whole for of_regime in weighed])
    return [_side_by_side(of_regime) for of_regime in zip(*found, strict=True)]


def _side_by_side(series: Sequence[Array]) -> Array:
    """Return series (member, year) as (member, year, element), members next to each other."""
    return np.moveaxis(np.stack([one.T for one in series], axis=1), -1, 0)


@dataclass(frozen=True)
class _Sums:
    """Sums of shares over members, and in how many each is the largest: (regime, year, element).

    ``count`` is the number of members all of whose shares are known, (year, element).
    """

    total: Array
    most: Array
    count: Array

    def beside(self, other: _Sums) -> _Sums:
        """Return these with those of other elements behind them."""
        pairs = ((self.total, other.total), (self.most, other.most), (self.count, other.count))
        return _Sums(*(np.concatenate(pair, axis=-1) for pair in pairs))


def _sums(shares: Sequence[Array]) -> _Sums:
    """Return the sums of shares by regime, (member, year, element)."""
    known = np.ones_like(shares[0], bool)
    if not math.isfinite(sum(one.sum() for one in shares)):  # far faster than a mask
        known = np.asarray(np.isfinite(shares).all(axis=0))
        shares = [np.where(known, one, 0.0) for one in shares]
    largest, first = shares[0], np.zeros_like(shares[0], np.int8)
    for place, one in enumerate(shares[1:], start=1):  # argmax over so short an axis is slow
        np.putmask(first, one > largest, place)
        largest = np.maximum(one, largest)
    most = [((first == place) & known).sum(axis=0) for place in range(len(shares))]
    total = [one.sum(axis=0) for one in shares]
    return _Sums(np.array(total), np.array(most), known.sum(axis=0))


def _limits(
    sums: _Sums, years: Array | Any, wanted: Sequence[int | str]
) -> Iterator[tuple[tuple[int, int], Row]]:
    """Yield mean share and share of member-years, behind the places of regime and element."""
    spans: dict[int | str, slice] = {int(y): slice(i, i + 1) for i, y in enumerate(years)}
    spans["all"] = slice(None)
    asked = list(dict.fromkeys(wanted))

    def over(yearly: Array) -> Array:
        """Return the sums of (…, year, element) over each span asked for, (…, element, span)."""
        return np.stack([yearly[..., spans[year], :].sum(axis=-2) for year in asked], axis=-1)

    totals, most, counts = over(sums.total), over(sums.most), over(sums.count).tolist()
    for regime, (of_total, of_most) in enumerate(zip(totals.tolist(), most.tolist(), strict=True)):
        for element, cells in enumerate(zip(of_total, of_most, counts, strict=True)):
            for year, total, often, n in zip(asked, *cells, strict=True):
                yield (
                    (regime, element),
                    {
                        "year": year,
                        "mean_share": total / n if n else math.nan,
                        "share_largest": often / n if n else math.nan,
                        "member_years": n,
                    },
                )
