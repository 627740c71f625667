"""What of an ensemble is asked for again once its tables and figures are made; the rest goes.

A default run stores the series of the report's headline, groups, components and payers whole, and
of everything else the years its targets speak of: a tenth of all. What is left out is read as NaN,
and the attribute ``keep`` says so; ``Results`` refuses to read it. What is compared with a target,
and the headline, keep every digit; all else, and every series by element, keeps seven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdensemble.inputs.targets import leaves
from sdensemble.results.results import Results

ASKED, ALL, HEADLINE = "asked", "all", "headline"
Cell = tuple[str, str, int]
"""A variable, an element of it (empty: all), a year."""


@dataclass(frozen=True, eq=False)
class Stored:
    """Of one series which years and elements are stored, and which of these to the last digit.

    Both have shape (year, *ranges).
    """

    cells: NDArray[np.bool_]
    exact: NDArray[np.bool_]


def asked(results: Results, more: Iterable[Cell] = ()) -> dict[str, Stored]:
    """Return by variable what is asked for again; ``more`` are further cells."""
    whole, cells, judged = _whole(results), {*_cells(results), *more}, _judged(results)
    head = results.spec.headline.whole.variable
    named = whole | {name for name, _, _ in cells}
    found = {}
    for name in filter(named.__contains__, map(str, results.data.data_vars)):
        exact = _mask(results, name, judged)
        held = np.ones_like(exact) if name in whole else _mask(results, name, cells)
        exact = (exact | (name == head)) & (exact.ndim == 1)
        found[name] = Stored(held, exact & held)
    return found


def is_all(stored: Mapping[str, Stored], results: Results) -> bool:
    """Return whether every series is stored whole."""
    return len(stored) == len(results.data.data_vars) and all(
        one.cells.all() for one in stored.values()
    )


def _judged(results: Results) -> set[Cell]:
    """Return what targets are compared with, of which every digit counts: at 0.35 it is met."""
    single = [part for t in results.targets for part in leaves(t, results.targets)]
    years = {int(year) for year in results.years}
    return {(t.variable, t.element or "", int(t.year)) for t in single if t.year in years}


def _whole(results: Results) -> set[str]:
    """Return the variables every year of which is shown."""
    head = results.spec.headline
    found = {head.whole.variable, *(group.variable for group in head.groups)}
    found |= {name for name in (head.components, head.real, head.sales) if name}
    return found | {payer.variable for payer in results.spec.payers}


def _cells(results: Results) -> set[Cell]:
    """Return what targets, horizons, conditions, limits and present values are read at."""
    spec, years = results.spec, {int(year) for year in results.years}
    single = [part for t in results.targets if t.scored for part in leaves(t, results.targets)]
    asked = {int(t.year) for t in single if t.year is not None} | {int(results.asked_year)}
    asked |= {*spec.headline.horizons, min(years)}
    found = {(t.variable, t.element or "", int(t.year)) for t in single if t.year is not None}
    beside = {t.id for t in single} & {*spec.headline.beside, str(spec.headline.question)}
    found |= {(t.variable, t.element or "", y) for t in single if t.id in beside for y in asked}
    for one in spec.conditions:
        found |= {(one.variable, "", year) for year in range(one.first, one.last + 1)}
    found |= {(regime.variable, "", int(results.asked_year)) for regime in spec.regimes}
    ends = {*spec.headline.horizons, int(results.asked_year)}
    found |= {(p.present_value, "", year) for p in spec.payers if p.present_value for year in ends}
    found |= {(kept.variable, "", int(results.asked_year)) for kept in spec.extra_keep}
    return {cell for cell in found if cell[2] in years}


def _mask(results: Results, name: str, cells: Iterable[Cell]) -> NDArray[np.bool_]:
    """Return which years and elements of a variable are among the cells, (year, *ranges)."""
    array = results.data.variables[name].transpose("scenario", "member", "year", ...)
    found = np.zeros(array.shape[2:], bool)
    years = {int(year): place for place, year in enumerate(results.years)}
    held = results.data.variables[array.dims[3]].values if array.ndim == 4 else ()
    elements = [str(one) for one in held]
    for variable, element, year in cells:
        if variable == name:
            found[years[year], *((elements.index(element),) if element in elements else ())] = True
    return found
